/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store: named maps of bytes, on the core's public API
 *
 * A &struct bytemap is a core map whose values are &struct bytemap_value
 * objects. It adds what the core leaves to its users: who owns the bytes, how
 * many there may be, who may touch them, and under which name.
 *
 * Who may do what
 *
 *	bytemap: name, id, type, limits, ttl,	immutable once the map is made
 *	stale, uid, gid, mode, memcg, account
 *	bytemap->shown				cmpxchg; the winner of true ->
 *						false owns the name's reference
 *	bytemap->frozen				clear_lock; read as freeze.c says
 *	bytemap->entries, ->bytes		atomic (gauge.c)
 *	bytemap->live				atomic: entries by the epoch in
						which they were reserved
 *	bytemap->lapsed				atomic
 *	bytemap->freed				atomic: entries ever uncharged
 *	bytemap->epoch				clear_lock and watchers.lock,
 *						changed while ->entries is
 *						closed; read while holding a
 *						reservation, or watchers.lock
 *	bytemap->revision			atomic
 *	bytemap->counts				this_cpu_inc()
 *	bytemap->watched			watchers.lock; READ_ONCE() by
 *						writers within an RCU read
 *						section or under a value lock
 *	bytemap->watchers, watch->lost,		watchers.lock (watch.c)
 *	->resume, ->queue.head
 *	watch->queue.tail, ->walk, ->index	watch->lock
 *	bytemap->users				atomic: descriptors, a name, and the
 *						creator; 0 is for ever
 *	bytemap->debugfs			the device: written before the
 *						map is shown, read after it was
 *						hidden
 *	value: capacity, key_len, epoch,	immutable once published
 *	mortal
 *	value: content, len, revision, state	value->lock, a seqlock: written
 *						under it, read within it. Once
 *						published, a large value can
 *						only be appended to: who has
 *						its length may read the bytes
 *	value->inserter, ->born			value->lock, while the inserter
 *						holds its reference
 *	value->refs				atomic
 *	mortal->deadline			value->lock, as content
 *	mortal->node				value->lock and expiry->lock
 *	mortal->owner				value->lock
 *	mortal->owned				value->lock and ->owned_lock
 *	bytemap->expiry: queues			expiry->lock
 *	lease: client, token, waiters, stale	value->lock
 *	lease->held, client->leases		client->lock; whether a lease is
 *						in a list, value->lock, too
 *	client->nr_leases			atomic
 *	accounts				account_lock
 *
 * Lock order: bytemap->clear_lock, watch->lock; value->lock; watchers.lock; then
 * expiry->lock, ->owned_lock, client->lock, or whatever the core takes. Two
 * value locks nest only while a value is being replaced: that of its
 * replacement, which nobody else knows before, is the inner one. Nothing sleeps,
 * allocates or touches user memory under a spinlock. The work under a value lock
 * is bounded by 2 * BYTEMAP_STEP bytes, and under watchers.lock by a record of at
 * most BYTEMAP_KEY_MAX + BYTEMAP_COPY bytes for each of BYTEMAP_WATCHERS.
 *
 * References: a descriptor, a watch, a debugfs file and a name hold one on the
 * map; the core map, an inserter, a queued event, and whoever copies a large
 * value to a user hold one on the value. Both are freed a grace period after the
 * last one went, as they are looked up under RCU.
 */
#ifndef _SYNCMAP_STORE_H
#define _SYNCMAP_STORE_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/syncmap.h>
#include <linux/timerqueue.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <uapi/linux/syncmap.h>

struct bytemap_account;
struct bytemap_request;
struct dentry;

/* Bytes that an entry counts besides key and value; a mortal one, once more */
#define BYTEMAP_OVERHEAD	64U

/* Longest key and value that any map allows */
#define BYTEMAP_KEY_MAX		4096U
#define BYTEMAP_VALUE_MAX	0x100000U

/* Values up to this length are overwritten in place */
#define BYTEMAP_SMALL		64U

/* Values up to this length are copied, longer ones referenced */
#define BYTEMAP_COPY		256U

/* Bytes that are appended under the lock of a value, or are made up for there */
#define BYTEMAP_STEP		4096U

