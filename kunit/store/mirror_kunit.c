// SPDX-License-Identifier: GPL-2.0-only
/*
 * What processes see of a map after all that can happen to it
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../../module/large.h"
#include "deadline.h"
#include "mapped.h"

static void *alloc_large(size_t size, gfp_t gfp)
{
	return store_alloc_fails() ? NULL : syncmap_large_alloc(size, gfp);
}

static unsigned long alloc_zero_page(gfp_t gfp)
{
	return store_alloc_fails() ? 0 : get_zeroed_page(gfp);
}

static void *alloc_virtual(unsigned long size, gfp_t gfp)
{
	return store_alloc_fails() ? NULL : __vmalloc(size, gfp);
}

/* What a case does itself is not done by a worker before */
static bool work_waits;

static bool mod_work(struct workqueue_struct *wq, struct delayed_work *work,
		     unsigned long delay)
{
	return !work_waits && mod_delayed_work(wq, work, delay);
}

#define syncmap_large_alloc	alloc_large
#undef get_zeroed_page
#define get_zeroed_page	alloc_zero_page
#undef __vmalloc
#define __vmalloc	alloc_virtual
#undef mod_delayed_work
#define mod_delayed_work	mod_work

#include "../../module/store/mirror.c"
#include "../../module/store/clear.h"
#include "../../module/store/freeze.h"
#include "../../module/store/map.h"

/* Of all types */
#define KEY	"key no 1"
#define OTHER	"key no 2"

/* Nothing else has these bytes */
#define SECRET	"what is not to be read any more"

#define LATER	(SYNCMAP_NEVER - 1)

/* The work that is to be done now, and what is tried once a second, too */
static void work_off(struct bytemap *map)
{
	struct bytemap_mirror *mirror = map->mirror;

	mirror->repair_due = jiffies;
	mirror->retry_due = jiffies;
	mirror->arena.retry = jiffies;
	while (work_portion(mirror) <= 1)
		;
}

static u64 slots_of(struct bytemap *map)
{
	u64 count = 0;
	int i;

	for (i = 0; i < BYTEMAP_STRIPES; i++)
		count += map->mirror->stripe[i].count;
	return count;
}

/* Keys by number, of 8 bytes */
static const char *number(unsigned int i)
{
	static char key[12];

	snprintf(key, sizeof(key), "k%07u", i);
	return key;
}

static void store_numbers(struct kunit *test, struct bytemap *map,
			  unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		KUNIT_ASSERT_EQ(test, store_store(map, number(from),
						  number(from)), 0);
}

/* How many of [0, @n) are there for processes, which see nothing that is wrong */
static unsigned int count_seen(struct kunit *test, struct bytemap *map,
			       unsigned int n)
{
	unsigned int i, seen = 0;

	for (i = 0; i < n; i++)
		seen += !store_sees(test, map, number(i));
	return seen;
}

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

static const u32 key_types[] = {
	SYNCMAP_KEY_U64, SYNCMAP_KEY_STRING, SYNCMAP_KEY_BYTES,
};

static void describe_type(const u32 *type, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "key type %u", *type);
}

KUNIT_ARRAY_PARAM(type, key_types, describe_type);

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
	KUNIT_EXPECT_EQ(test, slots_of(map), 2ULL);
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
	KUNIT_EXPECT_EQ(test, slots_of(map), 1ULL);
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
	KUNIT_EXPECT_EQ(test, slots_of(map), 11ULL);
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		key = store_text(test, 'k', known[i]);
		KUNIT_EXPECT_EQ(test, store_delete(map, key), 0);
		store_sees(test, map, key);
	}
	KUNIT_EXPECT_EQ(test, slots_of(map), 0ULL);
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
	KUNIT_EXPECT_EQ(test, slots_of(map), 0ULL);
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

	work_off(map);
	return err;
}

static int remove_by_clear_frozen(struct kunit *test, struct bytemap *map)
{
	int err = bytemap_clear_frozen(map);

	work_off(map);
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
	KUNIT_EXPECT_EQ(test, slots_of(map), removal->sees == -ENOENT ? 0ULL :
								       1ULL);
}

/* Clear */

/* While it is under way there is no telling what it has removed */
static void a_clear_hides_all(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);

	KUNIT_ASSERT_EQ(test, store_store(map, KEY, "v"), 0);
	bytemap_mirror_clear_begin(map->mirror);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, OTHER), MAPPED_ASK);
	bytemap_mirror_clear_end(map->mirror, 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, OTHER), -ENOENT);
}

/* Before anybody has dropped what was, and after */
static void what_follows_a_clear_is_seen(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	int i;

	store_numbers(test, map, 0, 100);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, store_clear(map), 0);
		KUNIT_EXPECT_EQ(test, count_seen(test, map, 100), 0U);
		store_numbers(test, map, 0, 10);
		KUNIT_EXPECT_EQ(test, count_seen(test, map, 100), 10U);
		KUNIT_EXPECT_EQ(test, slots_of(map), 100ULL);
		work_off(map);
		KUNIT_EXPECT_EQ(test, count_seen(test, map, 100), 10U);
		KUNIT_EXPECT_EQ(test, slots_of(map), 10ULL);
		store_numbers(test, map, 10, 100);
		KUNIT_EXPECT_EQ(test, count_seen(test, map, 100), 100U);
	}
}

static bool is_flagged(struct bytemap *map)
{
	return map->mirror->head->word & SYNCMAP_MAPPED_CLEARED;
}

