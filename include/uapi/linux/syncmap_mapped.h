/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Loads without a system call: what a mapping of a map's descriptor shows
 *
 * A map that was made with %SYNCMAP_CREATE_MAPPED has a mirror: pages that the
 * kernel writes, and that processes with read access map. mmap(2) of the map's
 * descriptor wants PROT_READ, MAP_SHARED, offset 0, and &syncmap_map_info.mapped
 * bytes. What is there is a copy, which may be incomplete or busy at any time,
 * but is never wrong: a load from it is linearizable with all operations on the
 * map, by whichever way. What it cannot decide is left to %SYNCMAP_OP.
 *
 * A mapping is not inherited by fork(2): in a child the addresses are free, and a
 * child that is to load maps the descriptor itself. Nor can a part of a mapping be
 * unmapped. As long as it is there the descriptor is open, and with it what goes when
 * that is closed: leases, and entries that are bound to it. Programs that have such
 * map another descriptor, which %SYNCMAP_RESTRICT gives them for reading. A map has
 * at most 4096 mappings (ENOSPC), of which 1024 are for its owner, and one user who
 * is not has at most 1024 (EDQUOT): who gets none asks the kernel. ENODEV: it has no
 * mirror.
 *
 * %SYNCMAP_SET_MAPPED of %SYNCMAP_SET gives a map a mirror that has none, also to one
 * that is frozen, and %SYNCMAP_SET_UNMAPPED takes it away. A mapping stays what it
 * is, and says "ask" while there is none, or it is not filled yet. So it does when
 * memory was short while nobody had the map mapped: then the first mapping has it
 * made anew. The size of mappings is decided by the limits that the map has when it
 * is first given a mirror, and is the same ever after.
 *
 * What is always asked for: an entry that is bound to an open file, for it goes with
 * that, at an instant of which no mapping tells; and a value that is longer than a
 * slot. What did not fit when it was stored is tried again by and by.
 *
 * What is deleted or replaced is wiped from a mapping before the operation returns;
 * what a Clear has removed, or has expired, two seconds later at most, unless the
 * machine is so busy that the kernel's workers do not get on, or was suspended.
 *
 * In all that a reader looks at, zero means: ask the kernel. So a page that is not
 * there is shown as zeroes. A reader that does not know exactly this
 * %SYNCMAP_MAPPED_ABI asks, too.
 *
 * A load. A word is usable if it is %SYNCMAP_MAPPED_READY and none of its
 * %SYNCMAP_MAPPED_WINDOWS is open:
 *
 *	1. h = head.word, an acquire; if it is not usable, begin anew
 *	2. f = head.floor if h is %SYNCMAP_MAPPED_CLEARED, else 0
 *	3. b = the key's bucket, as h and the key's hash say
 *	4. w = b.word, an acquire; if it is not usable, begin anew
 *	5. now = CLOCK_BOOTTIME, less &syncmap_map_info.boottime_offset, which is that
 *	   of the process: it is asked again after fork(2) and setns(2). Deadlines in
 *	   here are of the initial time namespace
 *	6. for each tag of the bucket that is the key's, its slot: out of bounds, or
 *	   revision 0: ask. Another key: go on. Revision below f: the key is absent.
 *	   SYNCMAP_SLOT_ASK, or lengths that leave the page: ask, before any deadline
 *	   is looked at. A deadline that is not after now: absent. Else this is the
 *	   value: copy it. There are @size less @arena bytes of slots, and pages of
 *	   %SYNCMAP_MAPPED_PAGE bytes, counted from @arena
 *	7. no slot with the key: absent, or with a spill flag in w, ask
 *	8. a load fence, or each load of step 6 is an acquire; if b.word is not w any
 *	   more, begin anew; and after that, if head.word is not h
 *
 * Keys of %SYNCMAP_KEY_U64 lie in the bucket, and so do values of up to 8 bytes:
 *
 *	6. the bucket's pair that has the key, or else that of its &syncmap_mapped_more,
 *	   if it has one, of which %SYNCMAP_MAPPED_MORE_UNITS have to be in bounds, and
 *	   not all kinds be 0: if so, ask. Kind %SYNCMAP_PAIR_SLOT: its slot, as above.
 *	   A higher one: ask. Else it is a value of one byte less than its kind says.
 *	   Its revision has to be looked at by who wants it, and if f is not 0.
 *	   A revision of 0: ask; one below f: the key is absent
 *
 * Nothing that was read is believed before step 8, whose loads are ordered, too: the
 * words of another index may be the same again. After some tries, ask. Step 5
 * is needed only for an entry with a deadline, but it has to come before step 8.
 *
 * Eviction. A map of %SYNCMAP_CREATE_EVICT ends entries that nobody uses, and the kernel
 * does not see loads from a mapping. So of such a map, whose head's word has
 * %SYNCMAP_MAPPED_EVICTS, who loads asks now and then, for one load in 64 or so,
 * whatever the mapping says; not for each 64th, if keys are loaded in turn. What is
 * asked for so counts as used.
 *
 * Names. Whoever has a descriptor of a map stays with that map, and so does who has
 * it mapped, though its name is removed or given to another one. Who wants to follow
 * a name instead reads @moved of the head when the descriptor is mapped, and after
 * that asks with %SYNCMAP_MAP_INFO whether the map has the name; if not, the name is
 * to be opened again. Later, if @moved is another number after step 2, the name is to
 * be opened again, too. Before a name is taken away @moved has changed, and then
 * the head's word; READY stays. It counts also while there is no mirror: whoever
 * has asked the kernel compares it after that.
 *
 * The layout is an ABI of its own, with the number %SYNCMAP_MAPPED_ABI.
 */
