/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Under the lock of the stripe: a key's bucket is made to say what the map has
 */

inline lock(k)
{
	atomic {
		!(locked & BIT(STRIPE(k))) ->
		d_step {
			locked = locked | BIT(STRIPE(k));
			at = BUCKET(SIZE(head), k);
			move()
		}
	}
}

inline unlock(k)
{
	locked = locked & ~BIT(STRIPE(k));
	at = 0; place = 0; slot = 0; fresh = 0; revision = 0; deadline = 0
}

/* What is late may be absent here, or be found with its deadline */
inline look_up(k)
{
	atomic {
		deadline = deadline_of[k];
		if
		:: revision = CURRENT(k)
		:: IS_LATE(deadline) -> revision = revision_of[k]
		fi
	}
}

/* Its place and slot; if it has none, where there is room */
inline find_key(k)
{
	slot = 0;
	for (i : 0 .. PLACES - 1) {
		if
		:: PLACE(at, i) && slot_key[PLACE(at, i)] == k ->
			slot = PLACE(at, i);
			place = i
		:: else
		fi
	}
	if
	:: !slot -> find_room(at, place)
	:: else
	fi
}

inline rewrite(k)
{
	d_step { write_name(slot, k, revision) };
	d_step {
		write_value(slot, revision, deadline);
		slot = 0
	}
}

inline place_fresh(k)
{
	d_step {
		take_slot(fresh);
		write_name(fresh, k, revision)
	};
	d_step {
		write_value(fresh, revision, deadline);
		PLACE(at, place) = fresh
	}
}

inline drop()
{
	if
	:: slot -> PLACE(at, place) = 0
	:: else
	fi
}

/* Another slot is taken as if the class were another one */
inline write_slot(k)
{
	if
	:: slot -> rewrite(k)
	:: place < PLACES -> place_fresh(k)
	:: place == PLACES || spills < SPILLS ->
		d_step {
			spills = spills + (place < PLACES);
			spill(at);
			drop()
		}
	fi
}

inline refresh(k)
{
	if
	:: !IS(NOT_REFRESHED_UNDER_LOCK) -> look_up(k)
	:: else
	fi;
	d_step { find_key(k) };
	if
	:: revision -> write_slot(k)
	:: else -> d_step { drop() }
	fi;
	if
	:: slot -> d_step { wipe_slot(slot) }
	:: else
	fi
}
