// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a map, and its rights
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/syncmap.h>
#include <linux/user_namespace.h>
#include <linux/wait_bit.h>

#include "account.h"
#include "bytemap.h"
#include "deadline.h"
#include "doom.h"
#include "entry.h"
#include "error.h"
#include "evict.h"
#include "gauge.h"
#include "gfp.h"
#include "job.h"
#include "lease.h"
#include "map.h"
#include "memory.h"
#include "mirror.h"
#include "scope.h"
#include "shrink.h"
#include "sweep.h"
#include "tell.h"
#include "trace.h"
#include "value.h"

#define DEFAULT_ENTRIES		BIT_ULL(20)
#define DEFAULT_BYTES		(256ULL << 20)
#define DEFAULT_KEY_SIZE	1024
#define DEFAULT_VALUE_SIZE	(64 << 10)

static ulong max_bytes;
module_param(max_bytes, ulong, 0644);
MODULE_PARM_DESC(max_bytes,
		 "Highest byte limit of a map (0: a quarter of the memory)");

/* Look so often whether all of a map is free that nobody has any more */
#define END_JIFFIES	DIV_ROUND_UP(HZ, 100)

static atomic64_t last_id;
static atomic_t alive;

static u64 bytes_limit(void)
{
	u64 limit = READ_ONCE(max_bytes);

	if (!limit)
		limit = (u64)totalram_pages() << (PAGE_SHIFT - 2);
	return min(limit, BYTEMAP_GAUGE_MAX);
}

/* What a map may be made with, and is, if nothing is said */
void bytemap_limits(struct syncmap_info *info)
{
	info->max.entries = BYTEMAP_GAUGE_MAX;
	info->max.bytes = bytes_limit();
	info->max.key_size = BYTEMAP_KEY_MAX;
	info->max.value_size = BYTEMAP_VALUE_MAX;
	info->defaults.entries = DEFAULT_ENTRIES;
	info->defaults.bytes = min(DEFAULT_BYTES, info->max.bytes);
	info->defaults.key_size = DEFAULT_KEY_SIZE;
	info->defaults.value_size = DEFAULT_VALUE_SIZE;
	info->entry_overhead = BYTEMAP_OVERHEAD;
	info->max_map_watchers = BYTEMAP_WATCHERS;
	info->owner_map_watchers = BYTEMAP_WATCHERS_RESERVED;
	info->max_user_map_watchers = BYTEMAP_WATCHERS_USER;
}

/* Fields at fault */
#define AT(member)	offsetof(struct syncmap_create, member)

static int check_limits(const struct syncmap_limits *limits,
			const struct syncmap_limits *max,
			struct syncmap_error *error)
{
	if (limits->entries > max->entries)
		return bytemap_error_field(error, AT(limits.entries), -EINVAL);
	if (limits->bytes > max->bytes)
		return bytemap_error_field(error, AT(limits.bytes), -EINVAL);
	if (limits->key_size > max->key_size)
		return bytemap_error_field(error, AT(limits.key_size), -EINVAL);
	if (limits->value_size > max->value_size)
		return bytemap_error_field(error, AT(limits.value_size),
					   -EINVAL);
	return 0;
}

static int set_limits(struct bytemap *map, const struct syncmap_limits *want,
		      struct syncmap_error *error)
{
	bool u64_keys = map->key_type == SYNCMAP_KEY_U64;
	struct syncmap_limits *limits = &map->limits;
	struct syncmap_info info = {};
	int err;

	bytemap_limits(&info);
	if (u64_keys) {
		info.max.key_size = sizeof(u64);
		info.defaults.key_size = sizeof(u64);
	}
	limits->entries = want->entries ?: info.defaults.entries;
	limits->bytes = want->bytes ?: info.defaults.bytes;
	limits->key_size = want->key_size ?: info.defaults.key_size;
	limits->value_size = want->value_size ?: info.defaults.value_size;
	err = check_limits(limits, &info.max, error);
	if (err)
		return err;
	if (u64_keys && limits->key_size != sizeof(u64))
		return bytemap_error_field(error, AT(limits.key_size), -EINVAL);
	map->entries.max = limits->entries;
	map->bytes.max = limits->bytes;
	return 0;
}

/*
 * &syncmap_params.free_value. The grace period is over: whoever found the value
 * in the core has finished with it or has a reference.
 */
static void free_removed(void *ptr, void *arg)
{
	struct bytemap_value *value = ptr;
	struct bytemap *map = arg;

	if (value->leased)
		bytemap_lease_cleared(map, value);
	else
		bytemap_entry_cleared(map, value);
	bytemap_value_release(value);
}

static int init_core(struct bytemap *map)
{
	struct bytemap_share *share = bytemap_account_share(map->account);
	struct syncmap_params params = {
		.wq = bytemap_job_share_builders(share),
		.free_wq = bytemap_job_share_freers(share),
		.key_len = map->key_type == SYNCMAP_KEY_U64 ? sizeof(u64) : 0,
		.hash = SYNCMAP_HASH_SIPHASH,
		.free_value = free_removed,
		.free_arg = map,
		.memcg = map->memcg,
	};

	if (!params.wq || !params.free_wq)
		return -ENOMEM;
	return syncmap_init(&map->core, &params);
}

