/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of a mirror in a process that has mapped it, for spin: a page comes
 * into the file, goes again, and others fault there at any time. "check" runs it,
 * "mutants" breaks it.
 *
 * Of the file there is one page: of the arena, with the slot of a key, or, with
 * -DINDEX=1, of an index, with the key's bucket, whose slot is one word. A hole
 * shows zeroes. Where another page comes or goes the kernel changes the file and
 * later zaps what is mapped; a page that has gone is used elsewhere.
 *
 * A fault looks which page there is and maps it, if nothing is mapped yet. Between
 * the two it may get stuck, and nobody waits for it: faults are counted by epochs,
 * and whoever has changed the file comes back until all of those that may have
 * seen it as it was are over. Only then does he zap, and use the place. Other faults
 * begin all the time.
 *
 * A slab comes to where nobody has seen a hole at once. So each who is about to map
 * one marks the group of places, and looks again; who brings a slab looks for the
 * mark when it is in the file. The work takes the marks of groups away, and then
 * the holes: a round, during which no slab comes at once.
 *
 * To look again when a page is mapped would not be enough: two faults that have
 * seen the hole, both late, can do so. The one finds the page mapped, and zaps it;
 * the other maps the hole. Who reads a slot meanwhile has its revision from the
 * page, and then zeroes.
 *
 * What has revision 0 is no other key's, but one to ask for. It need not be
 * (-DZERO_ASKS=0), as no slot is named before its page is in place. Nor would it do
 * instead, but where nothing else is zapped (-DNAMED_EARLY=1 -DZAPS=0 -DWORKS=1).
 *
 * Not here: barriers (what is one step here is under a lock there), more than a
 * writer, since windows are in mirror/. Assumed: what is mapped can be taken away at
 * any time, and mapped again.
 */

#ifndef INDEX
#define INDEX		0
#endif
#ifndef ROUNDS
#define ROUNDS		3	/* of the writer */
#endif
#ifndef WORKS
#define WORKS		2	/* of the work */
#endif
#ifndef FAULTS
#define FAULTS		1	/* of other threads */
#endif
#ifndef ZAPS
#define ZAPS		1	/* by the process */
#endif
#ifndef NAMED_EARLY
#define NAMED_EARLY	0
#endif
#ifndef ZERO_ASKS
#define ZERO_ASKS	1
#endif

/* -DMUTANT=NAME breaks it; the comment says with which bounds that shows */
#define FAULT_BESIDE_REPLACED_PAGE	1
#define FAULT_LOOKS_AFTERWARDS		2
#define FAULT_LOOKS_AFTERWARDS_IN_INDEX	3	/* -DINDEX=1 */
#define FAULT_COUNTED_LATE		4
#define FAULT_COUNTED_LATE_IN_INDEX	5	/* -DINDEX=1 */
#define ONE_EPOCH_WAITED_FOR		6
#define ZAPPED_BEFORE_FAULTS_ARE_OVER	7
#define HOLE_NOT_MARKED			8
#define HOLE_NOT_LOOKED_AT_AGAIN	9
#define MARK_TAKEN_LATE			10
#define STOCKED_BESIDE_ROUND		11
#define PLACE_USED_BEFORE_ZAP		12
#define OLD_INDEX_STAYS_MAPPED		13	/* -DINDEX=1 */
#define PAGE_NAMED_BEFORE_IN_PLACE	14
#define REVISION_0_IS_ANOTHER_KEYS	15	/* -DNAMED_EARLY=1 -DZAPS=0 -DWORKS=1 */
#define REPLACED_PAGE_STAYS_MAPPED	16

#ifndef MUTANT
#define MUTANT		0
#endif
#define IS(mutant)	(MUTANT == mutant)
#define LOOKS_AFTERWARDS						\
	(IS(FAULT_LOOKS_AFTERWARDS) || IS(FAULT_LOOKS_AFTERWARDS_IN_INDEX))
#define COUNTED_LATE							\
	(IS(FAULT_COUNTED_LATE) || IS(FAULT_COUNTED_LATE_IN_INDEX))
#define NOBODY_COUNTS							\
	(IS(FAULT_BESIDE_REPLACED_PAGE) || LOOKS_AFTERWARDS)