/*
 * What users make us allocate is charged to their memory cgroups. When memory
 * is short they hear -ENOMEM, rather than somebody be killed for it.
 */
#define BYTEMAP_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * A counter with a limit. What is reserved counts as taken, and is in flight
 * until it is committed or cancelled; both numbers are in one word, so that
 * "full" and "may yet turn out not to be full" are told apart atomically.
 */
struct bytemap_gauge {
	atomic64_t	word;
	u64		max;
};

#define BYTEMAP_GAUGE_BITS	40
#define BYTEMAP_GAUGE_MAX	((1ULL << BYTEMAP_GAUGE_BITS) - 1)

int bytemap_gauge_reserve(struct bytemap_gauge *gauge, u64 n);
void bytemap_gauge_commit(struct bytemap_gauge *gauge);
void bytemap_gauge_cancel(struct bytemap_gauge *gauge, u64 n);
int bytemap_gauge_change(struct bytemap_gauge *gauge, u64 from, u64 to);
int bytemap_gauge_wait(struct bytemap_gauge *gauge, u64 n);
int bytemap_gauge_close(struct bytemap_gauge *gauge);
void bytemap_gauge_open(struct bytemap_gauge *gauge);
u64 bytemap_gauge_read(const struct bytemap_gauge *gauge);

enum bytemap_value_state {
	VALUE_FRESH,		/* not published yet */
	VALUE_LIVE,		/* until its deadline, if it has one */
	VALUE_REPLACED,		/* another object has the key */
	/* from here on the key is absent, whatever the core says */
	VALUE_LAPSED,		/* kept as a stale value */
	VALUE_LEASED,		/* somebody computes it */
	VALUE_DELETED,
};

struct bytemap_value {
	seqlock_t	lock;
	refcount_t	refs;
	u32		len;
	u32		capacity;
	u16		key_len;
	u8		state;		/* enum bytemap_value_state */
	u8		epoch : 1;	/* index in bytemap->live */
	u8		mortal : 1;	/* within a struct bytemap_mortal */
	u8		leased : 1;	/* that is within a bytemap_lease */
	u64		revision;	/* 0: not settled, see value.c */
	union {
		/* Until it is settled: whoever inserts it, and has to wait */
		const struct bytemap_request *inserter;
		u64		born;	/* revision of its insertion */
		struct rcu_head	rcu;
	};
	u8		bytes[];
};

/*
 * A value that may end by itself. What that takes is in front of it, and a copy
 * of the key, by which it is found in the core, behind its bytes: values that
 * stay until they are deleted do not pay for it.
 */
struct bytemap_mortal {
	/* expires: not after @deadline, so that moving that back costs nothing;
	 * 0: in no queue
	 */
	struct timerqueue_node	node;
	struct list_head	owned;
	struct bytemap_client	*owner;		/* compared, but see owner.c */
	u64			deadline;	/* or SYNCMAP_NEVER */
	struct bytemap_value	value;
};

/*
 * What has the place of a value that is being computed, or of an expired one
 * that is to be computed anew
 */
struct bytemap_lease {
	struct bytemap_client	*client;	/* who computes */
	u64			token;
	struct list_head	held;		/* in client->leases */
	struct list_head	waiters;
	struct bytemap_value	*stale;		/* NULL: no expired value */
	u32			stale_len;	/* is charged */
	struct bytemap_mortal	mortal;
};

/* What an operation found: a copy, or a reference to a value that only grows */
struct bytemap_view {
	u64			revision;
	u64			deadline;	/* SYNCMAP_NEVER: none */
	u64			now;		/* 0 if there is none */
	u32			len;
	struct bytemap_value	*held;
	u8			bytes[BYTEMAP_COPY];
};

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
	struct delayed_work	work;
};

/* Watchers that a map has at most */
#define BYTEMAP_WATCHERS	64

