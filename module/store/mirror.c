// SPDX-License-Identifier: GPL-2.0-only
/*
 * What processes see of a map without a system call
 *
 * The layout, and how it is read, are in <linux/syncmap_mapped.h>. A mirror may be
 * incomplete or busy, and is never wrong:
 *
 * I1 A bucket that is READY and has no window says for each of its keys what the
 *    map has, but for a spilled one, one whose value is to be asked for, what is
 *    late, and what is below the floor. Each change is inside a window. Of those
 *    of a key, one refreshes last, in the order of the stripe's lock. It looked the
 *    key up after its own effect; an operation whose effect it missed would
 *    refresh later.
 * I2 A reader that gets past both comparisons has read what was there when it read
 *    the bucket's word: had it read a store of a later window, it would find that
 *    window, or the version that its end has left. A slot goes to another bucket
 *    only after it was taken out of this one in a window, or after READY was taken
 *    for good; an index is used again only after the head's word has changed.
 * I3 Its load takes effect when it reads the bucket's word. With no Clear under way
 *    at the head's word, what is below the floor was absent then. A deadline ahead
 *    was ahead then; what is late was still in its bucket when the clock was read.
 * I4 Whoever knows, by any way, of an operation's effect finds its window, or the
 *    version after it, for the window was opened before the effect. So nobody goes
 *    back, whichever way they load.
 * I5 A new bucket is READY only when no window is open in its old one alone. Those
 *    that are open in both refresh where the key is at that time; under the lock, old
 *    and new bucket together have each key at most once.
 *
 * What buckets say is written in bucket.c, in windows, which are opened in window.c.
 * Whatever does not fit is left to the kernel: mirroring fails no operation. Here is
 * what is done for a mirror as a whole, most of it by a work of its own: it comes,
 * gets another index, is repaired, drops what was cleared, and goes.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/syncmap.h>
#include <linux/vmalloc.h>

#include "../large.h"
#include "account.h"
#include "arena.h"
#include "bucket.h"
#include "bytemap.h"
#include "gauge.h"
#include "gfp.h"
#include "mirror.h"
#include "walk.h"
#include "window.h"

#define HEAD_END	(SYNCMAP_MAPPED_HEAD_VERSION - 1)
#define SHIFT_MIN	SYNCMAP_MAPPED_SHIFT_MIN
#define HEAD_SHIFT_MASK	(63ULL << SYNCMAP_MAPPED_SHIFT)

/* Buckets, or batches of keys, that are worked on at a time */
#define PORTION		256

/* By how much an index grows or shrinks: of buckets that belong together, 8 to 1 */
#define SHIFT_STEP	3

/* What is spilled for good is not tried all the time, nor memory that is not there */
#define RETRY_JIFFIES	((unsigned long)HZ)

/* One part of so many are repairs, by 2^n less after n that were of no use */
#define REPAIR_PART	16
#define FRUITLESS_MOST	4

/* Writers at a limit do not look for room with each write */
#define STOCK_JIFFIES	DIV_ROUND_UP(HZ, 10)

/* Indexes */

static u64 index_bytes(const struct bytemap_mirror *mirror, u8 shift)
{
	u64 bucket = sizeof(struct syncmap_mapped_bucket);

	if (bytemap_bucket_has_pairs(mirror))
		bucket += sizeof(struct syncmap_mapped_revisions);
	return PAGE_ALIGN(bucket << shift);
}

/* Charged to the caller's cgroup, and to the account. Return: 0 or an error */
static int make_index(struct bytemap_mirror *mirror, u8 shift,
		      struct syncmap_error *error)
{
	struct syncmap_mapped_bucket *index;
	struct bytemap *map = mirror->map;
	int err;

	err = bytemap_account_add_bytes(map->account,
					index_bytes(mirror, shift), error);
	if (err)
		return err;
	index = __vmalloc(index_bytes(mirror, shift), BYTEMAP_GFP | __GFP_ZERO);
	if (!index) {
		bytemap_account_sub_bytes(map->account, index_bytes(mirror, shift));
		return -ENOMEM;
	}
	/* Its buckets are zero for who finds it: bytemap_window_bucket() */
	smp_store_release(&mirror->index[shift], index);
	return 0;
}

static void free_index(struct bytemap_mirror *mirror, u8 shift,
		       struct syncmap_mapped_bucket *index)
{
	vfree(index);
	bytemap_account_sub_bytes(mirror->map->account, index_bytes(mirror, shift));
}

static void zap_index(struct bytemap_mirror *mirror, u8 shift)
{
	bytemap_mapping_zap(&mirror->mapping, syncmap_mapped_index(shift),
			    index_bytes(mirror, shift));
}

/*
 * Who has looked where it is to be has zeroes mapped there, and would ask for ever.
 * Return: whether it can be used; else come again.
 */
static bool show_index(struct bytemap_mirror *mirror)
{
	if (!bytemap_mapping_is_over(&mirror->mapping, mirror->coming_epoch))
		return false;
	zap_index(mirror, mirror->coming);
	return true;
}

/* No bucket of it is READY, and nobody will look for one any more */
static void leave_index(struct bytemap_mirror *mirror, u8 shift)
{
	mirror->leaving = shift;
	mirror->left = mirror->index[shift];
	WRITE_ONCE(mirror->index[shift], NULL);
	mirror->leaving_epoch = bytemap_mapping_epoch(&mirror->mapping);
}

