// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/syncmap: the control descriptor, for commands on maps
 *
 * The node is open to everybody: rights are those of the maps, and what users
 * can make is limited per user (store/account.c) and charged to their cgroups.
 * An administrator who wants it otherwise changes the node's mode.
 */
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>

#include "../store/account.h"
#include "../store/bytemap.h"
#include "../store/info.h"
#include "../store/map.h"
#include "../store/name.h"
#include "../store/scope.h"
#include "dev.h"
#include "time.h"

#define ENTRY_SIZE_MIN	\
	offsetofend(struct syncmap_map_info, boottime_offset)

/* The number of no map: for cursors of the list of them */
#define NO_MAP		0

static int run_info(struct syncmap_call *call)
{
	struct syncmap_info *info = &call->arg.info;

	info->abi = SYNCMAP_ABI;
	info->scope = bytemap_scope_number(call->file->f_cred->user_ns);
	info->boottime_offset = syncmap_time_offset();
	bytemap_limits(info);
	bytemap_account_info(info);
	return 0;
}

/* Whoever uses the descriptor, its scope is that of who has opened it */
static struct bytemap_path path_of(const struct syncmap_call *call,
				   u64 scope, const char *name)
{
	return (struct bytemap_path){
		.ns = call->file->f_cred->user_ns, .scope = scope, .name = name,
	};
}

static int take_name(struct syncmap_call *call, struct bytemap *map)
{
	struct bytemap_path path = path_of(call, 0, call->arg.create.name);
	int err = bytemap_name_take(map, &path);

	if (!err)
		syncmap_debugfs_link(&path);
	return err;
}

/* The name comes last: who finds the map finds one that is whole */
static int finish_create(struct syncmap_call *call, int err)
{
	struct syncmap_create *create = &call->arg.create;

	if (!err && create->name[0])
		err = take_name(call, syncmap_mapfd_map(call->new_file));
	if (err)
		create->id = 0;
	return syncmap_newfd_finish(call, err);
}

static int make_map(struct syncmap_call *call, struct bytemap *map)
{
	int err;

	/* From here on it has the reference */
	err = syncmap_mapfd_make(call, map, SYNCMAP_ACCESS_ALL);
	if (err)
		return err;
	/* The descriptor is in the creator's place */
	bytemap_leave(map);
	syncmap_debugfs_add(map);
	call->arg.create.id = map->id;
	call->finish = finish_create;
	return 0;
}

/* Maps that have their name from a namespace that has ended make room first */
static struct bytemap *create_map(struct syncmap_call *call)
{
	const struct syncmap_create *create = &call->arg.create;
	struct bytemap *map = bytemap_create(create, &call->error);

	if (map != ERR_PTR(-EDQUOT) && map != ERR_PTR(-ENOSPC))
		return map;
	if (!bytemap_name_sweep())
		return map;
	memset(&call->error, 0, sizeof(call->error));
	return bytemap_create(create, &call->error);
}

static int run_create(struct syncmap_call *call)
{
	const struct syncmap_create *create = &call->arg.create;
	struct bytemap_path path = path_of(call, 0, create->name);
	struct bytemap *map;
	int err;

	err = bytemap_name_check(create->name);
	if (err)
		return syncmap_refuse(call, SYNCMAP_AT(create, name), err);
	/* Who opens what is there instead needs no room for another one */
	if (bytemap_name_is_taken(&path))
		return -EEXIST;
	map = create_map(call);
	if (IS_ERR(map))
		return PTR_ERR(map);
	err = make_map(call, map);
	if (err)
		bytemap_put(map);
	return err;
}

/* Which map OPEN and REMOVE ask for, and where in their structs they say it */
struct wanted {
	struct bytemap_path	path;
	u64			id;
	u32			uid;
	bool			of_user;
	u16			name_at;
	u16			id_at;
	u16			uid_at;
};

static struct wanted wanted_open(const struct syncmap_call *call)
{
	const struct syncmap_open *open = &call->arg.open;

	return (struct wanted){
		.path = path_of(call, open->scope, open->name),
		.id = open->id,
		.uid = open->uid,
		.of_user = open->flags & SYNCMAP_OPEN_OWNER,
		.name_at = SYNCMAP_AT(open, name),
		.id_at = SYNCMAP_AT(open, id),
		.uid_at = SYNCMAP_AT(open, uid),
	};
}

static struct wanted wanted_remove(const struct syncmap_call *call)
{
	const struct syncmap_remove *remove = &call->arg.remove;

	return (struct wanted){
		.path = path_of(call, remove->scope, remove->name),
		.id = remove->id,
		.uid = remove->uid,
		.of_user = remove->flags & SYNCMAP_REMOVE_OWNER,
		.name_at = SYNCMAP_AT(remove, name),
		.id_at = SYNCMAP_AT(remove, id),
		.uid_at = SYNCMAP_AT(remove, uid),
	};
}

