// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of maps: a syncmap from scope and name to map
 *
 * A map has its name while it is in there, and the name holds the map, its users,
 * and the module. Who puts it in has said in the map before which name it is to
 * be; who takes it out, and only he, says there that it has none any more. So
 * whoever finds a map knows its name, and no map has two. What the map is called
 * until it is in there is kept besides: this is what others are told, who ask
 * meanwhile.
 *
 * Whoever loads from a mapping of a map has no call by which to hear that a name
 * leads elsewhere. So before it does, the map's mirror says so (mirror.c).
 *
 * Names end with their scope, by which nobody could remove them any more: every
 * now and then, while there are any that could, all are looked at.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/syncmap.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "bytemap.h"
#include "map.h"
#include "mirror.h"
#include "name.h"
#include "scope.h"
#include "tell.h"

static DEFINE_SYNCMAP(names, .hash = SYNCMAP_HASH_SIPHASH);

/* Between looks at all names, and when the last one has changed something */
#define SWEEP_JIFFIES	(30 * HZ)
#define UNWIND_JIFFIES	HZ

struct name_key {
	u64	scope;
	char	name[SYNCMAP_NAME_SIZE];
};

/* What a map says of its name, or is to say */
struct bytemap_naming {
	struct bytemap_scope	*scope;
	char			name[SYNCMAP_NAME_SIZE];
};

static void sweep_later(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, sweep_later);

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

static void make_key(struct name_key *key, u64 scope, const char *name)
{
	key->scope = scope;
	strscpy_pad(key->name, name, sizeof(key->name));
}

static size_t key_len(const struct name_key *key)
{
	return offsetof(struct name_key, name) + strlen(key->name);
}

/* Return: false if no such scope is seen */
static bool path_key(struct name_key *key, const struct bytemap_path *path)
{
	make_key(key, bytemap_scope_find(path->ns, path->scope), path->name);
	return key->scope;
}

/*
 * Nobody has the empty name. Return: whether it is now; bytemap_name_take() decides
 */
bool bytemap_name_is_taken(const struct bytemap_path *path)
{
	struct name_key key;
	void *map;

	return path->name[0] && path_key(&key, path) &&
	       syncmap_load(&names, &key, key_len(&key), &map);
}

static void exchange_locked(struct bytemap *map, struct bytemap_naming *naming)
{
	struct bytemap_naming former = { .scope = map->scope };

	lockdep_assert_held(&map->name_lock);
	memcpy(former.name, map->name, sizeof(former.name));
	map->scope = naming->scope;
	memcpy(map->name, naming->name, sizeof(map->name));
	*naming = former;
}

static int claim_locked(struct bytemap *map, struct bytemap_naming *naming)
{
	if (map->nameless)
		return -EROFS;
	if (map->named)
		return -EEXIST;
	map->named = true;
	exchange_locked(map, naming);
	map->former = naming;
	return 0;
}

/*
 * It is to be put in there, and says from now on which name that will be; @naming
 * is what it was called.
 *
 * Return: 0; -EROFS: it gets no name; -EEXIST: it has one.
 */
static int claim(struct bytemap *map, struct bytemap_naming *naming)
{
	int err;

	lockdep_assert_held(&map->naming);
	spin_lock(&map->name_lock);
	err = claim_locked(map, naming);
	spin_unlock(&map->name_lock);
	if (err)
		return err;
	kref_get(&map->refs);
	/* The caller's descriptor holds the module, too */
	__module_get(THIS_MODULE);
	atomic_inc(&map->users);
	return 0;
}

/* It has been in there, and is no more: another name may be given to it */
static void unclaim_locked(struct bytemap *map)
{
	lockdep_assert_held(&map->name_lock);
	map->named = false;
	map->former = NULL;
}

/* It is in there, or has even been taken out since */
static void settle(struct bytemap *map)
{
	spin_lock(&map->name_lock);
	map->former = NULL;
	spin_unlock(&map->name_lock);
}

/* What the name has held */
static void put_held(struct bytemap *map)
{
	module_put(THIS_MODULE);
	bytemap_leave(map);
	bytemap_put(map);
}

/* It has not been in there, and says what it did before */
static void disclaim(struct bytemap *map, struct bytemap_naming *naming)
{
	spin_lock(&map->name_lock);
	exchange_locked(map, naming);
	map->named = false;
	map->former = NULL;
	spin_unlock(&map->name_lock);
	put_held(map);
}

