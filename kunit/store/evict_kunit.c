// SPDX-License-Identifier: GPL-2.0-only
/*
 * What makes room, and in which order
 */
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>

#include "../../module/store/evict.c"
#include "../../module/store/client.h"
#include "../../module/store/freeze.h"
#include "../../module/store/many.h"
#include "../../module/store/map.h"
#include "../../module/store/memory.h"
#include "../../module/store/watch.h"
#include "common.h"

static struct bytemap *evicting(struct kunit *test, u64 entries)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .flags = SYNCMAP_CREATE_EVICT,
		.limits.entries = entries,
	};

	return store_map_of(test, &create);
}

static int store_nr(struct bytemap *map, unsigned int nr)
{
	char key[16];

	snprintf(key, sizeof(key), "key %u", nr);
	return store_store(map, key, "v");
}

static int keep_nr(struct bytemap *map, u32 op, unsigned int nr)
{
	struct store_op so = {
		.op = { .op = op, .flags = SYNCMAP_FLAG_KEEP }, .value = "v",
	};
	char key[16];

	snprintf(key, sizeof(key), "key %u", nr);
	so.key = key;
	return store_op(map, &so);
}

static struct bytemap_value *object_nr(struct bytemap *map, unsigned int nr)
{
	char key[16];

	snprintf(key, sizeof(key), "key %u", nr);
	return store_object(map, key);
}

static void fill(struct kunit *test, struct bytemap *map, unsigned int from,
		 unsigned int to)
{
	for (; from < to; from++)
		KUNIT_ASSERT_EQ(test, store_nr(map, from), 0);
}

static u8 used_nr(struct kunit *test, struct bytemap *map, unsigned int nr)
{
	struct bytemap_value *value = object_nr(map, nr);
	u8 used;

	KUNIT_ASSERT_NOT_NULL(test, value);
	used = value->used;
	bytemap_value_put(value);
	return used;
}

static void use_nr(struct kunit *test, struct bytemap *map, unsigned int nr, u8 used)
{
	struct bytemap_value *value = object_nr(map, nr);

	KUNIT_ASSERT_NOT_NULL(test, value);
	value->used = used;
	bytemap_value_put(value);
}

/* In a map that does not evict nothing is noted */
static void use_is_counted_up_to_three(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct bytemap *other = store_map(test, SYNCMAP_KEY_STRING, NULL);
	unsigned int i;

	fill(test, map, 0, 1);
	fill(test, other, 0, 1);
	for (i = 0; i < 6; i++) {
		KUNIT_EXPECT_EQ(test, used_nr(test, map, 0),
				min(i, (unsigned int)BYTEMAP_USED_MAX));
		KUNIT_EXPECT_EQ(test, used_nr(test, other, 0), 0);
		KUNIT_EXPECT_TRUE(test, store_has(map, "key 0", "v"));
		KUNIT_EXPECT_TRUE(test, store_has(other, "key 0", "v"));
	}
}

/* It is the key that is used, whatever object it has */
static void use_is_inherited(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct store_op so = {
		.op = { .op = SYNCMAP_OP_TOUCH, .deadline = SYNCMAP_NEVER - 1 },
		.key = "key 0",
	};

	fill(test, map, 0, 1);
	use_nr(test, map, 0, 1);
	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	KUNIT_EXPECT_EQ(test, store_stat(map, "expiring"), 1ULL);
	KUNIT_EXPECT_GE(test, used_nr(test, map, 0), 2);
}

/* Those of a batch, too */
static void use_is_counted_in_a_batch(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct syncmap_op op = { .op = SYNCMAP_OP_LOAD, .key_len = 5 };
	struct syncmap_answer answer = { };
	/* Large for a stack */
	struct bytemap_request *req = kunit_kzalloc(test, sizeof(*req),
						    GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, req);
	req->op = &op;
	req->answer = &answer;
	req->key = "key 0";
	fill(test, map, 0, 1);
	bytemap_many_load(map, &req, 1);
	bytemap_many_end(map, req);
	KUNIT_EXPECT_EQ(test, used_nr(test, map, 0), 1);
	bytemap_request_release(req);
}

