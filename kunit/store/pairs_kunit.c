// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bucket of pairs by itself, and the slots of its arena
 */
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "mapped.h"

#include "../../module/store/pairs.c"

#define FULL	(OWN + SYNCMAP_MAPPED_MORE)
#define SLABS	24

struct home {
	struct bytemap_arena		arena;
	struct bytemap_mapping		mapping;
	struct syncmap_mapped_pairs	bucket;
	struct syncmap_mapped_revisions	revisions;
	struct bytemap_pairs		pairs;
};

static int home_init(struct kunit *test)
{
	struct home *home = kunit_kzalloc(test, sizeof(*home), GFP_KERNEL);

	if (!home)
		return -ENOMEM;
	bytemap_mapping_init(&home->mapping, NULL);
	home->pairs = (struct bytemap_pairs){
		.arena = &home->arena,
		.bucket = &home->bucket,
		.revisions = &home->revisions,
	};
	test->priv = home;
	return bytemap_arena_init(&home->arena, &home->mapping, 0, SLABS);
}

static void home_exit(struct kunit *test)
{
	struct home *home = test->priv;

	bytemap_arena_exit(&home->arena);
}

static struct bytemap_pairs *pairs_under_test(struct kunit *test)
{
	struct home *home = test->priv;

	return &home->pairs;
}

static void grow_stock(struct kunit *test)
{
	struct home *home = test->priv;

	while (bytemap_arena_is_short(&home->arena))
		KUNIT_ASSERT_EQ(test, bytemap_arena_grow(&home->arena), 0);
}

/* Slots that are taken */
static unsigned int taken(struct kunit *test)
{
	struct home *home = test->priv;
	unsigned long nr;
	unsigned int n = 0;
	void *slab;

	xa_for_each(&home->arena.slabs, nr, slab)
		n += !!memchr_inv(page_address(bytemap_arena_page(&home->arena,
								  nr)),
				  0, PAGE_SIZE);
	return n;
}

static struct bytemap_pair pair_of(u64 key, u64 revision)
{
	return (struct bytemap_pair){
		.key = key, .value = key * 3, .revision = revision,
		.kind = SYNCMAP_PAIR_MOST,
	};
}

static bool add(struct kunit *test, u64 key, u64 revision)
{
	struct bytemap_pair pair = pair_of(key, revision);

	return bytemap_pairs_add(pairs_under_test(test), &pair);
}

/* Return: where it is, and as it was added; -1: nowhere */
static int find(struct kunit *test, u64 key, u64 revision)
{
	struct bytemap_pairs *pairs = pairs_under_test(test);
	int at = bytemap_pairs_find(pairs, key);
	struct bytemap_pair pair;

	if (at < 0)
		return at;
	KUNIT_EXPECT_TRUE(test, bytemap_pairs_get(pairs, at, &pair));
	KUNIT_EXPECT_EQ(test, pair.key, key);
	KUNIT_EXPECT_EQ(test, pair.value, key * 3);
	KUNIT_EXPECT_EQ(test, pair.revision, revision);
	KUNIT_EXPECT_EQ(test, (int)pair.kind, SYNCMAP_PAIR_MOST);
	return at;
}

static void remove_key(struct kunit *test, u64 key)
{
	struct bytemap_pairs *pairs = pairs_under_test(test);

	bytemap_pairs_remove(pairs, bytemap_pairs_find(pairs, key));
}

static void add_all(struct kunit *test)
{
	u64 key;

	grow_stock(test);
	for (key = 0; key < FULL; key++) {
		grow_stock(test);
		KUNIT_ASSERT_TRUE(test, add(test, key, key + 1));
	}
}

/* One after the other it has a larger slot, and one only. Key 0 is a key, too */
static void a_bucket_has_room_for_so_many(struct kunit *test)
{
	u64 key;

	KUNIT_EXPECT_LT(test, bytemap_pairs_find(pairs_under_test(test), 0), 0);
	add_all(test);
	for (key = 0; key < FULL; key++)
		KUNIT_EXPECT_EQ(test, find(test, key, key + 1), (int)key);
	KUNIT_EXPECT_FALSE(test, add(test, FULL, 1));
	KUNIT_EXPECT_LT(test, find(test, FULL, 1), 0);
	KUNIT_EXPECT_EQ(test, taken(test), 1U);
}

