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
 * Whoever has changed something does not say what: it is looked up. Whatever does
 * not fit is left to the kernel: mirroring fails no operation.
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
#include "attempt.h"
#include "bytemap.h"
#include "entry.h"
#include "gauge.h"
#include "gfp.h"
#include "mirror.h"
#include "pairs.h"
#include "view.h"
#include "walk.h"
#include "window.h"

#define WINDOW_END	(SYNCMAP_MAPPED_VERSION - 1)
#define HEAD_END	(SYNCMAP_MAPPED_HEAD_VERSION - 1)
#define SHIFT_MIN	SYNCMAP_MAPPED_SHIFT_MIN
#define HEAD_SHIFT_MASK	(63ULL << SYNCMAP_MAPPED_SHIFT)

/*
 * Keys of two buckets in the mean, so that few have more than there are places,
 * and of twelve; the same where a bucket has places for pairs
 */
#define KEYS_MOST	9ULL
#define KEYS_LEAST	11ULL
#define PAIRS_MOST	5ULL
#define PAIRS_LEAST	6ULL

/* For so many a bucket has room, if there is memory */
#define PAIRS_FULL	(SYNCMAP_MAPPED_PAIRS + SYNCMAP_MAPPED_MORE)

/* Buckets, or batches of keys, that are worked on at a time */
#define PORTION		256

/* By how much an index grows or shrinks: of buckets that belong together, 8 to 1 */
#define SHIFT_STEP	3

/* Longer keys have no slot */
#define KEY_LEN_MOST	((u16)(SYNCMAP_MAPPED_PAGE - \
			       sizeof(struct syncmap_mapped_slot)))

/* What is spilled for good is not tried all the time, nor memory that is not there */
#define RETRY_JIFFIES	((unsigned long)HZ)

/* One part of so many are repairs, by 2^n less after n that were of no use */
#define REPAIR_PART	16
#define FRUITLESS_MOST	4

/* Writers at a limit do not look for room with each write */
#define STOCK_JIFFIES	DIV_ROUND_UP(HZ, 10)

/* How often a key is looked up that others go on changing */
#define LOOKS		8

/* Slots: with the lock of the stripe of their key */

/* What a slot says of an entry */
struct content {
	const void	*key;
	u32		key_len;
	u32		len;
	u16		flags;
	u64		revision;
	u64		deadline;
	const void	*bytes;		/* NULL: SYNCMAP_SLOT_ASK */
};

static u32 content_size(const struct content *c)
{
	u32 size = sizeof(struct syncmap_mapped_slot) +
		   syncmap_mapped_pad(c->key_len);

	if (c->bytes)
		size += syncmap_mapped_pad(c->len);
	if (c->flags & SYNCMAP_SLOT_MORTAL)
		size += sizeof(u64);
	return size;
}

/* What is too long for a slot is asked for, and so is what goes with its owner */
static void describe(struct content *c, const void *key, u32 key_len,
		     const struct bytemap_view *view)
{
	c->key = key;
	c->key_len = key_len;
	c->len = view->len;
	c->revision = view->revision;
	c->deadline = view->deadline;
	c->flags = view->deadline == SYNCMAP_NEVER ? 0 : SYNCMAP_SLOT_MORTAL;
	c->bytes = NULL;
	if (!view->owned && view->len <= SYNCMAP_MAPPED_PAGE)
		c->bytes = bytemap_view_bytes(view);
	if (content_size(c) > SYNCMAP_MAPPED_PAGE)
		c->bytes = NULL;
	if (!c->bytes)
		c->flags |= SYNCMAP_SLOT_ASK;
}

static u64 *put_bytes(u64 *words, const void *bytes, u32 len)
{
	u64 word;

	for (; len >= sizeof(u64); len -= sizeof(u64), bytes += sizeof(u64)) {
		memcpy(&word, bytes, sizeof(u64));
		WRITE_ONCE(*words++, word);
	}
	if (len) {
		word = 0;
		memcpy(&word, bytes, len);
		WRITE_ONCE(*words++, word);
	}
	return words;
}