/* Neither is that in the way of what it is for, nor does it change */
static void what_is_kept_is_marked(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct store_op so = {
		.op = { .op = SYNCMAP_OP_STORE, .flags = SYNCMAP_FLAG_KEEP },
		.key = "key 0", .value = "v",
	};

	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	KUNIT_EXPECT_TRUE(test, store_has(map, "key 0", "v"));
	KUNIT_EXPECT_EQ(test, used_nr(test, map, 0), BYTEMAP_KEPT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 1LL);
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 0U);
	fill(test, map, 0, 1);
	KUNIT_EXPECT_EQ(test, used_nr(test, map, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 0LL);
	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "key 0"), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 0LL);
	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 0LL);
}

/* Whoever waits for a lease has counted for what is to be stored, and no more */
static void a_lease_is_not_kept_and_its_value_is(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct bytemap_client *client = store_client(test, map);

	KUNIT_EXPECT_NE(test, store_lease(client, "key 0"), 0ULL);
	KUNIT_EXPECT_EQ(test, keep_nr(map, SYNCMAP_OP_APPEND, 0), 0);
	KUNIT_EXPECT_EQ(test, used_nr(test, map, 0), BYTEMAP_KEPT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 1LL);
	/* To what is there it makes no difference */
	KUNIT_EXPECT_EQ(test, store_nr(map, 1), 0);
	KUNIT_EXPECT_EQ(test, keep_nr(map, SYNCMAP_OP_APPEND, 1), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 1LL);
	store_client_end(client);
}

/* A lease takes the place of a value that was kept, and is not kept itself */
static void what_was_kept_is_stale(struct kunit *test)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .flags = SYNCMAP_CREATE_EVICT,
		.limits.entries = 10, .stale = SYNCMAP_NEVER,
	};
	struct bytemap *map = store_map_of(test, &create);
	struct bytemap_client *client = store_client(test, map);
	struct store_op so = {
		.op = { .op = SYNCMAP_OP_STORE, .flags = SYNCMAP_FLAG_KEEP,
			.deadline = 1 },
		.key = "key 0", .value = "v",
	};
	u64 token;

	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 1LL);
	token = store_lease(client, "key 0");
	KUNIT_EXPECT_NE(test, token, 0ULL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 0LL);
	KUNIT_EXPECT_EQ(test, store_leased(client, "key 0", "new", token), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 0LL);
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 1U);
	store_client_end(client);
}

static void go_round(struct bytemap *map, struct hunt *hunt)
{
	*hunt = (struct hunt){
		.map = map, .evict = map->evict, .hand = &map->evict->hand,
		.spare = SYNCMAP_CURSOR_END, .left = U64_MAX, .max = 1,
	};
	/* With so few entries it takes two steps */
	look_at_old(hunt);
	look_at_old(hunt);
}

static void the_hand_counts_down(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct hunt hunt;

	fill(test, map, 0, 1);
	use_nr(test, map, 0, 2);
	go_round(map, &hunt);
	KUNIT_EXPECT_EQ(test, used_nr(test, map, 0), 1);
	go_round(map, &hunt);
	KUNIT_EXPECT_EQ(test, used_nr(test, map, 0), 0);
	KUNIT_EXPECT_EQ(test, hunt.evicted, 0U);
	go_round(map, &hunt);
	KUNIT_EXPECT_EQ(test, hunt.evicted, 1U);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	KUNIT_EXPECT_EQ(test, syncmap_count(&map->core), 0UL);
}

