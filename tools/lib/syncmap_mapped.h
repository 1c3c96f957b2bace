/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Loads from a mapping of a map's descriptor, without a system call
 *
 * For C11 and C++, without a library: libsyncmap_load() does this by itself. How a
 * mapping is read, and what that is worth, is in <linux/syncmap_mapped.h>; whoever
 * binds another language says the same there.
 */
#ifndef SYNCMAP_MAPPED_H
#define SYNCMAP_MAPPED_H

#include <errno.h>
#include <linux/syncmap.h>
#include <linux/syncmap_mapped.h>
#include <string.h>
#include <time.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ThreadSanitizer is told of words: to it, vectors would be races */
#if defined(__SANITIZE_THREAD__)
#define SYNCMAP_MAPPED_WORDS
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SYNCMAP_MAPPED_WORDS
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define SYNCMAP_MAPPED_CLOCK	7	/* CLOCK_BOOTTIME */
#ifndef CLOCK_MONOTONIC			/* strict C leaves clocks out */
int clock_gettime(int clock, struct timespec *now);
#endif

/* The kernel knows: SYNCMAP_OP_LOAD */
#define SYNCMAP_MAPPED_ASK	1

/* How often a load begins anew before it asks */
#define SYNCMAP_MAPPED_TRIES	4

#define SYNCMAP_MAPPED_INLINE	static inline __attribute__((always_inline))

/* A mapping, and what is constant in it */
struct syncmap_mapped {
	const unsigned char			*base;
	const unsigned char			*arena;
	__u64					seed;
	__u64					slots;
	/* &syncmap_map_info.boottime_offset, which whoever attaches sets */
	__s64					boottime_offset;
	__u32					key_type;
};

struct syncmap_mapped_result {
	__u64	revision;
	__u64	deadline;	/* in the initial time namespace; SYNCMAP_NEVER */
	__u32	len;		/* of the value, in bytes */
};

/**
 * syncmap_mapped_attach() - get to know a mapping
 * @mapped: out: what is passed to the loads
 * @base: where the descriptor is mapped
 * @size: its size in bytes, &syncmap_map_info.mapped
 *
 * A process in a time namespace sets &syncmap_mapped.boottime_offset then.
 *
 * Return: 0; -EPROTO: this is no mapping of the kind that is known here.
 */
static inline int syncmap_mapped_attach(struct syncmap_mapped *mapped,
					const void *base, __u64 size)
{
	const struct syncmap_mapped_head *head =
		(const struct syncmap_mapped_head *)base;

	if (size < sizeof(*head) || head->magic != SYNCMAP_MAPPED_MAGIC ||
	    head->abi != SYNCMAP_MAPPED_ABI || head->size > size ||
	    head->arena > head->size ||
	    (head->arena | head->size) % SYNCMAP_MAPPED_PAGE)
		return -EPROTO;
	mapped->base = (const unsigned char *)base;
	mapped->arena = mapped->base + head->arena;
	mapped->seed = head->seed;
	mapped->slots = (head->size - head->arena) / SYNCMAP_MAPPED_UNIT;
	mapped->key_type = head->key_type;
	mapped->boottime_offset = 0;
	return 0;
}

SYNCMAP_MAPPED_INLINE __u64 syncmap_mapped_read(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/**
 * syncmap_mapped_evicts() - does the map evict what is not used?
 * @mapped: the mapping
 *
 * The kernel does not see loads from a mapping. So whoever loads from such a map, and
 * wants to find there later what is used, does one load in 64 or so by
 * %SYNCMAP_OP_LOAD, which counts: drawn at random, or the same keys would be counted
 * of those that are loaded in turn. It may change at any time.
 *
 * Return: not 0 if it does.
 */
static inline int syncmap_mapped_evicts(const struct syncmap_mapped *mapped)
{
	const struct syncmap_mapped_head *head =
		(const struct syncmap_mapped_head *)mapped->base;

	return !!(syncmap_mapped_read(&head->word) & SYNCMAP_MAPPED_EVICTS);
}

SYNCMAP_MAPPED_INLINE void syncmap_mapped_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static inline __u64 syncmap_mapped_now(const struct syncmap_mapped *mapped)
{
	struct timespec now;

	clock_gettime(SYNCMAP_MAPPED_CLOCK, &now);
	return (__u64)now.tv_sec * 1000000000 + (__u64)now.tv_nsec -
	       (__u64)mapped->boottime_offset;
}

/* Bit i: tag i is @tag */
SYNCMAP_MAPPED_INLINE __u32
syncmap_mapped_match(const struct syncmap_mapped_bucket *bucket, __u8 tag)
{
#if defined(__SSE2__) && !defined(SYNCMAP_MAPPED_WORDS)
	__m128i tags = _mm_loadu_si128((const __m128i *)bucket->tag);

	return _mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8(tag))) &
	       ((1U << SYNCMAP_MAPPED_SLOTS) - 1);