static int check_wanted(struct syncmap_call *call, const struct wanted *wanted)
{
	const char *name = wanted->path.name;
	int err = name[0] ? bytemap_name_check(name) : -EINVAL;

	if (err)
		return syncmap_refuse(call, wanted->name_at, err);
	if (wanted->uid && !wanted->of_user)
		return syncmap_refuse(call, wanted->uid_at, -EINVAL);
	return 0;
}

/* Is it the one that the name is to stand for? */
static int check_found(struct syncmap_call *call, const struct wanted *wanted,
		       const struct bytemap *map)
{
	kuid_t uid = make_kuid(current_user_ns(), wanted->uid);

	if (wanted->id && map->id != wanted->id)
		return syncmap_refuse(call, wanted->id_at, -ESTALE);
	if (wanted->of_user && !uid_eq(map->uid, uid))
		return syncmap_refuse(call, wanted->uid_at, -ESTALE);
	return 0;
}

static struct bytemap *find_map(struct syncmap_call *call,
				const struct wanted *wanted)
{
	int err = check_wanted(call, wanted);
	struct bytemap *map;

	if (err)
		return ERR_PTR(err);
	map = bytemap_name_find(&wanted->path);
	if (!map)
		return ERR_PTR(-ENOENT);
	err = check_found(call, wanted, map);
	if (!err)
		return map;
	bytemap_put(map);
	return ERR_PTR(err);
}

/* -ENOENT: it was found, but has come to its end since */
static int open_map(struct syncmap_call *call, struct bytemap *map)
{
	u32 access = call->arg.open.access;
	int err;

	err = bytemap_permits(map, access) ?:
	      syncmap_mapfd_make(call, map, access);
	if (err)
		bytemap_put(map);
	return err;
}

static int run_open(struct syncmap_call *call)
{
	const struct syncmap_open *open = &call->arg.open;
	struct wanted wanted = wanted_open(call);
	struct bytemap *map;
	int err;

	err = syncmap_mapfd_check(call, open->access, SYNCMAP_AT(open, access));
	if (err)
		return err;
	do {
		map = find_map(call, &wanted);
		if (IS_ERR(map))
			return PTR_ERR(map);
		err = open_map(call, map);
	} while (err == -ENOENT);
	return err;
}

/* -EAGAIN: another map may have the name by now */
static int remove_map(struct bytemap *map, const struct bytemap_path *path)
{
	int err = bytemap_name_remove(map, path);

	if (!err)
		syncmap_debugfs_link(path);
	return err;
}

static int run_remove(struct syncmap_call *call)
{
	struct wanted wanted = wanted_remove(call);
	struct bytemap *map;
	int err;

	do {
		map = find_map(call, &wanted);
		if (IS_ERR(map))
			return PTR_ERR(map);
		err = remove_map(map, &wanted.path);
		bytemap_put(map);
	} while (err == -EAGAIN);
	return err;
}

static int publish_map(struct syncmap_call *call, struct bytemap *map)
{
	struct syncmap_publish *publish = &call->arg.publish;
	struct bytemap_path path = path_of(call, 0, publish->name);
	struct bytemap_publication how = {
		.replace = publish->flags & SYNCMAP_PUBLISH_REPLACE,
		.id = publish->id,
	};
	int err = bytemap_name_publish(map, &path, &how);

	if (err == -ESTALE)
		return syncmap_refuse(call, how.has_name ?
				      SYNCMAP_AT(publish, fd) :
				      SYNCMAP_AT(publish, id), err);
	if (err)
		return err;
	publish->replaced = how.replaced;
	syncmap_debugfs_link(&path);
	return 0;
}

static int check_publish(struct syncmap_call *call)
{
	const struct syncmap_publish *publish = &call->arg.publish;
	const char *name = publish->name;
	int err = name[0] ? bytemap_name_check(name) : -EINVAL;

	if (err)
		return syncmap_refuse(call, SYNCMAP_AT(publish, name), err);
	if (publish->id && !(publish->flags & SYNCMAP_PUBLISH_REPLACE))
		return syncmap_refuse(call, SYNCMAP_AT(publish, id), -EINVAL);
	return 0;
}

static int run_publish(struct syncmap_call *call)
{
	int err = check_publish(call);
	struct file *file;

	if (err)
		return err;
	file = syncmap_mapfd_get(call->arg.publish.fd);
	if (IS_ERR(file))
		return syncmap_refuse(call, SYNCMAP_AT(publish, fd),
				      PTR_ERR(file));
	if (syncmap_mapfd_access(file) & SYNCMAP_ACCESS_ADMIN)
		err = publish_map(call, syncmap_mapfd_map(file));
	else
		err = -EBADF;
	fput(file);
	return err;
}