struct bytemap_watchers {
	spinlock_t		lock;	/* all of it, and the draw of revisions */
	struct list_head	list;
	unsigned int		count;	/* and those that come */
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
	atomic_t			users;
	bool				shown;
	struct rcu_head			rcu;
	struct list_head		node;		/* shrink.c */
	struct bytemap_watchers		watchers;
	atomic64_t			revision ____cacheline_aligned;
	bool				watched;
	struct bytemap_gauge		entries ____cacheline_aligned;
	struct bytemap_gauge		bytes;
	atomic64_t			live[2];
	atomic64_t			lapsed[2];	/* of these */
	atomic64_t			freed;
	atomic64_t			leases;
	u8				epoch;
	struct bytemap_expiry		expiry ____cacheline_aligned;
	spinlock_t			owned_lock;	/* lists of clients */
	u64				owned;
};

/*
 * What a descriptor has: its map, and what goes when it is closed. Descriptors
 * that were duplicated or passed on are one client.
 */
struct bytemap_client {
	struct bytemap		*map;
	struct bytemap_account	*account;	/* of who opened it */
	spinlock_t		lock;
	struct list_head	leases;
	atomic_t		nr_leases;	/* and waits for one */
	struct list_head	owned;		/* mortal values: map->owned_lock */
};

/* client.c */
struct bytemap_client *bytemap_client_create(struct bytemap *map);
bool bytemap_client_free(struct bytemap_client *client);
bool bytemap_client_close(struct bytemap_client *client);

/* value.c */
int bytemap_value_init(void);
void bytemap_value_exit(void);
struct bytemap_value *bytemap_value_alloc(size_t len);
struct bytemap_value *bytemap_mortal_alloc(size_t len, const void *key,
					   size_t key_len);
struct bytemap_value *bytemap_lease_alloc(const void *key, size_t key_len);
void bytemap_value_put(struct bytemap_value *value);
void bytemap_value_charged(struct bytemap *map,
			   const struct bytemap_value *value);
void bytemap_value_uncharge(struct bytemap *map,
			    const struct bytemap_value *value);
void bytemap_value_free(void *value, void *map);
void bytemap_value_settle_locked(struct bytemap *map,
				 struct bytemap_value *value);
void bytemap_value_end_locked(struct bytemap *map, struct bytemap_value *value);
int bytemap_value_view(struct bytemap *map, struct bytemap_value *value,
		       struct bytemap_view *view, u32 room);
int bytemap_value_view_stale(struct bytemap *map, struct bytemap_value *value,
			     struct bytemap_view *view, u32 room);
void bytemap_value_view_locked(struct bytemap_value *value,
			       struct bytemap_view *view, u32 room);
const void *bytemap_view_bytes(const struct bytemap_view *view);
void bytemap_view_release(struct bytemap_view *view);
void bytemap_throttle(struct bytemap *map);

static inline u64 bytemap_next_revision(struct bytemap *map)
{
	return atomic64_inc_return(&map->revision);
}

static inline void bytemap_count(struct bytemap *map, enum bytemap_event event)
{
	this_cpu_inc(map->counts->event[event]);
}

static inline bool bytemap_value_is_small(const struct bytemap_value *value)
{
	return value->capacity <= BYTEMAP_SMALL;
}

/* Without the lock: of a large value so many bytes will not change any more */
static inline u32 bytemap_value_len(const struct bytemap_value *value)
{
	/* Pairs with the release by who appends to it */
	return smp_load_acquire(&value->len);
}

static inline struct bytemap_mortal *
bytemap_mortal(const struct bytemap_value *value)
{
	return container_of(value, struct bytemap_mortal, value);
}

static inline struct bytemap_lease *
bytemap_lease(const struct bytemap_value *value)
{
	return container_of(bytemap_mortal(value), struct bytemap_lease,
			    mortal);
}

/* The copy of the key that a mortal value has */
static inline void *bytemap_mortal_key(const struct bytemap_value *value)
{
	return (void *)value->bytes + value->capacity;
}

static inline u64 bytemap_charge(size_t key_len, size_t len)
{
	return BYTEMAP_OVERHEAD + key_len + len;
}

static inline u64 bytemap_value_charge(const struct bytemap_value *value)
{
	u64 charge = bytemap_charge(value->key_len, value->len);

	if (value->mortal)
		charge += bytemap_charge(value->key_len, 0);
	if (value->leased)
		charge += bytemap_lease(value)->stale_len;
	return charge;
}

