/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syncmap: a concurrent map for keys that are written once and read many times
 *
 * The operations, their names and their results are those of Go's sync.Map.
 * module/core/internal.h explains how it works and why it is right.
 *
 * Locking, by function:
 *
 *   takes no lock, from any context including NMI:
 *	syncmap_load(), syncmap_load_hashed(), syncmap_load_many(),
 *	syncmap_count(), syncmap_is_freed(), syncmap_tombstones(),
 *	syncmap_reclaim(), syncmap_set_memcg()
 *   takes RCU by itself, any context but NMI, never sleeps:
 *	syncmap_delete(), syncmap_load_and_delete(),
 *	syncmap_compare_and_swap(), syncmap_compare_and_delete(),
 *	syncmap_compare_and_swap_hashed(),
 *	syncmap_compare_and_delete_hashed(), syncmap_range(),
 *	syncmap_swap_reserved(), syncmap_unreserve(), syncmap_clear()
 *   the same, but sleeps when @gfp lets it:
 *	syncmap_store(), syncmap_swap(), syncmap_load_or_store(),
 *	syncmap_load_or_store_hashed(), syncmap_prepare_hashed(),
 *	syncmap_finish_hashed(), syncmap_reserve()
 *   expects the caller inside rcu_read_lock():
 *	syncmap_next()
 *   touches nothing but its arguments, from any context:
 *	syncmap_init()
 *   process context, may sleep:
 *	syncmap_promote(), syncmap_load_or_compute(), syncmap_get_stats(),
 *	syncmap_check(), syncmap_destroy()
 *
 * A map never looks into a value. Whoever takes a pointer out of a map and
 * dereferences it holds rcu_read_lock() over both, or has another reason to
 * know that the object lives on. Whoever gets the previous value from an
 * update owns it, and frees it after a grace period (kfree_rcu()).
 */
#ifndef _LINUX_SYNCMAP_H
#define _LINUX_SYNCMAP_H

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/limits.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct mem_cgroup;
struct syncmap_dirty;
struct syncmap_node;
struct syncmap_reservation;
struct syncmap_state;

/* Longest key, in bytes, of a map with byte-string keys */
#define SYNCMAP_KEY_MAX		65535U

/* Longest key of a fixed length that tables have in them */
#define SYNCMAP_KEY_LEN_MAX	16

/* A range cursor that stands behind the last entry */
#define SYNCMAP_CURSOR_END	U64_MAX

/**
 * enum syncmap_hash - how a map turns keys into hashes
 * @SYNCMAP_HASH_FAST: a multiply-and-fold mix keyed by a random seed of the
 *	map. For keys that no adversary chooses.
 * @SYNCMAP_HASH_SIPHASH: the kernel's siphash(), keyed by a random seed of the
 *	map: flooding a bucket on purpose is infeasible. For keys that come
 *	from user space or the network.
 * @SYNCMAP_HASH_CUSTOM: &syncmap_params.hash_fn. Any function is correct; a
 *	bad one is slow: what has the same hash is searched one after the other,
 *	and a range shows it in one read section, however much it is.
 */
enum syncmap_hash {
	SYNCMAP_HASH_FAST,
	SYNCMAP_HASH_SIPHASH,
	SYNCMAP_HASH_CUSTOM,
};

/**
 * struct syncmap_params - what a map is told when it is made
 * @key_len: length of every key in bytes, 1 to %SYNCMAP_KEY_LEN_MAX; such keys
 *	live in the table itself. One of up to 8 bytes takes 27 bytes with its
 *	value, a longer one 42. 0: keys are byte strings of 0 to %SYNCMAP_KEY_MAX
 *	bytes, each copied into an object of its own.
 * @hash: which hash the map uses
 * @hash_fn: with %SYNCMAP_HASH_CUSTOM: returns the hash of @len bytes at @key;
 *	must be pure, and callable from any context
 * @free_value: called for each value that is in the map when it is cleared or
 *	destroyed, after a grace period and in process context. NULL: the map
 *	leaves the values alone. Never called by any other operation.
 * @free_arg: second argument of @free_value
 * @memcg: memory cgroup that tables made in the background are charged to, or
 *	NULL. The caller keeps it alive until syncmap_destroy() has returned, or
 *	replaces it with syncmap_set_memcg().
 *	What an inserting caller allocates is charged by its own gfp flags.
 * @wq: where promotions are done, or NULL for a workqueue that all maps share,
 *	and on which few are done at a time. The caller keeps it until
 *	syncmap_destroy() has returned; its max_active bounds what maps with
 *	this @wq take of the CPUs together.
 * @free_wq: the same where what nobody uses any more is taken apart and freed,
 *	values included; or NULL for a workqueue that all maps share, and on which
 *	many are done at a time.
 */
