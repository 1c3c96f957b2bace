/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Windows, in which a mirrored map is changed: window.c
 */
#ifndef _SYNCMAP_STORE_WINDOW_H
#define _SYNCMAP_STORE_WINDOW_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/syncmap_mapped.h>

#include "arena.h"
#include "mapping.h"

struct bytemap;
struct syncmap_op;

/* The highest bits of a key's hash choose its stripe */
#define BYTEMAP_STRIPE_BITS	SYNCMAP_MAPPED_SHIFT_MIN
#define BYTEMAP_STRIPES		BIT(BYTEMAP_STRIPE_BITS)

/* log2 of the buckets of the largest index: what slots have numbers for */
#define BYTEMAP_SHIFT_MAX	28

/* Buckets whose hashes begin alike, in whatever index */
struct bytemap_stripe {
	spinlock_t	lock;		/* what follows; their slots */
	u8		old_shift;	/* of the index that is being left; 0: none */
	bool		spill;		/* which flag is set now */
	u32		count;		/* of keys that have a slot */
} ____cacheline_aligned_in_smp;

/* What the work on a mirror is at: so many buckets, or keys, at a time */
enum bytemap_mirror_phase {
	MIRROR_AWAY,		/* there is none but the head, which says "ask" */
	MIRROR_FILLS,		/* with what is in the map; the same */
	MIRROR_RESTS,
	MIRROR_DROPS,		/* what is below the floor */
	MIRROR_REPAIRS,		/* what is in no bucket */
	MIRROR_UNFLAGS,		/* buckets of which all is there again */
	MIRROR_HIDES,		/* from who has it mapped */
	MIRROR_LEAVES,		/* it is being taken away */
};

/*
 * What processes that map a map's descriptor see of it. Where something is known
 * here, nothing is read for it from what they see.
 */
struct bytemap_mirror {
	struct bytemap			*map;
	struct syncmap_mapped_head	*head;
	struct syncmap_mapped_bucket	*index[BYTEMAP_SHIFT_MAX + 1];
	u64				seed;
	u64				arena_at;	/* offset in a mapping */
	u64				size;		/* of a mapping */
	u8				shift;		/* of the index in use; READ_ONCE() */
	u8				next;		/* of that to come, or 0; likewise */
	u8				shift_max;
	bool				wanted;		/* clear_lock; READ_ONCE() */
	bool				parked;		/* memory is short; READ_ONCE() */
	bool				repairs;	/* what was spilled may fit now */
	bool				room;		/* for some of it; READ_ONCE() */
	bool				called;		/* the work; READ_ONCE() */
	bool				stops;		/* no more work: READ_ONCE() */
	struct bytemap_arena		arena;
	atomic_t			growers;	/* of the arena */
	struct bytemap_mapping		mapping;
	struct workqueue_struct		*wq;
	struct delayed_work		work;
	unsigned long			begun;		/* its jiffies; READ_ONCE() */
	/* The work's own */
	enum bytemap_mirror_phase	phase;
	u64				at;		/* where in it */
	u64				floor;		/* below it nothing is, or soon */
	u64				flag;
	bool				spilled;	/* some is still */
	u8				fruitless;	/* repairs, one after another */
	u8				coming;		/* an index; 0: none */
	u64				coming_epoch;
	u64				hidden_epoch;
	u8				leaving;	/* another one; 0: none */
	u64				leaving_epoch;
	struct syncmap_mapped_bucket	*left;
	/* jiffies */
	unsigned long			began;		/* the last repair */
	unsigned long			repair_due;	/* the next */
	unsigned long			room_due;	/* the same, if there is room */
	unsigned long			retry_due;	/* memory that was not there */
	struct bytemap_stripe		stripe[BYTEMAP_STRIPES];
};

/* What may change the entry of a key is done in a window of its bucket */
struct bytemap_window {
	struct bytemap_mirror	*mirror;	/* NULL: there is none */
	atomic64_t		*word;
	atomic64_t		*next;		/* NULL: no other index comes */
	u64			hash;
};

bool bytemap_window_open(struct bytemap_mirror *mirror,
			 struct bytemap_window *window, const void *key,
			 u32 key_len);
void bytemap_window_cancel(struct bytemap_window *window);
u64 bytemap_window_hash(const struct bytemap_mirror *mirror, const void *key,
			u32 key_len);

static inline atomic64_t *bytemap_window_word(__u64 *word)
{
	return (atomic64_t *)word;
}

static inline struct syncmap_mapped_bucket *
bytemap_window_bucket(const struct bytemap_mirror *mirror, u8 shift, u64 hash)
{
	return READ_ONCE(mirror->index[shift]) + (hash >> (64 - shift));
}

#endif /* _SYNCMAP_STORE_WINDOW_H */