/* The index that was left is free, if no fault is in the way */
static void free_left(struct bytemap_mirror *mirror)
{
	if (!mirror->leaving ||
	    !bytemap_mapping_is_over(&mirror->mapping, mirror->leaving_epoch))
		return;
	zap_index(mirror, mirror->leaving);
	free_index(mirror, mirror->leaving, mirror->left);
	mirror->leaving = 0;
}

static void set_old_shift(struct bytemap_mirror *mirror, u8 shift)
{
	struct bytemap_stripe *stripe;

	for (stripe = mirror->stripe;
	     stripe < mirror->stripe + BYTEMAP_STRIPES; stripe++) {
		spin_lock(&stripe->lock);
		stripe->old_shift = shift;
		spin_unlock(&stripe->lock);
	}
}

static void publish_index(struct bytemap_mirror *mirror, u8 to)
{
	atomic64_t *head = bytemap_window_word(&mirror->head->word);
	s64 word = atomic64_read(head), new;

	do
		new = ((word & ~HEAD_SHIFT_MASK) |
		       (u64)to << SYNCMAP_MAPPED_SHIFT) +
		      SYNCMAP_MAPPED_HEAD_VERSION;
	while (!atomic64_try_cmpxchg(head, &word, new));
	/* Who has seen the old one in use has windows in both */
	WRITE_ONCE(mirror->shift, to);
}

/* Clear */

void bytemap_mirror_clear_begin(struct bytemap_mirror *mirror)
{
	/* Fully ordered: before the map is emptied */
	atomic64_inc_return(bytemap_window_word(&mirror->head->word));
}

/* What has a lower revision than @floor was in the map before */
void bytemap_mirror_clear_end(struct bytemap_mirror *mirror, u64 floor)
{
	atomic64_t *head = bytemap_window_word(&mirror->head->word);

	if (floor != mirror->head->floor) {
		WRITE_ONCE(mirror->head->floor, floor);
		/* Before the window ends: who finds it closed looks at the floor */
		atomic64_or(SYNCMAP_MAPPED_CLEARED, head);
	}
	/* Pairs with the acquire of a reader */
	atomic64_fetch_add_release(HEAD_END, head);
	bytemap_bucket_want_work(mirror);
}

/* All that is below the floor has been dropped, unless there is another one */
static void forget_floor(struct bytemap_mirror *mirror)
{
	atomic64_t *head = bytemap_window_word(&mirror->head->word);
	s64 word;

	do {
		/* Pairs with the end of a Clear: its floor, or another word */
		word = atomic64_read_acquire(head);
		if (word & SYNCMAP_MAPPED_WINDOWS ||
		    READ_ONCE(mirror->head->floor) != mirror->floor)
			return;
	} while (!atomic64_try_cmpxchg(head, &word,
				       word & ~SYNCMAP_MAPPED_CLEARED));
}

/* Names */

/*
 * A name of the map is about to lead elsewhere. Whoever has come by it finds that in
 * a load that ends after this, and looks for the name again; for others nothing
 * has changed.
 */
void bytemap_mirror_lose_name(struct bytemap_mirror *mirror)
{
	atomic64_inc(bytemap_window_word(&mirror->head->moved));
	/*
	 * Fully ordered: who reads this word, an acquire, reads what was counted
	 * before; who has read an earlier one, and compares it, has done so before
	 * the name leads elsewhere
	 */
	atomic64_add_return(SYNCMAP_MAPPED_HEAD_VERSION,
			    bytemap_window_word(&mirror->head->word));
}

/* What was spilled */

static u64 flip_spill(struct bytemap_mirror *mirror)
{
	u64 old = mirror->stripe[0].spill ? SYNCMAP_MAPPED_SPILL_1 :
					    SYNCMAP_MAPPED_SPILL_0;
	struct bytemap_stripe *stripe;

	for (stripe = mirror->stripe;
	     stripe < mirror->stripe + BYTEMAP_STRIPES; stripe++) {
		spin_lock(&stripe->lock);
		stripe->spill = !stripe->spill;
		spin_unlock(&stripe->lock);
	}
	return old;
}

/* Only this job changes the index */
static bool is_spilled(struct bytemap_mirror *mirror, u64 hash)
{
	return READ_ONCE(bytemap_window_bucket(mirror, mirror->shift, hash)->word) &
	       SYNCMAP_MAPPED_SPILL;
}

static void refresh_walked(struct bytemap_mirror *mirror,
			   const struct bytemap_item *item)
{
	struct syncmap_hashed_key hashed;

	bytemap_mirror_stock(mirror);
	syncmap_hashed_key_init(&hashed, item->key, item->key_len);
	bytemap_bucket_refresh(mirror, &hashed, item->key, item->key_len);
}

/*
 * A portion of the walk, of all keys or of those in buckets that have spilled.
 * Return: 0, and the walk stands behind it; or an error
 */
static int walk_some(struct bytemap_mirror *mirror, struct bytemap_walk *walk)
{
	const struct bytemap_item *item;
	unsigned int i;
	int err;

	walk->cursor = mirror->at;
	err = bytemap_walk_next(walk, BYTEMAP_WALK_BATCH, 0, &mirror->at);
	for (i = 0; !err && i < walk->count; i++) {
		item = &walk->items[i];
		if (mirror->phase == MIRROR_FILLS ||
		    is_spilled(mirror, bytemap_window_hash(mirror, item->key,
							   item->key_len)))
			refresh_walked(mirror, item);
	}
	bytemap_walk_release(walk);
	return err;
}