/* While it is being put in there, it has the name from when it can be found */
static bool has_name_locked(struct bytemap *map)
{
	struct name_key key;
	void *found;

	lockdep_assert_held(&map->name_lock);
	if (!map->named || !map->former)
		return map->named;
	make_key(&key, bytemap_scope_number_of(map->scope), map->name);
	return syncmap_load(&names, &key, key_len(&key), &found) &&
	       found == map;
}

/*
 * A map that is met without a reference has lost its name since: there may be
 * another one.
 */
static struct bytemap *find_by_key(const struct name_key *key)
{
	struct bytemap *map = NULL;
	void *found;

	rcu_read_lock();
	while (!map && syncmap_load(&names, key, key_len(key), &found))
		if (bytemap_get_unless_zero(found))
			map = found;
	rcu_read_unlock();
	return map;
}

/* It is not in there any more */
static void lose(struct bytemap *map, u32 flags)
{
	bytemap_tell_removed(map, flags);
	put_held(map);
}

static int add(struct bytemap *map, const struct name_key *key)
{
	void *actual;
	int ret = syncmap_load_or_store(&names, key, key_len(key), map, &actual,
					GFP_KERNEL);

	return ret > 0 ? -EEXIST : ret;
}

/* With a reference; NULL if that is not the map's name any more */
static struct bytemap_scope *scope_by_key(struct bytemap *map,
					  const struct name_key *key)
{
	struct bytemap_scope *scope = NULL;

	spin_lock(&map->name_lock);
	if (map->named && bytemap_scope_number_of(map->scope) == key->scope &&
	    !strcmp(map->name, key->name))
		scope = bytemap_scope_hold(map->scope);
	spin_unlock(&map->name_lock);
	return scope;
}

/*
 * May the caller take the name from the map? As to remove a file from a directory
 * that is sticky: its owner may, and who has the capability in the scope.
 *
 * Return: 0; -EPERM; -EAGAIN: it has been taken.
 */
static int check_owner(struct bytemap *map, const struct name_key *key)
{
	struct bytemap_scope *scope;
	bool may;

	if (bytemap_is_owner(map))
		return 0;
	scope = scope_by_key(map, key);
	if (!scope)
		return -EAGAIN;
	may = bytemap_scope_is_capable(scope, CAP_FOWNER);
	bytemap_scope_put(scope);
	return may ? 0 : -EPERM;
}

/*
 * Processes that load from a mapping of @map make no call by which they would hear
 * of it: what they see says so before. In the RCU read section in which the name
 * goes, for a mirror that comes meanwhile shows nothing before that is over
 */
static void tell_mapped_locked(struct bytemap *map)
{
	struct bytemap_mirror *mirror = bytemap_mirror_of(map);

	lockdep_assert_held(&map->name_lock);
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "a name goes outside of RCU");
	if (mirror)
		bytemap_mirror_lose_name(mirror);
}

/*
 * Under the lock, so that whoever has seen in a mapping that the name goes is not
 * told that the map has it. Return: false if it has not
 */
static bool pass_on(const struct name_key *key, struct bytemap *old,
		    struct bytemap *map)
{
	bool done;

	rcu_read_lock();
	spin_lock(&old->name_lock);
	tell_mapped_locked(old);
	done = map ? syncmap_compare_and_swap(&names, key, key_len(key), old, map) :
		     syncmap_compare_and_delete(&names, key, key_len(key), old);
	if (done)
		unclaim_locked(old);
	spin_unlock(&old->name_lock);
	rcu_read_unlock();
	return done;
}

static int replace_name(struct bytemap *map, const struct name_key *key,
			struct bytemap *old, struct bytemap_publication *how)
{
	int err;

	if (!how->replace)
		return -EEXIST;
	if (how->id && how->id != old->id)
		return -ESTALE;
	err = check_owner(old, key);
	if (err)
		return err;
	if (!pass_on(key, old, map))
		return -EAGAIN;
	how->replaced = old->id;
	lose(old, SYNCMAP_RECORD_REPLACED);
	return 0;
}

static int try_put_in(struct bytemap *map, const struct name_key *key,
		      struct bytemap_publication *how)
{
	struct bytemap *old = find_by_key(key);
	int err;

