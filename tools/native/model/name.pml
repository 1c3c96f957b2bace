/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A name that passes from one map to the other and back, and a program that loads
 * by that name from a mirror, for spin. "check" runs it, "mutants" breaks it.
 *
 * Who has mapped a map makes no call by which it would learn that the name is
 * another map's. So before the name goes, one store takes READY from the head of
 * the old map and says in it: open the name again. Both stay so until the map has
 * a name again; then READY comes, with a new version, after the name. Who sees
 * that he is to open the name does, for each load anew while that leads to the
 * same map, and asks the kernel. READY alone would not do: he would ask the map
 * that he has, which has another name, or none, by then.
 *
 * The claim: a load from the mirror says what the map with the name has had at
 * some instant since the load began; one that the kernel does is of a map that has
 * had the name at some instant since. Who came by a descriptor looks at READY only.
 *
 * Not here: what is in mirror/. A bucket is always right.
 */

#ifndef EXCHANGES
#define EXCHANGES	2
#endif

/* -DMUTANT=NAME breaks it */
#define NAME_EXCHANGED_UNDER_READER	1
#define NAME_EXCHANGED_BEFORE_HEAD	2
#define OPEN_AGAIN_SAID_LATE		3
#define READY_BEFORE_NAME		4

#ifndef MUTANT
#define MUTANT		0
#endif
#define IS(mutant)	(MUTANT == mutant)

/* What is claimed; spin shows the one that does not hold */
hidden byte value_that_was_not_there;
hidden byte map_without_the_name;

#define CLAIM(name, holds)	assert((holds) || name)

#define BIT(n)		(1 << (n))

/* Of a head; OPEN is for who came by name */
#define READY		1
#define OPEN		2
#define VERSION		4
byte head[2], value[2];

/* The map with the name; its values, and which it was, since the load began */
byte names;
byte values = 2, seen, seen_maps;

inline note()
{
	seen = seen | BIT(value[names]);
	seen_maps = seen_maps | BIT(names)
}

inline take_ready(map)
{
	head[map] = (head[map] & ~READY) + VERSION +
		    (IS(OPEN_AGAIN_SAID_LATE) -> 0 : OPEN)
}

inline give_ready(map)
{
	head[map] = (head[map] & ~OPEN) + READY + VERSION
}

/* PUBLISH, which replaces; before it the new map is given a value */
proctype publish()
{
	byte old, exchanges;

	do
	:: exchanges < EXCHANGES ->
		exchanges++;
		d_step {
			old = names;
			value[!old] = values;
			values++
		};
		if
		:: IS(READY_BEFORE_NAME) -> d_step { give_ready(!old) }
		:: else
		fi;
		if
		:: IS(NAME_EXCHANGED_UNDER_READER) ||
		   IS(NAME_EXCHANGED_BEFORE_HEAD)
		:: else -> d_step { take_ready(old) }
		fi;
		d_step {
			names = !old;
			note()
		};
		if
		:: d_step {
			IS(NAME_EXCHANGED_BEFORE_HEAD) ->
			take_ready(old)
		   }
		:: d_step {
			IS(OPEN_AGAIN_SAID_LATE) ->
			head[old] = head[old] | OPEN
		   }
		:: else
		fi;
		if
		:: !IS(READY_BEFORE_NAME) -> d_step { give_ready(!old) }
		:: else
		fi
	:: else -> break
	od
}

inline ask(map)
{
	d_step {
		CLAIM(map_without_the_name, seen_maps & BIT(map))
	}
}

inline load()
{
	d_step {
		note();
		h = head[map]
	};
	if
	:: h & OPEN ->
		map = names;
		ask(map)
	:: !(h & (OPEN | READY)) -> ask(map)
	:: (h & (OPEN | READY)) == READY ->
		found = value[map];
		atomic {
			if
			:: head[map] == h ->
				CLAIM(value_that_was_not_there,
				      seen & BIT(found))
			:: else
			fi
		}
	fi;
	d_step {
		h = 0;
		found = 0;
		seen = 0;
		seen_maps = 0
	}
}

proctype reader()
{
	byte map, h, found, loads;

	do
	:: loads < 2 ->
		loads++;
		load()
	:: else -> break
	od
}

init {
	atomic {
		value[0] = 1;
		head[0] = READY;
		head[1] = OPEN;
		run publish();
		run reader()
	}
}