struct syncmap_params {
	u8			key_len;
	enum syncmap_hash	hash;
	u64			(*hash_fn)(const void *key, size_t len);
	void			(*free_value)(void *value, void *free_arg);
	void			*free_arg;
	struct mem_cgroup	*memcg;
	struct workqueue_struct	*wq;
	struct workqueue_struct	*free_wq;
};

/**
 * struct syncmap - one concurrent map
 *
 * Made by DEFINE_SYNCMAP() or syncmap_init(). All members are private. A map
 * must not be copied or moved: debug builds (CONFIG_PROVE_RCU) warn.
 */
struct syncmap {
	/* private: read by every operation */
	struct syncmap_state __rcu	*state;
	struct syncmap_params		params;
	/* private: the background */
	struct syncmap			*self ____cacheline_aligned;
	unsigned long			flags;
	atomic_long_t			missed;		/* since a promotion */
	unsigned long			purge_after;	/* jiffies */
	atomic_t			inflight;
	struct irq_work			kick;
	struct delayed_work		work;
	wait_queue_head_t		wait;		/* for a promotion */
	atomic_long_t			asked;		/* for one; a ticket each */
	long				answered;	/* tickets tried for */
	long				promoted;	/* tickets done */
	siphash_key_t			seed;
	unsigned long			seeded;
	u64				promoted_ns;
	u64				failed_ns;
	/* private: statistics, written by the holder of the builder token */
	u64				promotions;
	u64				promote_fails;
	u64				expunged;
	u64				last_promote_ns;
	u64				max_promote_ns;
	/* private: of the states that Clears took away */
	atomic64_t			past_hits;
	atomic64_t			past_misses;
	atomic64_t			past_lock_waits;
};

/* private: what DEFINE_SYNCMAP() has to name */
extern struct syncmap_state __syncmap_empty;
void __syncmap_kick(struct irq_work *work);
void __syncmap_work(struct work_struct *work);

/**
 * DEFINE_SYNCMAP - define a map that needs no further initialisation
 * @name: name of the variable; may be preceded by nothing but storage class
 * @...: designated initialisers of &struct syncmap_params
 *
 * For example::
 *
 *	static DEFINE_SYNCMAP(routes, .key_len = sizeof(u32));
 *
 * Memory is allocated by the first store. A module destroys its maps with
 * syncmap_destroy() before it goes.
 */
#define DEFINE_SYNCMAP(name, ...)					\
	struct syncmap name = {						\
		.state = (struct syncmap_state __rcu __force *)		\
				&__syncmap_empty,			\
		.params = { __VA_ARGS__ },				\
		.self = &(name),					\
		.kick = IRQ_WORK_INIT(__syncmap_kick),			\
		.work = __DELAYED_WORK_INITIALIZER((name).work,		\
						   __syncmap_work, 0),	\
		.wait = __WAIT_QUEUE_HEAD_INITIALIZER((name).wait),	\
	}

int syncmap_init(struct syncmap *map, const struct syncmap_params *params);
void syncmap_destroy(struct syncmap *map);

/*
 * Values
 *
 * A value is a pointer aligned to four bytes, a small integer made by
 * syncmap_mk_value(), or NULL. A stored NULL is a value like any other: it is
 * present, and differs from an absent key.
 */

/* Largest integer that syncmap_mk_value() takes: none looks like an ERR_PTR() */
#define SYNCMAP_VALUE_MAX	((-MAX_ERRNO - 7UL) >> 2)

/**
 * syncmap_mk_value - make a value of an integer
 * @v: the integer, 0 to %SYNCMAP_VALUE_MAX
 *
 * Context: Any.
 * Return: a value that syncmap_to_value() turns back into @v.
 */
