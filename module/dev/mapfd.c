// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of maps: anonymous files that hold a reference on the map, and
 * the commands on its entries
 */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

#include "../store/bytemap.h"
#include "../store/clear.h"
#include "../store/client.h"
#include "../store/freeze.h"
#include "../store/info.h"
#include "../store/map.h"
#include "../store/name.h"
#include "../store/retire.h"
#include "../store/set.h"
#include "../store/sweep.h"
#include "dev.h"
#include "time.h"

/* What an element of SYNCMAP_STATS was in ABI level 1 */
#define STAT_SIZE_MIN	offsetofend(struct syncmap_stat, index)

struct bytemap *syncmap_mapfd_map(const struct file *file)
{
	return syncmap_mapfd_client(file)->map;
}

/* SYNCMAP_ACCESS_* that the descriptor of a map gives */
u32 syncmap_mapfd_access(const struct file *file)
{
	return syncmap_mapfd_client(file)->access;
}

static int run_map_info(struct syncmap_call *call)
{
	struct syncmap_map_info *info = &call->arg.map_info;
	struct bytemap *map = syncmap_mapfd_map(call->file);

	bytemap_sweep(map);
	bytemap_info(map, current_user_ns(), info);
	info->access = syncmap_mapfd_access(call->file);
	info->boottime_offset = syncmap_time_offset();
	return 0;
}

static int put_stats(struct syncmap_stats *array, const struct bytemap_stats *stats)
{
	struct syncmap_stat stat;
	int err = 0;

	while (!err && bytemap_info_stat(stats, array->total, &stat)) {
		if (array->total++ >= array->capacity)
			continue;
		err = syncmap_put_element(array->buffer, array->entry_size,
					  array->count, &stat, sizeof(stat));
		array->count += !err;
	}
	return err;
}

static int run_stats(struct syncmap_call *call)
{
	struct bytemap *map = syncmap_mapfd_map(call->file);
	struct syncmap_stats *array = &call->arg.stats;
	struct bytemap_stats stats;

	if (array->entry_size < STAT_SIZE_MIN ||
	    array->entry_size > SYNCMAP_ELEMENT_MAX)
		return syncmap_refuse(call, SYNCMAP_AT(stats, entry_size),
				      -EINVAL);
	bytemap_sweep(map);
	bytemap_info_stats(map, &stats);
	return put_stats(array, &stats);
}

static int run_clear(struct syncmap_call *call)
{
	struct bytemap *map = syncmap_mapfd_map(call->file);
	int err = bytemap_clear(map);

	/* It is done; who is killed here only misses the end of the freeing */
	if (!err && call->arg.clear.flags & SYNCMAP_CLEAR_WAIT)
		bytemap_clear_wait(map);
	return err;
}

static int run_freeze(struct syncmap_call *call)
{
	return bytemap_freeze(syncmap_mapfd_map(call->file));
}

static int run_retire(struct syncmap_call *call)
{
	struct bytemap_path path = { .ns = &init_user_ns };
	struct bytemap_name name;
	int err;

	err = bytemap_retire(syncmap_mapfd_map(call->file), &name);
	path.scope = name.scope;
	path.name = name.name;
	if (name.name[0])
		syncmap_debugfs_link(&path);
	return err;
}

static int run_set(struct syncmap_call *call)
{
	return bytemap_set(syncmap_mapfd_map(call->file), &call->arg.set,
			   &call->error);
}

/* Access, the field at @field, that is asked for */
int syncmap_mapfd_check(struct syncmap_call *call, u32 access, size_t field)
{
	if (access & ~SYNCMAP_ACCESS_ALL)
		return syncmap_refuse(call, field, -EOPNOTSUPP);
	return access ? 0 : syncmap_refuse(call, field, -EINVAL);
}