/* What it passes last is followed by what it passes first */
static void the_hand_goes_round(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct hunt hunt = {
		.map = map, .evict = map->evict, .hand = &map->evict->hand,
		.spare = SYNCMAP_CURSOR_END, .left = U64_MAX, .max = 100,
		.gauge = &map->entries, .room = BYTEMAP_GAUGE_MAX,
	};

	fill(test, map, 0, 10);
	/* The end of hashes is within an interval */
	atomic64_set(&map->evict->hand, BIT_ULL(63));
	while (hunt.left)
		look_at_old(&hunt);
	KUNIT_EXPECT_EQ(test, hunt.evicted, 10U);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

/* When all are used, one goes nevertheless, after so many looks */
static void a_search_is_bounded(struct kunit *test)
{
	struct bytemap *map = evicting(test, 1000);
	struct hunt hunt = {
		.map = map, .evict = map->evict, .hand = &map->evict->hand,
		.spare = SYNCMAP_CURSOR_END, .left = U64_MAX, .max = 1,
	};
	unsigned int nr;

	fill(test, map, 0, 1000);
	for (nr = 0; nr < 1000; nr++)
		use_nr(test, map, nr, 3);
	while (!is_over(&hunt))
		look_at_old(&hunt);
	KUNIT_EXPECT_GE(test, hunt.evicted, 1U);
	KUNIT_EXPECT_LE(test, hunt.looks, (unsigned int)LOOKS);
	KUNIT_EXPECT_EQ(test, store_count(map), 1000ULL - hunt.evicted);
}

/* In the order of hashes. Return: whether there was one more */
static bool walk_on(struct bytemap *map, u64 *cursor, struct syncmap_entry *entry)
{
	return *cursor != SYNCMAP_CURSOR_END &&
	       syncmap_next(&map->core, cursor, entry, 1) == 1;
}

static unsigned int count_used(struct bytemap *map)
{
	struct syncmap_entry entry;
	struct bytemap_value *value;
	unsigned int n = 0;
	u64 cursor = 0;

	rcu_read_lock();
	while (walk_on(map, &cursor, &entry)) {
		value = entry.value;
		n += !!value->used;
	}
	rcu_read_unlock();
	return n;
}

/* As many as are looked at, and then every other one */
static void use_some(struct bytemap *map)
{
	struct syncmap_entry entry;
	struct bytemap_value *value;
	unsigned int n = 0;
	u64 cursor = 0;

	rcu_read_lock();
	while (walk_on(map, &cursor, &entry)) {
		value = entry.value;
		if (n++ <= LOOKS || n % 2)
			value->used = BYTEMAP_USED_MAX;
	}
	rcu_read_unlock();
}

/* The one that goes although it is used is no reason for others to */
static void each_that_goes_has_its_looks(struct kunit *test)
{
	struct bytemap *map = evicting(test, 400);
	struct hunt hunt = {
		.map = map, .evict = map->evict, .hand = &map->evict->hand,
		.spare = SYNCMAP_CURSOR_END, .left = U64_MAX, .max = 20,
		.gauge = &map->entries, .room = BYTEMAP_GAUGE_MAX,
	};
	unsigned int used;

	fill(test, map, 0, 400);
	use_some(map);
	used = count_used(map);
	while (!is_over(&hunt))
		look_at_old(&hunt);
	KUNIT_EXPECT_EQ(test, hunt.evicted, 20U);
	KUNIT_EXPECT_EQ(test, count_used(map), used - 1);
}

/* The hand has been everywhere before anybody says that nothing can go */
static void one_of_many_is_found(struct kunit *test)
{
	struct bytemap *map = evicting(test, 300);
	unsigned int nr;

	for (nr = 0; nr < 299; nr++)
		KUNIT_ASSERT_EQ(test, keep_nr(map, SYNCMAP_OP_STORE, nr), 0);
	fill(test, map, 299, 300);
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 1U);
	KUNIT_EXPECT_EQ(test, store_count(map), 299ULL);
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 0U);
}

/* However few there are, and however much they are used */
static void all_that_is_used_may_go(struct kunit *test)
{
	struct bytemap *map = evicting(test, 4);
	unsigned int nr;

	for (nr = 0; nr < 3; nr++)
		KUNIT_EXPECT_EQ(test, keep_nr(map, SYNCMAP_OP_STORE, nr), 0);
	fill(test, map, 3, 4);
	use_nr(test, map, 3, BYTEMAP_USED_MAX);
	KUNIT_EXPECT_EQ(test, store_nr(map, 4), 0);
	KUNIT_EXPECT_EQ(test, store_nr(map, 3), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 4ULL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->kept), 3LL);
}

/* Return: the hash of the one that may go and is not used */
static u64 find_prey(struct bytemap *map)
{
	struct syncmap_entry entry;
	struct bytemap_value *value;
	u64 cursor = 0, hash = 0;

	rcu_read_lock();
	while (walk_on(map, &cursor, &entry)) {
		value = entry.value;
		if (!value->used)
			hash = entry.hash;
	}
	rcu_read_unlock();
	return hash;
}

/* What cannot go is no reason to end what is used instead of what is not */
static void what_is_used_least_goes(struct kunit *test)
{
	struct bytemap *map = evicting(test, 400);
	unsigned int nr;

	for (nr = 0; nr < 390; nr++)
		KUNIT_ASSERT_EQ(test, keep_nr(map, SYNCMAP_OP_STORE, nr), 0);
	fill(test, map, 390, 400);
	for (nr = 390; nr < 399; nr++)
		use_nr(test, map, nr, BYTEMAP_USED_MAX);
	/* It is met last */
	atomic64_set(&map->evict->hand, find_prey(map) + 1);
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 1U);
	KUNIT_EXPECT_FALSE(test, store_has(map, "key 399", "v"));
}