static inline void *syncmap_mk_value(unsigned long v)
{
	WARN_ON_ONCE(v > SYNCMAP_VALUE_MAX);
	return (void *)((v << 2) + 6);
}

/**
 * syncmap_is_value - is this value an integer?
 * @value: a value taken out of a map
 *
 * Context: Any.
 * Return: true if @value was made by syncmap_mk_value().
 */
static inline bool syncmap_is_value(const void *value)
{
	return ((unsigned long)value & 3) == 2;
}

/**
 * syncmap_to_value - get the integer out of a value
 * @value: a value for which syncmap_is_value() holds
 *
 * Context: Any.
 * Return: what was given to syncmap_mk_value().
 */
static inline unsigned long syncmap_to_value(const void *value)
{
	return ((unsigned long)value - 6) >> 2;
}

#include <linux/syncmap_inline.h>

/* Operations on one key */

/**
 * syncmap_load - look up a key
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @value: out: the value if the key is present, untouched otherwise
 *
 * Takes no lock, never waits, allocates nothing and writes no cache line that
 * other CPUs use, except that every 256th load of a CPU which has to look into
 * the dirty table is told to the map. To dereference the value, hold
 * rcu_read_lock() over the load and the use. Fastest where @len is a constant and
 * the map has %SYNCMAP_HASH_FAST: a key of a fixed length, or a byte string of 17 to
 * 32 bytes, is looked for inline.
 *
 * A load that finds the value of a store happens after that store.
 *
 * Context: Any, NMI included.
 * Return: whether the key is present; never for a length that no key of the
 * map has.
 */
static __always_inline bool syncmap_load(struct syncmap *map, const void *key,
					 size_t len, void **value)
{
	syncmap_assert(map);
	if (syncmap_is_inline(map, len))
		return __syncmap_load_short(map, key, len, value);
	return __syncmap_load(map, key, len, value);
}

/**
 * syncmap_swap - set a key's value and get the one before
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @value: the new value
 * @previous: out: the value before, or NULL when the key was absent
 * @gfp: how to allocate, should the key be new
 *
 * Lock-free when the key is in the read table, and never fails for a key that
 * is present. A new key may have to wait, if @gfp has all of %GFP_KERNEL: up to a
 * tenth of a second while the dirty table has outgrown its limit by far, and ten
 * seconds if there is no room for the key before the next promotion. If it may
 * not wait, or in vain, that is -ENOMEM. Fastest where a load is.
 *
 * The previous value is the caller's. Readers may still use it until a grace
 * period has passed.
 *
 * Context: Any but NMI, as @gfp allows. On PREEMPT_RT not from hard interrupts
 * or with preemption disabled.
 * Return: 1 if the key was present, 0 if it has been inserted, -ENOMEM (also
 * when inserts are faster than the background for too long), or
 * -EINVAL for a wrong key length or a pointer that cannot be a value; on
 * errors the map is unchanged.
 */
static __always_inline int syncmap_swap(struct syncmap *map, const void *key,
					size_t len, void *value,
					void **previous, gfp_t gfp)
{
	u64 code = 0;

	syncmap_assert(map);
	syncmap_might_alloc(gfp);
	if (syncmap_is_inline(map, len))
		code = __syncmap_replace_short(map, key, len, 0,
					       syncmap_code_of(value));
	if (unlikely(!code))
		return __syncmap_swap(map, key, len, value, previous, gfp);
	*previous = syncmap_code_value(code);
	return 1;
}

/**
 * syncmap_store - set a key's value
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @value: the new value
 * @gfp: how to allocate, should the key be new
 *
 * As syncmap_swap(), for callers who need not free the value before.
 *
 * Context: As syncmap_swap().
 * Return: 0, -ENOMEM or -EINVAL; on errors the map is unchanged.
 */
static __always_inline int syncmap_store(struct syncmap *map, const void *key,
					 size_t len, void *value, gfp_t gfp)
{
	void *previous;
	int ret;

	ret = syncmap_swap(map, key, len, value, &previous, gfp);
	return ret < 0 ? ret : 0;
}

int syncmap_load_or_store(struct syncmap *map, const void *key, size_t len,
			  void *value, void **actual, gfp_t gfp);
bool syncmap_load_and_delete(struct syncmap *map, const void *key, size_t len,
			     void **value);
