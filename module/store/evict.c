// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room for what is stored, in place of what has not been used lately
 *
 * A map that evicts is never full: who finds no room ends entries of others, a few
 * at a time, and tries again. The limits stay what they are, for room is made
 * before it is taken.
 *
 * Which entries go. The policy is S3-FIFO (Yang et al., SOSP 2023) with a CLOCK in
 * place of its main queue. What is new stands in a short queue, the young, and is
 * looked at when a tenth of the entries are in there: what nobody has used by then
 * goes, and leaves a ghost, a part of its hash; what has been used stays. Who comes
 * back while his ghost is there is not young. When few are young, the hand goes on:
 * in the order of hashes, as a range does. Each entry has a number, how often it was
 * used, up to three; where that is zero the entry goes, else it becomes one less. A
 * load counts it up until it is three and then writes nothing.
 *
 * No entry is in a list: the young are hashes in a ring, and the hand is one, too.
 * Who wants room takes the next place of the one, or the next interval of the other,
 * by one atomic operation, and has that for himself. So a hash may be in the ring
 * whose entry has gone, and an entry of which the ring knows nothing: the hand comes
 * past all of them.
 *
 * How long it takes. For each that goes, at most LOOKS entries that might go and are
 * used are seen; after that the next one goes however much it was used. Entries that
 * stay - bound to an owner, leased, or stored to be kept - are passed by, if there
 * are others at all, until the hand has been round. Others may have taken some of its
 * intervals, so then a hand of one's own goes round; and again, if it has met what is
 * used, which is less then, or was just replaced.
 *
 * Why it is right. What is evicted is deleted, at one instant, under the lock of the
 * value, with a revision and an event (entry.c). That nothing can go is said by who
 * has been everywhere alone, in the order of hashes, and has met nothing (op.c). All
 * else decides nothing: @used, the ring and the hand of all are hints, and are read
 * and written without order.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/syncmap.h>

#include "../large.h"
#include "account.h"
#include "bucket.h"
#include "bytemap.h"
#include "deadline.h"
#include "doom.h"
#include "entry.h"
#include "evict.h"
#include "gauge.h"
#include "gfp.h"
#include "owner.h"
#include "value.h"
#include "window.h"

/* One of so many entries is young */
#define YOUNG		10

/* Entries that the hand passes at a time, on average */
#define STRIDE		2

/* Entries that are looked at before the next one goes in any case */
#define LOOKS		64

/* Entries that one call makes go */
#define PORTION		64

/* Of those that follow one another in a core step */
#define STEP		8

/* Instants at which the revision was noted, and how far apart they are at first */
#define TIMES		64
#define FIRST_INTERVAL	NSEC_PER_MSEC

/* Who is young, and who was: for as many entries as there were when it was made */
struct young {
	struct rcu_head	rcu;
	atomic64_t	head, tail;	/* of the ring, without end */
	u32		places;
	u32		ghosts;
	u64		bytes;		/* counted in the account */
	u64		ring[];		/* and behind it the ghosts */
};

struct instant {
	u64	revision;
	u64	time;
};

struct bytemap_evict {
	atomic64_t		hand;		/* hash where it has come to */
	struct young __rcu	*young;		/* NULL: none yet */
	struct mutex		replace;	/* that */
	seqlock_t		lock;		/* the next three */
	struct instant		instants[TIMES];
	unsigned int		nr_instants;
	u64			interval;	/* between two of them */
	atomic64_t		ages[BYTEMAP_AGES];
};

/* Who looks for room */
struct hunt {
	struct bytemap			*map;
	struct bytemap_evict		*evict;
	u64				spare;	/* hash of an entry that stays */
	atomic64_t			own;	/* hand of this one alone */
	atomic64_t			*hand;	/* which goes: that of all, or this */
	u64				left;	/* of its round */
	bool				met;	/* in it: what may go in another one */
	unsigned int			looks;	/* fruitless ones since one went */
	unsigned int			evicted;
	unsigned int			max;
	const struct bytemap_gauge	*gauge;	/* NULL: one is enough */
	u64				room;
};

/* How old they are */

static void set_instant(struct instant *instant, u64 revision, u64 time)
{
	WRITE_ONCE(instant->revision, revision);
	WRITE_ONCE(instant->time, time);
}

