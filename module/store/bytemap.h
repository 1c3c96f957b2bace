/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store: named maps of bytes, on the core's public API
 *
 * A &struct bytemap is a core map whose values are &struct bytemap_value
 * objects. It adds what the core leaves to its users: who owns the bytes, how
 * many there may be, who may touch them, and under which name.
 *
 * Its files stand on floors. Each is named after what it is about, its functions
 * after the file, and uses what is below it, or beside it without a circle:
 * tools/check/layers.
 *
 *	top	op many client watch reader		what is asked of the store
 *	ops	fresh change insert append update grant waiter
 *		place					parts of operations
 *	map	map name info set clear freeze retire	a map as a whole
 *	time	walk sweep shrink mirror evict		entries, some at a time
 *	entry	entry lease bucket			changes, and why they are right
 *	asked	view request attempt			what is asked, and found
 *	tell	tell					revisions, and watchers
 *	lists	deadline owner holder line		where entries are besides
 *	ground	gfp error traits number gauge job doom account value bytemap memory
 *		record queue scope trace mapping arena pairs window
 *
 * Who may do what
 *
 *	bytemap: id, type, uid, account,	immutable once the map is made
 *	limits of key and value
 *	bytemap: other limits, ttl, stale,	clear_lock (set.c); READ_ONCE()
 *	mode, gid, value_kind
 *	bytemap->name, ->scope, ->named,	name_lock
 *	->nameless, ->former
 *	bytemap->retired			xchg, false -> true (retire.c)
 *	scopes: the tree			scope_lock
 *	bytemap->memcg				maps_lock (shrink.c)
 *	bytemap->modes				cmpxchg; read as freeze.c says
 *	bytemap->mirror				clear_lock: NULL -> one, for ever;
 *						bytemap_mirror_of()
 *	bytemap->evict				clear_lock: NULL -> one, for ever;
 *						bytemap_evicts()
 *	evict->young				RCU; evict->replace, only tried
 *	evict->instants and what is beside	evict->lock, a seqlock
 *	evict->hand, ->ages, the ring		atomic, and hints: evict.c
 *	bytemap->entries, ->bytes		atomic (gauge.c)
 *	bytemap->live				atomic: entries by the epoch in
 *						which they were reserved
 *	bytemap->lapsed, ->kept			atomic
 *	bytemap->node, ->reclaimable		maps_lock (shrink.c)
 *	bytemap->freed				atomic: entries ever uncharged
 *	bytemap->credit				atomic: bytes that count in the
 *						account and are not used
 *	bytemap->epoch				clear_lock and watchers.lock,
 *						changed while ->entries is
 *						closed; read while holding a
 *						reservation, or watchers.lock,
 *						or after drawing a revision
 *	bytemap->revision			atomic
 *	bytemap->last_token			atomic
 *	bytemap->counts				this_cpu_inc()
 *	bytemap->told				atomic
 *	bytemap->watched			watchers.lock; READ_ONCE() by
 *						writers within an RCU read
 *						section or under a value lock
 *	bytemap->watchers, watch->lost,		watchers.lock (tell.c)
 *	->resume, ->queue.head
 *	watch->queue.tail, ->walk, ->index	watch->lock
 *	bytemap->users				atomic: descriptors, a name, and the
 *						creator; 0 is for ever
 *	bytemap->debugfs			the device: written before
 *						others know the map, read when
 *						nobody does any more
 *	value: capacity, key_len, epoch,	immutable once published
 *	mortal
 *	value: content, len, revision, state	value->lock, a seqlock: written
 *						under it, read within it; the
 *						state by READ_ONCE(), too, of
 *						who looks again, or for whom
 *						DELETED is for good. Once
 *						published, a large value can
 *						only be appended to: as many
 *						bytes as its length tells may
 *						be read without the lock
 *	value->used				immutable once published, if it is
 *						BYTEMAP_KEPT; else a hint, by
 *						READ_ONCE() and WRITE_ONCE()
 *	value->inserter, ->born			value->lock, while the inserter
 *						holds its reference
 *	value->refs				atomic
 *	value->doom				immutable once published
 *	value->doomed, doom->waiting		who has taken the last reference; the
 *						holder of doom->busy
 *	doom->bytes				atomic
 *	map->line				line_lock
 *	map->closed				owned_lock
 *	client->closed				owned_lock, false -> true; READ_ONCE()
 *	share->jobs				share->lock
 *	mortal->deadline			value->lock, as content
 *	mortal->node				value->lock and deadlines->lock
 *	mortal->owner				value->lock; READ_ONCE() by readers,
 *						as owner.c says
 *	mortal->owned				value->lock and ->owned_lock
 *	bytemap->deadlines: queues		deadlines->lock
 *	lease: client, token, waiters, ends,	value->lock
 *	stale
 *	lease->held, client->leases		client->lock; whether a lease is
 *						in a list, value->lock, too
 *	client->places, place->node		client->lock
 *	client->nr_leases			atomic
 *	place: client, value			place->lock
 *	place->read				place->lock; READ_ONCE()
 *	place->over				false -> true; READ_ONCE()
 *	place->from_now				immutable
 *	accounts: the tree			account_lock
 *	account->used				atomic
 *
 * Lock order: bytemap->naming; bytemap->clear_lock, watch->lock, place->lock;
 * name_lock, or value->lock;
 * watchers.lock; then deadlines->lock, ->owned_lock, client->lock, line_lock, or
 * whatever the core takes; then share->lock.
 * Two value locks nest only while a value is being replaced: that of its
 * replacement, which nobody else knows before, is the inner one. Nothing
 * sleeps, allocates or touches user memory under a spinlock. The work under a
 * value lock is bounded by 2 * BYTEMAP_STEP bytes, and under watchers.lock by a
 * record of at most BYTEMAP_KEY_MAX + BYTEMAP_COPY bytes for each of
 * BYTEMAP_WATCHERS.
 *
 * References: a descriptor, a watch, a debugfs file and a name hold one on the
 * map, and so does a closed descriptor until what it owned has gone; the core
 * map, an inserter, a queued event, and whoever copies a large value to a user
 * hold one on the value. Both are freed a grace period after the last one went,
 * as they are looked up under RCU.
 *
 * Waiting: whoever writes into a map waits for what was freed of it (doom.c),
 * for reservations in it (gauge.c) and for its Clear; whoever creates one, for
 * those of his own that end (account.c); whoever asks for a lease, for the
 * holder. All of these waits can be killed. Nobody waits for another map, and
 * nobody who closes a file waits at all: what takes its time is done by jobs
 * (job.c), which wait for nobody either. Whoever begins to watch or freezes a
 * map waits for one grace period.
 */
