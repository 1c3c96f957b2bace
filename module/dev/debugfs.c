// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/syncmap: a directory per map, to look at
 *
 * It is named #id, for ever; for a name of the initial scope, which a map can lose
 * to another one, there is a symbolic link. Nothing depends on debugfs being
 * there: what fails here is ignored. An open file holds a reference on its map,
 * and the directory is removed when there is none left.
 */
#include <linux/ctype.h>
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "../store/bytemap.h"
#include "../store/info.h"
#include "../store/map.h"
#include "../store/name.h"
#include "../store/scope.h"
#include "../store/view.h"
#include "../store/walk.h"
#include "dev.h"

static struct dentry *root;

/* Directories and links are made here, one at a time */
static struct workqueue_struct *changes;

/* A line for each name */
static int stats_show(struct seq_file *m, void *unused)
{
	struct bytemap_stats stats;
	struct syncmap_stat stat;
	unsigned int nr;

	bytemap_info_stats(m->private, &stats);
	for (nr = 0; bytemap_info_stat(&stats, nr, &stat); nr++) {
		if (!stat.index)
			seq_printf(m, "%s%-16s", nr ? "\n" : "", stat.name);
		seq_printf(m, " %llu", stat.value);
	}
	seq_putc(m, '\n');
	return 0;
}

static const char *type_name(u32 key_type)
{
	switch (key_type) {
	case SYNCMAP_KEY_U64:
		return "u64";
	case SYNCMAP_KEY_STRING:
		return "string";
	default:
		return "bytes";
	}
}

static int config_show(struct seq_file *m, void *unused)
{
	struct bytemap *map = m->private;
	struct syncmap_map_info info;

	bytemap_info(map, &init_user_ns, &info);
	seq_printf(m, "%-16s %s\n", "name", info.name);
	seq_printf(m, "%-16s %llu\n", "scope", info.scope);
	seq_printf(m, "%-16s %llu\n", "id", map->id);
	seq_printf(m, "%-16s %s\n", "key_type", type_name(map->key_type));
	seq_printf(m, "%-16s %u\n", "uid", from_kuid_munged(&init_user_ns,
							    map->uid));
	seq_printf(m, "%-16s %u\n", "gid",
		   from_kgid_munged(&init_user_ns, READ_ONCE(map->gid)));
	seq_printf(m, "%-16s %04o\n", "mode", info.mode);
	seq_printf(m, "%-16s %llu\n", "max_entries", info.limits.entries);
	seq_printf(m, "%-16s %llu\n", "max_bytes", info.limits.bytes);
	seq_printf(m, "%-16s %u\n", "max_key_size", info.limits.key_size);
	seq_printf(m, "%-16s %u\n", "max_value_size", info.limits.value_size);
	seq_printf(m, "%-16s %llu\n", "ttl", info.ttl);
	seq_printf(m, "%-16s %llu\n", "stale", info.stale);
	seq_printf(m, "%-16s %u\n", "frozen", bytemap_is_frozen(map));
	seq_printf(m, "%-16s %llu\n", "mapped", info.mapped);
	return 0;
}

static int open_single(struct inode *inode, struct file *file,
		       int (*show)(struct seq_file *m, void *unused))
{
	struct bytemap *map = inode->i_private;
	int err;

	if (!bytemap_get_unless_zero(map))
		return -ENODEV;
	err = single_open(file, show, map);
	if (err)
		bytemap_put(map);
	return err;
}

static int release_single(struct inode *inode, struct file *file)
{
	int err = single_release(inode, file);

	bytemap_put(inode->i_private);
	return err;
}

static int stats_open(struct inode *inode, struct file *file)
{
	return open_single(inode, file, stats_show);
}

static int config_open(struct inode *inode, struct file *file)
{
	return open_single(inode, file, config_show);
}

static const struct file_operations stats_fops = {
	.owner = THIS_MODULE,
	.open = stats_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = release_single,
};

static const struct file_operations config_fops = {
	.owner = THIS_MODULE,
	.open = config_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = release_single,
};

/*
 * entries: the file's position counts lines; where they are in the map only the
 * walk knows, so the file is read from its beginning on, or from where it was.
 */
struct reader {
	struct bytemap		*map;
	struct bytemap_walk	*walk;
	u64			next;
	unsigned int		index;
	loff_t			pos;
};

static void *entries_current(struct reader *reader)
{
	struct bytemap_walk *walk = reader->walk;
	int err;

	while (reader->index >= walk->count) {
		if (reader->next == SYNCMAP_END)
			return NULL;
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		cond_resched();
		walk->cursor = reader->next;
		reader->index = 0;
		err = bytemap_walk_next(walk, BYTEMAP_WALK_BATCH, BYTEMAP_COPY,
					&reader->next);
		if (err)
			return ERR_PTR(err);
	}
	return &walk->items[reader->index];
}

static void *entries_start(struct seq_file *m, loff_t *pos)
{
	struct reader *reader = m->private;

	if (!*pos) {
		bytemap_walk_release(reader->walk);
		reader->next = 0;
		reader->index = 0;
		reader->pos = 0;
	}
	if (*pos != reader->pos)
		return ERR_PTR(-ESPIPE);
	return entries_current(reader);
}

static void *entries_next(struct seq_file *m, void *item, loff_t *pos)
{
	struct reader *reader = m->private;

	reader->pos = ++*pos;
	reader->index++;
	return entries_current(reader);
}