/* The interval doubles when there is no place, and every other instant goes */
static void thin_out_locked(struct bytemap_evict *evict)
{
	struct instant *instants = evict->instants;
	unsigned int i;

	for (i = 0; i < TIMES / 2; i++)
		set_instant(&instants[i], instants[2 * i].revision,
			    instants[2 * i].time);
	WRITE_ONCE(evict->nr_instants, TIMES / 2);
	WRITE_ONCE(evict->interval, 2 * evict->interval);
}

static void note_instant(struct bytemap *map)
{
	struct bytemap_evict *evict = map->evict;
	u64 now = ktime_get_boottime_ns();
	unsigned int n = READ_ONCE(evict->nr_instants);

	if (n && now - READ_ONCE(evict->instants[n - 1].time) <
		 READ_ONCE(evict->interval))
		return;
	write_seqlock(&evict->lock);
	if (evict->nr_instants == TIMES)
		thin_out_locked(evict);
	n = evict->nr_instants;
	set_instant(&evict->instants[n], atomic64_read(&map->revision), now);
	WRITE_ONCE(evict->nr_instants, n + 1);
	write_sequnlock(&evict->lock);
}

/* Return: the first instant at which @revision had been drawn; or the last of all */
static u64 find_instant(const struct bytemap_evict *evict, u64 revision)
{
	unsigned int from = 0, to = READ_ONCE(evict->nr_instants), middle;

	if (!to || to > TIMES)
		return 0;
	to--;
	while (from < to) {
		middle = (from + to) / 2;
		if (READ_ONCE(evict->instants[middle].revision) < revision)
			from = middle + 1;
		else
			to = middle;
	}
	return READ_ONCE(evict->instants[from].time);
}

/* What had @revision has been evicted */
static void count_age(struct bytemap_evict *evict, u64 revision)
{
	unsigned int sequence;
	u64 time, ms;

	do {
		sequence = read_seqbegin(&evict->lock);
		time = find_instant(evict, revision);
	} while (read_seqretry(&evict->lock, sequence));
	ms = div_u64(ktime_get_boottime_ns() - time, NSEC_PER_MSEC);
	atomic64_inc(&evict->ages[ms ? min(ilog2(ms) / 2 + 1,
					   BYTEMAP_AGES - 1) : 0]);
}

/* Return: whether there is enough room, or nowhere left to look */
static bool is_over(const struct hunt *hunt)
{
	if (hunt->evicted >= hunt->max || !hunt->left)
		return true;
	return hunt->evicted &&
	       (!hunt->gauge ||
		bytemap_gauge_has_room(hunt->gauge, hunt->room));
}

/* An entry goes */

/*
 * As far as can be told without its lock. What was replaced is no more what has the
 * key, but that may go, too
 */
static bool may_go(const struct bytemap_value *value)
{
	return READ_ONCE(value->state) < VALUE_LAPSED &&
	       !bytemap_value_is_kept(value) &&
	       !(value->mortal && bytemap_owner_is_set(value));
}

/* What is late is for the sweeper, who tells why */
static bool may_go_locked(const struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	return value->state == VALUE_LIVE && may_go(value) &&
	       !(value->mortal && bytemap_deadline_is_past(value));
}

static bool evict_in_window(struct bytemap *map, struct syncmap_hashed_key *key,
			    const struct syncmap_entry *entry, bool windowed)
{
	struct bytemap_value *value = entry->value;
	u64 revision = 0;
	bool goes;

	write_seqlock(&value->lock);
	goes = may_go_locked(value);
	if (goes)
		revision = bytemap_entry_evict_locked(map, value, entry->key,
						      windowed);
	write_sequnlock(&value->lock);
	if (!goes)
		return false;
	bytemap_entry_remove(map, key, value);
	if (revision)
		count_age(map->evict, revision);
	return true;
}

/*
 * In the RCU read section in which it was found; bytemap_freeze() waits for that.
 *
 * Return: whether it has gone.
 */
static bool evict_entry(struct bytemap *map, const struct syncmap_entry *entry)
{
	struct bytemap_window window = { .mirror = NULL };
	struct syncmap_hashed_key key;
	bool gone;

	if (bytemap_is_frozen(map))
		return false;
	syncmap_hashed_key_init(&key, entry->key, entry->len);
	if (bytemap_is_mirrored(map) &&
	    !bytemap_window_open(map->mirror, &window, entry->key, entry->len))
		return false;
	gone = evict_in_window(map, &key, entry, window.mirror);
	if (!window.mirror)
		return gone;
	if (gone)
		bytemap_bucket_end(&window, &key, entry->key, entry->len);
	else
		bytemap_window_cancel(&window);
	return gone;
}

