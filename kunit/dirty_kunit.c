// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tables
 */
#include "../module/core/dirty.c"
#include "common.h"
#include "crew.h"

/* Enough for all nodes of a case; their keys are their numbers */
#define NODES	64

struct fixture {
	struct syncmap_dirty	*dirty;
	struct syncmap_node	nodes[NODES];
	unsigned int		used;
};

static int dirty_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->dirty = syncmap_dirty_alloc(DIRTY_BITS_MIN, GFP_KERNEL);
	if (!f->dirty)
		return -ENOMEM;
	test->priv = f;
	return 0;
}

static void dirty_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		syncmap_dirty_free(f->dirty);
}

static struct syncmap_key key_of(u64 hash, u64 number)
{
	return (struct syncmap_key){ .hash = hash, .word = number, .len = 8 };
}

static bool locate(struct fixture *f, u64 hash, u64 number,
		   struct dirty_place *place)
{
	struct syncmap_key key = key_of(hash, number);
	unsigned long flags;

	syncmap_dirty_lock(f->dirty, hash, &flags);
	syncmap_dirty_locate(f->dirty, &key, 8, place);
	syncmap_dirty_unlock(f->dirty, hash, flags);
	return place->node;
}

/* Link a node with the next number for its key */
static struct syncmap_node *link(struct fixture *f, u64 hash)
{
	struct syncmap_node *node = &f->nodes[f->used];
	struct dirty_place place;
	unsigned long flags;

	node->hash = hash;
	node->key = f->used++;
	locate(f, hash, node->key, &place);
	syncmap_dirty_lock(f->dirty, hash, &flags);
	syncmap_dirty_link(f->dirty, node, &place);
	syncmap_dirty_unlock(f->dirty, hash, flags);
	return node;
}

static void unlink(struct fixture *f, struct syncmap_node *node)
{
	struct dirty_place place;
	unsigned long flags;

	locate(f, node->hash, node->key, &place);
	syncmap_dirty_lock(f->dirty, node->hash, &flags);
	syncmap_dirty_unlink(f->dirty, &place);
	syncmap_dirty_unlock(f->dirty, node->hash, flags);
}

static struct syncmap_node *find(struct fixture *f, u64 hash, u64 number)
{
	struct syncmap_key key = key_of(hash, number);

	return dirty_find(f->dirty, &key, 8);
}

static void find_in_unused_finds_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_FALSE(test, f->dirty->used);
	KUNIT_EXPECT_NULL(test, find(f, 0, 0));
	link(f, 0);
	KUNIT_EXPECT_TRUE(test, f->dirty->used);
	KUNIT_EXPECT_NOT_NULL(test, find(f, 0, 0));
}

static void link_keeps_chains_sorted(struct kunit *test)
{
	static const u64 hashes[] = { 50, 10, 90, 10, 70, 50, 0, U32_MAX };
	struct fixture *f = test->priv;
	struct syncmap_node *node;
	unsigned int i, n = 0;
	u64 last = 0;

	for (i = 0; i < ARRAY_SIZE(hashes); i++)
		link(f, hashes[i]);
	for (node = dirty_head(f->dirty, 0); node; node = node->next, n++) {
		KUNIT_EXPECT_GE(test, node->hash, last);
		last = node->hash;
	}
	KUNIT_EXPECT_EQ(test, n, ARRAY_SIZE(hashes));
	for (i = 0; i < ARRAY_SIZE(hashes); i++)
		KUNIT_EXPECT_PTR_EQ(test, find(f, hashes[i], i), &f->nodes[i]);
	KUNIT_EXPECT_NULL(test, find(f, 10, 0));
	KUNIT_EXPECT_NULL(test, find(f, 11, 1));
}

/* C.1: a walker that stands at a hash is behind what is linked there later */
static void link_goes_before_equal_hashes(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_node *first = link(f, 10);
	struct syncmap_node *second = link(f, 10);
	struct syncmap_node *third = link(f, 10);

	KUNIT_EXPECT_PTR_EQ(test, dirty_head(f->dirty, 0), third);
	KUNIT_EXPECT_PTR_EQ(test, third->next, second);
	KUNIT_EXPECT_PTR_EQ(test, second->next, first);
}

/* Each of a run of equal hashes, and the head, the middle and the end */
static void unlink_removes_only_its_node(struct kunit *test)
{
	static const u64 hashes[] = { 10, 20, 20, 20, 30 };
	struct fixture *f = test->priv;
	unsigned int i, gone;

	for (i = 0; i < ARRAY_SIZE(hashes); i++)
		link(f, hashes[i]);
	for (gone = 0; gone < ARRAY_SIZE(hashes); gone++) {
		unlink(f, &f->nodes[gone]);
		for (i = 0; i < ARRAY_SIZE(hashes); i++)
			KUNIT_EXPECT_EQ(test, !find(f, hashes[i], i),
					i <= gone);
	}
	KUNIT_EXPECT_NULL(test, dirty_head(f->dirty, 0));
}