#else
	__u32 match = 0;
	int i;

	for (i = 0; i < SYNCMAP_MAPPED_SLOTS; i++)
		match |= (__u32)(__atomic_load_n(&bucket->tag[i],
						 __ATOMIC_RELAXED) == tag) << i;
	return match;
#endif
}

/* Up to seven bytes */
SYNCMAP_MAPPED_INLINE void syncmap_mapped_copy_tail(unsigned char *to,
						    const unsigned char *from,
						    __u32 len)
{
	__u32 at = len & 4;

	if (at)
		memcpy(to, from, 4);
	if (len & 2) {
		memcpy(to + at, from + at, 2);
		at += 2;
	}
	if (len & 1)
		to[at] = from[at];
}

SYNCMAP_MAPPED_INLINE int syncmap_mapped_key_is(const __u64 *words,
						const unsigned char *key,
						__u32 len)
{
	__u64 last = 0;
	__u32 i;

	for (i = 0; i < len / 8; i++)
		if (syncmap_mapped_read(words + i) !=
		    syncmap_mapped_word(key + 8 * i))
			return 0;
	if (!(len & 7))
		return 1;
	syncmap_mapped_copy_tail((unsigned char *)&last, key + 8 * i, len & 7);
	return syncmap_mapped_read(words + i) == last;
}

#if defined(__SSE2__) && !defined(SYNCMAP_MAPPED_WORDS)
SYNCMAP_MAPPED_INLINE void syncmap_mapped_copy_16(unsigned char *to,
						  const unsigned char *from)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)from);

	/* Read once, and not by a string instruction, which starts slowly */
	__asm__("" : "+x"(bytes));
	_mm_storeu_si128((__m128i *)to, bytes);
}
#endif

/* Of what changes meanwhile any mixture, which nobody believes */
SYNCMAP_MAPPED_INLINE void syncmap_mapped_copy(unsigned char *to,
					       const __u64 *words, __u32 len)
{
	__u64 word;
	__u32 i;

#if defined(__SSE2__) && !defined(SYNCMAP_MAPPED_WORDS)
	if (len >= 16) {
		const unsigned char *from = (const unsigned char *)words;

		for (i = 0; i < len - 16; i += 16)
			syncmap_mapped_copy_16(to + i, from + i);
		syncmap_mapped_copy_16(to + len - 16, from + len - 16);
		return;
	}
#endif
	for (i = 0; i < len / 8; i++) {
		word = syncmap_mapped_read(words + i);
		memcpy(to + 8 * i, &word, 8);
	}
	if (!(len & 7))
		return;
	word = syncmap_mapped_read(words + i);
	syncmap_mapped_copy_tail(to + 8 * i, (const unsigned char *)&word,
				 len & 7);
}

/* What kind of load it is, which is known where it is compiled */
enum syncmap_mapped_kind {
	SYNCMAP_MAPPED_TAGS,		/* by strings or bytes */
	SYNCMAP_MAPPED_U64,
	SYNCMAP_MAPPED_VALUE,		/* the same without the revision */
};

/* What is asked for, and the clock, 0 until it was read: once is enough */
struct syncmap_mapped_query {
	enum syncmap_mapped_kind kind;
	const void	*key;
	void		*buf;
	__u32		key_len;
	__u32		size;
	__u64		hash;
	__u64		floor;
	__u64		now;
};