bool syncmap_delete(struct syncmap *map, const void *key, size_t len);
bool syncmap_compare_and_delete(struct syncmap *map, const void *key,
				size_t len, void *old);

/**
 * syncmap_compare_and_swap - replace a value if it is the expected one
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @old: the value that must be there
 * @new: the value to put in its place
 *
 * Values are compared as words, not by what they point to. Never inserts: an
 * absent key matches nothing, not even NULL. Lock-free. There is no ABA if old
 * values are freed after a grace period and the caller holds rcu_read_lock()
 * from the load of @old on. Fastest where a load is.
 *
 * Context: As syncmap_load_and_delete().
 * Return: whether the value has been replaced.
 */
static __always_inline bool
syncmap_compare_and_swap(struct syncmap *map, const void *key, size_t len,
			 void *old, void *new)
{
	u64 code = syncmap_code_of(old);

	syncmap_assert(map);
	if (syncmap_is_inline(map, len) && code &&
	    likely(__syncmap_replace_short(map, key, len, code,
					   syncmap_code_of(new))))
		return true;
	return __syncmap_compare_and_swap(map, key, len, old, new);
}

/**
 * struct syncmap_hashed_key - a key of several operations, hashed once
 *
 * For who loads a key, and then changes what he has found: the hash of a long
 * key, or of any with %SYNCMAP_HASH_SIPHASH, costs more than the rest of a
 * look-up. It is of one map, and of one user at a time. All members are private.
 *
 * It also lets those insert who must not wait where they do it, with a spinlock
 * held, or what others wait for::
 *
 *	do {
 *		spin_lock(&lock);
 *		ret = syncmap_load_or_store_hashed(map, &key, value, &actual,
 *						   GFP_NOWAIT);
 *		spin_unlock(&lock);
 *	} while (ret == -ENOMEM &&
 *		 !syncmap_prepare_hashed(map, &key, GFP_KERNEL));
 *	syncmap_finish_hashed(map, &key, GFP_KERNEL);
 */
struct syncmap_hashed_key {
	/* private: */
	const void		*key;
	size_t			len;
	u64			hash;
	bool			hashed;		/* ->hash is right */
	bool			grown;		/* an insert should have waited */
	/* private: of an insert that failed, or for one to come */
	const struct syncmap_dirty *full;
	struct syncmap_node	*node;
	struct syncmap_state	*first;
};

/**
 * syncmap_hashed_key_init - prepare a key for the operations on hashed ones
 * @hashed: the key to be
 * @key: its bytes; they stay where and as they are while @hashed is used
 * @len: its length in bytes
 *
 * Context: Any.
 */
static inline void syncmap_hashed_key_init(struct syncmap_hashed_key *hashed,
					   const void *key, size_t len)
{
	hashed->key = key;
	hashed->len = len;
	hashed->hashed = false;
	hashed->grown = false;
	hashed->full = NULL;
	hashed->node = NULL;
	hashed->first = NULL;
}

/**
 * syncmap_hashed_key_cursor - where a range has the key
 * @hashed: a key that an operation has stored in a map, or found there
 *
 * Context: Any.
 *
 * Return: a cursor for syncmap_next(), which begins with the key there, until the
 * map is cleared; or %SYNCMAP_CURSOR_END, if no operation has looked for it in a map
 * that was not empty.
 */
static inline u64
syncmap_hashed_key_cursor(const struct syncmap_hashed_key *hashed)
{
	return hashed->hashed ? hashed->hash : SYNCMAP_CURSOR_END;
}

bool syncmap_load_hashed(struct syncmap *map, struct syncmap_hashed_key *key,
			 void **value);
int syncmap_load_or_store_hashed(struct syncmap *map,
				 struct syncmap_hashed_key *key, void *value,
				 void **actual, gfp_t gfp);
int syncmap_prepare_hashed(struct syncmap *map, struct syncmap_hashed_key *key,
			   gfp_t gfp);
void __syncmap_finish_hashed(struct syncmap *map,
			     struct syncmap_hashed_key *key, gfp_t gfp);

/**
 * syncmap_finish_hashed - the last that is done with a key that may have been stored
 * @map: the map
 * @key: the key
 * @gfp: whether to wait
 *
 * Frees what was allocated in vain, and waits as syncmap_swap() does if inserts
 * are faster than the background. For other operations there is no need of it.
 *
 * Context: As syncmap_swap().
 */