#ifndef _SYNCMAP_STORE_BYTEMAP_H
#define _SYNCMAP_STORE_BYTEMAP_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/fs.h>
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
struct bytemap_evict;
struct bytemap_mirror;
struct bytemap_naming;
struct bytemap_scope;
struct dentry;
struct mem_cgroup;

/* Longest key and value that any map allows */
#define BYTEMAP_KEY_MAX		4096U
/* Below it is where the revisions of a map may begin */
#define BYTEMAP_REVISION_MAX	BIT_ULL(62)
#define BYTEMAP_VALUE_MAX	0x100000U

enum bytemap_event {
	BYTEMAP_FOUND,
	BYTEMAP_ABSENT,
	BYTEMAP_IN_PLACE,
	BYTEMAP_REPLACED,
	BYTEMAP_MISMATCH,
	BYTEMAP_REJECTED,
	BYTEMAP_THROTTLED,
	BYTEMAP_EXPIRED,
	BYTEMAP_ORPHANED,
	BYTEMAP_RECLAIMED,
	BYTEMAP_EVICTED,
	BYTEMAP_EVICTED_EARLY,
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
struct bytemap_deadlines {
	spinlock_t		lock;		/* the queues */
	struct timerqueue_head	due;		/* live ones */
	struct timerqueue_head	lapsed;		/* by the end of map->stale */
	struct timerqueue_head	leased;		/* by the end of the lease */
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

/* The highest numbers that anybody has been told (info.c) */
struct bytemap_told {
	atomic64_t		hits;
	atomic64_t		misses;
	atomic64_t		lock_waits;
};

/* What few maps are, so that all need one look to see that they are not */
enum bytemap_mode {
	BYTEMAP_FROZEN		= BIT(0),
	BYTEMAP_MIRRORED	= BIT(1),	/* changes are made in windows, */
	BYTEMAP_WINDOWED	= BIT(2),	/* also those that had begun before */
	BYTEMAP_EVICTS		= BIT(3),	/* what is not used, when it is full */
};

struct bytemap {
	struct syncmap			core;
	struct mutex			naming;		/* one PUBLISH */
	spinlock_t			name_lock;	/* the next five */
	bool				named;
	bool				nameless;	/* for good */
	struct bytemap_scope		*scope;		/* of the name; NULL: none yet */
	char				name[SYNCMAP_NAME_SIZE];
	const struct bytemap_naming	*former;	/* until it has the name */
	u64				id;
	u32				key_type;
	u32				value_kind;
	u32				mode;
	u32				modes;		/* enum bytemap_mode */
	bool				retired;
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
	struct rcu_head			rcu;
	struct list_head		node;		/* shrink.c */
	u64				reclaimable;
	struct bytemap_watchers		watchers;
	struct bytemap_told		told;
	struct bytemap_mirror		*mirror;
	struct bytemap_evict		*evict;
	struct address_space		mapping;	/* of descriptors */
	atomic64_t			revision ____cacheline_aligned;
	bool				watched;
	u8				epoch;
	unsigned int			clears;		/* clear.c */
	struct bytemap_gauge		entries ____cacheline_aligned;
	struct bytemap_gauge		bytes;
	atomic64_t			credit;		/* memory.c */
	atomic64_t			live[2];
	atomic64_t			lapsed[2];	/* of these */
	atomic64_t			kept;		/* entries, never evicted */
	atomic64_t			freed;
	atomic64_t			leases;
	atomic64_t			last_token;	/* of a lease */
	spinlock_t			line_lock;	/* the next one */
	struct list_head		line;	/* those who wait for a lease */
	struct bytemap_deadlines	deadlines ____cacheline_aligned;
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
	u32			access;		/* SYNCMAP_ACCESS_*, for ever */
	spinlock_t		lock;
	struct list_head	leases;
	struct list_head	places;		/* in line for one */
	atomic_t		nr_leases;	/* and waits for one */
	struct list_head	owned;		/* mortal values: map->owned_lock */
	bool			closed;		/* what it owns is absent */
	struct list_head	node;		/* in map->closed */
	struct bytemap_job	job;
	struct rcu_head		rcu;
};

static inline void bytemap_count(struct bytemap *map, enum bytemap_event event)
{
	this_cpu_inc(map->counts->event[event]);
}

static inline void bytemap_count_batch(struct bytemap *map, u32 operations)
{
	bytemap_count(map, BYTEMAP_BATCH);
	this_cpu_add(map->counts->event[BYTEMAP_BATCHED], operations);
}

static inline bool bytemap_is_frozen(const struct bytemap *map)
{
	return unlikely(READ_ONCE(map->modes) & BYTEMAP_FROZEN);
}

/* The map has a mirror then */
static inline bool bytemap_is_mirrored(const struct bytemap *map)
{
	/* Pairs with bytemap_change_modes() */
	return unlikely(smp_load_acquire(&map->modes) & BYTEMAP_MIRRORED);
}

/* The map has what it needs for that */
static inline bool bytemap_evicts(const struct bytemap *map)
{
	/* Pairs with bytemap_change_modes() */
	return unlikely(smp_load_acquire(&map->modes) & BYTEMAP_EVICTS);
}

/* The mirror that the map has, or has had, or is to have; or NULL */
static inline struct bytemap_mirror *bytemap_mirror_of(const struct bytemap *map)
{
	/* Pairs with smp_store_release() in bytemap_mirror_attach() */
	return smp_load_acquire(&map->mirror);
}

/* Fully ordered */
static inline void bytemap_change_modes(struct bytemap *map, u32 off, u32 on)
{
	u32 modes = READ_ONCE(map->modes);

	while (!try_cmpxchg(&map->modes, &modes, (modes & ~off) | on))
		;
}

#endif /* _SYNCMAP_STORE_BYTEMAP_H */
