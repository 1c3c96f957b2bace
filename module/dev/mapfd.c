// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of maps: anonymous files that hold a reference on the map, and
 * the commands on its entries
 */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "../store/bytemap.h"
#include "../store/clear.h"
#include "../store/client.h"
#include "../store/freeze.h"
#include "../store/info.h"
#include "../store/map.h"
#include "../store/sweep.h"
#include "dev.h"

struct bytemap *syncmap_mapfd_map(const struct file *file)
{
	return syncmap_mapfd_client(file)->map;
}

static int run_map_info(struct syncmap_call *call)
{
	struct syncmap_map_info *info = &call->arg.map_info;
	struct bytemap *map = syncmap_mapfd_map(call->file);

	if (info->flags)
		return -EOPNOTSUPP;
	bytemap_sweep(map);
	bytemap_info(map, info);
	info->access = syncmap_mapfd_access(call->file);
	return 0;
}

static int run_stats(struct syncmap_call *call)
{
	struct syncmap_map_stats *stats = &call->arg.stats;
	struct bytemap *map = syncmap_mapfd_map(call->file);

	if (stats->flags)
		return -EOPNOTSUPP;
	bytemap_sweep(map);
	bytemap_info_stats(map, stats);
	return 0;
}

static int run_clear(struct syncmap_call *call)
{
	if (call->arg.clear.flags)
		return -EOPNOTSUPP;
	if (call->arg.clear.reserved)
		return -EINVAL;
	return bytemap_clear(syncmap_mapfd_map(call->file));
}

static int run_promote(struct syncmap_call *call)
{
	if (call->arg.promote.flags)
		return -EOPNOTSUPP;
	if (call->arg.promote.reserved)
		return -EINVAL;
	return bytemap_promote(syncmap_mapfd_map(call->file));
}

static int run_freeze(struct syncmap_call *call)
{
	struct bytemap *map = syncmap_mapfd_map(call->file);

	if (call->arg.freeze.flags)
		return -EOPNOTSUPP;
	if (call->arg.freeze.reserved)
		return -EINVAL;
	return bytemap_is_owner(map) ? bytemap_freeze(map) : -EPERM;
}

static int run_restrict(struct syncmap_call *call)
{
	struct bytemap *map = syncmap_mapfd_map(call->file);
	struct syncmap_restrict *less = &call->arg.restrict_to;
	int err;

	if (less->flags ||
	    less->access & ~(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE))
		return -EOPNOTSUPP;
	if (!less->access || less->reserved)
		return -EINVAL;
	if (less->access & ~syncmap_mapfd_access(call->file))
		return -EBADF;
	kref_get(&map->refs);
	err = syncmap_mapfd_make(call, map, less->access);
	if (err)
		bytemap_put(map);
	less->fd = call->new_fd;
	return err;
}

#define MAP(number, type, last, ...) \
	SYNCMAP_COMMAND(number, struct type, last, __VA_ARGS__)

static const struct syncmap_command map_command[] = {
	MAP(SYNCMAP_MAP_INFO, syncmap_map_info, stale, .run = run_map_info),
	MAP(SYNCMAP_STATS, syncmap_map_stats, batched, .run = run_stats),
	MAP(SYNCMAP_OP, syncmap_op, value_len, .run = syncmap_run_op),
	MAP(SYNCMAP_RANGE, syncmap_range, reserved, .run = syncmap_run_range,
	    .access = SYNCMAP_ACCESS_READ, .reply_on_error = true),
	MAP(SYNCMAP_CLEAR, syncmap_clear, reserved, .run = run_clear,
	    .access = SYNCMAP_ACCESS_WRITE),
	MAP(SYNCMAP_PROMOTE, syncmap_promote, reserved, .run = run_promote,
	    .access = SYNCMAP_ACCESS_WRITE),
	MAP(SYNCMAP_WATCH, syncmap_watch, limit, .run = syncmap_run_watch,
	    .access = SYNCMAP_ACCESS_READ, .reply_on_error = true),
	MAP(SYNCMAP_FREEZE, syncmap_freeze, reserved, .run = run_freeze,
	    .access = SYNCMAP_ACCESS_WRITE),
	MAP(SYNCMAP_BATCH, syncmap_batch, reserved, .run = syncmap_run_batch,
	    .reply_on_error = true),
	MAP(SYNCMAP_RESTRICT, syncmap_restrict, reserved, .run = run_restrict),
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

static void map_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct bytemap *map = syncmap_mapfd_map(file);

	seq_printf(m, "syncmap-id:\t%llu\nsyncmap-name:\t%s\n", map->id,
		   map->name);
}

static const struct file_operations map_fops = {
	.owner = THIS_MODULE,
	.release = map_release,
	.unlocked_ioctl = map_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = map_show_fdinfo,
	.llseek = noop_llseek,
};

static int open_flags(u32 access)
{
	if (access == SYNCMAP_ACCESS_READ)
		return O_RDONLY;
	return access == SYNCMAP_ACCESS_WRITE ? O_WRONLY : O_RDWR;
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
	struct bytemap_client *client = bytemap_client_create(map);
	int err;

	if (IS_ERR(client))
		return PTR_ERR(client);
	err = syncmap_newfd(call, "[syncmap]", &map_fops, client,
			    open_flags(access));
	if (err)
		bytemap_client_free(client);
	return err;
}
