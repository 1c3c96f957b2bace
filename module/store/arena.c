// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots of a mirror, in pages that processes map
 *
 * A slab is a page of slots of one class, or is in stock. Which slots are taken is
 * known here and not read from the page, of which nothing is believed but that it
 * is what a reader sees. A free slot is zero.
 *
 * A slab comes into stock by whoever may sleep. Where its page will be, processes
 * may have zeroes mapped, and a bucket must not name a slot there before those are
 * gone: who read a slot meanwhile would have a half of each. That is for the work
 * to do, as it takes its time (mapping.c); but only where somebody has looked at a
 * place where nothing was, which no process does that means well. So it is noted of
 * each group of slabs whether somebody has. Who has none in stock does without.
 *
 *	a slab		in the file	who has it
 *	coming		yes		->coming, then ->round
 *	in stock	yes		->stock
 *	of a class	yes		its class, if a slot is free
 *	going		no		->going; its number is not free yet
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../large.h"
#include "arena.h"
#include "gfp.h"
#include "mapping.h"

#define UNIT		SYNCMAP_MAPPED_UNIT
#define SLAB_UNITS	(PAGE_SIZE / UNIT)
#define SLAB_PARTS	(PAGE_SIZE / SYNCMAP_MAPPED_PAGE)

/* Slabs that are given back at a time */
#define TRIM		64

/* Slabs that are one group; and what is taken away from processes at a time */
#define GROUP		32

struct slab {
	struct list_head	node;		/* of its class, or as said above */
	struct page		*page;		/* NULL: going; READ_ONCE() */
	struct page		*gone;
	u32			nr;
	u16			class;
	u16			free;
	DECLARE_BITMAP(taken, SLAB_UNITS);
	struct rcu_head		rcu;
};

static_assert(sizeof(struct slab) + PAGE_SIZE <= BYTEMAP_ARENA_SLAB);

/* At most a third of a slot is waste, but in the smallest */
static const u16 sizes[BYTEMAP_ARENA_CLASSES] = {
	32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1344, 2048, 4096,
};

static unsigned int class_of(u32 bytes)
{
	unsigned int i = 0;

	while (sizes[i] < bytes)
		i++;
	return i;
}

static unsigned int slots_of_part(unsigned int class)
{
	return SYNCMAP_MAPPED_PAGE / sizes[class];
}

static unsigned int slots_of_slab(unsigned int class)
{
	return SLAB_PARTS * slots_of_part(class);
}

/* From the place in a slab to that of its bit, and back */
static unsigned int unit_of(unsigned int class, unsigned int bit)
{
	unsigned int part = slots_of_part(class);

	return (bit / part * SYNCMAP_MAPPED_PAGE + bit % part * sizes[class]) /
	       UNIT;
}

static unsigned int bit_of(unsigned int class, unsigned int unit)
{
	unsigned int at = unit * UNIT;

	return at / SYNCMAP_MAPPED_PAGE * slots_of_part(class) +
	       at % SYNCMAP_MAPPED_PAGE / sizes[class];
}

static void *address_of(const struct slab *slab, u32 slot)
{
	return page_address(slab->page) + slot % SLAB_UNITS * UNIT;
}

static struct slab *slab_of(struct bytemap_arena *arena, u32 slot)
{
	return xa_load(&arena->slabs, slot / SLAB_UNITS);
}

static unsigned long groups_of(u32 max)
{
	return DIV_ROUND_UP(max, GROUP);
}

/* Bytes that an arena of slabs with numbers below @max takes besides these */
u64 bytemap_arena_bytes(u32 max)
{
	return BITS_TO_LONGS(groups_of(max)) * sizeof(long);
}