static inline void syncmap_finish_hashed(struct syncmap *map,
					 struct syncmap_hashed_key *key,
					 gfp_t gfp)
{
	if (key->node || key->first || key->grown)
		__syncmap_finish_hashed(map, key, gfp);
}

bool syncmap_compare_and_swap_hashed(struct syncmap *map,
				     struct syncmap_hashed_key *key, void *old,
				     void *new);
bool syncmap_compare_and_delete_hashed(struct syncmap *map,
				       struct syncmap_hashed_key *key,
				       void *old);

/**
 * struct syncmap_lookup - one key of a batched load
 * @key: the key
 * @len: its length in bytes
 * @value: out: the value, NULL when absent
 * @found: out: whether the key is present
 */
struct syncmap_lookup {
	const void	*key;
	size_t		len;
	void		*value;
	bool		found;
};

unsigned int syncmap_load_many(struct syncmap *map, struct syncmap_lookup *batch,
			       unsigned int n);

int syncmap_load_or_compute(struct syncmap *map, const void *key, size_t len,
			    void *(*compute)(const void *key, size_t len,
					     void *arg),
			    void *arg, void **actual, gfp_t gfp);

/* A store that cannot fail */

struct syncmap_reservation *
syncmap_reserve(struct syncmap *map, const void *key, size_t len, gfp_t gfp);
bool syncmap_swap_reserved(struct syncmap *map, struct syncmap_reservation *res,
			   void *value, void **previous);
void syncmap_unreserve(struct syncmap *map, struct syncmap_reservation *res);

/* Operations on all keys */

/**
 * struct syncmap_entry - one entry as a range shows it
 * @key: the key's bytes, valid until the RCU read section ends; for a map with
 *	keys of up to 8 bytes they lie in @word
 * @len: length of the key in bytes
 * @value: a value the key had at some time during the call
 * @hash: position in the order of the range: a cursor for syncmap_next(), which
 *	begins with the entry there if it is still in the map
 * @word: private: storage for a short key
 */
struct syncmap_entry {
	const void	*key;
	size_t		len;
	void		*value;
	u64		hash;
	u64		word;
};

int syncmap_range(struct syncmap *map,
		  int (*fn)(const struct syncmap_entry *entry, void *arg),
		  void *arg);
int syncmap_next(struct syncmap *map, u64 *cursor,
		 struct syncmap_entry *entries, unsigned int max);
void syncmap_clear(struct syncmap *map);
bool syncmap_is_freed(struct syncmap *map);
unsigned long syncmap_count(struct syncmap *map);
int syncmap_promote(struct syncmap *map);
unsigned long syncmap_tombstones(struct syncmap *map);
void syncmap_reclaim(struct syncmap *map);

/**
 * syncmap_set_memcg - let somebody else pay for tables to come
 * @map: the map
 * @memcg: as &syncmap_params.memcg; the caller has a reference
 *
 * The reference on the one before can be put at once.
 *
 * Context: Any. The caller excludes other callers.
 */
static inline void syncmap_set_memcg(struct syncmap *map,
				     struct mem_cgroup *memcg)
{
	WRITE_ONCE(map->params.memcg, memcg);
}

/* Looking inside */

/* Entries of the histograms in &struct syncmap_core_stats */
#define SYNCMAP_HISTOGRAM	8

/**
 * struct syncmap_core_stats - what a map is doing
 * @count: live keys
 * @read_keys: keys of the read table, deleted ones included; while it has room for more,
 *	without those that promotions have dropped
 * @read_buckets: buckets of the read table: of four keys of up to 8 bytes, of
 *	five of up to 16, or of seven byte strings
 * @tombstones: deleted keys that still take a place
 * @dirty_keys: live keys in the dirty table, and in an older one that waits to be
 *	promoted
 * @dirty_buckets: chains of the dirty table
 * @dirty_longest: length of its longest chain; of keys of up to 8 bytes three stand
 *	in each bucket before there is one
 * @bytes: memory of tables and nodes, without byte-string keys and values
 * @hits: loads and updates answered by the read table, since the map was made
 * @misses: those that had to look into the dirty table
 * @promotions: completed promotions, and purges: where all new keys are deleted
 *	again, the read table stays as it is
 * @promote_fails: attempts that ran out of memory; each is repeated later
 * @expunged: deleted keys that promotions dropped
 * @last_promote_ns: duration of the last promotion in nanoseconds, purges left out
 * @max_promote_ns: duration of the longest one
 * @lock_waits: how often a lock of the dirty table was taken after waiting
 * @fill: read buckets by number of keys in them, 0 to 7, as a promotion has left them
 * @displaced: read keys by distance from their home bucket; the last counts
 *	all that are further away. Of the same
 * @amended: whether the dirty table may hold keys
 */
