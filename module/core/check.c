// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants, for tests and for doubts about a live map.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "internal.h"

struct check {
	const struct syncmap		*map;
	const struct syncmap_state	*state;
	u64				hash;	/* of the key before */
	long				live;
	long				dead;
	long				dirty_dead;
	long				dirty;
	long				nodes;
	const char			*broken;
};

static void expect(struct check *c, bool holds, const char *what)
{
	if (!holds && !c->broken)
		c->broken = what;
}

static void key_of(const struct check *c, u64 word, struct syncmap_key *key)
{
	u8 key_len = c->map->params.key_len;
	const void *bytes;
	size_t len;

	bytes = key_word_bytes(&word, key_len, &len);
	syncmap_key_init(key, key_len, bytes, len);
	key->bytes = bytes == &word ? &key->word : bytes;
	syncmap_key_hash(c->map, c->state, key, false);
}

/* Nobody builds: each word is open, or expunged. @dead: where tombstones are counted */
static void check_word(struct check *c, const atomic64_t *home, long *dead)
{
	u64 word = word_read(home);

	expect(c, word_is_open(word) || word == WORD_EXPUNGED,
	       "a word is closed and leads nowhere");
	if (word == WORD_DEAD)
		++*dead;
	else if (word_is_open(word))
		c->live++;
}

static void check_filter(struct check *c, const struct syncmap_table *table,
			 u64 hash, u64 bucket)
{
	u64 home = syncmap_table_home(hash, table->view.homes);

	expect(c, home <= bucket, "a key stands before its home");
	for (; home < bucket && !c->broken; home++)
		expect(c, table_filters(table, hash, home),
		       "a filter bit is missing");
}

/* Pairs have none */
static void check_fingerprint(struct check *c, const struct syncmap_table *table,
			      const struct table_pos *pos, u64 hash)
{
	u64 header;

	if (syncmap_key_is_word(table->key_len))
		return;
	header = table->view.buckets[pos->bucket].header;
	expect(c, header_slot(header, pos->slot) == syncmap_fingerprint(hash),
	       "a fingerprint is wrong");
}

/* Else key 0 would be found where it is not */
static void check_unfilled(struct check *c, const struct syncmap_table *table,
			   u64 bucket)
{
	const struct syncmap_pair *pair = table->view.pairs[bucket].pair;
	unsigned int slot = table_keys(table, bucket);

	for (; slot < SYNCMAP_PAIR_SLOTS; slot++)
		expect(c, !pair[slot].key && !word_read(&pair[slot].word),
		       "a slot that is not filled has something");
}

/* A key that has come to a table with room */
static void check_came(struct check *c, const struct syncmap_table *table,
		       u64 bucket, const struct syncmap_key *key)
{
	u64 home = syncmap_table_home(key->hash, table->view.homes);

	expect(c, table->roomy && key->word, "a key has come to a table without room");
	expect(c, bucket == home, "a key has come to a bucket that is not its home");
	expect(c, !table_is_barred(table, bucket), "a key has come where key 0 is looked for");
}

static void check_table(struct check *c)
{
	const struct syncmap_table *table = c->state->table;
	u8 key_len = c->map->params.key_len;
	struct table_pos pos = {};
	const atomic64_t *home;
	struct syncmap_key key;
	u64 keys = 0, bucket;

	for (c->hash = 0; table_next(table, &pos) && !c->broken; pos.slot++) {
		home = syncmap_slot_word(&table->view, pos.bucket, pos.slot,
					 key_len);
		key_of(c, syncmap_slot_key(&table->view, pos.bucket, pos.slot,
					   key_len), &key);
		check_fingerprint(c, table, &pos, key.hash);
		if (pos.slot < table_placed(table, pos.bucket))
			expect(c, key.hash >= c->hash,
			       "the read table has no order");
		else
			check_came(c, table, pos.bucket, &key);
		expect(c, syncmap_table_find(&table->view, &key, key_len,
					     false) == home,
		       "a key is there twice");
		check_filter(c, table, key.hash, pos.bucket);
		check_word(c, home, &c->dead);
		c->hash = max(c->hash, key.hash);
		keys++;
		cond_resched();
	}
	expect(c, keys == table->keys || (table->roomy && keys > table->keys),
	       "the read table miscounts its keys");
	for (bucket = 0; syncmap_key_is_word(table->key_len) &&
	     bucket < table->buckets && !c->broken; bucket++) {
		check_unfilled(c, table, bucket);
		cond_resched();
	}
	expect(c, !table->next, "a read table has a successor");
}

/* Whether some older place has, or may come to have, a live word of this key */
static bool at_home_before(const struct check *c, const struct syncmap_key *key,
			   const struct syncmap_dirty *dirty)
{
	u8 key_len = c->map->params.key_len;
	const atomic64_t *home;

	home = syncmap_table_find(&c->state->view, key, key_len, false);
	if (home && word_read(home) != WORD_EXPUNGED)
		return true;
	if (!c->state->old || dirty == c->state->old)
		return false;
	home = dirty_find(c->state->old, key);
	return home && word_read(home) != WORD_EXPUNGED;
}