/* Others have moved the hand meanwhile, past what may go */
static void who_finds_nothing_goes_round_alone(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct hunt hunt = { .evict = map->evict, .hand = &map->evict->hand };

	atomic64_set(&map->evict->hand, 5);
	begin_own_round(&hunt);
	KUNIT_EXPECT_PTR_EQ(test, hunt.hand, &hunt.own);
	KUNIT_EXPECT_EQ(test, atomic64_read(&hunt.own), 5LL);
	KUNIT_EXPECT_EQ(test, hunt.left, U64_MAX);
	hunt.left = 0;
	hunt.met = true;
	begin_own_round(&hunt);
	KUNIT_EXPECT_EQ(test, hunt.left, U64_MAX);
	hunt.left = 0;
	begin_own_round(&hunt);
	KUNIT_EXPECT_EQ(test, hunt.left, 0ULL);
}

/* As long as there is patience: who has its place now may be met in another round */
static void what_was_replaced_is_a_reason_to_go_round(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct hunt hunt = { .map = map, .evict = map->evict };
	struct syncmap_entry entry;
	struct bytemap_value *value;
	u64 cursor = 0;

	fill(test, map, 0, 1);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, syncmap_next(&map->core, &cursor, &entry, 1), 1);
	value = entry.value;
	value->state = VALUE_REPLACED;
	KUNIT_EXPECT_TRUE(test, try_old(&hunt, &entry));
	KUNIT_EXPECT_EQ(test, hunt.looks, 1U);
	hunt.looks = LOOKS;
	KUNIT_EXPECT_FALSE(test, try_old(&hunt, &entry));
	KUNIT_EXPECT_EQ(test, hunt.evicted, 0U);
	value->state = VALUE_LIVE;
	rcu_read_unlock();
}

/* It is in a queue as if it had long to go: nobody sweeps it */
static struct bytemap_value *make_late(struct bytemap *map)
{
	struct store_op so = {
		.op = { .op = SYNCMAP_OP_STORE, .deadline = SYNCMAP_NEVER - 1 },
		.key = "late", .value = "v",
	};
	struct bytemap_value *late;

	if (store_op(map, &so))
		return NULL;
	late = store_object(map, "late");
	write_seqlock(&late->lock);
	bytemap_mortal(late)->deadline = 1;
	write_sequnlock(&late->lock);
	return late;
}

/* A lease, what has an owner or is kept; and what is late goes for another reason */
static void what_is_not_to_go_stays(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct bytemap_value *late = make_late(map);
	struct bytemap_client *client;
	u64 token;

	KUNIT_ASSERT_NOT_NULL(test, late);
	client = store_client(test, map);
	token = store_lease(client, "leased");
	KUNIT_EXPECT_EQ(test, store_owned(map, client, "owned", "v"), 0);
	KUNIT_EXPECT_EQ(test, keep_nr(map, SYNCMAP_OP_STORE, 0), 0);
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 0U);
	KUNIT_EXPECT_EQ(test, late->state, VALUE_LIVE);
	KUNIT_EXPECT_TRUE(test, store_has(map, "owned", "v"));
	KUNIT_EXPECT_TRUE(test, store_has(map, "key 0", "v"));
	KUNIT_EXPECT_EQ(test, store_leased(client, "leased", "v", token), 0);
	KUNIT_EXPECT_EQ(test, store_stat(map, "evicted"), 0ULL);
	bytemap_value_put(late);
	store_client_end(client);
}

/* Who has the map mapped would ask about all of its bucket for ever */
static void no_window_stays_open(struct kunit *test)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .limits.entries = 10,
		.flags = SYNCMAP_CREATE_EVICT | SYNCMAP_CREATE_MAPPED,
	};
	struct bytemap *map = store_map_of(test, &create);
	struct bytemap_value *late = make_late(map);
	struct bytemap_window window;

	KUNIT_ASSERT_NOT_NULL(test, late);
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 0U);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, bytemap_window_open(map->mirror, &window, "late", 4));
	KUNIT_EXPECT_EQ(test, atomic64_read(window.word) & SYNCMAP_MAPPED_WINDOWS,
			1ULL);
	bytemap_window_cancel(&window);
	rcu_read_unlock();
	bytemap_value_put(late);
}