/* Nobody else uses it */
static void forget_slabs(struct bytemap_arena *arena)
{
	unsigned int i;

	INIT_LIST_HEAD(&arena->stock);
	INIT_LIST_HEAD(&arena->coming);
	INIT_LIST_HEAD(&arena->round);
	INIT_LIST_HEAD(&arena->going);
	WRITE_ONCE(arena->stocked, 0);
	WRITE_ONCE(arena->to_come, 0);
	WRITE_ONCE(arena->count, 0);
	WRITE_ONCE(arena->retry, jiffies);
	for (i = 0; i < BYTEMAP_ARENA_CLASSES; i++)
		INIT_LIST_HEAD(&arena->class[i].partial);
}

/* Without slabs; at @offset of what processes map. Return: 0 or -ENOMEM */
int bytemap_arena_init(struct bytemap_arena *arena,
		       struct bytemap_mapping *mapping, u64 offset, u32 max)
{
	unsigned int i;

	arena->holes = syncmap_large_alloc(bytemap_arena_bytes(max),
					   BYTEMAP_GFP | __GFP_ZERO);
	if (!arena->holes)
		return -ENOMEM;
	xa_init_flags(&arena->slabs, XA_FLAGS_ALLOC1);
	arena->mapping = mapping;
	arena->offset = offset;
	arena->max = max;
	spin_lock_init(&arena->lock);
	for (i = 0; i < BYTEMAP_ARENA_CLASSES; i++)
		spin_lock_init(&arena->class[i].lock);
	forget_slabs(arena);
	return 0;
}

/* Nobody uses it, or has it mapped. Return: how many slabs it has had */
u64 bytemap_arena_exit(struct bytemap_arena *arena)
{
	struct slab *slab;
	unsigned long nr;
	u64 n = 0;

	xa_for_each(&arena->slabs, nr, slab) {
		__free_page(slab->page ?: slab->gone);
		kfree(slab);
		n++;
	}
	xa_destroy(&arena->slabs);
	kvfree(arena->holes);
	return n;
}

/*
 * From here on the place of @slab, which is in the file, shows its page to whoever
 * looks. Return: whether somebody may have zeroes there
 */
static bool may_be_hole(struct bytemap_arena *arena, const struct slab *slab)
{
	bool may;

	/* Pairs with bytemap_arena_show_hole() */
	spin_lock(&arena->mapping->lock);
	may = test_bit(slab->nr / GROUP, arena->holes) ||
	      !list_empty(&arena->round);
	spin_unlock(&arena->mapping->lock);
	return may;
}

static void add_slab(struct bytemap_arena *arena, struct slab *slab)
{
	bool comes = may_be_hole(arena, slab);

	spin_lock(&arena->lock);
	WRITE_ONCE(arena->count, arena->count + 1);
	if (comes) {
		list_add_tail(&slab->node, &arena->coming);
		WRITE_ONCE(arena->to_come, arena->to_come + 1);
	} else {
		list_add(&slab->node, &arena->stock);
		WRITE_ONCE(arena->stocked, arena->stocked + 1);
	}
	spin_unlock(&arena->lock);
}

/*
 * One more slab in stock, or some time after bytemap_arena_settle(). May sleep, and
 * waits for nobody.
 *
 * Return: 0, -ENOMEM; -EBUSY: there are as many as there can be.
 */
int bytemap_arena_grow(struct bytemap_arena *arena)
{
	struct slab *slab = kzalloc(sizeof(*slab), BYTEMAP_GFP_OPTIONAL);
	int err = -ENOMEM;

	if (!slab)
		return -ENOMEM;
	slab->page = alloc_page(BYTEMAP_GFP_OPTIONAL | __GFP_ZERO);
	if (!slab->page)
		goto free_new;
	err = xa_alloc(&arena->slabs, &slab->nr, slab,
		       XA_LIMIT(1, arena->max - 1), BYTEMAP_GFP_OPTIONAL);
	if (err)
		goto free_page;
	add_slab(arena, slab);
	return 0;

free_page:
	__free_page(slab->page);
free_new:
	kfree(slab);
	return err;
}

/*
 * Between bytemap_mapping_begin() and its end: zeroes are about to be mapped at the
 * place of slab @nr. Return: NULL; or a page that is there by now.
 */
