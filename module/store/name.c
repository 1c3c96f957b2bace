// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of maps: a syncmap from name to map
 *
 * A name is taken, then shown, then hidden, then dropped: what is neither open
 * to others nor free can be set up and torn down without anybody meeting it. A
 * name that is taken holds the map, and the module.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/syncmap.h>

#include "bytemap.h"
#include "map.h"
#include "name.h"

static DEFINE_SYNCMAP(names, .hash = SYNCMAP_HASH_SIPHASH);

static bool is_name_char(char c)
{
	return isascii(c) && (isalnum(c) || strchr("._:-", c));
}

/*
 * The empty name is that of every private map.
 *
 * Return: 0; -EINVAL; -ENAMETOOLONG.
 */
int bytemap_name_check(const char *name)
{
	size_t len = strnlen(name, SYNCMAP_NAME_SIZE);
	size_t i;

	if (len == SYNCMAP_NAME_SIZE)
		return -ENAMETOOLONG;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!is_name_char(name[i]))
			return -EINVAL;
	return memchr_inv(name + len, 0, SYNCMAP_NAME_SIZE - len) ? -EINVAL : 0;
}

/*
 * Nobody has the empty name. Return: whether it is now; bytemap_name_take() decides
 */
bool bytemap_name_is_taken(const char *name)
{
	void *map;

	return name[0] && syncmap_load(&names, name, strlen(name), &map);
}

/*
 * Takes the name that @map has, and a reference. May sleep.
 *
 * Return: 0; -EEXIST; -ENOMEM.
 */
int bytemap_name_take(struct bytemap *map)
{
	void *actual;
	int ret;

	kref_get(&map->refs);
	ret = syncmap_load_or_store(&names, map->name, strlen(map->name), map,
				    &actual, GFP_KERNEL);
	if (ret) {
		bytemap_put(map);
		return ret < 0 ? ret : -EEXIST;
	}
	/* The caller's descriptor holds the module, too */
	__module_get(THIS_MODULE);
	atomic_inc(&map->users);
	return 0;
}

/* The name is there for others */
void bytemap_name_show(struct bytemap *map)
{
	/* Pairs with the cmpxchg() in bytemap_name_hide(). See litmus/shown */
	smp_store_release(&map->shown, true);
}

/* Return: true for one of many callers, who goes on to bytemap_name_drop() */
bool bytemap_name_hide(struct bytemap *map)
{
	return cmpxchg(&map->shown, true, false);
}

/* The name is free, and its reference put. Process context */
void bytemap_name_drop(struct bytemap *map)
{
	syncmap_delete(&names, map->name, strlen(map->name));
	module_put(THIS_MODULE);
	bytemap_leave(map);
	bytemap_put(map);
}

static bool get_shown(struct bytemap *map)
{
	return READ_ONCE(map->shown) && bytemap_get_unless_zero(map);
}

/* Return: the map with this name, with a reference; or NULL */
struct bytemap *bytemap_name_find(const char *name)
{
	void *map;

	rcu_read_lock();
	if (!syncmap_load(&names, name, strlen(name), &map) || !get_shown(map))
		map = NULL;
	rcu_read_unlock();
	return map;
}

/*
 * Some maps with names, with references, from a cursor on
 *
 * Return: how many, 0 anywhere. At the end the cursor is SYNCMAP_END.
 */
int bytemap_name_list(u64 *cursor, struct bytemap **maps, unsigned int max)
{
	struct syncmap_entry entries[8];
	int i, n, count = 0;

	rcu_read_lock();
	n = syncmap_next(&names, cursor, entries,
			 min_t(unsigned int, max, ARRAY_SIZE(entries)));
	for (i = 0; i < n; i++)
		if (get_shown(entries[i].value))
			maps[count++] = entries[i].value;
	rcu_read_unlock();
	return n < 0 ? n : count;
}

/* After the last name is gone */
void bytemap_name_exit(void)
{
	syncmap_destroy(&names);
}
