/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots of a mirror, in pages that processes map: arena.c
 */
#ifndef _SYNCMAP_STORE_ARENA_H
#define _SYNCMAP_STORE_ARENA_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <uapi/linux/syncmap_mapped.h>

struct bytemap_mapping;
struct page;

#define BYTEMAP_ARENA_CLASSES	13

struct bytemap_arena {
	struct bytemap_mapping	*mapping;
	u64			offset;		/* of slot 0 in a mapping */
	u32			max;		/* numbers of slabs are below */
	struct xarray		slabs;		/* by number; none has 0 */
	unsigned long		*holes;		/* groups of slabs, mapping->lock */
	/* The next five; READ_ONCE() */
	spinlock_t		lock;
	u32			count;		/* slabs, but for those that go */
	u32			stocked;
	u32			to_come;
	struct list_head	stock;		/* slabs without a class */
	struct list_head	coming;
	struct list_head	round;		/* the work, and mapping->lock */
	u64			round_epoch;	/* the work */
	struct list_head	going;		/* the work */
	u64			going_epoch;	/* the work */
	bool			empties;	/* the work */
	unsigned long		retry;		/* not before that; READ_ONCE() */
	struct bytemap_arena_class {
		spinlock_t	 lock;	/* its slabs */
		struct list_head partial;	/* slabs with a free slot */
	} class[BYTEMAP_ARENA_CLASSES];
};

/* Bytes that a slab takes, with its place in the tables */
#define BYTEMAP_ARENA_SLAB	(PAGE_SIZE + PAGE_SIZE / 32)

/* Slabs that are kept in stock: for as many writers, if each needs one */
#define BYTEMAP_ARENA_STOCK	4

/* Slabs that are to come at a time: more would be held by whoever delays them */
#define BYTEMAP_ARENA_COMING	32

/* Return: whether to get more. Not all the time, where nothing is to be had */
static inline bool bytemap_arena_is_short(const struct bytemap_arena *arena)
{
	return READ_ONCE(arena->stocked) < BYTEMAP_ARENA_STOCK &&
	       READ_ONCE(arena->to_come) < BYTEMAP_ARENA_COMING &&
	       !time_before(jiffies, READ_ONCE(arena->retry));
}

u64 bytemap_arena_bytes(u32 max);
int bytemap_arena_init(struct bytemap_arena *arena,
		       struct bytemap_mapping *mapping, u64 offset, u32 max);
u64 bytemap_arena_exit(struct bytemap_arena *arena);
int bytemap_arena_grow(struct bytemap_arena *arena);
bool bytemap_arena_settle(struct bytemap_arena *arena);
bool bytemap_arena_is_loose(const struct bytemap_arena *arena);
unsigned int bytemap_arena_trim(struct bytemap_arena *arena);
bool bytemap_arena_is_trimmable(const struct bytemap_arena *arena);
bool bytemap_arena_empty(struct bytemap_arena *arena, u64 *n);
struct page *bytemap_arena_show_hole(struct bytemap_arena *arena, u32 nr);
u32 bytemap_arena_get(struct bytemap_arena *arena, u32 bytes);
void bytemap_arena_wipe(struct bytemap_arena *arena, u32 slot, u32 from);
void bytemap_arena_put(struct bytemap_arena *arena, u32 slot);
bool bytemap_arena_fits(struct bytemap_arena *arena, u32 slot, u32 bytes);
u32 bytemap_arena_size(struct bytemap_arena *arena, u32 slot);
u64 *bytemap_arena_words(struct bytemap_arena *arena, u32 slot);
struct page *bytemap_arena_page(struct bytemap_arena *arena, u32 nr);

#endif /* _SYNCMAP_STORE_ARENA_H */
