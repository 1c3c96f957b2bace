// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an ioctl number to its handler: everything that all commands have in
 * common is checked and copied here
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "dev.h"

/* ABI 1 on every machine; the selftests have a table of all fields */
static_assert(sizeof(struct syncmap_limits) == 24);
static_assert(sizeof(struct syncmap_info) == 168);
static_assert(sizeof(struct syncmap_create) == 168);
static_assert(sizeof(struct syncmap_open) == 120);
static_assert(sizeof(struct syncmap_remove) == 112);
static_assert(sizeof(struct syncmap_publish) == 112);
static_assert(sizeof(struct syncmap_map_info) == 192);
static_assert(sizeof(struct syncmap_list) == 64);
static_assert(sizeof(struct syncmap_stat) == 48);
static_assert(sizeof(struct syncmap_stats) == 56);
static_assert(sizeof(struct syncmap_error) == 24);
static_assert(sizeof(struct syncmap_op) == 136);
static_assert(sizeof(struct syncmap_answer) == 88);
static_assert(sizeof(struct syncmap_batch) == 56);
static_assert(sizeof(struct syncmap_await) == 56);
static_assert(sizeof(struct syncmap_record) == 40);
static_assert(sizeof(struct syncmap_range) == 64);
static_assert(sizeof(struct syncmap_watch) == 72);
static_assert(sizeof(struct syncmap_clear) == 8);
static_assert(sizeof(struct syncmap_set) == 72);
static_assert(sizeof(struct syncmap_restrict) == 40);
static_assert(sizeof(struct syncmap_freeze) == 8);
static_assert(sizeof(struct syncmap_retire) == 8);
static_assert(offsetofend(struct syncmap_op, value_len) == SYNCMAP_OP_SHORT);
static_assert(offsetof(struct syncmap_answer, error) == 24);
static_assert(offsetof(struct syncmap_answer, leased) == 56);
static_assert(offsetof(struct syncmap_record, key_len) == 16);

/* The size is the caller's: an older or a newer program has another */
#define CMD_IDENTITY	(~(_IOC_SIZEMASK << _IOC_SIZESHIFT))

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

/*
 * Writes element @nr of a caller's array, in which one takes @entry_size bytes, of
 * which the kernel knows @size: what it does not know becomes zero.
 *
 * Return: 0 or -EFAULT.
 */
int syncmap_put_element(u64 array, u32 entry_size, u32 nr, const void *element,
			size_t size)
{
	void __user *user = u64_to_user_ptr(array + (u64)nr * entry_size);
	size_t known = min_t(size_t, entry_size, size);

	if (copy_to_user(user, element, known) ||
	    clear_user(user + known, entry_size - known))
		return -EFAULT;
	return 0;
}

/* The part of a struct of @size bytes, as the caller has it, that is written */
static size_t reply_size(const struct syncmap_command *command, size_t size)
{
	return min_t(size_t, size, command->size) - command->reply;
}

static void *part(struct syncmap_call *call, size_t at)
{
	return (u8 *)&call->arg + at;
}

/* Handlers find zeroes in what they answer */
static void clear_reply(struct syncmap_call *call,
			const struct syncmap_command *command)
{
	u64 cursor = 0;

	if (command->cursor)
		memcpy(&cursor, part(call, command->cursor), sizeof(cursor));
	memset(part(call, command->reply), 0, command->size - command->reply);
	if (command->cursor)
		memcpy(part(call, command->cursor), &cursor, sizeof(cursor));
}

static int copy_argument(struct syncmap_call *call,
			 const struct syncmap_command *command, void __user *user,
			 size_t size)
{
	int err;

	if (size < command->min_size)
		return -EINVAL;
	err = copy_struct_from_user(&call->arg, command->size, user, size);
	if (err || !command->reply)
		return err;
	clear_reply(call, command);
	return syncmap_probe_write(user + command->reply,
				   reply_size(command, size));
}

/* What can be said of all commands alike */
static int check_command(struct syncmap_call *call,
			 const struct syncmap_command *command)
{
	const u32 *flags = part(call, 0);
	const u32 *reserved = part(call, command->reserved);

	if (command->access &&
	    command->access & ~syncmap_mapfd_access(call->file))
		return -EBADF;
	if (*flags & ~command->flags)
		return syncmap_refuse(call, 0, -EOPNOTSUPP);
	if (command->reserved && *reserved)
		return syncmap_refuse(call, command->reserved, -EOPNOTSUPP);
	return 0;
}

static int write_reply(struct syncmap_call *call,
		       const struct syncmap_command *command, void __user *user,
		       size_t size, int err)
{
	int *fd = part(call, command->fd);

	if (!command->reply)
		return 0;
	if (!err)
		memset(&call->error, 0, sizeof(call->error));
	call->error.status = err;
	if (command->error)
		memcpy(part(call, command->error), &call->error,
		       sizeof(call->error));
	if (command->fd)
		*fd = err ? -1 : call->new_fd;
	return copy_to_user(user + command->reply, part(call, command->reply),
			    reply_size(command, size)) ? -EFAULT : 0;
}

static int run_command(struct syncmap_call *call,
		       const struct syncmap_command *command, void __user *user,
		       size_t size)
{
	int err, fault;

	err = check_command(call, command) ?: command->run(call);
	fault = write_reply(call, command, user, size, err);
	if (err || !call->finish)
		return err ?: fault;
	err = call->finish(call, fault);
	/* The reply says what has not come to pass */
	if (err && !fault)
		write_reply(call, command, user, size, err);
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

	if (!command)
		return -ENOTTY;
	/* Of @arg, there is as much as the command has */
	memset(&call, 0, offsetof(struct syncmap_call, arg));
	call.file = file;
	err = copy_argument(&call, command, user, _IOC_SIZE(cmd));
	return err ?: run_command(&call, command, user, _IOC_SIZE(cmd));
}