static void evict_for_the_user(struct kunit *test, struct bytemap *unused)
{
	struct bytemap *map = evicting(test, 10);
	struct syncmap_error error = { };
	struct syncmap_info info = { };
	unsigned int nr;
	u64 room;

	for (nr = 0; nr < 3; nr++)
		KUNIT_EXPECT_EQ(test, store_nr(map, nr), 0);
	bytemap_account_info(&info);
	room = info.max_user_bytes - info.user_bytes;
	KUNIT_EXPECT_EQ(test, bytemap_memory_change(map, 0, room, &error), 0);
	room += atomic64_read(&map->credit);
	atomic64_set(&map->credit, 0);
	for (; nr < 6; nr++)
		KUNIT_EXPECT_EQ(test, store_nr(map, nr), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 3ULL);
	KUNIT_EXPECT_EQ(test, store_stat(map, "evicted"), 3ULL);
	bytemap_memory_sub(map, room);
}

/* Another map may have taken what he has */
static void what_the_user_may_have_is_a_limit_too(struct kunit *test)
{
	store_as_user(test, 7, 7, evict_for_the_user, NULL);
}

static void nothing_goes_from_a_frozen_map(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);

	fill(test, map, 0, 10);
	KUNIT_EXPECT_EQ(test, bytemap_freeze(map), 0);
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 0U);
	KUNIT_EXPECT_EQ(test, bytemap_evict_some(map, 10), 0U);
	KUNIT_EXPECT_EQ(test, store_count(map), 10ULL);
}

static int append(struct bytemap *map, const char *key, const char *text)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_APPEND, .key = key, .value = text,
	};

	return store_op(map, &so);
}

/* It would take the place of itself, too */
static void nothing_goes_for_what_becomes_too_large(struct kunit *test)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .flags = SYNCMAP_CREATE_EVICT,
		.limits.bytes = 1000,
	};
	struct bytemap *map = store_map_of(test, &create);
	const char *half = store_text(test, 'h', 600);

	fill(test, map, 0, 2);
	KUNIT_EXPECT_EQ(test, append(map, "log", half), 0);
	KUNIT_EXPECT_EQ(test, append(map, "log", half), -ENOSPC);
	KUNIT_EXPECT_EQ(test, store_count(map), 3ULL);
	KUNIT_EXPECT_EQ(test, store_store(map, "key 0", store_text(test, 'l', 1001)),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, store_count(map), 3ULL);
	KUNIT_EXPECT_EQ(test, store_stat(map, "evicted"), 0ULL);
}

/* Somebody stores it who needs the room */
static void what_is_spared_stays(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct syncmap_entry entry;
	u64 cursor = 0;

	fill(test, map, 0, 1);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, syncmap_next(&map->core, &cursor, &entry, 1), 1);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, entry.hash, NULL, 0), 0U);
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 1U);
}

/* What nobody has used goes before what is older, and its ghost knows it again */
static void the_young_go_first(struct kunit *test)
{
	struct bytemap *map = evicting(test, 100);
	struct bytemap_value *value;
	unsigned int nr;

	fill(test, map, 0, 100);
	for (nr = 0; nr < 50; nr++)
		use_nr(test, map, nr, 1);
	fill(test, map, 100, 300);
	KUNIT_EXPECT_EQ(test, store_count(map), 100ULL);
	for (nr = 0; nr < 50; nr++) {
		value = object_nr(map, nr);
		KUNIT_EXPECT_NOT_NULL(test, value);
		if (value)
			bytemap_value_put(value);
	}
	KUNIT_EXPECT_EQ(test, store_stat(map, "evicted_early"), 0ULL);
	fill(test, map, 200, 300);
	KUNIT_EXPECT_GT(test, store_stat(map, "evicted_early"), 0ULL);
}