static int run_restrict(struct syncmap_call *call)
{
	const struct syncmap_restrict *less = &call->arg.restrict_to;
	struct bytemap *map = syncmap_mapfd_map(call->file);
	int err;

	err = syncmap_mapfd_check(call, less->access,
				  SYNCMAP_AT(restrict, access));
	if (err)
		return err;
	if (less->access & ~syncmap_mapfd_access(call->file))
		return -EBADF;
	kref_get(&map->refs);
	err = syncmap_mapfd_make(call, map, less->access);
	if (err)
		bytemap_put(map);
	return err;
}

static const struct syncmap_command map_command[] = {
	SYNCMAP_COMMAND(SYNCMAP_MAP_INFO, map_info, boottime_offset,
			.run = run_map_info,
			.reply = SYNCMAP_AT(map_info, state)),
	SYNCMAP_COMMAND(SYNCMAP_STATS, stats, error, .run = run_stats,
			.reply = SYNCMAP_AT(stats, count),
			.error = SYNCMAP_AT(stats, error)),
	/* The store knows its flags */
	SYNCMAP_COMMAND(SYNCMAP_OP, op, value_len, .run = syncmap_run_op,
			.flags = U32_MAX),
	SYNCMAP_COMMAND(SYNCMAP_BATCH, batch, error, .run = syncmap_run_batch,
			.flags = SYNCMAP_BATCH_STOP,
			.reply = SYNCMAP_AT(batch, done),
			.error = SYNCMAP_AT(batch, error)),
	SYNCMAP_COMMAND(SYNCMAP_AWAIT, await, error, .run = syncmap_run_await,
			.access = SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE,
			.flags = SYNCMAP_AWAIT_FROM_NOW,
			.reply = SYNCMAP_AT(await, fd),
			.fd = SYNCMAP_AT(await, fd),
			.error = SYNCMAP_AT(await, error)),
	SYNCMAP_COMMAND(SYNCMAP_RANGE, range, error, .run = syncmap_run_range,
			.access = SYNCMAP_ACCESS_READ,
			.flags = SYNCMAP_RANGE_KEYS_ONLY,
			.reply = SYNCMAP_AT(range, cursor),
			.cursor = SYNCMAP_AT(range, cursor),
			.error = SYNCMAP_AT(range, error)),
	SYNCMAP_COMMAND(SYNCMAP_WATCH, watch, error, .run = syncmap_run_watch,
			.access = SYNCMAP_ACCESS_READ,
			.flags = SYNCMAP_WATCH_KEY | SYNCMAP_WATCH_PREFIX |
				 SYNCMAP_WATCH_VALUES | SYNCMAP_WATCH_DUMP,
			.reply = SYNCMAP_AT(watch, record_size),
			.fd = SYNCMAP_AT(watch, fd),
			.error = SYNCMAP_AT(watch, error)),
	SYNCMAP_COMMAND(SYNCMAP_CLEAR, clear, reserved, .run = run_clear,
			.access = SYNCMAP_ACCESS_WRITE,
			.flags = SYNCMAP_CLEAR_WAIT,
			.reserved = SYNCMAP_AT(clear, reserved)),
	SYNCMAP_COMMAND(SYNCMAP_SET, set, error, .run = run_set,
			.access = SYNCMAP_ACCESS_ADMIN,
			.flags = SYNCMAP_SET_MODE | SYNCMAP_SET_GROUP |
				 SYNCMAP_SET_VALUE_KIND | SYNCMAP_SET_ENTRIES |
				 SYNCMAP_SET_BYTES | SYNCMAP_SET_TTL |
				 SYNCMAP_SET_STALE | SYNCMAP_SET_MAPPED |
				 SYNCMAP_SET_UNMAPPED | SYNCMAP_SET_EVICT |
				 SYNCMAP_SET_NO_EVICT,
			.reply = SYNCMAP_AT(set, error),
			.error = SYNCMAP_AT(set, error)),
	SYNCMAP_COMMAND(SYNCMAP_RESTRICT, restrict, error, .run = run_restrict,
			.reply = SYNCMAP_AT(restrict, fd),
			.fd = SYNCMAP_AT(restrict, fd),
			.error = SYNCMAP_AT(restrict, error)),
	SYNCMAP_COMMAND(SYNCMAP_FREEZE, freeze, reserved, .run = run_freeze,
			.access = SYNCMAP_ACCESS_ADMIN,
			.reserved = SYNCMAP_AT(freeze, reserved)),
	SYNCMAP_COMMAND(SYNCMAP_RETIRE, retire, reserved, .run = run_retire,
			.access = SYNCMAP_ACCESS_ADMIN,
			.reserved = SYNCMAP_AT(retire, reserved)),
};