/* Had it expired when it was viewed? */
static inline bool bytemap_view_is_late(const struct bytemap_view *view)
{
	return view->now >= view->deadline;
}

/* expiry.c */
void bytemap_expiry_init(struct bytemap *map);
void bytemap_expiry_exit(struct bytemap *map);
u64 bytemap_expiry_deadline(const struct bytemap *map, u64 deadline);
void bytemap_expiry_queue_locked(struct bytemap *map,
				 struct bytemap_value *value);
void bytemap_expiry_unqueue_locked(struct bytemap *map,
				   struct bytemap_value *value);
void bytemap_expiry_keep_locked(struct bytemap *map,
				struct bytemap_value *value);
void bytemap_expire_locked(struct bytemap *map, struct bytemap_value *value,
			   bool keep);
/* Entries that one sweep looks at */
#define BYTEMAP_SWEEP		128

unsigned int bytemap_expiry_sweep(struct bytemap *map, unsigned int max,
				  bool reclaim);
u64 bytemap_expiry_stale(struct bytemap *map);
u64 bytemap_expiry_reclaimable(struct bytemap *map);
void bytemap_expiry_stats(struct bytemap *map,
			  struct syncmap_map_stats *stats);

bool bytemap_mortal_is_late(const struct bytemap_value *value);
bool bytemap_mortal_is_in_core(struct bytemap *map,
			       const struct bytemap_value *value);

/* owner.c */
void bytemap_owner_link_locked(struct bytemap *map,
			       struct bytemap_value *value);
void bytemap_owner_set_locked(struct bytemap *map, struct bytemap_value *value,
			      struct bytemap_client *client);
void bytemap_owner_unlink_locked(struct bytemap *map,
				 struct bytemap_value *value);
void bytemap_owner_close(struct bytemap_client *client);

/* shrink.c */
int bytemap_shrink_init(void);
void bytemap_shrink_exit(void);
void bytemap_shrink_add(struct bytemap *map);
void bytemap_shrink_remove(struct bytemap *map);

/* account.c */
struct bytemap_account *bytemap_account_get(kuid_t uid);
void bytemap_account_put(struct bytemap_account *account);
int bytemap_account_add_map(struct bytemap_account *account, u64 bytes);
void bytemap_account_remove_map(struct bytemap_account *account, u64 bytes);
int bytemap_account_add_watcher(struct bytemap_account *account,
				struct syncmap_watch *params);
void bytemap_account_remove_watcher(struct bytemap_account *account);
int bytemap_account_add_lease(struct bytemap_client *client,
			      struct syncmap_op *op);
void bytemap_account_remove_lease(struct bytemap_client *client);
void bytemap_account_info(struct syncmap_info *info);

/* map.c */
struct bytemap *bytemap_create(const struct syncmap_create *params);
void bytemap_put(struct bytemap *map);
bool bytemap_get_unless_zero(struct bytemap *map);
bool bytemap_leave(struct bytemap *map);
bool bytemap_permits(const struct bytemap *map, u32 access);
bool bytemap_is_owner(const struct bytemap *map);
int bytemap_clear(struct bytemap *map);
int bytemap_promote(struct bytemap *map);
bool bytemap_is_clearing(const struct bytemap *map);
int bytemap_wait_cleared(struct bytemap *map);
void bytemap_default_limits(struct syncmap_info *info);
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
int bytemap_name_take(struct bytemap *map);
void bytemap_name_show(struct bytemap *map);
bool bytemap_name_hide(struct bytemap *map);
void bytemap_name_drop(struct bytemap *map);
struct bytemap *bytemap_name_find(const char *name);
int bytemap_name_list(u64 *cursor, struct bytemap **maps, unsigned int max);
void bytemap_name_exit(void);

/* request.c */

/* Traits of an operation */
enum {
	OP_TAKES_VALUE	= BIT(0),
	OP_TAKES_OLD	= BIT(1),
	OP_GIVES_VALUE	= BIT(2),
	OP_INSERTS	= BIT(3),	/* an absent key */
	OP_DELETES	= BIT(4),	/* a present key */
	OP_KEEPS	= BIT(5),	/* leaves a present key as it is */
	OP_TAKES_DEADLINE = BIT(6),
	OP_TAKES_TOKEN	= BIT(7),
	OP_WAITS	= BIT(8),
	OP_CALCULATES	= BIT(9),	/* a number out of a number */
	OP_TAKES_BOUND	= BIT(10),
	OP_TAKES_OWNER	= BIT(11),
	OP_TAKES_AGE	= BIT(12),	/* that the value may not have */
	OP_APPENDS	= BIT(13),	/* the value that it takes */
};