/* Until all is dropped that is below it, and not when another Clear has come */
static void the_floor_counts_while_something_is_below(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test,
						   *(u32 *)test->param_value);

	store_numbers(test, map, 0, 100);
	KUNIT_EXPECT_FALSE(test, is_flagged(map));
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	KUNIT_EXPECT_TRUE(test, is_flagged(map));
	begin_drops(map->mirror, map->mirror->head->floor);
	forget_floor(map->mirror);
	KUNIT_EXPECT_FALSE(test, is_flagged(map));
	store_numbers(test, map, 0, 10);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	forget_floor(map->mirror);
	KUNIT_EXPECT_TRUE(test, is_flagged(map));
	map->mirror->floor = map->mirror->head->floor;
	bytemap_mirror_clear_begin(map->mirror);
	forget_floor(map->mirror);
	KUNIT_EXPECT_TRUE(test, is_flagged(map));
	bytemap_mirror_clear_end(map->mirror, map->mirror->floor + 1);
	work_off(map);
	KUNIT_EXPECT_FALSE(test, is_flagged(map));
	KUNIT_EXPECT_EQ(test, slots_of(map), 0ULL);
}

/* Another index, by hand */

#define MANY	300

static void begin_index(struct kunit *test, struct bytemap *map, u8 to)
{
	struct bytemap_mirror *mirror = map->mirror;

	KUNIT_ASSERT_EQ(test, try_index(mirror, to), 0);
	mirror->next = to;
}

static void show_other_index(struct bytemap *map)
{
	struct bytemap_mirror *mirror = map->mirror;

	set_old_shift(mirror, mirror->shift);
	publish_index(mirror, mirror->next);
}

/* The bucket, or those that belong together */
static void settle(struct bytemap *map, u8 from, u64 group)
{
	struct bytemap_mirror *mirror = map->mirror;
	u64 hash = group << (64 - min(from, mirror->shift));
	struct bytemap_stripe *stripe = stripe_of(mirror, hash);

	spin_lock(&stripe->lock);
	move_group(mirror, stripe, from, mirror->shift, hash);
	settle_group(mirror, from, mirror->shift, hash);
	spin_unlock(&stripe->lock);
}

static void end_index(struct bytemap *map, u8 from)
{
	set_old_shift(map->mirror, 0);
	map->mirror->next = 0;
	leave_index(map->mirror, from);
	free_left(map->mirror);
}

static unsigned int count_groups(struct kunit *test, struct bytemap *map,
				 u8 from, u64 first, u64 end)
{
	for (; first < end; first++)
		settle(map, from, first);
	return count_seen(test, map, MANY);
}

/* Nobody finds a key absent that is there, whichever half it is in */
static void change_index_by_hand(struct kunit *test, struct bytemap *map, u8 to)
{
	u8 from = map->mirror->shift, shared = min(from, to);
	unsigned int half, key;

	begin_index(test, map, to);
	/* Readers stay where they are, and see what is written */
	KUNIT_EXPECT_EQ(test, count_seen(test, map, MANY), (unsigned int)MANY);
	store_numbers(test, map, 0, MANY / 3);
	KUNIT_EXPECT_EQ(test, store_delete(map, number(2)), 0);
	KUNIT_EXPECT_EQ(test, count_seen(test, map, MANY), MANY - 1U);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), -ENOENT);
	show_other_index(map);
	KUNIT_EXPECT_EQ(test, count_seen(test, map, MANY), 0U);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	/* Those who write come before the work does */
	for (key = 0; key < MANY; key += 20)
		KUNIT_EXPECT_EQ(test, store_store(map, number(key), "new"), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, number(1)), 0);
	half = count_groups(test, map, from, 0, 1ULL << (shared - 1));
	KUNIT_EXPECT_GT(test, half, MANY / 4U);
	KUNIT_EXPECT_LT(test, half, MANY * 3U / 4);
	store_numbers(test, map, 0, MANY / 2);
	half = count_groups(test, map, from, 1ULL << (shared - 1),
			    1ULL << shared);
	KUNIT_EXPECT_EQ(test, half, (unsigned int)MANY);
	end_index(map, from);
	KUNIT_EXPECT_EQ(test, count_seen(test, map, MANY), (unsigned int)MANY);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), -ENOENT);
	KUNIT_EXPECT_EQ(test, slots_of(map), (u64)MANY);
}

static void an_index_changes_under_readers(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test,
						   *(u32 *)test->param_value);

	begin_index(test, map, 7);
	show_other_index(map);
	count_groups(test, map, 6, 0, 64);
	end_index(map, 6);
	store_numbers(test, map, 0, MANY);
	KUNIT_EXPECT_EQ(test, count_seen(test, map, MANY), (unsigned int)MANY);
	change_index_by_hand(test, map, 8);
	change_index_by_hand(test, map, 10);
	change_index_by_hand(test, map, 7);
}

static u64 windows_in(struct bytemap *map, u8 shift)
{
	u64 hash = bytemap_window_hash(map->mirror, KEY, 8);

	return bytemap_window_bucket(map->mirror, shift, hash)->word &
	       SYNCMAP_MAPPED_WINDOWS;
}

/* Opened before readers go over to it, it is seen by those who have done so */
static void a_window_of_the_old_index_ends_in_the_new(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct syncmap_hashed_key hashed;
	struct bytemap_window window;
	u64 group;

	KUNIT_ASSERT_EQ(test, store_store(map, KEY, "old"), 0);
	begin_index(test, map, 7);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, bytemap_window_open(map->mirror, &window, KEY, 8));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, windows_in(map, 6), 1ULL);
	KUNIT_EXPECT_EQ(test, windows_in(map, 7), 1ULL);
	group = window.hash >> 58;
	show_other_index(map);
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "new"), 0);
	settle(map, 6, group);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	/* As if it had not been seen by who had the lock meanwhile */
	((struct syncmap_mapped_pairs *)store_bucket(map, KEY))->kinds = 0;
	syncmap_hashed_key_init(&hashed, KEY, 8);
	rcu_read_lock();
	bytemap_mirror_end(&window, &hashed, KEY, 8);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, windows_in(map, 6), 0ULL);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
}