/* The work */

static void begin_phase(struct bytemap_mirror *mirror,
			enum bytemap_mirror_phase phase)
{
	mirror->phase = phase;
	mirror->at = 0;
}

static void begin_drops(struct bytemap_mirror *mirror, u64 floor)
{
	mirror->floor = floor;
	begin_phase(mirror, MIRROR_DROPS);
}

/*
 * What is in no bucket, in a walk: such a key was there when that came by, or came
 * later. Either way it has been tried since the other flag is set
 */
static void begin_repairs(struct bytemap_mirror *mirror)
{
	WRITE_ONCE(mirror->repairs, false);
	WRITE_ONCE(mirror->room, false);
	mirror->flag = flip_spill(mirror);
	mirror->spilled = false;
	mirror->began = jiffies;
	begin_phase(mirror, MIRROR_REPAIRS);
}

/*
 * A repair takes as long as the map is large, and any writer can have some key
 * spilled: so it is a small part of the time, and smaller when some does not fit,
 * until there is room again where some was spilled
 */
static void end_repairs(struct bytemap_mirror *mirror)
{
	unsigned long pause = max(RETRY_JIFFIES,
				  REPAIR_PART * (jiffies - mirror->began));

	if (!mirror->spilled)
		mirror->fruitless = 0;
	else if (mirror->fruitless < FRUITLESS_MOST)
		mirror->fruitless++;
	mirror->room_due = jiffies + pause;
	mirror->repair_due = jiffies + (pause << mirror->fruitless);
	begin_phase(mirror, MIRROR_RESTS);
}

/* Return: 0 or an error: then it is tried again after a while */
static int try_index(struct bytemap_mirror *mirror, u8 shift)
{
	struct syncmap_error error;
	int err = make_index(mirror, shift, &error);

	if (err)
		mirror->retry_due = jiffies + RETRY_JIFFIES;
	return err;
}

static void move_all(struct bytemap_mirror *mirror, u8 from, u8 to)
{
	u8 shared = min(from, to);
	u64 i;

	for (i = 0; !(i >> shared); i++) {
		bytemap_bucket_move(mirror, from, to, i << (64 - shared));
		cond_resched();
	}
}

/*
 * What is to be an index is in the file; it is used when nobody has zeroes mapped there
 * any more. Return: whether there is memory
 */
static bool prepare_index(struct bytemap_mirror *mirror, u8 shift)
{
	if (try_index(mirror, shift))
		return false;
	mirror->coming = shift;
	mirror->coming_epoch = bytemap_mapping_epoch(&mirror->mapping);
	return true;
}

/*
 * Readers stay in the old index until windows are open in both. Then they ask, but
 * only until their buckets were moved: so that is not done in portions. It takes no
 * longer than a promotion. What did not fit may do so then.
 */
static void change_index(struct bytemap_mirror *mirror)
{
	u8 from = mirror->shift, to = mirror->coming;

	mirror->coming = 0;
	WRITE_ONCE(mirror->next, to);
	synchronize_rcu();
	set_old_shift(mirror, from);
	publish_index(mirror, to);
	move_all(mirror, from, to);
	set_old_shift(mirror, 0);
	/* Whoever sees the old one in use sees the other. See litmus/mapped-next */
	synchronize_rcu();
	WRITE_ONCE(mirror->next, 0);
	leave_index(mirror, from);
	mirror->repair_due = jiffies;
}

/* What counts are the keys of the map, be they spilled or not */
static u8 fitting_shift(const struct bytemap_mirror *mirror, u8 least, u8 most)
{
	u64 count = bytemap_gauge_read(&mirror->map->entries);
	u8 shift = clamp_t(u8, mirror->shift, least, most);

	while (shift < most && bytemap_bucket_are_full(mirror, count, shift))
		shift++;
	while (shift > least && bytemap_bucket_are_empty(mirror, count, shift))
		shift--;
	return shift;
}

static u8 wanted_shift(const struct bytemap_mirror *mirror)
{
	int now = mirror->shift;

	return fitting_shift(mirror, max_t(int, now - SHIFT_STEP, SHIFT_MIN),
			     min_t(int, now + SHIFT_STEP, mirror->shift_max));
}

/* Return: jiffies until then, or 0 */
static unsigned long until(unsigned long due)
{
	return time_before(jiffies, due) ? due - jiffies : 0;
}

/* Return: the same, before another index, if there is to be one; or never */
static unsigned long choose_index(struct bytemap_mirror *mirror)
{
	u8 shift = mirror->coming ?: wanted_shift(mirror);

	if (shift == mirror->shift)
		return MAX_JIFFY_OFFSET;
	if (mirror->leaving)
		return 1;
	if (!mirror->coming && (until(mirror->retry_due) ||
				!prepare_index(mirror, shift)))
		return until(mirror->retry_due);
	if (!show_index(mirror))
		return 1;
	change_index(mirror);
	return 0;
}