	if (old) {
		err = replace_name(map, key, old, how);
		bytemap_put(old);
		return err;
	}
	if (how->id)
		return -ENOENT;
	err = add(map, key);
	return err == -EEXIST && how->replace ? -EAGAIN : err;
}

/* -EAGAIN: the name is another map's by now, or free */
static int put_in(struct bytemap *map, const struct name_key *key,
		  struct bytemap_publication *how)
{
	int err;

	do {
		if (fatal_signal_pending(current))
			return -EINTR;
		err = try_put_in(map, key, how);
	} while (err == -EAGAIN);
	return err;
}

static bool take_out(struct bytemap *map, const struct name_key *key)
{
	if (!pass_on(key, map, NULL))
		return false;
	lose(map, 0);
	return true;
}

/* bytemap_name_end() may have looked before it was in there */
static void end_if_nameless(struct bytemap *map, const struct name_key *key)
{
	bool nameless;

	spin_lock(&map->name_lock);
	nameless = map->nameless;
	spin_unlock(&map->name_lock);
	if (nameless)
		take_out(map, key);
}

static int take_locked(struct bytemap *map, const struct name_key *key,
		       struct bytemap_naming *naming,
		       struct bytemap_publication *how)
{
	int err = claim(map, naming);

	how->has_name = err == -EEXIST;
	if (err)
		return how->has_name ? -ESTALE : err;
	err = put_in(map, key, how);
	if (err)
		disclaim(map, naming);
	else
		settle(map);
	return err;
}

static int take(struct bytemap *map, const struct bytemap_path *path,
		struct bytemap_naming *naming, struct bytemap_publication *how)
{
	bool may_end = bytemap_scope_may_end(naming->scope);
	struct name_key key;
	int err;

	path_key(&key, path);
	memcpy(naming->name, key.name, sizeof(naming->name));
	if (mutex_lock_killable(&map->naming))
		return -EINTR;
	err = take_locked(map, &key, naming, how);
	mutex_unlock(&map->naming);
	if (err)
		return err;
	if (may_end)
		queue_delayed_work(system_long_wq, &sweep_work, SWEEP_JIFFIES);
	end_if_nameless(map, &key);
	return 0;
}

/*
 * Gives a map without a name the one of @path, whose scope is that of its
 * namespace. From then on it can be found, and at the same instant another one,
 * if @how allows for that, no longer. May sleep.
 *
 * Return: 0; -EEXIST; -EROFS: it gets none; -ESTALE: it has one, or the other map
 * is not the one that was to be replaced, @how tells; -ENOENT: there is none;
 * -EPERM: it may not be replaced; -ENOMEM; -EINTR: killed.
 */
int bytemap_name_publish(struct bytemap *map, const struct bytemap_path *path,
			 struct bytemap_publication *how)
{
	struct bytemap_naming naming = { .scope = bytemap_scope_get(path->ns) };
	int err;

	if (IS_ERR(naming.scope))
		return PTR_ERR(naming.scope);
	err = take(map, path, &naming, how);
	bytemap_scope_put(naming.scope);
	return err;
}

/* The same if the name is free */
int bytemap_name_take(struct bytemap *map, const struct bytemap_path *path)
{
	struct bytemap_publication how = { };

	return bytemap_name_publish(map, path, &how);
}

/*
 * Takes the name away from the map that has it, and tells its watchers. Process
 * context.
 *
 * Return: 0; -EPERM: that is for its owner, or that of the scope; -EAGAIN: it has no
 * longer been that of the map.
 */
int bytemap_name_remove(struct bytemap *map, const struct bytemap_path *path)
{
	struct name_key key;
	int err;

	if (!path_key(&key, path))
		return -EAGAIN;
	err = check_owner(map, &key);
	if (err)
		return err;
	return take_out(map, &key) ? 0 : -EAGAIN;
}

/* Takes away the @name that the map has, if it has one: it gets no other one */
void bytemap_name_end(struct bytemap *map, struct bytemap_name *name)
{
	struct name_key key;

	spin_lock(&map->name_lock);
	map->nameless = true;
	spin_unlock(&map->name_lock);
	bytemap_name_read(map, &init_user_ns, name);
	make_key(&key, name->scope, name->name);
	if (name->name[0])
		take_out(map, &key);
}