/* There is room for it in both, or it is in none */
static void a_window_is_open_in_both_indexes_or_none(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct bytemap_window window;
	atomic64_t *word;
	u8 full;

	begin_index(test, map, 7);
	for (full = 6; full <= 7; full++) {
		word = bytemap_window_word
			(&bytemap_window_bucket(map->mirror, full,
				bytemap_window_hash(map->mirror, KEY, 8))->word);
		atomic64_add(SYNCMAP_MAPPED_WINDOWS - 1, word);
		rcu_read_lock();
		KUNIT_EXPECT_FALSE(test, bytemap_window_open(map->mirror,
							     &window, KEY, 8));
		rcu_read_unlock();
		atomic64_sub(SYNCMAP_MAPPED_WINDOWS - 1, word);
		KUNIT_EXPECT_EQ(test, windows_in(map, 6), 0ULL);
		KUNIT_EXPECT_EQ(test, windows_in(map, 7), 0ULL);
	}
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, bytemap_window_open(map->mirror, &window, KEY, 8));
	bytemap_window_cancel(&window);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, windows_in(map, 6), 0ULL);
	KUNIT_EXPECT_EQ(test, windows_in(map, 7), 0ULL);
	end_index(map, 7);
}

/* Whether it is larger than the smallest one */
static bool has_index_soon(struct bytemap *map, bool large)
{
	int ms;

	for (ms = 0; ms < 20000; ms += 20) {
		if (large == (READ_ONCE(map->mirror->shift) > SHIFT_MIN))
			return true;
		msleep(20);
	}
	return false;
}

/* There may be no other number by which a small index is seen to be too large */
static void an_empty_stripe_is_time_to_look(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test,
						   *(u32 *)test->param_value);

	KUNIT_EXPECT_FALSE(test, is_time(map->mirror, 0));
	begin_index(test, map, 7);
	show_other_index(map);
	KUNIT_EXPECT_TRUE(test, is_time(map->mirror, 0));
	end_index(map, 6);
}

static void an_index_is_as_large_as_it_is_to_be(struct kunit *test)
{
	struct bytemap *map = store_mapped(test, SYNCMAP_KEY_U64);
	unsigned int i;

	store_numbers(test, map, 0, 2 * MANY);
	KUNIT_EXPECT_TRUE(test, has_index_soon(map, true));
	count_seen(test, map, 2 * MANY);
	for (i = 0; i < 2 * MANY; i++)
		KUNIT_EXPECT_EQ(test, store_delete(map, number(i)), 0);
	KUNIT_EXPECT_TRUE(test, has_index_soon(map, false));
	KUNIT_EXPECT_EQ(test, count_seen(test, map, 2 * MANY), 0U);
	KUNIT_EXPECT_EQ(test, slots_of(map), 0ULL);
}

/* What does not fit */

/* As many as a bucket has room for */
static unsigned int room(struct bytemap *map)
{
	return has_pairs(map->mirror) ? PAIRS_FULL : SYNCMAP_MAPPED_SLOTS;
}

/* And four more */
static unsigned int crowd_of(struct bytemap *map)
{
	return room(map) + 4;
}

/* The @i-th of them has so many before it that have the same bucket */
static const char *crowded(struct bytemap *map, unsigned int i)
{
	unsigned int n;

	for (n = 0; ; n++)
		if (!(bytemap_window_hash(map->mirror, number(n), 8) >> 58) &&
		    !i--)
			return number(n);
}

static unsigned int count_crowd(struct kunit *test, struct bytemap *map)
{
	unsigned int i, seen = 0;

	for (i = 0; i < crowd_of(map); i++)
		seen += !store_sees(test, map, crowded(map, i));
	return seen;
}

static void delete_crowd(struct kunit *test, struct bytemap *map,
			 unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		KUNIT_EXPECT_EQ(test, store_delete(map, crowded(map, from)), 0);
}

static struct bytemap *crowd(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test,
						   *(u32 *)test->param_value);
	unsigned int i;

	for (i = 0; i < crowd_of(map); i++)
		KUNIT_ASSERT_EQ(test, store_store(map, crowded(map, i), "v"), 0);
	KUNIT_ASSERT_EQ(test, count_crowd(test, map), room(map));
	return map;
}

static u64 spilled(struct bytemap *map)
{
	return map->mirror->index[6]->word & SYNCMAP_MAPPED_SPILL;
}

/* Nor does it say of any key that it is absent */
static void what_is_too_much_is_asked_for(struct kunit *test)
{
	struct bytemap *map = crowd(test);

	KUNIT_EXPECT_EQ(test, spilled(map), SYNCMAP_MAPPED_SPILL_0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, crowded(map, crowd_of(map))),
			MAPPED_ASK);
	delete_crowd(test, map, 0, 2);
	KUNIT_EXPECT_TRUE(test, map->mirror->repairs);
	work_off(map);
	/* Two are too many still */
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), room(map));
	KUNIT_EXPECT_EQ(test, spilled(map), SYNCMAP_MAPPED_SPILL_1);
	delete_crowd(test, map, 2, 5);
	work_off(map);
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), room(map) - 1);
	KUNIT_EXPECT_EQ(test, spilled(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, crowded(map, crowd_of(map))),
			-ENOENT);
}