bool bytemap_op_has(u32 op, u16 any);
u32 bytemap_op_access(u32 op);
void bytemap_limited(struct syncmap_op *op, u32 which, u64 used, u64 limit);
void bytemap_op_reset(struct syncmap_op *op);
int bytemap_op_check(const struct bytemap *map, struct syncmap_op *op);
int bytemap_key_check(const struct bytemap *map, const void *key, size_t len);

/* op.c */

/**
 * struct bytemap_request - one operation on one key
 * @op: what to do, its lengths and flags; takes the results
 * @client: who asks; NULL for the kernel, which can own nothing
 * @key: the key
 * @value: the new value, when it is short
 * @fresh: the new value in an object of its own, when it is longer than
 *	%BYTEMAP_SMALL; else NULL, and made when needed
 * @old: content to compare with
 * @found: the value that was found, for operations that give one
 * @deadline: private: of what is stored; SYNCMAP_NEVER
 * @number: private: the new value, when it is a number
 * @blocked: private: the gauge that may have no room for @blocked_for
 * @blocked_for: private
 * @room: private: bytes that @fresh has to take, if @value does not say
 * @source: private: the value that @fresh is a copy of, or a longer one
 * @carried: private: length of @source when it was copied
 * @mortal: private: @fresh has to be able to end
 * @wants_fresh: private: the next attempt needs @fresh
 * @met_lease: private: a lease has the place of the key
 * @wants_lease: private: somebody else has it
 * @granted: private: token of a lease that the request got while it waited
 */
struct bytemap_request {
	struct syncmap_op	*op;
	struct bytemap_client	*client;
	const void		*key;
	const void		*value;
	struct bytemap_value	*fresh;
	const void		*old;
	struct bytemap_view	found;
	u64			deadline;
	union {
		u32	narrow;
		u64	wide;
	}			number;
	struct bytemap_gauge	*blocked;
	u64			blocked_for;
	u32			room;
	u32			carried;
	const struct bytemap_value *source;
	bool			mortal;
	bool			wants_fresh;
	bool			met_lease;
	bool			wants_lease;
	u64			granted;
};

int bytemap_request_blocked(struct bytemap_request *req,
			    struct bytemap_gauge *gauge, u64 n, int err);
int bytemap_look(struct bytemap *map, struct bytemap_request *req,
		 struct bytemap_value *value);
int bytemap_op(struct bytemap *map, struct bytemap_request *req);
struct bytemap_value *bytemap_request_get(struct bytemap *map,
					  const struct bytemap_request *req);
void bytemap_request_drop(struct bytemap_request *req);
void bytemap_request_release(struct bytemap_request *req);

/* Does what is stored need a struct bytemap_mortal? */
static inline bool bytemap_request_is_mortal(const struct bytemap *map,
					     const struct bytemap_request *req)
{
	u64 deadline = req->op->deadline ?: map->ttl;

	return (deadline && deadline != SYNCMAP_NEVER) ||
	       req->op->flags & SYNCMAP_OP_OWNED;
}

/* Who will own what is stored; NULL: nobody */
static inline struct bytemap_client *
bytemap_request_owner(const struct bytemap_request *req)
{
	return req->op->flags & SYNCMAP_OP_OWNED ? req->client : NULL;
}

static inline bool bytemap_request_has(const struct bytemap_request *req,
				       u16 any)
{
	return bytemap_op_has(req->op->op, any);
}

/* Does it store when the key is absent? */
static inline bool bytemap_request_inserts(const struct bytemap_request *req)
{
	return bytemap_request_has(req, OP_INSERTS) ||
	       req->op->flags & SYNCMAP_OP_INITIAL;
}

/* many.c */

/* Loads that are looked up together at most */
#define BYTEMAP_LOADS	16