/* Return: the map with this name, with a reference; or NULL */
struct bytemap *bytemap_name_find(const struct bytemap_path *path)
{
	struct name_key key;
	struct bytemap *map;

	/* The number may be that of another scope by now, which is not seen */
	while (path_key(&key, path)) {
		map = find_by_key(&key);
		if (!map || bytemap_name_is_in(map, path, false))
			return map;
		bytemap_put(map);
	}
	return NULL;
}

static void read_naming(const struct bytemap_scope *scope, const char *text,
			const struct user_namespace *ns,
			struct bytemap_name *name)
{
	if (!scope) {
		name->state = SYNCMAP_MAP_PRIVATE;
	} else if (!bytemap_scope_is_shown(scope, ns)) {
		name->state |= SYNCMAP_MAP_ELSEWHERE;
	} else {
		name->scope = bytemap_scope_number_of(scope);
		memcpy(name->name, text, sizeof(name->name));
	}
}

/* The name that the map has, or has had, if that is seen from @ns */
void bytemap_name_read(struct bytemap *map, const struct user_namespace *ns,
		       struct bytemap_name *name)
{
	bool has_name;

	memset(name, 0, sizeof(*name));
	spin_lock(&map->name_lock);
	has_name = has_name_locked(map);
	if (!has_name)
		name->state = SYNCMAP_MAP_REMOVED;
	if (!has_name && map->former)
		read_naming(map->former->scope, map->former->name, ns, name);
	else
		read_naming(map->scope, map->name, ns, name);
	spin_unlock(&map->name_lock);
}

/* Return: whether the map has had a name, and has it no longer */
bool bytemap_name_is_lost(struct bytemap *map)
{
	const struct bytemap_scope *scope;
	bool lost;

	spin_lock(&map->name_lock);
	scope = map->former ? map->former->scope : map->scope;
	lost = scope && !has_name_locked(map);
	spin_unlock(&map->name_lock);
	return lost;
}

/*
 * Return: whether the map has a name that is seen from the namespace of @path, in
 * the scope of @path or @below it
 */
bool bytemap_name_is_in(struct bytemap *map, const struct bytemap_path *path,
			bool below)
{
	bool is_in;

	spin_lock(&map->name_lock);
	is_in = has_name_locked(map) &&
		bytemap_scope_is_of(map->scope, path->ns, path->scope, below);
	spin_unlock(&map->name_lock);
	return is_in;
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

/* Its name, if that has ended; and whether it may */
static bool copy_ended(struct bytemap *map, struct name_key *key, bool *may_end)
{
	bool ended = false;

	spin_lock(&map->name_lock);
	if (has_name_locked(map) && bytemap_scope_may_end(map->scope)) {
		*may_end = true;
		ended = bytemap_scope_has_ended(map->scope);
		make_key(key, bytemap_scope_number_of(map->scope), map->name);
	}
	spin_unlock(&map->name_lock);
	return ended;
}

static bool sweep(bool *may_end)
{
	struct bytemap *maps[8];
	struct name_key key;
	bool some = false;
	u64 cursor = 0;
	int n;

	while (cursor != SYNCMAP_CURSOR_END) {
		n = bytemap_name_list(&cursor, maps, ARRAY_SIZE(maps));
		if (n < 0)
			break;
		while (n) {
			if (copy_ended(maps[--n], &key, may_end))
				some |= take_out(maps[n], &key);
			bytemap_put(maps[n]);
		}
		cond_resched();
	}
	return some;
}

/*
 * With the names of a namespace goes what they hold of it, and then that of what
 * is above: after a while.
 */
static void sweep_later(struct work_struct *work)
{
	bool may_end = false;
	bool some = sweep(&may_end);

	/* Whoever takes a name meanwhile thinks of a later time */
	if (some)
		mod_delayed_work(system_long_wq, &sweep_work, UNWIND_JIFFIES);
	else if (may_end)
		queue_delayed_work(system_long_wq, &sweep_work, SWEEP_JIFFIES);
}

/* Removes the names of scopes that have ended. Return: whether there were any */
bool bytemap_name_sweep(void)
{
	bool may_end;

	return sweep(&may_end);
}

/* After the last name is gone */
void bytemap_name_exit(void)
{
	cancel_delayed_work_sync(&sweep_work);
	syncmap_destroy(&names);
}