struct syncmap_core_stats {
	u64	count;
	u64	read_keys;
	u64	read_buckets;
	u64	tombstones;
	u64	dirty_keys;
	u64	dirty_buckets;
	u64	dirty_longest;
	u64	bytes;
	u64	hits;
	u64	misses;
	u64	promotions;
	u64	promote_fails;
	u64	expunged;
	u64	last_promote_ns;
	u64	max_promote_ns;
	u64	lock_waits;
	u64	fill[SYNCMAP_HISTOGRAM];
	u64	displaced[SYNCMAP_HISTOGRAM];
	bool	amended;
};

void syncmap_get_stats(struct syncmap *map, struct syncmap_core_stats *stats);
int syncmap_check(struct syncmap *map);

/**
 * DEFINE_SYNCMAP_TYPE - typed wrappers: no casts at the call site
 * @name: prefix of the functions that are made
 * @key_type: type of the key: an integer or a struct without padding
 * @value_type: what the values point to
 *
 * Makes name_load(), name_store(), name_swap(), name_load_or_store(),
 * name_load_and_delete(), name_delete(), name_compare_and_swap() and
 * name_compare_and_delete(). They take the key by value and pointers to
 * @value_type; a load returns NULL when the key is absent, so that NULL is not
 * to be stored through them. Contexts and errors are those of the functions of
 * the same names. For example::
 *
 *	DEFINE_SYNCMAP_TYPE(routes, u32, struct route);
 *	...
 *	struct route *r = routes_load(&map, addr);
 */
#define DEFINE_SYNCMAP_TYPE(name, key_type, value_type)			\
static inline value_type *						\
name##_load(struct syncmap *map, key_type key)				\
{									\
	void *value = NULL;						\
									\
	syncmap_load(map, &key, sizeof(key), &value);			\
	return value;							\
}									\
static inline int							\
name##_store(struct syncmap *map, key_type key, value_type *value,	\
	     gfp_t gfp)							\
{									\
	return syncmap_store(map, &key, sizeof(key), value, gfp);	\
}									\
static inline int							\
name##_swap(struct syncmap *map, key_type key, value_type *value,	\
	    value_type **previous, gfp_t gfp)				\
{									\
	void *old = NULL;						\
	int ret = syncmap_swap(map, &key, sizeof(key), value, &old, gfp); \
									\
	*previous = old;						\
	return ret;							\
}									\
static inline int							\
name##_load_or_store(struct syncmap *map, key_type key,			\
		     value_type *value, value_type **actual, gfp_t gfp)	\
{									\
	void *now = NULL;						\
	int ret = syncmap_load_or_store(map, &key, sizeof(key), value,	\
					&now, gfp);			\
									\
	*actual = now;							\
	return ret;							\
}									\
static inline value_type *						\
name##_load_and_delete(struct syncmap *map, key_type key)		\
{									\
	void *value = NULL;						\
									\
	syncmap_load_and_delete(map, &key, sizeof(key), &value);	\
	return value;							\
}									\
static inline bool							\
name##_delete(struct syncmap *map, key_type key)			\
{									\
	return syncmap_delete(map, &key, sizeof(key));			\
}									\
static inline bool							\
name##_compare_and_swap(struct syncmap *map, key_type key,		\
			value_type *old, value_type *new)		\
{									\
	return syncmap_compare_and_swap(map, &key, sizeof(key), old, new); \
}									\
static inline bool							\
name##_compare_and_delete(struct syncmap *map, key_type key,		\
			  value_type *old)				\
{									\
	return syncmap_compare_and_delete(map, &key, sizeof(key), old);	\
}									\
static_assert(sizeof(key_type) > 0)

#endif /* _LINUX_SYNCMAP_H */
