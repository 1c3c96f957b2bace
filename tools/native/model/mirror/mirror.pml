/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mirror of a map, for spin: loads without a system call, beside operations,
 * Clear, and what is done in the background. "check" runs it, "mutants" breaks it.
 *
 * The map itself is one step for each effect, and one for each look: that it can
 * be so is what the model of the core is for. There are two keys, in one bucket
 * of the smaller index, and in one each of the larger. A load is one try, as each
 * try of a load stands for itself; what a load leaves to the kernel is right. A
 * step is one access to what others may change, but what a lock or an open
 * window hides from everybody is in one step with its neighbour; so is a move,
 * whose first access takes READY from those who read there.
 *
 * The claim: a load says what the map has had at some instant since it began. As
 * all effects have instants, that is what makes loads linearizable together with
 * them, by whichever way (I3, I4). In the end, when all is quiet, the mirror says
 * what the map has.
 *
 * Not here: barriers (litmus), pages and faults (fault.pml), names (name.pml),
 * LARGE, the limit of windows, more than two buckets in a group. Assumed: a walk
 * of the map misses no key that is there throughout; readers and the kernel have
 * one clock; versions do not wrap; the window of a Clear is opened in the head
 * whether a mirror is attached or not.
 */

/* Bounds: operations on key 0, on key 1; and how often there is what else */
#ifndef WRITERS
#define WRITERS		1
#endif
#ifndef NEIGHBOURS
#define NEIGHBOURS	1
#endif
#ifndef WRITES
#define WRITES		1
#endif
#ifndef CANCELS
#define CANCELS		0	/* 1: operations may find nothing to change */
#endif
#ifndef CHANGES
#define CHANGES		0	/* of the index */
#endif
#ifndef CLEARS
#define CLEARS		0
#endif
#ifndef SPILLS
#define SPILLS		0	/* though there is room */
#endif
#ifndef REPAIRS
#define REPAIRS		0
#endif
#ifndef TICKS
#define TICKS		0	/* of the clock */
#endif
#ifndef ATTACHES
#define ATTACHES	0
#endif
#ifndef DETACHES
#define DETACHES	0
#endif
#ifndef STRIPES
#define STRIPES		1	/* 2: each key has one, in the larger index */
#endif
#ifndef PLACES
#define PLACES		2	/* in a bucket */
#endif
#ifndef READS
#define READS		0	/* the key that is loaded */
#endif

/* -DMUTANT=NAME breaks it; the comment says with which bounds that shows */
#define WORD_NOT_COMPARED		1
#define HEAD_NOT_COMPARED		2	/* -DCHANGES=2 */
#define VERSION_LEFT_AS_IT_WAS		3
#define REFRESHED_BEFORE_EFFECT		4
#define BEGUN_AFTER_EFFECT		5
#define CANCELLED_AFTER_EFFECT		6
#define NOT_REFRESHED_UNDER_LOCK	7	/* -DWRITERS=2 -DNEIGHBOURS=0 */
#define FLOOR_IGNORED			8	/* -DCLEARS=1 */
#define CLEARED_WITHOUT_WINDOW		9	/* -DCLEARS=1 */
#define FLOOR_RAISED_LATE		10	/* -DCLEARS=1 */
#define SWEPT_WITHOUT_WINDOW		11	/* -DCLEARS=1 -DWRITERS=0 -DSTRIPES=2 */
#define WINDOW_IN_ONE_INDEX		12	/* -DCHANGES=1 */
#define NO_GRACE_PERIOD_FOR_INDEX	13	/* -DCHANGES=1 */
#define MOVED_BUCKET_UNMARKED		14	/* -DCHANGES=1 */
#define NEITHER_HEAD_NOR_MARK		15	/* -DCHANGES=1 */
#define OLD_SIZE_NOTED_LATE		16	/* -DCHANGES=1 */
#define SPILL_NOT_SAID			17	/* -DSPILLS=1 */
#define SPILL_LEFT_BEHIND		18	/* -DSPILLS=1 -DCHANGES=1 */
#define REPAIRED_WITHOUT_WALK		19	/* -DSPILLS=1 -DREPAIRS=1 */
#define REPAIRED_WITH_ONE_FLAG		20	/* -DSPILLS=1 -DREPAIRS=1 */
#define CLOCK_READ_LAST			21	/* -DTICKS=1 -DNEIGHBOURS=0 */
#define CLOCK_READ_FIRST		22	/* -DTICKS=1 -DNEIGHBOURS=0 */
#define EXPIRED_WITHOUT_WINDOW		23	/* -DTICKS=1 -DWRITES=2 */
#define ATTACHED_WITHOUT_WAIT		24	/* -DATTACHES=1 */
#define ATTACHED_WITHOUT_WALK		25	/* -DATTACHES=1 */
#define DETACHED_WITHOUT_DRAIN		26	/* -DDETACHES=1 -DATTACHES=1 */
#define ATTACHED_AT_SAME_VERSION	27	/* -DDETACHES=1 -DATTACHES=1 */
#define READY_BEFORE_WALK		28	/* -DATTACHES=1 */
#define NEXT_FORGOTTEN_EARLY		29	/* -DCHANGES=1 */
#define CLEARED_WITHOUT_FLAG		30	/* -DCLEARS=1 */
#define FLOOR_FORGOTTEN_EARLY		31	/* -DCLEARS=1 */
#define FLOOR_FORGOTTEN_UNSEEN		32	/* -DCLEARS=2 -DNEIGHBOURS=0 */

#ifndef MUTANT
#define MUTANT		0
#endif
#define IS(mutant)	(MUTANT == mutant)

