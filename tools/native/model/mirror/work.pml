/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clear; and what a work item does, one after the other
 */

/* All that readers wait for */
inline clear_once()
{
	if
	:: !IS(CLEARED_WITHOUT_WINDOW) -> head++
	:: else
	fi;
	d_step {
		revisions++;
		revision = revisions;
		for (i : 0 .. KEYS - 1) {
			delete(i)
		}
	};
	if
	:: !IS(FLOOR_RAISED_LATE) -> floor = revision
	:: else
	fi;
	d_step {
		head = (IS(CLEARED_WITHOUT_FLAG) -> head : head | CLEARED) +
		       VERSION - !IS(CLEARED_WITHOUT_WINDOW);
		clears++;
		running = running -
			  (clears == CLEARS && !IS(FLOOR_RAISED_LATE))
	};
	if
	:: d_step {
		IS(FLOOR_RAISED_LATE) ->
		floor = revision;
		running = running - (clears == CLEARS)
	   }
	:: else
	fi
}

/* One at a time */
proctype clear()
{
	byte revision, clears;

	do
	:: clears < CLEARS -> clear_once()
	:: else -> break
	od
}

/* What a Clear has left */
inline sweep_bucket(k)
{
	lock(k);
	do
	:: place < PLACES ->
		slot = PLACE(at, place);
		if
		:: slot && slot_revision[slot] < swept ->
			if
			:: !IS(SWEPT_WITHOUT_WINDOW) -> word[at]++
			:: else
			fi;
			drop();
			d_step { wipe_slot(slot) };
			if
			:: !IS(SWEPT_WITHOUT_WINDOW) ->
				word[at] = word[at] + VERSION - 1
			:: else
			fi
		:: else
		fi;
		place++
	:: else -> break
	od;
	atomic { unlock(k) }
}

/* If no other Clear has come, or has begun to */
inline forget_floor()
{
	atomic {
		forgets = head & ~CLEARED;
		if
		:: head & WINDOWS || floor != swept -> forgets = 0
		:: else
		fi
	};
	if
	:: atomic {
		forgets && ((head & ~CLEARED) == forgets ||
			    IS(FLOOR_FORGOTTEN_UNSEEN)) ->
		head = head & ~CLEARED
	   }
	:: else
	fi
}

inline sweep()
{
	swept = floor;
	if
	:: IS(FLOOR_FORGOTTEN_EARLY) -> forget_floor()
	:: else
	fi;
	for (k : 0 .. KEYS - 1) {
		sweep_bucket(k)
	}
	forget_floor()
}

inline note_size(size)
{
	atomic {
		!locked ->
		left = size
	}
}

/* Operations that begin meanwhile are not waited for */
inline grace_period()
{
	period = !period;
	!sections[!period]
}

/* Readers go over when all who write have windows in both */
inline change_index()
{
	next = !SIZE(head);
	if
	:: !IS(NO_GRACE_PERIOD_FOR_INDEX) -> grace_period()
	:: else
	fi;
	if
	:: !IS(OLD_SIZE_NOTED_LATE) -> note_size(SIZE(head))
	:: else
	fi;
	d_step { head = (head ^ LARGER) + VERSION };
	if
	:: IS(OLD_SIZE_NOTED_LATE) -> note_size(!SIZE(head))
	:: else
	fi;
	lock(0);
	d_step {
		settle();
		unlock(0)
	};
	note_size(NONE);
	if
	:: IS(NEXT_FORGOTTEN_EARLY) -> next = NONE
	:: else
	fi;
	grace_period();
	d_step {
		next = NONE;
		zap_index(!SIZE(head));
		changes++
	}
}

inline refresh_walked(k)
{
	lock_and_touch(k);
	refresh(k);
	close_and_unlock(k)
}

/* A key that comes later is refreshed by who stores it */
inline walk(only_spilled)
{
	for (k : 0 .. KEYS - 1) {
		if
		:: CURRENT(k) && (!(only_spilled) ||
				  word[BUCKET(SIZE(head), k)] & SPILLED) ->
			refresh_walked(k)
		:: else
		fi
	}
}

inline repair()
{
	atomic {
		!locked ->
		flag = flag ^ !IS(REPAIRED_WITH_ONE_FLAG)
	};
	if
	:: !IS(REPAIRED_WITHOUT_WALK) -> walk(true)
	:: else
	fi;
	for (k : 0 .. KEYS - 1) {
		d_step {
			word[BUCKET(SIZE(head), k)] =
				word[BUCKET(SIZE(head), k)] &
				~SPILL(flag ^ !IS(REPAIRED_WITH_ONE_FLAG))
		}
	}
	repairs++
}

/* Published first; who has begun without a window is waited for */
inline attach()
{
	d_step {
		for (i : FIRST(SIZE(head)) .. LAST(SIZE(head))) {
			word[i] = READY
		}
		attached = true
	};
	!plain || IS(ATTACHED_WITHOUT_WAIT);
	if
	:: IS(READY_BEFORE_WALK) -> head = head + READY
	:: else
	fi;
	if
	:: !IS(ATTACHED_WITHOUT_WALK) -> walk(false)
	:: else
	fi;
	head = head + (IS(READY_BEFORE_WALK) -> 0 : READY) +
	       (IS(ATTACHED_AT_SAME_VERSION) -> 0 : VERSION);
	attaches++
}

inline detach()
{
	head = head - READY;
	attached = false;
	if
	:: !IS(DETACHED_WITHOUT_DRAIN) -> grace_period()
	:: else
	fi;
	d_step {
		zap_index(SIZE(head));
		for (n : 1 .. SLOTS - 1) {
			wipe_slot(n)
		}
		detaches++
	}
}

#define ALL_DONE							\
	(attached -> changes == CHANGES && repairs == REPAIRS &&	\
		     detaches == DETACHES : attaches == ATTACHES)

proctype worker()
{
	byte changes, repairs, attaches, detaches, swept;
	short forgets;
	byte k, at, place, slot, fresh, revision, deadline;

	do
	:: attached && changes < CHANGES -> change_index()
	:: attached && repairs < REPAIRS -> repair()
	:: attached && swept < floor -> sweep()
	:: attached && detaches < DETACHES -> detach()
	:: !attached && attaches < ATTACHES -> attach()
	:: atomic {
		ALL_DONE ->
		running--;
		break
	   }
	od
}