static bool is_prey(const struct hunt *hunt, const struct syncmap_entry *entry)
{
	return entry->hash != hunt->spare && may_go(entry->value);
}

static bool try_entry(struct hunt *hunt, const struct syncmap_entry *entry)
{
	if (!evict_entry(hunt->map, entry))
		return false;
	hunt->evicted++;
	hunt->looks = 0;
	return true;
}

/* The young */

static u32 *ghosts_of(struct young *young)
{
	return (u32 *)&young->ring[young->places];
}

static u32 *ghost_of(struct young *young, u64 hash)
{
	return &ghosts_of(young)[reciprocal_scale(hash >> 32, young->ghosts)];
}

/* Zero is no ghost */
static u32 face_of(u64 hash)
{
	return (u32)hash | 1;
}

static bool meet_ghost(struct young *young, u64 hash)
{
	u32 *ghost = ghost_of(young, hash);

	if (READ_ONCE(*ghost) != face_of(hash))
		return false;
	WRITE_ONCE(*ghost, 0);
	return true;
}

static u64 count_young(const struct young *young)
{
	return max(atomic64_read(&young->head) - atomic64_read(&young->tail), 0LL);
}

static u64 *place_of(struct young *young, u64 nr)
{
	u32 place;

	div_u64_rem(nr, young->places, &place);
	return &young->ring[place];
}

/* In an RCU read section: a key has come, whose hash is @hash */
void bytemap_evict_add(struct bytemap *map, u64 hash)
{
	struct young *young = rcu_dereference(map->evict->young);

	if (!young)
		return;
	if (meet_ghost(young, hash)) {
		bytemap_count(map, BYTEMAP_EVICTED_EARLY);
		return;
	}
	if (count_young(young) < young->places)
		WRITE_ONCE(*place_of(young, atomic64_inc_return(&young->head) - 1),
			   hash);
}

static u64 count_present(const struct bytemap *map)
{
	return max(atomic64_read(&map->live[READ_ONCE(map->epoch)]), 0LL);
}

/*
 * Takes the next one out of the ring, if there are too many. A place that is taken
 * before it was written, or is written by two, loses an entry to the hand.
 */
static bool take_young(struct hunt *hunt, struct young *young, u64 *hash)
{
	u64 share = min_t(u64, count_present(hunt->map) / YOUNG, young->places);
	s64 tail = atomic64_read(&young->tail);
	u64 *place;

	if (count_young(young) <= share ||
	    !atomic64_try_cmpxchg(&young->tail, &tail, tail + 1))
		return false;
	place = place_of(young, tail);
	*hash = READ_ONCE(*place);
	WRITE_ONCE(*place, 0);
	return true;
}

/* Return: whether the entry with @hash has gone; else it is old now, or not there */
static bool try_young(struct hunt *hunt, u64 hash)
{
	struct syncmap_entry entry;
	struct bytemap_value *value;
	u64 cursor = hash;

	if (syncmap_next(&hunt->map->core, &cursor, &entry, 1) != 1 ||
	    entry.hash != hash || !is_prey(hunt, &entry))
		return false;
	value = entry.value;
	if (!READ_ONCE(value->used))
		return try_entry(hunt, &entry);
	WRITE_ONCE(value->used, 0);
	return false;
}

/* Return: false if there are few */
static bool look_at_young(struct hunt *hunt)
{
	struct young *young;
	bool many = false;
	u64 hash = 0;

	if (hunt->looks >= LOOKS)
		return false;
	rcu_read_lock();
	young = rcu_dereference(hunt->evict->young);
	if (young)
		many = take_young(hunt, young, &hash);
	if (hash && try_young(hunt, hash))
		WRITE_ONCE(*ghost_of(young, hash), face_of(hash));
	else
		hunt->looks += many;
	rcu_read_unlock();
	return many;
}

/* All others */

/* Return: whether it may go in another round */
static bool try_old(struct hunt *hunt, const struct syncmap_entry *entry)
{
	struct bytemap_value *value = entry->value;
	bool patient = hunt->looks < LOOKS;
	u8 used = READ_ONCE(value->used);

	if (!is_prey(hunt, entry))
		return false;
	if (used && patient)
		WRITE_ONCE(value->used, used - 1);
	else if (try_entry(hunt, entry) || !patient ||
		 READ_ONCE(value->state) != VALUE_REPLACED)
		return false;
	hunt->looks++;
	return true;
}

