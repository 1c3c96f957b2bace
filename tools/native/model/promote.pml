/* SPDX-License-Identifier: GPL-2.0-only */

/* state.c: a Clear may take it from the map, but not apart */
inline syncmap_state_pin()
{
	s = state;
	pins[s] = pins[s] + (s != 0)
}

/* s1 is published, unless a Clear has come; then nothing is left to do */
inline begin()
{
	d_step {
		if
		:: s && !old_of[s] && (state == s || IS(CLEAR_UNDONE)) ->
			table_of[states] = table_of[s];
			dirty_of[states] = dirties;
			old_of[states] = dirty_of[s];
			prev_of[states] = s;
			pins[states] = 2;
			s = states;
			state = s;
			states++;
			dirties++
		:: s && !old_of[s] && state != s && !IS(CLEAR_UNDONE) ->
			syncmap_state_unpin(s);
			s = 0
		:: else
		fi;
		t = table_of[s];
		d = old_of[s];
		slots = placed[t]		/* so far */
	}
}

/* The key may be live, unless the word is EXPUNGED then */
inline expunge_if_dead(home)
{
	use(home);
	if
	:: word[home] == DEAD -> word[home] = EXPUNGED
	:: else
	fi
}

inline count_table()
{
	d_step {
		if
		:: !IS(TABLE_COUNTED_EARLY) -> slots = placed[t]
		:: else
		fi
	};
	do
	:: d_step {
		slots & BIT(k) ->
		expunge_if_dead(SLOT(t, k));
		room = room + (word[SLOT(t, k)] != EXPUNGED);
		k++
	   }
	:: !(slots & BIT(k)) && k < KEYS -> k++
	:: k == KEYS -> break
	od;
	k = 0
}

/* What is in the chain now will be in it for good */
inline seal_and_walk()
{
	syncmap_dirty_seal(d);
	walk()
}

#define LEFT_OUT(n)	(IS(PAIRS_NOT_COUNTED) && IS_PAIR(n))

inline walk()
{
	d_step {
		for (i : 0 .. KEYS - 1) {
			if
			:: NODE_OF(d, i) && !LEFT_OUT(NODE_OF(d, i)) ->
				nodes = nodes | BIT(i)
			:: else
			fi
		}
	}
}

inline count_dirty()
{
	atomic {
		if
		:: IS(BUILDER_SEALS_NOTHING) || IS(COUNT_BEFORE_SEAL) -> walk()
		:: else -> seal_and_walk()
		fi
	};
	do
	:: d_step {
		nodes & BIT(k) ->
		if
		:: IS(PURGED_WITH_TOMBSTONES) ->
			room = room + (word[NODE(NODE_OF(d, k))] != DEAD)
		:: else ->
			expunge_if_dead(NODE(NODE_OF(d, k)));
			room = room + (word[NODE(NODE_OF(d, k))] != EXPUNGED)
		fi;
		k++
	   }
	:: !(nodes & BIT(k)) && k < KEYS -> k++
	:: k == KEYS -> break
	od;
	k = 0;
	if
	:: atomic {
		IS(COUNT_BEFORE_SEAL) ->
		seal_and_walk()
	   }
	:: else
	fi
}

/* table.c */
inline syncmap_table_append()
{
	CLAIM(next_table_too_small, room);
	room--;
	CLAIM(key_has_two_homes, !(placed[into] & BIT(k)));
	placed[into] = placed[into] | BIT(k)
}

/* move(): the word in the next table, that of the source being w */
inline set_place()
{
	word[SLOT(into, k)] =
		(w == DEAD && !IS(DIED_LEFT_OPEN) -> EXPUNGED : w)
}

/* What is done late is done when the source is closed already */
#define PLACES_LATE	IS(CLOSE_BEFORE_PLACE)
#define SETS_LATE	(PLACES_LATE || IS(PLACE_SET_AFTER_CLOSE))

/*
 * Nobody sees where a key is placed, or its word there, before its source is
 * closed: so the word is set in one step with what has read the source.
 */
