// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of nodes. What is freed too little or too much, kmemleak and KASAN see.
 */
#include "../module/core/node.c"
#include "inside.h"

static struct syncmap_node *make_node(struct kunit *test,
				      struct syncmap_key *key)
{
	struct test_map *tm = test->priv;
	struct syncmap_node *node;
	struct test_key buffer;

	*key = tm_key(tm, 123, &buffer);
	node = syncmap_node_alloc(&tm->map, key, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, node);
	return node;
}

/* A node of a byte string has a copy of its own */
static void node_holds_its_key(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_node *node;
	struct syncmap_key key;
	struct test_key buffer;

	node = make_node(test, &key);
	key = tm_key(tm, 123, &buffer);
	KUNIT_EXPECT_TRUE(test, syncmap_key_matches(&key,
						    tm->map.params.key_len,
						    node->key));
	syncmap_node_free(&tm->map, node, false);
}

/* Its key may have a place in the next table, and outlives it there */
static void node_free_can_keep_the_key(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_node *node;
	struct syncmap_key key;
	u64 word;

	node = make_node(test, &key);
	word = node->key;
	syncmap_node_free(&tm->map, node, true);
	if (tm->map.params.key_len)
		return;
	KUNIT_EXPECT_EQ(test, syncmap_keyobj_of(word)->len, key.len);
	kfree(syncmap_keyobj_of(word));
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);

static struct kunit_case node_cases[] = {
	KUNIT_CASE_PARAM(node_holds_its_key, variant_gen_params),
	KUNIT_CASE_PARAM(node_free_can_keep_the_key, variant_gen_params),
	{}
};

static struct kunit_suite node_suite = {
	.name = "syncmap_node",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = node_cases,
};

kunit_test_suite(node_suite);
