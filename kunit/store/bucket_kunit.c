// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a bucket says of a key after all that can happen to it
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "deadline.h"
#include "key_types.h"
#include "mapped.h"

static atomic_t calls;

static bool mod_work(struct workqueue_struct *wq, struct delayed_work *work,
		     unsigned long delay)
{
	atomic_inc(&calls);
	return !store_work_is_held() && mod_delayed_work(wq, work, delay);
}

#undef mod_delayed_work
#define mod_delayed_work	mod_work

#include "../../module/store/bucket.c"
#include "../../module/store/clear.h"

/* Of all types */
#define KEY	"key no 1"
#define OTHER	"key no 2"

/* Nothing else has these bytes */
#define SECRET	"what is not to be read any more"

#define LATER	(SYNCMAP_NEVER - 1)

/* Operations */

static const struct step {
	struct store_op	so;
	int		err;
	int		sees;
} steps[] = {
	{ { .op.op = SYNCMAP_OP_LOAD }, -ENOENT, -ENOENT },
	{ { .op.op = SYNCMAP_OP_STORE, .value = "one" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_LOAD }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_LOAD_OR_STORE, .value = "two" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_SWAP, .value = "three" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_COMPARE_AND_SWAP, .old = "two", .value = "x" },
	  -EBUSY, 0 },
	{ { .op.op = SYNCMAP_OP_COMPARE_AND_SWAP, .old = "three",
	    .value = "so many bytes that it has another slot" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_APPEND, .value = ", and more of them" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_STORE, .value = "s" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_STORE, .value = "" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_TOUCH, .op.deadline = LATER }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_APPEND, .value = "mortal" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_TOUCH, .op.deadline = LATER - 1 }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_TOUCH, .op.deadline = SYNCMAP_NEVER }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_COMPARE_AND_DELETE, .old = "two" }, -EBUSY, 0 },
	{ { .op.op = SYNCMAP_OP_COMPARE_AND_DELETE, .old = "mortal" },
	  0, -ENOENT },
	{ { .op.op = SYNCMAP_OP_COMPARE_AND_SWAP, .old = "mortal",
	    .value = "x" }, -ENOENT, -ENOENT },
	{ { .op.op = SYNCMAP_OP_DELETE }, 0, -ENOENT },
	{ { .op.op = SYNCMAP_OP_LOAD_OR_STORE, .value = "new" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_LOAD_AND_DELETE }, 0, -ENOENT },
	{ { .op.op = SYNCMAP_OP_SWAP, .value = "new" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_DELETE }, 0, -ENOENT },
	{ { .op.op = SYNCMAP_OP_ADD, .op.operand = 1 }, -ENOENT, -ENOENT },
	{ { .op.op = SYNCMAP_OP_ADD, .op.flags = SYNCMAP_FLAG_INITIAL,
	    .op.initial = 6, .op.operand = 1 }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_ADD, .op.operand = 5 }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_ADD, .op.flags = SYNCMAP_FLAG_BOUNDED,
	    .op.operand = 5, .op.bound = 13 }, -ERANGE, 0 },
	{ { .op.op = SYNCMAP_OP_SUB, .op.operand = 2 }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_MIN, .op.operand = 9 }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_MAX, .op.operand = 15 }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_AND, .op.operand = 5 }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_OR, .op.operand = 64 }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_XOR, .op.operand = 1 }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_STORE, .value = "text" }, 0, 0 },
	{ { .op.op = SYNCMAP_OP_XOR, .op.operand = 1 }, -EILSEQ, 0 },
	{ { .op.op = SYNCMAP_OP_STORE, .value = "v", .op.deadline = LATER },
	  0, 0 },
	{ { .op.op = SYNCMAP_OP_STORE, .value = "v", .op.deadline = PAST },
	  0, -ENOENT },
	{ { .op.op = SYNCMAP_OP_TOUCH, .op.deadline = LATER },
	  -ENOENT, -ENOENT },
	{ { .op.op = SYNCMAP_OP_APPEND, .value = "begins" }, 0, 0 },
};