static void ghosts_are_of_one_key(struct kunit *test)
{
	struct young *young = kunit_kzalloc(test, sizeof(*young) +
					    10 * sizeof(u64) +
					    100 * sizeof(u32), GFP_KERNEL);
	u64 hash = 0x123456789abcdef0ULL;

	KUNIT_ASSERT_NOT_NULL(test, young);
	young->places = 10;
	young->ghosts = 100;
	KUNIT_EXPECT_FALSE(test, meet_ghost(young, hash));
	WRITE_ONCE(*ghost_of(young, hash), face_of(hash));
	KUNIT_EXPECT_FALSE(test, meet_ghost(young, hash + 2));
	KUNIT_EXPECT_TRUE(test, meet_ghost(young, hash));
	KUNIT_EXPECT_FALSE(test, meet_ghost(young, hash));
	KUNIT_EXPECT_PTR_EQ(test, ghost_of(young, 0), ghosts_of(young));
	KUNIT_EXPECT_PTR_EQ(test, ghost_of(young, U64_MAX),
			    ghosts_of(young) + 99);
}

/* However long it goes on, and then it knows times to within a share of them */
static void instants_thin_out(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct bytemap_evict *evict = map->evict;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		atomic64_set(&map->revision, i);
		evict->interval = 0;
		note_instant(map);
		KUNIT_ASSERT_LE(test, evict->nr_instants, (unsigned int)TIMES);
		KUNIT_ASSERT_EQ(test, evict->instants[0].revision, 0ULL);
	}
	for (i = 1; i < evict->nr_instants; i++)
		KUNIT_EXPECT_GT(test, evict->instants[i].revision,
				evict->instants[i - 1].revision);
	KUNIT_EXPECT_EQ(test, find_instant(evict, 0), evict->instants[0].time);
	KUNIT_EXPECT_EQ(test, find_instant(evict, 1000000),
			evict->instants[evict->nr_instants - 1].time);
}

/* Nobody has asked for its revision before */
static void what_is_not_settled_is_young(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct syncmap_op op = { .op = SYNCMAP_OP_STORE };
	const struct bytemap_request req = { .op = &op, .key = "key 0" };
	struct bytemap_evict *evict = map->evict;
	struct bytemap_value *value;
	unsigned int age;
	s64 young = 0;

	fill(test, map, 0, 1);
	evict->interval = 0;
	note_instant(map);
	note_instant(map);
	evict->instants[0] = (struct instant){ };
	value = object_nr(map, 0);
	KUNIT_ASSERT_NOT_NULL(test, value);
	value->revision = 0;
	value->inserter = &req;
	KUNIT_EXPECT_EQ(test, bytemap_evict(map, SYNCMAP_CURSOR_END, NULL, 0), 1U);
	KUNIT_EXPECT_EQ(test, value->revision, 2ULL);
	/* As the last instant, and not as the first */
	for (age = 0; age < BYTEMAP_AGES - 1; age++)
		young += atomic64_read(&evict->ages[age]);
	KUNIT_EXPECT_EQ(test, young, 1LL);
	bytemap_value_put(value);
}

/* A Clear is waited for, and what the ring knew is no more */
static void after_a_clear(struct kunit *test)
{
	struct bytemap *map = evicting(test, 50);
	unsigned int round;

	for (round = 0; round < 3; round++) {
		fill(test, map, 0, 200);
		KUNIT_EXPECT_EQ(test, store_count(map), 50ULL);
		KUNIT_EXPECT_EQ(test, store_clear(map), 0);
		KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	}
}

static void watchers_are_told_why(struct kunit *test)
{
	struct bytemap *map = evicting(test, 2);
	struct bytemap_watch *watch = store_watch(test, map, 0, "");
	const struct syncmap_record *event;
	unsigned int nr;

	for (nr = 0; nr < 3; nr++)
		KUNIT_EXPECT_EQ(test, store_nr(map, nr), 0);
	store_event(test, watch, SYNCMAP_RECORD_STORE);
	store_event(test, watch, SYNCMAP_RECORD_STORE);
	event = store_event(test, watch, SYNCMAP_RECORD_DELETE);
	KUNIT_EXPECT_EQ(test, event->reason, SYNCMAP_REASON_EVICTED);
	KUNIT_EXPECT_EQ(test, event->revision, 3ULL);
	event = store_event(test, watch, SYNCMAP_RECORD_STORE);
	KUNIT_EXPECT_EQ(test, event->revision, 4ULL);
	bytemap_watch_destroy(watch);
}