SYNCMAP_MAPPED_INLINE int
syncmap_mapped_is_late(const struct syncmap_mapped *mapped,
		       struct syncmap_mapped_query *query, __u64 deadline)
{
	if (!query->now)
		query->now = syncmap_mapped_now(mapped);
#ifdef __SSE2__
	/* No load waits for the counter that clocks are made of */
	_mm_lfence();
#endif
	return query->now >= deadline;
}

/*
 * What a slot has for the key: 0, -ENOENT, -EMSGSIZE, SYNCMAP_MAPPED_ASK, or
 * -EAGAIN: another key. Whatever is read here may never have been a slot.
 */
SYNCMAP_MAPPED_INLINE int
syncmap_mapped_look(const struct syncmap_mapped *mapped, __u32 nr,
		    struct syncmap_mapped_query *query,
		    struct syncmap_mapped_result *result)
{
	const __u32 key_len = query->key_len;
	const __u64 *words = (const __u64 *)(mapped->arena +
					     (__u64)nr * SYNCMAP_MAPPED_UNIT);
	__u32 room = SYNCMAP_MAPPED_PAGE -
		     nr * SYNCMAP_MAPPED_UNIT % SYNCMAP_MAPPED_PAGE;
	struct syncmap_mapped_slot head;
	__u64 value_at, end;

	if (nr >= mapped->slots)
		return SYNCMAP_MAPPED_ASK;
	head.revision = syncmap_mapped_read(words);
	if (!head.revision)
		return SYNCMAP_MAPPED_ASK;
	end = syncmap_mapped_read(words + 1);
	memcpy(&head.value_len, &end, sizeof(end));
	value_at = sizeof(head) + syncmap_mapped_pad(key_len);
	if (head.key_len != key_len || value_at > room ||
	    !syncmap_mapped_key_is(words + 2, (const unsigned char *)query->key,
				   key_len))
		return -EAGAIN;
	if (head.revision < query->floor)
		return -ENOENT;
	if (head.flags & SYNCMAP_SLOT_ASK)
		return SYNCMAP_MAPPED_ASK;
	end = value_at + syncmap_mapped_pad(head.value_len);
	result->deadline = SYNCMAP_NEVER;
	if (head.flags & SYNCMAP_SLOT_MORTAL) {
		if (end + 8 > room)
			return SYNCMAP_MAPPED_ASK;
		result->deadline = syncmap_mapped_read(words + end / 8);
		/* Before the words are compared: what is late is there by now */
		if (syncmap_mapped_is_late(mapped, query, result->deadline))
			return -ENOENT;
	}
	if (end > room)
		return SYNCMAP_MAPPED_ASK;
	result->revision = head.revision;
	result->len = head.value_len;
	if (head.value_len > query->size)
		return -EMSGSIZE;
	syncmap_mapped_copy((unsigned char *)query->buf, words + value_at / 8,
			    head.value_len);
	return 0;
}

SYNCMAP_MAPPED_INLINE int syncmap_mapped_usable(__u64 word)
{
	return (word & (SYNCMAP_MAPPED_READY | SYNCMAP_MAPPED_WINDOWS)) ==
	       SYNCMAP_MAPPED_READY;
}

SYNCMAP_MAPPED_INLINE const struct syncmap_mapped_bucket *
syncmap_mapped_bucket_of(const struct syncmap_mapped *mapped, __u64 h,
			 __u64 hash)
{
	unsigned int shift = h >> SYNCMAP_MAPPED_SHIFT & 63;

	return (const struct syncmap_mapped_bucket *)
	       (mapped->base + syncmap_mapped_index(shift)) +
	       (hash >> (64 - shift));
}

/* What the tags of a bucket lead to: as syncmap_mapped_look() */
SYNCMAP_MAPPED_INLINE int
syncmap_mapped_search_tags(const struct syncmap_mapped *mapped,
			   const struct syncmap_mapped_bucket *bucket,
			   struct syncmap_mapped_query *query,
			   struct syncmap_mapped_result *result)
{
	__u32 match = syncmap_mapped_match(bucket,
					   syncmap_mapped_tag(query->hash));
	int ret = -EAGAIN;

