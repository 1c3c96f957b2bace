/* SPDX-License-Identifier: GPL-2.0-only */

/* resolve(), and the entry is emitted */
inline visit(h, f)
{
	home = h;
	from = f;
	hit = false;
	syncmap_resolve();
	if
	:: hit && w ->
		was_seen(w);
		visits++
	:: else
	fi
}

/*
 * walk_on(), as far as one key is concerned: when the word of its slot is read,
 * the walk of each dirty table stands on its node or, if it has none, where it
 * will not meet one that is linked later. The walk of the read table comes to the
 * key's bucket before or after that.
 */
inline range()
{
	enter();
	slot = home;
	if
	:: old ->
		dirty_walk(old);
		side_old = home
	:: else
	fi;
	if
	:: !IS(RANGE_SEEKS_LATE) ->
		dirty_walk(dirty);
		side = home
	:: else
	fi;
	if
	:: d_step {
		table_find();
		slot = home
	   }
	:: true
	fi;
	visit(slot, table_of[st]);
	visit(side_old, INTO(old));
	if
	:: IS(RANGE_SEEKS_LATE) ->
		dirty_walk(dirty);
		side = home
	:: IS(RANGE_SEES_LATE_PAIRS) && !side ->
		dirty_find_pair(dirty);
		side = home
	:: else
	fi;
	visit(side, INTO(dirty));
	if
	:: d_step {
		IS(RANGE_SEES_LATE_SLOTS) && !slot ->
		table_find();
		slot = home
	   };
		visit(slot, table_of[st])
	:: else
	fi
}