/* A key of a dirty table, where @home is its word */
static void check_item(struct check *c, struct syncmap_dirty *dirty, u64 bucket,
		       const struct dirty_item *item, bool may_die)
{
	u64 word = word_read(item->word);
	struct syncmap_key key;

	c->dirty += word_is_live(word);
	key_of(c, item->key, &key);
	expect(c, key.hash == item->hash, "a node's hash is wrong");
	expect(c, dirty_bucket_index(dirty, key.hash) == bucket,
	       "a dirty key is in the wrong bucket");
	expect(c, dirty_find(dirty, &key) == item->word,
	       "a dirty key is there twice");
	if (word != WORD_EXPUNGED)
		expect(c, !at_home_before(c, &key, dirty),
		       "a key has two homes");
	expect(c, may_die || word != WORD_DEAD, "a tombstone in an open chain");
	check_word(c, item->word, &c->dirty_dead);
}

static void check_pairs(struct check *c, struct syncmap_dirty *dirty, u64 bucket)
{
	bool sealed = READ_ONCE(dirty->buckets[bucket].sealed);
	struct syncmap_pair *pair = dirty->buckets[bucket].pairs;
	struct syncmap_pair *end = pair + BUCKET_PAIRS;
	struct dirty_item item;

	for (; pair < end && READ_ONCE(pair->key); pair++) {
		item.key = READ_ONCE(pair->key);
		item.word = &pair->word;
		item.hash = key_word_hash(&c->map->params, &c->state->seed,
					  item.key);
		expect(c, sealed || word_read(item.word) != WORD_EXPUNGED,
		       "a pair has no word");
		check_item(c, dirty, bucket, &item, true);
	}
	for (; pair < end; pair++)
		expect(c, !READ_ONCE(pair->key) && !word_read(&pair->word),
		       "a pair without a key has something");
}

static void check_chain(struct check *c, struct syncmap_dirty *dirty, u64 bucket,
			unsigned int slot)
{
	struct syncmap_node *node = READ_ONCE(dirty->buckets[bucket].heads[slot]);
	bool sealed = READ_ONCE(dirty->buckets[bucket].sealed);
	struct dirty_item item;

	for (c->hash = 0; node && !c->broken; node = READ_ONCE(node->next)) {
		if (word_read(&node->word) == WORD_EXPUNGED && !sealed)
			continue;
		c->nodes++;
		item.hash = node->hash;
		item.key = node->key;
		item.word = &node->word;
		expect(c, node->hash >= c->hash, "a chain has no order");
		check_item(c, dirty, bucket, &item, sealed);
		expect(c, dirty_slot(dirty, node->hash) == slot,
		       "a node is in the wrong chain");
		c->hash = node->hash;
	}
}

/*
 * In one read section, as a node may go when it ends: for each key its chain is
 * searched once or twice, and of both there are BUCKET_KEYS at most.
 */
static void check_bucket(struct check *c, struct syncmap_dirty *dirty, u64 bucket)
{
	unsigned int slot;

	rcu_read_lock();
	if (dirty_has_pairs(dirty))
		check_pairs(c, dirty, bucket);
	for (slot = 0; slot < dirty->chains; slot++)
		check_chain(c, dirty, bucket, slot);
	rcu_read_unlock();
}

static void check_dirty(struct check *c, struct syncmap_dirty *dirty)
{
	u64 bucket;

	if (!dirty->used)
		return;
	for (bucket = 0; bucket < dirty_buckets(dirty) && !c->broken; bucket++) {
		check_bucket(c, dirty, bucket);
		cond_resched();
	}
	expect(c, !dirty->into, "a dirty table has a successor");
}

static void check_state(struct check *c)
{
	struct syncmap_counts sum;

	if (state_is_empty(c->state))
		return;
	expect(c, c->state->view.buckets == c->state->table->view.buckets,
	       "a state does not show its read table");
	check_table(c);
	if (c->state->old)
		check_dirty(c, c->state->old);
	check_dirty(c, c->state->dirty);
	syncmap_state_sum(c->state, &sum);
	expect(c, sum.live == c->live, "the count of keys is wrong");
	expect(c, sum.dead == c->dead, "the count of tombstones is wrong");
	expect(c, sum.dirty_dead == c->dirty_dead,
	       "the count of dirty tombstones is wrong");
	expect(c, sum.dirty == c->dirty, "the count of dirty keys is wrong");
	expect(c, sum.nodes == c->nodes, "the count of nodes is wrong");
}

/**
 * syncmap_check - check a map's invariants
 * @map: the map
 *
 * Those of internal.h, the order and agreement of the tables, and the counts.
 * Meant for a map that nobody updates; updates at the same time can make it
 * report what is not so, but do no harm.
 *
 * Context: Process context, sleeps; keeps promotions waiting.
 * Return: 0, or -EUCLEAN after a line in the kernel log that names the first
 * invariant found broken.
 */
int syncmap_check(struct syncmap *map)
{
	struct check c = { .map = map };
	struct syncmap_state *state;

	syncmap_assert(map);
	syncmap_token_wait(map);
	state = syncmap_state_pin(map);
	c.state = state;
	check_state(&c);
	syncmap_state_unpin(state);
	syncmap_token_release(map);
	if (!c.broken)
		return 0;
	pr_err_ratelimited("syncmap: map %p: %s\n", map, c.broken);
	return -EUCLEAN;
}
EXPORT_SYMBOL_GPL(syncmap_check);
