/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protocol of the core, for spin: every schedule of a few operations
 * beside promotions and a Clear. "check" runs it, "mutants" breaks it.
 *
 * A file here is named after the one of module/core that it models, and a step
 * after its function. A step is one access to what others may change. What
 * stays as it is once it can be seen (the fields of a state, the next table of
 * a closed word, the place of a key in it) is read in one step with what may
 * not, and where an access may as well come later or earlier, it is in one step
 * with its neighbour. Memory is sequentially consistent: barriers are for
 * ThreadSanitizer to check.
 *
 * A bucket is an array by key, and so is a chain; all keys are in one chain.
 * What a search finds is right here; what the finder does with it is checked. Each
 * read table has room for new keys or none, as is asked at each insert.
 * When a promotion is due and what is counted for statistics is left out. A
 * grace period ends as soon as it may, and what is freed is not used again.
 */

/* Bounds */
#ifndef KEYS
#define KEYS		1
#endif
#ifndef ACTORS
#define ACTORS		2
#endif
#ifndef PROMOTIONS
#define PROMOTIONS	1
#endif
#ifndef CLEARS
#define CLEARS		0
#endif

/* -DMUTANT=NAME breaks it; the comment says with which bounds that shows */
#define WRITER_IGNORES_CLOSED		1
#define READER_IGNORES_NEXT		2
#define CLOSE_BEFORE_PLACE		3
#define CLOSE_BY_STORE			4
#define DIED_LEFT_OPEN			5
#define EXPUNGED_REVIVED		6
#define OLD_IGNORED_BY_READERS		7
#define OLD_IGNORED_BY_WRITERS		8
#define OLD_NOT_SEALED			9
#define NO_GRACE_PERIOD_FOR_STATES	10
#define NO_GRACE_PERIOD_FOR_NODES	11
#define PLACE_SET_ONCE			12
#define NEXT_HUNG_ON_LATE		13
#define BUILDER_SEALS_NOTHING		14
#define SEAL_WITHOUT_LOCK		15
#define INSERT_INTO_SEALED		16
#define UNLINK_FROM_SEALED		17
#define USED_AFTER_LINK			18
#define COUNT_BEFORE_SEAL		19
#define CLEARED_AS_IF_PROMOTED		20	/* -DCLEARS=1 */
#define RANGE_SEEKS_LATE		21	/* -DACTORS=3 */
#define CLOSE_TRIED_AS_BEFORE		22	/* -DNP */
#define SEALED_BEFORE_PUBLISHED		23	/* -DNP */
#define CLEARED_THOUGH_PINNED		24	/* -DCLEARS=1 */
#define HALF_MADE_TABLE_LEFT		25	/* -DCLEARS=1 */
#define CLEAR_UNDONE			26	/* -DCLEARS=1 */
#define PLACE_SET_AFTER_CLOSE		27
#define PAIR_FILLED_WITHOUT_LOCK	28
#define PAIR_EXPUNGED_BY_DELETE		29
#define PAIRS_NOT_COUNTED		30
#define RANGE_SEES_LATE_PAIRS		31	/* -DACTORS=3 */
#define PURGED_WITH_LIVE		32
#define PURGED_WITH_TOMBSTONES		33
#define PURGED_TABLE_FREED		34
#define INSERT_IN_OLD_STATE		35
#define CLAIM_BESIDE_OLD		36
#define CLAIM_WITHOUT_LOOK		37
#define TABLE_COUNTED_EARLY		38
#define RANGE_SEES_LATE_SLOTS		39	/* -DACTORS=3 */

#ifndef MUTANT
#define MUTANT		0
#endif
#define IS(mutant)	(MUTANT == mutant)

/* What is claimed; spin shows the one that does not hold */
hidden byte key_missed_or_value_nobody_had;
hidden byte update_lost;
hidden byte key_has_two_homes;
hidden byte memory_used_after_free;
hidden byte memory_freed_twice;
hidden byte memory_not_freed;
hidden byte closed_word_leads_nowhere;
hidden byte key_not_in_next_table;
hidden byte next_table_too_small;
hidden byte tombstone_in_open_chain;
hidden byte range_visits_key_twice;

#define CLAIM(name, holds)	assert((holds) || name)

#define BIT(n)		(1 << (n))

/* word.h */
#define EXPUNGED	0
#define DEAD		1
#define ABSENT		0
#define INITIAL		4
#define VALUE(actor)	(6 + 2 * (actor))
#define IS_OPEN(w)	((w) & 1)
#define CODE(w)		((w) & ~1)
#define IS_CLOSED(w)	(!IS_OPEN(w) && (w) != EXPUNGED)

/* Objects by number; 0 is what an empty map has, or none */
#define TABLES		(2 + PROMOTIONS)
#define DIRTIES		(2 + PROMOTIONS + CLEARS)
#define STATES		(2 + 2 * PROMOTIONS + CLEARS)
#define NODES		(1 + KEYS + ACTORS)

