/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the operations that is compiled into their callers
 *
 * A key that stands in the read table, as most do, is found in less time than a
 * call with its key in memory takes. So where the length of the key is a
 * constant, loads and what replaces a value are inline as far as that goes, and
 * with them the structures that they look into. They are private: see
 * module/core/internal.h for what they mean and why it is right, and include
 * <linux/syncmap.h> only.
 */
#ifndef _LINUX_SYNCMAP_INLINE_H
#define _LINUX_SYNCMAP_INLINE_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/prefetch.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

struct syncmap_dirty;
struct syncmap_gen;
struct syncmap_table;

/* Words; module/core/word.h */

#define SYNCMAP_WORD_OPEN	1ULL
#define SYNCMAP_CODE_NULL	4

/* Whether a caller's value can be stored at all */
static inline bool syncmap_code_is_valid(u64 code)
{
	return !(code & 1) && code >= SYNCMAP_CODE_NULL;
}

/* 0, which is not valid, for what would clash with another encoding */
static inline u64 syncmap_code_of(const void *value)
{
	u64 code = (unsigned long)value;

	if (!value)
		return SYNCMAP_CODE_NULL;
	if (code == SYNCMAP_CODE_NULL || !syncmap_code_is_valid(code))
		return 0;
	return code;
}

static inline void *syncmap_code_value(u64 code)
{
	return code == SYNCMAP_CODE_NULL ? NULL : (void *)(unsigned long)code;
}

/*
 * Steps: what is done in one go is bounded (B.1)
 *
 * In one go is what is done in a read section, with what is under a lock in it;
 * or, in work that takes as long as there are keys, from one rest to the next. It
 * is made of steps that take constant time: a slot, a node or a bucket is looked
 * at. Debug builds, those with CONFIG_PROVE_RCU, count them, and warn of more than
 * so many; in others none of this is there.
 */
#define SYNCMAP_STEPS_MAX	2048

static __always_inline void syncmap_step_begin(u32 *steps)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		*steps = 0;
}

static __always_inline void syncmap_step_count(u32 *steps)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		++*steps;
}

/* What is done in one go ends here, and something else begins */
static __always_inline void syncmap_step_rest(u32 *steps)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		WARN_ON_ONCE(*steps > SYNCMAP_STEPS_MAX);
	syncmap_step_begin(steps);
}

/* Keys; module/core/key.h */

/* A byte-string key as tables and nodes hold it */
struct syncmap_keyobj {
	u64	hash;
	u32	len;
	u8	bytes[];
};

static inline struct syncmap_keyobj *syncmap_keyobj_of(u64 word)
{
	return (struct syncmap_keyobj *)(unsigned long)word;
}

static __always_inline u64 syncmap_read_u64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Keys of a fixed length that are a word, filled up with 0 */
static __always_inline bool syncmap_key_is_word(u8 key_len)
{
	return key_len && key_len <= sizeof(u64);
}

/* ... and those that are longer: two words */
static __always_inline bool syncmap_key_is_wide(u8 key_len)
{
	return key_len > sizeof(u64);
}

/* Up to eight bytes as a number */
static __always_inline u64 syncmap_read_bytes(const u8 *p, size_t len)
{
	u64 v = 0;

	if (len == sizeof(u64))
		return syncmap_read_u64(p);
	if (len == sizeof(u32))
		memcpy(&v, p, sizeof(u32));
	else
		memcpy(&v, p, len);
	return v;
}

/* The last step overlaps the one before, where the length is not a multiple */
static __always_inline bool syncmap_bytes_equal(const u8 *a, const u8 *b,
						size_t len)
{
	size_t i;

	if (len < sizeof(u64))
		return !memcmp(a, b, len);
	for (i = 0; i < len - sizeof(u64); i += sizeof(u64))
		if (syncmap_read_u64(a + i) != syncmap_read_u64(b + i))
			return false;
	return syncmap_read_u64(a + len - sizeof(u64)) ==
	       syncmap_read_u64(b + len - sizeof(u64));
}

/* A caller's key during one operation */
struct syncmap_key {
	u64		hash;		/* right, if ->hashed */
	u64		word;		/* fixed length: the key, or its first */
	u64		word2;		/* ... and second word */
	const void	*bytes;
	u32		len;
	bool		hashed;
	u32		steps;		/* of its look-up */
};