/* Also while there are as many windows as others can have */
static void what_was_too_much_is_not_forgotten(struct kunit *test)
{
	struct bytemap *map = crowd(test);
	atomic64_t *word = bytemap_window_word(&map->mirror->index[6]->word);

	delete_crowd(test, map, 0, 4);
	atomic64_add(SYNCMAP_MAPPED_WINDOWS - 1, word);
	work_off(map);
	atomic64_sub(SYNCMAP_MAPPED_WINDOWS - 1, word);
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), room(map));
	KUNIT_EXPECT_EQ(test, spilled(map), 0ULL);
}

/* A larger index has room for all, and a smaller one not */
static void what_is_spilled_goes_along(struct kunit *test)
{
	struct bytemap *map = crowd(test);
	u64 group;

	begin_index(test, map, 8);
	show_other_index(map);
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), 0U);
	for (group = 0; group < 64; group++)
		settle(map, 6, group);
	KUNIT_EXPECT_EQ(test, store_bucket(map, KEY)->word &
			      SYNCMAP_MAPPED_SPILL, 0ULL);
	KUNIT_EXPECT_EQ(test, map->mirror->index[8]->word &
			      SYNCMAP_MAPPED_SPILL, SYNCMAP_MAPPED_SPILL_0);
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), room(map));
	end_index(map, 6);
	KUNIT_EXPECT_EQ(test, slots_of(map), (u64)room(map));
}

/* No page is to be had, and then one is */
static void what_has_no_slot_is_asked_for(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	u32 max = map->mirror->arena.max;

	map->mirror->arena.max = 1;
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "v"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_TRUE(test, map->mirror->repairs);
	work_off(map);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_TRUE(test, map->mirror->repairs);
	map->mirror->arena.max = max;
	work_off(map);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
	KUNIT_EXPECT_FALSE(test, map->mirror->repairs);
}

/* What it takes */

static u64 counted(struct kunit *test)
{
	struct syncmap_info *info = kunit_kzalloc(test, sizeof(*info),
						  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, info);
	bytemap_account_info(info);
	return info->user_bytes;
}

static struct bytemap *create_mapped(void)
{
	static const struct syncmap_create create = {
		.flags = SYNCMAP_CREATE_MAPPED, .key_type = SYNCMAP_KEY_U64,
		.limits.entries = 4096,
	};
	struct syncmap_error error = { };

	return bytemap_create(&create, &error);
}

static void store_near_the_limit(struct kunit *test, struct bytemap *unused)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct syncmap_error error;
	struct syncmap_info *info = kunit_kzalloc(test, sizeof(*info),
						  GFP_KERNEL);
	u64 room;

	KUNIT_ASSERT_NOT_NULL(test, info);
	bytemap_account_info(info);
	room = info->max_user_bytes - info->user_bytes - PAGE_SIZE / 2;
	KUNIT_ASSERT_EQ(test, bytemap_account_add_bytes(map->account, room,
							&error), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "v"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_EQ(test, map->mirror->arena.count, 0U);
	bytemap_account_sub_bytes(map->account, room);
	work_off(map);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
}

/* For the entries there is room, but not for a page */
static void who_has_used_up_his_bytes_has_it_not_mirrored(struct kunit *test)
{
	store_as_user(test, 7, 7, store_near_the_limit, NULL);
}

/* Pages of slots, and the index: the one in use when it ends, and those before */
static void what_a_mirror_takes_is_given_back(struct kunit *test)
{
	u64 before = counted(test);
	struct bytemap *map = create_mapped();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	store_numbers(test, map, 0, 2 * MANY);
	KUNIT_EXPECT_TRUE(test, has_index_soon(map, true));
	KUNIT_EXPECT_GE(test, counted(test), before + index_bytes(map->mirror, 7) +
			      map->mirror->arena.count * BYTEMAP_ARENA_SLAB);
	bytemap_put(map);
	bytemap_wait_ended();
	KUNIT_EXPECT_EQ(test, counted(test), before);
}

/* Whatever the work on it is at */
static void a_mirror_that_is_worked_on_ends(struct kunit *test)
{
	u64 before = counted(test);
	struct bytemap *map;
	int i;

	for (i = 0; i < 20; i++) {
		map = create_mapped();
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
		store_numbers(test, map, 0, MANY);
		WRITE_ONCE(map->mirror->repairs, true);
		want_work(map->mirror);
		usleep_range(i * 100, i * 100 + 50);
		bytemap_put(map);
		bytemap_wait_ended();
		KUNIT_EXPECT_EQ(test, counted(test), before);
	}
}

/* Each allocation in turn */
static void who_finds_no_memory_makes_no_map(struct kunit *test)
{
	u64 before = counted(test);
	struct bytemap *map;
	unsigned int nth;

	for (nth = 1; nth < 10; nth++) {
		store_fail_nth(nth);
		map = create_mapped();
		if (!store_has_failed())
			break;
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(map), -ENOMEM);
		KUNIT_EXPECT_EQ(test, counted(test), before);
	}
	KUNIT_EXPECT_EQ(test, nth, 4U);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	bytemap_put(map);
	bytemap_wait_ended();
	KUNIT_EXPECT_EQ(test, counted(test), before);
}

/* It is stored, and seen or asked for; also by who wants another index then */
static void a_mirror_without_memory_fails_nobody(struct kunit *test)
{
	u64 before = counted(test);
	struct bytemap *map;
	unsigned int nth, n;

	for (nth = 1, n = 1; nth < 60 && n; nth++) {
		map = create_mapped();
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
		store_fail_nth(nth);
		for (n = 0; n < MANY; n++)
			KUNIT_EXPECT_EQ(test, store_store(map, number(n), "v"), 0);
		n = store_has_failed();
		count_seen(test, map, MANY);
		bytemap_put(map);
		bytemap_wait_ended();
		KUNIT_EXPECT_EQ(test, counted(test), before);
	}
	KUNIT_EXPECT_GT(test, nth, 12U);
	KUNIT_EXPECT_LT(test, nth, 60U);
}

