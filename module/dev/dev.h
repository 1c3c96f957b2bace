/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device: /dev/syncmap, descriptors of maps, debugfs
 *
 * It translates between users and the store, and knows nothing of the core.
 * User memory is touched here only, with no lock held.
 */
#ifndef _SYNCMAP_DEV_H
#define _SYNCMAP_DEV_H

#include <linux/fs.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <uapi/linux/syncmap.h>

#include "../store/error.h"

struct bytemap;
struct bytemap_client;
struct bytemap_path;
struct bytemap_record;
struct seq_file;

/**
 * struct syncmap_call - a command on its way
 * @file: the descriptor it came to
 * @finish: NULL, or set by a handler that succeeds: called when the reply has
 *	been written or, with an error, could not be. What others see is done here:
 *	they do not wait while the caller's memory is touched. Returns that error,
 *	or one of its own
 * @new_file: the descriptor that the reply brings, not yet installed
 * @new_fd: its number
 * @error: what is wrong, for the reply
 * @arg: the user's struct, which handlers read and write. What is answered is
 *	zero at first
 */
struct syncmap_call {
	struct file	*file;
	int		(*finish)(struct syncmap_call *call, int err);
	struct file	*new_file;
	int		new_fd;
	struct syncmap_error error;
	union {
		struct syncmap_info		info;
		struct syncmap_create		create;
		struct syncmap_open		open;
		struct syncmap_remove		remove;
		struct syncmap_publish		publish;
		struct syncmap_list		list;
		struct syncmap_map_info		map_info;
		struct syncmap_stats		stats;
		struct syncmap_op		op;
		struct syncmap_batch		batch;
		struct syncmap_await		await;
		struct syncmap_range		range;
		struct syncmap_watch		watch;
		struct syncmap_clear		clear;
		struct syncmap_set		set;
		struct syncmap_restrict		restrict_to;
		struct syncmap_freeze		freeze;
		struct syncmap_retire		retire;
	} arg;
};

/**
 * struct syncmap_command - one line of a descriptor's table
 * @cmd: the ioctl number
 * @size: size of its struct
 * @min_size: what it was in ABI level 1
 * @flags: those that it knows
 * @access: SYNCMAP_ACCESS_* that the descriptor needs
 * @reply: where in the struct that begins which is answered
 * @cursor: where that has a number of 64 bits that is asked, too
 * @fd: where it has the descriptor that the command makes
 * @error: where it has a struct syncmap_error
 * @reserved: where there is a number of 32 bits that must be zero
 * @run: does it; 0 or a negative errno
 *
 * Zero: there is none, as a struct begins with its flags.
 */
struct syncmap_command {
	unsigned int	cmd;
	u16		size;
	u16		min_size;
	u32		flags;
	u16		access;
	u16		reply;
	u16		cursor;
	u16		fd;
	u16		error;
	u16		reserved;
	int		(*run)(struct syncmap_call *call);
};

/* Commands whose numbers count from @base on */
struct syncmap_commands {
	unsigned int			base;
	unsigned int			count;
	const struct syncmap_command	*command;
};

/* Bytes that an element of an array may have */
#define SYNCMAP_ELEMENT_MAX	4096

#define SYNCMAP_AT(type, member)	offsetof(struct syncmap_##type, member)

/* @type: of the struct; @last: its last field in ABI level 1 */
#define SYNCMAP_COMMAND(number, type, last, ...)			\
	{								\
		.cmd = (number),					\
		.size = sizeof(struct syncmap_##type),			\
		.min_size = offsetofend(struct syncmap_##type, last),	\
		__VA_ARGS__						\
	}

/* The field at fault. Return: @err */
static inline int syncmap_refuse(struct syncmap_call *call, size_t field,
				 int err)
{
	return bytemap_error_field(&call->error, field, err);
}

/* All that a descriptor may do */
#define SYNCMAP_ACCESS_ALL \
	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE | SYNCMAP_ACCESS_ADMIN)

/* dispatch.c */
int syncmap_probe_write(void __user *user, size_t size);
int syncmap_fault_in(void __user *user, size_t size);
int syncmap_put_element(u64 array, u32 entry_size, u32 nr, const void *element,
			size_t size);
long syncmap_dispatch(const struct syncmap_commands *commands,
		      struct file *file, unsigned int cmd, unsigned long arg);

/* control.c */
int syncmap_control_init(void);
void syncmap_control_exit(void);

/* mmap.c */
int syncmap_mmap(struct file *file, struct vm_area_struct *vma);
void syncmap_mmap_init(struct file *file);

/* mapfd.c */
int syncmap_newfd(struct syncmap_call *call, const char *name,
		  const struct file_operations *fops, void *data, int flags);
int syncmap_newfd_finish(struct syncmap_call *call, int err);
int syncmap_mapfd_check(struct syncmap_call *call, u32 access, size_t field);
int syncmap_mapfd_make(struct syncmap_call *call, struct bytemap *map,
		       u32 access);

static inline struct bytemap_client *
syncmap_mapfd_client(const struct file *file)
{
	return file->private_data;
}

struct bytemap *syncmap_mapfd_map(const struct file *file);
struct file *syncmap_mapfd_get(int fd);
u32 syncmap_mapfd_access(const struct file *file);
void syncmap_show_fdinfo(struct seq_file *m, struct bytemap *map);

/* cursor.c */
void syncmap_cursor_init(void);
u64 syncmap_cursor_hide(u64 map, u64 cursor);
u64 syncmap_cursor_reveal(u64 map, u64 cursor);

/* op.c, range.c */
int syncmap_run_op(struct syncmap_call *call);
int syncmap_run_range(struct syncmap_call *call);

/* batch.c */
int syncmap_run_batch(struct syncmap_call *call);

/* record.c */
int syncmap_record_put(char __user *user, const struct bytemap_record *record);

/* watchfd.c */
int syncmap_run_watch(struct syncmap_call *call);

/* awaitfd.c */
int syncmap_run_await(struct syncmap_call *call);

/* debugfs.c */
int syncmap_debugfs_init(void);
void syncmap_debugfs_exit(void);
void syncmap_debugfs_add(struct bytemap *map);
void syncmap_debugfs_link(const struct bytemap_path *path);

/* debugfs_control.c */
extern const struct file_operations syncmap_debugfs_control_fops;

#endif /* _SYNCMAP_DEV_H */