/* A reader that stands on an unlinked node finds its way on */
static void unlink_leaves_the_way_on(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_node *last = link(f, 20);
	struct syncmap_node *node = link(f, 10);

	unlink(f, node);
	KUNIT_EXPECT_PTR_EQ(test, node->next, last);
}

static void locate_tells_the_place(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_node *low = link(f, 10);
	struct syncmap_node *high = link(f, 30);
	struct dirty_place place;

	KUNIT_EXPECT_FALSE(test, locate(f, 20, 99, &place));
	KUNIT_EXPECT_PTR_EQ(test, place.link, &low->next);
	KUNIT_EXPECT_PTR_EQ(test, place.next, high);
	KUNIT_EXPECT_FALSE(test, locate(f, 5, 99, &place));
	KUNIT_EXPECT_PTR_EQ(test, *place.link, low);
	KUNIT_EXPECT_PTR_EQ(test, place.next, low);
	KUNIT_EXPECT_FALSE(test, locate(f, 40, 99, &place));
	KUNIT_EXPECT_PTR_EQ(test, place.link, &high->next);
	KUNIT_EXPECT_NULL(test, place.next);
	KUNIT_EXPECT_TRUE(test, locate(f, 30, high->key, &place));
	KUNIT_EXPECT_PTR_EQ(test, place.link, &low->next);
}

static void seal_is_per_bucket_and_keeps_the_nodes(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 other = 1ULL << (64 - DIRTY_BITS_MIN);
	struct syncmap_node *node = link(f, 10);

	syncmap_dirty_seal(f->dirty, 10);
	KUNIT_EXPECT_TRUE(test, dirty_sealed(f->dirty, 0));
	KUNIT_EXPECT_TRUE(test, dirty_sealed(f->dirty, other - 1));
	KUNIT_EXPECT_FALSE(test, dirty_sealed(f->dirty, other));
	KUNIT_EXPECT_PTR_EQ(test, find(f, 10, 0), node);
	KUNIT_EXPECT_PTR_EQ(test, dirty_head(f->dirty, 0), node);
	syncmap_dirty_seal(f->dirty, 10);
	KUNIT_EXPECT_PTR_EQ(test, dirty_head(f->dirty, 0), node);
}

static void seal_works_on_an_empty_bucket(struct kunit *test)
{
	struct fixture *f = test->priv;

	syncmap_dirty_seal(f->dirty, 0);
	KUNIT_EXPECT_TRUE(test, dirty_sealed(f->dirty, 0));
	KUNIT_EXPECT_NULL(test, dirty_head(f->dirty, 0));
}

/* Three threads, one after another, that share nothing but a chain */
struct relay {
	struct fixture	*f;
	unsigned int	seen;
};

static void link_seal_or_walk(struct worker *worker)
{
	struct relay *relay = worker->arg;
	struct fixture *f = relay->f;
	struct syncmap_node *node;

	crew_take_turn(worker);
	if (worker->id == 0) {
		link(f, 10);
		link(f, 20);
	} else {
		syncmap_dirty_seal(f->dirty, 0);
	}
	if (worker->id == 2)
		for (node = dirty_head(f->dirty, 0); node; node = node->next)
			relay->seen++;
	crew_end_turn(worker);
}

/* Whoever finds it sealed takes no lock, and sees them: for KCSAN and TSan */
static void a_seal_shows_all_links(struct kunit *test)
{
	struct relay relay = { .f = test->priv };
	struct crew *crew = crew_new(test);

	crew_add(crew, 3, link_seal_or_walk, &relay);
	crew_run(crew);
	KUNIT_EXPECT_EQ(test, relay.seen, 2U);
}

/* The next node of a walk, which stays on it; NULL at the end of the table */
static struct syncmap_node *dirty_next(const struct syncmap_dirty *dirty,
				       struct dirty_pos *pos)
{
	while (!pos->node && pos->bucket < dirty_buckets(dirty))
		dirty_walk_step(dirty, pos);
	return pos->node;
}

static void walk_is_in_hash_order(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dirty_pos pos;
	struct rnd_state rnd;
	struct syncmap_node *node;
	unsigned int n = 0;
	u64 last = 0;

	test_random(&rnd, 0);
	while (f->used < NODES)
		link(f, (u64)prandom_u32_state(&rnd) << 32);
	dirty_seek(f->dirty, &pos, 0);
	while ((node = dirty_next(f->dirty, &pos))) {
		KUNIT_EXPECT_GE(test, node->hash, last);
		last = node->hash;
		pos.node = node->next;
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, NODES);
}