/* What is claimed; spin shows the one that does not hold */
hidden byte value_that_was_not_there;
hidden byte value_of_two_stores;
hidden byte mirror_unlike_map;
hidden byte window_left_open;
hidden byte slot_lost_or_not_wiped;
hidden byte key_has_two_slots;

#define CLAIM(name, holds)	assert((holds) || name)

#define BIT(n)		(1 << (n))
#define KEYS		2

/* The words; a size is the number of an index, or none */
#define WINDOWS		7
#define READY		8
#define SPILL(flag)	(16 << (flag))
#define SPILLED		48
#define LARGER		16	/* in the head, as the next one */
#define CLEARED		32	/* what is below the floor is there still */
#define VERSION		64
#define SIZE(h)		(((h) & LARGER) != 0)
#define NONE		2
#define IS_QUIET(w)	(((w) & (READY | WINDOWS)) == READY)

/* Buckets 0; 1 and 2 */
#define BUCKETS		3
#define BUCKET(size, k)	((size) -> 1 + (k) : 0)
#define PLACE(b, i)	slot_at[(b) * PLACES + (i)]
short head, word[BUCKETS];
byte floor, slot_at[BUCKETS * PLACES];

/* Slots from 1; one that is wiped has key 0 and revision 0 */
#define SLOTS		(1 + KEYS + STRIPES)
byte slots_used;
byte slot_key[SLOTS], slot_revision[SLOTS], slot_value[SLOTS];
byte slot_deadline[SLOTS];

/* The map: 0 is absent, or no deadline. A value is its revision's number */
byte revisions, clock = 1;
byte revision_of[KEYS], deadline_of[KEYS];
#define IS_LATE(deadline)	((deadline) && (deadline) <= clock)
#define CURRENT(k)	(IS_LATE(deadline_of[k]) -> 0 : revision_of[k])

/* What the key has been since the load began, a bit each */
short seen;

/* The stripes; the index that is being left, and that to come; which flag new spills set */
#define STRIPE(k)	(STRIPES == 2 -> (k) : 0)
byte locked, left = NONE, next = NONE, flag;

/*
 * Who is in the RCU read section of an operation with windows, by when it has begun;
 * or in one without
 */
byte sections[2], period, plain;
bool attached;
byte spills;

/* Processes that have not ended */
byte running;

/* Within a d_step */
hidden byte i, j, m, n;

#include "map.pml"
#include "slot.pml"
#include "index.pml"
#include "refresh.pml"
#include "window.pml"
#include "load.pml"
#include "work.pml"

/* All is quiet: a key has what the map has, but for what is late or cleared */
inline check_key(k)
{
	n = 0;
	for (i : 0 .. PLACES - 1) {
		j = PLACE(BUCKET(SIZE(head), k), i);
		if
		:: j && slot_key[j] == k ->
			CLAIM(key_has_two_slots, !n);
			n = j
		:: else
		fi
	}
	if
	:: CURRENT(k) -> CLAIM(mirror_unlike_map,
			       n && slot_revision[n] == CURRENT(k) ||
			       !n && word[BUCKET(SIZE(head), k)] & SPILLED)
	:: else -> CLAIM(mirror_unlike_map,
			 !n || slot_revision[n] < floor ||
			 IS_LATE(slot_deadline[n]))
	fi
}

inline check_slots()
{
	n = 0;
	for (i : 0 .. BUCKETS * PLACES - 1) {
		n = n | (slot_at[i] -> BIT(slot_at[i]) : 0)
	}
	CLAIM(slot_lost_or_not_wiped, n == slots_used);
	for (i : 1 .. SLOTS - 1) {
		CLAIM(slot_lost_or_not_wiped,
		      n & BIT(i) || !(slot_key[i] + slot_revision[i] +
				      slot_value[i] + slot_deadline[i]))
	}
}

inline check_mirror()
{
	CLAIM(window_left_open, !(head & WINDOWS) && !plain);
	for (i : 0 .. BUCKETS - 1) {
		CLAIM(window_left_open, !(word[i] & WINDOWS))
	}
	check_slots();
	if
	:: head & READY ->
		for (k : 0 .. KEYS - 1) {
			CLAIM(mirror_unlike_map,
			      word[BUCKET(SIZE(head), k)] & READY);
			check_key(k)
		}
	:: else -> CLAIM(mirror_unlike_map, !attached)
	fi
}

/* Key 0 is there, and may be mortal */
inline init_map()
{
	if
	:: store(0, 0)
	:: TICKS -> store(0, 2)
	fi
}

inline init_mirror()
{
	head = VERSION + (STRIPES == 2 -> LARGER : 0);
	if
	:: !ATTACHES || DETACHES ->
		attached = true;
		head = head + READY;
		for (k : 0 .. KEYS - 1) {
			word[BUCKET(SIZE(head), k)] = READY
		}
		fill_slot(1, 0);
		PLACE(BUCKET(SIZE(head), 0), 0) = 1
	:: else
	fi
}

#define START(process, number)						\
	k = 0;								\
	do								\
	:: k < (number) ->						\
		run process;						\
		k++;							\
		running++						\
	:: else -> break						\
	od

init {
	byte k;

	atomic {
		init_map();
		init_mirror();
		running = 2;
		run reader();
		run worker();
		START(writer(0), WRITERS);
		START(writer(1), NEIGHBOURS);
		START(clear(), CLEARS != 0);
		START(ticks(), TICKS != 0);
		START(expire(), TICKS != 0);
		k = 0
	};
	d_step {
		!running ->
		check_mirror()
	}
}
