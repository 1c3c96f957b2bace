// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a bytemap, its rights, and what it says about itself
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs_struct.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <linux/wait_bit.h>

#include "store.h"
#include "trace.h"

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

void bytemap_default_limits(struct syncmap_info *info)
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
}

static int set_limits(struct bytemap *map, const struct syncmap_limits *want)
{
	struct syncmap_limits *limits = &map->limits;
	struct syncmap_info info = {};

	bytemap_default_limits(&info);
	if (map->key_type == SYNCMAP_KEY_U64) {
		info.max.key_size = sizeof(u64);
		info.defaults.key_size = sizeof(u64);
	}
	limits->entries = want->entries ?: info.defaults.entries;
	limits->bytes = want->bytes ?: info.defaults.bytes;
	limits->key_size = want->key_size ?: info.defaults.key_size;
	limits->value_size = want->value_size ?: info.defaults.value_size;
	if (limits->entries > info.max.entries ||
	    limits->bytes > info.max.bytes ||
	    limits->key_size > info.max.key_size ||
	    limits->value_size > info.max.value_size)
		return -EINVAL;
	if (map->key_type == SYNCMAP_KEY_U64 &&
	    limits->key_size != sizeof(u64))
		return -EINVAL;
	map->entries.max = limits->entries;
	map->bytes.max = limits->bytes;
	return 0;
}

static int init_core(struct bytemap *map)
{
	struct bytemap_share *share = bytemap_account_share(map->account);
	struct syncmap_params params = {
		.wq = bytemap_share_builders(share),
		.free_wq = bytemap_share_freers(share),
		.key_len = map->key_type == SYNCMAP_KEY_U64 ? sizeof(u64) : 0,
		.hash = SYNCMAP_HASH_SIPHASH,
		.free_value = bytemap_value_free,
		.free_arg = map,
		.memcg = map->memcg,
	};

	if (!params.wq || !params.free_wq)
		return -ENOMEM;
	return syncmap_init(&map->core, &params);
}

static struct bytemap *alloc_map(const struct syncmap_create *params)
{
	struct bytemap *map = kzalloc(sizeof(*map), BYTEMAP_GFP);
	int err = -ENOMEM;

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->counts = alloc_percpu_gfp(struct bytemap_counts, BYTEMAP_GFP);
	if (!map->counts)
		goto free_map;
	memcpy(map->name, params->name, sizeof(map->name));
	map->id = atomic64_inc_return(&last_id);
	map->key_type = params->key_type;
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
	err = set_limits(map, &params->limits);
	if (err)
		goto free_counts;
	return map;

free_counts:
	free_percpu(map->counts);
free_map:
	kfree(map);
	return ERR_PTR(err);
}

static int check_params(const struct syncmap_create *params)
{
	if (params->key_type < SYNCMAP_KEY_U64 ||
	    params->key_type > SYNCMAP_KEY_BYTES)
		return -EINVAL;
	if (params->mode & ~0666U)
		return -EINVAL;
	return bytemap_name_check(params->name);
}

/* Which limit is in the way */
void bytemap_create_limited(struct syncmap_create *params, u32 which, u64 used,
			    u64 limit)
{
	params->limited = which;
	params->used = used;
	params->limit = limit;
}

/* -EINTR: killed while a map of the same user that nobody has any more ends */
static int add_to_account(struct bytemap *map, struct syncmap_create *params)
{
	struct bytemap_shortage shortage;
	unsigned int ended;
	int err;

	do {
		ended = bytemap_account_ended(map->account);
		err = bytemap_account_add_map(map->account,
					      bytemap_memory_of_map(),
					      &shortage);
		if (err)
			err = bytemap_account_wait(map->account, ended, err);
	} while (err == -EAGAIN);
	if (err && err != -EINTR) {
		bytemap_create_limited(params, shortage.which, shortage.used,
				       shortage.limit);
		trace_bytemap_full(map, shortage.which, shortage.used,
				   shortage.limit);
	}
	return err;
}

static void end(struct bytemap_job *job);

