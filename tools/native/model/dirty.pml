/* SPDX-License-Identifier: GPL-2.0-only */

/* syncmap_dirty_lock(), and what the chain is then */
inline syncmap_dirty_lock(d)
{
	atomic {
		!(locked & BIT(d)) ->
		d_step {
			USE(dirties_freed, d);
			locked = locked | BIT(d);
			hit = (sealed & BIT(d)) != 0;
			home = (NODE_OF(d, key) -> NODE(NODE_OF(d, key)) : 0);
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

/*
 * dirty.h. A key is not linked before its table is used, and it is used for
 * good: the step is where either is read that is not so.
 */
inline dirty_find(d)
{
	d_step {
		USE(states_freed, st);
		USE(dirties_freed, d);
		from = INTO(d);
		home = (used & BIT(d) && NODE_OF(d, key) ->
			NODE(NODE_OF(d, key)) : 0)
	}
}