/* Return: whether there are more of the interval, from *@cursor on */
static bool look_at_step(struct hunt *hunt, u64 *cursor, u64 begin, u64 size)
{
	struct syncmap_entry entries[STEP];
	int i, n;

	rcu_read_lock();
	n = syncmap_next(&hunt->map->core, cursor, entries, STEP);
	for (i = 0; i < n && entries[i].hash - begin < size && !is_over(hunt); i++)
		hunt->met |= try_old(hunt, &entries[i]);
	rcu_read_unlock();
	if (n < 0 || i < n || is_over(hunt))
		return false;
	if (*cursor == SYNCMAP_CURSOR_END)
		*cursor = 0;
	/* Behind the end of all hashes the interval goes on at their beginning */
	return *cursor - begin < size && (*cursor || begin);
}

static void look_at_old(struct hunt *hunt)
{
	u64 count = max(count_present(hunt->map), 2ULL * STRIDE);
	u64 size = div64_u64(U64_MAX, count) * STRIDE;
	u64 begin = atomic64_add_return(size, hunt->hand) - size;
	u64 cursor = begin, last;

	do {
		last = cursor;
	} while (look_at_step(hunt, &cursor, begin, size) && cursor != last);
	hunt->left -= min(size, hunt->left);
}

/* Unless the last one has been everywhere, and has met nobody */
static void begin_own_round(struct hunt *hunt)
{
	if (hunt->hand == &hunt->own && !hunt->met)
		return;
	if (hunt->hand != &hunt->own)
		atomic64_set(&hunt->own, atomic64_read(hunt->hand));
	hunt->hand = &hunt->own;
	hunt->met = false;
	hunt->left = U64_MAX;
}

/* To find room */