inline place()
{
	d_step {
		expunge_if_dead(home);
		w = word[home];
		if
		:: w != EXPUNGED && !PLACES_LATE -> syncmap_table_append()
		:: else
		fi;
		if
		:: w != EXPUNGED && !SETS_LATE -> set_place()
		:: else
		fi
	}
}

/* word.h: word_try_close(), which has found what is not there any more */
inline word_read_changed()
{
	d_step {
		use(home);
		if
		:: !IS(CLOSE_TRIED_AS_BEFORE) -> w = word[home]
		:: else
		fi;
		if
		:: !SETS_LATE && !IS(PLACE_SET_ONCE) -> set_place()
		:: else
		fi
	}
}

#define CLOSES		(word[home] == w || IS(CLOSE_BY_STORE))

inline move(source)
{
	home = source;
	place();
	do
	:: w == EXPUNGED -> break
	:: atomic {
		w != EXPUNGED && !CLOSES ->
		word_read_changed()
	   }
	:: d_step {
		w != EXPUNGED && CLOSES ->
		use(home);
		word[home] = CODE(w)
	   };
		if
		:: d_step {
			PLACES_LATE ->
			syncmap_table_append()
		   }
		:: else
		fi;
		if
		:: d_step {
			SETS_LATE ->
			set_place()
		   }
		:: else
		fi;
		break
	od;
	home = 0;
	w = 0
}

/* Of equal hashes, the nodes go first. A Clear ends it */
inline merge()
{
	d_step {
		into = tables;
		tables++;
		next[INTO(d)] = into;
		if
		:: t && !IS(NEXT_HUNG_ON_LATE) -> next[t] = into
		:: else
		fi
	};
	do
	:: k < KEYS && state == s ->
		if
		:: nodes & BIT(k) -> move(NODE(NODE_OF(d, k)))
		:: else
		fi;
		if
		:: slots & BIT(k) -> move(SLOT(t, k))
		:: else
		fi;
		k++
	:: else -> break
	od;
	if
	:: t && IS(NEXT_HUNG_ON_LATE) -> next[t] = into
	:: else
	fi
}

/* The token is released */
inline end()
{
	token = false;
	s = 0; t = 0; d = 0; into = 0;
	slots = 0; nodes = 0; room = 0; k = 0;
	attempts++;
	running = running - (attempts == PROMOTIONS)
}

/* s2 is published, unless a Clear has come; after a purge it has the same table */
inline publish()
{
	d_step {
		if
		:: state == s ->
			table_of[states] = (into -> into : t);
			purged[s] = !into && !IS(PURGED_TABLE_FREED);
			dirty_of[states] = dirty_of[s];
			pins[states] = 1;
			state = states;
			states++;
			syncmap_retire(s)
		:: else -> syncmap_state_unpin(s)
		fi;
		end()
	}
}

/* What is there is as good as any state */
inline give_up()
{
	d_step {
		syncmap_state_unpin(s);
		end()
	}
}

/*
 * build(), with the token; prepare() may find no memory for the next table. Whether a
 * purge is wanted, and whether one is begun where a key is alive, does not matter.
 */
inline build()
{
	atomic {
		!token ->
		token = true;
		syncmap_state_pin();
		if
		:: IS(SEALED_BEFORE_PUBLISHED) && !old_of[s] ->
			syncmap_dirty_seal(dirty_of[s])
		:: else
		fi
	};
	begin();
	if
	:: s ->
		count_dirty();
		if
		:: !room || IS(PURGED_WITH_LIVE) -> publish()
		:: count_table();
			if
			:: merge();
				publish()
			:: give_up()
			fi
		:: room -> give_up()
		fi
	:: d_step {
		!s ->
		end()
	   }
	fi
}

proctype builder()
{
	byte s, t, d, into;
	byte slots, nodes, room, home, w, k;
	byte attempts;

	do
	:: attempts < PROMOTIONS -> build()
	:: else -> break
	od
}
