/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A map: all that it consists of, its life and its names, and those who have it
 * open
 */
#ifndef _SYNCMAP_STORE_MAP_H
#define _SYNCMAP_STORE_MAP_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/syncmap.h>
#include <linux/timerqueue.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <uapi/linux/syncmap.h>

#include "doom.h"
#include "gauge.h"
#include "job.h"

struct bytemap_account;
struct dentry;
struct mem_cgroup;

/* Longest key and value that any map allows */
#define BYTEMAP_KEY_MAX		4096U
#define BYTEMAP_VALUE_MAX	0x100000U

enum bytemap_event {
	BYTEMAP_IN_PLACE,
	BYTEMAP_REPLACED,
	BYTEMAP_MISMATCH,
	BYTEMAP_REJECTED,
	BYTEMAP_THROTTLED,
	BYTEMAP_EXPIRED,
	BYTEMAP_ORPHANED,
	BYTEMAP_RECLAIMED,
	BYTEMAP_CALCULATED,
	BYTEMAP_APPENDED,
	BYTEMAP_BATCH,
	BYTEMAP_BATCHED,
	BYTEMAP_LEASE_WAIT,
	BYTEMAP_LEASE_GRANTED,
	BYTEMAP_LEASE_LOST,
	BYTEMAP_EVENTS,
};

struct bytemap_counts {
	u64	event[BYTEMAP_EVENTS];
};

/* Values with deadlines, in the order in which something is to be done */
struct bytemap_expiry {
	spinlock_t		lock;		/* the queues */
	struct timerqueue_head	due;		/* live ones */
	struct timerqueue_head	lapsed;		/* by the end of map->stale */
	u64			expiring;	/* how many are due some day */
	struct bytemap_job	job;
};

/*
 * Watchers that a map has at most; so many of them are left to its owner, and
 * one user who is not the owner has no more than so many
 */
#define BYTEMAP_WATCHERS		64
#define BYTEMAP_WATCHERS_RESERVED	16
#define BYTEMAP_WATCHERS_USER		16

struct bytemap_watchers {
	spinlock_t		lock;	/* all of it, and the draw of revisions */
	struct list_head	list;
	struct list_head	coming;
	unsigned int		count;	/* of both */
	u64			events;
	u64			overflows;
};

struct bytemap {
	struct syncmap			core;
	char				name[SYNCMAP_NAME_SIZE];
	u64				id;
	u32				key_type;
	u32				mode;
	bool				frozen;
	struct syncmap_limits		limits;
	u64				ttl;
	u64				stale;
	kuid_t				uid;
	kgid_t				gid;
	struct bytemap_account		*account;
	struct mem_cgroup		*memcg;
	struct bytemap_counts __percpu	*counts;
	struct dentry			*debugfs;
	struct mutex			clear_lock;	/* one Clear */
	struct kref			refs;
	struct bytemap_job		end;
	atomic_t			users;
	bool				shown;
	struct rcu_head			rcu;
	struct list_head		node;		/* shrink.c */
	u64				reclaimable;
	struct bytemap_watchers		watchers;
	atomic64_t			revision ____cacheline_aligned;
	bool				watched;
	u8				epoch;
	struct bytemap_gauge		entries ____cacheline_aligned;
	struct bytemap_gauge		bytes;
	atomic64_t			credit;		/* memory.c */
	atomic64_t			live[2];
	atomic64_t			lapsed[2];	/* of these */
	atomic64_t			freed;
	atomic64_t			leases;
	spinlock_t			line_lock;	/* the next one */
	struct list_head		line;	/* those who wait for a lease */
	struct bytemap_expiry		expiry ____cacheline_aligned;
	struct bytemap_doom		doom ____cacheline_aligned;
	spinlock_t			owned_lock;	/* lists of clients */
	struct list_head		closed;		/* those who owned something */
	u64				owned;
};

/*
 * What a descriptor has: its map, and what goes when it is closed. Descriptors
 * that were duplicated or passed on are one client.
 */
struct bytemap_client {
	struct bytemap		*map;
	struct bytemap_account	*account;	/* of the user who opened it */
	spinlock_t		lock;
	struct list_head	leases;
	atomic_t		nr_leases;	/* and waits for one */
	struct list_head	owned;		/* mortal values: map->owned_lock */
	bool			closed;		/* what it owns is absent */
	struct list_head	node;		/* in map->closed */
	struct bytemap_job	job;
	struct rcu_head		rcu;
};

static inline u64 bytemap_next_revision(struct bytemap *map)
{
	return atomic64_inc_return(&map->revision);
}

static inline void bytemap_count(struct bytemap *map, enum bytemap_event event)
{
	this_cpu_inc(map->counts->event[event]);
}

static inline void bytemap_count_batch(struct bytemap *map, u32 operations)
{
	bytemap_count(map, BYTEMAP_BATCH);
	this_cpu_add(map->counts->event[BYTEMAP_BATCHED], operations);
}

/* map.c */
void bytemap_create_limited(struct syncmap_create *params, u32 which, u64 used,
			    u64 limit);
struct bytemap *bytemap_create(struct syncmap_create *params);
void bytemap_put(struct bytemap *map);
void bytemap_leave_dead_cgroup(struct bytemap *map);
void bytemap_wait_ended(void);
bool bytemap_get_unless_zero(struct bytemap *map);
void bytemap_leave(struct bytemap *map);
bool bytemap_permits(const struct bytemap *map, u32 access);
bool bytemap_is_owner(const struct bytemap *map);
int bytemap_clear(struct bytemap *map);
int bytemap_promote(struct bytemap *map);
bool bytemap_is_clearing(const struct bytemap *map);
int bytemap_wait_cleared(struct bytemap *map);
void bytemap_default_limits(struct syncmap_info *info);
void bytemap_sweep(struct bytemap *map);
void bytemap_get_info(struct bytemap *map, struct syncmap_map_info *info);
void bytemap_get_stats(struct bytemap *map, struct syncmap_map_stats *stats);

/* freeze.c */
int bytemap_freeze(struct bytemap *map);

static inline bool bytemap_is_frozen(const struct bytemap *map)
{
	return unlikely(READ_ONCE(map->frozen));
}

/* name.c */
int bytemap_name_check(const char *name);
bool bytemap_name_is_taken(const char *name);
int bytemap_name_take(struct bytemap *map);
void bytemap_name_show(struct bytemap *map);
bool bytemap_name_hide(struct bytemap *map);
void bytemap_name_drop(struct bytemap *map);
struct bytemap *bytemap_name_find(const char *name);
int bytemap_name_list(u64 *cursor, struct bytemap **maps, unsigned int max);
void bytemap_name_exit(void);

/* client.c */
struct bytemap_client *bytemap_client_create(struct bytemap *map);
void bytemap_client_free(struct bytemap_client *client);
void bytemap_client_close(struct bytemap_client *client);

#endif /* _SYNCMAP_STORE_MAP_H */
