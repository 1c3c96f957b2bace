/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values that nobody has any more, but that may be looked at: doom.c
 */
#ifndef _SYNCMAP_STORE_DOOM_H
#define _SYNCMAP_STORE_DOOM_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>

#include "job.h"

struct bytemap;
struct bytemap_value;

struct bytemap_doom {
	struct llist_head	values;		/* for the next grace period */
	atomic64_t		bytes;		/* of all */
	s64			max;		/* before writers wait */
	unsigned long		busy;		/* bit 0: @waiting is in use */
	struct llist_node	*waiting;	/* for this one */
	unsigned long		rounds;
	struct rcu_head		rcu;
	struct bytemap_job	job;
	wait_queue_head_t	wait;
};

void bytemap_doom_init(struct bytemap *map);
void bytemap_doom(struct bytemap_value *value);
bool bytemap_doom_is_full(struct bytemap *map);
bool bytemap_doom_is_empty(struct bytemap *map);
int bytemap_doom_wait(struct bytemap *map);
bool bytemap_wait_doomed(struct bytemap *map);
void bytemap_throttle(struct bytemap *map);

#endif /* _SYNCMAP_STORE_DOOM_H */