static struct bytemap *alloc_map(const struct syncmap_create *params,
				 struct syncmap_error *error)
{
	struct bytemap *map = kzalloc(sizeof(*map), BYTEMAP_GFP);
	int err = -ENOMEM;

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->counts = alloc_percpu_gfp(struct bytemap_counts, BYTEMAP_GFP);
	if (!map->counts)
		goto free_map;
	mutex_init(&map->naming);
	spin_lock_init(&map->name_lock);
	map->id = atomic64_inc_return(&last_id);
	map->key_type = params->key_type;
	map->value_kind = params->value_kind;
	atomic64_set(&map->revision, params->revision);
	map->mode = params->mode & ~current_umask();
	map->ttl = params->ttl;
	map->stale = params->stale;
	map->uid = current_fsuid();
	map->gid = current_fsgid();
	mutex_init(&map->clear_lock);
	kref_init(&map->refs);
	atomic_set(&map->users, 1);
	spin_lock_init(&map->watchers.lock);
	INIT_LIST_HEAD(&map->watchers.list);
	INIT_LIST_HEAD(&map->watchers.coming);
	spin_lock_init(&map->line_lock);
	INIT_LIST_HEAD(&map->line);
	spin_lock_init(&map->owned_lock);
	INIT_LIST_HEAD(&map->closed);
	address_space_init_once(&map->mapping);
	err = set_limits(map, &params->limits, error);
	if (err)
		goto free_counts;
	return map;

free_counts:
	free_percpu(map->counts);
free_map:
	kfree(map);
	return ERR_PTR(err);
}

static int check_params(const struct syncmap_create *params,
			struct syncmap_error *error)
{
	if (!params->key_type)
		return bytemap_error_field(error, AT(key_type), -EINVAL);
	if (params->key_type > SYNCMAP_KEY_BYTES)
		return bytemap_error_field(error, AT(key_type), -EOPNOTSUPP);
	if (params->value_kind > SYNCMAP_VALUE_JSON)
		return bytemap_error_field(error, AT(value_kind), -EOPNOTSUPP);
	if (params->mode & ~0666U)
		return bytemap_error_field(error, AT(mode), -EINVAL);
	if (params->revision >= BYTEMAP_REVISION_MAX)
		return bytemap_error_field(error, AT(revision), -EINVAL);
	return 0;
}

/* -EINTR: killed while a map of the same user that nobody has any more ends */
static int add_to_account(struct bytemap *map, struct syncmap_error *error)
{
	unsigned int ended;
	int err;

	do {
		ended = bytemap_account_ended(map->account);
		err = bytemap_account_add_map(map->account,
					      bytemap_memory_of_map(),
					      error);
		if (err)
			err = bytemap_account_wait(map->account, ended, err);
	} while (err == -EAGAIN);
	if (!err || err == -EINTR)
		bytemap_error_limit(error, SYNCMAP_LIMITED_NOT, 0, 0);
	else
		trace_bytemap_full(map, error->limited, error->used,
				   error->limit);
	return err;
}

static void end_map(struct bytemap_job *job);

static void init_jobs(struct bytemap *map)
{
	struct bytemap_share *share = bytemap_account_share(map->account);

	bytemap_job_init(&map->end, share, end_map);
	bytemap_doom_init(&map->doom, share, map->limits.bytes,
			  bytemap_value_free_doomed);
	bytemap_sweep_init(map);
}

/*
 * A map without a name (name.c), that only the caller knows of. Fields of @params
 * that are no concern of the store are checked by the device. @error, which is
 * zero, tells more. Process context.
 *
 * Return: the map; ERR_PTR(-EINVAL), -EOPNOTSUPP, -ENOSPC, -EDQUOT, -ENOMEM;
 * -EINTR: killed while others of the user end.
 */
struct bytemap *bytemap_create(const struct syncmap_create *params,
			       struct syncmap_error *error)
{
	struct bytemap *map;
	int err;

	err = check_params(params, error);
	if (err)
		return ERR_PTR(err);
	map = alloc_map(params, error);
	if (IS_ERR(map))
		return map;
	map->account = bytemap_account_get(map->uid);
	if (IS_ERR(map->account)) {
		err = PTR_ERR(map->account);
		goto free_map;
	}
	init_jobs(map);
	err = add_to_account(map, error);
	if (err)
		goto put_account;
	map->memcg = get_mem_cgroup_from_mm(current->mm);
	err = init_core(map);
	if (err)
		goto remove_map;
	if (params->flags & SYNCMAP_CREATE_EVICT) {
		err = bytemap_evict_prepare(map, error);
		if (err)
			goto destroy_core;
		bytemap_evict_enable(map);
	}
	if (params->flags & SYNCMAP_CREATE_MAPPED) {
		err = bytemap_mirror_create(map, error);
		if (err)
			goto free_evict;
	}
	bytemap_shrink_add(map);
	atomic_inc(&alive);
	return map;

free_evict:
	bytemap_evict_free(map);
destroy_core:
	syncmap_destroy(&map->core);
remove_map:
	mem_cgroup_put(map->memcg);
	bytemap_account_remove_map(map->account, bytemap_memory_of_map());
put_account:
	bytemap_account_put(map->account);
free_map:
	free_percpu(map->counts);
	kfree(map);
	return ERR_PTR(err);
}

