// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range: all tables of a state merged in hash order.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "internal.h"

/* A key on the way, and what leads on from its word when that is closed */
struct found {
	u64				hash;
	u64				key;
	const atomic64_t		*word;
	struct syncmap_table *const	*next;
};

/*
 * A walk goes on in steps that look at one slot, or a run of them, at one node, or
 * at a bucket, where that ends a search: so it is known at any time below which hash
 * all has been seen.
 */
struct side {
	const struct syncmap_dirty	*dirty;	/* NULL: the read table, a roomy one */
	struct dirty_pos		pos;
	u64				hash;	/* what is left has no smaller one */
};

struct walk {
	const struct syncmap		*map;
	const struct syncmap_state	*state;
	u64				last;	/* hash looked at, or the cursor */
	struct table_pos		pos;
	struct found			slot;	/* at pos; its word is NULL if there
						 * is none, its hash as in a side
						 */
	struct side			sides[3];
	unsigned int			nsides;
	struct side			*near;	/* of them the first, or NULL */
	u64				near_hash;
	u32				steps;	/* see SYNCMAP_STEPS_MAX */
};

/*
 * What stands behind an empty bucket has its home behind it. Rounded down; but
 * what is left is not what the walk has looked at.
 */
static u64 hash_behind(const struct walk *w, u64 bucket)
{
	u64 homes = w->state->view.homes;

	if (bucket + 1 >= homes)
		return SYNCMAP_CURSOR_END;
	return max((bucket + 1) * div64_u64(U64_MAX, homes), w->last + 1);
}

/* Stand on the slot at pos, or on the first of the next bucket, if it is there */
static void find_slot(struct walk *w)
{
	const struct syncmap_table *table = w->state->table;
	const struct syncmap_view *view = &w->state->view;
	u8 key_len = w->map->params.key_len;

	w->slot.word = NULL;
	if (!table_has(table, &w->pos)) {
		w->pos.bucket++;
		w->pos.slot = 0;
		if (!table_has(table, &w->pos)) {
			w->slot.hash = hash_behind(w, w->pos.bucket);
			return;
		}
	}
	w->slot.key = syncmap_slot_key(view, w->pos.bucket, w->pos.slot, key_len);
	w->slot.hash = key_word_hash(&w->map->params, &w->state->seed,
				     w->slot.key);
	w->slot.word = syncmap_slot_word(view, w->pos.bucket, w->pos.slot,
					 key_len);
	w->slot.next = &table->next;
}

/*
 * A roomy table is walked as a dirty one is: what a bucket has when the walk comes to
 * it is sorted, and what it gets later is not looked at.
 */
static void look_into(const struct walk *w, struct side *side)
{
	const struct syncmap_table *table = w->state->table;
	struct dirty_pos *pos = &side->pos;
	struct syncmap_pair *pair = table->view.pairs[pos->bucket].pair;
	unsigned int slot, keys;

	dirty_walk_no_pairs(pos, pair);
	side->hash = SYNCMAP_CURSOR_END;
	if (pos->bucket == table->buckets)
		return;
	keys = table_keys(table, pos->bucket);
	for (slot = 0; slot < keys; slot++)
		dirty_walk_sort(pos, key_word_hash(&w->map->params,
						   &w->state->seed,
						   READ_ONCE(pair[slot].key)), slot);
	/*
	 * Before the word of a node is read whose key may be here by now; pairs with
	 * the cmpxchg in syncmap_table_claim(). See litmus/range-slot
	 */
	smp_rmb();
	side->hash = keys ? pos->hashes[0] : hash_behind(w, pos->bucket);
}

/* From a slot to the next, or from an empty bucket */
static void table_walk_on(const struct walk *w, struct side *side)
{
	struct dirty_pos *pos = &side->pos;

	if (pos->pair < pos->pairs)
		pos->pair++;
	if (pos->pair < pos->pairs) {
		side->hash = pos->hashes[pos->pair];
		return;
	}
	pos->bucket++;
	look_into(w, side);
}