/* In a window. Of what was longer before, nothing is left */
static void write_slot(struct bytemap_mirror *mirror, u32 slot,
		       const struct content *c)
{
	u64 *words = bytemap_arena_words(&mirror->arena, slot), *at = words;
	struct syncmap_mapped_slot head = {
		.revision = c->revision, .value_len = c->len,
		.key_len = c->key_len, .flags = c->flags,
	};

	at = put_bytes(at, &head, sizeof(head));
	at = put_bytes(at, c->key, c->key_len);
	if (c->bytes)
		at = put_bytes(at, c->bytes, c->len);
	if (c->flags & SYNCMAP_SLOT_MORTAL)
		WRITE_ONCE(*at++, c->deadline);
	bytemap_arena_wipe(&mirror->arena, slot, (at - words) * sizeof(u64));
}

static bool slot_has_key(struct bytemap_mirror *mirror, u32 slot,
			 const void *key, u32 key_len)
{
	const struct syncmap_mapped_slot *head;

	head = (void *)bytemap_arena_words(&mirror->arena, slot);
	return head && head->key_len == key_len &&
	       !memcmp(head->bytes, key, key_len);
}

static u64 slot_hash(struct bytemap_mirror *mirror, u32 slot)
{
	const struct syncmap_mapped_slot *head;

	head = (void *)bytemap_arena_words(&mirror->arena, slot);
	return bytemap_window_hash(mirror, head->bytes,
				   min(head->key_len, KEY_LEN_MOST));
}

/* Buckets: with the lock of their stripe */

static struct bytemap_stripe *stripe_of(struct bytemap_mirror *mirror, u64 hash)
{
	return &mirror->stripe[hash >> (64 - BYTEMAP_STRIPE_BITS)];
}

static void place_slot(struct syncmap_mapped_bucket *b, int at, u8 tag, u32 slot)
{
	WRITE_ONCE(b->slot[at], slot);
	WRITE_ONCE(b->tag[at], tag);
}

static int find_key_slot(struct bytemap_mirror *mirror,
			 const struct syncmap_mapped_bucket *b, u64 hash,
			 const void *key, u32 key_len)
{
	u8 tag = syncmap_mapped_tag(hash);
	int i;

	for (i = 0; i < SYNCMAP_MAPPED_SLOTS; i++)
		if (b->tag[i] == tag &&
		    slot_has_key(mirror, b->slot[i], key, key_len))
			return i;
	return -1;
}

static int find_free_slot(const struct syncmap_mapped_bucket *b)
{
	int i;

	for (i = 0; i < SYNCMAP_MAPPED_SLOTS; i++)
		if (!b->tag[i])
			return i;
	return -1;
}

static void set_flags(struct syncmap_mapped_bucket *b, u64 flags)
{
	if ((READ_ONCE(b->word) & flags) != flags)
		atomic64_or(flags, bytemap_window_word(&b->word));
}

static void want_work(struct bytemap_mirror *mirror)
{
	mod_delayed_work(mirror->wq, &mirror->work, 0);
}

/* What is in no bucket may fit now. The work sees to that, but not all the time */
static void want_repair(struct bytemap_mirror *mirror)
{
	if (READ_ONCE(mirror->repairs))
		return;
	WRITE_ONCE(mirror->repairs, true);
	want_work(mirror);
}

/* A key of the bucket is not in it */
static void spill(struct bytemap_stripe *stripe, struct syncmap_mapped_bucket *b)
{
	set_flags(b, stripe->spill ? SYNCMAP_MAPPED_SPILL_1 :
				     SYNCMAP_MAPPED_SPILL_0);
}

/* There is room, in the bucket with this word and in the arena */
static void note_drop(struct bytemap_mirror *mirror,
		      struct bytemap_stripe *stripe, u64 word)
{
	WRITE_ONCE(stripe->count, stripe->count - 1);
	if (unlikely(bytemap_arena_is_loose(&mirror->arena)))
		want_work(mirror);
	if (unlikely(word & SYNCMAP_MAPPED_SPILL))
		want_repair(mirror);
}

static void drop_slot(struct bytemap_mirror *mirror,
		      struct bytemap_stripe *stripe,
		      struct syncmap_mapped_bucket *b, int at)
{
	u32 slot = b->slot[at];

	place_slot(b, at, 0, 0);
	bytemap_arena_put(&mirror->arena, slot);
	note_drop(mirror, stripe, READ_ONCE(b->word));
}