struct page *bytemap_arena_show_hole(struct bytemap_arena *arena, u32 nr)
{
	struct page *page = NULL;

	/* Whoever adds a slab finds either the mark, or is found: may_be_hole() */
	spin_lock(&arena->mapping->lock);
	if (!READ_ONCE(arena->mapping->hidden))
		page = bytemap_arena_page(arena, nr);
	if (!page && nr < arena->max)
		__set_bit(nr / GROUP, arena->holes);
	spin_unlock(&arena->mapping->lock);
	return page;
}

/*
 * The marks go first: what is marked from here on is not what this round takes
 * away. Until it is over, no slab goes to stock at once
 */
static void begin_round(struct bytemap_arena *arena)
{
	struct slab *slab;

	spin_lock(&arena->mapping->lock);
	spin_lock(&arena->lock);
	list_splice_init(&arena->coming, &arena->round);
	spin_unlock(&arena->lock);
	list_for_each_entry(slab, &arena->round, node)
		__clear_bit(slab->nr / GROUP, arena->holes);
	spin_unlock(&arena->mapping->lock);
	arena->round_epoch = bytemap_mapping_epoch(arena->mapping);
}

static void zap_slabs(struct bytemap_arena *arena, u32 first, u32 count)
{
	bytemap_mapping_zap(arena->mapping,
			    arena->offset + (u64)first * PAGE_SIZE,
			    (u64)count * PAGE_SIZE);
	cond_resched();
}

/* All of their groups, as the marks are of these. Neighbours are in one group */
static void zap_round(struct bytemap_arena *arena)
{
	u32 last = U32_MAX, group;
	struct slab *slab;

	list_for_each_entry(slab, &arena->round, node) {
		group = slab->nr / GROUP;
		if (group != last)
			zap_slabs(arena, group * GROUP, GROUP);
		last = group;
	}
}

static void end_round(struct bytemap_arena *arena)
{
	struct slab *slab;

	spin_lock(&arena->mapping->lock);
	spin_lock(&arena->lock);
	list_for_each_entry(slab, &arena->round, node) {
		WRITE_ONCE(arena->to_come, arena->to_come - 1);
		WRITE_ONCE(arena->stocked, arena->stocked + 1);
	}
	list_splice_init(&arena->round, &arena->stock);
	spin_unlock(&arena->lock);
	spin_unlock(&arena->mapping->lock);
}

/*
 * For the one who works on the mirror: slabs that are to come are in stock, if no
 * fault is in the way. May sleep.
 *
 * Return: whether to come again.
 */
bool bytemap_arena_settle(struct bytemap_arena *arena)
{
	/* Only the work changes the round */
	if (list_empty(&arena->round)) {
		if (!READ_ONCE(arena->to_come))
			return false;
		begin_round(arena);
	}
	if (!bytemap_mapping_is_over(arena->mapping, arena->round_epoch))
		return true;
	zap_round(arena);
	end_round(arena);
	return READ_ONCE(arena->to_come);
}

/* Return: whether there is more in stock than will soon be needed */
bool bytemap_arena_is_loose(const struct bytemap_arena *arena)
{
	return READ_ONCE(arena->stocked) >
	       2 * BYTEMAP_ARENA_STOCK + READ_ONCE(arena->count) / 8;
}

static void hide_slab(struct slab *slab)
{
	slab->gone = slab->page;
	WRITE_ONCE(slab->page, NULL);
}

static void free_slab(struct bytemap_arena *arena, struct slab *slab)
{
	xa_erase(&arena->slabs, slab->nr);
	__free_page(slab->gone);
	kfree_rcu(slab, rcu);
}

