/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Those who wait for a lease, in line: line.c
 */
#ifndef _SYNCMAP_STORE_LINE_H
#define _SYNCMAP_STORE_LINE_H

#include <linux/list.h>
#include <linux/types.h>

struct bytemap;
struct bytemap_client;
struct bytemap_lease;
struct bytemap_value;
struct task_struct;

/*
 * A thread in line, on its stack, or a place of it (place.c); protected by the
 * lock of the lease
 */
struct bytemap_waiter {
	struct list_head	node;
	struct task_struct	*task;		/* NULL: wake() is called */
	/* With the lock of the lease, or of the map's line */
	void			(*wake)(struct bytemap_waiter *waiter);
	struct bytemap_client	*client;
	u64			lease_for;	/* how long, if it gets the lease */
	u64			token;		/* 0: has not got it */
	u64			ends;		/* when the lease did, or will */
	bool			woken;
	struct list_head	line;		/* in map->line: map->line_lock */
	u8			epoch;		/* of the lease */
	bool			cleared;
};

bool bytemap_line_join(struct bytemap_value *value,
		       struct bytemap_waiter *waiter);
bool bytemap_line_leave(struct bytemap_value *value,
			struct bytemap_waiter *waiter);
bool bytemap_line_join_map(struct bytemap *map, struct bytemap_waiter *waiter);
bool bytemap_line_leave_map(struct bytemap *map, struct bytemap_waiter *waiter);
struct bytemap_waiter *bytemap_line_pick_locked(struct bytemap_lease *lease,
						u64 token);
void bytemap_line_wake_all(struct bytemap_value *value);
void bytemap_line_clear(struct bytemap *map, u8 epoch);

#endif /* _SYNCMAP_STORE_LINE_H */