/* A home is where a word is: a slot, by table and key, or a node, or a pair */
#define SLOT(t, k)	((t) * KEYS + (k))
#define NODE(n)		(TABLES * KEYS + (n))
#define HOMES		NODE(NODES)
byte word[HOMES];

/* struct syncmap_table, struct syncmap_dirty; keys and tables are a bit each */
byte placed[TABLES];
byte node_of[DIRTIES * KEYS];
byte used, sealed, locked, pairs;
#define NODE_OF(d, k)	node_of[(d) * KEYS + (k)]

/* Of the nodes, those that are pairs: they are there for good */
#define IS_PAIR(n)	(pairs & BIT(n))

/* syncmap_table.next and, behind them, syncmap_dirty.into */
#define INTO(d)		(TABLES + (d))
byte next[TABLES + DIRTIES];

/* struct syncmap_state */
byte table_of[STATES], dirty_of[STATES], old_of[STATES], prev_of[STATES];
byte pins[STATES];
bool cleared[STATES], purged[STATES];

/* struct syncmap */
byte state;
bool token;

/* How many there are of each; tables, dirties and states are made in order */
byte tables = 1, dirties = 1, states = 1;
byte nodes_used;
byte tables_freed, dirties_freed, nodes_freed;
short states_freed;

/* Processes that have not ended */
byte running;

/* What an actor does */
#define LOAD			0
#define RANGE			1
#define SWAP			2
#define LOAD_OR_STORE		3
#define DELETE			4
#define COMPARE_AND_SWAP	5
#define COMPARE_AND_DELETE	6
#define ACTIONS			7

/* enum outcome */
#define GONE			0
#define DONE			1
#define STALE			2

/* Within a d_step */
hidden byte i, j, n;

#include "reference.pml"
#include "retire.pml"
#include "dirty.pml"
#include "load.pml"
#include "range.pml"
#include "update.pml"
#include "promote.pml"
#include "map.pml"

proctype actor(byte me, action, key)
{
	byte st, dirty, old;		/* the state, and what it has */
	byte home, from, w;		/* a word, and what it hangs on */
	byte code, outcome;
	byte slot, side_old, side, visits;
	bool hit, changed, node, followed;

	if
	:: action == LOAD -> load()
	:: action == RANGE -> range()
	:: else -> update()
	fi;
	atomic {
		judge();
		leave();
		running--
	}
}

/* Where a key is at first: in T, alive or not, or in D, or nowhere */
inline init_key()
{
	if
	:: placed[1] = placed[1] | BIT(k);
		word[SLOT(1, k)] = INITIAL | 1;
		value[k] = INITIAL
	:: placed[1] = placed[1] | BIT(k);
		word[SLOT(1, k)] = DEAD
	:: true ->
		if
		:: placed[1] = placed[1] | BIT(k)	/* expunged */
		:: true
		fi;
		if
		:: NODE_OF(1, k) = 1 + k;
			word[NODE(1 + k)] = INITIAL | 1;
			nodes_used = nodes_used | BIT(1 + k);
			if
			:: pairs = pairs | BIT(1 + k)
			:: true
			fi;
			used = BIT(1);
			value[k] = INITIAL
		:: true
		fi
	fi
}

inline init_map()
{
	if
	:: table_of[1] = 1;
		dirty_of[1] = 1;
		pins[1] = 1;
		tables = 2;
		dirties = 2;
		states = 2;
		state = 1;
		for (k : 0 .. KEYS - 1) {
			init_key()
		}
	:: true						/* an empty map */
	fi
}

/*
 * Two actors do anything, in an order that does not matter, as they differ in
 * their values only. Keys of one chain share what those see who insert and
 * delete. Three actors are one that looks, one that inserts, one that deletes.
 */
inline choose_action()
{
	if
	:: ACTORS == 3 && a == 0 -> action = LOAD
	:: ACTORS == 3 && a == 0 -> action = RANGE
	:: ACTORS == 3 && a == 1 -> action = LOAD_OR_STORE
	:: ACTORS == 3 && a == 2 -> action = DELETE
	:: KEYS == 2 && action < DELETE -> action = LOAD_OR_STORE
	:: KEYS == 2 -> action = DELETE
	:: ACTORS == 2 && KEYS == 1 ->
		do
		:: action < ACTIONS - 1 -> action++
		:: break
		od
	fi
}

init {
	byte k, a, action;

	atomic {
		init_map();
		running = ACTORS + CLEARS + 1;
		for (a : 0 .. ACTORS - 1) {
			choose_action();
			run actor(a, action, SUBJECT(a))
		}
		run builder();
		if
		:: CLEARS -> run clear()
		:: else
		fi;
		k = 0; a = 0; action = 0
	};
	d_step {
		!running ->
		for (k : 0 .. KEYS - 1) {
			check_key()
		}
		check_memory()
	}
}