static unsigned long choose_repairs(struct bytemap_mirror *mirror)
{
	unsigned long pause = until(mirror->repair_due);

	if (!READ_ONCE(mirror->repairs))
		return MAX_JIFFY_OFFSET;
	if (READ_ONCE(mirror->room))
		pause = min(pause, until(mirror->room_due));
	if (!pause)
		begin_repairs(mirror);
	return pause;
}

/* Return: when there may be something to do, in jiffies; or it has begun: 0 */
static unsigned long choose_phase(struct bytemap_mirror *mirror)
{
	u64 floor = READ_ONCE(mirror->head->floor);
	unsigned long pause;

	if (floor != mirror->floor) {
		begin_drops(mirror, floor);
		return 0;
	}
	/* The Clear may have ended after all was dropped */
	if (READ_ONCE(mirror->head->word) & SYNCMAP_MAPPED_CLEARED)
		forget_floor(mirror);
	pause = choose_index(mirror);
	return pause ? min(pause, choose_repairs(mirror)) : 0;
}

/* It comes and goes */

/* Return: whether it is to be there: not when memory is short, and nobody looks */
static bool is_to_be_there(struct bytemap_mirror *mirror)
{
	/* Memory was short then */
	if (READ_ONCE(mirror->mapping.count))
		WRITE_ONCE(mirror->parked, false);
	return READ_ONCE(mirror->wanted) && !READ_ONCE(mirror->parked);
}

static void make_ready(struct bytemap_mirror *mirror, u8 shift)
{
	unsigned long i;

	for (i = 0; i < 1UL << shift; i++)
		mirror->index[shift][i].word = SYNCMAP_MAPPED_READY;
}

/*
 * It is published first, and operations that have begun without windows are waited
 * for: what they did is found by a walk then. See litmus/mapped-attach. What was
 * cleared before is not in the map
 */
static void begin_fill(struct bytemap_mirror *mirror)
{
	u8 shift = mirror->coming;

	mirror->coming = 0;
	make_ready(mirror, shift);
	mirror->floor = READ_ONCE(mirror->head->floor);
	forget_floor(mirror);
	publish_index(mirror, shift);
	bytemap_change_modes(mirror->map, 0, BYTEMAP_MIRRORED);
	synchronize_rcu();
	bytemap_change_modes(mirror->map, 0, BYTEMAP_WINDOWED);
	begin_phase(mirror, MIRROR_FILLS);
}

static void forget_coming(struct bytemap_mirror *mirror)
{
	if (mirror->coming)
		leave_index(mirror, mirror->coming);
	mirror->coming = 0;
}

/* Return: jiffies after which to look again, or never */
static unsigned long come_back(struct bytemap_mirror *mirror)
{
	u8 shift = fitting_shift(mirror, SHIFT_MIN, mirror->shift_max);

	if (mirror->leaving)
		return 1;
	if (!is_to_be_there(mirror)) {
		forget_coming(mirror);
		return MAX_JIFFY_OFFSET;
	}
	WRITE_ONCE(mirror->parked, false);
	if (!mirror->coming && (until(mirror->retry_due) ||
				(!prepare_index(mirror, shift) &&
				 !prepare_index(mirror, SHIFT_MIN))))
		return until(mirror->retry_due);
	if (!show_index(mirror))
		return 1;
	begin_fill(mirror);
	return 0;
}

/* From here on it says what the map has, with a version that it never had */
static void end_fill(struct bytemap_mirror *mirror)
{
	/* Pairs with the acquire of a reader */
	atomic64_fetch_add_release(SYNCMAP_MAPPED_READY +
				   SYNCMAP_MAPPED_HEAD_VERSION,
				   bytemap_window_word(&mirror->head->word));
	begin_phase(mirror, MIRROR_RESTS);
}

/* Readers ask, and are shown no more of it than that */
static void begin_hide(struct bytemap_mirror *mirror)
{
	/* Fully ordered: before anything in it goes */
	atomic64_fetch_andnot(SYNCMAP_MAPPED_READY,
			      bytemap_window_word(&mirror->head->word));
	WRITE_ONCE(mirror->mapping.hidden, true);
	mirror->hidden_epoch = bytemap_mapping_epoch(&mirror->mapping);
	begin_phase(mirror, MIRROR_HIDES);
}

/*
 * Until nobody can look at it any more, what is deleted is wiped from it. Then
 * operations make no windows any more, and those that have seen the mirror are
 * waited for. See litmus/mapped-detach
 *
 * Return: jiffies after which to go on
 */
static unsigned long begin_leave(struct bytemap_mirror *mirror)
{
	if (!bytemap_mapping_is_over(&mirror->mapping, mirror->hidden_epoch))
		return 1;
	bytemap_mapping_zap(&mirror->mapping, PAGE_SIZE, mirror->size - PAGE_SIZE);
	bytemap_change_modes(mirror->map, BYTEMAP_MIRRORED | BYTEMAP_WINDOWED, 0);
	synchronize_rcu();
	/* It is left with the others */
	mirror->coming = 0;
	begin_phase(mirror, MIRROR_LEAVES);
	return 0;
}

static void forget_stripes(struct bytemap_mirror *mirror)
{
	struct bytemap_stripe *stripe;

	for (stripe = mirror->stripe;
	     stripe < mirror->stripe + BYTEMAP_STRIPES; stripe++) {
		spin_lock(&stripe->lock);
		WRITE_ONCE(stripe->count, 0);
		spin_unlock(&stripe->lock);
	}
}