	for (; match && ret == -EAGAIN; match &= match - 1)
		ret = syncmap_mapped_look
			(mapped,
			 __atomic_load_n(&bucket->slot[__builtin_ctz(match)],
					 __ATOMIC_RELAXED), query, result);
	return ret;
}

/* Bit i: pair i has the key, or is none */
SYNCMAP_MAPPED_INLINE __u32
syncmap_mapped_match_pairs(const struct syncmap_mapped_pairs *pairs, __u64 key)
{
	__u32 first = syncmap_mapped_read(&pairs->pair[0].key) == key;
	__u32 second = syncmap_mapped_read(&pairs->pair[1].key) == key;
	__u32 third = syncmap_mapped_read(&pairs->pair[2].key) == key;

	return first | second << 1 | third << 2;
}

/* What a pair has, or its slot: as syncmap_mapped_look() */
SYNCMAP_MAPPED_INLINE int
syncmap_mapped_look_at_pair(const struct syncmap_mapped *mapped, __u32 kind,
			    __u64 value, __u64 revision,
			    struct syncmap_mapped_query *query,
			    struct syncmap_mapped_result *result)
{
	__u32 len = kind - 1;

	if (kind == SYNCMAP_PAIR_SLOT)
		return syncmap_mapped_look(mapped, (__u32)value, query, result);
	if (kind > SYNCMAP_PAIR_MOST || !revision)
		return SYNCMAP_MAPPED_ASK;
	if (revision < query->floor)
		return -ENOENT;
	result->revision = revision;
	result->deadline = SYNCMAP_NEVER;
	result->len = len;
	if (len > query->size)
		return -EMSGSIZE;
	if (len == sizeof(value))
		memcpy(query->buf, &value, sizeof(value));
	else if (len)
		memcpy(query->buf, &value, len);
	return 0;
}

/* What has no room in a bucket: the same */
SYNCMAP_MAPPED_INLINE int
syncmap_mapped_search_more(const struct syncmap_mapped *mapped, __u32 nr,
			   struct syncmap_mapped_query *query,
			   struct syncmap_mapped_result *result)
{
	const struct syncmap_mapped_more *more =
		(const struct syncmap_mapped_more *)
		(mapped->arena + (__u64)nr * SYNCMAP_MAPPED_UNIT);
	__u64 key = syncmap_mapped_word(query->key), kinds;
	int ret = -EAGAIN, i;

	if ((__u64)nr + SYNCMAP_MAPPED_MORE_UNITS > mapped->slots)
		return SYNCMAP_MAPPED_ASK;
	kinds = syncmap_mapped_read(&more->kinds);
	if (!kinds)
		return SYNCMAP_MAPPED_ASK;
	for (i = 0; i < SYNCMAP_MAPPED_MORE && ret == -EAGAIN;
	     i++, kinds >>= SYNCMAP_PAIR_BITS)
		if (kinds & SYNCMAP_PAIR_MASK &&
		    syncmap_mapped_read(&more->pair[i].key) == key)
			ret = syncmap_mapped_look_at_pair
				(mapped, kinds & SYNCMAP_PAIR_MASK,
				 syncmap_mapped_read(&more->pair[i].value),
				 syncmap_mapped_read(&more->pair[i].revision),
				 query, result);
	return ret;
}

SYNCMAP_MAPPED_INLINE const struct syncmap_mapped_revisions *
syncmap_mapped_revisions_of(const struct syncmap_mapped *mapped, __u64 h,
			    __u64 hash)
{
	unsigned int shift = h >> SYNCMAP_MAPPED_SHIFT & 63;

	return (const struct syncmap_mapped_revisions *)
	       (mapped->base + syncmap_mapped_revisions(shift)) +
	       (hash >> (64 - shift));
}