/* Where @at is, or where there is room. Return: false if it does not fit */
static bool put_content(struct bytemap_mirror *mirror,
			struct bytemap_stripe *stripe,
			struct syncmap_mapped_bucket *b, int at, u64 hash,
			const struct content *c)
{
	u32 size = content_size(c), slot, old = 0;

	if (size > SYNCMAP_MAPPED_PAGE)
		return false;
	if (at >= 0)
		old = b->slot[at];
	if (old && bytemap_arena_fits(&mirror->arena, old, size)) {
		write_slot(mirror, old, c);
		return true;
	}
	if (at < 0)
		at = find_free_slot(b);
	if (at < 0)
		return false;
	slot = bytemap_arena_get(&mirror->arena, size);
	if (!slot) {
		want_repair(mirror);
		return false;
	}
	write_slot(mirror, slot, c);
	place_slot(b, at, syncmap_mapped_tag(hash), slot);
	if (old)
		bytemap_arena_put(&mirror->arena, old);
	else
		WRITE_ONCE(stripe->count, stripe->count + 1);
	return true;
}

/* Pairs, where keys are integers: the same */

static bool has_pairs(const struct bytemap_mirror *mirror)
{
	return mirror->map->key_type == SYNCMAP_KEY_U64;
}

/* The bucket of 2^@shift that a hash says */
static struct bytemap_pairs pairs_of(struct bytemap_mirror *mirror, u8 shift,
				     u64 hash)
{
	u64 nr = hash >> (64 - shift);
	void *index = mirror->index[shift];

	return (struct bytemap_pairs){
		.arena = &mirror->arena,
		.bucket = (struct syncmap_mapped_pairs *)index + nr,
		.revisions = index + (sizeof(struct syncmap_mapped_pairs) << shift) +
			     nr * sizeof(struct syncmap_mapped_revisions),
	};
}

static u32 slot_of_pair(const struct bytemap_pair *pair)
{
	return pair->kind == SYNCMAP_PAIR_SLOT ? pair->value : 0;
}

/* @pair is what @c says, in @old if it needs a slot. Return: false if it does not fit */
static bool make_pair(struct bytemap_mirror *mirror, u32 old,
		      const struct content *c, struct bytemap_pair *pair)
{
	u32 size = content_size(c), slot = old;

	pair->revision = c->revision;
	pair->value = 0;
	if (c->bytes && !c->flags && c->len < SYNCMAP_PAIR_MOST) {
		pair->kind = c->len + 1;
		memcpy(&pair->value, c->bytes, c->len);
		return true;
	}
	if (!slot || !bytemap_arena_fits(&mirror->arena, slot, size))
		slot = bytemap_arena_get(&mirror->arena, size);
	if (!slot) {
		want_repair(mirror);
		return false;
	}
	write_slot(mirror, slot, c);
	pair->kind = SYNCMAP_PAIR_SLOT;
	pair->value = slot;
	return true;
}

static void drop_pair(struct bytemap_mirror *mirror,
		      struct bytemap_stripe *stripe,
		      const struct bytemap_pairs *pairs, int at)
{
	struct bytemap_pair old;
	u32 slot;

	bytemap_pairs_get(pairs, at, &old);
	slot = slot_of_pair(&old);
	bytemap_pairs_remove(pairs, at);
	if (slot)
		bytemap_arena_put(&mirror->arena, slot);
	note_drop(mirror, stripe, pairs->bucket->word);
}

/* Where @at is, or where there is room. Return: false if it does not fit */
static bool put_pair(struct bytemap_mirror *mirror,
		     struct bytemap_stripe *stripe,
		     const struct bytemap_pairs *pairs, int at, u64 key,
		     const struct content *c)
{
	struct bytemap_pair old = { }, pair = { .key = key };
	u32 slot;

	if (at >= 0)
		bytemap_pairs_get(pairs, at, &old);
	slot = slot_of_pair(&old);
	if (!make_pair(mirror, slot, c, &pair))
		return false;
	if (at >= 0 && bytemap_pairs_set(pairs, at, &pair)) {
		if (slot && slot != slot_of_pair(&pair))
			bytemap_arena_put(&mirror->arena, slot);
		return true;
	}
	if (bytemap_pairs_add(pairs, &pair)) {
		WRITE_ONCE(stripe->count, stripe->count + 1);
		if (at >= 0)
			drop_pair(mirror, stripe, pairs, at);
		return true;
	}
	if (slot_of_pair(&pair) && slot_of_pair(&pair) != slot)
		bytemap_arena_put(&mirror->arena, slot_of_pair(&pair));
	if (bytemap_pairs_end(pairs) < PAIRS_FULL)
		want_repair(mirror);
	return false;
}