static void entries_stop(struct seq_file *m, void *item)
{
}

static bool is_text(const u8 *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isascii(bytes[i]) || !isprint(bytes[i]) ||
		    bytes[i] == '"' || bytes[i] == '\\')
			return false;
	return true;
}

static void show_bytes(struct seq_file *m, const u8 *bytes, size_t len)
{
	size_t i;

	if (is_text(bytes, len)) {
		seq_putc(m, '"');
		seq_write(m, bytes, len);
		seq_putc(m, '"');
		return;
	}
	seq_puts(m, "0x");
	for (i = 0; i < len; i++)
		seq_printf(m, "%02x", bytes[i]);
}

static void show_key(struct seq_file *m, const struct bytemap *map,
		     const struct bytemap_item *item)
{
	u64 number;

	if (map->key_type != SYNCMAP_KEY_U64) {
		show_bytes(m, item->key, item->key_len);
		return;
	}
	memcpy(&number, item->key, sizeof(number));
	seq_printf(m, "%llu", number);
}

/* One line: key, revision, length, value unless it is long */
static int entries_show(struct seq_file *m, void *entry)
{
	const struct reader *reader = m->private;
	const struct bytemap_item *item = entry;
	const struct bytemap_view *view = &item->view;

	show_key(m, reader->map, item);
	seq_printf(m, "\t%llu\t%u\t", view->revision, view->len);
	if (view->len <= BYTEMAP_COPY)
		show_bytes(m, bytemap_view_bytes(view), view->len);
	else
		seq_puts(m, "...");
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations entries_ops = {
	.start = entries_start,
	.next = entries_next,
	.stop = entries_stop,
	.show = entries_show,
};

static int entries_open(struct inode *inode, struct file *file)
{
	struct bytemap *map = inode->i_private;
	struct reader *reader;

	reader = __seq_open_private(file, &entries_ops, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->walk = bytemap_walk_alloc(map, 0);
	if (reader->walk && bytemap_get_unless_zero(map)) {
		reader->map = map;
		return 0;
	}
	if (reader->walk)
		bytemap_walk_free(reader->walk);
	seq_release_private(inode, file);
	return -ENOMEM;
}

static int entries_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct reader *reader = m->private;

	bytemap_walk_free(reader->walk);
	bytemap_put(reader->map);
	return seq_release_private(inode, file);
}

static const struct file_operations entries_fops = {
	.owner = THIS_MODULE,
	.open = entries_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = entries_release,
};

struct change {
	struct work_struct	work;
	struct bytemap		*map;
	const char		*name;
};

/* "#" and its number */
struct directory {
	char	name[24];
};

static struct directory directory_of(const struct bytemap *map)
{
	struct directory directory;

	snprintf(directory.name, sizeof(directory.name), "#%llu", map->id);
	return directory;
}

static void add_directory(struct work_struct *work)
{
	struct bytemap *map = container_of(work, struct change, work)->map;

	map->debugfs = debugfs_create_dir(directory_of(map).name, root);
	debugfs_create_file("stats", 0400, map->debugfs, map, &stats_fops);
	debugfs_create_file("config", 0400, map->debugfs, map, &config_fops);
	debugfs_create_file("entries", 0400, map->debugfs, map, &entries_fops);
	debugfs_create_file("control", 0200, map->debugfs, map,
			    &syncmap_debugfs_control_fops);
}

static void remove_link(const char *name)
{
	struct dentry *link = debugfs_lookup(name, root);

	if (IS_ERR_OR_NULL(link))
		return;
	debugfs_remove(link);
	dput(link);
}

/* However many change what the name stands for, the last one to come sees it */
static void update_link(struct work_struct *work)
{
	const char *name = container_of(work, struct change, work)->name;
	struct bytemap_path path = { .ns = &init_user_ns, .name = name };
	struct bytemap *map;

	remove_link(name);
	map = bytemap_name_find(&path);
	if (map) {
		debugfs_create_symlink(name, root, directory_of(map).name);
		bytemap_put(map);
	}
}

/*
 * debugfs allocates with the lock of the directory held, that of all maps. So it
 * is not done by whoever makes a map, whose cgroup may be short of memory or of
 * time, and would let all others wait. However many wait here, one kernel thread
 * works for them, and takes none from others.
 */
static void change_in_background(struct change *change, work_func_t fn)
{
	INIT_WORK_ONSTACK(&change->work, fn);
	queue_work(changes, &change->work);
	flush_work(&change->work);
	destroy_work_on_stack(&change->work);
}

/* The map is new. Its directory goes with it (store/map.c) */
void syncmap_debugfs_add(struct bytemap *map)
{
	struct change change = { .map = map };

	change_in_background(&change, add_directory);
}

/* Another map has the name now, or none. Those of the initial scope have links */
void syncmap_debugfs_link(const struct bytemap_path *path)
{
	struct change change = { .name = path->name };

	if (path->ns != &init_user_ns ||
	    (path->scope && path->scope != bytemap_scope_number(path->ns)))
		return;
	change_in_background(&change, update_link);
}

int __init syncmap_debugfs_init(void)
{
	changes = alloc_ordered_workqueue("syncmap_debugfs", 0);
	if (!changes)
		return -ENOMEM;
	root = debugfs_create_dir("syncmap", NULL);
	return 0;
}

/* Whoever made a change has waited for it */
void syncmap_debugfs_exit(void)
{
	debugfs_remove(root);
	destroy_workqueue(changes);
}
