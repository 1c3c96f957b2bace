/* SPDX-License-Identifier: GPL-2.0-only */

#define INSERTS	(action == SWAP || action == LOAD_OR_STORE)
#define DELETES	(action == DELETE || action == COMPARE_AND_DELETE)

/* decide(): whether to replace @code, and with what */
#define DECIDES(code)	(action == SWAP ||				\
			 (action == LOAD_OR_STORE && !(code)) ||	\
			 (action == DELETE && (code)) ||		\
			 (action > DELETE && (code) == INITIAL))
#define NEW		(!DELETES * VALUE(me))

#define EXPUNGES	(IS(PAIR_EXPUNGED_BY_DELETE) && DELETES &&	\
			 home >= NODE(0) && IS_PAIR(home - NODE(0)))
#define NEW_WORD	(EXPUNGES -> EXPUNGED : NEW | 1)

/* word.h */
inline word_try_set(new, was, is)
{
	if
	:: word[home] == w ->
		d_step {
			use(home);
			word[home] = new;
			take_effect(was, is)
		};
		changed = true
	:: else -> word_read_again()
	fi
}

inline word_read_again()
{
	d_step {
		use(home);
		w = word[home]
	}
}

#define IS_GONE(w)	(w == EXPUNGED && !IS(EXPUNGED_REVIVED))
#define LEADS_ON(w)	(IS_CLOSED(w) && !IS(WRITER_IGNORES_CLOSED))
#define IS_HOME(w)	(!IS_GONE(w) && !LEADS_ON(w))

/* apply(), to what was found */
inline apply()
{
	if
	:: atomic {
		home ->
		word_read()
	   };
		do
		:: atomic {
			IS_GONE(w) ->
			outcome = (followed -> STALE : GONE);
			w = 0;
			forget_home();
			break
		   }
		:: atomic {
			LEADS_ON(w) ->
			word_read_next()
		   }
		:: atomic {
			IS_HOME(w) && !DECIDES(CODE(w)) ->
			code = CODE(w);
			outcome = DONE;
			w = 0;
			forget_home();
			break
		   }
		:: atomic {
			IS_HOME(w) && DECIDES(CODE(w)) ->
			code = CODE(w);
			word_try_set(NEW_WORD, code, NEW);
			code = 0;
			if
			:: changed ->
				outcome = DONE;
				w = 0;
				forget_home();
				break
			:: else
			fi
		   }
		od
	:: else
	fi
}

/* Of what is in an unsealed chain, each word is open and live */
inline unlink_dirty()
{
	if
	:: atomic {
		home ->
		word_read()
	   };
		do
		:: atomic {
			DECIDES(CODE(w)) ->
			CLAIM(tombstone_in_open_chain, IS_OPEN(w) && w != DEAD);
			word_try_set(EXPUNGED, CODE(w), ABSENT)
		   };
			if
			/* dirty.c: syncmap_dirty_unlink() */
			:: d_step {
				changed ->
				NODE_OF(dirty, key) = 0;
				syncmap_limbo_add(home - NODE(0));
				syncmap_dirty_unlock(dirty)
			   };
				break
			:: else
			fi
		:: d_step {
			!DECIDES(CODE(w)) ->
			syncmap_dirty_unlock(dirty)
		   };
			break
		od
	:: d_step {
		!home ->
		syncmap_dirty_unlock(dirty)
	   }
	fi;
	outcome = DONE
}

/* delete_dirty(), delete_sealed() */
inline delete_dirty()
{
	dirty_find_pair(dirty);
	if
	:: home -> apply()
	:: else -> delete_node()
	fi
}

inline delete_node()
{
	syncmap_dirty_lock(dirty, !IS_PAIR(NODE_OF(dirty, key)));
	if
	:: d_step {
		hit && !IS(UNLINK_FROM_SEALED) ->
		syncmap_dirty_unlock(dirty)
	   };
		dirty_find(dirty);
		apply()
	:: else -> unlink_dirty()
	fi
}

/* The node that was allocated ahead */
#define MINE	(1 + KEYS + me)

inline prepare_node()
{
	nodes_used = nodes_used | BIT(MINE);
	word[NODE(MINE)] = VALUE(me) | 1
}

/* dirty.c: syncmap_dirty_link() */
inline link_dirty()
{
	d_step {
		prepare_node();
		if
		:: !IS(USED_AFTER_LINK) -> used = used | BIT(dirty)
		:: else
		fi
	};
	d_step {
		NODE_OF(dirty, key) = MINE;
		take_effect(ABSENT, VALUE(me));
		changed = true;
		outcome = DONE;
		if
		:: !IS(USED_AFTER_LINK) -> syncmap_dirty_unlock(dirty)
		:: else
		fi
	};
	if
	:: d_step {
		IS(USED_AFTER_LINK) ->
		used = used | BIT(dirty);
		syncmap_dirty_unlock(dirty)
	   }
	:: else
	fi
}