static bool leave_some_index(struct bytemap_mirror *mirror)
{
	u8 shift;

	for (shift = SHIFT_MIN; shift <= mirror->shift_max; shift++) {
		if (!mirror->index[shift])
			continue;
		leave_index(mirror, shift);
		return true;
	}
	return false;
}

/* A part. Return: jiffies after which to go on: others of the user have their turn */
static unsigned long leave_some(struct bytemap_mirror *mirror)
{
	u64 slabs;

	/* Pairs with bytemap_mirror_stock(): who comes later finds no mirror */
	if (atomic_read_acquire(&mirror->growers) || mirror->leaving ||
	    leave_some_index(mirror) ||
	    !bytemap_arena_empty(&mirror->arena, &slabs))
		return 1;
	bytemap_account_sub_bytes(mirror->map->account,
				  slabs * BYTEMAP_ARENA_SLAB);
	forget_stripes(mirror);
	WRITE_ONCE(mirror->repairs, false);
	WRITE_ONCE(mirror->mapping.hidden, false);
	begin_phase(mirror, MIRROR_AWAY);
	return 0;
}

static void drop_some(struct bytemap_mirror *mirror)
{
	u8 shift = mirror->shift;

	if (mirror->at >> shift) {
		forget_floor(mirror);
		begin_phase(mirror, MIRROR_RESTS);
		return;
	}
	bytemap_bucket_drop_cleared(mirror, shift, mirror->at++ << (64 - shift),
				    mirror->floor);
}

static void unflag_some(struct bytemap_mirror *mirror)
{
	struct syncmap_mapped_bucket *b;

	if (mirror->at >> mirror->shift) {
		end_repairs(mirror);
		return;
	}
	b = &mirror->index[mirror->shift][mirror->at++];
	if (READ_ONCE(b->word) & mirror->flag)
		atomic64_andnot(mirror->flag, bytemap_window_word(&b->word));
	if (READ_ONCE(b->word) & SYNCMAP_MAPPED_SPILL)
		mirror->spilled = true;
}

/* Return: jiffies after which to go on */
static unsigned long fill_some(struct bytemap_mirror *mirror,
			       struct bytemap_walk *walk)
{
	if (mirror->at == SYNCMAP_CURSOR_END) {
		end_fill(mirror);
		return 0;
	}
	if (walk && !walk_some(mirror, walk))
		return 0;
	mirror->at = 0;
	return RETRY_JIFFIES;
}

static unsigned long repair_some(struct bytemap_mirror *mirror,
				 struct bytemap_walk *walk)
{
	if (mirror->at == SYNCMAP_CURSOR_END) {
		begin_phase(mirror, MIRROR_UNFLAGS);
		return 0;
	}
	if (walk && !walk_some(mirror, walk))
		return 0;
	/* Flags stay, so it has not been done */
	WRITE_ONCE(mirror->repairs, true);
	mirror->spilled = true;
	end_repairs(mirror);
	return 0;
}

static unsigned long work_some(struct bytemap_mirror *mirror,
			       struct bytemap_walk *walk)
{
	switch (mirror->phase) {
	case MIRROR_AWAY:
		return come_back(mirror);
	case MIRROR_FILLS:
		return fill_some(mirror, walk);
	case MIRROR_RESTS:
		return choose_phase(mirror);
	case MIRROR_DROPS:
		drop_some(mirror);
		return 0;
	case MIRROR_REPAIRS:
		return repair_some(mirror, walk);
	case MIRROR_UNFLAGS:
		unflag_some(mirror);
		return 0;
	case MIRROR_HIDES:
		return begin_leave(mirror);
	case MIRROR_LEAVES:
		return leave_some(mirror);
	}
	return MAX_JIFFY_OFFSET;
}

static bool is_there(const struct bytemap_mirror *mirror)
{
	return mirror->phase != MIRROR_AWAY && mirror->phase != MIRROR_HIDES &&
	       mirror->phase != MIRROR_LEAVES;
}

static struct bytemap_walk *alloc_walk(struct bytemap_mirror *mirror)
{
	if (mirror->phase != MIRROR_FILLS && mirror->phase != MIRROR_REPAIRS)
		return NULL;
	return bytemap_walk_alloc(mirror->map, 0);
}

/*
 * What comes to where zeroes may be mapped, and what goes. Faults may be in the way
 * of it, and of nothing else.
 *
 * Return: whether to come again.
 */
static bool turn_slabs(struct bytemap_mirror *mirror)
{
	struct bytemap_arena *arena = &mirror->arena;
	bool comes;

	if (mirror->phase == MIRROR_AWAY || mirror->phase == MIRROR_LEAVES)
		return false;
	comes = bytemap_arena_settle(arena);
	bytemap_account_sub_bytes(mirror->map->account, BYTEMAP_ARENA_SLAB *
				  (u64)bytemap_arena_trim(arena));
	return comes || bytemap_arena_is_trimmable(arena);
}

static bool turn_pages(struct bytemap_mirror *mirror)
{
	bool comes = turn_slabs(mirror);

	free_left(mirror);
	return comes || mirror->leaving;
}

