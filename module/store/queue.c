// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of events: rings of bytes with one producer and one consumer at a time
 *
 * An event takes the bytes of its record; a long value is not copied, but its
 * room counts as if it were, so that what a queue takes is what its owner can
 * reckon. The object that it keeps from being freed is larger, about twice as
 * large as record and value at most, and that is what the owner is charged for
 * (memory.c). An event may run over the end of the ring: behind it there is room
 * for one.
 */
#include <linux/build_bug.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../large.h"
#include "bytemap.h"
#include "gfp.h"
#include "queue.h"
#include "record.h"
#include "value.h"

struct slot {
	u32			size;	/* in the ring */
	u32			pinned;
	struct bytemap_value	*held;
	struct syncmap_record	event;
	u8			data[];	/* its key, and the value if not held */
};

static size_t slot_size(size_t len)
{
	return round_up(sizeof(struct slot) + len, sizeof(u64));
}

/*
 * @size is a power of two, and at least SYNCMAP_QUEUE_MIN. May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int bytemap_queue_init(struct bytemap_queue *queue, u32 size, u32 key_size)
{
	BUILD_BUG_ON(sizeof(struct slot) + BYTEMAP_KEY_MAX + BYTEMAP_COPY >
		     SYNCMAP_QUEUE_MIN);
	queue->ring = syncmap_large_alloc(size + slot_size(key_size +
							   BYTEMAP_COPY),
					  BYTEMAP_GFP);
	if (!queue->ring)
		return -ENOMEM;
	queue->size = size;
	queue->head = 0;
	queue->tail = 0;
	atomic_set(&queue->pinned, 0);
	return 0;
}

/* Nobody uses it any more */
void bytemap_queue_exit(struct bytemap_queue *queue)
{
	struct bytemap_record record;

	while (bytemap_queue_peek(queue, &record)) {
		bytemap_queue_consume(queue);
		cond_resched();
	}
	kvfree(queue->ring);
}

static struct slot *slot_at(const struct bytemap_queue *queue,
			    unsigned long position)
{
	return queue->ring + (position & (queue->size - 1));
}

/*
 * Return: bytes that are taken; for the producer that is the most there can be
 */
u32 bytemap_queue_used(const struct bytemap_queue *queue)
{
	/* Pairs with bytemap_queue_consume(). See litmus/queue */
	unsigned long tail = smp_load_acquire(&queue->tail);

	return READ_ONCE(queue->head) - tail + atomic_read(&queue->pinned);
}

/* Return: whether there is no event */
bool bytemap_queue_is_empty(const struct bytemap_queue *queue)
{
	/*
	 * In this order: what is seen to be consumed was seen to be there, by
	 * the producer, too, when it decided not to wake anybody
	 */
	unsigned long tail = smp_load_acquire(&queue->tail);

	return READ_ONCE(queue->head) == tail;
}

/*
 * Producer, behind a full barrier.
 *
 * Return: whether the queue was empty before the event was put for which @head was
 * its head.
 */
bool bytemap_queue_was_empty(const struct bytemap_queue *queue,
			     unsigned long head)
{
	return READ_ONCE(queue->tail) == head;
}

/*
 * Producer: add an event, with its value unless @value is NULL. Bounded work,
 * from any context.
 *
 * Return: false if there is no room.
 */
bool bytemap_queue_put(struct bytemap_queue *queue,
		       const struct syncmap_record *event, const void *key,
		       struct bytemap_value *value)
{
	u32 len = value ? value->len : 0;
	bool hold = len > BYTEMAP_COPY;
	size_t size = slot_size(event->key_len + (hold ? 0 : len));
	struct slot *slot = slot_at(queue, queue->head);
	u32 pinned = hold ? value->capacity : 0;

	if (size + pinned > queue->size - bytemap_queue_used(queue))
		return false;
	slot->size = size;
	slot->pinned = pinned;
	slot->held = hold ? value : NULL;
	slot->event = *event;
	bytemap_record_finish(&slot->event, value);
	memcpy(slot->data, key, event->key_len);
	if (hold)
		refcount_inc(&value->refs);
	else if (len)
		memcpy(slot->data + event->key_len, value->bytes, len);
	atomic_add(pinned, &queue->pinned);
	/* Pairs with bytemap_queue_peek(). See litmus/queue */
	smp_store_release(&queue->head, queue->head + size);
	return true;
}

/*
 * Consumer: @record is the oldest event, valid until that is consumed.
 *
 * Return: false if there is none.
 */
bool bytemap_queue_peek(const struct bytemap_queue *queue,
			struct bytemap_record *record)
{
	const struct slot *slot = slot_at(queue, queue->tail);

	/* Pairs with bytemap_queue_put(). See litmus/queue */
	if (smp_load_acquire(&queue->head) == queue->tail)
		return false;
	record->head = slot->event;
	record->key = slot->data;
	record->value = slot->held ? slot->held->bytes :
			slot->data + slot->event.key_len;
	return true;
}

/* Consumer: drop the oldest event */
void bytemap_queue_consume(struct bytemap_queue *queue)
{
	struct slot *slot = slot_at(queue, queue->tail);

	atomic_sub(slot->pinned, &queue->pinned);
	if (slot->held)
		bytemap_value_put(slot->held);
	/*
	 * From here on it may be overwritten. Pairs with bytemap_queue_used().
	 * See litmus/queue
	 */
	smp_store_release(&queue->tail, queue->tail + slot->size);
}