static void init_jobs(struct bytemap *map)
{
	struct bytemap_share *share = bytemap_account_share(map->account);

	bytemap_job_init(&map->end, share, end);
	bytemap_doom_init(&map->doom, share, map->limits.bytes,
			  bytemap_value_free_doomed);
	bytemap_expiry_init(map);
}

/*
 * A map that only the caller knows of, until its name is taken and shown
 * (name.c). Fields of @params that are no concern of the store are checked by
 * the device, which has zeroed its results.
 */
struct bytemap *bytemap_create(struct syncmap_create *params)
{
	struct bytemap *map;
	int err;

	err = check_params(params);
	if (err)
		return ERR_PTR(err);
	map = alloc_map(params);
	if (IS_ERR(map))
		return map;
	/* Who opens what is there instead needs no room for another one */
	err = -EEXIST;
	if (bytemap_name_is_taken(map->name))
		goto free_map;
	map->account = bytemap_account_get(map->uid);
	if (IS_ERR(map->account)) {
		err = PTR_ERR(map->account);
		goto free_map;
	}
	init_jobs(map);
	err = add_to_account(map, params);
	if (err)
		goto put_account;
	map->memcg = get_mem_cgroup_from_mm(current->mm);
	err = init_core(map);
	if (err)
		goto remove_map;
	bytemap_shrink_add(map);
	atomic_inc(&alive);
	return map;

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
static void finish(struct bytemap *map)
{
	bytemap_job_stop(&map->end);
	/* Nobody is inside: whoever opens one of its files needs a reference */
	debugfs_remove(map->debugfs);
	syncmap_destroy(&map->core);
	mem_cgroup_put(map->memcg);
	bytemap_memory_release(map);
	bytemap_account_map_ended(map->account, bytemap_memory_of_map());
	bytemap_account_put(map->account);
	free_percpu(map->counts);
	kfree_rcu(map, rcu);
	if (atomic_dec_and_test(&alive))
		wake_up_var(&alive);
}

/*
 * What is in a cgroup that was removed belongs to its parent then, and so do the
 * tables to come. One caller at a time.
 */
void bytemap_leave_dead_cgroup(struct bytemap *map)
{
	struct mem_cgroup *memcg = map->memcg, *parent;

	if (!memcg || mem_cgroup_online(memcg))
		return;
	parent = parent_mem_cgroup(memcg);
	if (!parent || !css_tryget(&parent->css))
		return;
	syncmap_set_memcg(&map->core, parent);
	map->memcg = parent;
	mem_cgroup_put(memcg);
}

static void end_later(struct bytemap_job *job)
{
	struct bytemap *map = container_of(job, struct bytemap, end);

	if (syncmap_is_freed(&map->core) && bytemap_doom_is_empty(&map->doom))
		finish(map);
	else
		bytemap_job_delay(job, END_JIFFIES);
}

static void end(struct bytemap_job *job)
{
	struct bytemap *map = container_of(job, struct bytemap, end);

	bytemap_shrink_remove(map);
	bytemap_expiry_exit(map);
	syncmap_clear(&map->core);
	job->run = end_later;
	end_later(job);
}

static void release(struct kref *refs)
{
	struct bytemap *map = container_of(refs, struct bytemap, refs);

	bytemap_account_end_map(map->account);
	bytemap_job_queue(&map->end);
}

/*
 * From any context: the last reference leaves the rest to the background. The
 * map counts for its user until all of it is free.
 */
void bytemap_put(struct bytemap *map)
{
	kref_put(&map->refs, release);
}

/* There are no references any more. Uninterruptible: for the module's exit */
void bytemap_wait_ended(void)
{
	wait_var_event(&alive, !atomic_read(&alive));
}

bool bytemap_get_unless_zero(struct bytemap *map)
{
	return kref_get_unless_zero(&map->refs);
}

/* One user less that could change the map, or open it */
void bytemap_leave(struct bytemap *map)
{
	if (atomic_dec_and_test(&map->users))
		bytemap_watch_end(map);
}

/* May the caller open the map? As for a file */
bool bytemap_permits(const struct bytemap *map, u32 access)
{
	u32 want = 0, granted = map->mode;

	if (access & SYNCMAP_ACCESS_READ)
		want |= 04;
	if (access & SYNCMAP_ACCESS_WRITE)
		want |= 02;
	if (uid_eq(current_fsuid(), map->uid))
		granted >>= 6;
	else if (in_group_p(map->gid))
		granted >>= 3;
	return !(want & ~granted) || capable(CAP_DAC_OVERRIDE);
}

bool bytemap_is_owner(const struct bytemap *map)
{
	return uid_eq(current_fsuid(), map->uid) || capable(CAP_FOWNER);
}

static int wait_epoch(struct bytemap *map, u8 epoch)
{
	atomic64_t *live = &map->live[epoch];

	/* Pairs with atomic64_dec_and_test() in bytemap_value_uncharge() */
	if (wait_var_event_killable(live, !atomic64_read_acquire(live)))
		return -EINTR;
	return 0;
}

/* Are there entries that a Clear has removed and that are not freed yet? */
bool bytemap_is_clearing(const struct bytemap *map)
{
	return atomic64_read(&map->live[!READ_ONCE(map->epoch)]);
}

int bytemap_wait_cleared(struct bytemap *map)
{
	return wait_epoch(map, !READ_ONCE(map->epoch));
}

/*
 * The core empties the map at one instant and frees what was in it later. No
 * insertion is in flight then, nor until the epoch changes: what was in the map
 * was reserved in the old epoch, and nothing else was. So the wait for the end
 * of the old epoch ends; and whoever changes a value of that epoch afterwards
 * knows by the epoch that it was cleared.
 */
static int clear_locked(struct bytemap *map)
{
	u8 old = map->epoch;
	int err;

	lockdep_assert_held(&map->clear_lock);
	if (bytemap_is_frozen(map))
		return -EROFS;
	/* Left by a Clear that was killed */
	err = wait_epoch(map, !old);
	if (err)
		return err;
	err = bytemap_gauge_close(&map->entries);
	if (err)
		return err;
	syncmap_clear(&map->core);
	bytemap_watch_clear(map);
	bytemap_gauge_open(&map->entries);
	bytemap_waiter_clear(map, old);
	/* It is done; killed here, it only misses the end of the freeing */
	wait_epoch(map, old);
	return 0;
}

int bytemap_clear(struct bytemap *map)
{
	int err;

	if (mutex_lock_killable(&map->clear_lock))
		return -EINTR;
	err = clear_locked(map);
	mutex_unlock(&map->clear_lock);
	return err;
}

/*
 * For who has the map, before it is asked how many entries that has: exact when
 * nobody writes and no more than a sweep's worth has just expired. Who asks for
 * all maps does not do it for the users of each.
 */
void bytemap_sweep(struct bytemap *map)
{
	/* Who only asks does not wait until there is less to be freed */
	if (bytemap_doom_is_full(&map->doom))
		return;
	bytemap_expiry_sweep(map, BYTEMAP_SWEEP, false);
	bytemap_owner_sweep(map, BYTEMAP_SWEEP);
}

static u64 count(struct bytemap *map)
{
	u8 epoch = READ_ONCE(map->epoch);
	s64 live = atomic64_read(&map->live[epoch]) -
		   atomic64_read(&map->lapsed[epoch]);

	return max(live, 0LL);
}

/* Except for @access, which belongs to a descriptor */
void bytemap_get_info(struct bytemap *map, struct syncmap_map_info *info)
{
	struct user_namespace *ns = current_user_ns();

	memset(info, 0, sizeof(*info));
	if (!map->name[0])
		info->state = SYNCMAP_MAP_PRIVATE;
	else if (!READ_ONCE(map->shown))
		info->state = SYNCMAP_MAP_REMOVED;
	if (bytemap_is_frozen(map))
		info->state |= SYNCMAP_MAP_FROZEN;
	info->id = map->id;
	memcpy(info->name, map->name, sizeof(info->name));
	info->key_type = map->key_type;
	info->mode = map->mode;
	info->uid = from_kuid_munged(ns, map->uid);
	info->gid = from_kgid_munged(ns, map->gid);
	info->count = count(map);
	info->bytes = bytemap_gauge_read(&map->bytes);
	info->revision = atomic64_read(&map->revision);
	info->limits = map->limits;
	info->ttl = map->ttl;
	info->stale = map->stale;
}

static void add_counts(const struct bytemap *map,
		       struct syncmap_map_stats *stats)
{
	struct bytemap_counts counts;
	int cpu;