/* Its revision, or what stands for one that nobody looks at */
SYNCMAP_MAPPED_INLINE __u64
syncmap_mapped_revision(const struct syncmap_mapped *mapped, __u64 h, int i,
			const struct syncmap_mapped_query *query)
{
	const struct syncmap_mapped_revisions *revisions;

	if (query->kind == SYNCMAP_MAPPED_VALUE && !query->floor)
		return ~0ULL;
	revisions = syncmap_mapped_revisions_of(mapped, h, query->hash);
	return (__u64)__atomic_load_n(&revisions->high, __ATOMIC_RELAXED) << 32 |
	       __atomic_load_n(&revisions->low[i], __ATOMIC_RELAXED);
}

/* What the pairs of a bucket have: the same */
SYNCMAP_MAPPED_INLINE int
syncmap_mapped_search_pairs(const struct syncmap_mapped *mapped, __u64 h,
			    const struct syncmap_mapped_pairs *pairs,
			    struct syncmap_mapped_query *query,
			    struct syncmap_mapped_result *result)
{
	__u32 match = syncmap_mapped_match_pairs
			(pairs, syncmap_mapped_word(query->key));
	__u32 kinds = __atomic_load_n(&pairs->kinds, __ATOMIC_RELAXED);
	__u32 kind, nr;
	int ret = -EAGAIN, i;

	for (; match && ret == -EAGAIN; match &= match - 1) {
		i = __builtin_ctz(match);
		kind = kinds >> (SYNCMAP_PAIR_BITS * i) & SYNCMAP_PAIR_MASK;
		if (kind)
			ret = syncmap_mapped_look_at_pair
				(mapped, kind,
				 syncmap_mapped_read(&pairs->pair[i].value),
				 syncmap_mapped_revision(mapped, h, i, query),
				 query, result);
	}
	if (ret != -EAGAIN)
		return ret;
	nr = __atomic_load_n(&pairs->more, __ATOMIC_RELAXED);
	return nr ? syncmap_mapped_search_more(mapped, nr, query, result) :
		    -EAGAIN;
}

/*
 * What a bucket has for the key, if the words are @h and @w: 0, -ENOENT, -EMSGSIZE
 * or SYNCMAP_MAPPED_ASK
 */
SYNCMAP_MAPPED_INLINE int
syncmap_mapped_search(const struct syncmap_mapped *mapped, __u64 h,
		      const struct syncmap_mapped_bucket *bucket, __u64 w,
		      struct syncmap_mapped_query *query,
		      struct syncmap_mapped_result *result)
{
	int ret;

	if (query->kind == SYNCMAP_MAPPED_TAGS)
		ret = syncmap_mapped_search_tags(mapped, bucket, query, result);
	else
		ret = syncmap_mapped_search_pairs
			(mapped, h, (const struct syncmap_mapped_pairs *)bucket,
			 query, result);
	if (ret == -EAGAIN)
		ret = w & SYNCMAP_MAPPED_SPILL ? SYNCMAP_MAPPED_ASK : -ENOENT;
	return ret;
}

/* The slot that a key seems to have, or 0 */
SYNCMAP_MAPPED_INLINE __u32
syncmap_mapped_slot_of(const struct syncmap_mapped_bucket *bucket, __u64 hash)
{
	__u32 match = syncmap_mapped_match(bucket, syncmap_mapped_tag(hash));

	if (!match)
		return 0;
	return __atomic_load_n(&bucket->slot[__builtin_ctz(match)],
			       __ATOMIC_RELAXED);
}

/* The same, where that is needed besides the pair */
SYNCMAP_MAPPED_INLINE __u32
syncmap_mapped_slot_of_pair(const struct syncmap_mapped_pairs *pairs, __u64 key)
{
	__u32 match = syncmap_mapped_match_pairs(pairs, key), kinds;
	int i;

	if (!match)
		return __atomic_load_n(&pairs->more, __ATOMIC_RELAXED);
	i = __builtin_ctz(match);
	kinds = __atomic_load_n(&pairs->kinds, __ATOMIC_RELAXED);
	if ((kinds >> (SYNCMAP_PAIR_BITS * i) & SYNCMAP_PAIR_MASK) !=
	    SYNCMAP_PAIR_SLOT)
		return 0;
	return (__u32)syncmap_mapped_read(&pairs->pair[i].value);
}