/* Before the dirty tables, so that of equal hashes it is the first; no slot is left */
static void add_table(struct walk *w, u64 hash)
{
	struct side *side = &w->sides[w->nsides++];

	side->pos.bucket = w->pos.bucket;
	look_into(w, side);
	while (dirty_walk_has(&side->pos) && side->hash < hash) {
		table_walk_on(w, side);
		syncmap_step_count(&w->steps);
	}
	w->slot.hash = SYNCMAP_CURSOR_END;
}

/* A dirty table that comes into use later has no key that was here before */
static void add_side(struct walk *w, const struct syncmap_dirty *dirty,
		     u64 hash)
{
	struct side *side = &w->sides[w->nsides];

	if (!dirty || !READ_ONCE(dirty->used))
		return;
	side->dirty = dirty;
	w->steps += dirty_seek(dirty, &side->pos, hash);
	side->hash = dirty_walk_hash(dirty, &side->pos);
	w->nsides++;
}

/*
 * Which of the sides comes first. Of those with the same hash, who has not found
 * anything yet: the walk of the newer one must stand where it is before the word
 * of a node of the old one is read, as in first().
 */
static void find_near(struct walk *w)
{
	struct side *side;

	w->near = NULL;
	w->near_hash = SYNCMAP_CURSOR_END;
	for (side = w->sides; side < w->sides + w->nsides; side++) {
		if (side->hash < w->near_hash ||
		    (side->hash == w->near_hash && !dirty_walk_has(&side->pos))) {
			w->near = side;
			w->near_hash = side->hash;
		}
	}
}

static void seek_slot(struct walk *w, u64 hash)
{
	find_slot(w);
	while (w->slot.word && w->slot.hash < hash) {
		w->pos.slot++;
		find_slot(w);
		syncmap_step_count(&w->steps);
	}
}

static void seek(struct walk *w, u64 hash)
{
	w->last = hash;
	w->pos.bucket = syncmap_table_home(hash, w->state->view.homes);
	w->pos.slot = 0;
	if (w->state->table->roomy)
		add_table(w, hash);
	add_side(w, w->state->old, hash);
	add_side(w, w->state->dirty, hash);
	find_near(w);
	if (!w->state->table->roomy)
		seek_slot(w, hash);
}

/*
 * Which side comes first, NULL: the read table; and the smallest hash of what is
 * left. Of equal ones that of a side which has not found anything yet: for the
 * walks of the dirty tables must stand where they are before the word of a slot is
 * read, so that a key which is deleted and comes back is linked behind them.
 */
static struct side *first(struct walk *w, u64 *hash)
{
	*hash = min(w->slot.hash, w->near_hash);
	if (likely(w->slot.hash < w->near_hash) || !w->near ||
	    (w->slot.hash == w->near_hash && dirty_walk_has(&w->near->pos)))
		return NULL;
	return w->near;
}

/* The code of a key whose word is closed, or 0 */
static noinline u64 follow(const struct walk *w, const struct found *found,
			   const struct syncmap_entry *entry)
{
	struct syncmap_key key;
	u64 code = CODE_ABSENT;

	syncmap_key_init(&key, w->map->params.key_len, entry->key, entry->len);
	key.hash = found->hash;
	syncmap_resolve(w->map, &key, found->word, found->next, &code);
	syncmap_look_up_ends(w->map, &key);
	return code;
}

/* Fill in all but the key. Return: false when that is absent */
static __always_inline bool resolve(const struct walk *w,
				    const struct found *found,
				    struct syncmap_entry *entry)
{
	u64 word = word_read(found->word);

	if (word == WORD_EXPUNGED)
		return false;
	entry->hash = found->hash;
	word = likely(word_is_open(word)) ? word_code(word) :
					    follow(w, found, entry);
	entry->value = syncmap_code_value(word);
	return word != CODE_ABSENT;
}

/* From one key that is a word to another only ->word changes */
static __always_inline void set_key(const struct walk *w, u64 key,
				    struct syncmap_entry *entry)
{
	entry->word = key;
	entry->key = key_word_bytes(&entry->word, w->map->params.key_len,
				    &entry->len);
}