static void seek_stops_at_the_first_not_below(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_node *low = link(f, 10);
	struct syncmap_node *high = link(f, U64_MAX - 1);
	struct dirty_pos pos;

	dirty_seek(f->dirty, &pos, 10);
	KUNIT_EXPECT_PTR_EQ(test, dirty_next(f->dirty, &pos), low);
	dirty_seek(f->dirty, &pos, 11);
	KUNIT_EXPECT_PTR_EQ(test, dirty_next(f->dirty, &pos), high);
	dirty_seek(f->dirty, &pos, U64_MAX);
	KUNIT_EXPECT_NULL(test, dirty_next(f->dirty, &pos));
}

/* As many steps as there are words of bits, and one for each bucket with keys */
static void walk_leaves_out_what_had_no_key(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 hash = 77ULL << 52, before;
	struct dirty_pos pos;
	unsigned int steps;

	syncmap_dirty_free(f->dirty);
	f->dirty = syncmap_dirty_alloc(12, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->dirty);
	dirty_seek(f->dirty, &pos, 0);
	KUNIT_EXPECT_NULL(test, dirty_next(f->dirty, &pos));
	link(f, hash);
	unlink(f, link(f, U64_MAX));
	dirty_seek(f->dirty, &pos, 0);
	for (steps = 0; !pos.node; steps++) {
		before = dirty_walk_hash(f->dirty, &pos);
		dirty_walk_step(f->dirty, &pos);
		KUNIT_ASSERT_GT(test, dirty_walk_hash(f->dirty, &pos), before);
		KUNIT_ASSERT_LE(test, dirty_walk_hash(f->dirty, &pos), hash);
	}
	KUNIT_EXPECT_EQ(test, steps, 2);
	KUNIT_EXPECT_EQ(test, dirty_walk_hash(f->dirty, &pos), hash);
	dirty_walk_on(f->dirty, &pos);
	for (steps = 0; dirty_walk_hash(f->dirty, &pos) != SYNCMAP_CURSOR_END;
	     steps++)
		dirty_walk_step(f->dirty, &pos);
	KUNIT_EXPECT_EQ(test, steps, 4096 / BITS_PER_LONG - 1);
	KUNIT_EXPECT_NULL(test, pos.node);
}

static void bits_are_bounded(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, syncmap_dirty_bits(0), DIRTY_BITS_MIN);
	KUNIT_EXPECT_EQ(test, syncmap_dirty_bits(8 << DIRTY_BITS_MIN),
			DIRTY_BITS_MIN);
	KUNIT_EXPECT_EQ(test, syncmap_dirty_bits(8 << 20), 20);
	KUNIT_EXPECT_EQ(test, syncmap_dirty_bits(U64_MAX), DIRTY_BITS_MAX);
}

/* C.1 rests on it: the first and the last hash of each chain, and no gap */
static void chains_are_in_hash_order(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 step = 1ULL << (64 - DIRTY_BITS_MIN - 6);
	u64 hash, chain, last = 0;

	for (hash = 0; hash < U64_MAX - step; hash += step) {
		chain = dirty_chain(f->dirty, hash);
		KUNIT_EXPECT_GE(test, chain, last);
		KUNIT_EXPECT_LE(test, chain, last + 1);
		last = chain;
	}
	KUNIT_EXPECT_EQ(test, dirty_chain(f->dirty, U64_MAX),
			dirty_chains(f->dirty) - 1);
}

static struct kunit_case dirty_cases[] = {
	KUNIT_CASE(find_in_unused_finds_nothing),
	KUNIT_CASE(link_keeps_chains_sorted),
	KUNIT_CASE(link_goes_before_equal_hashes),
	KUNIT_CASE(unlink_removes_only_its_node),
	KUNIT_CASE(unlink_leaves_the_way_on),
	KUNIT_CASE(locate_tells_the_place),
	KUNIT_CASE(seal_is_per_bucket_and_keeps_the_nodes),
	KUNIT_CASE(seal_works_on_an_empty_bucket),
	KUNIT_CASE(a_seal_shows_all_links),
	KUNIT_CASE(walk_is_in_hash_order),
	KUNIT_CASE(seek_stops_at_the_first_not_below),
	KUNIT_CASE(walk_leaves_out_what_had_no_key),
	KUNIT_CASE(bits_are_bounded),
	KUNIT_CASE(chains_are_in_hash_order),
	{}
};

static struct kunit_suite dirty_suite = {
	.name = "syncmap_dirty",
	.suite_init = test_suite_init,
	.init = dirty_init,
	.exit = dirty_exit,
	.test_cases = dirty_cases,
};

kunit_test_suite(dirty_suite);
