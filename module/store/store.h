/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store: named maps of bytes, on the core's public API
 *
 * A &struct bytemap is a core map whose values are &struct bytemap_value
 * objects. It adds what the core leaves to its users: who owns the bytes, how
 * many there may be, who may touch them, and under which name.
 *
 *	map.h			a map, its names, its open descriptors
 *	value.h			what is in it
 *	doom.h			what was in it, and is to be freed
 *	request.h		one operation on one key
 *	mortal.h		values with a deadline or an owner
 *	lease.h			values that somebody computes
 *	watch.h, queue.h	changes that are told
 *	walk.h			all entries
 *	gauge.h			limits of a map
 *	memory.h, account.h	what maps take, and limits of a user
 *	job.h			what is done in the background
 *
 * Who may do what
 *
 *	bytemap: name, id, type, limits, ttl,	immutable once the map is made
 *	stale, uid, gid, mode, account
 *	bytemap->memcg				maps_lock (shrink.c)
 *	bytemap->shown				cmpxchg; the winner of true ->
 *						false owns the name's reference
 *	bytemap->frozen				clear_lock; read as freeze.c says
 *	bytemap->entries, ->bytes		atomic (gauge.c)
 *	bytemap->live				atomic: entries by the epoch in
 *						which they were reserved
 *	bytemap->lapsed				atomic
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
 *						only be appended to: as many
 *						bytes as its length tells may
 *						be read without the lock
 *	value->inserter, ->born			value->lock, while the inserter
 *						holds its reference
 *	value->refs				atomic
 *	value->map				immutable once published
 *	value->doomed, doom->waiting		who has taken the last reference; the
 *						holder of doom->busy
 *	doom->bytes				atomic
 *	map->line				line_lock
 *	map->closed				owned_lock
 *	client->closed				owned_lock, false -> true; READ_ONCE()
 *	share->jobs				share->lock
 *	mortal->deadline			value->lock, as content
 *	mortal->node				value->lock and expiry->lock
 *	mortal->owner				value->lock; READ_ONCE() by readers,
 *						as owner.c says
 *	mortal->owned				value->lock and ->owned_lock
 *	bytemap->expiry: queues			expiry->lock
 *	lease: client, token, waiters, stale	value->lock
 *	lease->held, client->leases		client->lock; whether a lease is
 *						in a list, value->lock, too
 *	client->nr_leases			atomic
 *	accounts: the tree			account_lock
 *	account->used				atomic
 *
 * Lock order: bytemap->clear_lock, watch->lock; value->lock; watchers.lock;
 * then expiry->lock, ->owned_lock, client->lock, line_lock, or whatever the core
 * takes; then share->lock.
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
#ifndef _SYNCMAP_STORE_H
#define _SYNCMAP_STORE_H

#include "account.h"
#include "doom.h"
#include "gauge.h"
#include "job.h"
#include "lease.h"
#include "map.h"
#include "memory.h"
#include "mortal.h"
#include "queue.h"
#include "request.h"
#include "value.h"
#include "walk.h"
#include "watch.h"

/* shrink.c */
int bytemap_shrink_init(void);
void bytemap_shrink_exit(void);
void bytemap_shrink_add(struct bytemap *map);
void bytemap_shrink_remove(struct bytemap *map);

#endif /* _SYNCMAP_STORE_H */