typedef int (*emit_fn)(const struct syncmap_entry *entry, void *arg);

/* Of the budget, and of what is counted in debug builds */
static __always_inline void step(struct walk *w, unsigned int *steps)
{
	++*steps;
	syncmap_step_count(&w->steps);
}

/* From a bucket without keys to the next */
static __always_inline void walk_empty(struct walk *w, unsigned int *steps)
{
	step(w, steps);
	find_slot(w);
}

/* From what a side stands on to the next, or a step of that way */
static __always_inline void side_walk_on(const struct walk *w, struct side *side)
{
	if (!side->dirty) {
		table_walk_on(w, side);
		return;
	}
	if (dirty_walk_has(&side->pos))
		dirty_walk_on(side->dirty, &side->pos);
	else
		dirty_walk_step(side->dirty, &side->pos);
	side->hash = dirty_walk_hash(side->dirty, &side->pos);
}

/* Emit the key that a side stands on, if it does on one; and a step on */
static __always_inline int walk_side(struct walk *w, struct side *side,
				     unsigned int *steps, emit_fn emit,
				     void *arg)
{
	struct found found = {
		.next = side->dirty ? &side->dirty->into : &w->state->table->next,
	};
	struct syncmap_entry entry;
	struct dirty_item item;
	int ret = 0;

	step(w, steps);
	if (dirty_walk_has(&side->pos)) {
		item = dirty_walk_item(&side->pos);
		found.hash = item.hash;
		found.word = item.word;
		w->last = item.hash;
		set_key(w, item.key, &entry);
		if (resolve(w, &found, &entry))
			ret = emit(&entry, arg);
	}
	side_walk_on(w, side);
	find_near(w);
	return ret;
}

/* So many buckets, and about as many keys, are walked at a time at most */
#define RUN		32
#define RUN_STEPS	(2 * RUN + SYNCMAP_PAIR_SLOTS)

/* Behind which bucket no key comes before all that is left of the dirty tables */
static u64 end_of_run(const struct walk *w)
{
	u64 end = w->state->table->buckets;

	if (w->near)
		end = max(w->pos.bucket,
			  syncmap_table_home(w->near_hash,
					     w->state->view.homes)) + 1;
	return min(end, w->pos.bucket + RUN);
}

/*
 * Where the keys of the buckets from pos on stand, counted from the first slot of
 * the first bucket; without a branch that depends on how many a bucket has, which
 * cannot be foreseen. Return: how many these are; pos is moved behind them.
 */
static __always_inline unsigned int gather_pairs(struct walk *w, u8 *run,
						 unsigned int *steps)
{
	const struct syncmap_view view = w->state->view;
	u64 bucket = w->pos.bucket, end = end_of_run(w);
	unsigned int keys, slot, n = 0, empty = 0;

	static_assert(SYNCMAP_PAIR_SLOTS == 4 && RUN * SYNCMAP_PAIR_SLOTS < 256);
	for (slot = 0; n < RUN && bucket < end; bucket++) {
		keys = *syncmap_pairs_tag(&view, bucket) & SYNCMAP_TAG_KEYS;
		run[n] = slot;
		run[n + 1] = slot + 1;
		run[n + 2] = slot + 2;
		run[n + 3] = slot + 3;
		slot += SYNCMAP_PAIR_SLOTS;
		n += keys;
		empty += !keys;
	}
	w->pos.bucket = bucket;
	w->pos.slot = 0;
	*steps += empty;
	w->steps += empty;
	return n;
}

/*
 * Emit the pair at pos, and those behind it that come before all that is left of
 * the dirty tables, as most of a map does: these are not looked at meanwhile. Ends
 * after a run; a budget is not looked at before.
 */