#ifndef _UAPI_LINUX_SYNCMAP_MAPPED_H
#define _UAPI_LINUX_SYNCMAP_MAPPED_H

#include <linux/types.h>

#define SYNCMAP_MAPPED_MAGIC	0x70616d636e7973ULL	/* "syncmap" */
#define SYNCMAP_MAPPED_ABI	1

/* No slot crosses a boundary of so many bytes, whatever the pages are */
#define SYNCMAP_MAPPED_PAGE	4096

/* Bits of a word. Of both kinds */
#define SYNCMAP_MAPPED_WINDOWS	0xffffULL	/* changes under way */
#define SYNCMAP_MAPPED_READY	(1ULL << 16)

/* Of a bucket's: some of its keys are not in it; whether it has changed */
#define SYNCMAP_MAPPED_SPILL_0	(1ULL << 17)
#define SYNCMAP_MAPPED_SPILL_1	(1ULL << 18)
#define SYNCMAP_MAPPED_SPILL	(SYNCMAP_MAPPED_SPILL_0 | SYNCMAP_MAPPED_SPILL_1)
#define SYNCMAP_MAPPED_VERSION	(1ULL << 20)

/* Of the head's: log2 of the buckets; version */
#define SYNCMAP_MAPPED_EVICTS	(1ULL << 17)	/* some loads are to ask, see above */
#define SYNCMAP_MAPPED_CLEARED	(1ULL << 18)	/* something below the floor is left */
#define SYNCMAP_MAPPED_SHIFT	20		/* six bits */
#define SYNCMAP_MAPPED_HEAD_VERSION (1ULL << 26)

/**
 * struct syncmap_mapped_head - at the beginning of a mapping
 * @magic: %SYNCMAP_MAPPED_MAGIC
 * @abi: %SYNCMAP_MAPPED_ABI
 * @key_type: one of &enum syncmap_key_type
 * @seed: of the hash of keys
 * @arena: offset of slot 0
 * @size: of the mapping, in bytes
 * @reserved: zero
 * @word: what of the mapping is in use
 * @floor: what has a lower revision was cleared, and is absent
 * @moved: how often a name has been taken from the map, see above
 *
 * All but @word, @floor and @moved are constant.
 */