/* Given to a map, and taken away */

static int attach(struct bytemap *map)
{
	struct syncmap_error error = { };
	int err;

	work_waits = true;
	mutex_lock(&map->clear_lock);
	err = bytemap_mirror_attach(map, &map->limits, &error);
	mutex_unlock(&map->clear_lock);
	work_waits = false;
	if (!err)
		store_rest(map);
	return err;
}

/* Return: whether nothing of it is there but the head */
static bool is_away(struct bytemap *map)
{
	struct bytemap_mirror *mirror = map->mirror;

	return mirror->phase == MIRROR_AWAY && !map->modes &&
	       !memchr_inv(mirror->index, 0, sizeof(mirror->index)) &&
	       !mirror->arena.count && !slots_of(map);
}

static void detach(struct bytemap *map)
{
	mutex_lock(&map->clear_lock);
	bytemap_mirror_detach(map);
	mutex_unlock(&map->clear_lock);
}

/* A map without a mirror, with [0, @n) */
static struct bytemap *unmapped(struct kunit *test, unsigned int n)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_U64, NULL);

	store_numbers(test, map, 0, n);
	return map;
}

static void expect_all_seen(struct kunit *test, struct bytemap *map,
			    unsigned int n)
{
	KUNIT_EXPECT_EQ(test, count_seen(test, map, n), n);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), -ENOENT);
	KUNIT_EXPECT_EQ(test, slots_of(map), (u64)n);
}

/* Nobody believes anything before all is there */
static void a_mirror_can_come_later(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 3 * MANY);

	KUNIT_EXPECT_EQ(test, bytemap_mirror_size(map), 0ULL);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	KUNIT_EXPECT_GT(test, bytemap_mirror_size(map), 0ULL);
	KUNIT_EXPECT_FALSE(test, bytemap_is_mirrored(map));
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	mirror_work(&map->mirror->work.work);
	KUNIT_EXPECT_EQ(test, (int)map->mirror->phase, (int)MIRROR_FILLS);
	KUNIT_EXPECT_TRUE(test, bytemap_is_mirrored(map));
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_EQ(test, count_seen(test, map, 3 * MANY), 0U);
	/* Those who write have windows already */
	store_numbers(test, map, MANY, MANY + 10);
	KUNIT_EXPECT_EQ(test, store_delete(map, number(0)), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, number(0), "new"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, number(0)), MAPPED_ASK);
	work_off(map);
	expect_all_seen(test, map, 3 * MANY);
}

/* Also where it has one */
static void a_mirror_comes_once(struct kunit *test)
{
	struct bytemap *map = unmapped(test, MANY);
	struct bytemap_mirror *mirror;

	KUNIT_ASSERT_EQ(test, attach(map), 0);
	mirror = map->mirror;
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	work_off(map);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	work_off(map);
	KUNIT_EXPECT_PTR_EQ(test, map->mirror, mirror);
	expect_all_seen(test, map, MANY);
}

struct windowless {
	struct work_struct	work;
	struct completion	begun;
	struct bytemap		*map;
	bool			published, waited;
};

/* As an operation that looks for a mirror, and goes on when there is one */
static void begin_windowless(struct work_struct *work)
{
	struct windowless *w = container_of(work, struct windowless, work);
	int ms;

	rcu_read_lock();
	w->waited = !bytemap_is_mirrored(w->map);
	complete(&w->begun);
	for (ms = 0; ms < 5000 && !bytemap_is_mirrored(w->map); ms++)
		mdelay(1);
	w->published = bytemap_is_mirrored(w->map);
	for (ms = 0; ms < 100; ms++) {
		mdelay(1);
		if (READ_ONCE(w->map->modes) & BYTEMAP_WINDOWED)
			w->waited = false;
	}
	rcu_read_unlock();
}

/* What it does, a walk is to find */
static void who_has_begun_without_a_window_is_waited_for(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 10);
	struct windowless w = { .map = map };

	init_completion(&w.begun);
	INIT_WORK_ONSTACK(&w.work, begin_windowless);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	queue_work(system_unbound_wq, &w.work);
	wait_for_completion(&w.begun);
	work_off(map);
	flush_work(&w.work);
	destroy_work_on_stack(&w.work);
	KUNIT_EXPECT_TRUE(test, w.published);
	KUNIT_EXPECT_TRUE(test, w.waited);
	expect_all_seen(test, map, 10);
}

static u64 head_version(struct bytemap *map)
{
	return map->mirror->head->word / SYNCMAP_MAPPED_HEAD_VERSION;
}

/* But for the head: no version is to come again */
static void a_mirror_can_be_taken_away(struct kunit *test)
{
	struct bytemap *map = unmapped(test, MANY);
	u64 before = counted(test), without, size = 0, version = 0;
	int i;

	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, attach(map), 0);
		without = before + head_bytes(map->mirror);
		KUNIT_EXPECT_EQ(test, counted(test), without);
		work_off(map);
		expect_all_seen(test, map, MANY);
		KUNIT_EXPECT_GT(test, counted(test), without);
		KUNIT_EXPECT_GT(test, head_version(map), version);
		version = head_version(map);
		if (i)
			KUNIT_EXPECT_EQ(test, bytemap_mirror_size(map), size);
		size = bytemap_mirror_size(map);
		detach(map);
		KUNIT_EXPECT_EQ(test, bytemap_mirror_size(map), 0ULL);
		work_off(map);
		KUNIT_EXPECT_EQ(test, counted(test), without);
		KUNIT_EXPECT_TRUE(test, is_away(map));
		/* Written while there is none */
		store_numbers(test, map, 0, MANY / 2);
		KUNIT_EXPECT_EQ(test, count_seen(test, map, MANY), 0U);
		KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	}
}