/* Return: jiffies after which to go on, or never: MAX_JIFFY_OFFSET */
static unsigned long work_portion(struct bytemap_mirror *mirror)
{
	enum bytemap_mirror_phase phase;
	struct bytemap_walk *walk;
	unsigned long pause = 0;
	unsigned int n;

	WRITE_ONCE(mirror->begun, jiffies);
	WRITE_ONCE(mirror->called, false);
	/* Pairs with bytemap_bucket_want_work() */
	smp_mb();
	if (is_there(mirror) && !is_to_be_there(mirror))
		begin_hide(mirror);
	walk = alloc_walk(mirror);
	phase = mirror->phase;
	for (n = 0; n < PORTION && !pause && mirror->phase == phase; n++) {
		pause = work_some(mirror, walk);
		cond_resched();
	}
	if (walk)
		bytemap_walk_free(walk);
	return turn_pages(mirror) ? min(pause, 1UL) : pause;
}

/* With a reference, or NULL. shrink.c may give it another one meanwhile */
static struct mem_cgroup *cgroup_of_map(const struct bytemap *map)
{
	struct mem_cgroup *memcg;

	rcu_read_lock();
	do {
		memcg = READ_ONCE(map->memcg);
	} while (memcg && !css_tryget(&memcg->css));
	rcu_read_unlock();
	return memcg;
}

/* A portion at a time, among the mirrors of the user. The map's cgroup pays */
static void mirror_work(struct work_struct *work)
{
	struct bytemap_mirror *mirror = container_of(to_delayed_work(work),
						     struct bytemap_mirror,
						     work);
	struct mem_cgroup *memcg = cgroup_of_map(mirror->map);
	struct mem_cgroup *active = set_active_memcg(memcg);
	unsigned long pause = work_portion(mirror);

	set_active_memcg(active);
	mem_cgroup_put(memcg);
	if (pause == MAX_JIFFY_OFFSET || READ_ONCE(mirror->stops))
		return;
	if (pause) {
		queue_delayed_work(mirror->wq, &mirror->work, pause);
		return;
	}
	/* Whoever wants it does not put it off */
	WRITE_ONCE(mirror->called, true);
	mod_delayed_work(mirror->wq, &mirror->work, 0);
}

/* Pages */

/* Return: 0; -ENOMEM: for the caller, perhaps for him alone; or a limit */
static int stock_one(struct bytemap_mirror *mirror)
{
	struct bytemap_account *account = mirror->map->account;
	struct syncmap_error error;
	int err;

	err = bytemap_account_add_bytes(account, BYTEMAP_ARENA_SLAB, &error);
	if (err)
		return err;
	err = bytemap_arena_grow(&mirror->arena);
	if (err)
		bytemap_account_sub_bytes(account, BYTEMAP_ARENA_SLAB);
	return err;
}

/* For whoever is going to write, and may sleep still: what end() may need */
void bytemap_mirror_stock(struct bytemap_mirror *mirror)
{
	int err = 0;

	/* Fully ordered: either we see that it leaves, or leave_some() waits */
	atomic_inc_return(&mirror->growers);
	while (!err && bytemap_is_mirrored(mirror->map) &&
	       bytemap_arena_is_short(&mirror->arena)) {
		err = stock_one(mirror);
		if (!err && READ_ONCE(mirror->arena.to_come))
			bytemap_bucket_want_work(mirror);
	}
	/* The cgroup of another writer may have memory */
	if (err && (err != -ENOMEM || current->flags & PF_WQ_WORKER))
		WRITE_ONCE(mirror->arena.retry, jiffies + STOCK_JIFFIES);
	/* Pairs with leave_some() */
	atomic_fetch_add_release(-1, &mirror->growers);
}

static struct page *index_page(struct bytemap_mirror *mirror, u64 offset)
{
	const struct syncmap_mapped_bucket *index;
	u8 shift = ilog2(offset) - ilog2(syncmap_mapped_index(0));
	u64 at = offset - syncmap_mapped_index(shift);

	if (at >= index_bytes(mirror, shift) || shift > mirror->shift_max)
		return NULL;
	index = READ_ONCE(mirror->index[shift]);
	return index ? vmalloc_to_page((void *)index + at) : NULL;
}

/*
 * Between bytemap_mapping_begin() and its end. Return: the page at @offset of a
 * mapping; NULL: there is none, zeroes are right.
 */
struct page *bytemap_mirror_page(struct bytemap_mirror *mirror, u64 offset)
{
	if (offset < PAGE_SIZE)
		return virt_to_page(mirror->head);
	if (READ_ONCE(mirror->mapping.hidden))
		return NULL;
	if (offset >= mirror->arena_at)
		return bytemap_arena_page(&mirror->arena,
					  (offset - mirror->arena_at) >>
					  PAGE_SHIFT);
	if (offset < syncmap_mapped_index(SHIFT_MIN))
		return NULL;
	return index_page(mirror, offset);
}

/* The same for a process: zeroes are mapped where there is no page */
struct page *bytemap_mirror_show(struct bytemap_mirror *mirror, u64 offset)
{
	struct page *page = bytemap_mirror_page(mirror, offset);

	if (!page && offset >= mirror->arena_at)
		page = bytemap_arena_show_hole(&mirror->arena,
					       (offset - mirror->arena_at) >>
					       PAGE_SHIFT);
	return page ?: ZERO_PAGE(0);
}

/* What a mirror takes besides indexes and slabs */
static u64 head_bytes(const struct bytemap_mirror *mirror)
{
	return sizeof(struct bytemap_mirror) + PAGE_SIZE +
	       bytemap_arena_bytes(mirror->arena.max);
}