static void each_operation_is_seen(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test,
						   *(u32 *)test->param_value);
	struct store_op *so = kunit_kzalloc(test, sizeof(*so), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, so);
	KUNIT_ASSERT_EQ(test, store_store(map, OTHER, "stays"), 0);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		*so = steps[i].so;
		so->key = KEY;
		KUNIT_EXPECT_EQ_MSG(test, store_op(map, so), steps[i].err,
				    "step %d", i);
		KUNIT_EXPECT_EQ_MSG(test, store_sees(test, map, KEY),
				    steps[i].sees, "step %d", i);
	}
	KUNIT_EXPECT_EQ(test, store_sees(test, map, OTHER), 0);
	KUNIT_EXPECT_EQ(test, store_slots(map), 2ULL);
}

/* With a key of 8 bytes; a deadline takes 8 more */
static const u32 lengths[] = {
	0, 1, 7, 8, 9, 24, 40, 41, 1000, 4064, 4065, 4072, 4073, 5000,
};

#define LONGEST	4072

static void store_length(struct kunit *test, struct bytemap *map, char c,
			 u32 len, u64 deadline)
{
	u32 longest = deadline ? LONGEST - sizeof(u64) : LONGEST;
	const char *text = store_text(test, c, len);

	KUNIT_EXPECT_EQ(test, store_until(map, KEY, text, deadline), 0);
	KUNIT_EXPECT_EQ_MSG(test, store_sees(test, map, KEY),
			    len <= longest ? 0 : MAPPED_ASK, "length %u", len);
}

/* Of what was longer before, nothing stays */
static void values_of_all_lengths_follow(struct kunit *test, u64 deadline)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	int i, j;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			store_length(test, map, 'f', lengths[i], deadline);
			store_length(test, map, 't', lengths[j], deadline);
			KUNIT_EXPECT_FALSE(test, store_shows(map, "ff"));
		}
	}
	KUNIT_EXPECT_EQ(test, store_slots(map), 1ULL);
}

static void values_are_seen_if_they_fit(struct kunit *test)
{
	values_of_all_lengths_follow(test, 0);
}

static void mortal_values_are_seen_if_they_fit(struct kunit *test)
{
	values_of_all_lengths_follow(test, LATER);
}

/* With a value of up to 8 bytes. Too long for a slot of its own: spilled */
static void keys_are_seen_if_they_fit(struct kunit *test)
{
	static const u32 known[] = { 1, 7, 8, 9, 15, 16, 17, 1000, 4072, 4073,
				     4080, 4081, 4096 };
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	const char *key;
	int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		key = store_text(test, 'k', known[i]);
		KUNIT_EXPECT_EQ(test, store_store(map, key, "v"), 0);
		KUNIT_EXPECT_EQ_MSG(test, store_sees(test, map, key),
				    known[i] <= LONGEST ? 0 : MAPPED_ASK,
				    "length %u", known[i]);
	}
	KUNIT_EXPECT_EQ(test, store_slots(map), 11ULL);
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		key = store_text(test, 'k', known[i]);
		KUNIT_EXPECT_EQ(test, store_delete(map, key), 0);
		store_sees(test, map, key);
	}
	KUNIT_EXPECT_EQ(test, store_slots(map), 0ULL);
	KUNIT_EXPECT_FALSE(test, store_shows(map, "k"));
}

/* Leases and owners */

static void a_lease_is_not_seen_but_its_value_is(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct bytemap_client *client = store_client(test, map);
	u64 token = store_lease(client, KEY);

	KUNIT_EXPECT_NE(test, token, 0ULL);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), -ENOENT);
	KUNIT_EXPECT_EQ(test, store_leased(client, KEY, "v", token), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
	/* One that comes to nothing */
	token = store_lease(client, OTHER);
	KUNIT_EXPECT_EQ(test, store_unlease(client, OTHER, token), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, OTHER), -ENOENT);
	/* One that is voided by who stores, or deletes */
	KUNIT_EXPECT_NE(test, store_lease(client, OTHER), 0ULL);
	KUNIT_EXPECT_EQ(test, store_store(map, OTHER, "w"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, OTHER), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, OTHER), 0);
	KUNIT_EXPECT_NE(test, store_lease(client, OTHER), 0ULL);
	KUNIT_EXPECT_EQ(test, store_delete(map, OTHER), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, OTHER), -ENOENT);
	store_client_end(client);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
}