/* Return: 0; ABSENT; START_OVER: others go on changing it */
static int look_up(struct bytemap *map, struct syncmap_hashed_key *hashed,
		   struct bytemap_view *view)
{
	int ret = START_OVER, n;
	void *found;

	for (n = 0; n < LOOKS && ret == START_OVER; n++) {
		if (!syncmap_load_hashed(&map->core, hashed, &found))
			return ABSENT;
		ret = bytemap_entry_view(map, found, view, SYNCMAP_MAPPED_PAGE);
	}
	return ret;
}

/*
 * What the bucket has of a key is changed: where that is, or -1; whether what is to
 * be there fits; what was there is dropped
 */

static int find_in_bucket(struct bytemap_mirror *mirror, u8 shift, u64 hash,
			  const void *key, u32 key_len)
{
	struct bytemap_pairs pairs;

	if (!has_pairs(mirror))
		return find_key_slot(mirror,
				     bytemap_window_bucket(mirror, shift, hash),
				     hash, key, key_len);
	pairs = pairs_of(mirror, shift, hash);
	return bytemap_pairs_find(&pairs, syncmap_mapped_word(key));
}

static bool put(struct bytemap_mirror *mirror, struct bytemap_stripe *stripe,
		u8 shift, u64 hash, int at, const struct content *c)
{
	struct bytemap_pairs pairs;

	if (!has_pairs(mirror))
		return put_content(mirror, stripe,
				   bytemap_window_bucket(mirror, shift, hash),
				   at, hash, c);
	pairs = pairs_of(mirror, shift, hash);
	return put_pair(mirror, stripe, &pairs, at, syncmap_mapped_word(c->key),
			c);
}

static void drop(struct bytemap_mirror *mirror, struct bytemap_stripe *stripe,
		 u8 shift, u64 hash, int at)
{
	struct bytemap_pairs pairs;

	if (has_pairs(mirror)) {
		pairs = pairs_of(mirror, shift, hash);
		drop_pair(mirror, stripe, &pairs, at);
	} else {
		drop_slot(mirror, stripe,
			  bytemap_window_bucket(mirror, shift, hash), at);
	}
}

/* The bucket, of which a window is open or which is not READY, says what the map has */
static void refresh_locked(struct bytemap_mirror *mirror,
			   struct bytemap_stripe *stripe, u8 shift, u64 hash,
			   struct syncmap_hashed_key *hashed, const void *key,
			   u32 key_len)
{
	int at = find_in_bucket(mirror, shift, hash, key, key_len), ret;
	struct bytemap_view view;
	struct content content;
	bool fits = false;

	lockdep_assert_held(&stripe->lock);
	ret = look_up(mirror->map, hashed, &view);
	if (!ret) {
		describe(&content, key, key_len, &view);
		fits = put(mirror, stripe, shift, hash, at, &content);
		bytemap_view_release(&view);
	}
	if (fits)
		return;
	if (at >= 0)
		drop(mirror, stripe, shift, hash, at);
	if (ret != ABSENT)
		spill(stripe, bytemap_window_bucket(mirror, shift, hash));
}

/* Another index */

static void move_slots(struct bytemap_mirror *mirror,
		       struct bytemap_stripe *stripe,
		       struct syncmap_mapped_bucket *old, u8 to)
{
	struct syncmap_mapped_bucket *b;
	u64 hash;
	u32 slot;
	int at, i;

	for (i = 0; i < SYNCMAP_MAPPED_SLOTS; i++) {
		if (!old->tag[i])
			continue;
		slot = old->slot[i];
		hash = slot_hash(mirror, slot);
		b = bytemap_window_bucket(mirror, to, hash);
		at = find_free_slot(b);
		if (at >= 0) {
			place_slot(b, at, old->tag[i], slot);
			place_slot(old, i, 0, 0);
		} else {
			spill(stripe, b);
			drop_slot(mirror, stripe, old, i);
		}
	}
}