/* Each number at a time of its own */
void bytemap_mirror_get_stats(struct bytemap_mirror *mirror,
			      struct bytemap_mirror_stats *stats)
{
	unsigned int i;
	u8 shift;

	stats->mirror_bytes = head_bytes(mirror) + BYTEMAP_ARENA_SLAB *
			      (u64)READ_ONCE(mirror->arena.count);
	for (shift = SHIFT_MIN; shift <= mirror->shift_max; shift++)
		if (READ_ONCE(mirror->index[shift]))
			stats->mirror_bytes += index_bytes(mirror, shift);
	for (i = 0; i < BYTEMAP_STRIPES; i++)
		stats->mirror_keys += READ_ONCE(mirror->stripe[i].count);
	stats->mirror_buckets = 1ULL << READ_ONCE(mirror->shift);
	stats->mappings = READ_ONCE(mirror->mapping.count);
}

/* A mirror */

/* Buckets for all that the map may hold at a time, half full */
static u8 largest_shift(const struct bytemap *map,
			const struct syncmap_limits *limits)
{
	u64 places = map->key_type == SYNCMAP_KEY_U64 ? SYNCMAP_MAPPED_PAIRS :
							SYNCMAP_MAPPED_SLOTS;
	u64 buckets = limits->entries * 2 / places + 1;

	return clamp_t(u8, order_base_2(buckets), SHIFT_MIN, BYTEMAP_SHIFT_MAX);
}

/* Slabs for all of it, though some are nearly empty */
static u32 most_slabs(const struct syncmap_limits *limits)
{
	u64 bytes = 2 * limits->bytes + limits->entries * SYNCMAP_MAPPED_UNIT;

	return min_t(u64, (bytes >> PAGE_SHIFT) + 2 * BYTEMAP_ARENA_CLASSES,
		     U32_MAX / (PAGE_SIZE / SYNCMAP_MAPPED_UNIT));
}

static void fill_head(struct bytemap_mirror *mirror)
{
	struct syncmap_mapped_head *head = mirror->head;

	head->abi = SYNCMAP_MAPPED_ABI;
	head->key_type = mirror->map->key_type;
	head->seed = mirror->seed;
	head->arena = mirror->arena_at;
	head->size = mirror->size;
	head->word = (u64)mirror->shift << SYNCMAP_MAPPED_SHIFT;
	if (bytemap_evicts(mirror->map))
		head->word |= SYNCMAP_MAPPED_EVICTS;
	head->magic = SYNCMAP_MAPPED_MAGIC;
}

static void init_mirror(struct bytemap_mirror *mirror, struct bytemap *map,
			const struct syncmap_limits *limits)
{
	unsigned int i;

	mirror->map = map;
	mirror->seed = get_random_u64();
	mirror->shift = SHIFT_MIN;
	mirror->shift_max = largest_shift(map, limits);
	mirror->arena_at = syncmap_mapped_index(mirror->shift_max + 1);
	mirror->size = mirror->arena_at + (u64)most_slabs(limits) * PAGE_SIZE;
	bytemap_mapping_init(&mirror->mapping, &map->mapping);
	mirror->repair_due = jiffies;
	mirror->room_due = jiffies;
	mirror->retry_due = jiffies;
	for (i = 0; i < BYTEMAP_STRIPES; i++)
		spin_lock_init(&mirror->stripe[i].lock);
	INIT_DELAYED_WORK(&mirror->work, mirror_work);
}

/* The head, which says "ask". Return: or ERR_PTR(-ENOMEM), or a limit */
static struct bytemap_mirror *make_mirror(struct bytemap *map,
					  const struct syncmap_limits *limits,
					  struct syncmap_error *error)
{
	struct bytemap_mirror *mirror;
	int err = -ENOMEM;

	mirror = syncmap_large_alloc(sizeof(*mirror), BYTEMAP_GFP | __GFP_ZERO);
	if (!mirror)
		return ERR_PTR(-ENOMEM);
	init_mirror(mirror, map, limits);
	mirror->wq = bytemap_job_share_mirrors
			(bytemap_account_share(map->account));
	if (!mirror->wq)
		goto free_mirror;
	mirror->head = (void *)get_zeroed_page(BYTEMAP_GFP);
	if (!mirror->head)
		goto free_mirror;
	err = bytemap_arena_init(&mirror->arena, &mirror->mapping,
				 mirror->arena_at, most_slabs(limits));
	if (err)
		goto free_head;
	err = bytemap_account_add_bytes(map->account, head_bytes(mirror), error);
	if (err)
		goto exit_arena;
	fill_head(mirror);
	return mirror;

exit_arena:
	bytemap_arena_exit(&mirror->arena);
free_head:
	free_page((unsigned long)mirror->head);
free_mirror:
	kvfree(mirror);
	return ERR_PTR(err);
}

/* Whatever it has. Nobody has it mapped */
static void free_mirror(struct bytemap_mirror *mirror)
{
	u8 shift;

	for (shift = SHIFT_MIN; shift <= mirror->shift_max; shift++)
		if (mirror->index[shift])
			free_index(mirror, shift, mirror->index[shift]);
	if (mirror->leaving)
		free_index(mirror, mirror->leaving, mirror->left);
	bytemap_account_sub_bytes(mirror->map->account, head_bytes(mirror) +
				  BYTEMAP_ARENA_SLAB *
				  bytemap_arena_exit(&mirror->arena));
	free_page((unsigned long)mirror->head);
	kvfree(mirror);
}

