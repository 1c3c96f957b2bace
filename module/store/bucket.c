// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the buckets of a mirror say of their keys
 *
 * Whoever has changed something does not say what: the key is looked up in the map,
 * with the lock of its stripe, and its bucket says the same from there on; or that
 * it does not know. When there is another index, buckets say what those did to which
 * their keys have belonged before. Why that is right is said in mirror.c.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/syncmap.h>

#include "arena.h"
#include "attempt.h"
#include "bucket.h"
#include "bytemap.h"
#include "entry.h"
#include "pairs.h"
#include "view.h"
#include "window.h"

#define WINDOW_END	(SYNCMAP_MAPPED_VERSION - 1)

/*
 * Keys of two buckets in the mean, so that few have more than there are places,
 * and of twelve; the same where a bucket has places for pairs
 */
#define KEYS_MOST	9ULL
#define KEYS_LEAST	11ULL
#define PAIRS_MOST	5ULL
#define PAIRS_LEAST	6ULL

/* Longer keys have no slot */
#define KEY_LEN_MOST	((u16)(SYNCMAP_MAPPED_PAGE - \
			       sizeof(struct syncmap_mapped_slot)))

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

/*
 * There is something to do for the mirror as a whole. From any context. However
 * often writers say so, it is begun once a jiffy
 */
void bytemap_bucket_want_work(struct bytemap_mirror *mirror)
{
	/*
	 * Pairs with work_portion(): it finds what there is to do, or we call it. See
	 * litmus/mapped-called
	 */
	smp_mb();
	if (READ_ONCE(mirror->called))
		return;
	WRITE_ONCE(mirror->called, true);
	mod_delayed_work(mirror->wq, &mirror->work,
			 !time_before(READ_ONCE(mirror->begun), jiffies));
}

/* What is in no bucket may fit now. The work sees to that, but not all the time */
static void want_repair(struct bytemap_mirror *mirror)
{
	if (READ_ONCE(mirror->repairs))
		return;
	WRITE_ONCE(mirror->repairs, true);
	bytemap_bucket_want_work(mirror);
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
		bytemap_bucket_want_work(mirror);
	if (unlikely(word & SYNCMAP_MAPPED_SPILL) && !READ_ONCE(mirror->room)) {
		WRITE_ONCE(mirror->room, true);
		WRITE_ONCE(mirror->repairs, true);
		bytemap_bucket_want_work(mirror);
	}
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
	if (bytemap_pairs_end(pairs) < BYTEMAP_PAIRS_MOST)
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

	if (!bytemap_bucket_has_pairs(mirror))
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

	if (!bytemap_bucket_has_pairs(mirror))
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

	if (bytemap_bucket_has_pairs(mirror)) {
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
	if (!bytemap_bucket_has_pairs(mirror)) {
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

/* What belongs together is in the index of 2^@to, and readers find it there */
void bytemap_bucket_move(struct bytemap_mirror *mirror, u8 from, u8 to, u64 hash)
{
	struct bytemap_stripe *stripe = stripe_of(mirror, hash);

	spin_lock(&stripe->lock);
	move_group(mirror, stripe, from, to, hash);
	settle_group(mirror, from, to, hash);
	spin_unlock(&stripe->lock);
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

static u64 keys_most(const struct bytemap_mirror *mirror)
{
	return bytemap_bucket_has_pairs(mirror) ? PAIRS_MOST : KEYS_MOST;
}

static u64 keys_least(const struct bytemap_mirror *mirror)
{
	return bytemap_bucket_has_pairs(mirror) ? PAIRS_LEAST : KEYS_LEAST;
}

/* Return: whether @count keys are too many for 2^@shift buckets */
bool bytemap_bucket_are_full(const struct bytemap_mirror *mirror, u64 count,
			     u8 shift)
{
	return 2 * count > keys_most(mirror) << shift;
}

/* Return: whether they are too few for so many */
bool bytemap_bucket_are_empty(const struct bytemap_mirror *mirror, u64 count,
			      u8 shift)
{
	return 12 * count < keys_least(mirror) << shift;
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
	return (bytemap_bucket_are_full(mirror, count, buckets) &&
		shift < mirror->shift_max) ||
	       (bytemap_bucket_are_empty(mirror, count, buckets) &&
		shift > SYNCMAP_MAPPED_SHIFT_MIN);
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
		bytemap_bucket_want_work(mirror);
}

/*
 * @window ends, in which something may have changed: processes see what the map
 * has. In the RCU read section in which it was opened, without locks of values.
 */
void bytemap_bucket_end(struct bytemap_window *window,
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
void bytemap_bucket_refresh(struct bytemap_mirror *mirror,
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
void bytemap_bucket_refresh_mortal(struct bytemap_mirror *mirror,
				   const struct bytemap_value *value)
{
	const void *key = bytemap_mortal_key(value);
	struct syncmap_hashed_key hashed;

	syncmap_hashed_key_init(&hashed, key, value->key_len);
	bytemap_bucket_refresh(mirror, &hashed, key, value->key_len);
}

/* Clear */

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

/* What the bucket of a @hash has of before the revision @floor is dropped */
void bytemap_bucket_drop_cleared(struct bytemap_mirror *mirror, u8 shift,
				 u64 hash, u64 floor)
{
	struct syncmap_mapped_bucket *b =
		bytemap_window_bucket(mirror, shift, hash);
	struct bytemap_stripe *stripe = stripe_of(mirror, hash);
	struct bytemap_pairs pairs;
	bool opened = false;

	spin_lock(&stripe->lock);
	if (bytemap_bucket_has_pairs(mirror)) {
		pairs = pairs_of(mirror, shift, hash);
		drop_cleared_pairs(mirror, stripe, &pairs, floor, &opened);
	} else {
		drop_cleared_slots(mirror, stripe, b, floor, &opened);
	}
	if (opened)
		atomic64_fetch_add_release(WINDOW_END,
					   bytemap_window_word(&b->word));
	spin_unlock(&stripe->lock);
}