/* From the last one on: what is drawn in meanwhile is still to come */
static void move_pairs(struct bytemap_mirror *mirror,
		       struct bytemap_stripe *stripe,
		       const struct bytemap_pairs *old, u8 to)
{
	int i = bytemap_pairs_end(old);
	struct bytemap_pairs new;
	struct bytemap_pair pair;
	u64 hash;

	while (i--) {
		if (!bytemap_pairs_get(old, i, &pair))
			continue;
		hash = syncmap_mapped_hash_u64(mirror->seed, pair.key);
		new = pairs_of(mirror, to, hash);
		if (bytemap_pairs_add(&new, &pair)) {
			bytemap_pairs_remove(old, i);
		} else {
			spill(stripe, bytemap_window_bucket(mirror, to, hash));
			drop_pair(mirror, stripe, old, i);
		}
	}
}

/*
 * Buckets whose hashes begin alike, as far as both indexes tell: all that is in
 * those of one belongs to those of the other
 */
struct group {
	u8				from, to;
	u64				first;	/* of their hashes */
	struct syncmap_mapped_bucket	*old, *new;
	unsigned int			nr_old, nr_new;
};

static struct group group_of(struct bytemap_mirror *mirror, u8 from, u8 to,
			     u64 hash)
{
	u8 shared = min(from, to);
	u64 first = hash >> (64 - shared) << (64 - shared);

	return (struct group){
		.from = from,
		.to = to,
		.first = first,
		.old = bytemap_window_bucket(mirror, from, first),
		.new = bytemap_window_bucket(mirror, to, first),
		.nr_old = 1U << (from - shared),
		.nr_new = 1U << (to - shared),
	};
}

/* What is in the group's old bucket @nr, which nobody believes from here on */
static void leave_bucket(struct bytemap_mirror *mirror,
			 struct bytemap_stripe *stripe,
			 const struct group *group, u64 nr)
{
	struct syncmap_mapped_bucket *old = group->old + nr;
	struct bytemap_pairs pairs;
	u64 word, i;

	if (!(READ_ONCE(old->word) & SYNCMAP_MAPPED_READY))
		return;
	/* Fully ordered: before anything in it is changed */
	word = atomic64_fetch_andnot(SYNCMAP_MAPPED_READY,
				     bytemap_window_word(&old->word));
	if (word & SYNCMAP_MAPPED_SPILL)
		WRITE_ONCE(mirror->repairs, true);
	for (i = 0; word & SYNCMAP_MAPPED_SPILL && i < group->nr_new; i++)
		set_flags(group->new + i, word & SYNCMAP_MAPPED_SPILL);
	if (!has_pairs(mirror)) {
		move_slots(mirror, stripe, old, group->to);
		return;
	}
	pairs = pairs_of(mirror, group->from,
			 group->first + (nr << (64 - group->from)));
	move_pairs(mirror, stripe, &pairs, group->to);
}

static void move_group(struct bytemap_mirror *mirror,
		       struct bytemap_stripe *stripe, u8 from, u8 to, u64 hash)
{
	struct group group = group_of(mirror, from, to, hash);
	unsigned int i;

	for (i = 0; i < group.nr_old; i++)
		leave_bucket(mirror, stripe, &group, i);
}

/* The new buckets are right */
static void settle_group(struct bytemap_mirror *mirror, u8 from, u8 to, u64 hash)
{
	struct group group = group_of(mirror, from, to, hash);
	unsigned int i;

	for (i = 0; i < group.nr_new; i++)
		/* Pairs with the acquire of a reader. See litmus/mapped-settled */
		atomic64_fetch_add_release(SYNCMAP_MAPPED_VERSION +
					   SYNCMAP_MAPPED_READY,
					   bytemap_window_word
						(&group.new[i].word));
}

/*
 * Return: log2 of the buckets of the index to which the key belongs now, with all
 * that is in its old bucket
 */
static u8 home_locked(struct bytemap_mirror *mirror,
		      struct bytemap_stripe *stripe, u64 hash)
{
	u8 shift = READ_ONCE(mirror->shift);

	lockdep_assert_held(&stripe->lock);
	if (stripe->old_shift && stripe->old_shift != shift)
		move_group(mirror, stripe, stripe->old_shift, shift, hash);
	return shift;
}

