// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of those who wait.
 */
#include <linux/completion.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/wait.h>

void add_wait_queue(wait_queue_head_t *queue, wait_queue_entry_t *entry)
{
	spin_lock(&queue->lock);
	list_add(&entry->entry, &queue->head);
	spin_unlock(&queue->lock);
}

void remove_wait_queue(wait_queue_head_t *queue, wait_queue_entry_t *entry)
{
	spin_lock(&queue->lock);
	list_del(&entry->entry);
	spin_unlock(&queue->lock);
}

/* Behind the last access to @entry it may be gone */
int autoremove_wake_function(wait_queue_entry_t *entry, unsigned int mode,
			     int flags, void *key)
{
	if (!(mode & entry->mode))
		return 0;
	list_del_init_careful(&entry->entry);
	return 1;
}

void shim_wake_queue(wait_queue_head_t *queue, unsigned int mode, int exclusive,
		     unsigned long key)
{
	struct list_head *link, *next;
	wait_queue_entry_t *entry;
	unsigned int flags;
	bool some = false;

	spin_lock(&queue->lock);
	for (link = queue->head.next; link != &queue->head; link = next) {
		next = link->next;
		entry = list_entry(link, wait_queue_entry_t, entry);
		flags = entry->flags;
		if (!entry->func(entry, mode, 0, (void *)key))
			continue;
		some = true;
		if (flags & WQ_FLAG_EXCLUSIVE && !--exclusive)
			break;
	}
	spin_unlock(&queue->lock);
	if (some)
		shim_wake();
}

void shim_enter_queue(wait_queue_head_t *queue, wait_queue_entry_t *entry)
{
	spin_lock(&queue->lock);
	if (!list_empty(&entry->entry))
		;
	else if (entry->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&entry->entry, &queue->head);
	else
		list_add(&entry->entry, &queue->head);
	spin_unlock(&queue->lock);
	/* Who brings what is waited for looks into the queue after that */
	smp_mb();
}

bool shim_sleep_in_queue(const wait_queue_entry_t *entry, u64 until)
{
	bool early = true;

	shim_wait_begin();
	while (early && !list_empty_careful(&entry->entry)) {
		if (until == SHIM_FOR_EVER)
			shim_wait();
		else
			early = shim_wait_until(until);
	}
	shim_wait_end();
	return early;
}

void shim_leave_queue(wait_queue_head_t *queue, wait_queue_entry_t *entry)
{
	if (list_empty_careful(&entry->entry))
		return;
	spin_lock(&queue->lock);
	list_del_init(&entry->entry);
	spin_unlock(&queue->lock);
}

unsigned long wait_for_completion_timeout(struct completion *c,
					  unsigned long timeout)
{
	u64 until = ktime_get_ns() + timeout * (NSEC_PER_SEC / HZ);
	bool early = true, done;

	shim_wait_begin();
	while (!(done = try_wait_for_completion(c)) && early)
		early = shim_wait_until(until);
	shim_wait_end();
	return done;
}

int wait_for_completion_killable(struct completion *c)
{
	return wait_var_event_killable(c, try_wait_for_completion(c));
}