/*
 * The map, which is empty and nobody else's, has one from here on.
 *
 * Return: 0, -ENOMEM, or a limit
 */
int bytemap_mirror_create(struct bytemap *map, struct syncmap_error *error)
{
	struct bytemap_mirror *mirror = make_mirror(map, &map->limits, error);
	int err;

	if (IS_ERR(mirror))
		return PTR_ERR(mirror);
	err = make_index(mirror, SHIFT_MIN, error);
	if (err) {
		free_mirror(mirror);
		return err;
	}
	make_ready(mirror, SHIFT_MIN);
	mirror->head->word |= SYNCMAP_MAPPED_READY;
	mirror->phase = MIRROR_RESTS;
	mirror->wanted = true;
	map->mirror = mirror;
	map->modes |= BYTEMAP_MIRRORED | BYTEMAP_WINDOWED;
	return 0;
}

/*
 * The map gets a mirror, or will have the one again that it has had: that is made
 * and filled by its work, as soon as there is memory for it. How large a mapping is
 * follows from @limits, if it is the first: when they are higher later, what does not
 * fit is asked for.
 *
 * Return: 0, -ENOMEM, or a limit
 */
int bytemap_mirror_attach(struct bytemap *map,
			  const struct syncmap_limits *limits,
			  struct syncmap_error *error)
{
	struct bytemap_mirror *mirror = map->mirror;

	lockdep_assert_held(&map->clear_lock);
	if (!mirror) {
		mirror = make_mirror(map, limits, error);
		if (IS_ERR(mirror))
			return PTR_ERR(mirror);
		/* Pairs with bytemap_mirror_of() */
		smp_store_release(&map->mirror, mirror);
	}
	WRITE_ONCE(mirror->wanted, true);
	bytemap_bucket_want_work(mirror);
	return 0;
}

/*
 * Whoever has it mapped asks from then on, soon. The head stays with the map, so that
 * no version comes again
 */
void bytemap_mirror_detach(struct bytemap *map)
{
	lockdep_assert_held(&map->clear_lock);
	if (!map->mirror)
		return;
	WRITE_ONCE(map->mirror->wanted, false);
	bytemap_bucket_want_work(map->mirror);
}

/* Has the map begun to evict, or ended it? Then some loads are to ask, or none */
void bytemap_mirror_tell_modes(struct bytemap *map)
{
	atomic64_t *head;

	lockdep_assert_held(&map->clear_lock);
	if (!map->mirror)
		return;
	head = bytemap_window_word(&map->mirror->head->word);
	if (bytemap_evicts(map))
		atomic64_or(SYNCMAP_MAPPED_EVICTS, head);
	else
		atomic64_andnot(SYNCMAP_MAPPED_EVICTS, head);
}

/* Return: bytes of a mapping; 0: the map is not to have a mirror */
u64 bytemap_mirror_size(const struct bytemap *map)
{
	const struct bytemap_mirror *mirror = bytemap_mirror_of(map);

	return mirror && READ_ONCE(mirror->wanted) ? mirror->size : 0;
}

/* Somebody has mapped it: what was given back is to be there again */
void bytemap_mirror_mapped(struct bytemap_mirror *mirror)
{
	/* Pairs with bytemap_mirror_park(): one of us sees what the other does */
	smp_mb();
	if (READ_ONCE(mirror->parked))
		bytemap_bucket_want_work(mirror);
}

/* Return: pages that it would give back, more or less, as nobody has it mapped */
u64 bytemap_mirror_reclaimable(const struct bytemap *map)
{
	const struct bytemap_mirror *mirror = bytemap_mirror_of(map);

	if (!mirror || !bytemap_is_mirrored(map) ||
	    READ_ONCE(mirror->mapping.count))
		return 0;
	return (index_bytes(mirror, READ_ONCE(mirror->shift)) >> PAGE_SHIFT) +
	       READ_ONCE(mirror->arena.count);
}

/* Memory is short: its work gives back what it takes. From any context */
void bytemap_mirror_park(struct bytemap *map)
{
	struct bytemap_mirror *mirror = bytemap_mirror_of(map);

	if (!bytemap_mirror_reclaimable(map))
		return;
	WRITE_ONCE(mirror->parked, true);
	/* Pairs with bytemap_mirror_mapped() */
	smp_mb();
	bytemap_bucket_want_work(mirror);
}

/*
 * Nobody uses the map any more, so nobody wants work. Waits for none that takes its
 * time: it would be others that wait then.
 *
 * Return: whether there is no more; else come again.
 */
bool bytemap_mirror_stop(struct bytemap *map)
{
	struct bytemap_mirror *mirror = map->mirror;

	if (!mirror)
		return true;
	WRITE_ONCE(mirror->stops, true);
	cancel_delayed_work(&mirror->work);
	if (work_busy(&mirror->work.work))
		return false;
	/* It was just a hint */
	cancel_delayed_work_sync(&mirror->work);
	return true;
}

/* It was stopped, and nobody has it mapped */
void bytemap_mirror_free(struct bytemap *map)
{
	if (map->mirror)
		free_mirror(map->mirror);
}
