/* SPDX-License-Identifier: GPL-2.0-only */

/* table.h, for the table of a state: its keys stay */
inline table_find()
{
	from = table_of[st];
	home = (placed[from] & BIT(key) -> SLOT(from, key) : 0)
}

/* word.h */
inline word_read()
{
	d_step {
		use(home);
		w = word[home]
	}
}

/* The word of the same key behind a closed word */
inline word_read_next()
{
	d_step {
		followed = true;
		CLAIM(closed_word_leads_nowhere, next[from]);
		from = next[from];
		home = SLOT(from, key);
		use(home);
		CLAIM(key_not_in_next_table, placed[from] & BIT(key));
		w = word[home]
	}
}

inline forget_home()
{
	home = 0; from = 0; followed = false
}

#define FOLLOWS(w)	(IS_CLOSED(w) && !IS(READER_IGNORES_NEXT))

/* internal.h: syncmap_resolve() of what was found; syncmap_follow() */
inline syncmap_resolve()
{
	if
	:: atomic {
		home ->
		word_read();
		hit = w != EXPUNGED
	   };
		do
		:: atomic {
			FOLLOWS(w) ->
			word_read_next()
		   }
		:: atomic {
			!FOLLOWS(w) ->
			w = CODE(w);
			forget_home();
			break
		   }
		od
	:: else
	fi
}

/* load_state(), load_dirty() */
inline load()
{
	enter();
	syncmap_resolve();
	if
	:: !hit && old && !IS(OLD_IGNORED_BY_READERS) ->
		dirty_find(old);
		syncmap_resolve()
	:: else
	fi;
	if
	:: !hit ->
		dirty_find(dirty);
		syncmap_resolve()
	:: else
	fi
}