static u32 only_slot(struct bytemap *map, const char *key)
{
	const struct syncmap_mapped_bucket *bucket = store_bucket(map, key);
	unsigned int i = 0;

	while (!bucket->tag[i])
		i++;
	return bucket->slot[i];
}

/* Return: whether a process that looks for it is shown a page that is not empty */
static bool is_shown(struct bytemap *map, u32 slot)
{
	return bytemap_mirror_page(map->mirror, map->mirror->arena_at +
				   (u64)slot * SYNCMAP_MAPPED_UNIT);
}

/* As long as a fault is under way, somebody may get to see a page of it */
static void what_is_deleted_while_it_goes_is_wiped(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_STRING);
	struct bytemap_mirror *mirror = map->mirror;
	unsigned int fault;
	const u64 *words;
	u32 slot;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "a secret"), 0);
	slot = only_slot(map, "k");
	words = bytemap_arena_words(&mirror->arena, slot);
	KUNIT_EXPECT_TRUE(test, is_shown(map, slot));
	KUNIT_EXPECT_NE(test, words[0], 0ULL);
	fault = bytemap_mapping_begin(&mirror->mapping);
	detach(map);
	mirror_work(&mirror->work.work);
	KUNIT_EXPECT_EQ(test, (int)mirror->phase, (int)MIRROR_HIDES);
	KUNIT_EXPECT_FALSE(test, is_shown(map, slot));
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_EXPECT_EQ(test, words[0], 0ULL);
	KUNIT_EXPECT_EQ(test, words[3], 0ULL);
	bytemap_mapping_end(&mirror->mapping, fault);
	work_off(map);
	KUNIT_EXPECT_TRUE(test, is_away(map));
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	work_off(map);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "no secret"), 0);
	KUNIT_EXPECT_TRUE(test, is_shown(map, only_slot(map, "k")));
}

/* The Clear ends when all has been dropped already */
static void a_floor_is_forgotten_in_the_end(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct bytemap_mirror *mirror = map->mirror;

	store_numbers(test, map, 0, 10);
	bytemap_mirror_clear_begin(mirror);
	WRITE_ONCE(mirror->head->floor, 5);
	atomic64_or(SYNCMAP_MAPPED_CLEARED,
		    bytemap_window_word(&mirror->head->word));
	work_off(map);
	KUNIT_EXPECT_EQ(test, mirror->floor, 5ULL);
	KUNIT_EXPECT_TRUE(test, mirror->head->word & SYNCMAP_MAPPED_CLEARED);
	bytemap_mirror_clear_end(mirror, 5);
	work_off(map);
	KUNIT_EXPECT_FALSE(test, mirror->head->word & SYNCMAP_MAPPED_CLEARED);
}

/* What was wanted while memory was short is not wanted for ever */
static void who_maps_it_keeps_it(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct bytemap_mirror *mirror = map->mirror;

	WRITE_ONCE(mirror->parked, true);
	WRITE_ONCE(mirror->mapping.count, 1);
	work_off(map);
	WRITE_ONCE(mirror->mapping.count, 0);
	work_off(map);
	KUNIT_EXPECT_TRUE(test, bytemap_is_mirrored(map));
}

/* Whatever its work is at: so many of its portions */
static void a_mirror_goes_in_the_middle(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 3 * MANY);
	unsigned int n, i;

	for (n = 0; n < 12; n++) {
		KUNIT_ASSERT_EQ(test, attach(map), 0);
		map->mirror->retry_due = jiffies;
		for (i = 0; i < n; i++) {
			mirror_work(&map->mirror->work.work);
			if (i == 3)
				WRITE_ONCE(map->mirror->repairs, true);
			if (i == 5)
				store_clear(map);
			if (i == 7)
				store_numbers(test, map, 0, 3 * MANY);
		}
		detach(map);
		work_off(map);
		KUNIT_EXPECT_TRUE_MSG(test, is_away(map), "after %u", n);
		store_clear(map);
		store_numbers(test, map, 0, 3 * MANY);
	}
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	work_off(map);
	expect_all_seen(test, map, 3 * MANY);
}

/* Before it is there, while it is filled, and when it is away */
static void a_clear_may_come_at_any_time(struct kunit *test)
{
	struct bytemap *map = unmapped(test, MANY);

	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	store_numbers(test, map, 0, 10);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	store_numbers(test, map, 0, 20);
	mirror_work(&map->mirror->work.work);
	KUNIT_EXPECT_EQ(test, (int)map->mirror->phase, (int)MIRROR_FILLS);
	store_numbers(test, map, 0, MANY);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	store_numbers(test, map, 0, 30);
	work_off(map);
	expect_all_seen(test, map, 30);
	detach(map);
	work_off(map);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	store_numbers(test, map, 0, 40);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	work_off(map);
	expect_all_seen(test, map, 40);
}

/* Nothing is in it then that was not to be read before */
static void a_frozen_map_can_have_a_mirror(struct kunit *test)
{
	struct bytemap *map = unmapped(test, MANY);

	KUNIT_ASSERT_EQ(test, bytemap_freeze(map), 0);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	work_off(map);
	expect_all_seen(test, map, MANY);
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "v"), -EROFS);
	detach(map);
	work_off(map);
	KUNIT_EXPECT_TRUE(test, bytemap_is_frozen(map));
	KUNIT_EXPECT_EQ(test, store_sees(test, map, number(0)), MAPPED_ASK);
}

