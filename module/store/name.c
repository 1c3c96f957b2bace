// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of maps: a syncmap from name to map
 *
 * A map has its name while it is in there, and the name holds the map, its users,
 * and the module. Who puts it in has said in the map before which name it is to
 * be; who takes it out, and only he, says there that it has none any more. So
 * whoever finds a map knows its name, and no map has two.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/syncmap.h>

#include "bytemap.h"
#include "map.h"
#include "name.h"
#include "tell.h"

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

/* The map is not in there, and nobody else is about to put it there */
static bool claim(struct bytemap *map, const char *name)
{
	bool claimed;

	spin_lock(&map->name_lock);
	claimed = !map->named && !map->nameless;
	if (claimed) {
		map->named = true;
		strscpy_pad(map->name, name, sizeof(map->name));
	}
	spin_unlock(&map->name_lock);
	if (!claimed)
		return false;
	kref_get(&map->refs);
	/* The caller's descriptor holds the module, too */
	__module_get(THIS_MODULE);
	atomic_inc(&map->users);
	return true;
}

/* It is not in there, and another name may be given to it */
static void unclaim(struct bytemap *map)
{
	spin_lock(&map->name_lock);
	map->named = false;
	spin_unlock(&map->name_lock);
}

/* What the name has held */
static void put_held(struct bytemap *map)
{
	module_put(THIS_MODULE);
	bytemap_leave(map);
	bytemap_put(map);
}

/*
 * Gives the @name to a map that has never had one, and that nobody else knows of.
 * From then on it can be found. May sleep.
 *
 * Return: 0; -EEXIST; -ENOMEM.
 */
int bytemap_name_take(struct bytemap *map, const char *name)
{
	void *actual;
	int ret;

	if (WARN_ON_ONCE(!claim(map, name)))
		return -EINVAL;
	ret = syncmap_load_or_store(&names, name, strlen(name), map, &actual,
				    GFP_KERNEL);
	if (ret) {
		unclaim(map);
		put_held(map);
	}
	return ret > 0 ? -EEXIST : ret;
}

/*
 * Takes the name away from the map that has it, and tells its watchers. Process
 * context.
 *
 * Return: false if it has no longer been that of the map.
 */
bool bytemap_name_remove(struct bytemap *map, const char *name)
{
	if (!syncmap_compare_and_delete(&names, name, strlen(name), map))
		return false;
	unclaim(map);
	bytemap_tell_removed(map);
	put_held(map);
	return true;
}

/* Takes away the @name that the map has, if it has one: it gets no other one */
void bytemap_name_end(struct bytemap *map, struct bytemap_name *name)
{
	spin_lock(&map->name_lock);
	map->nameless = true;
	spin_unlock(&map->name_lock);
	bytemap_name_read(map, name);
	if (name->name[0])
		bytemap_name_remove(map, name->name);
}

/*
 * A map that is met without a reference has lost its name since: there may be
 * another one.
 *
 * Return: the map with this name, with a reference; or NULL.
 */
struct bytemap *bytemap_name_find(const char *name)
{
	void *found;
	struct bytemap *map = NULL;

	rcu_read_lock();
	while (!map && syncmap_load(&names, name, strlen(name), &found))
		if (bytemap_get_unless_zero(found))
			map = found;
	rcu_read_unlock();
	return map;
}

/* The name that the map has, or has had */
void bytemap_name_read(struct bytemap *map, struct bytemap_name *name)
{
	spin_lock(&map->name_lock);
	memcpy(name->name, map->name, sizeof(name->name));
	name->state = map->named ? 0 : SYNCMAP_MAP_REMOVED;
	spin_unlock(&map->name_lock);
	if (!name->name[0])
		name->state = SYNCMAP_MAP_PRIVATE;
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
		if (bytemap_get_unless_zero(entries[i].value))
			maps[count++] = entries[i].value;
	rcu_read_unlock();
	return n < 0 ? n : count;
}

/* After the last name is gone */
void bytemap_name_exit(void)
{
	syncmap_destroy(&names);
}