/* So that what syncmap_mapped_search() will look at is there by then */
SYNCMAP_MAPPED_INLINE void
syncmap_mapped_fetch(const struct syncmap_mapped *mapped,
		     const struct syncmap_mapped_bucket *bucket, __u64 hash,
		     const void *key, int is_u64)
{
	__u32 nr = is_u64 ?
		syncmap_mapped_slot_of_pair
			((const struct syncmap_mapped_pairs *)bucket,
			 syncmap_mapped_word(key)) :
		syncmap_mapped_slot_of(bucket, hash);

	if (nr)
		__builtin_prefetch(mapped->arena +
				   (__u64)nr * SYNCMAP_MAPPED_UNIT);
}

/* In this order: the bucket may be that of another index by now */
SYNCMAP_MAPPED_INLINE int
syncmap_mapped_is_same(const struct syncmap_mapped_head *head, __u64 h,
		       const struct syncmap_mapped_bucket *bucket, __u64 w)
{
	return __atomic_load_n(&bucket->word, __ATOMIC_ACQUIRE) == w &&
	       syncmap_mapped_read(&head->word) == h;
}

/* What was cleared, and is there still, is below it. Mostly there is no such */
SYNCMAP_MAPPED_INLINE __u64
syncmap_mapped_floor(const struct syncmap_mapped_head *head, __u64 h)
{
	return h & SYNCMAP_MAPPED_CLEARED ? syncmap_mapped_read(&head->floor) : 0;
}

SYNCMAP_MAPPED_INLINE int
syncmap_mapped_find(const struct syncmap_mapped *mapped,
		    struct syncmap_mapped_query *query,
		    struct syncmap_mapped_result *result)
{
	const struct syncmap_mapped_head *head =
		(const struct syncmap_mapped_head *)mapped->base;
	const struct syncmap_mapped_bucket *bucket;
	__u64 h, w;
	int tries, ret;

	for (tries = 0; tries < SYNCMAP_MAPPED_TRIES; tries++) {
		h = __atomic_load_n(&head->word, __ATOMIC_ACQUIRE);
		if (!syncmap_mapped_usable(h)) {
			syncmap_mapped_relax();
			continue;
		}
		query->floor = syncmap_mapped_floor(head, h);
		bucket = syncmap_mapped_bucket_of(mapped, h, query->hash);
		if (query->kind == SYNCMAP_MAPPED_U64)
			__builtin_prefetch(syncmap_mapped_revisions_of
						(mapped, h, query->hash));
		w = __atomic_load_n(&bucket->word, __ATOMIC_ACQUIRE);
		if (!syncmap_mapped_usable(w)) {
			syncmap_mapped_relax();
			continue;
		}
		query->now = 0;
		ret = syncmap_mapped_search(mapped, h, bucket, w, query, result);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (syncmap_mapped_is_same(head, h, bucket, w))
			return ret;
	}
	return SYNCMAP_MAPPED_ASK;
}

/**
 * syncmap_mapped_load_u64() - load from a map with integers as keys
 * @mapped: the mapping
 * @key: the key
 * @buf: out: the value, undefined unless it is 0 that is returned
 * @size: room in @buf, in bytes
 * @result: out: on 0 and -EMSGSIZE
 *
 * Return: 0; -ENOENT; -EMSGSIZE; %SYNCMAP_MAPPED_ASK: only the kernel can tell.
 */
static inline int syncmap_mapped_load_u64(const struct syncmap_mapped *mapped,
					  __u64 key, void *buf, __u32 size,
					  struct syncmap_mapped_result *result)
{
	struct syncmap_mapped_query query;

	query.kind = SYNCMAP_MAPPED_U64;
	query.key = &key;
	query.key_len = sizeof(key);
	query.buf = buf;
	query.size = size;
	query.hash = syncmap_mapped_hash_u64(mapped->seed, key);
	return syncmap_mapped_find(mapped, &query, result);
}

/**
 * syncmap_mapped_load_value() - the same without the revision, which is faster
 * @mapped: the mapping
 * @key: the key
 * @buf: out: the value, undefined unless it is 0 that is returned
 * @size: room in @buf, in bytes
 * @len: out: on 0 and -EMSGSIZE: the length of the value in bytes
 *
 * Return: as syncmap_mapped_load_u64().
 */
