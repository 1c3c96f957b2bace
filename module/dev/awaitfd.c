// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNCMAP_AWAIT: descriptors of places in line for a lease
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../store/place.h"
#include "dev.h"
#include "time.h"

/* Whoever would not hear of the lease cannot have it */
#define ANSWER_MIN	offsetofend(struct syncmap_answer, leased)

static ssize_t await_read(struct file *file, char __user *user, size_t size,
			  loff_t *pos)
{
	struct bytemap_place *place = file->private_data;
	struct syncmap_answer answer;
	int ret = 0;

	if (size < ANSWER_MIN)
		return -EMSGSIZE;
	if (!(file->f_flags & O_NONBLOCK))
		ret = bytemap_place_wait(place);
	ret = ret ?: bytemap_place_take(place, &answer);
	if (ret <= 0)
		return ret;
	answer.lease_ends = place->from_now ?
		syncmap_time_until(answer.lease_ends) :
		syncmap_time_to_user(answer.lease_ends);
	size = min(size, sizeof(answer));
	if (!copy_to_user(user, &answer, size))
		return size;
	bytemap_place_put_back(place);
	return -EFAULT;
}

static __poll_t await_poll(struct file *file, poll_table *table)
{
	struct bytemap_place *place = file->private_data;

	poll_wait(file, &place->wait, table);
	/*
	 * Pairs with wq_has_sleeper(). Older poll_wait() left it to its callers.
	 * See litmus/poll
	 */
	smp_mb();
	if (bytemap_place_was_read(place))
		return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	return bytemap_place_is_over(place) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int await_release(struct inode *inode, struct file *file)
{
	bytemap_place_destroy(file->private_data);
	return 0;
}

static void await_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct bytemap_place *place = file->private_data;

	seq_printf(m, "syncmap-id:\t%llu\nsyncmap-await:\t%s\n", place->id,
		   bytemap_place_is_over(place) ? "over" : "in line");
}

static const struct file_operations await_fops = {
	.owner = THIS_MODULE,
	.read = await_read,
	.poll = await_poll,
	.release = await_release,
	.show_fdinfo = await_show_fdinfo,
	.llseek = noop_llseek,
};

static int make_await(struct syncmap_call *call, const void *key)
{
	struct bytemap_place *place;
	int err;

	place = bytemap_place_create(syncmap_mapfd_client(call->file),
				     &call->arg.await, key, &call->error);
	if (IS_ERR(place))
		return PTR_ERR(place);
	err = syncmap_newfd(call, "[syncmap-await]", &await_fops, place,
			    O_RDONLY);
	if (err)
		bytemap_place_destroy(place);
	return err;
}

int syncmap_run_await(struct syncmap_call *call)
{
	const struct syncmap_await *params = &call->arg.await;
	void *key;
	int err;

	err = bytemap_place_check(syncmap_mapfd_map(call->file), params,
				  &call->error);
	if (err)
		return err;
	key = vmemdup_user(u64_to_user_ptr(params->key), params->key_len);
	if (IS_ERR(key))
		return PTR_ERR(key);
	err = make_await(call, key);
	kvfree(key);
	return err;
}
