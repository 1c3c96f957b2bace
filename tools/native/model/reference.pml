/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the map should hold
 *
 * A key has a value for each time between two Clears: whoever holds a state
 * from before a Clear works on what there was before it (F.1). The value changes
 * in the step that internal.h calls the instant of an update. That is right if
 * the update replaces the value there was; what changes nothing is right if it
 * finds a value that there was since it loaded its state.
 */

#define SUBJECT(actor)	((actor) % KEYS)

byte world;			/* Clears so far */
byte value[(1 + CLEARS) * KEYS];

/* Of those in a read section: what they work on, the values since, a bit each */
byte world_of[ACTORS], seen[ACTORS];

#define REFERENCE	value[world_of[me] * KEYS + key]

inline look()
{
	world_of[me] = world;
	seen[me] = BIT(REFERENCE / 2)
}

/* The instant of an update from value @was to value @is */
inline take_effect(was, is)
{
	CLAIM(update_lost, REFERENCE == was);
	REFERENCE = is;
	for (i : 0 .. ACTORS - 1) {
		if
		:: (readers & BIT(i)) && world_of[i] == world_of[me] &&
		   SUBJECT(i) == key ->
			seen[i] = seen[i] | BIT(is / 2)
		:: else
		fi
	}
}

inline was_seen(code)
{
	CLAIM(key_missed_or_value_nobody_had, seen[me] & BIT((code) / 2))
}

/* Whether what an operation returns is right */
inline judge()
{
	if
	:: changed
	:: action == LOAD && hit -> was_seen(w)
	:: action == LOAD && !hit -> was_seen(ABSENT)
	:: action == RANGE && visits ->
		CLAIM(range_visits_key_twice, visits == 1)
	:: action == RANGE && !visits -> was_seen(ABSENT)
	:: !changed && (action == LOAD_OR_STORE || action == DELETE) ->
		was_seen(code)
	:: !changed && action > DELETE ->
		CLAIM(key_missed_or_value_nobody_had,
		      seen[me] & ~BIT(INITIAL / 2))
	fi
}

/* I1: a key that nobody works on has one home at most */
inline check_home(h)
{
	use(h);
	if
	:: word[h] != EXPUNGED ->
		CLAIM(closed_word_leads_nowhere, IS_OPEN(word[h]));
		CLAIM(key_has_two_homes, !n);
		n = word[h]
	:: else
	fi
}

inline check_node(d)
{
	if
	:: d && NODE_OF(d, k) -> check_home(NODE(NODE_OF(d, k)))
	:: else
	fi
}

inline check_key()
{
	n = 0;
	if
	:: placed[table_of[state]] & BIT(k) ->
		check_home(SLOT(table_of[state], k))
	:: else
	fi;
	check_node(old_of[state]);
	check_node(dirty_of[state]);
	CLAIM(update_lost, CODE(n) == value[world * KEYS + k])
}