/* All keys are on a stack, and none of them is a constant */
static __always_inline void syncmap_key_step(const struct syncmap_key *key)
{
	syncmap_step_count((u32 *)&key->steps);
}

/* The words of a key of a fixed length */
static __always_inline void syncmap_key_words(struct syncmap_key *key, u8 key_len,
					      const u8 *bytes)
{
	if (syncmap_key_is_wide(key_len)) {
		key->word = syncmap_read_u64(bytes);
		key->word2 = syncmap_read_bytes(bytes + sizeof(u64),
						key_len - sizeof(u64));
	} else {
		key->word = syncmap_read_bytes(bytes, key_len);
	}
}

/* Whether the key word of a slot or node stands for this key; see key.h */
static __always_inline bool
syncmap_key_matches(const struct syncmap_key *key, u8 key_len, u64 word)
{
	const struct syncmap_keyobj *obj;
	const u64 *words;

	if (syncmap_key_is_wide(key_len)) {
		words = (const u64 *)(unsigned long)word;
		return words[0] == key->word && words[1] == key->word2;
	}
	if (key_len)
		return word == key->word;
	obj = syncmap_keyobj_of(word);
	return obj->hash == key->hash && obj->len == key->len &&
	       syncmap_bytes_equal(obj->bytes, key->bytes, key->len);
}

/* Hashes; module/core/key.c */

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

/**
 * syncmap_hash_fast - keyed multiply-and-fold hash
 * @bytes: what to hash
 * @len: its length in bytes
 * @seed: random key of the map
 *
 * Of the family of wyhash: each step takes sixteen bytes, multiplies them as
 * two words, the one masked with one half of the seed, the other with the hash
 * so far, which begins with the other half, and folds the 128-bit product. So
 * no word makes a factor zero, and with it what came before, unless it is made
 * for the seed. Not proof against somebody who learns that.
 *
 * Context: Any.
 * Return: the hash.
 */
static __always_inline u64 syncmap_hash_fast(const void *bytes, size_t len,
					     const siphash_key_t *seed)
{
	u64 mask = seed->key[1] ^ SYNCMAP_HASH_MUL_1;
	u64 state = seed->key[0];
	const u8 *p = bytes;
	size_t left = len;

	for (; left > 16; left -= 16, p += 16)
		state = syncmap_hash_fold(syncmap_read_u64(p) ^ mask,
					  syncmap_read_u64(p + 8) ^ state);
	if (left > 8) {
		state = syncmap_hash_fold(syncmap_read_u64(p) ^ mask,
					  state ^ SYNCMAP_HASH_MUL_2);
		left -= 8;
		p += 8;
	}
	return syncmap_hash_finish(state, syncmap_read_bytes(p, left), len, seed);
}

/*
 * Below %SYNCMAP_CURSOR_END, for a bit that decides nothing: the first choose
 * the bucket, the last the fingerprint and the filter bit.
 */
static __always_inline u64 syncmap_hash_clip(u64 hash)
{
	return hash & ~(1ULL << 11);
}

/* Maps with the fast hash, whose keys have this fixed length, or 0: any */
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

/* ... and of a longer one, of bytes */
static __always_inline u64 syncmap_hash_bytes(const void *bytes, size_t len,
					      const siphash_key_t *seed)
{
	return syncmap_hash_clip(syncmap_hash_fast(bytes, len, seed));
}

/* Read tables; module/core/table.h */

#define SYNCMAP_BUCKET_SLOTS	7
#define SYNCMAP_WIDE_SLOTS	5
#define SYNCMAP_PAIR_SLOTS	4

struct syncmap_wide_slot {
	u64		key[2];
	atomic64_t	word;
};

/* Keys of two words, or of any length */
struct syncmap_bucket {
	u64				header;
	union {
		struct {
			u64		key[SYNCMAP_BUCKET_SLOTS];
			atomic64_t	word[SYNCMAP_BUCKET_SLOTS];
			/* builder: slots whose key object the next table has */
			u64		moved;
		};
		struct syncmap_wide_slot wide[SYNCMAP_WIDE_SLOTS];
	};
} __aligned(128);
static_assert(sizeof(struct syncmap_bucket) == 128);

