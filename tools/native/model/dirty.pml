/* SPDX-License-Identifier: GPL-2.0-only */

/* syncmap_dirty_lock(), and where the key is then, if @it is what is asked for */
inline syncmap_dirty_lock(d, it)
{
	atomic {
		!(locked & BIT(d)) ->
		d_step {
			USE(dirties_freed, d);
			locked = locked | BIT(d);
			hit = (sealed & BIT(d)) != 0;
			home = (NODE_OF(d, key) && it -> NODE(NODE_OF(d, key)) : 0);
			from = INTO(d)
		}
	}
}

/* In one step with what is done last under the lock */
inline syncmap_dirty_unlock(d)
{
	USE(dirties_freed, d);
	locked = locked & ~BIT(d);
	hit = false
}

inline syncmap_dirty_seal(d)
{
	(sealed & BIT(d)) || !(locked & BIT(d)) || IS(SEAL_WITHOUT_LOCK) ->
	d_step {
		USE(dirties_freed, d);
		sealed = sealed | BIT(d)
	}
}

#define FIND(d, which)							\
	home = ((used & BIT(d)) && NODE_OF(d, key) && (which) ->	\
		NODE(NODE_OF(d, key)) : 0)

#define FOUND_PAIR(d)	IS_PAIR(NODE_OF(d, key))
#define FOUND_NODE(d)	!IS_PAIR(NODE_OF(d, key))

/*
 * dirty.h. A key is not linked before its table is used, and it is used for
 * good: the step is where either is read that is not so. Pairs come first.
 */
inline dirty_find(d)
{
	dirty_find_pair(d);
	if
	:: d_step {
		!home ->
		FIND(d, FOUND_NODE(d))
	   }
	:: else
	fi
}

inline dirty_find_pair(d)
{
	d_step {
		USE(states_freed, st);
		USE(dirties_freed, d);
		from = INTO(d);
		FIND(d, FOUND_PAIR(d))
	}
}

/* What a walk sees of a key: not what is filled but has no word yet */
inline dirty_walk(d)
{
	d_step {
		USE(dirties_freed, d);
		FIND(d, FOUND_PAIR(d) && word[NODE(NODE_OF(d, key))] != EXPUNGED)
	};
	if
	:: d_step {
		!home ->
		FIND(d, FOUND_NODE(d))
	   }
	:: else
	fi
}
