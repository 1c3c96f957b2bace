// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an ioctl number to its handler: everything that all commands have in
 * common is checked and copied here
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "dev.h"

/* The size is the caller's: an older or a newer program has another */
#define CMD_IDENTITY	(~(_IOC_SIZEMASK << _IOC_SIZESHIFT))

/* ABI level 1, for ever */
static void check_abi(void)
{
	BUILD_BUG_ON(sizeof(struct syncmap_limits) != 24);
	BUILD_BUG_ON(sizeof(struct syncmap_info) != 144);
	BUILD_BUG_ON(offsetof(struct syncmap_info, defaults) != 40);
	BUILD_BUG_ON(offsetof(struct syncmap_info, user_bytes) != 96);
	BUILD_BUG_ON(sizeof(struct syncmap_create) != 144);
	BUILD_BUG_ON(offsetof(struct syncmap_create, limits) != 72);
	BUILD_BUG_ON(offsetof(struct syncmap_create, ttl) != 104);
	BUILD_BUG_ON(sizeof(struct syncmap_open) != 80);
	BUILD_BUG_ON(sizeof(struct syncmap_remove) != 72);
	BUILD_BUG_ON(sizeof(struct syncmap_map_info) != 168);
	BUILD_BUG_ON(offsetof(struct syncmap_map_info, count) != 104);
	BUILD_BUG_ON(sizeof(struct syncmap_list) != 40);
	BUILD_BUG_ON(sizeof(struct syncmap_map_stats) != 456);
	BUILD_BUG_ON(offsetof(struct syncmap_map_stats, fill) != 192);
	BUILD_BUG_ON(sizeof(struct syncmap_error) != 24);
	BUILD_BUG_ON(sizeof(struct syncmap_op) != 128);
	BUILD_BUG_ON(offsetof(struct syncmap_op, value) != SYNCMAP_OP_SHORT);
	BUILD_BUG_ON(offsetof(struct syncmap_op, old) != 80);
	BUILD_BUG_ON(sizeof(struct syncmap_answer) != 80);
	BUILD_BUG_ON(offsetof(struct syncmap_answer, leased) != 56);
	BUILD_BUG_ON(sizeof(struct syncmap_batch) != 32);
	BUILD_BUG_ON(sizeof(struct syncmap_record) != 40);
	BUILD_BUG_ON(offsetof(struct syncmap_record, revision) != 24);
	BUILD_BUG_ON(sizeof(struct syncmap_range) != 40);
	BUILD_BUG_ON(sizeof(struct syncmap_clear) != 8);
	BUILD_BUG_ON(sizeof(struct syncmap_promote) != 8);
	BUILD_BUG_ON(sizeof(struct syncmap_freeze) != 8);
	BUILD_BUG_ON(sizeof(struct syncmap_restrict) != 16);
	BUILD_BUG_ON(sizeof(struct syncmap_watch) != 64);
	BUILD_BUG_ON(offsetof(struct syncmap_watch, revision) != 32);
}

static const struct syncmap_command *
find_command(const struct syncmap_commands *commands, unsigned int cmd)
{
	unsigned int index = _IOC_NR(cmd) - commands->base;
	const struct syncmap_command *command;

	if (index >= commands->count)
		return NULL;
	index = array_index_nospec(index, commands->count);
	command = &commands->command[index];
	if ((cmd ^ command->cmd) & CMD_IDENTITY)
		return NULL;
	return command;
}

/*
 * Could @size bytes be written there? Asked before a change whose result could
 * not be told otherwise. It writes what it reads, which nobody sees who leaves a
 * struct alone that is in use: the reply will be written to all of it.
 */
int syncmap_probe_write(void __user *user, size_t size)
{
	unsigned long at = (unsigned long)user, end = at + size;
	u8 byte;

	if (!access_ok(user, size))
		return -EFAULT;
	for (; at < end; at = round_down(at, PAGE_SIZE) + PAGE_SIZE) {
		if (get_user(byte, (u8 __user *)at) ||
		    put_user(byte, (u8 __user *)at))
			return -EFAULT;
	}
	return 0;
}

/* The same without writing anything. To read lets a stack grow, too */
int syncmap_fault_in(void __user *user, size_t size)
{
	unsigned long at = (unsigned long)user, end = at + size;

	if (!access_ok(user, size))
		return -EFAULT;
	for (; at < end; at = round_down(at, PAGE_SIZE) + PAGE_SIZE) {
		char __user *byte = (char __user *)at;

		if (fault_in_readable(byte, 1) ||
		    fault_in_safe_writeable(byte, 1))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

static bool has_reply(const struct syncmap_command *command)
{
	return _IOC_DIR(command->cmd) & _IOC_READ;
}

static int copy_argument(struct syncmap_call *call,
			 const struct syncmap_command *command, void __user *user,
			 size_t size)
{
	int err;

	if (size < command->min_size)
		return -EINVAL;
	err = copy_struct_from_user(&call->arg, command->size, user, size);
	if (err || !has_reply(command))
		return err;
	return syncmap_probe_write(user, min_t(size_t, size, command->size));
}

static int run_command(struct syncmap_call *call, const struct syncmap_command *command,
		       void __user *user, size_t size)
{
	size_t reply = min_t(size_t, size, command->size);
	int err, fault = 0;

	err = command->run(call);
	if (has_reply(command) && (!err || command->reply_on_error))
		fault = copy_to_user(user, &call->arg, reply) ? -EFAULT : 0;
	if (err || !call->finish)
		return err ?: fault;
	err = call->finish(call, fault);
	/* The reply says what has not come to pass */
	if (err && !fault && copy_to_user(user, &call->arg, reply))
		err = -EFAULT;
	return err;
}

/* The ioctl of a descriptor that knows @commands */
long syncmap_dispatch(const struct syncmap_commands *commands,
		      struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct syncmap_command *command = find_command(commands, cmd);
	void __user *user = (void __user *)arg;
	struct syncmap_call call;
	int err;

	check_abi();
	if (!command)
		return -ENOTTY;
	if (command->access & ~syncmap_mapfd_access(file))
		return -EBADF;
	/* Of @arg, there is as much as the command has */
	memset(&call, 0, offsetof(struct syncmap_call, arg));
	call.file = file;
	err = copy_argument(&call, command, user, _IOC_SIZE(cmd));
	return err ?: run_command(&call, command, user, _IOC_SIZE(cmd));
}