static inline int syncmap_mapped_load_value(const struct syncmap_mapped *mapped,
					    __u64 key, void *buf, __u32 size,
					    __u32 *len)
{
	struct syncmap_mapped_result result;
	struct syncmap_mapped_query query;
	int ret;

	result.len = 0;
	query.kind = SYNCMAP_MAPPED_VALUE;
	query.key = &key;
	query.key_len = sizeof(key);
	query.buf = buf;
	query.size = size;
	query.hash = syncmap_mapped_hash_u64(mapped->seed, key);
	ret = syncmap_mapped_find(mapped, &query, &result);
	if (!ret || ret == -EMSGSIZE)
		*len = result.len;
	return ret;
}

/**
 * syncmap_mapped_load() - the same of a map with strings or bytes as keys
 * @mapped: the mapping
 * @key: the key
 * @key_len: its length in bytes
 * @buf: out: the value
 * @size: room in @buf, in bytes
 * @result: out: as syncmap_mapped_load_u64()
 *
 * What no key of the map can be, as it is too long or has a NUL, is absent.
 *
 * Return: as syncmap_mapped_load_u64().
 */
static inline int syncmap_mapped_load(const struct syncmap_mapped *mapped,
				      const void *key, __u32 key_len, void *buf,
				      __u32 size,
				      struct syncmap_mapped_result *result)
{
	struct syncmap_mapped_query query;

	query.kind = SYNCMAP_MAPPED_TAGS;
	query.key = key;
	query.key_len = key_len;
	query.buf = buf;
	query.size = size;
	query.hash = syncmap_mapped_hash_bytes(mapped->seed, key, key_len);
	return syncmap_mapped_find(mapped, &query, result);
}

/**
 * struct syncmap_mapped_item - one load of a batch
 * @key: pointer to the key, of whatever type
 * @buf: where its value goes
 * @key_len: length of the key in bytes
 * @size: room in @buf, in bytes
 * @status: out: what syncmap_mapped_load() would return
 * @result: out: likewise
 */
struct syncmap_mapped_item {
	const void			*key;
	void				*buf;
	__u32				key_len;
	__u32				size;
	int				status;
	struct syncmap_mapped_result	result;
};

/* Loads of a batch that are under way at a time */
#define SYNCMAP_MAPPED_BATCH	32

/* Where an item was found, and what was there first */
struct syncmap_mapped_place {
	const struct syncmap_mapped_bucket	*bucket;
	__u64					hash;
	__u64					word;
};

SYNCMAP_MAPPED_INLINE void
syncmap_mapped_set_query(struct syncmap_mapped_query *query,
			 const struct syncmap_mapped_item *item, __u64 hash,
			 int is_u64)
{
	query->kind = is_u64 ? SYNCMAP_MAPPED_U64 : SYNCMAP_MAPPED_TAGS;
	query->key = item->key;
	query->key_len = is_u64 ? 8 : item->key_len;
	query->buf = item->buf;
	query->size = item->size;
	query->hash = hash;
}

SYNCMAP_MAPPED_INLINE void
syncmap_mapped_hash_items(const struct syncmap_mapped *mapped,
			  struct syncmap_mapped_item *items,
			  struct syncmap_mapped_place *places,
			  unsigned int count, int is_u64)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		places[i].hash = is_u64 ?
			syncmap_mapped_hash_u64(mapped->seed,
						syncmap_mapped_word(items[i].key)) :
			syncmap_mapped_hash_bytes(mapped->seed, items[i].key,
						  items[i].key_len);
		items[i].status = -EAGAIN;
	}
}