struct syncmap_pair {
	u64		key;
	atomic64_t	word;
};

/* Keys of a word */
struct syncmap_pairs {
	struct syncmap_pair pair[SYNCMAP_PAIR_SLOTS];
} __aligned(64);
static_assert(sizeof(struct syncmap_pairs) == 64);

/* What a look-up needs of a table; a copy lies in the state */
struct syncmap_view {
	union {
		struct syncmap_bucket	*buckets;
		struct syncmap_pairs	*pairs;		/* their tags precede */
	};
	u64				homes;
};

/* The tag of a bucket of pairs: how many it has, and the filter above that */
#define SYNCMAP_TAG_KEYS	7
#define SYNCMAP_TAG_FILTER	3

static __always_inline u8 *syncmap_pairs_tag(const struct syncmap_view *view,
					     u64 bucket)
{
	return (u8 *)view->pairs - 1 - bucket;
}

/* What stands for the key of a slot, see key.h */
static __always_inline u64 syncmap_slot_key(const struct syncmap_view *view,
					    u64 bucket, unsigned int slot,
					    u8 key_len)
{
	if (syncmap_key_is_word(key_len))
		return READ_ONCE(view->pairs[bucket].pair[slot].key);
	return syncmap_key_is_wide(key_len) ?
		(unsigned long)view->buckets[bucket].wide[slot].key :
		view->buckets[bucket].key[slot];
}

static __always_inline atomic64_t *
syncmap_slot_word(const struct syncmap_view *view, u64 bucket, unsigned int slot,
		  u8 key_len)
{
	if (syncmap_key_is_word(key_len))
		return &view->pairs[bucket].pair[slot].word;
	return syncmap_key_is_wide(key_len) ?
		&view->buckets[bucket].wide[slot].word :
		&view->buckets[bucket].word[slot];
}

static inline u64 syncmap_table_home(u64 hash, u64 homes)
{
	return mul_u64_u64_shr(hash, homes, 64);
}

static inline u8 syncmap_fingerprint(u64 hash)
{
	return (u8)hash ?: 0x80;
}

/* The bit of the filter in a header, and in a tag */
static inline u64 syncmap_header_filter(u64 hash)
{
	return 1ULL << (56 + ((hash >> 8) & 7));
}