static void the_ring_is_made_to_fit(struct kunit *test)
{
	struct syncmap_info before = { }, after = { };
	struct bytemap *map;
	struct young *young;

	bytemap_account_info(&before);
	map = evicting(test, 1000);
	fill(test, map, 0, 999);
	KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(map->evict->young), NULL);
	fill(test, map, 999, 1001);
	young = rcu_access_pointer(map->evict->young);
	KUNIT_ASSERT_NOT_NULL(test, young);
	KUNIT_EXPECT_EQ(test, young->ghosts, 1000U);
	KUNIT_EXPECT_LE(test, young->bytes, 8ULL * 1000);
	bytemap_gauge_limit(&map->entries, 5000);
	fill(test, map, 1001, 6010);
	young = rcu_access_pointer(map->evict->young);
	KUNIT_EXPECT_EQ(test, young->ghosts, 5000U);
	/* In the account, there is one of them */
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	bytemap_account_info(&after);
	KUNIT_EXPECT_EQ(test, after.user_bytes - before.user_bytes,
			bytemap_memory_of_map() + store_stat(map, "evict_bytes") +
			atomic64_read(&map->credit));
	KUNIT_EXPECT_EQ(test, store_stat(map, "evict_bytes"),
			sizeof(*map->evict) + young->bytes);
}

/* Who inserts, and takes his time */
struct inserter {
	struct bytemap		*map;
	struct completion	others;
	struct completion	end;
	bool			was_waited_for;
};

static int insert_slowly(void *arg)
{
	struct inserter *inserter = arg;

	inserter->was_waited_for =
		!wait_for_completion_timeout(&inserter->others, 5 * HZ);
	bytemap_gauge_cancel(&inserter->map->entries, 1);
	complete(&inserter->end);
	return 0;
}

static void nobody_waits_for_who_has_the_last_room(struct kunit *test)
{
	struct bytemap *map = evicting(test, 10);
	struct inserter inserter = { .map = map };
	struct task_struct *task;

	init_completion(&inserter.others);
	init_completion(&inserter.end);
	fill(test, map, 0, 9);
	KUNIT_ASSERT_EQ(test, bytemap_gauge_reserve(&map->entries, 1), 0);
	task = kthread_run(insert_slowly, &inserter, "evict_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_EXPECT_EQ(test, store_nr(map, 9), 0);
	complete(&inserter.others);
	wait_for_completion(&inserter.end);
	KUNIT_EXPECT_FALSE(test, inserter.was_waited_for);
	KUNIT_EXPECT_EQ(test, store_count(map), 9ULL);
}

static struct kunit_case evict_cases[] = {
	KUNIT_CASE(use_is_counted_up_to_three),
	KUNIT_CASE(use_is_inherited),
	KUNIT_CASE(use_is_counted_in_a_batch),
	KUNIT_CASE(what_is_kept_is_marked),
	KUNIT_CASE(a_lease_is_not_kept_and_its_value_is),
	KUNIT_CASE(what_was_kept_is_stale),
	KUNIT_CASE(the_hand_counts_down),
	KUNIT_CASE(the_hand_goes_round),
	KUNIT_CASE(a_search_is_bounded),
	KUNIT_CASE(each_that_goes_has_its_looks),
	KUNIT_CASE(one_of_many_is_found),
	KUNIT_CASE(all_that_is_used_may_go),
	KUNIT_CASE(what_is_used_least_goes),
	KUNIT_CASE(who_finds_nothing_goes_round_alone),
	KUNIT_CASE(what_was_replaced_is_a_reason_to_go_round),
	KUNIT_CASE(what_is_not_to_go_stays),
	KUNIT_CASE(no_window_stays_open),
	KUNIT_CASE(what_the_user_may_have_is_a_limit_too),
	KUNIT_CASE(nothing_goes_from_a_frozen_map),
	KUNIT_CASE(nothing_goes_for_what_becomes_too_large),
	KUNIT_CASE(what_is_spared_stays),
	KUNIT_CASE(the_young_go_first),
	KUNIT_CASE(ghosts_are_of_one_key),
	KUNIT_CASE(instants_thin_out),
	KUNIT_CASE(what_is_not_settled_is_young),
	KUNIT_CASE(after_a_clear),
	KUNIT_CASE(watchers_are_told_why),
	KUNIT_CASE(the_ring_is_made_to_fit),
	KUNIT_CASE(nobody_waits_for_who_has_the_last_room),
	{}
};

static struct kunit_suite evict_suite = {
	.name = "bytemap_evict",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = evict_cases,
};

kunit_test_suite(evict_suite);