static u64 index_bytes(const struct bytemap_mirror *mirror, u8 shift)
{
	u64 bucket = sizeof(struct syncmap_mapped_bucket);

	if (has_pairs(mirror))
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

static u64 keys_most(const struct bytemap_mirror *mirror)
{
	return has_pairs(mirror) ? PAIRS_MOST : KEYS_MOST;
}

static u64 keys_least(const struct bytemap_mirror *mirror)
{
	return has_pairs(mirror) ? PAIRS_LEAST : KEYS_LEAST;
}

/*
 * Stripes are much alike. So when one has @count keys, a number that all pass on
 * their way, it may be time for another index
 */
static bool is_time(const struct bytemap_mirror *mirror, u32 count)
{
	u8 shift = READ_ONCE(mirror->shift);
	u8 buckets = shift - BYTEMAP_STRIPE_BITS;

	if (count && count % 4 != 1)
		return false;
	return (2 * count > keys_most(mirror) << buckets &&
		shift < mirror->shift_max) ||
	       (12 * count < keys_least(mirror) << buckets &&
		shift > SHIFT_MIN);
}

/* Windows */

static void refresh_home_locked(struct bytemap_mirror *mirror,
				struct bytemap_stripe *stripe, u64 hash,
				struct syncmap_hashed_key *hashed,
				const void *key, u32 key_len)
{
	u8 shift = home_locked(mirror, stripe, hash);
	u32 before = stripe->count;

	refresh_locked(mirror, stripe, shift, hash, hashed, key, key_len);
	if (stripe->count != before && is_time(mirror, stripe->count))
		want_work(mirror);
}

/*
 * @window ends, in which something may have changed: processes see what the map
 * has. In the RCU read section in which it was opened, without locks of values.
 */
void bytemap_mirror_end(struct bytemap_window *window,
			struct syncmap_hashed_key *hashed, const void *key,
			u32 key_len)
{
	struct bytemap_mirror *mirror = window->mirror;
	struct bytemap_stripe *stripe = stripe_of(mirror, window->hash);

	spin_lock(&stripe->lock);
	refresh_home_locked(mirror, stripe, window->hash, hashed, key, key_len);
	/* Pairs with the acquire of a reader */
	atomic64_fetch_add_release(WINDOW_END, window->word);
	if (window->next)
		/* Likewise */
		atomic64_fetch_add_release(WINDOW_END, window->next);
	spin_unlock(&stripe->lock);
}

/*
 * The map says of the key what it has said before, and so is the mirror to do: what
 * is absent is dropped, what is in no bucket may fit. Unlike a writer, this does not
 * come back when there are as many windows as others may have; of windows that are
 * open only while the lock is held, there is one. From any context.
 */
void bytemap_mirror_refresh(struct bytemap_mirror *mirror,
			    struct syncmap_hashed_key *hashed, const void *key,
			    u32 key_len)
{
	u64 hash = bytemap_window_hash(mirror, key, key_len);
	struct bytemap_stripe *stripe = stripe_of(mirror, hash);
	atomic64_t *word;

	rcu_read_lock();
	spin_lock(&stripe->lock);
	word = bytemap_window_word
		(&bytemap_window_bucket(mirror, READ_ONCE(mirror->shift),
					hash)->word);
	/* Fully ordered: before anything in it is changed */
	atomic64_inc_return(word);
	refresh_home_locked(mirror, stripe, hash, hashed, key, key_len);
	atomic64_fetch_add_release(WINDOW_END, word);
	spin_unlock(&stripe->lock);
	rcu_read_unlock();
}

/* The same of what was found without its key */
void bytemap_mirror_refresh_mortal(struct bytemap_mirror *mirror,
				   const struct bytemap_value *value)
{
	const void *key = bytemap_mortal_key(value);
	struct syncmap_hashed_key hashed;

	syncmap_hashed_key_init(&hashed, key, value->key_len);
	bytemap_mirror_refresh(mirror, &hashed, key, value->key_len);
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
	want_work(mirror);
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

static bool is_cleared(struct bytemap_mirror *mirror, u32 slot, u64 floor)
{
	const u64 *words = bytemap_arena_words(&mirror->arena, slot);

	return words && *words < floor;
}

static bool is_pair_cleared(struct bytemap_mirror *mirror,
			    const struct bytemap_pair *pair, u64 floor)
{
	if (pair->kind == SYNCMAP_PAIR_SLOT)
		return is_cleared(mirror, pair->value, floor);
	return pair->kind && pair->revision < floor;
}

/* A window under the lock of the stripe; there is always room for one */
static void open_locked(atomic64_t *word, bool *opened)
{
	if (!*opened)
		atomic64_inc_return(word);
	*opened = true;
}

static void drop_cleared_slots(struct bytemap_mirror *mirror,
			       struct bytemap_stripe *stripe,
			       struct syncmap_mapped_bucket *b, u64 floor,
			       bool *opened)
{
	int i;

	for (i = 0; i < SYNCMAP_MAPPED_SLOTS; i++) {
		if (!b->tag[i] || !is_cleared(mirror, b->slot[i], floor))
			continue;
		open_locked(bytemap_window_word(&b->word), opened);
		drop_slot(mirror, stripe, b, i);
	}
}

static void drop_cleared_pairs(struct bytemap_mirror *mirror,
			       struct bytemap_stripe *stripe,
			       const struct bytemap_pairs *pairs, u64 floor,
			       bool *opened)
{
	int i = bytemap_pairs_end(pairs);
	struct bytemap_pair pair;

	while (i--) {
		if (!bytemap_pairs_get(pairs, i, &pair) ||
		    !is_pair_cleared(mirror, &pair, floor))
			continue;
		open_locked(bytemap_window_word(&pairs->bucket->word), opened);
		drop_pair(mirror, stripe, pairs, i);
	}
}

static void drop_cleared_locked(struct bytemap_mirror *mirror,
				struct bytemap_stripe *stripe, u8 shift,
				u64 hash, u64 floor)
{
	struct syncmap_mapped_bucket *b =
		bytemap_window_bucket(mirror, shift, hash);
	struct bytemap_pairs pairs;
	bool opened = false;

	lockdep_assert_held(&stripe->lock);
	if (has_pairs(mirror)) {
		pairs = pairs_of(mirror, shift, hash);
		drop_cleared_pairs(mirror, stripe, &pairs, floor, &opened);
	} else {
		drop_cleared_slots(mirror, stripe, b, floor, &opened);
	}
	if (opened)
		atomic64_fetch_add_release(WINDOW_END,
					   bytemap_window_word(&b->word));
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
	bytemap_mirror_refresh(mirror, &hashed, item->key, item->key_len);
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
	mirror->flag = flip_spill(mirror);
	mirror->spilled = false;
	mirror->began = jiffies;
	begin_phase(mirror, MIRROR_REPAIRS);
}

/*
 * A repair takes as long as the map is large, and any writer can have some key
 * spilled: so it is a small part of the time, and smaller when some does not fit
 */
static void end_repairs(struct bytemap_mirror *mirror)
{
	unsigned long pause = max(RETRY_JIFFIES,
				  REPAIR_PART * (jiffies - mirror->began));

	if (!mirror->spilled)
		mirror->fruitless = 0;
	else if (mirror->fruitless < FRUITLESS_MOST)
		mirror->fruitless++;
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
	struct bytemap_stripe *stripe;
	u64 i, hash;

	for (i = 0; !(i >> shared); i++) {
		hash = i << (64 - shared);
		stripe = stripe_of(mirror, hash);
		spin_lock(&stripe->lock);
		move_group(mirror, stripe, from, to, hash);
		settle_group(mirror, from, to, hash);
		spin_unlock(&stripe->lock);
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

	while (shift < most && 2 * count > keys_most(mirror) << shift)
		shift++;
	while (shift > least && 12 * count < keys_least(mirror) << shift)
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
	struct bytemap_stripe *stripe;
	u64 hash;

	if (mirror->at >> shift) {
		forget_floor(mirror);
		begin_phase(mirror, MIRROR_RESTS);
		return;
	}
	hash = mirror->at++ << (64 - shift);
	stripe = stripe_of(mirror, hash);
	spin_lock(&stripe->lock);
	drop_cleared_locked(mirror, stripe, shift, hash, mirror->floor);
	spin_unlock(&stripe->lock);
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
	if (pause != MAX_JIFFY_OFFSET && !READ_ONCE(mirror->stops))
		queue_delayed_work(mirror->wq, &mirror->work, pause);
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
			want_work(mirror);
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
	want_work(mirror);
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
	want_work(map->mirror);
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
		want_work(mirror);
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
	want_work(mirror);
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