static __always_inline int walk_pairs(struct walk *w, bool plain,
				      unsigned int *steps, emit_fn emit,
				      void *arg)
{
	struct syncmap_pair *pair = w->state->view.pairs[w->pos.bucket].pair;
	const siphash_key_t seed = w->state->seed;
	struct found found = w->slot;
	unsigned int i = w->pos.slot;
	u8 run[RUN + SYNCMAP_PAIR_SLOTS];
	u64 first = w->pos.bucket;
	struct syncmap_entry entry;
	unsigned int n;
	int ret = 0;

	n = gather_pairs(w, run, steps);
	set_key(w, found.key, &entry);
	for (;;) {
		step(w, steps);
		w->last = found.hash;
		if (resolve(w, &found, &entry))
			ret = emit(&entry, arg);
		if (ret || ++i >= n)
			break;
		entry.word = READ_ONCE(pair[run[i]].key);
		found.word = &pair[run[i]].word;
		found.hash = plain ?
			syncmap_hash_short(entry.word, sizeof(u64), &seed) :
			key_word_hash(&w->map->params, &seed, entry.word);
		if (found.hash >= w->near_hash)
			break;
	}
	if (i < n) {
		w->pos.bucket = first + run[i] / SYNCMAP_PAIR_SLOTS;
		w->pos.slot = run[i] % SYNCMAP_PAIR_SLOTS;
	}
	find_slot(w);
	return ret;
}

/* The key objects that come next, while those before them are looked at */
static __always_inline void prefetch_keyobjs(const struct syncmap_bucket *bucket)
{
	unsigned int slot;

	for (slot = 0; slot < SYNCMAP_BUCKET_SLOTS; slot++)
		syncmap_prefetch(syncmap_keyobj_of(bucket->key[slot]));
}

/*
 * The same for keys that are no words. Ends at a bucket without keys, such as the
 * last one, and where walk_on() does.
 */
static __always_inline int walk_slots(struct walk *w, unsigned int *steps,
				      unsigned int budget, emit_fn emit,
				      void *arg)
{
	const struct syncmap_params *params = &w->map->params;
	const struct syncmap_view view = w->state->view;
	const siphash_key_t seed = w->state->seed;
	struct found found = w->slot;
	unsigned int slot = w->pos.slot;
	u64 bucket = w->pos.bucket;
	unsigned int keys = table_keys(w->state->table, bucket);
	struct syncmap_entry entry;
	int ret = 0;

	do {
		step(w, steps);
		w->last = found.hash;
		set_key(w, found.key, &entry);
		if (resolve(w, &found, &entry))
			ret = emit(&entry, arg);
		if (ret)
			break;
		if (++slot == keys) {
			keys = table_keys(w->state->table, ++bucket);
			slot = 0;
			if (!keys)
				break;
			if (!params->key_len)
				prefetch_keyobjs(&view.buckets[bucket + 1]);
		}
		found.key = syncmap_slot_key(&view, bucket, slot, params->key_len);
		found.word = syncmap_slot_word(&view, bucket, slot,
					       params->key_len);
		found.hash = key_word_hash(params, &seed, found.key);
	} while (found.hash < w->near_hash &&
		 (*steps < budget || found.hash == w->last));
	w->pos.bucket = bucket;
	w->pos.slot = slot;
	find_slot(w);
	return ret;
}

/*
 * Emit the entries from *@cursor on; stop between two runs of equal hashes after
 * @budget steps, and up to RUN_STEPS more, or when @emit says so. *@cursor is left
 * at a hash where to go on, which is that of the entry at which @emit stopped.
 */
static __always_inline int walk_on(struct syncmap *map, u64 *cursor,
				   unsigned int budget, emit_fn emit, void *arg)
{
	struct walk w = { .map = map, .state = syncmap_state(map) };
	unsigned int steps = 0;
	struct side *side;
	int ret = 0;

	if (*cursor == SYNCMAP_CURSOR_END)
		return 0;
	seek(&w, *cursor);
	while (side = first(&w, cursor), *cursor != SYNCMAP_CURSOR_END &&
	       (steps < budget || *cursor == w.last)) {
		if (side)
			ret = walk_side(&w, side, &steps, emit, arg);
		else if (!w.slot.word)
			walk_empty(&w, &steps);
		else if (syncmap_is_plain(map))
			ret = walk_pairs(&w, true, &steps, emit, arg);
		else if (syncmap_key_is_word(map->params.key_len))
			ret = walk_pairs(&w, false, &steps, emit, arg);
		else
			ret = walk_slots(&w, &steps, budget, emit, arg);
		if (ret) {
			*cursor = w.last;
			break;
		}
	}
	/* Equal hashes are never divided, however many there are */
	if (map->params.hash != SYNCMAP_HASH_CUSTOM)
		syncmap_step_rest(&w.steps);
	return ret;
}