static void hunt_down(struct hunt *hunt)
{
	hunt->evict = hunt->map->evict;
	hunt->hand = &hunt->evict->hand;
	hunt->left = U64_MAX;
	note_instant(hunt->map);
	while (!is_over(hunt)) {
		if (!look_at_young(hunt))
			look_at_old(hunt);
		if (!hunt->left && !hunt->evicted)
			begin_own_round(hunt);
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
}

/* What stays has been counted. Return: about how many entries might go */
static s64 count_evictable(const struct bytemap *map)
{
	return count_present(map) -
	       atomic64_read(&map->lapsed[READ_ONCE(map->epoch)]) -
	       READ_ONCE(map->owned) - atomic64_read(&map->kept);
}

/* Memory for the young */

static void free_young(struct bytemap *map, struct young *young)
{
	if (!young)
		return;
	bytemap_account_sub_bytes(map->account, young->bytes);
	kvfree_rcu(young, rcu);
}

static struct young *make_young(struct bytemap *map, u64 entries)
{
	struct syncmap_error error;
	u32 ghosts = min_t(u64, entries, U32_MAX);
	u32 places = ghosts / YOUNG * 2 + STEP;
	struct young *young;
	size_t bytes;

	bytes = struct_size(young, ring, places) + ghosts * sizeof(u32);
	if (bytemap_account_add_bytes(map->account, bytes, &error))
		return NULL;
	young = syncmap_large_alloc(bytes, BYTEMAP_GFP | __GFP_ZERO);
	if (!young) {
		bytemap_account_sub_bytes(map->account, bytes);
		return NULL;
	}
	young->places = places;
	young->ghosts = ghosts;
	young->bytes = bytes;
	return young;
}

static bool young_fit(const struct bytemap_evict *evict, u64 entries)
{
	const struct young *young;
	bool fit;

	rcu_read_lock();
	young = rcu_dereference(evict->young);
	fit = young && entries <= 2ULL * young->ghosts &&
	      entries >= young->ghosts / 4;
	rcu_read_unlock();
	return fit;
}

static void replace_young(struct bytemap *map, u64 entries)
{
	struct bytemap_evict *evict = map->evict;
	struct young *fresh = make_young(map, entries);

	if (fresh)
		free_young(map, rcu_replace_pointer(evict->young, fresh,
						    lockdep_is_held(&evict->replace)));
}

/*
 * They are made when the map is full for the first time, and anew when that is more
 * than twice as many entries, or less than a fourth. Without memory the hand does all.
 */
static void fit_young(struct bytemap *map)
{
	u64 entries = max_t(u64, count_present(map), LOOKS);

	if (young_fit(map->evict, entries) ||
	    !mutex_trylock(&map->evict->replace))
		return;
	if (!young_fit(map->evict, entries))
		replace_young(map, entries);
	mutex_unlock(&map->evict->replace);
}

/*
 * Makes some entries go, until there is @room in @gauge, or one has gone if that is
 * NULL; but none whose hash is @spare. Not too many: who calls tries again. Process
 * context, may sleep.
 *
 * Where there are few entries all are looked at, and not counted: that is exact.
 *
 * Return: how many have gone; 0: none can.
 */
unsigned int bytemap_evict(struct bytemap *map, u64 spare,
			   const struct bytemap_gauge *gauge, u64 room)
{
	struct hunt hunt = {
		.map = map, .spare = spare, .max = PORTION,
		.gauge = gauge, .room = room,
	};

	if (!bytemap_evicts(map) || bytemap_is_frozen(map) ||
	    (count_present(map) > LOOKS && count_evictable(map) <= 0))
		return 0;
	fit_young(map);
	hunt_down(&hunt);
	return hunt.evicted;
}

/* Memory is short: up to @max of them. Waits for nobody */
unsigned int bytemap_evict_some(struct bytemap *map, unsigned int max)
{
	struct hunt hunt = {
		.map = map, .spare = SYNCMAP_CURSOR_END, .max = max,
		.gauge = &map->entries, .room = BYTEMAP_GAUGE_MAX,
	};

	if (!max || !bytemap_evict_reclaimable(map))
		return 0;
	hunt_down(&hunt);
	return hunt.evicted;
}

/* Return: about how many entries it would give back when memory is short */
u64 bytemap_evict_reclaimable(const struct bytemap *map)
{
	if (!bytemap_evicts(map) || bytemap_is_frozen(map))
		return 0;
	return max(count_evictable(map), 0LL);
}

/*
 * There was no memory for what is to be stored. Process context, may wait.
 *
 * Return: true if there may be some now.
 */
bool bytemap_evict_reclaim(struct bytemap *map)
{
	return bytemap_evict_some(map, PORTION) &&
	       !bytemap_doom_wait(&map->doom);
}

/* It comes and goes */

/*
 * The map has what it takes to evict. One caller at a time.
 *
 * Return: 0; -ENOMEM; -EDQUOT or -ENOSPC, and @error tells.
 */
int bytemap_evict_prepare(struct bytemap *map, struct syncmap_error *error)
{
	struct bytemap_evict *evict;
	int err;

	if (map->evict)
		return 0;
	err = bytemap_account_add_bytes(map->account, sizeof(*evict), error);
	if (err)
		return err;
	evict = kzalloc(sizeof(*evict), BYTEMAP_GFP);
	if (!evict) {
		bytemap_account_sub_bytes(map->account, sizeof(*evict));
		return -ENOMEM;
	}
	mutex_init(&evict->replace);
	seqlock_init(&evict->lock);
	evict->interval = FIRST_INTERVAL;
	/* Pairs with bytemap_evict_get_stats() */
	smp_store_release(&map->evict, evict);
	return 0;
}

/* From now on it evicts; it has what that takes */
void bytemap_evict_enable(struct bytemap *map)
{
	/* Pairs with bytemap_evicts() */
	bytemap_change_modes(map, 0, BYTEMAP_EVICTS);
}

/* What has been noted stays until the map ends */
void bytemap_evict_disable(struct bytemap *map)
{
	bytemap_change_modes(map, BYTEMAP_EVICTS, 0);
}

/* Nobody uses the map any more */
void bytemap_evict_free(struct bytemap *map)
{
	if (!map->evict)
		return;
	free_young(map, rcu_access_pointer(map->evict->young));
	bytemap_account_sub_bytes(map->account, sizeof(*map->evict));
	kfree(map->evict);
}

void bytemap_evict_get_stats(const struct bytemap *map,
			     struct bytemap_evict_stats *stats)
{
	/* Pairs with bytemap_evict_prepare() */
	const struct bytemap_evict *evict = smp_load_acquire(&map->evict);
	const struct young *young;
	unsigned int i;

	if (!evict)
		return;
	for (i = 0; i < BYTEMAP_AGES; i++)
		stats->evicted_age[i] = atomic64_read(&evict->ages[i]);
	rcu_read_lock();
	young = rcu_dereference(evict->young);
	stats->evict_bytes = sizeof(*evict) + (young ? young->bytes : 0);
	rcu_read_unlock();
}