void bytemap_load_many(struct bytemap *map, struct bytemap_request **reqs,
		       unsigned int n);

/* number.c */
int bytemap_number_check(const struct syncmap_op *op);
int bytemap_number_begin(struct bytemap_request *req);
int bytemap_number_change(struct bytemap_request *req, const void *bytes,
			  u32 len);

/* append.c */
int bytemap_append_begin(struct bytemap *map, struct bytemap_request *req);
int bytemap_append_fresh(struct bytemap_request *req);
void bytemap_carry(struct bytemap_request *req,
		   const struct bytemap_value *value, u32 len);
int bytemap_carry_locked(struct bytemap_request *req,
			 const struct bytemap_value *value);
bool bytemap_append_needs_fresh(struct bytemap *map,
				struct bytemap_request *req,
				const struct bytemap_value *value);
int bytemap_append_locked(struct bytemap *map, struct bytemap_request *req,
			  struct bytemap_value *value);
void bytemap_append_inherit(struct bytemap_value *fresh,
			    const struct bytemap_value *value);

/* insert.c */
struct bytemap_value *
bytemap_request_alloc(const struct bytemap_request *req, bool mortal,
		      size_t len);
int bytemap_request_fresh(const struct bytemap *map,
			  struct bytemap_request *req);
void bytemap_publish(struct bytemap_request *req, u8 epoch);
void bytemap_unpublish(struct bytemap_request *req);
int bytemap_insert_prepare(struct bytemap *map, struct bytemap_request *req);
int bytemap_insert_fresh(struct bytemap *map, struct bytemap_request *req);
int bytemap_insert(struct bytemap *map, struct bytemap_request *req);

/* update.c */
int bytemap_update_charge(struct bytemap *map, struct bytemap_request *req,
			  u64 from, u64 to);
int bytemap_tell(struct syncmap_op *op, const struct bytemap_view *found);
void bytemap_remove_deleted(struct bytemap *map, const void *key, size_t len,
			    struct bytemap_value *value);
void bytemap_make_way(struct bytemap *map, struct bytemap_request *req,
		      struct bytemap_value *value);
int bytemap_update(struct bytemap *map, struct bytemap_request *req,
		   struct bytemap_value *value);

int bytemap_replace_locked(struct bytemap *map, struct bytemap_request *req,
			   struct bytemap_value *value, u64 revision);

/* lease.c */
u64 bytemap_lease_new_token(void);
void bytemap_lease_hold_locked(struct bytemap *map,
			       struct bytemap_lease *lease);
int bytemap_lease_give_up(struct bytemap *map, struct bytemap_value *value,
			  const struct bytemap_client *client, u64 token);
int bytemap_lease_meet(struct bytemap *map, struct bytemap_request *req,
		       struct bytemap_value *value);
int bytemap_lease_replace(struct bytemap *map, struct bytemap_request *req);
int bytemap_lease_end(struct bytemap *map, struct bytemap_request *req);
void bytemap_lease_abandon(struct bytemap_client *client, u64 token);
void bytemap_lease_close(struct bytemap_client *client);
void bytemap_lease_cleared(struct bytemap *map, struct bytemap_value *value);
void bytemap_lease_void(struct bytemap *map, struct bytemap_value *value);

/* grant.c */
int bytemap_lease_take(struct bytemap *map, struct bytemap_request *req);

/* waiter.c */
struct bytemap_client *bytemap_waiter_pick_locked(struct bytemap_lease *lease,
						  u64 token);
void bytemap_waiter_wake_all(struct bytemap_value *value);
int bytemap_lease_wait(struct bytemap *map, struct bytemap_request *req);

/* queue.c */
struct bytemap_queue {
	void		*ring;
	u32		size;
	atomic_t	pinned;		/* bytes of values that are held */
	unsigned long	head;
	unsigned long	tail;
};

/* An event, with what it points to */
struct bytemap_record {
	const void		*key;
	const void		*value;
	struct syncmap_event	event;
};

int bytemap_queue_init(struct bytemap_queue *queue, u32 size, u32 key_size);
void bytemap_queue_exit(struct bytemap_queue *queue);
u32 bytemap_queue_used(const struct bytemap_queue *queue);
bool bytemap_queue_is_empty(const struct bytemap_queue *queue);
bool bytemap_queue_put(struct bytemap_queue *queue,
		       const struct syncmap_event *event, const void *key,
		       struct bytemap_value *value);