struct syncmap_mapped_head {
	__u64	magic;
	__u32	abi;
	__u32	key_type;
	__u64	seed;
	__u64	arena;
	__u64	size;
	__u64	reserved[3];
	__u64	word;
	__u64	floor;
	__u64	moved;
};

#define SYNCMAP_MAPPED_SLOTS	11	/* of a bucket */

/**
 * struct syncmap_mapped_bucket - where the keys are whose hashes begin alike
 * @word: whether to believe the rest
 * @tag: syncmap_mapped_tag() of the key, 0: none
 * @reserved: zero
 * @slot: its slot: the arena's, in units of %SYNCMAP_MAPPED_UNIT bytes
 *
 * There are 2^s buckets, from offset syncmap_mapped_index() on; that of a key is
 * the one that the s highest bits of its hash say.
 */
struct syncmap_mapped_bucket {
	__u64	word;
	__u8	tag[SYNCMAP_MAPPED_SLOTS];
	__u8	reserved;
	__u32	slot[SYNCMAP_MAPPED_SLOTS];
};

#define SYNCMAP_MAPPED_UNIT	32

/**
 * struct syncmap_mapped_slot - an entry
 * @revision: of the value; 0: ask
 * @value_len: length of the value, in bytes
 * @key_len: length of the key, in bytes
 * @flags: SYNCMAP_SLOT_*
 * @bytes: the key, the value, each padded with zeroes to eight bytes; the
 *	deadline, if it has one, in nanoseconds of the boottime clock
 */
struct syncmap_mapped_slot {
	__u64	revision;
	__u32	value_len;
	__u16	key_len;
	__u16	flags;
#ifndef __cplusplus
	__u64	bytes[];
#endif
};

/* The value is not here: what follows the key is the deadline */
#define SYNCMAP_SLOT_ASK	0x1
#define SYNCMAP_SLOT_MORTAL	0x2	/* it has a deadline */

#define SYNCMAP_MAPPED_PAIRS	3	/* of a bucket */
#define SYNCMAP_MAPPED_MORE	10	/* that follow them, at most */

/*
 * What a pair's value is, in four bits: up to 9 it is one of one byte less, padded
 * with zeroes; 0: there is no pair
 */
#define SYNCMAP_PAIR_MOST	9
#define SYNCMAP_PAIR_SLOT	10	/* the number of a slot */
#define SYNCMAP_PAIR_BITS	4
#define SYNCMAP_PAIR_MASK	15

/* What the most pairs take of the arena */
#define SYNCMAP_MAPPED_MORE_UNITS 8

/**
 * struct syncmap_mapped_pairs - the same for keys of %SYNCMAP_KEY_U64
 * @word: whether to believe the rest
 * @kinds: of the pairs, the first one's the lowest
 * @more: slot of a &struct syncmap_mapped_more; 0: none
 * @pair: a key, and its value
 */
struct syncmap_mapped_pairs {
	__u64	word;
	__u32	kinds;
	__u32	more;
	struct {
		__u64	key;
		__u64	value;
	} pair[SYNCMAP_MAPPED_PAIRS];
};

/**
 * struct syncmap_mapped_revisions - of the pairs of a bucket
 * @low: the lower half
 * @high: the upper half of all that are no slots
 *
 * They are behind all of the index's buckets, in the same order.
 */
struct syncmap_mapped_revisions {
	__u32	low[SYNCMAP_MAPPED_PAIRS];
	__u32	high;
};

/**
 * struct syncmap_mapped_more - pairs for which their bucket has no room
 * @kinds: of the pairs, the first one's the lowest; 0: ask
 * @pair: a key, its value, and the revision of that; as many as @kinds says
 */
struct syncmap_mapped_more {
	__u64	kinds;
	struct {
		__u64	key;
		__u64	value;
		__u64	revision;
	} pair[SYNCMAP_MAPPED_MORE];
};

/* Indexes of different sizes never overlap, nor do two of them share 64 KiB */
#define SYNCMAP_MAPPED_SHIFT_MIN 6