/* Of an index, and of slots, there are no more than it was made for */
static void limits_may_be_raised_later(struct kunit *test)
{
	const struct syncmap_limits limits = { .entries = 100, .bytes = 20000 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_U64, &limits);
	unsigned int seen;

	KUNIT_ASSERT_EQ(test, attach(map), 0);
	work_off(map);
	map->mirror->arena.max = 5;
	bytemap_gauge_limit(&map->entries, 100000);
	bytemap_gauge_limit(&map->bytes, 100000000);
	store_numbers(test, map, 0, 10 * MANY);
	work_off(map);
	KUNIT_EXPECT_EQ(test, map->mirror->shift, map->mirror->shift_max);
	seen = count_seen(test, map, 10 * MANY);
	KUNIT_EXPECT_GT(test, seen, 0U);
	KUNIT_EXPECT_LT(test, seen, 10U * MANY);
	KUNIT_EXPECT_LE(test, map->mirror->arena.count, 4U);
}

/* Nor of a map that is full already: it is as if they had spilled */
static void a_mirror_may_be_too_small(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 10 * MANY);
	unsigned int seen;

	map->limits.entries = 100;
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	work_off(map);
	seen = count_seen(test, map, 10 * MANY);
	KUNIT_EXPECT_GT(test, seen, 100U);
	KUNIT_EXPECT_LT(test, seen, 10U * MANY);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
}

/* Memory is short */

static void what_nobody_has_mapped_is_given_back(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	u64 size = bytemap_mirror_size(map);

	store_numbers(test, map, 0, MANY);
	map->mirror->mapping.count++;
	KUNIT_EXPECT_EQ(test, bytemap_mirror_reclaimable(map), 0ULL);
	bytemap_mirror_park(map);
	work_off(map);
	expect_all_seen(test, map, MANY);
	map->mirror->mapping.count--;
	KUNIT_EXPECT_GT(test, bytemap_mirror_reclaimable(map), 0ULL);
	bytemap_mirror_park(map);
	work_off(map);
	KUNIT_EXPECT_EQ(test, bytemap_mirror_reclaimable(map), 0ULL);
	KUNIT_EXPECT_TRUE(test, is_away(map));
	KUNIT_EXPECT_EQ(test, store_sees(test, map, number(0)), MAPPED_ASK);
	/* Somebody maps it who has been told of it before */
	KUNIT_EXPECT_EQ(test, bytemap_mirror_size(map), size);
	map->mirror->mapping.count++;
	bytemap_mirror_mapped(map->mirror);
	work_off(map);
	expect_all_seen(test, map, MANY);
	map->mirror->mapping.count--;
	work_off(map);
	expect_all_seen(test, map, MANY);
}

/* There is a timer for what there is no memory for: nobody has to come by */
static void what_could_not_be_had_is_tried_again(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	unsigned long pause;

	store_numbers(test, map, 0, 2 * MANY);
	store_fail_nth(1);
	pause = work_portion(map->mirror);
	KUNIT_EXPECT_TRUE(test, store_has_failed());
	KUNIT_EXPECT_EQ(test, map->mirror->shift, (u8)SHIFT_MIN);
	KUNIT_EXPECT_GT(test, pause, 0UL);
	KUNIT_EXPECT_LE(test, pause, RETRY_JIFFIES);
	/* Not before */
	pause = work_portion(map->mirror);
	KUNIT_EXPECT_EQ(test, map->mirror->shift, (u8)SHIFT_MIN);
	KUNIT_EXPECT_LE(test, pause, RETRY_JIFFIES);
	work_off(map);
	KUNIT_EXPECT_GT(test, map->mirror->shift, (u8)SHIFT_MIN);
	expect_all_seen(test, map, 2 * MANY);
}

static void an_index_that_could_not_be_had_is_tried_again(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 2 * MANY);
	unsigned long pause;

	KUNIT_ASSERT_EQ(test, attach(map), 0);
	/* The smallest one will do for the beginning */
	store_fail_nth(1);
	pause = work_portion(map->mirror);
	KUNIT_EXPECT_TRUE(test, store_has_failed());
	KUNIT_EXPECT_EQ(test, pause, 0UL);
	KUNIT_EXPECT_EQ(test, map->mirror->shift, (u8)SHIFT_MIN);
	work_off(map);
	KUNIT_EXPECT_GT(test, map->mirror->shift, (u8)SHIFT_MIN);
	expect_all_seen(test, map, 2 * MANY);
}

/* A repair that was of no use is not made soon again, and by and by more seldom */
static void what_does_not_fit_is_tried_more_and_more_seldom(struct kunit *test)
{
	struct bytemap *map = crowd(test);
	struct bytemap_mirror *mirror = map->mirror;
	unsigned int n;

	for (n = 1; n <= FRUITLESS_MOST + 2; n++) {
		WRITE_ONCE(mirror->repairs, true);
		work_off(map);
		KUNIT_EXPECT_EQ(test, mirror->fruitless,
				min(n, (unsigned int)FRUITLESS_MOST));
		KUNIT_EXPECT_TRUE(test, spilled(map));
		WRITE_ONCE(mirror->repairs, true);
		KUNIT_EXPECT_GT(test, work_portion(mirror),
				(RETRY_JIFFIES << mirror->fruitless) / 2);
		KUNIT_EXPECT_EQ(test, (int)mirror->phase, (int)MIRROR_RESTS);
	}
	delete_crowd(test, map, 0, 5);
	work_off(map);
	KUNIT_EXPECT_EQ(test, mirror->fruitless, 0U);
	KUNIT_EXPECT_FALSE(test, spilled(map));
}

/* Pages */

