/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of syncmap_load() that is compiled into its caller
 *
 * A key that stands in its home bucket of the read table, as most do, is found
 * in less time than a call with its key in memory takes. So where the length of
 * the key is a constant of up to eight bytes the first step of a look-up is
 * inline, and with it the structures that it reads. They are private: see
 * module/core/internal.h for what they mean and why it is right, and include
 * <linux/syncmap.h> only.
 */
#ifndef _LINUX_SYNCMAP_INLINE_H
#define _LINUX_SYNCMAP_INLINE_H

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

struct syncmap_dirty;
struct syncmap_gen;
struct syncmap_table;

/* Words; module/core/word.h */

#define SYNCMAP_WORD_OPEN	1ULL
#define SYNCMAP_CODE_NULL	4

static inline void *syncmap_code_value(u64 code)
{
	return code == SYNCMAP_CODE_NULL ? NULL : (void *)(unsigned long)code;
}

/* Hashes; module/core/key.h */

/* Fractions of the golden ratio and of pi: no structure, half the bits set */
#define SYNCMAP_HASH_MUL_1	0x9e3779b97f4a7c15ULL
#define SYNCMAP_HASH_MUL_2	0x243f6a8885a308d3ULL

/* Fold the 128-bit product: each bit of the result hangs on every input bit */
static __always_inline u64 syncmap_hash_fold(u64 a, u64 b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (u64)product ^ (u64)(product >> 64);
}

/* The last step of syncmap_hash_fast(), and the only one of a short key */
static __always_inline u64 syncmap_hash_finish(u64 state, u64 tail, size_t len,
					       const siphash_key_t *seed)
{
	state = syncmap_hash_fold(tail ^ state,
				  seed->key[1] ^ SYNCMAP_HASH_MUL_1);
	return syncmap_hash_fold(state ^ len, SYNCMAP_HASH_MUL_2);
}

/*
 * Below %SYNCMAP_CURSOR_END, for a bit that decides nothing: the first choose
 * the bucket, the last the fingerprint and the filter bit.
 */
static __always_inline u64 syncmap_hash_clip(u64 hash)
{
	return hash & ~(1ULL << 11);
}

/* Maps whose keys are words that syncmap_hash_short() makes hashes of */
static __always_inline bool
syncmap_params_are_plain(const struct syncmap_params *params, size_t len)
{
	return params->key_len == len && params->hash == SYNCMAP_HASH_FAST;
}

/* What syncmap_hash() makes of a key of @len bytes in a plain map */
static __always_inline u64 syncmap_hash_short(u64 key, size_t len,
					      const siphash_key_t *seed)
{
	return syncmap_hash_clip(syncmap_hash_finish(seed->key[0], key, len,
						     seed));
}

/* Read tables; module/core/table.h */

#define SYNCMAP_BUCKET_SLOTS	7

struct syncmap_bucket {
	u64		header;
	u64		key[SYNCMAP_BUCKET_SLOTS];
	atomic64_t	word[SYNCMAP_BUCKET_SLOTS];
	u64		moved;	/* builder: slots whose key is in the next table */
} __aligned(128);

/* What a look-up needs of a table; a copy lies in the state */
struct syncmap_view {
	struct syncmap_bucket	*buckets;
	u64			homes;
};

static inline u64 syncmap_table_home(u64 hash, u64 homes)
{
	return mul_u64_u64_shr(hash, homes, 64);
}

static __always_inline struct syncmap_bucket *
syncmap_table_bucket(const struct syncmap_view *view, u64 hash)
{
	return &view->buckets[syncmap_table_home(hash, view->homes)];
}

static inline u8 syncmap_fingerprint(u64 hash)
{
	return (u8)hash ?: 0x80;
}

/* The bit of the filter, and whether it is set */
static inline u64 syncmap_header_filter(u64 hash)
{
	return 1ULL << (56 + ((hash >> 8) & 7));
}

#define SYNCMAP_HEADER_ONES	0x0101010101010101ULL
#define SYNCMAP_HEADER_LOW	0xff7f7f7f7f7f7f7fULL

/*
 * Bit 7 of each of the seven bytes that equal @fp, exactly: adding within
 * seven bits cannot carry into the next byte, as the shorter and usual trick
 * does, whose false match might be an empty slot. The filter never matches.
 */
static inline u64 syncmap_header_match(u64 header, u8 fp)
{
	u64 x = header ^ (SYNCMAP_HEADER_ONES * fp);

	return ~(((x & SYNCMAP_HEADER_LOW) + SYNCMAP_HEADER_LOW) | x |
		 SYNCMAP_HEADER_LOW);
}

