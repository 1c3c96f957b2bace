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
		slots = placed[t]
	}
}

/* Whether the word is, or may come to be, a live key of the next table */
inline count_word(home, count)
{
	use(home);
	if
	:: word[home] == DEAD -> word[home] = EXPUNGED
	:: else
	fi;
	count = count + (word[home] != EXPUNGED)
}

inline count_table()
{
	do
	:: d_step {
		slots & BIT(k) ->
		count_word(SLOT(t, k), room);
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

inline walk()
{
	d_step {
		for (i : 0 .. KEYS - 1) {
			if
			:: NODE_OF(d, i) -> nodes = nodes | BIT(i)
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
		count_word(NODE(NODE_OF(d, k)), room);
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
	word[SLOT(into, k)] = NOTYET;
	placed[into] = placed[into] | BIT(k)
}

/* word.h */
inline word_close(home)
{
	d_step {
		use(home);
		word[home] = CODE(word[home]);
		w = word[home]
	}
}

/* move(), what is left to do when the source is closed */
inline fill()
{
	d_step {
		if
		:: w == EXPUNGED && IS(DIED_LEFT_OPEN) ->
			word[SLOT(into, k)] = DEAD
		:: w == EXPUNGED && !IS(DIED_LEFT_OPEN) ->
			word[SLOT(into, k)] = EXPUNGED
		:: w != EXPUNGED &&
		   (word[SLOT(into, k)] == NOTYET || IS(FILL_BY_STORE)) ->
			word[SLOT(into, k)] = w | 1
		:: else
		fi;
		w = 0
	}
}

/* Nobody sees where a key is placed before its source is closed */
inline move(home)
{
	d_step {
		lives = 0;
		count_word(home, lives);
		if
		:: lives && !IS(CLOSE_BEFORE_PLACE) -> syncmap_table_append()
		:: else
		fi
	};
	if
	:: lives ->
		word_close(home);
		if
		:: d_step {
			IS(CLOSE_BEFORE_PLACE) ->
			syncmap_table_append()
		   }
		:: else
		fi;
		fill()
	:: else
	fi
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
	slots = 0; nodes = 0; room = 0; lives = 0; k = 0;
	attempts++;
	running = running - (attempts == PROMOTIONS)
}

/* s2 is published, unless a Clear has come */
inline publish()
{
	d_step {
		if
		:: state == s ->
			table_of[states] = into;
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

/* build(), with the token; prepare() may find no memory for the next table */
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
		count_table();
		count_dirty();
		if
		:: merge();
			publish()
		:: d_step {
			syncmap_state_unpin(s);
			end()
		   }
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
	byte slots, nodes, room, lives, w, k;
	byte attempts;

	do
	:: attempts < PROMOTIONS -> build()
	:: else -> break
	od
}