static void there_are_pages_where_something_is(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct bytemap_mirror *mirror = map->mirror;
	u64 large = syncmap_mapped_index(mirror->shift_max);
	u64 small = syncmap_mapped_index(6);

	KUNIT_ASSERT_EQ(test, store_store(map, KEY, "v"), 0);
	KUNIT_EXPECT_PTR_EQ(test, bytemap_mirror_page(mirror, 0),
			    virt_to_page(mirror->head));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, small - PAGE_SIZE));
	KUNIT_EXPECT_NOT_NULL(test, bytemap_mirror_page(mirror, small));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, 2 * small));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, large));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, mirror->arena_at -
							    PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, mirror->arena_at));
	KUNIT_EXPECT_NOT_NULL(test, bytemap_mirror_page(mirror, mirror->arena_at +
								PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, mirror->size -
							    PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, mirror->size));
}

/* Some of the work, as faults are in the way of the rest. Return: the index in use */
static u8 work_a_little(struct bytemap *map)
{
	unsigned int n;

	for (n = 0; n < 3; n++)
		work_portion(map->mirror);
	return map->mirror->shift;
}

/* A process that gets stuck in a fault holds up neither writers nor other work */
static void an_index_comes_and_goes_when_faults_are_over(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct bytemap_mapping *mapping = &map->mirror->mapping;
	struct bytemap_mirror *mirror = map->mirror;
	unsigned int early, late;
	u8 old = mirror->shift;

	store_numbers(test, map, 0, MANY);
	early = bytemap_mapping_begin(mapping);
	KUNIT_EXPECT_EQ(test, work_a_little(map), old);
	KUNIT_EXPECT_NE(test, mirror->coming, 0);
	KUNIT_EXPECT_EQ(test, mirror->phase, MIRROR_RESTS);
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "v"), 0);
	late = bytemap_mapping_begin(mapping);
	bytemap_mapping_end(mapping, early);
	KUNIT_EXPECT_NE(test, work_a_little(map), old);
	KUNIT_EXPECT_EQ(test, mirror->leaving, old);
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror,
						    syncmap_mapped_index(old)));
	bytemap_mapping_end(mapping, late);
	work_off(map);
	KUNIT_EXPECT_EQ(test, mirror->leaving, 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
}

static struct kunit_case mirror_cases[] = {
	KUNIT_CASE_PARAM(each_operation_is_seen, type_gen_params),
	KUNIT_CASE(values_are_seen_if_they_fit),
	KUNIT_CASE(mortal_values_are_seen_if_they_fit),
	KUNIT_CASE(keys_are_seen_if_they_fit),
	KUNIT_CASE(a_lease_is_not_seen_but_its_value_is),
	KUNIT_CASE(what_has_an_owner_is_asked_for),
	KUNIT_CASE_PARAM(what_was_there_is_not_to_be_read, removal_gen_params),
	KUNIT_CASE(a_clear_hides_all),
	KUNIT_CASE(what_follows_a_clear_is_seen),
	KUNIT_CASE_PARAM(the_floor_counts_while_something_is_below,
			 type_gen_params),
	KUNIT_CASE_PARAM(an_index_changes_under_readers, type_gen_params),
	KUNIT_CASE(a_window_of_the_old_index_ends_in_the_new),
	KUNIT_CASE(a_window_is_open_in_both_indexes_or_none),
	KUNIT_CASE_PARAM(an_empty_stripe_is_time_to_look, type_gen_params),
	KUNIT_CASE(an_index_is_as_large_as_it_is_to_be),
	KUNIT_CASE_PARAM(what_is_too_much_is_asked_for, type_gen_params),
	KUNIT_CASE_PARAM(what_was_too_much_is_not_forgotten, type_gen_params),
	KUNIT_CASE_PARAM(what_is_spilled_goes_along, type_gen_params),
	KUNIT_CASE(what_has_no_slot_is_asked_for),
	KUNIT_CASE(who_has_used_up_his_bytes_has_it_not_mirrored),
	KUNIT_CASE(what_a_mirror_takes_is_given_back),
	KUNIT_CASE(a_mirror_that_is_worked_on_ends),
	KUNIT_CASE(who_finds_no_memory_makes_no_map),
	KUNIT_CASE(a_mirror_without_memory_fails_nobody),
	KUNIT_CASE(a_mirror_can_come_later),
	KUNIT_CASE(a_mirror_comes_once),
	KUNIT_CASE(who_has_begun_without_a_window_is_waited_for),
	KUNIT_CASE(a_mirror_can_be_taken_away),
	KUNIT_CASE(a_mirror_goes_in_the_middle),
	KUNIT_CASE(a_clear_may_come_at_any_time),
	KUNIT_CASE(what_is_deleted_while_it_goes_is_wiped),
	KUNIT_CASE(a_floor_is_forgotten_in_the_end),
	KUNIT_CASE(who_maps_it_keeps_it),
	KUNIT_CASE(a_frozen_map_can_have_a_mirror),
	KUNIT_CASE(limits_may_be_raised_later),
	KUNIT_CASE(a_mirror_may_be_too_small),
	KUNIT_CASE(what_nobody_has_mapped_is_given_back),
	KUNIT_CASE(what_could_not_be_had_is_tried_again),
	KUNIT_CASE(an_index_that_could_not_be_had_is_tried_again),
	KUNIT_CASE_PARAM(what_does_not_fit_is_tried_more_and_more_seldom,
			 type_gen_params),
	KUNIT_CASE(there_are_pages_where_something_is),
	KUNIT_CASE(an_index_comes_and_goes_when_faults_are_over),
	{}
};

static struct kunit_suite mirror_suite = {
	.name = "bytemap_mirror",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = mirror_cases,
};

kunit_test_suite(mirror_suite);