/* All of it is free but the map itself */
static void finish_map(struct bytemap *map)
{
	bytemap_job_stop(&map->end);
	/* Nobody is inside: whoever opens one of its files needs a reference */
	debugfs_remove(map->debugfs);
	/* What is worked on there looks at the core */
	bytemap_mirror_free(map);
	syncmap_destroy(&map->core);
	bytemap_evict_free(map);
	mem_cgroup_put(map->memcg);
	bytemap_memory_release(map);
	if (map->retired)
		bytemap_account_sub_bytes(map->account,
					  bytemap_memory_of_map());
	else
		bytemap_account_map_ended(map->account,
					  bytemap_memory_of_map());
	bytemap_account_put(map->account);
	bytemap_scope_put(map->scope);
	free_percpu(map->counts);
	kfree_rcu(map, rcu);
	if (atomic_dec_and_test(&alive))
		wake_up_var(&alive);
}

static void end_later(struct bytemap_job *job)
{
	struct bytemap *map = container_of(job, struct bytemap, end);

	if (syncmap_is_freed(&map->core) && bytemap_doom_is_empty(&map->doom))
		finish_map(map);
	else
		bytemap_job_delay(job, END_JIFFIES);
}

static void end_mirror(struct bytemap_job *job)
{
	struct bytemap *map = container_of(job, struct bytemap, end);

	if (!bytemap_mirror_stop(map)) {
		bytemap_job_delay(job, END_JIFFIES);
		return;
	}
	syncmap_clear(&map->core);
	job->run = end_later;
	end_later(job);
}

static void end_map(struct bytemap_job *job)
{
	struct bytemap *map = container_of(job, struct bytemap, end);

	bytemap_shrink_remove(map);
	bytemap_sweep_exit(map);
	job->run = end_mirror;
	end_mirror(job);
}

static void release_map(struct kref *refs)
{
	struct bytemap *map = container_of(refs, struct bytemap, refs);

	if (!map->retired)
		bytemap_account_end_map(map->account);
	bytemap_job_queue(&map->end);
}

/*
 * From any context: the last reference leaves the rest to the background. The
 * map counts for its user until all of it is free.
 */
void bytemap_put(struct bytemap *map)
{
	kref_put(&map->refs, release_map);
}

/* There are no references any more. Uninterruptible: for the module's exit */
void bytemap_wait_ended(void)
{
	wait_var_event(&alive, !atomic_read(&alive));
}

/* Return: false if the map has no reference any more. In an RCU read section */
bool bytemap_get_unless_zero(struct bytemap *map)
{
	return kref_get_unless_zero(&map->refs);
}

/* One user less that could change the map, or open it */
void bytemap_leave(struct bytemap *map)
{
	if (atomic_dec_and_test(&map->users))
		bytemap_tell_end(map);
}

/*
 * As for a file: root of a user namespace may what those may that are mapped there.
 *
 * Return: whether the caller has the capability for this map.
 */
bool bytemap_is_capable(const struct bytemap *map, int cap)
{
	struct user_namespace *ns = current_user_ns();

	return kuid_has_mapping(ns, map->uid) &&
	       kgid_has_mapping(ns, READ_ONCE(map->gid)) &&
	       ns_capable(ns, cap);
}

/* Return: whether the caller owns the map, or may do what its owner may */
bool bytemap_is_owner(const struct bytemap *map)
{
	return uid_eq(current_fsuid(), map->uid) ||
	       bytemap_is_capable(map, CAP_FOWNER);
}

static bool mode_permits(const struct bytemap *map, u32 access)
{
	u32 want = 0, granted = READ_ONCE(map->mode);

	if (access & SYNCMAP_ACCESS_READ)
		want |= 04;
	if (access & SYNCMAP_ACCESS_WRITE)
		want |= 02;
	if (uid_eq(current_fsuid(), map->uid))
		granted >>= 6;
	else if (in_group_p(READ_ONCE(map->gid)))
		granted >>= 3;
	return !(want & ~granted) || bytemap_is_capable(map, CAP_DAC_OVERRIDE);
}

/*
 * May the caller open the map for @access? To read and write, as for a file.
 *
 * Return: 0; -EPERM: that is for the owner; -EACCES: the mode is in the way.
 */
int bytemap_permits(const struct bytemap *map, u32 access)
{
	if (access & SYNCMAP_ACCESS_ADMIN && !bytemap_is_owner(map))
		return -EPERM;
	return mode_permits(map, access) ? 0 : -EACCES;
}

/* Waits for a promotion. Return: as syncmap_promote() */
int bytemap_promote(struct bytemap *map)
{
	return syncmap_promote(&map->core);
}