static void take_loose(struct bytemap_arena *arena)
{
	struct slab *slab;
	unsigned int n;

	spin_lock(&arena->lock);
	for (n = 0; n < TRIM && bytemap_arena_is_loose(arena); n++) {
		slab = list_first_entry(&arena->stock, struct slab, node);
		list_move(&slab->node, &arena->going);
		WRITE_ONCE(arena->stocked, arena->stocked - 1);
		WRITE_ONCE(arena->count, arena->count - 1);
	}
	spin_unlock(&arena->lock);
	list_for_each_entry(slab, &arena->going, node)
		hide_slab(slab);
	arena->going_epoch = bytemap_mapping_epoch(arena->mapping);
}

/* The number is free only now that nobody has the page mapped there */
static unsigned int free_going(struct bytemap_arena *arena)
{
	struct slab *slab, *next;
	unsigned int n = 0;

	list_for_each_entry_safe(slab, next, &arena->going, node) {
		zap_slabs(arena, slab->nr, 1);
		list_del(&slab->node);
		free_slab(arena, slab);
		n++;
	}
	return n;
}

/*
 * For the one who works on the mirror: gives back a portion of what is in stock, if
 * no fault is in the way. May sleep.
 *
 * Return: how many slabs.
 */
unsigned int bytemap_arena_trim(struct bytemap_arena *arena)
{
	if (list_empty(&arena->going)) {
		if (!bytemap_arena_is_loose(arena))
			return 0;
		take_loose(arena);
	}
	if (!bytemap_mapping_is_over(arena->mapping, arena->going_epoch))
		return 0;
	return free_going(arena);
}

/* Return: whether there is something for bytemap_arena_trim() */
bool bytemap_arena_is_trimmable(const struct bytemap_arena *arena)
{
	return !list_empty(&arena->going) || bytemap_arena_is_loose(arena);
}

static void hide_slabs(struct bytemap_arena *arena)
{
	struct slab *slab;
	unsigned long nr;

	xa_for_each(&arena->slabs, nr, slab)
		if (slab->page)
			hide_slab(slab);
	arena->empties = true;
	arena->going_epoch = bytemap_mapping_epoch(arena->mapping);
}

static u64 free_slabs(struct bytemap_arena *arena)
{
	struct slab *slab;
	unsigned long nr;
	u64 n = 0;

	xa_for_each(&arena->slabs, nr, slab) {
		free_slab(arena, slab);
		cond_resched();
		n++;
	}
	return n;
}

/*
 * For the one who works on the mirror: gives back all of it. No slot is taken or
 * named any more, and nobody else uses it, but processes may have pages of it
 * mapped. May sleep.
 *
 * Return: whether that is done, *@n: how many slabs; else come again.
 */
bool bytemap_arena_empty(struct bytemap_arena *arena, u64 *n)
{
	if (!arena->empties)
		hide_slabs(arena);
	if (!bytemap_mapping_is_over(arena->mapping, arena->going_epoch))
		return false;
	zap_slabs(arena, 0, arena->max);
	*n = free_slabs(arena);
	forget_slabs(arena);
	arena->empties = false;
	return true;
}

static void stock_slab(struct bytemap_arena *arena, struct slab *slab)
{
	spin_lock(&arena->lock);
	list_add(&slab->node, &arena->stock);
	WRITE_ONCE(arena->stocked, arena->stocked + 1);
	spin_unlock(&arena->lock);
}

static struct slab *take_stocked(struct bytemap_arena *arena)
{
	struct slab *slab;

	spin_lock(&arena->lock);
	slab = list_first_entry_or_null(&arena->stock, struct slab, node);
	if (slab) {
		list_del(&slab->node);
		WRITE_ONCE(arena->stocked, arena->stocked - 1);
	}
	spin_unlock(&arena->lock);
	return slab;
}

static struct slab *partial_locked(struct bytemap_arena *arena,
				   unsigned int nr)
{
	struct bytemap_arena_class *class = &arena->class[nr];
	struct slab *slab;

	lockdep_assert_held(&class->lock);
	slab = list_first_entry_or_null(&class->partial, struct slab, node);
	if (slab)
		return slab;
	slab = take_stocked(arena);
	if (!slab)
		return NULL;
	slab->class = nr;
	slab->free = slots_of_slab(nr);
	bitmap_zero(slab->taken, SLAB_UNITS);
	list_add(&slab->node, &class->partial);
	return slab;
}