static bool is_absent_soon(struct kunit *test, struct bytemap *map)
{
	int ms;

	for (ms = 0; ms < 10000; ms += 20) {
		if (store_sees(test, map, KEY) == -ENOENT)
			return true;
		msleep(20);
	}
	return false;
}

/* As it goes at an instant at which nobody has a window */
static void what_has_an_owner_is_asked_for(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct bytemap_client *client = store_client(test, map);

	KUNIT_EXPECT_EQ(test, store_store(map, KEY, SECRET), 0);
	KUNIT_EXPECT_EQ(test, store_owned(map, client, KEY, SECRET), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_FALSE(test, store_shows(map, SECRET));
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "nobody's"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
	KUNIT_EXPECT_EQ(test, store_owned(map, client, KEY, "v"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	store_client_end(client);
	KUNIT_EXPECT_FALSE(test, store_has(map, KEY, "v"));
	KUNIT_EXPECT_TRUE(test, is_absent_soon(test, map));
	KUNIT_EXPECT_EQ(test, store_slots(map), 0ULL);
}

/* What was deleted is not to be read */

static int touch_soon(struct bytemap *map)
{
	u64 soon = ktime_get_boottime_ns() + NSEC_PER_SEC;
	int err = touch(map, KEY, soon);

	while (ktime_get_boottime_ns() < soon)
		msleep(20);
	return err;
}

static int remove_by_delete(struct kunit *test, struct bytemap *map)
{
	return store_delete(map, KEY);
}

static int remove_by_load_and_delete(struct kunit *test, struct bytemap *map)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_LOAD_AND_DELETE, .key = KEY,
	};

	return store_op(map, &so);
}

static int remove_by_shorter(struct kunit *test, struct bytemap *map)
{
	return store_store(map, KEY, "x");
}

static int remove_by_longer(struct kunit *test, struct bytemap *map)
{
	return store_store(map, KEY, store_text(test, 'x', 500));
}

static int remove_by_too_long(struct kunit *test, struct bytemap *map)
{
	return store_store(map, KEY, store_text(test, 'x', 5000));
}

static int remove_by_clear(struct kunit *test, struct bytemap *map)
{
	int err = store_clear(map);

	store_work_off(map);
	return err;
}

static int remove_by_clear_frozen(struct kunit *test, struct bytemap *map)
{
	int err = bytemap_clear_frozen(map);

	store_work_off(map);
	return err;
}

static int remove_by_sweep(struct kunit *test, struct bytemap *map)
{
	int err = touch_soon(map);

	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), -ENOENT);
	KUNIT_EXPECT_TRUE(test, store_shows(map, SECRET));
	bytemap_sweep(map);
	return err;
}

/* While there are as many windows as can be counted */
static int remove_by_sweep_without_window(struct kunit *test,
					  struct bytemap *map)
{
	atomic64_t *word = bytemap_window_word(&store_bucket(map, KEY)->word);
	int err = touch_soon(map);

	atomic64_add(SYNCMAP_MAPPED_WINDOWS - 1, word);
	bytemap_sweep(map);
	atomic64_sub(SYNCMAP_MAPPED_WINDOWS - 1, word);
	return err;
}

/* Somebody takes the place of what is late, and then there is no room */
static int remove_by_no_room(struct kunit *test, struct bytemap *map)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_LOAD_OR_STORE, .key = KEY,
		.value = store_text(test, 'x', 1000),
	};
	int err = touch_soon(map);

	bytemap_gauge_limit(&map->bytes, store_bytes(map));
	KUNIT_EXPECT_EQ(test, store_op(map, &so), -ENOSPC);
	return err;
}

static int remove_by_lease(struct kunit *test, struct bytemap *map)
{
	struct bytemap_client *client = store_client(test, map);
	int err = touch_soon(map);

	KUNIT_EXPECT_NE(test, store_lease(client, KEY), 0ULL);
	store_client_end(client);
	return err;
}