static inline u8 syncmap_tag_filter(u64 hash)
{
	return 1U << (SYNCMAP_TAG_FILTER + (5 * (u8)hash >> 8));
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

/* What an operation on a key with this hash will look at first */
static __always_inline void
syncmap_prefetch_bucket(const struct syncmap_view *view, u64 hash, u8 key_len)
{
	u64 home = syncmap_table_home(hash, view->homes);

	if (syncmap_key_is_word(key_len)) {
		syncmap_prefetch(&view->pairs[home]);
	} else {
		syncmap_prefetch(&view->buckets[home]);
		syncmap_prefetch(view->buckets[home].word);
	}
}

/* The value word of a key if it stands in one of these slots of a bucket */
static __always_inline atomic64_t *
syncmap_bucket_find(const struct syncmap_view *view, u64 bucket, u64 match,
		    const struct syncmap_key *key, u8 key_len)
{
	unsigned int slot;

	for (; match; match &= match - 1) {
		slot = __ffs64(match) / 8;
		if (syncmap_key_matches(key, key_len,
					syncmap_slot_key(view, bucket, slot,
							 key_len)))
			return syncmap_slot_word(view, bucket, slot, key_len);
	}
	return NULL;
}

/* To @write, its line is taken not before the key is likely to be there */
static __always_inline atomic64_t *
syncmap_buckets_find(const struct syncmap_view *view,
		     const struct syncmap_key *key, u8 key_len, bool write)
{
	u64 home = syncmap_table_home(key->hash, view->homes);
	u64 header, match;
	atomic64_t *word;

	for (;; home++) {
		syncmap_key_step(key);
		if (!write)
			syncmap_prefetch(view->buckets[home].word);
		header = syncmap_bucket_header(&view->buckets[home]);
		match = syncmap_header_match(header,
					     syncmap_fingerprint(key->hash));
		if (write && likely(match))
			prefetchw(syncmap_slot_word(view, home,
						    __ffs64(match) / 8, key_len));
		word = syncmap_bucket_find(view, home, match, key, key_len);
		if (likely(word) ||
		    !(header & syncmap_header_filter(key->hash)))
			return word;
	}
}

/*
 * The word of a pair if it has this key, else @other; without a branch, as which
 * of the pairs it is cannot be foreseen. On x86 compilers make one of what says so
 * in C.
 */
static __always_inline atomic64_t *
syncmap_pair_choose(struct syncmap_pair *pair, u64 key, atomic64_t *other)
{
	atomic64_t *word = &pair->word;
	u64 its = READ_ONCE(pair->key);

#ifdef __x86_64__
	asm("cmpq %2, %1\n\tcmoveq %3, %0"
	    : "+r" (other) : "r" (its), "r" (key), "r" (word) : "cc");
	return other;
#else
	return its == key ? word : other;
#endif
}

/*
 * Of several pairs that have the key the first: an unfilled one, behind those
 * that are filled, has key 0, and a word that says that the key is not here.
 */
static __always_inline atomic64_t *
syncmap_pairs_choose(struct syncmap_pairs *pairs, u64 key)
{
	atomic64_t *word = NULL;

	static_assert(SYNCMAP_PAIR_SLOTS == 4);
	word = syncmap_pair_choose(&pairs->pair[3], key, word);
	word = syncmap_pair_choose(&pairs->pair[2], key, word);
	word = syncmap_pair_choose(&pairs->pair[1], key, word);
	return syncmap_pair_choose(&pairs->pair[0], key, word);
}

static __always_inline atomic64_t *
syncmap_pairs_find(const struct syncmap_view *view,
		   const struct syncmap_key *key, bool write)
{
	u64 home = syncmap_table_home(key->hash, view->homes);
	atomic64_t *word;
	u8 tag;

	/* The bucket of the empty table is everybody's */
	if (write && likely(view->homes > 1))
		prefetchw(&view->pairs[home]);
	for (;; home++) {
		syncmap_key_step(key);
		word = syncmap_pairs_choose(&view->pairs[home], key->word);
		if (likely(word))
			return word;
		/* A load of an absent key acquires, too. See litmus/absent-read */
		tag = smp_load_acquire(syncmap_pairs_tag(view, home));
		if (!(tag & syncmap_tag_filter(key->hash)))
			return NULL;
	}
}

/*
 * The value word of a key, or NULL; or one that is 0, which is not the key's. To
 * @write, its line is taken from the others at once. Ends because the last bucket
 * of a tail never has a filter bit.
 */
static __always_inline atomic64_t *
syncmap_table_find(const struct syncmap_view *view,
		   const struct syncmap_key *key, u8 key_len, bool write)
{
	return syncmap_key_is_word(key_len) ?
		syncmap_pairs_find(view, key, write) :
		syncmap_buckets_find(view, key, key_len, write);
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
	/* unlinked nodes on their way, see module/core/retire.c; gen->draining */
	struct llist_node *waiting;
	struct llist_node *stale;
	/* one that only new and deleted keys change, summed up by others */
	long	live ____cacheline_aligned_in_smp;
	long	dead;		/* tombstones of read tables: words that are WORD_DEAD */
	long	dirty;		/* live keys of D and Dold */
	long	dirty_dead;	/* tombstones there */
	long	nodes;		/* in their chains */
	struct llist_head limbo;	/* where waiting and stale come from, */
	struct llist_head ready;	/* and what becomes of the former */
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
	bool				table_stays;	/* in the next one, after a purge */
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

/*
 * Operations. What is inline of them is for short keys, in a plain map, or in one
 * of byte strings that hashes as fast: a caller has hash, compare and all the
 * operation's variables in registers.
 */

/* Longer keys are not worth the code at each call */
#define SYNCMAP_SHORT_KEY	32

/* The &syncmap_params.key_len of maps that have what is inline for this length */
static __always_inline u8 syncmap_inline_key_len(size_t len)
{
	return len <= SYNCMAP_KEY_LEN_MAX ? len : 0;
}

static __always_inline bool syncmap_is_short(const struct syncmap *map,
					     size_t len)
{
	return len && len <= SYNCMAP_SHORT_KEY &&
	       likely(syncmap_params_are_plain(&map->params,
					       syncmap_inline_key_len(len)));
}

/* Whether to try what is inline: else most of it is left out */
#define syncmap_is_inline(map, len)					\
	(__builtin_constant_p(len) && syncmap_is_short(map, len))

/*
 * On entry of what may allocate, that a debug kernel tells a wrong context though
 * the key be there. No other kernel is to look whether it should reschedule.
 */
static __always_inline void syncmap_might_alloc(gfp_t gfp)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) || IS_ENABLED(CONFIG_LOCKDEP))
		might_alloc(gfp);
}

