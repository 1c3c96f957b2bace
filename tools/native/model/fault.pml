/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of a mirror in a process that has mapped it, for spin: a page comes
 * into the file, is replaced, and others fault there at any time. "check" runs
 * it, "mutants" breaks it.
 *
 * Of the file there is one page: of the arena, with the slot of a key, or, with
 * -DINDEX=1, of an index, with the key's bucket, whose slot is one word. A hole
 * shows zeroes. Where another page comes or goes the kernel changes the file and
 * then zaps what is mapped; a page that has gone is used elsewhere.
 *
 * A fault looks which page there is and maps it, if nothing is mapped yet, under
 * the lock of that page, if the file still has it; the file is changed under the
 * lock of the page that it had. So after a zap nothing but what the file has can
 * be mapped. To look again when it is mapped would not be enough: two faults that
 * have seen the hole, both late, can do so. The one finds the page mapped, and
 * zaps it; the other maps the hole. Who reads a slot meanwhile has its revision
 * from the page, and then zeroes.
 *
 * There are two lines of defence, and each will do (-DNAMED_EARLY=1,
 * -DZERO_ASKS=0): no slot is named before its page is in place, and what has
 * revision 0 is no other key's, but one to ask for.
 *
 * Not here: barriers (litmus), more than a writer, since windows are in mirror/.
 * Assumed: what is mapped can be taken away at any time (MADV_DONTNEED).
 */

#ifndef INDEX
#define INDEX		0
#endif
#ifndef ROUNDS
#define ROUNDS		3	/* of the kernel */
#endif
#ifndef FAULTS
#define FAULTS		2	/* of other threads */
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
#define OLD_INDEX_STAYS_MAPPED		4	/* -DINDEX=1 */
#define PAGE_NAMED_BEFORE_IN_PLACE	5	/* -DZERO_ASKS=0 */
#define REVISION_0_IS_ANOTHER_KEYS	6	/* -DNAMED_EARLY=1 */
#define REPLACED_PAGE_STAYS_MAPPED	7

#ifndef MUTANT
#define MUTANT		0
#endif
#define IS(mutant)	(MUTANT == mutant)
#define LOOKS_AFTERWARDS						\
	(IS(FAULT_LOOKS_AFTERWARDS) || IS(FAULT_LOOKS_AFTERWARDS_IN_INDEX))

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

/* What the map has, and has had since the load began, a bit each */
byte revisions, revision_now;
short seen;

inline note(r)
{
	revision_now = r;
	seen = seen | BIT(revision_now)
}

inline zap()
{
	mapped = NOTHING
}

/* The file is changed under the lock of @was, which is @file */
inline replace(page)
{
	file = page;
	if
	:: !IS(REPLACED_PAGE_STAYS_MAPPED) &&
	   !IS(OLD_INDEX_STAYS_MAPPED) -> zap()
	:: else
	fi
}

inline map_page(p)
{
	atomic {
		if
		:: mapped == NOTHING &&
		   (file == p || LOOKS_AFTERWARDS ||
		    IS(FAULT_BESIDE_REPLACED_PAGE)) -> mapped = p
		:: else
		fi
	};
	if
	:: LOOKS_AFTERWARDS && file != p -> zap()
	:: else
	fi
}

inline fault()
{
	page = file;
	map_page(page);
	page = 0
}

/* A thread of the same process */
proctype other()
{
	byte page;

	fault()
}

proctype madvise()
{
	byte zaps;

	do
	:: zaps < ZAPS ->
		d_step {
			zap();
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
	byte n;

	atomic {
		if
		:: INDEX ->
			run change_index();
			run load_from_index()
		:: else ->
			run change_slot();
			run load_from_slot()
		fi;
		for (n : 1 .. FAULTS) {
			run other()
		}
		run madvise();
		n = 0
	}
}
