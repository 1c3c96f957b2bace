/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attempt of an operation, in a window of its key's bucket. It may find that
 * there is nothing to change. What has begun while no mirror is attached has none
 */

/* In the index in use, and in that to come, whose size is read after the other's */
inline open_windows()
{
	atomic {
		b = BUCKET(size, key);
		other = (next != NONE && next != size &&
			 !IS(WINDOW_IN_ONE_INDEX) -> BUCKET(next, key) : b)
	};
	word[b]++;
	if
	:: other != b -> word[other]++
	:: else
	fi
}

inline begin()
{
	atomic {
		if
		:: attached ->
			since = period;
			sections[since]++;
			windowed = true;
			size = SIZE(head)
		:: else -> plain++
		fi
	};
	if
	:: windowed -> open_windows()
	:: else
	fi
}

inline take_effect()
{
	atomic {
		if
		:: store(key, 0);
			changed = true
		:: TICKS -> store(key, 1);	/* is late already */
			changed = true
		:: TICKS -> store(key, 2);
			changed = true
		:: CURRENT(key) -> delete(key);
			changed = true
		:: CANCELS && !IS(CANCELLED_AFTER_EFFECT)
		:: IS(CANCELLED_AFTER_EFFECT) -> store(key, 0)
		fi
	}
}

inline forget_window()
{
	if
	:: windowed -> sections[since]--
	:: else
	fi;
	windowed = false; changed = false; b = 0; other = 0; size = 0; since = 0;
	writes++;
	running = running - (writes == WRITES)
}

inline cancel()
{
	if
	:: other != b -> word[other]--
	:: else
	fi;
	d_step {
		word[b]--;
		forget_window()
	}
}

inline close_in(bucket)
{
	word[bucket] = word[bucket] - 1 +
		       (IS(VERSION_LEFT_AS_IT_WAS) -> 0 : VERSION)
}

inline end()
{
	if
	:: IS(NOT_REFRESHED_UNDER_LOCK) -> look_up(key)
	:: else
	fi;
	lock(key);
	if
	:: !IS(REFRESHED_BEFORE_EFFECT) -> refresh(key)
	:: else
	fi;
	close_in(b);
	d_step {
		if
		:: other != b -> close_in(other)
		:: else
		fi;
		unlock(key);
		forget_window()
	}
}

inline refresh_early()
{
	lock(key);
	refresh(key);
	d_step { unlock(key) }
}

inline attempt()
{
	if
	:: IS(BEGUN_AFTER_EFFECT) -> take_effect()
	:: else
	fi;
	begin();
	if
	:: IS(REFRESHED_BEFORE_EFFECT) -> refresh_early()
	:: else
	fi;
	if
	:: !IS(BEGUN_AFTER_EFFECT) -> take_effect()
	:: else
	fi;
	if
	:: d_step {
		!windowed ->
		plain--;
		forget_window()
	   }
	:: windowed && changed -> end()
	:: windowed && !changed -> cancel()
	fi
}

proctype writer(byte key)
{
	byte writes, b, other, size, since;
	byte at, place, slot, fresh, revision, deadline;
	bool windowed, changed;

	do
	:: writes < WRITES -> attempt()
	:: else -> break
	od
}

/* A window under the lock of the stripe, for who changes nothing in the map */
inline lock_and_touch(k)
{
	lock(k);
	d_step { word[at]++ }
}

inline close_and_unlock(k)
{
	d_step {
		word[at] = word[at] + VERSION - 1;
		unlock(k)
	}
}

/* What is late is taken from the map, and its slot from the bucket */
proctype expire()
{
	byte at, place, slot, fresh, revision, deadline;

	do
	:: d_step {
		IS_LATE(deadline_of[0]) ->
		delete(0)
	   };
		if
		:: IS(EXPIRED_WITHOUT_WINDOW) -> lock(0)
		:: else -> lock_and_touch(0)
		fi;
		refresh(0);
		if
		:: d_step {
			IS(EXPIRED_WITHOUT_WINDOW) ->
			unlock(0)
		   }
		:: else -> close_and_unlock(0)
		fi
	:: atomic {
		running == 1 ->
		running--;
		break
	   }
	od
}
