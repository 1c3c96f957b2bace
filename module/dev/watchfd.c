// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNCMAP_WATCH: descriptors that give records of what changes to read(2)
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../store/bytemap.h"
#include "../store/queue.h"
#include "../store/reader.h"
#include "../store/record.h"
#include "../store/tell.h"
#include "../store/watch.h"
#include "dev.h"

/* As many records as there are and fit; -EAGAIN if there are none yet */
static ssize_t put_records(struct bytemap_watch *watch, char __user *user,
			   size_t size)
{
	struct bytemap_record record;
	bool ended = bytemap_reader_has_ended(watch);
	size_t used = 0;
	int ret;

	for (;;) {
		/* Those who write may go on as fast as we read */
		ret = -EINTR;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
		ret = bytemap_reader_peek(watch, &record);
		if (ret <= 0)
			break;
		ret = -EMSGSIZE;
		if (record.head.size > size - used)
			break;
		ret = syncmap_record_put(user + used, &record);
		if (ret)
			break;
		used += record.head.size;
		bytemap_reader_consume(watch, &record);
	}
	bytemap_reader_rest(watch);
	if (used || ret)
		return used ?: ret;
	return ended ? 0 : -EAGAIN;
}

static ssize_t read_some(struct bytemap_watch *watch, char __user *user,
			 size_t size)
{
	ssize_t ret;

	if (mutex_lock_interruptible(&watch->lock))
		return -ERESTARTSYS;
	ret = put_records(watch, user, size);
	mutex_unlock(&watch->lock);
	return ret;
}

static ssize_t watch_read(struct file *file, char __user *user, size_t size,
			  loff_t *pos)
{
	struct bytemap_watch *watch = file->private_data;
	ssize_t ret;

	for (;;) {
		ret = read_some(watch, user, size);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			break;
		ret = bytemap_reader_wait(watch);
		if (ret)
			break;
	}
	bytemap_reader_pass_on(watch);
	return ret;
}

static __poll_t watch_poll(struct file *file, poll_table *table)
{
	struct bytemap_watch *watch = file->private_data;

	poll_wait(file, &watch->wait, table);
	/*
	 * Pairs with wq_has_sleeper(). Older poll_wait() left it to its callers.
	 * See litmus/poll
	 */
	smp_mb();
	if (bytemap_reader_has_ended(watch))
		return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	return bytemap_reader_has_record(watch) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int watch_release(struct inode *inode, struct file *file)
{
	bytemap_watch_destroy(file->private_data);
	return 0;
}

static void watch_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct bytemap_watch *watch = file->private_data;
	/* a statistic: may be out of date in any case */
	u64 events = data_race(watch->events);
	/* likewise */
	u64 overflows = data_race(watch->overflows);

	syncmap_show_fdinfo(m, watch->map);
	seq_printf(m, "syncmap-queue:\t%u of %u\n",
		   bytemap_queue_used(&watch->queue), watch->queue.size);
	seq_printf(m, "syncmap-events:\t%llu\nsyncmap-overflows:\t%llu\n",
		   events, overflows);
}

static const struct file_operations watch_fops = {
	.owner = THIS_MODULE,
	.read = watch_read,
	.poll = watch_poll,
	.release = watch_release,
	.show_fdinfo = watch_show_fdinfo,
	.llseek = noop_llseek,
};

static int make(struct syncmap_call *call, const void *filter)
{
	struct bytemap *map = syncmap_mapfd_map(call->file);
	struct bytemap_watch *watch;
	int err;

	watch = bytemap_watch_create(map, &call->arg.watch, filter,
				     &call->error);
	if (IS_ERR(watch))
		return PTR_ERR(watch);
	err = syncmap_newfd(call, "[syncmap-watch]", &watch_fops, watch,
			    O_RDONLY);
	if (err)
		bytemap_watch_destroy(watch);
	return err;
}

int syncmap_run_watch(struct syncmap_call *call)
{
	const struct syncmap_watch *params = &call->arg.watch;
	void *filter;
	int err;

	err = bytemap_watch_check(syncmap_mapfd_map(call->file), params,
				  &call->error);
	if (err)
		return err;
	filter = vmemdup_user(u64_to_user_ptr(params->filter),
			      params->filter_len);
	if (IS_ERR(filter))
		return PTR_ERR(filter);
	err = make(call, filter);
	kvfree(filter);
	return err;
}
