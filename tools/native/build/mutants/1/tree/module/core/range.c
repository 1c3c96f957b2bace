// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range: all tables of a state merged in hash order.
 */
#include <linux/errno.h>
#include <linux/export.h>

#include "internal.h"

/* A key on the way, and what leads on from its word when that is closed */
struct found {
	u64				hash;
	u64				key;
	const atomic64_t		*word;
	struct syncmap_table *const	*next;
};

struct side {
	const struct syncmap_dirty	*dirty;
	struct dirty_pos		pos;
};

struct walk {
	const struct syncmap		*map;
	const struct syncmap_state	*state;
	struct table_pos		pos;
	struct found			slot;	/* at pos; no word: at the end */
	struct side			sides[2];
	unsigned int			nsides;
};

static void find_slot(struct walk *w)
{
	const struct syncmap_table *table = w->state->table;
	const struct syncmap_bucket *bucket;

	w->slot.word = NULL;
	if (!table_next(table, &w->pos))
		return;
	bucket = &table->view.buckets[w->pos.bucket];
	w->slot.key = bucket->key[w->pos.slot];
	w->slot.hash = key_word_hash(&w->map->params, &w->state->seed,
				     w->slot.key);
	w->slot.word = &bucket->word[w->pos.slot];
	w->slot.next = &table->next;
}

/* A dirty table that comes into use later has no key that was here before */
static void add_side(struct walk *w, const struct syncmap_dirty *dirty,
		     u64 hash)
{
	struct side *side = &w->sides[w->nsides];

	if (!dirty || !READ_ONCE(dirty->used))
		return;
	side->dirty = dirty;
	dirty_seek(dirty, &side->pos, hash);
	w->nsides++;
}

static void seek(struct walk *w, u64 hash)
{
	w->pos.bucket = syncmap_table_home(hash, w->state->view.homes);
	w->pos.slot = 0;
	add_side(w, w->state->old, hash);
	add_side(w, w->state->dirty, hash);
	find_slot(w);
	while (w->slot.word && w->slot.hash < hash) {
		w->pos.slot++;
		find_slot(w);
	}
}

/*
 * Find the smallest hash. The walks of the dirty tables must stand where they
 * are before the word of a slot is read, so that a key which is deleted and
 * comes back is linked behind them.
 */
static bool peek(struct walk *w, struct found *found, struct side **from)
{
	struct syncmap_node *node, *least = NULL;
	unsigned int i;

	*from = NULL;
	for (i = 0; i < w->nsides; i++) {
		node = dirty_next(w->sides[i].dirty, &w->sides[i].pos);
		if (node && (!least || node->hash < least->hash)) {
			least = node;
			*from = &w->sides[i];
		}
	}
	*found = w->slot;
	if (!least || (w->slot.word && w->slot.hash <= least->hash)) {
		*from = NULL;
		return w->slot.word;
	}
	found->hash = least->hash;
	found->key = least->key;
	found->word = &least->word;
	found->next = &(*from)->dirty->into;
	return true;
}

static void skip(struct walk *w, struct side *from)
{
	if (from) {
		from->pos.node = READ_ONCE(from->pos.node->next);
	} else {
		w->pos.slot++;
		find_slot(w);
	}
}

/* False when the key is absent */
static bool resolve(const struct walk *w, const struct found *found,
		    struct syncmap_entry *entry)
{
	const struct syncmap_keyobj *obj;
	struct syncmap_key key;
	u64 code;

	entry->hash = found->hash;
	entry->word = found->key;
	entry->key = &entry->word;
	entry->len = w->map->params.key_len;
	if (!entry->len) {
		obj = keyobj_of(found->key);
		entry->key = obj->bytes;
		entry->len = obj->len;
	}
	syncmap_key_init(&key, w->map->params.key_len, entry->key, entry->len);
	key.hash = found->hash;
	if (!syncmap_resolve(w->map, &key, found->word, found->next, &code) ||
	    code == CODE_ABSENT)
		return false;
	entry->value = syncmap_code_value(code);
	return true;
}

/*
 * Emit the entries from *@cursor on; stop between two runs of equal hashes once
 * @budget places have been visited, live or not, or when @emit says so.
 * *@cursor is left at the hash where to go on, which is that of the entry at
 * which @emit stopped.
 */
static int walk_on(struct syncmap *map, u64 *cursor, unsigned int budget,
		   int (*emit)(const struct syncmap_entry *entry, void *arg),
		   void *arg)
{
	struct walk w = { .map = map, .state = syncmap_state(map) };
	unsigned int visited = 0;
	struct syncmap_entry entry;
	struct found found;
	struct side *from;
	u64 last = 0;
	int ret;

	if (*cursor == SYNCMAP_CURSOR_END)
		return 0;
	seek(&w, *cursor);
	for (; peek(&w, &found, &from); skip(&w, from)) {
		if (visited >= budget && found.hash != last) {
			*cursor = found.hash;
			return 0;
		}
		visited++;
		last = found.hash;
		if (!resolve(&w, &found, &entry))
			continue;
		ret = emit(&entry, arg);
		if (ret) {
			*cursor = found.hash;
			return ret;
		}
	}
	*cursor = SYNCMAP_CURSOR_END;
	return 0;
}

/* Between so many places, a read section ends and preemption may set in */
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

/* Look at no more places than that in a call, once there is an entry */
#define NEXT_BUDGET	4096

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
 * Entries of equal hashes are never divided between two calls.
 *
 * Context: Within rcu_read_lock().
 * Return: the number of entries; 0 at the end, when *@cursor is
 * %SYNCMAP_CURSOR_END; -EMSGSIZE when @max is too small for the next run of
 * equal hashes, with *@cursor unchanged.
 */
int syncmap_next(struct syncmap *map, u64 *cursor,
		 struct syncmap_entry *entries, unsigned int max)
{
	struct part part = { .entries = entries, .max = max };
	u64 from = *cursor;

	syncmap_assert(map);
	while (!walk_on(map, cursor, NEXT_BUDGET, emit_part, &part))
		if (part.n || *cursor == SYNCMAP_CURSOR_END)
			return part.n;
	while (part.n && entries[part.n - 1].hash == *cursor)
		part.n--;
	if (part.n)
		return part.n;
	*cursor = from;
	return -EMSGSIZE;
}
EXPORT_SYMBOL_GPL(syncmap_next);
