// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changing what a map is: its rights, its limits, its times
 *
 * All is checked before anything is changed. Whoever reads one of these fields
 * does so once for what he decides by it.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/stddef.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "bytemap.h"
#include "doom.h"
#include "error.h"
#include "evict.h"
#include "gauge.h"
#include "map.h"
#include "mirror.h"
#include "set.h"

/* A field, and whether it is not zero */
struct set_field {
	u32	flag;
	u16	at;
	bool	given;
};

#define AT(member)	offsetof(struct syncmap_set, member)
#define GIVEN(flag, member)						\
	{ SYNCMAP_SET_##flag, AT(member), set->member }

/* What is not to be changed is zero */
static int check_unset(const struct syncmap_set *set,
		       struct syncmap_error *error)
{
	const struct set_field fields[] = {
		GIVEN(MODE, mode), GIVEN(GROUP, gid),
		GIVEN(VALUE_KIND, value_kind), GIVEN(ENTRIES, entries),
		GIVEN(BYTES, bytes), GIVEN(TTL, ttl), GIVEN(STALE, stale),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].given && !(set->flags & fields[i].flag))
			return bytemap_error_field(error, fields[i].at, -EINVAL);
	return 0;
}

static int check_set(const struct syncmap_set *set,
		     const struct syncmap_limits *max,
		     struct syncmap_error *error)
{
	if (set->mode & ~0666U)
		return bytemap_error_field(error, AT(mode), -EINVAL);
	if (set->value_kind > SYNCMAP_VALUE_JSON)
		return bytemap_error_field(error, AT(value_kind), -EOPNOTSUPP);
	if (set->entries > max->entries)
		return bytemap_error_field(error, AT(entries), -EINVAL);
	if (set->bytes > max->bytes)
		return bytemap_error_field(error, AT(bytes), -EINVAL);
	if (set->flags & SYNCMAP_SET_MAPPED &&
	    set->flags & SYNCMAP_SET_UNMAPPED)
		return bytemap_error_field(error, AT(flags), -EINVAL);
	if (set->flags & SYNCMAP_SET_EVICT && set->flags & SYNCMAP_SET_NO_EVICT)
		return bytemap_error_field(error, AT(flags), -EINVAL);
	return 0;
}

/* As chown(2) of a file */
static int check_group(const struct bytemap *map, const struct syncmap_set *set,
		       kgid_t gid, struct syncmap_error *error)
{
	if (!(set->flags & SYNCMAP_SET_GROUP))
		return 0;
	if (!gid_valid(gid))
		return bytemap_error_field(error, AT(gid), -EINVAL);
	return in_group_p(gid) || bytemap_is_capable(map, CAP_CHOWN) ? 0 : -EPERM;
}

/* What the map may hold when all is done */
static struct syncmap_limits limits_after(const struct bytemap *map,
					  const struct syncmap_set *set,
					  const struct syncmap_limits *defaults)
{
	struct syncmap_limits limits = map->limits;

	if (set->flags & SYNCMAP_SET_ENTRIES)
		limits.entries = set->entries ?: defaults->entries;
	if (set->flags & SYNCMAP_SET_BYTES)
		limits.bytes = set->bytes ?: defaults->bytes;
	return limits;
}

/* What may fail comes first */
static int set_mirror_locked(struct bytemap *map, const struct syncmap_set *set,
			     const struct syncmap_limits *limits,
			     struct syncmap_error *error)
{
	if (set->flags & SYNCMAP_SET_MAPPED)
		return bytemap_mirror_attach(map, limits, error);
	if (set->flags & SYNCMAP_SET_UNMAPPED)
		bytemap_mirror_detach(map);
	return 0;
}

static void set_limits_locked(struct bytemap *map,
			      const struct syncmap_limits *limits)
{
	WRITE_ONCE(map->limits.entries, limits->entries);
	bytemap_gauge_limit(&map->entries, limits->entries);
	WRITE_ONCE(map->limits.bytes, limits->bytes);
	bytemap_gauge_limit(&map->bytes, limits->bytes);
	bytemap_doom_limit(&map->doom, limits->bytes);
}

static void set_locked(struct bytemap *map, const struct syncmap_set *set,
		       kgid_t gid, const struct syncmap_limits *limits)
{
	lockdep_assert_held(&map->clear_lock);
	if (set->flags & SYNCMAP_SET_MODE)
		WRITE_ONCE(map->mode, set->mode);
	if (set->flags & SYNCMAP_SET_GROUP)
		WRITE_ONCE(map->gid, gid);
	if (set->flags & SYNCMAP_SET_VALUE_KIND)
		WRITE_ONCE(map->value_kind, set->value_kind);
	if (set->flags & (SYNCMAP_SET_ENTRIES | SYNCMAP_SET_BYTES))
		set_limits_locked(map, limits);
	if (set->flags & SYNCMAP_SET_TTL)
		WRITE_ONCE(map->ttl, set->ttl);
	if (set->flags & SYNCMAP_SET_STALE)
		WRITE_ONCE(map->stale, set->stale);
	if (set->flags & SYNCMAP_SET_EVICT)
		bytemap_evict_enable(map);
	if (set->flags & SYNCMAP_SET_NO_EVICT)
		bytemap_evict_disable(map);
	bytemap_mirror_tell_modes(map);
}

static int set_all_locked(struct bytemap *map, const struct syncmap_set *set,
			  kgid_t gid, const struct syncmap_limits *defaults,
			  struct syncmap_error *error)
{
	struct syncmap_limits limits = limits_after(map, set, defaults);
	int err = 0;

	if (set->flags & SYNCMAP_SET_EVICT)
		err = bytemap_evict_prepare(map, error);
	err = err ?: set_mirror_locked(map, set, &limits, error);
	if (!err)
		set_locked(map, set, gid, &limits);
	return err;
}

/*
 * Changes what @set says, of which the flags have been checked, or nothing, and
 * @error tells. Waits for a Clear. Process context.
 *
 * Return: 0; -EINVAL, -EOPNOTSUPP; -EPERM: the group is not one of the caller's;
 * -ENOMEM, -EDQUOT, -ENOSPC: for a mirror, or for what it takes to evict; -EINTR:
 * killed.
 */
int bytemap_set(struct bytemap *map, const struct syncmap_set *set,
		struct syncmap_error *error)
{
	kgid_t gid = make_kgid(current_user_ns(), set->gid);
	struct syncmap_info info = { };
	int err;

	bytemap_limits(&info);
	err = check_unset(set, error) ?: check_set(set, &info.max, error);
	err = err ?: check_group(map, set, gid, error);
	if (err)
		return err;
	if (mutex_lock_killable(&map->clear_lock))
		return -EINTR;
	err = set_all_locked(map, set, gid, &info.defaults, error);
	mutex_unlock(&map->clear_lock);
	return err;
}