static __always_inline u64
syncmap_bucket_header(const struct syncmap_bucket *bucket)
{
	/* Pairs with the release in syncmap_table_append(). See litmus/header */
	return smp_load_acquire(&bucket->header);
}

/*
 * Not prefetch(): on x86 that by-passes the second level cache, from which most
 * look-ups in a map of some size are served.
 */
static __always_inline void syncmap_prefetch(const void *line)
{
	__builtin_prefetch(line);
}

/* States; module/core/internal.h */

/* Per CPU and generation. A key may be counted up on one CPU, down on another */
struct syncmap_counts {
	/* a cache line that each operation writes, and nobody else hurries for */
	u64	hits;
	u64	misses;
	u64	inserts;
	u64	unlinks;
	u64	lock_waits;
	/* one that only new and deleted keys change, summed up by others */
	long	live ____cacheline_aligned_in_smp;
	long	dead;		/* tombstones: words that are WORD_DEAD */
	long	dirty;		/* nodes of D and Dold */
	/* unlinked nodes on their way, see module/core/retire.c */
	struct llist_head limbo;
	struct llist_head ready;
	struct llist_node *waiting;	/* gen->draining, as stale */
	struct llist_node *stale;
};

struct syncmap_state {
	/* one cache line for every operation */
	struct syncmap_view		view;		/* of table */
	const bool			*used;		/* of dirty */
	struct syncmap_dirty		*dirty;
	struct syncmap_dirty		*old;
	struct syncmap_counts __percpu	*counts;	/* of gen */
	siphash_key_t			seed;		/* of map */
	/* cold */
	struct syncmap_table		*table;
	struct syncmap_gen		*gen;
	struct syncmap_state		*prev;		/* retired together */
	refcount_t			pins;		/* the map's, the builder's */
	bool				cleared;	/* taken away by Clear */
	u8				part;		/* being taken apart, */
	u64				at;		/* and where in it */
	struct rcu_work			retire;
};

/* A copied map would run two sets of tables on one background worker */
static __always_inline void syncmap_assert(const struct syncmap *map)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		WARN_ONCE(map->self != map,
			  "syncmap: used before it was initialised, or copied\n");
}

/* Whether a key that is not in the read table may be elsewhere */
static __always_inline bool
syncmap_is_amended(const struct syncmap_state *state)
{
	return READ_ONCE(*state->used) || state->old;
}

/* Whether a key that is not in the home bucket can be nowhere else */
static __always_inline bool
syncmap_is_absent(const struct syncmap_state *state, u64 header, u64 hash)
{
	return !(header & syncmap_header_filter(hash)) &&
	       !syncmap_is_amended(state);
}

/* The value word of a short key in this bucket; 0 also if it is not there */
static __always_inline u64
syncmap_bucket_read(const struct syncmap_bucket *bucket, u64 header, u64 hash,
		    u64 key)
{
	u64 match = syncmap_header_match(header, syncmap_fingerprint(hash));
	unsigned int slot;

	for (; match; match &= match - 1) {
		slot = __ffs64(match) / 8;
		if (bucket->key[slot] == key)
			/* Pairs with every change of a word. See litmus/message */
			return atomic64_read_acquire(&bucket->word[slot]);
	}
	return 0;
}

bool __syncmap_load(struct syncmap *map, const void *key, size_t len,
		    void **value);
bool __syncmap_load_rest(struct syncmap *map, const struct syncmap_state *state,
			 const void *key, size_t len, u64 hash, void **value);

/* syncmap_load() in a plain map; @len is a constant */
static __always_inline bool __syncmap_load_short(struct syncmap *map,
						 const void *bytes, size_t len,
						 void **value)
{
	const struct syncmap_bucket *bucket;
	const struct syncmap_state *state;
	u64 hash, header, word, key = 0;
	bool found;

	memcpy(&key, bytes, len);
	rcu_read_lock();
	state = rcu_dereference(map->state);
	hash = syncmap_hash_short(key, len, &state->seed);
	bucket = syncmap_table_bucket(&state->view, hash);
	syncmap_prefetch(bucket->word);
	header = syncmap_bucket_header(bucket);
	word = syncmap_bucket_read(bucket, header, hash, key);
	if (likely(word & SYNCMAP_WORD_OPEN) ||
	    (!word && syncmap_is_absent(state, header, hash))) {
		this_cpu_inc(state->counts->hits);
		rcu_read_unlock();
		word &= ~SYNCMAP_WORD_OPEN;
		if (word)
			*value = syncmap_code_value(word);
		return word;
	}
	found = __syncmap_load_rest(map, state, bytes, len, hash, value);
	rcu_read_unlock();
	return found;
}

#endif /* _LINUX_SYNCMAP_INLINE_H */
