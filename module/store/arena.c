// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots of a mirror, in pages that processes map
 *
 * A slab is a page of slots of one class, or is in stock. Which slots are taken is
 * known here and not read from the page, of which nothing is believed but that it
 * is what a reader sees. A free slot is zero.
 *
 * A slab comes into stock by whoever may sleep: where its page will be, processes
 * may have a page of zeroes mapped, and a bucket must not name a slot there before
 * that is gone. Who has none in stock does without.
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

#include "arena.h"
#include "gfp.h"

#define UNIT		SYNCMAP_MAPPED_UNIT
#define SLAB_UNITS	(PAGE_SIZE / UNIT)
#define SLAB_PARTS	(PAGE_SIZE / SYNCMAP_MAPPED_PAGE)

/* Slabs that are given back at a time */
#define TRIM		64

struct slab {
	struct list_head	node;		/* of its class, or in stock */
	struct page		*page;
	u32			nr;
	u16			class;
	u16			free;
	DECLARE_BITMAP(taken, SLAB_UNITS);
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

/* Nobody else uses it */
static void forget_slabs(struct bytemap_arena *arena)
{
	unsigned int i;

	INIT_LIST_HEAD(&arena->stock);
	WRITE_ONCE(arena->stocked, 0);
	WRITE_ONCE(arena->count, 0);
	WRITE_ONCE(arena->retry, jiffies);
	for (i = 0; i < BYTEMAP_ARENA_CLASSES; i++)
		INIT_LIST_HEAD(&arena->class[i].partial);
}

/* Without slabs */
void bytemap_arena_init(struct bytemap_arena *arena, u32 max)
{
	unsigned int i;

	xa_init_flags(&arena->slabs, XA_FLAGS_ALLOC1);
	arena->max = max;
	spin_lock_init(&arena->lock);
	for (i = 0; i < BYTEMAP_ARENA_CLASSES; i++)
		spin_lock_init(&arena->class[i].lock);
	forget_slabs(arena);
}

/* Nobody uses it, or has it mapped */
void bytemap_arena_exit(struct bytemap_arena *arena)
{
	unsigned long nr;
	struct slab *slab;

	xa_for_each(&arena->slabs, nr, slab) {
		__free_page(slab->page);
		kfree(slab);
	}
	xa_destroy(&arena->slabs);
}

static void count_slab(struct bytemap_arena *arena)
{
	spin_lock(&arena->lock);
	WRITE_ONCE(arena->count, arena->count + 1);
	spin_unlock(&arena->lock);
}

static void stock_slab(struct bytemap_arena *arena, struct slab *slab)
{
	spin_lock(&arena->lock);
	list_add(&slab->node, &arena->stock);
	WRITE_ONCE(arena->stocked, arena->stocked + 1);
	spin_unlock(&arena->lock);
}

/*
 * One more slab in stock. The arena is at @offset of what processes map. May
 * sleep.
 *
 * Return: 0, -ENOMEM; -EBUSY: there are as many as there can be.
 */
int bytemap_arena_grow(struct bytemap_arena *arena,
		       struct address_space *mapping, u64 offset)
{
	struct slab *slab = kzalloc(sizeof(*slab), BYTEMAP_GFP_OPTIONAL);
	int err = -ENOMEM;

	if (!slab)
		return -ENOMEM;
	slab->page = alloc_page(BYTEMAP_GFP_OPTIONAL | __GFP_ZERO);
	if (!slab->page)
		goto free_slab;
	err = xa_alloc(&arena->slabs, &slab->nr, slab,
		       XA_LIMIT(1, arena->max - 1), BYTEMAP_GFP_OPTIONAL);
	if (err)
		goto free_page;
	count_slab(arena);
	/*
	 * Who shows zeroes here from now on finds that there is a page: pairs
	 * with the barrier of bytemap_mirror_fault()
	 */
	smp_mb();
	unmap_mapping_range(mapping, offset + (u64)slab->nr * PAGE_SIZE,
			    PAGE_SIZE, 1);
	stock_slab(arena, slab);
	return 0;

free_page:
	__free_page(slab->page);
free_slab:
	kfree(slab);
	return err;
}

/* Return: whether there is more in stock than will soon be needed */
bool bytemap_arena_is_loose(const struct bytemap_arena *arena)
{
	return READ_ONCE(arena->stocked) >
	       2 * BYTEMAP_ARENA_STOCK + READ_ONCE(arena->count) / 8;
}

static void take_loose(struct bytemap_arena *arena, struct list_head *slabs)
{
	unsigned int n;

	spin_lock(&arena->lock);
	for (n = 0; n < TRIM && bytemap_arena_is_loose(arena); n++) {
		list_move(arena->stock.next, slabs);
		WRITE_ONCE(arena->stocked, arena->stocked - 1);
		WRITE_ONCE(arena->count, arena->count - 1);
	}
	spin_unlock(&arena->lock);
}

/*
 * Gives back a portion of what is in stock, as bytemap_arena_grow() took it. Sleeps
 * for a grace period.
 *
 * Return: how many slabs.
 */
unsigned int bytemap_arena_trim(struct bytemap_arena *arena,
				struct address_space *mapping, u64 offset)
{
	struct slab *slab, *next;
	unsigned int n = 0;
	LIST_HEAD(slabs);

	take_loose(arena, &slabs);
	list_for_each_entry(slab, &slabs, node)
		xa_erase(&arena->slabs, slab->nr);
	/*
	 * Who is about to show one has a reference, and finds that it is not there
	 * any more; and nobody finds it who looks from here on
	 */
	synchronize_rcu();
	list_for_each_entry_safe(slab, next, &slabs, node) {
		unmap_mapping_range(mapping, offset + (u64)slab->nr * PAGE_SIZE,
				    PAGE_SIZE, 1);
		__free_page(slab->page);
		kfree(slab);
		n++;
	}
	return n;
}

/*
 * Gives back all of it. No slot is taken or named any more, but processes may have
 * pages of it mapped, or be about to. Sleeps for a grace period.
 *
 * Return: how many slabs.
 */
u32 bytemap_arena_empty(struct bytemap_arena *arena,
			struct address_space *mapping, u64 offset)
{
	u32 n = arena->count;
	struct slab *slab, *next;
	unsigned long nr;
	LIST_HEAD(slabs);

	xa_for_each(&arena->slabs, nr, slab) {
		xa_erase(&arena->slabs, nr);
		list_add(&slab->node, &slabs);
	}
	forget_slabs(arena);
	/* As in bytemap_arena_trim() */
	synchronize_rcu();
	unmap_mapping_range(mapping, offset, (u64)arena->max * PAGE_SIZE, 1);
	list_for_each_entry_safe(slab, next, &slabs, node) {
		__free_page(slab->page);
		kfree(slab);
		cond_resched();
	}
	return n;
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

/* In an RCU read section. Return: the page of slab @nr; NULL: there is none */
struct page *bytemap_arena_page(struct bytemap_arena *arena, u32 nr)
{
	const struct slab *slab = xa_load(&arena->slabs, nr);

	return slab ? slab->page : NULL;
}