bool bytemap_queue_peek(const struct bytemap_queue *queue,
			struct bytemap_record *record);
void bytemap_queue_consume(struct bytemap_queue *queue);
void bytemap_event_finish(struct syncmap_event *event, bool with_value);

/* walk.c */

/* Entries that one step of a walk returns at most */
#define BYTEMAP_WALK_BATCH	16

struct bytemap_item {
	const void		*key;
	u32			key_len;
	struct bytemap_view	view;
};

struct bytemap_walk {
	struct bytemap		*map;
	u64			cursor;
	unsigned int		count;
	struct bytemap_item	items[BYTEMAP_WALK_BATCH];
	struct syncmap_entry	entries[BYTEMAP_WALK_BATCH];
	u8			keys[];
};

struct bytemap_walk *bytemap_walk_alloc(struct bytemap *map, u64 cursor);
void bytemap_walk_free(struct bytemap_walk *walk);
int bytemap_walk_next(struct bytemap_walk *walk, unsigned int max, u32 room,
		      u64 *next);
void bytemap_walk_key(struct bytemap_walk *walk, const void *key, size_t len,
		      u32 room);
void bytemap_walk_release(struct bytemap_walk *walk);

/* watch.c */
struct bytemap_watch {
	struct list_head	node;
	struct bytemap		*map;
	struct bytemap_account	*account;
	u32			flags;
	u32			filter_len;
	struct bytemap_queue	queue;
	wait_queue_head_t	wait;
	u64			events;
	u64			overflows;
	u64			resume;		/* revision before the loss */
	bool			lost;		/* events, and not told yet */
	struct mutex		lock;		/* one reader */
	bool			dumping;
	u64			since;		/* of the dump */
	u64			revision;	/* of the dump */
	struct bytemap_walk	*walk;
	unsigned int		index;
	u8			filter[];
};

static inline bool bytemap_wants_values(const struct bytemap_watch *watch)
{
	return watch->flags & SYNCMAP_WATCH_VALUES;
}

void bytemap_watch_limited(struct syncmap_watch *params, u32 which, u64 used,
			   u64 limit);
int bytemap_watch_check(const struct bytemap *map,
			struct syncmap_watch *params);
struct bytemap_watch *bytemap_watch_create(struct bytemap *map,
					   struct syncmap_watch *params,
					   const void *filter);
void bytemap_watch_destroy(struct bytemap_watch *watch);
bool bytemap_watch_matches(const struct bytemap_watch *watch, const void *key,
			   u32 key_len);
u64 bytemap_watch_event(struct bytemap *map, struct bytemap_value *value,
			const void *key, u32 reason);
bool bytemap_watch_swap(struct bytemap *map, struct bytemap_request *req,
			struct bytemap_value *value);
void bytemap_watch_clear(struct bytemap *map);
void bytemap_watch_removed(struct bytemap *map);
void bytemap_watch_end(struct bytemap *map);

/*
 * The revision of a change of @value, and its event. The lock of the value is
 * held. @reason is that of &syncmap_event, and says whether the value is stored,
 * then it has its new content, or deleted, then it is still charged: a Clear
 * may wait for that, and the next one must not overtake the event.
 */
static inline u64 bytemap_revise(struct bytemap *map,
				 struct bytemap_value *value, const void *key,
				 u32 reason)
{
	if (unlikely(READ_ONCE(map->watched)))
		return bytemap_watch_event(map, value, key, reason);
	return bytemap_next_revision(map);
}

/* reader.c */
void bytemap_watch_dump(struct bytemap_watch *watch);
bool bytemap_watch_readable(const struct bytemap_watch *watch);
bool bytemap_watch_ended(const struct bytemap_watch *watch);
int bytemap_watch_peek(struct bytemap_watch *watch,
		       struct bytemap_record *record);
void bytemap_watch_consume(struct bytemap_watch *watch,
			   const struct bytemap_record *record);

#endif /* _SYNCMAP_STORE_H */