static void what_is_removed_is_not_to_be_read(struct kunit *test)
{
	struct home *home = test->priv;
	u64 key;

	add_all(test);
	for (key = 0; key < FULL; key++) {
		remove_key(test, FULL - 1 - key);
		KUNIT_EXPECT_LT(test, find(test, FULL - 1 - key, 0), 0);
	}
	KUNIT_EXPECT_EQ(test, taken(test), 0U);
	KUNIT_EXPECT_EQ(test, home->bucket.more, 0U);
	KUNIT_EXPECT_NULL(test, memchr_inv(&home->bucket, 0,
					   sizeof(home->bucket)));
	KUNIT_EXPECT_NULL(test, memchr_inv(home->revisions.low, 0,
					   sizeof(home->revisions.low)));
}

static u64 count_own(struct kunit *test)
{
	u64 n = 0;
	int i;

	for (i = 0; i < OWN; i++)
		n += !!kind_of(pairs_under_test(test), i);
	return n;
}

/* In whichever order they go, those that are left are found */
static void the_bucket_itself_is_full_first(struct kunit *test)
{
	u64 key, gone;

	add_all(test);
	for (gone = 0; gone < FULL; gone++) {
		remove_key(test, gone * 5 % FULL);
		for (key = 0; key < FULL; key++)
			KUNIT_EXPECT_EQ(test, find(test, key * 5 % FULL,
						   key * 5 % FULL + 1) >= 0,
					key > gone);
		KUNIT_EXPECT_EQ(test, count_own(test),
				min_t(u64, OWN, FULL - 1 - gone));
	}
	KUNIT_EXPECT_EQ(test, taken(test), 0U);
}

#define HIGH	BIT_ULL(32)

/* Revisions of which the upper halves differ */
static void revisions_pass_a_boundary(struct kunit *test)
{
	struct bytemap_pairs *pairs = pairs_under_test(test);
	struct bytemap_pair pair = pair_of(0, HIGH + 5);

	grow_stock(test);
	KUNIT_EXPECT_TRUE(test, add(test, 0, HIGH - 1));
	/* It is alone */
	KUNIT_EXPECT_TRUE(test, bytemap_pairs_set(pairs, 0, &pair));
	KUNIT_EXPECT_EQ(test, find(test, 0, HIGH + 5), 0);
	KUNIT_EXPECT_TRUE(test, add(test, 1, HIGH - 1));
	KUNIT_EXPECT_EQ(test, find(test, 1, HIGH - 1), OWN);
	KUNIT_EXPECT_TRUE(test, add(test, 2, HIGH + 6));
	KUNIT_EXPECT_EQ(test, find(test, 2, HIGH + 6), 1);
	pair = pair_of(2, 2 * HIGH);
	KUNIT_EXPECT_FALSE(test, bytemap_pairs_set(pairs, 1, &pair));
	KUNIT_EXPECT_EQ(test, find(test, 2, HIGH + 6), 1);
	/* A slot has its own, and nobody's */
	pair = (struct bytemap_pair){
		.key = 3, .value = 7, .kind = SYNCMAP_PAIR_SLOT,
	};
	KUNIT_EXPECT_TRUE(test, bytemap_pairs_add(pairs, &pair));
	KUNIT_EXPECT_EQ(test, bytemap_pairs_find(pairs, 3), 2);
	KUNIT_EXPECT_EQ(test, find(test, 0, HIGH + 5), 0);
	/* The other one finds room when these are gone */
	remove_key(test, 0);
	KUNIT_EXPECT_EQ(test, find(test, 1, HIGH - 1), OWN);
	remove_key(test, 2);
	KUNIT_EXPECT_LT(test, find(test, 1, HIGH - 1), OWN);
	KUNIT_EXPECT_EQ(test, taken(test), 0U);
}

static void without_memory_there_is_room_for_few(struct kunit *test)
{
	u64 key;

	for (key = 0; key < OWN; key++)
		KUNIT_EXPECT_TRUE(test, add(test, key, 1));
	KUNIT_EXPECT_FALSE(test, add(test, OWN, 1));
	for (key = 0; key < OWN; key++)
		KUNIT_EXPECT_EQ(test, find(test, key, 1), (int)key);
	KUNIT_EXPECT_EQ(test, bytemap_pairs_end(pairs_under_test(test)), OWN);
}

static struct kunit_case pairs_cases[] = {
	KUNIT_CASE(a_bucket_has_room_for_so_many),
	KUNIT_CASE(what_is_removed_is_not_to_be_read),
	KUNIT_CASE(the_bucket_itself_is_full_first),
	KUNIT_CASE(revisions_pass_a_boundary),
	KUNIT_CASE(without_memory_there_is_room_for_few),
	{}
};

static struct kunit_suite pairs_suite = {
	.name = "bytemap_pairs",
	.init = home_init,
	.exit = home_exit,
	.test_cases = pairs_cases,
};

kunit_test_suite(pairs_suite);
