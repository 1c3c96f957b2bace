// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking inside a map, and single operations as data.
 */
#include "inside.h"

const char *const test_place_titles[TEST_PLACES] = {
	"absent", "read", "read, dead", "dirty", "dirty, deleted",
	"in a node", "in a node, deleted",
};

const char *const test_action_titles[TEST_ACTIONS] = {
	"load", "swap", "load_or_store", "load_and_delete",
	"compare_and_swap", "compare_and_delete",
};

struct test_result test_act_run(struct test_map *tm, const struct test_act *act)
{
	struct syncmap *map = &tm->map;
	struct test_result result = {};
	struct test_key k;

	test_key(tm, TEST_SUBJECT, &k);
	switch (act->action) {
	case TEST_LOAD:
		result.yes = syncmap_load(map, k.bytes, k.len, &result.value);
		break;
	case TEST_SWAP:
		result.yes = syncmap_swap(map, k.bytes, k.len, act->new,
					  &result.value, GFP_ATOMIC);
		break;
	case TEST_LOAD_OR_STORE:
		result.yes = syncmap_load_or_store(map, k.bytes, k.len,
						   act->new, &result.value,
						   GFP_ATOMIC);
		break;
	case TEST_LOAD_AND_DELETE:
		result.yes = syncmap_load_and_delete(map, k.bytes, k.len,
						     &result.value);
		break;
	case TEST_COMPARE_AND_SWAP:
		result.yes = syncmap_compare_and_swap(map, k.bytes, k.len,
						      act->old, act->new);
		break;
	default:
		result.yes = syncmap_compare_and_delete(map, k.bytes, k.len,
							act->old);
	}
	return result;
}

struct test_result test_act_model(struct test_cell *cell,
				  const struct test_act *act)
{
	struct test_cell old = *cell;
	bool match = old.present && old.value == act->old;
	struct test_result result = {
		.yes = old.present,
		.value = old.present ? old.value : NULL,
	};

	switch (act->action) {
	case TEST_LOAD:
		break;
	case TEST_SWAP:
		*cell = (struct test_cell){ true, act->new };
		break;
	case TEST_LOAD_OR_STORE:
		if (!old.present)
			*cell = (struct test_cell){ true, act->new };
		result.value = cell->value;
		break;
	case TEST_LOAD_AND_DELETE:
		cell->present = false;
		break;
	case TEST_COMPARE_AND_SWAP:
		if (match)
			cell->value = act->new;
		return (struct test_result){ .yes = match };
	default:
		if (match)
			cell->present = false;
		return (struct test_result){ .yes = match };
	}
	return result;
}

bool test_results_equal(const struct test_result *a,
			const struct test_result *b)
{
	return a->yes == b->yes && a->value == b->value;
}

bool test_cell_shows(struct test_map *tm, const struct test_cell *cell)
{
	void *value = NULL;

	return tm_load(tm, TEST_SUBJECT, &value) == cell->present &&
	       (!cell->present || value == cell->value) &&
	       syncmap_count(&tm->map) == TEST_NEIGHBOURS + cell->present;
}

/* The subject, in the place or on the way to it */
static int store_subject(struct test_map *tm, enum test_place place)
{
	int err = 0;

	if (place == TEST_NODE || place == TEST_NODE_DELETED)
		err = tm_take_pairs(tm, TEST_SUBJECT);
	return err ?: tm_store(tm, TEST_SUBJECT, val(1));
}

int test_act_setup(struct test_map *tm, enum test_place place,
		   struct test_cell *cell)
{
	u64 half = TEST_SUBJECT + 1 + TEST_NEIGHBOURS / 2;
	int err;

	syncmap_clear(&tm->map);
	*cell = (struct test_cell){};
	err = tm_fill(tm, TEST_SUBJECT + 1, half);
	if (!err && (place == TEST_READ || place == TEST_READ_DEAD))
		err = store_subject(tm, place);
	if (!err)
		err = syncmap_promote(&tm->map);
	tm_freeze(tm);
	if (!err)
		err = tm_fill(tm, half, TEST_SUBJECT + 1 + TEST_NEIGHBOURS);
	if (!err && place >= TEST_DIRTY)
		err = store_subject(tm, place);
	if (place == TEST_READ_DEAD || place == TEST_DIRTY_DELETED ||
	    place == TEST_NODE_DELETED)
		tm_delete(tm, TEST_SUBJECT);
	if (place == TEST_READ || place == TEST_DIRTY || place == TEST_NODE)
		*cell = (struct test_cell){ true, val(1) };
	return err;
}

struct syncmap_key tm_key(struct test_map *tm, u64 i, struct test_key *buffer)
{
	struct syncmap_key key;

	test_key(tm, i, buffer);
	syncmap_key_init(&key, tm->map.params.key_len, buffer->bytes,
			 buffer->len);
	syncmap_key_hash(&tm->map, tm_state(tm), &key, false);
	return key;
}

atomic64_t *tm_slot(struct test_map *tm, u64 i)
{
	struct test_key buffer;
	struct syncmap_key key = tm_key(tm, i, &buffer);

	return syncmap_table_find(&tm_state(tm)->view, &key,
				  tm->map.params.key_len, false);
}

atomic64_t *tm_word(struct test_map *tm, struct syncmap_dirty *dirty, u64 i)
{
	struct test_key buffer;
	struct syncmap_key key = tm_key(tm, i, &buffer);

	return dirty_find(dirty, &key);
}

struct syncmap_pair *tm_pair(struct test_map *tm, struct syncmap_dirty *dirty,
			     u64 i)
{
	struct test_key buffer;
	struct syncmap_key key = tm_key(tm, i, &buffer);
	atomic64_t *word = dirty_find_pair(dirty, &key);

	return word ? container_of(word, struct syncmap_pair, word) : NULL;
}

struct syncmap_node *tm_node(struct test_map *tm, struct syncmap_dirty *dirty,
			     u64 i)
{
	atomic64_t *word = tm_word(tm, dirty, i);

	if (!word || tm_pair(tm, dirty, i))
		return NULL;
	return container_of(word, struct syncmap_node, word);
}

/* The numbers from here on take pairs */
#define TAKERS	0x400000

int tm_take_pairs(struct test_map *tm, u64 i)
{
	struct syncmap_dirty *dirty = tm_state(tm)->dirty;
	struct dirty_bucket *bucket;
	struct syncmap_key taker;
	struct test_key buffer;
	u64 n = TAKERS;
	int err = 0;

	bucket = dirty_bucket(dirty, tm_key(tm, i, &buffer).hash);
	for (; !err; n++) {
		taker = tm_key(tm, n, &buffer);
		if (dirty_bucket(dirty, taker.hash) != bucket)
			continue;
		if (!dirty_free_pair(dirty, &taker))
			break;
		err = tm_store(tm, n, val(n));
		tm_delete(tm, n);
	}
	return err;
}

bool tm_counts(struct test_map *tm, long live, long dead, long dirty,
	       long nodes)
{
	struct syncmap_counts sum;

	syncmap_state_sum(tm_state(tm), &sum);
	return sum.live == live && sum.dead + sum.dirty_dead == dead &&
	       sum.dirty == dirty && sum.nodes == nodes;
}

void tm_freeze(struct test_map *tm)
{
	syncmap_token_wait(&tm->map);
	tm->frozen = true;
}

void tm_thaw(struct test_map *tm)
{
	tm->frozen = false;
	syncmap_token_release(&tm->map);
}
