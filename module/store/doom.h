/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects that nobody has any more, but that may be looked at: doom.c
 */
#ifndef _SYNCMAP_STORE_DOOM_H
#define _SYNCMAP_STORE_DOOM_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>

#include "job.h"

struct bytemap_doom {
	struct llist_head	objects;	/* for the next grace period */
	atomic64_t		bytes;		/* of all */
	s64			max;		/* before writers wait; READ_ONCE() */
	unsigned long		busy;		/* bit 0: @waiting is in use */
	struct llist_node	*waiting;	/* for this one */
	unsigned long		rounds;
	struct rcu_head		rcu;
	struct bytemap_job	job;
	wait_queue_head_t	wait;
	size_t			(*free)(struct llist_node *object);
};

void bytemap_doom_init(struct bytemap_doom *doom, struct bytemap_share *share,
		       u64 bytes, size_t (*free)(struct llist_node *object));
void bytemap_doom_limit(struct bytemap_doom *doom, u64 bytes);
void bytemap_doom_add(struct bytemap_doom *doom, struct llist_node *object,
		      size_t size);
bool bytemap_doom_is_full(const struct bytemap_doom *doom);
bool bytemap_doom_is_empty(const struct bytemap_doom *doom);
int bytemap_doom_wait(struct bytemap_doom *doom);
void bytemap_doom_wait_for_room(struct bytemap_doom *doom);

#endif /* _SYNCMAP_STORE_DOOM_H */