static inline __u64 syncmap_mapped_index(unsigned int shift)
{
	return 1024ULL << shift;
}

/* Offset of the revisions of pairs */
static inline __u64 syncmap_mapped_revisions(unsigned int shift)
{
	return syncmap_mapped_index(shift) +
	       ((__u64)sizeof(struct syncmap_mapped_pairs) << shift);
}

static inline __u64 syncmap_mapped_pad(__u64 len)
{
	return (len + 7) & ~7ULL;
}

/*
 * Hashes. Words are loaded as the machine does it; of the one to seven last bytes the
 * first is the lowest, on any machine
 */

/* The halves of the product, one upon the other */
static inline __u64 syncmap_mapped_fold(__u64 a, __u64 b)
{
#ifdef __SIZEOF_INT128__
	__extension__ unsigned __int128 product = a;

	product *= b;
	return (__u64)product ^ (__u64)(product >> 64);
#else
	__u64 low = (a & 0xffffffff) * (b & 0xffffffff);
	__u64 one = (a >> 32) * (b & 0xffffffff) + (low >> 32);
	__u64 two = (a & 0xffffffff) * (b >> 32) + (one & 0xffffffff);

	return ((two << 32) | (low & 0xffffffff)) ^
	       ((a >> 32) * (b >> 32) + (one >> 32) + (two >> 32));
#endif
}

static inline __u64 syncmap_mapped_hash_word(__u64 hash, __u64 word)
{
	return syncmap_mapped_fold(word ^ hash, 0xd6e8feb86659fd93ULL);
}

/* Of the key of a map of %SYNCMAP_KEY_U64 */
static inline __u64 syncmap_mapped_hash_u64(__u64 seed, __u64 key)
{
	return syncmap_mapped_fold(syncmap_mapped_hash_word(seed, key) ^ seed,
				   0xa0761d6478bd642fULL);
}

static inline __u64 syncmap_mapped_word(const void *bytes)
{
	__u64 word;

	__builtin_memcpy(&word, bytes, 8);
	return word;
}

/* The last one to seven bytes, padded with zeroes */
static inline __u64 syncmap_mapped_tail(const void *bytes, __u32 len)
{
	const __u8 *from = (const __u8 *)bytes;
	__u64 word = 0;
	__u32 shift = 0;

	if (len & 4) {
		word = from[0] | from[1] << 8 | from[2] << 16 |
		       (__u64)from[3] << 24;
		from += 4;
		shift = 32;
	}
	if (len & 2) {
		word |= (__u64)(from[0] | from[1] << 8) << shift;
		from += 2;
		shift += 16;
	}
	if (len & 1)
		word |= (__u64)from[0] << shift;
	return word;
}

/* Of the key of any other map, also if it has eight bytes */
static inline __u64 syncmap_mapped_hash_bytes(__u64 seed, const void *bytes,
					      __u32 len)
{
	__u64 hash = seed ^ len * 0x9e3779b97f4a7c15ULL;
	const __u8 *at = (const __u8 *)bytes;

	for (; len >= 16; len -= 16, at += 16)
		hash = syncmap_mapped_fold(syncmap_mapped_word(at) ^ hash,
					   syncmap_mapped_word(at + 8) ^
					   0xd6e8feb86659fd93ULL);
	if (len >= 8) {
		hash = syncmap_mapped_fold(syncmap_mapped_word(at) ^ hash,
					   0xc2b2ae3d27d4eb4fULL);
		len -= 8;
		at += 8;
	}
	if (len)
		hash = syncmap_mapped_fold(syncmap_mapped_tail(at, len) ^ hash,
					   0x8ebc6af09c88c6e3ULL);
	return syncmap_mapped_fold(hash ^ seed, 0xa0761d6478bd642fULL);
}

static inline __u8 syncmap_mapped_tag(__u64 hash)
{
	__u8 tag = (__u8)hash;

	return tag ? tag : 1;
}

#endif /* _UAPI_LINUX_SYNCMAP_MAPPED_H */
