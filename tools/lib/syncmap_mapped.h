/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Loads from a mapping of a map's descriptor, without a system call
 *
 * For C and C++, without a library: libsyncmap_load() does this by itself. How a
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

#ifdef __cplusplus
extern "C" {
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
	/* Added to this process's boottime clock; &syncmap_info.boottime_offset */
	__s64					boottime_offset;
	__u32					key_type;
};

struct syncmap_mapped_result {
	__u64	revision;
	__u64	deadline;	/* SYNCMAP_NEVER: none */
	__u32	len;		/* of the value, in bytes */
};

/**
 * syncmap_mapped_attach() - get to know a mapping
 * @mapped: out: what is passed to the loads
 * @base: where the descriptor is mapped
 * @size: its size in bytes, &syncmap_map_info.mapped
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
	    head->arena > head->size)
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

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec +
	       mapped->boottime_offset;
}

/* Bit i: tag i is @tag */
SYNCMAP_MAPPED_INLINE __u32
syncmap_mapped_match(const struct syncmap_mapped_bucket *bucket, __u8 tag)
{
#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
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
	memcpy(&last, key + 8 * i, len & 7);
	return syncmap_mapped_read(words + i) == last;
}

SYNCMAP_MAPPED_INLINE void syncmap_mapped_copy(unsigned char *to,
					       const __u64 *words, __u32 len)
{
	__u64 word;
	__u32 i;

	for (i = 0; i < len / 8; i++) {
		word = syncmap_mapped_read(words + i);
		memcpy(to + 8 * i, &word, 8);
	}
	if (len & 7) {
		word = syncmap_mapped_read(words + i);
		memcpy(to + 8 * i, &word, len & 7);
	}
}

/*
 * What a slot has for the key: 0, -ENOENT, -EMSGSIZE, SYNCMAP_MAPPED_ASK, or
 * -EAGAIN: another key. Whatever is read here may never have been a slot.
 */
SYNCMAP_MAPPED_INLINE int
syncmap_mapped_look(const struct syncmap_mapped *mapped, __u32 nr, __u64 floor,
		    const void *key, __u32 key_len, void *buf, __u32 size,
		    struct syncmap_mapped_result *result)
{
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
	    !syncmap_mapped_key_is(words + 2, (const unsigned char *)key,
				   key_len))
		return -EAGAIN;
	if (head.revision < floor)
		return -ENOENT;
	if (head.flags & SYNCMAP_SLOT_ASK ||
	    head.value_len > SYNCMAP_MAPPED_PAGE)
		return SYNCMAP_MAPPED_ASK;
	end = value_at + syncmap_mapped_pad(head.value_len);
	result->deadline = SYNCMAP_NEVER;
	if (head.flags & SYNCMAP_SLOT_MORTAL) {
		if (end + 8 > room)
			return SYNCMAP_MAPPED_ASK;
		result->deadline = syncmap_mapped_read(words + end / 8);
		/* Before the words are compared: what is late is there by now */
		if (syncmap_mapped_now(mapped) >= result->deadline)
			return -ENOENT;
	}
	if (end > room)
		return SYNCMAP_MAPPED_ASK;
	result->revision = head.revision;
	result->len = head.value_len;
	if (head.value_len > size)
		return -EMSGSIZE;
	syncmap_mapped_copy((unsigned char *)buf, words + value_at / 8,
			    head.value_len);
	return 0;
}

SYNCMAP_MAPPED_INLINE int syncmap_mapped_usable(__u64 word)
{
	return (word & (SYNCMAP_MAPPED_READY | SYNCMAP_MAPPED_WINDOWS)) ==
	       SYNCMAP_MAPPED_READY;
}

SYNCMAP_MAPPED_INLINE int
syncmap_mapped_find(const struct syncmap_mapped *mapped, __u64 hash,
		    const void *key, __u32 key_len, void *buf, __u32 size,
		    struct syncmap_mapped_result *result)
{
	const struct syncmap_mapped_head *head =
		(const struct syncmap_mapped_head *)mapped->base;
	const struct syncmap_mapped_bucket *bucket;
	__u64 h, w, floor;
	__u32 match, shift;
	int try_, ret;

	for (try_ = 0; try_ < SYNCMAP_MAPPED_TRIES; try_++) {
		h = __atomic_load_n(&head->word, __ATOMIC_ACQUIRE);
		if (!syncmap_mapped_usable(h)) {
			syncmap_mapped_relax();
			continue;
		}
		floor = syncmap_mapped_read(&head->floor);
		shift = h >> SYNCMAP_MAPPED_SHIFT & 63;
		bucket = (const struct syncmap_mapped_bucket *)
			 (mapped->base + syncmap_mapped_index(shift)) +
			 (hash >> (64 - shift));
		w = __atomic_load_n(&bucket->word, __ATOMIC_ACQUIRE);
		if (!syncmap_mapped_usable(w)) {
			syncmap_mapped_relax();
			continue;
		}
		ret = -EAGAIN;
		match = syncmap_mapped_match(bucket, syncmap_mapped_tag(hash));
		for (; match && ret == -EAGAIN; match &= match - 1)
			ret = syncmap_mapped_look
				(mapped,
				 __atomic_load_n(&bucket->slot[__builtin_ctz(match)],
						 __ATOMIC_RELAXED),
				 floor, key, key_len, buf, size, result);
		if (ret == -EAGAIN)
			ret = w & SYNCMAP_MAPPED_SPILL ? SYNCMAP_MAPPED_ASK :
							 -ENOENT;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		/* In this order: the bucket may be that of another index by now */
		if (__atomic_load_n(&bucket->word, __ATOMIC_ACQUIRE) == w &&
		    syncmap_mapped_read(&head->word) == h)
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
 * @result: out: on 0, and but for its revision on -EMSGSIZE
 *
 * Return: 0; -ENOENT; -EMSGSIZE; %SYNCMAP_MAPPED_ASK: only the kernel can tell.
 */
static inline int syncmap_mapped_load_u64(const struct syncmap_mapped *mapped,
					  __u64 key, void *buf, __u32 size,
					  struct syncmap_mapped_result *result)
{
	return syncmap_mapped_find(mapped,
				   syncmap_mapped_hash_u64(mapped->seed, key),
				   &key, sizeof(key), buf, size, result);
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
 * Return: as syncmap_mapped_load_u64().
 */
static inline int syncmap_mapped_load(const struct syncmap_mapped *mapped,
				      const void *key, __u32 key_len, void *buf,
				      __u32 size,
				      struct syncmap_mapped_result *result)
{
	return syncmap_mapped_find(mapped,
				   syncmap_mapped_hash_bytes(mapped->seed, key,
							     key_len),
				   key, key_len, buf, size, result);
}

#ifdef __cplusplus
}
#endif

#endif /* SYNCMAP_MAPPED_H */