/* All buckets, and then all slots, so that each waits for the memory of all */
SYNCMAP_MAPPED_INLINE void
syncmap_mapped_fetch_places(const struct syncmap_mapped *mapped, __u64 h,
			    const struct syncmap_mapped_item *items,
			    struct syncmap_mapped_place *places,
			    unsigned int count, int is_u64)
{
	struct syncmap_mapped_place *place;

	for (place = places; place < places + count; place++) {
		place->bucket = syncmap_mapped_bucket_of(mapped, h, place->hash);
		__builtin_prefetch(place->bucket);
		if (is_u64)
			__builtin_prefetch(syncmap_mapped_revisions_of
						(mapped, h, place->hash));
	}
	for (place = places; place < places + count; place++, items++) {
		place->word = __atomic_load_n(&place->bucket->word,
					      __ATOMIC_ACQUIRE);
		if (syncmap_mapped_usable(place->word))
			syncmap_mapped_fetch(mapped, place->bucket, place->hash,
					     items->key, is_u64);
	}
}

/*
 * What could not be decided stays -EAGAIN. The clock is read at most once: after
 * all first words, and before any is compared
 */
SYNCMAP_MAPPED_INLINE void
syncmap_mapped_try_items(const struct syncmap_mapped *mapped,
			 struct syncmap_mapped_item *items,
			 struct syncmap_mapped_place *places,
			 unsigned int count, int is_u64)
{
	const struct syncmap_mapped_head *head =
		(const struct syncmap_mapped_head *)mapped->base;
	__u64 h = __atomic_load_n(&head->word, __ATOMIC_ACQUIRE);
	struct syncmap_mapped_query query;
	unsigned int i;

	if (!syncmap_mapped_usable(h))
		return;
	query.floor = syncmap_mapped_floor(head, h);
	query.now = 0;
	syncmap_mapped_fetch_places(mapped, h, items, places, count, is_u64);
	for (i = 0; i < count; i++) {
		if (!syncmap_mapped_usable(places[i].word))
			continue;
		syncmap_mapped_set_query(&query, &items[i], places[i].hash,
					 is_u64);
		items[i].status = syncmap_mapped_search(mapped, h,
							places[i].bucket,
							places[i].word, &query,
							&items[i].result);
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	for (i = 0; i < count; i++)
		if (syncmap_mapped_usable(places[i].word) &&
		    !syncmap_mapped_is_same(head, h, places[i].bucket,
					    places[i].word))
			items[i].status = -EAGAIN;
}

SYNCMAP_MAPPED_INLINE unsigned int
syncmap_mapped_load_some(const struct syncmap_mapped *mapped,
			 struct syncmap_mapped_item *items, unsigned int count,
			 int is_u64)
{
	struct syncmap_mapped_place places[SYNCMAP_MAPPED_BATCH];
	struct syncmap_mapped_query query;
	unsigned int i, asks = 0;

	syncmap_mapped_hash_items(mapped, items, places, count, is_u64);
	syncmap_mapped_try_items(mapped, items, places, count, is_u64);
	for (i = 0; i < count; i++) {
		if (items[i].status == -EAGAIN) {
			syncmap_mapped_set_query(&query, &items[i],
						 places[i].hash, is_u64);
			items[i].status = syncmap_mapped_find(mapped, &query,
							      &items[i].result);
		}
		asks += items[i].status == SYNCMAP_MAPPED_ASK;
	}
	return asks;
}

/**
 * syncmap_mapped_load_batch() - load the values of many keys
 * @mapped: the mapping
 * @items: the loads, of any map whatever its keys are
 * @count: how many there are
 *
 * Faster than one after the other, as they wait for memory at the same time. Each
 * is a load of its own; they are done in any order.
 *
 * Return: how many have %SYNCMAP_MAPPED_ASK as their status.
 */
static inline unsigned int
syncmap_mapped_load_batch(const struct syncmap_mapped *mapped,
			  struct syncmap_mapped_item *items, unsigned int count)
{
	unsigned int asks = 0, n;

	for (; count; items += n, count -= n) {
		n = count < SYNCMAP_MAPPED_BATCH ? count : SYNCMAP_MAPPED_BATCH;
		asks += mapped->key_type == SYNCMAP_KEY_U64 ?
			syncmap_mapped_load_some(mapped, items, n, 1) :
			syncmap_mapped_load_some(mapped, items, n, 0);
	}
	return asks;
}

#ifdef __cplusplus
}
#endif

#endif /* SYNCMAP_MAPPED_H */