static u32 take_slot_locked(struct slab *slab)
{
	unsigned int bit = find_first_zero_bit(slab->taken,
					       slots_of_slab(slab->class));

	__set_bit(bit, slab->taken);
	if (!--slab->free)
		list_del_init(&slab->node);
	return slab->nr * SLAB_UNITS + unit_of(slab->class, bit);
}

/* From any context. Return: a slot of zeroes for @bytes; 0: there is none */
u32 bytemap_arena_get(struct bytemap_arena *arena, u32 bytes)
{
	unsigned int nr = class_of(bytes);
	struct bytemap_arena_class *class = &arena->class[nr];
	struct slab *slab;
	u32 slot = 0;

	spin_lock(&class->lock);
	slab = partial_locked(arena, nr);
	if (slab)
		slot = take_slot_locked(slab);
	spin_unlock(&class->lock);
	return slot;
}

/* Only one of a class is kept that has none taken */
static bool release_locked(struct bytemap_arena_class *class, struct slab *slab,
			   u32 slot)
{
	unsigned int bit = bit_of(slab->class, slot % SLAB_UNITS);

	lockdep_assert_held(&class->lock);
	if (WARN_ON_ONCE(!__test_and_clear_bit(bit, slab->taken)))
		return false;
	if (!slab->free++)
		list_add(&slab->node, &class->partial);
	if (slab->free < slots_of_slab(slab->class) ||
	    list_is_singular(&class->partial))
		return false;
	list_del(&slab->node);
	return true;
}

/* From @from bytes of @slot on, all of it is zero */
void bytemap_arena_wipe(struct bytemap_arena *arena, u32 slot, u32 from)
{
	const struct slab *slab = slab_of(arena, slot);

	memset(address_of(slab, slot) + from, 0, sizes[slab->class] - from);
}

/* @slot, which nothing names any more, is free. In a window of its bucket */
void bytemap_arena_put(struct bytemap_arena *arena, u32 slot)
{
	struct slab *slab = slab_of(arena, slot);
	struct bytemap_arena_class *class;
	bool stock;

	if (WARN_ON_ONCE(!slab))
		return;
	bytemap_arena_wipe(arena, slot, 0);
	class = &arena->class[slab->class];
	spin_lock(&class->lock);
	stock = release_locked(class, slab, slot);
	spin_unlock(&class->lock);
	if (stock)
		stock_slab(arena, slab);
}

/* Return: whether @slot, which is taken, is what one for @bytes would be */
bool bytemap_arena_fits(struct bytemap_arena *arena, u32 slot, u32 bytes)
{
	const struct slab *slab = slab_of(arena, slot);

	return slab && slab->class == class_of(bytes);
}

/* Return: bytes of @slot, which is taken */
u32 bytemap_arena_size(struct bytemap_arena *arena, u32 slot)
{
	const struct slab *slab = slab_of(arena, slot);

	return slab ? sizes[slab->class] : 0;
}

/* Return: what readers see of @slot, which is taken; NULL: there is no such */
u64 *bytemap_arena_words(struct bytemap_arena *arena, u32 slot)
{
	const struct slab *slab = slab_of(arena, slot);

	if (WARN_ON_ONCE(!slab))
		return NULL;
	return address_of(slab, slot);
}

/*
 * Between bytemap_mapping_begin() and its end. Return: the page of slab @nr; NULL:
 * there is none.
 */
struct page *bytemap_arena_page(struct bytemap_arena *arena, u32 nr)
{
	const struct slab *slab;
	struct page *page = NULL;

	rcu_read_lock();
	slab = xa_load(&arena->slabs, nr);
	if (slab)
		page = READ_ONCE(slab->page);
	rcu_read_unlock();
	return page;
}
