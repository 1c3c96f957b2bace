/* SPDX-License-Identifier: GPL-2.0-only */

/* Actors in a read section, and those of them that what is retired waits for */
byte readers;
byte state_waits[STATES], node_waits[NODES];

#define USE(freed, n)	CLAIM(memory_used_after_free, !((freed) & BIT(n)))

inline use(home)
{
	if
	:: home < NODE(0) -> USE(tables_freed, home / KEYS)
	:: else -> USE(nodes_freed, home - NODE(0))
	fi
}

/* Number 0 is nobody's to free */
#define FREE(freed, n)							\
	CLAIM(memory_freed_twice, !((freed) & BIT(n) & ~1));		\
	freed = freed | (BIT(n) & ~1)

/* node.c: syncmap_node_free() */
inline free_node(n)
{
	FREE(nodes_freed, n);
	word[NODE(n)] = 0
}

inline free_table(t)
{
	FREE(tables_freed, t);
	for (j : 0 .. KEYS - 1) {
		word[SLOT(t, j)] = 0
	}
	placed[t] = 0;
	next[t] = 0
}

inline free_dirty(d)
{
	FREE(dirties_freed, d);
	for (j : 0 .. KEYS - 1) {
		free_node(NODE_OF(d, j));
		NODE_OF(d, j) = 0
	}
	used = used & ~BIT(d);
	sealed = sealed & ~BIT(d);
	next[INTO(d)] = 0
}

inline free_state(s)
{
	FREE(states_freed, s);
	table_of[s] = 0;
	dirty_of[s] = 0;
	old_of[s] = 0;
	prev_of[s] = 0;
	pins[s] = 0;
	cleared[s] = false;
	purged[s] = false
}

inline dispose(s)
{
	if
	:: !purged[s] -> free_table(table_of[s])
	:: else
	fi;
	if
	:: cleared[s] ->
		if
		:: !IS(HALF_MADE_TABLE_LEFT) ->
			n = next[INTO(old_of[s])];
			free_table(n)
		:: else
		fi;
		free_dirty(dirty_of[s])
	:: else
	fi;
	free_dirty(old_of[s]);
	n = prev_of[s];
	free_state(n);
	free_state(s)
}

inline syncmap_retire(s)
{
	if
	:: readers && !IS(NO_GRACE_PERIOD_FOR_STATES) ->
		state_waits[s] = readers
	:: else -> dispose(s)
	fi
}

/* state.c: the last of those who need the state is gone */
inline syncmap_state_unpin(s)
{
	pins[s] = pins[s] - 1;
	if
	:: !pins[s] -> syncmap_retire(s)
	:: else
	fi
}

/* Batches are freed later than this */
inline syncmap_limbo_add(n)
{
	if
	:: readers && !IS(NO_GRACE_PERIOD_FOR_NODES) ->
		node_waits[n] = readers
	:: else -> free_node(n)
	fi
}

/* rcu_read_lock(), and internal.h: syncmap_state() */
inline enter()
{
	d_step {
		readers = readers | BIT(me);
		st = state;
		USE(states_freed, st);
		dirty = dirty_of[st];
		old = old_of[st];
		table_find();
		look()
	}
}

/* rcu_read_unlock() */
inline leave()
{
	d_step {
		readers = readers & ~BIT(me);
		for (i : 1 .. STATES - 1) {
			if
			:: state_waits[i] == BIT(me) -> dispose(i)
			:: else
			fi;
			state_waits[i] = state_waits[i] & ~BIT(me)
		}
		for (i : 1 .. NODES - 1) {
			if
			:: node_waits[i] == BIT(me) -> free_node(i)
			:: else
			fi;
			node_waits[i] = node_waits[i] & ~BIT(me)
		}
		world_of[me] = 0; seen[me] = 0;
		st = 0; dirty = 0; old = 0;
		home = 0; from = 0; w = 0; followed = false;
		code = 0; outcome = GONE; hit = false
	}
}

/* D.2: what was made is in use, or free again */
#define ALL(made, freed, kept)						\
	CLAIM(memory_not_freed, ((freed) | (kept) | 1) == ((made) | 1))

inline check_memory()
{
	n = 0;
	for (i : 0 .. KEYS - 1) {
		n = n | BIT(NODE_OF(dirty_of[state], i)) |
		    BIT(NODE_OF(old_of[state], i))
	}
	ALL(nodes_used, nodes_freed, n);
	ALL(BIT(tables) - 1, tables_freed, BIT(table_of[state]));
	ALL(BIT(dirties) - 1, dirties_freed,
	    BIT(dirty_of[state]) | BIT(old_of[state]));
	ALL(BIT(states) - 1, states_freed, BIT(state) | BIT(prev_of[state]))
}
