/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events that a watcher has not read yet: queue.c
 */
#ifndef _SYNCMAP_STORE_QUEUE_H
#define _SYNCMAP_STORE_QUEUE_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "record.h"

struct bytemap_value;

struct bytemap_queue {
	void		*ring;
	u32		size;
	atomic_t	pinned;		/* bytes of values that are held */
	unsigned long	head;
	unsigned long	tail;
};

int bytemap_queue_init(struct bytemap_queue *queue, u32 size, u32 key_size);
void bytemap_queue_exit(struct bytemap_queue *queue);
u32 bytemap_queue_used(const struct bytemap_queue *queue);
bool bytemap_queue_is_empty(const struct bytemap_queue *queue);
bool bytemap_queue_was_empty(const struct bytemap_queue *queue,
			     unsigned long head);
bool bytemap_queue_put(struct bytemap_queue *queue,
		       const struct syncmap_record *event, const void *key,
		       struct bytemap_value *value);
bool bytemap_queue_peek(const struct bytemap_queue *queue,
			struct bytemap_record *record);
void bytemap_queue_consume(struct bytemap_queue *queue);

#endif /* _SYNCMAP_STORE_QUEUE_H */