/* dirty.c: syncmap_dirty_fill() */
inline fill_pair()
{
	d_step {
		nodes_used = nodes_used | BIT(MINE);
		pairs = pairs | BIT(MINE);
		used = used | BIT(dirty);
		NODE_OF(dirty, key) = MINE;
		if
		:: IS(PAIR_FILLED_WITHOUT_LOCK) -> syncmap_dirty_unlock(dirty)
		:: else
		fi
	};
	d_step {
		word[NODE(MINE)] = VALUE(me) | 1;
		take_effect(ABSENT, VALUE(me));
		changed = true;
		outcome = DONE;
		syncmap_dirty_unlock(dirty)
	}
}

#define MAY_INSERT	((!hit || IS(INSERT_INTO_SEALED)) &&		\
			 (state == st || IS(INSERT_IN_OLD_STATE)))

inline insert()
{
	syncmap_dirty_lock(dirty, true);
	if
	:: d_step {
		!MAY_INSERT ->
		outcome = STALE;
		syncmap_dirty_unlock(dirty)
	   }
	:: else ->
		if
		:: home ->
			apply();
			atomic { syncmap_dirty_unlock(dirty) }
		:: else -> add_to_table()
		fi
	fi
}

#define MAY_CLAIM	(table_of[st] && (!old || IS(CLAIM_BESIDE_OLD)))

/* add_to_table(), and what is done if that comes to nothing */
inline add_to_table()
{
	d_step {
		table_find();
		if
		:: IS(CLAIM_WITHOUT_LOOK) -> forget_home()
		:: else
		fi
	};
	if
	:: home ->
		apply();
		if
		:: outcome == GONE -> add_dirty()
		:: d_step {
			outcome != GONE ->
			syncmap_dirty_unlock(dirty)
		   }
		fi
	:: else ->
		if
		:: MAY_CLAIM -> syncmap_table_claim()
		:: add_dirty()			/* no room */
		fi
	fi
}

/* table.c: the slot has its key first */
inline syncmap_table_claim()
{
	d_step {
		from = table_of[st];
		CLAIM(key_has_two_homes, !(placed[from] & BIT(key)));
		placed[from] = placed[from] | BIT(key)
	};
	d_step {
		word[SLOT(from, key)] = VALUE(me) | 1;
		take_effect(ABSENT, VALUE(me));
		changed = true;
		outcome = DONE;
		from = 0;
		syncmap_dirty_unlock(dirty)
	}
}

inline add_dirty()
{
	if
	:: fill_pair()
	:: link_dirty()			/* there is none left */
	fi
}

/* Nobody can see the first state before it is published */
inline insert_first()
{
	d_step {
		if
		:: !state ->
			look();
			prepare_node();
			NODE_OF(dirties, key) = MINE;
			used = used | BIT(dirties);
			dirty_of[states] = dirties;
			pins[states] = 1;
			state = states;
			dirties++;
			states++;
			take_effect(ABSENT, VALUE(me));
			changed = true;
			outcome = DONE
		:: else -> outcome = STALE
		fi
	}
}

/* update_state(), in the old dirty table */
inline update_old()
{
	if
	:: atomic {
		INSERTS && !IS(OLD_NOT_SEALED) ->
		syncmap_dirty_seal(old)
	   }
	:: else
	fi;
	dirty_find(old);
	apply()
}

/* update_state(), in the dirty table */
inline update_dirty()
{
	dirty_find(dirty);
	apply();
	if
	/* get_node(), if there is none from an earlier try */
	:: outcome == GONE && INSERTS -> insert()
	/* NEED_NODE, prepare_insert() */
	:: outcome == GONE && INSERTS && !node ->
		node = true;
		outcome = STALE
	:: outcome != GONE || !INSERTS
	fi
}

inline update_state()
{
	apply();
	if
	:: outcome == GONE && old && !IS(OLD_IGNORED_BY_WRITERS) -> update_old()
	:: else
	fi;
	if
	:: outcome == GONE && DELETES && used & BIT(dirty) -> delete_dirty()
	:: outcome == GONE && !DELETES -> update_dirty()
	:: else
	fi
}

/* syncmap_update() */
inline update()
{
	do
	:: enter();
		if
		:: INSERTS && !st -> insert_first()
		:: else -> update_state()
		fi;
		if
		:: outcome != STALE -> break
		:: else -> leave()
		fi
	od
}