static const struct removal {
	const char	*title;
	int		(*fn)(struct kunit *test, struct bytemap *map);
	int		sees;
} removals[] = {
	{ "delete", remove_by_delete, -ENOENT },
	{ "load_and_delete", remove_by_load_and_delete, -ENOENT },
	{ "shorter", remove_by_shorter, 0 },
	{ "longer", remove_by_longer, 0 },
	{ "too long", remove_by_too_long, MAPPED_ASK },
	{ "clear", remove_by_clear, -ENOENT },
	{ "clear, frozen", remove_by_clear_frozen, -ENOENT },
	{ "sweep", remove_by_sweep, -ENOENT },
	{ "sweep without a window", remove_by_sweep_without_window, -ENOENT },
	{ "late, and no room", remove_by_no_room, -ENOENT },
	{ "late, and a lease", remove_by_lease, -ENOENT },
};

static void describe_removal(const struct removal *removal, char *desc)
{
	strscpy(desc, removal->title, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(removal, removals, describe_removal);

static void what_was_there_is_not_to_be_read(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	const struct removal *removal = test->param_value;

	KUNIT_ASSERT_EQ(test, store_store(map, KEY, SECRET), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
	KUNIT_EXPECT_TRUE(test, store_shows(map, SECRET));
	KUNIT_EXPECT_EQ(test, removal->fn(test, map), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), removal->sees);
	KUNIT_EXPECT_FALSE(test, store_shows(map, SECRET));
	KUNIT_EXPECT_EQ(test, store_slots(map), removal->sees == -ENOENT ? 0ULL :
								       1ULL);
}

/* There may be no other number by which a small index is seen to be too large */
static void an_empty_stripe_is_time_to_look(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test,
						   *(u32 *)test->param_value);

	KUNIT_EXPECT_FALSE(test, is_time(map->mirror, 0));
	map->mirror->shift++;
	KUNIT_EXPECT_TRUE(test, is_time(map->mirror, 0));
	map->mirror->shift--;
}

/* Each fourth key of a stripe would be time for another index */
static void many_writers_call_the_work_once(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);

	store_numbers(test, map, 0, 100);
	atomic_set(&calls, 0);
	WRITE_ONCE(map->mirror->called, false);
	store_numbers(test, map, 100, 600);
	KUNIT_EXPECT_EQ(test, atomic_read(&calls), 1);
	/* It has begun, and looked for what there is to do */
	store_work(map);
	KUNIT_EXPECT_GT(test, map->mirror->shift,
			(u8)SYNCMAP_MAPPED_SHIFT_MIN);
	KUNIT_EXPECT_FALSE(test, map->mirror->called);
	bytemap_bucket_want_work(map->mirror);
	KUNIT_EXPECT_EQ(test, atomic_read(&calls), 2);
}

/* It would go on a jiffy later each time */
static void work_that_goes_on_is_not_put_off(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);

	store_numbers(test, map, 0, 3000);
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	store_run_work(map);
	KUNIT_ASSERT_NE(test, (int)map->mirror->phase, (int)MIRROR_RESTS);
	atomic_set(&calls, 0);
	bytemap_bucket_want_work(map->mirror);
	KUNIT_EXPECT_EQ(test, atomic_read(&calls), 0);
}

static struct kunit_case bucket_cases[] = {
	KUNIT_CASE_PARAM(each_operation_is_seen, type_gen_params),
	KUNIT_CASE(values_are_seen_if_they_fit),
	KUNIT_CASE(mortal_values_are_seen_if_they_fit),
	KUNIT_CASE(keys_are_seen_if_they_fit),
	KUNIT_CASE(a_lease_is_not_seen_but_its_value_is),
	KUNIT_CASE(what_has_an_owner_is_asked_for),
	KUNIT_CASE_PARAM(what_was_there_is_not_to_be_read, removal_gen_params),
	KUNIT_CASE_PARAM(an_empty_stripe_is_time_to_look, type_gen_params),
	KUNIT_CASE(many_writers_call_the_work_once),
	KUNIT_CASE(work_that_goes_on_is_not_put_off),
	{}
};

static struct kunit_suite bucket_suite = {
	.name = "bytemap_bucket",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = bucket_cases,
};

kunit_test_suite(bucket_suite);
