/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that pass from one map to the other and back, and a program that loads by
 * one of them from a mirror, for spin. "check" runs it, "mutants" breaks it.
 *
 * Who has mapped a map makes no call by which it would learn that the name is
 * another map's. So before a name goes, the head of the map counts that one was
 * taken from it, and then gets a new version. Whoever loads by a name has read the
 * count before the kernel told that the map had the name; each load compares it
 * after the head's word, and opens the name again if it is another one. What the
 * kernel tells waits for a name that is about to go (a lock), or the count could be
 * read, and the name asked for, when the one has changed and the other has not gone.
 * READY has no part in this, for whoever has come by a descriptor stays, and reads on.
 *
 * A bit that is set when a name goes, and cleared when the map gets one, would not
 * do: there is more than one name. Who has come by that which the map had before,
 * and has made no load meanwhile, would go on.
 *
 * The claim: a load from the mirror says what the map with the name has had at
 * some instant since the load began; one that the kernel does is of a map that has
 * had the name at some instant since.
 *
 * Not here: what is in mirror/. A bucket is always right.
 */

#ifndef EXCHANGES
#define EXCHANGES	3
#endif
#ifndef STORES
#define STORES		2
#endif

/* -DMUTANT=NAME breaks it */
#define NAME_EXCHANGED_UNDER_READER	1
#define NAME_EXCHANGED_BEFORE_HEAD	2
#define NAME_COUNTED_AFTER_VERSION	3
#define NAME_ASKED_FOR_BEFORE_COUNT	4
#define NAME_LOST_IS_A_BIT		5
#define NAME_TOLD_WHILE_IT_GOES		6

#ifndef MUTANT
#define MUTANT		0
#endif
#define IS(mutant)	(MUTANT == mutant)

/* What is claimed; spin shows the one that does not hold */
hidden byte value_that_was_not_there;
hidden byte map_without_the_name;

#define CLAIM(name, holds)	assert((holds) || name)

#define BIT(n)		(1 << (n))

/* Of the maps: what readers see */
byte version[2], moved[2], value[2];
bool locked[2];

/* The map with the name, and that with another one */
#define NOBODY		2
byte names, others = NOBODY;

/* The values of the map with the name, and which it was, since the load began */
byte values = 2, seen_maps;
int seen;

inline note()
{
	seen = seen | BIT(value[names]);
	seen_maps = seen_maps | BIT(names)
}

inline lose(map)
{
	if
	:: IS(NAME_COUNTED_AFTER_VERSION) -> version[map]++
	:: else
	fi;
	if
	:: IS(NAME_LOST_IS_A_BIT) -> moved[map] = 1
	:: else -> moved[map]++
	fi;
	if
	:: !IS(NAME_COUNTED_AFTER_VERSION) -> version[map]++
	:: else
	fi
}

inline gain(map)
{
	if
	:: IS(NAME_LOST_IS_A_BIT) -> moved[map] = 0
	:: else
	fi
}

/* A map has one name */
inline exchange()
{
	if
	:: others == !old -> lose(!old); others = NOBODY
	:: else
	fi;
	locked[old] = true;
	if
	:: !IS(NAME_EXCHANGED_UNDER_READER) && !IS(NAME_EXCHANGED_BEFORE_HEAD) ->
		lose(old)
	:: else
	fi;
	d_step {
		names = !old;
		note()
	};
	if
	:: IS(NAME_EXCHANGED_BEFORE_HEAD) -> lose(old)
	:: else
	fi;
	locked[old] = false;
	gain(!old)
}

proctype publish()
{
	byte old, exchanges;

	do
	:: exchanges < EXCHANGES ->
		exchanges++;
		old = names;
		if
		:: exchange()
		:: others == NOBODY ->
			others = !old;
			gain(!old)
		fi
	:: else -> break
	od
}

/* Into whichever map, by its descriptor */
proctype store()
{
	byte map, stores;

	do
	:: stores < STORES ->
		if
		:: map = 0
		:: map = 1
		fi;
		d_step {
			stores++;
			value[map] = values;
			values++;
			note()
		}
	:: else -> break
	od
}

inline ask_for_name()
{
	atomic {
		!locked[map] || IS(NAME_TOLD_WHILE_IT_GOES) ->
		has_name = names == map
	}
}

/* Until the kernel says that the map has the name, after its count was read */
inline open()
{
	do
	:: map = names;
		if
		:: IS(NAME_ASKED_FOR_BEFORE_COUNT) ->
			ask_for_name();
			m = moved[map]
		:: else ->
			m = moved[map];
			ask_for_name()
		fi;
		if
		:: has_name -> break
		:: else
		fi
	od;
	has_name = false
}

inline ask()
{
	d_step {
		CLAIM(map_without_the_name, seen_maps & BIT(map))
	}
}

inline load()
{
	d_step {
		note();
		v = version[map]
	};
	if
	:: moved[map] != m ->
		open();
		ask()
	:: else ->
		found = value[map];
		atomic {
			if
			:: version[map] == v ->
				CLAIM(value_that_was_not_there,
				      seen & BIT(found))
			:: else
			fi
		}
	fi;
	d_step {
		v = 0;
		found = 0;
		seen = 0;
		seen_maps = 0
	}
}

proctype reader()
{
	byte map, m, v, found, loads;
	bool has_name;

	open();
	do
	:: loads < 2 ->
		loads++;
		load()
	:: else -> break
	od
}

init {
	atomic {
		value[1] = 1;
		run publish();
		run store();
		run reader()
	}
}