	for_each_possible_cpu(cpu) {
		/* statistics: torn at worst between two counters */
		data_race(counts = *per_cpu_ptr(map->counts, cpu));
		stats->in_place += counts.event[BYTEMAP_IN_PLACE];
		stats->replaced += counts.event[BYTEMAP_REPLACED];
		stats->mismatches += counts.event[BYTEMAP_MISMATCH];
		stats->rejected += counts.event[BYTEMAP_REJECTED];
		stats->throttled += counts.event[BYTEMAP_THROTTLED];
		stats->expired += counts.event[BYTEMAP_EXPIRED];
		stats->orphaned += counts.event[BYTEMAP_ORPHANED];
		stats->reclaimed += counts.event[BYTEMAP_RECLAIMED];
		stats->calculated += counts.event[BYTEMAP_CALCULATED];
		stats->appended += counts.event[BYTEMAP_APPENDED];
		stats->batches += counts.event[BYTEMAP_BATCH];
		stats->batched += counts.event[BYTEMAP_BATCHED];
		stats->lease_waits += counts.event[BYTEMAP_LEASE_WAIT];
		stats->leases_granted += counts.event[BYTEMAP_LEASE_GRANTED];
		stats->leases_lost += counts.event[BYTEMAP_LEASE_LOST];
	}
}

static void add_watchers(struct bytemap *map, struct syncmap_map_stats *stats)
{
	spin_lock(&map->watchers.lock);
	stats->watchers = map->watchers.count;
	stats->events = map->watchers.events;
	stats->overflows = map->watchers.overflows;
	spin_unlock(&map->watchers.lock);
}

static void add_core(struct bytemap *map, struct syncmap_map_stats *stats)
{
	struct syncmap_stats core;

	BUILD_BUG_ON(sizeof(core.fill) != sizeof(stats->fill));
	BUILD_BUG_ON(sizeof(core.displaced) != sizeof(stats->displaced));
	syncmap_get_stats(&map->core, &core);
	stats->amended = core.amended;
	stats->read_keys = core.read_keys;
	stats->read_buckets = core.read_buckets;
	stats->tombstones = core.tombstones;
	stats->dirty_keys = core.dirty_keys;
	stats->dirty_buckets = core.dirty_buckets;
	stats->dirty_longest = core.dirty_longest;
	stats->table_bytes = core.bytes;
	stats->hits = core.hits;
	stats->misses = core.misses;
	stats->promotions = core.promotions;
	stats->promote_fails = core.promote_fails;
	stats->expunged = core.expunged;
	stats->last_promote_ns = core.last_promote_ns;
	stats->max_promote_ns = core.max_promote_ns;
	stats->lock_waits = core.lock_waits;
	memcpy(stats->fill, core.fill, sizeof(stats->fill));
	memcpy(stats->displaced, core.displaced, sizeof(stats->displaced));
}

void bytemap_get_stats(struct bytemap *map, struct syncmap_map_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->count = count(map);
	stats->bytes = bytemap_gauge_read(&map->bytes);
	stats->revision = atomic64_read(&map->revision);
	stats->owned = READ_ONCE(map->owned);
	stats->leases = max(atomic64_read(&map->leases), 0LL);
	stats->lapsed = bytemap_expiry_stale(map);
	add_counts(map, stats);
	bytemap_expiry_stats(map, stats);
	add_watchers(map, stats);
	add_core(map, stats);
}

int bytemap_promote(struct bytemap *map)
{
	return syncmap_promote(&map->core);
}