#define STAYS_MAPPED							\
	(IS(REPLACED_PAGE_STAYS_MAPPED) || IS(OLD_INDEX_STAYS_MAPPED))

/* What is claimed; spin shows the one that does not hold */
hidden byte value_that_was_not_there;
hidden byte value_of_two_stores;

#define CLAIM(name, holds)	assert((holds) || name)

#define BIT(n)		(1 << (n))

/* Pages; what is in them: a slot's words, or a bucket's */
#define HOLE		0
#define PAGES		3
#define NOTHING		3
byte file, mapped = NOTHING;
byte revision_in[PAGES], key_in[PAGES], value_in[PAGES];

/*
 * Faults that are under way, of the epoch and the other one. Whoever waits counts
 * those that begin since: there is one, so what number the epoch has is of no use
 */
bit epoch;
byte faults[2];

/* Of the slab's group: whether a hole may be mapped */
bool marked, round;

/* Key 1 is loaded; key 2 lives elsewhere */
#define MINE		1
#define OTHER		2

/* Of a word: a window, and versions. The bucket of a slot, and the head */
#define WINDOW		1
#define READY		2
#define VERSION		4
#define IS_QUIET(w)	(((w) & (READY | WINDOW)) == READY)
byte word = READY, head = READY;
bool named;

/* What the map has, and has had since the load began, a bit each; else nothing */
byte revisions, revision_now;
short seen;

inline note(r)
{
	revision_now = r;
	seen = (seen -> seen | BIT(revision_now) : 0)
}

inline zap()
{
	if
	:: !STAYS_MAPPED -> mapped = NOTHING
	:: else
	fi
}

#define EPOCHS		(IS(ONE_EPOCH_WAITED_FOR) -> 1 : 2)

/* Whoever comes back comes until it is so */
inline come_back_when_over()
{
	do
	:: atomic {
		NOBODY_COUNTS || since == EPOCHS ->
		since = 0;
		break
	   }
	:: atomic {
		!NOBODY_COUNTS && since < EPOCHS && !faults[!epoch] ->
		epoch = !epoch;
		since++
	   }
	od;
	skip
}

inline count_fault()
{
	d_step {
		began = epoch;
		faults[began]++
	}
}

inline look()
{
	page = file;
	if
	:: page == HOLE ->
		atomic {
			if
			:: !IS(HOLE_NOT_LOOKED_AT_AGAIN) -> page = file
			:: else
			fi;
			if
			:: page == HOLE && !IS(HOLE_NOT_MARKED) -> marked = true
			:: else
			fi
		}
	:: else
	fi
}

inline map_page()
{
	atomic {
		if
		:: mapped == NOTHING -> mapped = page
		:: else
		fi
	};
	if
	:: LOOKS_AFTERWARDS && file != page -> mapped = NOTHING
	:: else
	fi
}

inline fault()
{
	if
	:: COUNTED_LATE -> look(); count_fault()
	:: !COUNTED_LATE && !NOBODY_COUNTS -> count_fault(); look()
	:: NOBODY_COUNTS -> look()
	fi;
	map_page();
	atomic {
		if
		:: !NOBODY_COUNTS -> faults[began]--
		:: else
		fi;
		page = 0;
		began = 0
	}
}

/* Threads of the same process: they are alike, so the one begins after the other */
proctype other(byte more)
{
	byte page, began;

	atomic {
		if
		:: more > 1 -> run other(more - 1)
		:: else
		fi;
		more = 0
	};
	fault()
}

proctype unmap()
{
	byte zaps;

	do
	:: zaps < ZAPS ->
		d_step {
			mapped = NOTHING;
			zaps++
		}
	:: true -> break
	od
}

inline read(to, what)
{
	do
	:: atomic {
		mapped != NOTHING ->
		to = what;
		break
	   }
	:: mapped == NOTHING -> fault()
	od
}

#include "fault-slot.pml"
#include "fault-index.pml"

init {
	atomic {
		if
		:: INDEX ->
			run change_index();
			run load_from_index()
		:: else ->
			run write();
			run work();
			run load_from_slot()
		fi;
		run unmap();
		run other(FAULTS)
	}
}