/* As syncmap_table_find(), of a short key. In a read section */
static __always_inline atomic64_t *
syncmap_find_short(const struct syncmap_state *state, struct syncmap_key *key,
		   const void *bytes, size_t len, bool write)
{
	u8 key_len = syncmap_inline_key_len(len);
	atomic64_t *home;

	key->bytes = bytes;
	key->len = len;
	syncmap_step_begin(&key->steps);
	if (key_len)
		syncmap_key_words(key, key_len, bytes);
	if (len <= sizeof(u64))
		key->hash = syncmap_hash_short(key->word, len, &state->seed);
	else
		key->hash = syncmap_hash_bytes(bytes, len, &state->seed);
	home = syncmap_table_find(&state->view, key, key_len, write);
	syncmap_step_rest(&key->steps);
	return home;
}

bool __syncmap_load(struct syncmap *map, const void *key, size_t len,
		    void **value);
bool __syncmap_load_moved(struct syncmap *map, const struct syncmap_state *state,
			  const void *key, size_t len, u64 hash, void **value);
bool __syncmap_load_dirty(struct syncmap *map, const struct syncmap_state *state,
			  const void *key, size_t len, u64 hash, void **value);

static __always_inline bool __syncmap_load_short(struct syncmap *map,
						 const void *bytes, size_t len,
						 void **value)
{
	const struct syncmap_state *state;
	u64 word = 0;
	const atomic64_t *home;
	struct syncmap_key key;
	bool found;

	rcu_read_lock();
	state = rcu_dereference(map->state);
	home = syncmap_find_short(state, &key, bytes, len, false);
	if (likely(home))
		/* Pairs with every change of a word. See litmus/message */
		word = atomic64_read_acquire(home);
	if (likely(word & SYNCMAP_WORD_OPEN) ||
	    (!word && !syncmap_is_amended(state))) {
		this_cpu_inc(state->counts->hits);
		rcu_read_unlock();
		word &= ~SYNCMAP_WORD_OPEN;
		if (word)
			*value = syncmap_code_value(word);
		return word;
	}
	found = word ?
		__syncmap_load_moved(map, state, bytes, len, key.hash, value) :
		__syncmap_load_dirty(map, state, bytes, len, key.hash, value);
	rcu_read_unlock();
	return found;
}

int __syncmap_swap(struct syncmap *map, const void *key, size_t len,
		   void *value, void **previous, gfp_t gfp);
bool __syncmap_compare_and_swap(struct syncmap *map, const void *key,
				size_t len, void *old, void *new);

/*
 * What an update comes down to most of the time: the key has a live value in the
 * read table, @old or, if that is zero, any, and nobody interferes while it gives
 * way to @new. Return: the code that was there; or 0, and nothing has been done.
 */
static __always_inline u64 __syncmap_replace_short(struct syncmap *map,
						   const void *bytes,
						   size_t len, u64 old, u64 new)
{
	const struct syncmap_state *state;
	struct syncmap_key key;
	atomic64_t *home;
	bool done = false;
	u64 word = 0;

	rcu_read_lock();
	state = rcu_dereference(map->state);
	home = syncmap_find_short(state, &key, bytes, len, true);
	if (likely(home))
		word = atomic64_read_acquire(home);
	if (likely(word & SYNCMAP_WORD_OPEN && word != SYNCMAP_WORD_OPEN) &&
	    (!old || word == (old | SYNCMAP_WORD_OPEN)) && likely(new)) {
		done = atomic64_try_cmpxchg(home, (s64 *)&word,
					    new | SYNCMAP_WORD_OPEN);
		if (likely(done))
			this_cpu_inc(state->counts->hits);
	}
	rcu_read_unlock();
	return done ? word & ~SYNCMAP_WORD_OPEN : 0;
}

#endif /* _LINUX_SYNCMAP_INLINE_H */