static int put_map_info(struct syncmap_list *list, struct bytemap *map,
			const struct user_namespace *ns)
{
	struct syncmap_map_info info;
	int err;

	bytemap_info(map, ns, &info);
	err = syncmap_put_element(list->buffer, list->entry_size, list->count,
				  &info, sizeof(info));
	if (!err)
		list->count++;
	return err;
}

static int list_one(struct syncmap_call *call, struct bytemap *map)
{
	struct syncmap_list *list = &call->arg.list;
	struct bytemap_path path = path_of(call, list->scope, "");

	if (!bytemap_name_is_in(map, &path, list->flags & SYNCMAP_LIST_BELOW))
		return 0;
	return put_map_info(list, map, path.ns);
}

static int list_some(struct syncmap_call *call)
{
	struct syncmap_list *list = &call->arg.list;
	struct bytemap *maps[8];
	u64 cursor = syncmap_cursor_reveal(NO_MAP, list->cursor);
	int i, n, err = 0;

	n = bytemap_name_list(&cursor, maps,
			      min_t(u32, list->capacity - list->count,
				    ARRAY_SIZE(maps)));
	list->cursor = syncmap_cursor_hide(NO_MAP, cursor);
	for (i = 0; i < n; i++) {
		err = err ?: list_one(call, maps[i]);
		bytemap_put(maps[i]);
	}
	return n < 0 ? n : err;
}

static int check_list(struct syncmap_call *call)
{
	const struct syncmap_list *list = &call->arg.list;

	if (list->entry_size > SYNCMAP_ELEMENT_MAX ||
	    list->entry_size < ENTRY_SIZE_MIN)
		return syncmap_refuse(call, SYNCMAP_AT(list, entry_size),
				      -EINVAL);
	if (!list->capacity)
		return syncmap_refuse(call, SYNCMAP_AT(list, capacity),
				      -EINVAL);
	return 0;
}

static int run_list(struct syncmap_call *call)
{
	struct syncmap_list *list = &call->arg.list;
	u64 begin = list->cursor;
	int err = check_list(call);

	while (!err && list->cursor != SYNCMAP_END &&
	       list->count < list->capacity) {
		err = fatal_signal_pending(current) ? -EINTR : list_some(call);
		cond_resched();
	}
	/* What was written counts for nothing */
	if (err) {
		list->cursor = begin;
		list->count = 0;
	}
	return err;
}

static const struct syncmap_command control_command[] = {
	SYNCMAP_COMMAND(SYNCMAP_INFO, info, max_all_bytes, .run = run_info,
			.reply = SYNCMAP_AT(info, abi)),
	SYNCMAP_COMMAND(SYNCMAP_CREATE, create, error, .run = run_create,
			.flags = SYNCMAP_CREATE_MAPPED | SYNCMAP_CREATE_EVICT,
			.reply = SYNCMAP_AT(create, id),
			.fd = SYNCMAP_AT(create, fd),
			.error = SYNCMAP_AT(create, error)),
	SYNCMAP_COMMAND(SYNCMAP_OPEN, open, error, .run = run_open,
			.flags = SYNCMAP_OPEN_OWNER,
			.reply = SYNCMAP_AT(open, fd),
			.fd = SYNCMAP_AT(open, fd),
			.error = SYNCMAP_AT(open, error)),
	SYNCMAP_COMMAND(SYNCMAP_REMOVE, remove, error, .run = run_remove,
			.flags = SYNCMAP_REMOVE_OWNER,
			.reply = SYNCMAP_AT(remove, error),
			.error = SYNCMAP_AT(remove, error)),
	SYNCMAP_COMMAND(SYNCMAP_PUBLISH, publish, error, .run = run_publish,
			.flags = SYNCMAP_PUBLISH_REPLACE,
			.reply = SYNCMAP_AT(publish, replaced),
			.error = SYNCMAP_AT(publish, error)),
	SYNCMAP_COMMAND(SYNCMAP_LIST, list, error, .run = run_list,
			.flags = SYNCMAP_LIST_BELOW,
			.reply = SYNCMAP_AT(list, count),
			.cursor = SYNCMAP_AT(list, cursor),
			.error = SYNCMAP_AT(list, error)),
};

static const struct syncmap_commands control_commands = {
	.base = _IOC_NR(SYNCMAP_INFO),
	.count = ARRAY_SIZE(control_command),
	.command = control_command,
};

static long control_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	return syncmap_dispatch(&control_commands, file, cmd, arg);
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice control_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "syncmap",
	.fops = &control_fops,
	.mode = 0666,
};

int __init syncmap_control_init(void)
{
	return misc_register(&control_device);
}

void syncmap_control_exit(void)
{
	misc_deregister(&control_device);
}