/* After so many steps, a read section ends and preemption may set in */
#define RANGE_PART	64

/**
 * syncmap_range - call a function for each key
 * @map: the map
 * @fn: called with an entry; stops the range by returning other than 0. Runs in
 *	an RCU read section: it must not sleep, but may use the map, and range
 *	over it.
 * @arg: second argument of @fn
 *
 * No key is visited twice, and no key is missed that is present from beginning
 * to end; the value is one that the key had meanwhile. Keys that come or go may
 * be visited or not. Allocates nothing.
 *
 * It does not sleep, as it may run within the read section of another range; on
 * a kernel without preemption, whoever walks millions of keys had better use
 * syncmap_next() and cond_resched().
 *
 * Context: Any but NMI. Takes rcu_read_lock(), and leaves it now and then.
 * Return: what @fn returned last, 0 for an empty map.
 */
int syncmap_range(struct syncmap *map,
		  int (*fn)(const struct syncmap_entry *entry, void *arg),
		  void *arg)
{
	u64 cursor = 0;
	int ret = 0;

	syncmap_assert(map);
	while (!ret && cursor != SYNCMAP_CURSOR_END) {
		rcu_read_lock();
		ret = walk_on(map, &cursor, RANGE_PART, fn, arg);
		rcu_read_unlock();
	}
	return ret;
}
EXPORT_SYMBOL_GPL(syncmap_range);

struct part {
	struct syncmap_entry	*entries;
	unsigned int		n;
	unsigned int		max;
};

static int emit_part(const struct syncmap_entry *entry, void *arg)
{
	struct part *part = arg;
	struct syncmap_entry *to = &part->entries[part->n];

	if (part->n == part->max)
		return 1;
	*to = *entry;
	if (entry->key == &entry->word)
		to->key = &to->word;
	part->n++;
	return 0;
}

/* A call ends after so many steps, however few entries it has found */
#define NEXT_BUDGET	928
/* And the chains in which a call of its kind finds its beginning, and its last run */
static_assert(NEXT_BUDGET + 2 * BUCKET_KEYS + RUN_STEPS <= SYNCMAP_STEPS_MAX);

/**
 * syncmap_next - get the next entries of a range
 * @map: the map
 * @cursor: where to begin, 0 for a new range; moved behind what is returned
 * @entries: where to put them
 * @max: how many there is room for
 *
 * Together the calls of a range show what one syncmap_range() shows. Between
 * two calls nothing is held and anything may happen, sleep included; a cursor
 * is a number and needs no end. The keys and values are to be used within the
 * read section of the call.
 *
 * The time that a call takes is bounded, whatever the map is like: where many
 * keys have been deleted it returns without an entry, and *@cursor tells where
 * to go on. So whoever wants all leaves the read section, does cond_resched(),
 * and calls again until *@cursor is %SYNCMAP_CURSOR_END.
 *
 * Entries of equal hashes are never divided between two calls.
 *
 * Context: Within rcu_read_lock().
 * Return: the number of entries, which may be 0 anywhere; -EMSGSIZE when @max
 * is too small for the next run of equal hashes, with *@cursor unchanged.
 */
int syncmap_next(struct syncmap *map, u64 *cursor,
		 struct syncmap_entry *entries, unsigned int max)
{
	struct part part = { .entries = entries, .max = max };
	u64 from = *cursor;

	syncmap_assert(map);
	if (!walk_on(map, cursor, NEXT_BUDGET, emit_part, &part))
		return part.n;
	while (part.n && entries[part.n - 1].hash == *cursor)
		part.n--;
	if (part.n)
		return part.n;
	*cursor = from;
	return -EMSGSIZE;
}
EXPORT_SYMBOL_GPL(syncmap_next);
