// SPDX-License-Identifier: GPL-2.0-only
/*
 * What processes have mapped of a mirror
 *
 * A fault looks which page there is at its place, or none, and maps that, or
 * zeroes. Whoever puts another one there, or takes it away, takes what was there
 * before from all who have it mapped. But a fault may have looked before that, and
 * map afterwards what it has seen. To let it look again then would not do: of two
 * that are late, the one takes away the right page, and the other maps the wrong
 * one; who reads a slot meanwhile has a half of each. Nor can it be waited for: its
 * thread may be preempted, or throttled, for as long as its user likes.
 *
 * So faults are counted, and whoever changes something comes back later:
 *
 *	fault				change
 *	begin: one more of this epoch	another page is there, or none
 *	look				note the epoch
 *	map				until that is over: come back later
 *	end: one less			take away what is mapped there
 *					use the place, free the old page
 *
 * F1 A fault that has seen the old page is of the noted epoch or an earlier one:
 *    had it begun later, the lock would have shown it the change.
 * F2 Of an epoch and the one before, but of no earlier one, faults may be under
 *    way: the next begins when there are none of that before. So two epochs later
 *    all of the noted one are over. Others that begin meanwhile are of later ones,
 *    and hold up nothing, however many they are.
 * F3 What was mapped before that is taken away, and nobody maps it any more: no
 *    page is freed, nor a place used, while it shows something else.
 *
 * A fault that gets stuck delays what is given back, and pages that come to where
 * zeroes were looked at: no operation. tools/native/model/fault.pml has all of it.
 *
 * Pages are mapped by their number (VM_PFNMAP) and without a reference, so that
 * no process can get one: get_user_pages_fast() does not look for VM_IO, but for
 * what is special in an entry of a table of pages.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "gfp.h"
#include "mapping.h"

/* Where processes map or unmap meanwhile, they wait for no more */
#define ZAP_BYTES	((u64)SZ_4M)

/* Without mappings */
void bytemap_mapping_init(struct bytemap_mapping *mapping,
			  struct address_space *space)
{
	mapping->space = space;
	spin_lock_init(&mapping->lock);
	INIT_LIST_HEAD(&mapping->mappers);
}

/* A fault begins. Return: for bytemap_mapping_end(), when it has mapped a page */
unsigned int bytemap_mapping_begin(struct bytemap_mapping *mapping)
{
	unsigned int began;

	spin_lock(&mapping->lock);
	began = mapping->epoch % 2;
	mapping->faults[began]++;
	spin_unlock(&mapping->lock);
	return began;
}

void bytemap_mapping_end(struct bytemap_mapping *mapping, unsigned int began)
{
	spin_lock(&mapping->lock);
	mapping->faults[began]--;
	spin_unlock(&mapping->lock);
}

/*
 * Return: in which epoch, or before, faults began that may have seen something
 * other than what there is now
 */
u64 bytemap_mapping_epoch(struct bytemap_mapping *mapping)
{
	u64 epoch;

	spin_lock(&mapping->lock);
	epoch = mapping->epoch;
	spin_unlock(&mapping->lock);
	return epoch;
}

static void advance_locked(struct bytemap_mapping *mapping)
{
	lockdep_assert_held(&mapping->lock);
	if (!mapping->faults[(mapping->epoch + 1) % 2])
		mapping->epoch++;
}

/* Return: whether no fault of this @epoch or an earlier one is under way */
bool bytemap_mapping_is_over(struct bytemap_mapping *mapping, u64 epoch)
{
	bool over;

	spin_lock(&mapping->lock);
	if (mapping->epoch < epoch + 2)
		advance_locked(mapping);
	if (mapping->epoch < epoch + 2)
		advance_locked(mapping);
	over = mapping->epoch >= epoch + 2;
	spin_unlock(&mapping->lock);
	return over;
}

/*
 * Takes away what is mapped there. May sleep, for as long as others map or unmap:
 * not for writers. These wait for a part at a time, however much is mapped
 */
void bytemap_mapping_zap(struct bytemap_mapping *mapping, u64 offset, u64 bytes)
{
	u64 end = offset + bytes;

	for (; offset < end; offset += ZAP_BYTES) {
		unmap_mapping_range(mapping->space, offset,
				    min(end - offset, ZAP_BYTES), 1);
		cond_resched();
	}
}

static struct bytemap_mapper *
find_mapper_locked(const struct bytemap_mapping *mapping, u64 user)
{
	struct bytemap_mapper *mapper;

	lockdep_assert_held(&mapping->lock);
	list_for_each_entry(mapper, &mapping->mappers, node)
		if (mapper->user == user)
			return mapper;
	return NULL;
}

static int check_mappings_locked(const struct bytemap_mapping *mapping,
				 const struct bytemap_mapper *mapper,
				 bool owner)
{
	unsigned int max = BYTEMAP_MAPPINGS;

	lockdep_assert_held(&mapping->lock);
	if (!owner) {
		max -= BYTEMAP_MAPPINGS_RESERVED;
		if (mapper && mapper->count >= BYTEMAP_MAPPINGS_USER)
			return -EDQUOT;
	}
	return mapping->count >= max ? -ENOSPC : 0;
}

static void count_mappings_locked(struct bytemap_mapping *mapping,
				  struct bytemap_mapper *mapper, int n)
{
	lockdep_assert_held(&mapping->lock);
	mapper->count += n;
	WRITE_ONCE(mapping->count, mapping->count + n);
}

/* @fresh is for when the user has none yet, and is NULL if it was used */
static int add_mapping_locked(struct bytemap_mapping *mapping, u64 user,
			      bool owner, struct bytemap_mapper **fresh,
			      struct bytemap_mapper **mapper)
{
	struct bytemap_mapper *found = find_mapper_locked(mapping, user);
	int err = check_mappings_locked(mapping, found, owner);

	if (err)
		return err;
	if (!found) {
		found = *fresh;
		found->user = user;
		list_add(&found->node, &mapping->mappers);
		*fresh = NULL;
	}
	count_mappings_locked(mapping, found, 1);
	*mapper = found;
	return 0;
}

/*
 * One more mapping of a @user, who may be the map's owner. May sleep.
 *
 * Return: 0; -EDQUOT: the user has too many; -ENOSPC: too many of all; -ENOMEM.
 */
int bytemap_mapping_add(struct bytemap_mapping *mapping, u64 user, bool owner,
			struct bytemap_mapper **mapper)
{
	struct bytemap_mapper *fresh = kzalloc(sizeof(*fresh), BYTEMAP_GFP);
	int err;

	if (!fresh)
		return -ENOMEM;
	spin_lock(&mapping->lock);
	err = add_mapping_locked(mapping, user, owner, &fresh, mapper);
	spin_unlock(&mapping->lock);
	kfree(fresh);
	return err;
}

/* For who cannot be refused, and does so once only */
void bytemap_mapping_add_again(struct bytemap_mapping *mapping,
			       struct bytemap_mapper *mapper)
{
	spin_lock(&mapping->lock);
	count_mappings_locked(mapping, mapper, 1);
	spin_unlock(&mapping->lock);
}

void bytemap_mapping_remove(struct bytemap_mapping *mapping,
			    struct bytemap_mapper *mapper)
{
	bool last;

	spin_lock(&mapping->lock);
	count_mappings_locked(mapping, mapper, -1);
	last = !mapper->count;
	if (last)
		list_del(&mapper->node);
	spin_unlock(&mapping->lock);
	if (last)
		kfree(mapper);
}