static const struct syncmap_commands map_commands = {
	.base = _IOC_NR(SYNCMAP_MAP_INFO),
	.count = ARRAY_SIZE(map_command),
	.command = map_command,
};

static long map_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return syncmap_dispatch(&map_commands, file, cmd, arg);
}

static int map_release(struct inode *inode, struct file *file)
{
	bytemap_client_close(syncmap_mapfd_client(file));
	return 0;
}

/* Which map it is */
void syncmap_show_fdinfo(struct seq_file *m, struct bytemap *map)
{
	struct bytemap_name name;

	bytemap_name_read(map, current_user_ns(), &name);
	seq_printf(m, "syncmap-id:\t%llu\n", map->id);
	if (name.state & SYNCMAP_MAP_ELSEWHERE)
		return;
	seq_printf(m, "syncmap-name:\t%s\nsyncmap-scope:\t%llu\n", name.name,
		   name.scope);
}

static void map_show_fdinfo(struct seq_file *m, struct file *file)
{
	syncmap_show_fdinfo(m, syncmap_mapfd_map(file));
}

static const struct file_operations map_fops = {
	.owner = THIS_MODULE,
	.release = map_release,
	.unlocked_ioctl = map_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = map_show_fdinfo,
	.mmap = syncmap_mmap,
	.llseek = noop_llseek,
};

/* Return: the file, with a reference; ERR_PTR(-EBADF); -EINVAL: it is no map's */
struct file *syncmap_mapfd_get(int fd)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op == &map_fops)
		return file;
	fput(file);
	return ERR_PTR(-EINVAL);
}

/* What others are told of the file. O_ACCMODE says neither */
static int open_flags(u32 access)
{
	switch (access & (SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)) {
	case SYNCMAP_ACCESS_READ:
		return O_RDONLY;
	case SYNCMAP_ACCESS_WRITE:
		return O_WRONLY;
	case 0:
		return O_ACCMODE;
	}
	return O_RDWR;
}

/* The reply has been written, or with an error, could not be */
int syncmap_newfd_finish(struct syncmap_call *call, int err)
{
	if (err) {
		put_unused_fd(call->new_fd);
		fput(call->new_file);
	} else {
		fd_install(call->new_fd, call->new_file);
	}
	return err;
}

/* A descriptor for the reply of @call. On success the file has @data */
int syncmap_newfd(struct syncmap_call *call, const char *name,
		  const struct file_operations *fops, void *data, int flags)
{
	int err;

	call->new_fd = get_unused_fd_flags(O_CLOEXEC);
	if (call->new_fd < 0)
		return call->new_fd;
	call->new_file = anon_inode_getfile(name, fops, data, flags);
	err = PTR_ERR_OR_ZERO(call->new_file);
	if (err)
		put_unused_fd(call->new_fd);
	else
		call->finish = syncmap_newfd_finish;
	return err;
}

/* On success the file has the caller's reference on @map */
int syncmap_mapfd_make(struct syncmap_call *call, struct bytemap *map,
		       u32 access)
{
	struct bytemap_client *client = bytemap_client_create(map, access);
	int err;

	if (IS_ERR(client))
		return PTR_ERR(client);
	err = syncmap_newfd(call, "[syncmap]", &map_fops, client,
			    open_flags(access));
	if (err)
		bytemap_client_free(client);
	else
		syncmap_mmap_init(call->new_file);
	return err;
}
