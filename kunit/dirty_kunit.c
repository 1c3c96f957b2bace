// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tables
 */
#include "../module/core/dirty.c"
#include "common.h"
#include "crew.h"

/* Enough for all keys of a case, which are numbers */
#define KEYS	64

/* Keys that get pairs, if they can, and keys that never do */
static const struct kind {
	const char	*title;
	u8		key_len;
} kinds[] = {
	{ "words", sizeof(u64) },
	{ "wide keys", 2 * sizeof(u64) },
};

static void kind_desc(const struct kind *kind, char *desc)
{
	strscpy(desc, kind->title, KUNIT_PARAM_DESC_SIZE);
}

struct fixture {
	struct syncmap_params	params;
	siphash_key_t		seed;
	struct syncmap_dirty	*dirty;
	struct syncmap_node	nodes[KEYS];
	u64			wide[KEYS][2];
	unsigned int		used;
};

/* Of the keys of the case, by number */
static u64 hashes_of_keys[KEYS];

static u64 hash_of_key(const void *key, size_t len)
{
	u64 number;

	memcpy(&number, key, sizeof(number));
	return number < KEYS ? hashes_of_keys[number] : 0;
}

static void renew(struct kunit *test, unsigned int bits)
{
	struct fixture *f = test->priv;

	syncmap_dirty_free(f->dirty);
	f->dirty = syncmap_dirty_alloc(&f->params, &f->seed, bits, GFP_KERNEL);
	f->used = 0;
	KUNIT_ASSERT_NOT_NULL(test, f->dirty);
}

static int dirty_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	const struct kind *kind = test->param_value;

	if (!f)
		return -ENOMEM;
	f->params = (struct syncmap_params){
		.key_len = (kind ?: kinds)->key_len,
		.hash = SYNCMAP_HASH_CUSTOM,
		.hash_fn = hash_of_key,
	};
	test->priv = f;
	renew(test, DIRTY_BITS_MIN);
	return 0;
}

static void dirty_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		syncmap_dirty_free(f->dirty);
}

static struct syncmap_key key_of(const struct fixture *f, u64 hash, u64 number)
{
	return (struct syncmap_key){
		.hash = hash, .word = number, .len = f->params.key_len,
	};
}

static bool locate(struct fixture *f, u64 hash, u64 number,
		   struct dirty_place *place)
{
	struct syncmap_key key = key_of(f, hash, number);
	unsigned long flags;

	syncmap_dirty_lock(f->dirty, hash, &flags);
	syncmap_dirty_locate(f->dirty, &key, place);
	syncmap_dirty_unlock(f->dirty, hash, flags);
	return place->node;
}

static u64 word_of(u64 number)
{
	return word_open(syncmap_code_of(val(number)));
}

/* Link a node with the next number for its key */
static struct syncmap_node *link(struct fixture *f, u64 hash)
{
	struct syncmap_node *node = &f->nodes[f->used];
	unsigned int number = f->used++;
	struct dirty_place place;
	unsigned long flags;

	hashes_of_keys[number] = hash;
	f->wide[number][0] = number;
	node->hash = hash;
	node->key = f->params.key_len > sizeof(u64) ?
		    (unsigned long)f->wide[number] : number;
	atomic64_set(&node->word, word_of(number));
	locate(f, hash, number, &place);
	syncmap_dirty_lock(f->dirty, hash, &flags);
	syncmap_dirty_link(f->dirty, node, &place);
	syncmap_dirty_unlock(f->dirty, hash, flags);
	return node;
}

static void unlink(struct fixture *f, struct syncmap_node *node)
{
	struct dirty_place place;
	unsigned long flags;

	locate(f, node->hash, node - f->nodes, &place);
	syncmap_dirty_lock(f->dirty, node->hash, &flags);
	syncmap_dirty_unlink(f->dirty, &place);
	syncmap_dirty_unlock(f->dirty, node->hash, flags);
}

static atomic64_t *find(struct fixture *f, u64 hash, u64 number)
{
	struct syncmap_key key = key_of(f, hash, number);

	return dirty_find(f->dirty, &key);
}

/* Fill a pair with the next number for its key, or NULL if there is none left */
static struct syncmap_pair *fill(struct fixture *f, u64 hash)
{
	struct syncmap_pair *pair;
	struct syncmap_key key;
	unsigned long flags;

	/* Key 0 has no pair */
	f->used = max(f->used, 1U);
	key = key_of(f, hash, f->used);
	syncmap_dirty_lock(f->dirty, hash, &flags);
	pair = dirty_free_pair(f->dirty, &key);
	if (pair) {
		hashes_of_keys[f->used++] = hash;
		syncmap_dirty_fill(f->dirty, pair, &key, word_of(key.word));
	}
	syncmap_dirty_unlock(f->dirty, hash, flags);
	return pair;
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
		KUNIT_EXPECT_PTR_EQ(test, find(f, hashes[i], i),
				    &f->nodes[i].word);
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
	KUNIT_EXPECT_NULL(test, place.word);
	KUNIT_EXPECT_TRUE(test, locate(f, 30, high - f->nodes, &place));
	KUNIT_EXPECT_PTR_EQ(test, place.link, &low->next);
	KUNIT_EXPECT_PTR_EQ(test, place.node, high);
	KUNIT_EXPECT_PTR_EQ(test, place.word, &high->word);
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
	KUNIT_EXPECT_PTR_EQ(test, find(f, 10, 0), &node->word);
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

/* Three threads, one after another, that share nothing but a bucket */
struct relay {
	struct fixture	*f;
	unsigned int	seen;
};

/* As a builder does, without a lock */
static unsigned int count_bucket(const struct syncmap_dirty *dirty)
{
	struct syncmap_node *node;
	unsigned int i, n = 0;

	for (node = dirty_head(dirty, 0); node; node = node->next)
		n++;
	for (i = 0; dirty_has_pairs(dirty) && i < BUCKET_PAIRS; i++)
		n += dirty->buckets[0].pairs[i].key &&
		     word_is_live(word_read(&dirty->buckets[0].pairs[i].word));
	return n;
}

static void link_seal_or_walk(struct worker *worker)
{
	struct relay *relay = worker->arg;
	struct fixture *f = relay->f;

	crew_take_turn(worker);
	if (worker->id == 0) {
		link(f, 10);
		link(f, 20);
		fill(f, 30);
		fill(f, 10);
	} else {
		syncmap_dirty_seal(f->dirty, 0);
	}
	if (worker->id == 2)
		relay->seen = count_bucket(f->dirty);
	crew_end_turn(worker);
}

/* Whoever finds it sealed takes no lock, and sees them: for KCSAN and TSan */
static void a_seal_shows_all_keys(struct kunit *test)
{
	struct relay relay = { .f = test->priv };
	struct crew *crew = crew_new(test);

	crew_add(crew, 3, link_seal_or_walk, &relay);
	crew_run(crew);
	KUNIT_EXPECT_EQ(test, relay.seen,
			dirty_has_pairs(relay.f->dirty) ? 4U : 2U);
}

/* Whether there is a next key of a walk, which stays on it */
static bool dirty_next_item(const struct syncmap_dirty *dirty,
			    struct dirty_pos *pos)
{
	while (!dirty_walk_has(pos) && pos->bucket < dirty_buckets(dirty))
		dirty_walk_step(dirty, pos);
	return dirty_walk_has(pos);
}

/* The same where all have nodes, and its node; NULL at the end of the table */
static struct syncmap_node *dirty_next(const struct syncmap_dirty *dirty,
				       struct dirty_pos *pos)
{
	return dirty_next_item(dirty, pos) ? pos->node : NULL;
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
	while (f->used < KEYS)
		link(f, (u64)prandom_u32_state(&rnd) << 32);
	dirty_seek(f->dirty, &pos, 0);
	while ((node = dirty_next(f->dirty, &pos))) {
		KUNIT_EXPECT_GE(test, node->hash, last);
		last = node->hash;
		dirty_walk_on(f->dirty, &pos);
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, KEYS);
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

	renew(test, 12);
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
	     steps++) {
		KUNIT_ASSERT_LT(test, steps, 4096);
		dirty_walk_step(f->dirty, &pos);
	}
	KUNIT_EXPECT_EQ(test, steps, 4096 / BITS_PER_LONG - 1);
	KUNIT_EXPECT_NULL(test, pos.node);
}

/* Bits of a table for 2^n keys of which so many, as an exponent, are a bucket's */
static void expect_bounded(struct kunit *test,
			   unsigned int (*bits)(u64 keys, u8 key_len),
			   u8 key_len, unsigned int share)
{
	KUNIT_EXPECT_EQ(test, bits(0, key_len), DIRTY_BITS_MIN);
	KUNIT_EXPECT_EQ(test, bits(1ULL << (DIRTY_BITS_MIN + share), key_len),
			DIRTY_BITS_MIN);
	KUNIT_EXPECT_EQ(test, bits((1ULL << (20 + share)) - 1, key_len), 19);
	KUNIT_EXPECT_EQ(test, bits(1ULL << (20 + share), key_len), 20);
	KUNIT_EXPECT_EQ(test, bits(U64_MAX, key_len), DIRTY_BITS_MAX);
}

static void bits_are_bounded(struct kunit *test)
{
	expect_bounded(test, syncmap_dirty_bits, 0, 3);
	expect_bounded(test, syncmap_dirty_bits, 16, 3);
	expect_bounded(test, syncmap_dirty_bits, 8, 1);
	expect_bounded(test, syncmap_dirty_bits, 1, 1);
	expect_bounded(test, syncmap_dirty_bits_at_rest, 0, 8);
	expect_bounded(test, syncmap_dirty_bits_at_rest, 9, 8);
	expect_bounded(test, syncmap_dirty_bits_at_rest, 8, 7);
}

/* Eight for each chain, and all pairs; long before a bucket is full */
static void room_is_for_pairs_and_chains(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 room = syncmap_dirty_room(f->dirty) / dirty_buckets(f->dirty);

	KUNIT_EXPECT_EQ(test, room, dirty_has_pairs(f->dirty) ? 11 : 56);
	KUNIT_EXPECT_LT(test, 4 * room, BUCKET_KEYS);
}

static u64 chain_of(const struct syncmap_dirty *dirty, u64 hash)
{
	return dirty_bucket_index(dirty, hash) * dirty->chains +
	       dirty_slot(dirty, hash);
}

/* C.1 rests on it: the first and the last hash of each chain, and no gap */
static void chains_are_in_hash_order(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 step = 1ULL << (64 - DIRTY_BITS_MIN - 6);
	u64 hash, chain, last = 0;

	for (hash = 0; hash < U64_MAX - step; hash += step) {
		chain = chain_of(f->dirty, hash);
		KUNIT_EXPECT_GE(test, chain, last);
		KUNIT_EXPECT_LE(test, chain, last + 1);
		last = chain;
	}
	KUNIT_EXPECT_EQ(test, chain_of(f->dirty, U64_MAX),
			dirty_chains(f->dirty) - 1);
}

/* Number 1 to 3 in pairs, 4 in a node; and what is not there */
static void find_finds_pairs(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_pair *pairs[BUCKET_PAIRS];
	struct syncmap_node *node;
	unsigned int i;

	KUNIT_EXPECT_NULL(test, find(f, 10, 1));
	for (i = 0; i < BUCKET_PAIRS; i++)
		pairs[i] = fill(f, 10);
	node = link(f, 10);
	KUNIT_EXPECT_TRUE(test, f->dirty->used);
	for (i = 0; i < BUCKET_PAIRS; i++) {
		KUNIT_EXPECT_PTR_EQ(test, find(f, 10, 1 + i), &pairs[i]->word);
		KUNIT_EXPECT_EQ(test, pairs[i]->key, 1 + i);
		KUNIT_EXPECT_EQ(test, word_read(&pairs[i]->word),
				word_of(1 + i));
	}
	KUNIT_EXPECT_PTR_EQ(test, find(f, 10, 4), &node->word);
	KUNIT_EXPECT_NULL(test, find(f, 10, 5));
	/* The same number in another bucket is another key */
	KUNIT_EXPECT_NULL(test, find(f, U64_MAX, 1));
}

/* The fourth key of a bucket gets none, whatever the others have */
static void pairs_are_filled_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_pair *pair = NULL;
	unsigned int i;

	for (i = 0; i < BUCKET_PAIRS; i++) {
		pair = fill(f, 10);
		KUNIT_EXPECT_PTR_EQ(test, pair, &f->dirty->buckets[0].pairs[i]);
	}
	KUNIT_EXPECT_NULL(test, fill(f, 10));
	atomic64_set(&pair->word, WORD_DEAD);
	KUNIT_EXPECT_NULL(test, fill(f, 10));
	atomic64_set(&pair->word, WORD_EXPUNGED);
	KUNIT_EXPECT_NULL(test, fill(f, 10));
	KUNIT_EXPECT_EQ(test, f->dirty->buckets[0].keys, BUCKET_PAIRS);
	link(f, 10);
	KUNIT_EXPECT_EQ(test, f->dirty->buckets[0].keys, BUCKET_PAIRS + 1);
	KUNIT_EXPECT_PTR_EQ(test, fill(f, U64_MAX),
			    &f->dirty->buckets[dirty_buckets(f->dirty) - 1].pairs[0]);
}

/* A pair without a key looks like one with key 0 */
static void key_0_gets_no_pair(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_key key = key_of(f, 10, 0);
	struct syncmap_node *node;

	KUNIT_EXPECT_NULL(test, dirty_free_pair(f->dirty, &key));
	node = link(f, 10);
	KUNIT_EXPECT_NOT_NULL(test, fill(f, 10));
	KUNIT_EXPECT_NULL(test, dirty_find_pair(f->dirty, &key));
	KUNIT_EXPECT_PTR_EQ(test, find(f, 10, 0), &node->word);
	unlink(f, node);
	KUNIT_EXPECT_NULL(test, find(f, 10, 0));
}

static void only_words_get_pairs(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_key key = key_of(f, 10, 1);

	KUNIT_EXPECT_EQ(test, dirty_has_pairs(f->dirty),
			f->params.key_len == sizeof(u64));
	KUNIT_EXPECT_EQ(test, !fill(f, 10), !dirty_has_pairs(f->dirty));
	/* What lies there are heads of chains */
	if (dirty_has_pairs(f->dirty))
		return;
	f->dirty->buckets[0].pairs[0].key = 1;
	KUNIT_EXPECT_NULL(test, dirty_find_pair(f->dirty, &key));
	f->dirty->buckets[0].pairs[0].key = 0;
}

/* Beside the pair, where a node of the hash would be */
static void locate_tells_the_pair(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_node *low = link(f, 10);
	struct syncmap_pair *pair = fill(f, 20);
	struct syncmap_node *high = link(f, 20);
	struct dirty_place place;

	KUNIT_EXPECT_FALSE(test, locate(f, 20, pair->key, &place));
	KUNIT_EXPECT_PTR_EQ(test, place.word, &pair->word);
	KUNIT_EXPECT_PTR_EQ(test, place.link, &low->next);
	KUNIT_EXPECT_PTR_EQ(test, place.next, high);
	KUNIT_EXPECT_TRUE(test, locate(f, 20, high - f->nodes, &place));
	KUNIT_EXPECT_PTR_EQ(test, place.word, &high->word);
	KUNIT_EXPECT_FALSE(test, locate(f, 20, 99, &place));
	KUNIT_EXPECT_NULL(test, place.word);
}

/* Between the two stores of syncmap_dirty_fill() */
static void a_key_without_a_word_is_not_there(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_key key = key_of(f, 20, 9);
	struct syncmap_pair *pair = fill(f, 10);
	struct dirty_pos pos;

	pair[1].key = key.word;
	KUNIT_ASSERT_TRUE(test, find(f, 20, 9) == &pair[1].word);
	KUNIT_EXPECT_EQ(test, word_read(find(f, 20, 9)), WORD_EXPUNGED);
	KUNIT_EXPECT_PTR_EQ(test, dirty_free_pair(f->dirty, &key), &pair[2]);
	dirty_seek(f->dirty, &pos, 0);
	KUNIT_ASSERT_TRUE(test, dirty_next_item(f->dirty, &pos));
	KUNIT_EXPECT_PTR_EQ(test, dirty_walk_item(&pos).word, &pair->word);
	dirty_walk_on(f->dirty, &pos);
	KUNIT_EXPECT_FALSE(test, dirty_next_item(f->dirty, &pos));
	dirty_seek(f->dirty, &pos, 20);
	KUNIT_EXPECT_FALSE(test, dirty_next_item(f->dirty, &pos));
}

/* A tombstone is a key like any other: who walks resolves it */
static void walk_comes_to_tombstones(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct syncmap_pair *pair = fill(f, 10);
	struct dirty_pos pos;

	atomic64_set(&pair->word, WORD_DEAD);
	dirty_seek(f->dirty, &pos, 0);
	KUNIT_ASSERT_TRUE(test, dirty_next_item(f->dirty, &pos));
	KUNIT_EXPECT_PTR_EQ(test, dirty_walk_item(&pos).word, &pair->word);
}

/* Buckets of the smallest table; a bucket in the middle */
#define BUCKET_HASH(n)	((u64)(n) << (64 - DIRTY_BITS_MIN))
#define MIDDLE		BUCKET_HASH(3)

/* The word of a key, which is a number */
static atomic64_t *word_at(struct fixture *f, u64 number)
{
	return find(f, hashes_of_keys[number], number);
}

static atomic64_t *pair_of(struct fixture *f, u64 number)
{
	struct syncmap_key key = key_of(f, hashes_of_keys[number], number);

	return dirty_find_pair(f->dirty, &key);
}

/* A walk from @from shows each key from there on once, and in hash order */
static bool walks_right(struct fixture *f, u64 from)
{
	unsigned long seen = 0, wanted = 0;
	struct dirty_item item;
	struct dirty_pos pos;
	u64 i, last = from;

	for (i = 1; i < f->used; i++)
		if (hashes_of_keys[i] >= from)
			wanted |= BIT(i);
	dirty_seek(f->dirty, &pos, from);
	for (; dirty_next_item(f->dirty, &pos); dirty_walk_on(f->dirty, &pos)) {
		item = dirty_walk_item(&pos);
		if (item.key >= f->used || (seen & BIT(item.key)) ||
		    item.hash != hashes_of_keys[item.key] ||
		    item.word != word_at(f, item.key) || item.hash < last ||
		    item.hash != dirty_walk_hash(f->dirty, &pos) ||
		    !pair_of(f, item.key) == dirty_walk_on_pair(&pos))
			return false;
		seen |= BIT(item.key);
		last = item.hash;
	}
	return seen == wanted &&
	       dirty_walk_hash(f->dirty, &pos) == SYNCMAP_CURSOR_END;
}

#define ORDER_KEYS	5	/* of which two get nodes */
#define ORDER_HASHES	4
#define ORDERS		1024	/* ORDER_HASHES^ORDER_KEYS */

/* Each order of so many hashes, with all that are equal, between two others */
static void insert_in_order(struct fixture *f, unsigned int order)
{
	unsigned int i;
	u64 hash;

	/* Key 0 is left out */
	f->used = 1;
	fill(f, BUCKET_HASH(2));
	for (i = 0; i < ORDER_KEYS; i++, order /= ORDER_HASHES) {
		hash = MIDDLE + 10 * (order % ORDER_HASHES);
		if (!fill(f, hash))
			link(f, hash);
	}
	link(f, BUCKET_HASH(5));
}

/* C.1: pairs and nodes together, from wherever a cursor may be */
static void walk_merges_pairs_and_nodes(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int order, at;

	for (order = 0; order < ORDERS; order++) {
		renew(test, DIRTY_BITS_MIN);
		insert_in_order(f, order);
		KUNIT_EXPECT_EQ(test, f->used, ORDER_KEYS + 3);
		KUNIT_EXPECT_TRUE_MSG(test, walks_right(f, 0), "order %u",
				      order);
		for (at = 0; at <= 10 * ORDER_HASHES; at += 5)
			KUNIT_EXPECT_TRUE_MSG(test, walks_right(f, MIDDLE + at),
					      "order %u from %u", order, at);
		KUNIT_EXPECT_TRUE(test, walks_right(f, MIDDLE - 1));
		KUNIT_EXPECT_TRUE(test, walks_right(f, BUCKET_HASH(4)));
	}
}

/* Where a walk stands: number of a key, or 0 */
static u64 stands_on(const struct fixture *f, struct dirty_pos *pos)
{
	return dirty_next_item(f->dirty, pos) ? dirty_walk_item(pos).key : 0;
}

/* The next key of a walk, which goes there */
static u64 goes_to(const struct fixture *f, struct dirty_pos *pos)
{
	if (dirty_walk_has(pos))
		dirty_walk_on(f->dirty, pos);
	return stands_on(f, pos);
}

/* C.1: what comes into the bucket that it stands in is not shown, or it was before */
static void walk_leaves_out_later_pairs(struct kunit *test)
{
	static const u64 hashes[] = { 10, 20, 30 };
	struct fixture *f = test->priv;
	struct dirty_pos pos;
	unsigned int i;
	u64 last;

	for (i = 0; i < ARRAY_SIZE(hashes); i++) {
		renew(test, DIRTY_BITS_MIN);
		f->used = 1;
		/* Standing on a pair, of number 1, and then on the node */
		fill(f, 20);
		link(f, 20);
		last = link(f, U64_MAX)->key;
		dirty_seek(f->dirty, &pos, 0);
		KUNIT_EXPECT_EQ(test, stands_on(f, &pos), 1);
		KUNIT_EXPECT_NOT_NULL(test, fill(f, hashes[i]));
		KUNIT_EXPECT_EQ(test, goes_to(f, &pos), 2);
		KUNIT_EXPECT_NOT_NULL(test, fill(f, hashes[i]));
		KUNIT_EXPECT_EQ(test, goes_to(f, &pos), last);
		KUNIT_EXPECT_EQ(test, goes_to(f, &pos), 0);
		KUNIT_EXPECT_TRUE(test, walks_right(f, 0));
	}
}

/* C.1: a node of the hash that a walk stands at goes before, pair or node */
static void walk_leaves_out_later_equal_nodes(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dirty_pos pos;
	u64 high;

	f->used = 1;
	fill(f, 20);
	link(f, 20);
	high = link(f, 30)->key;
	dirty_seek(f->dirty, &pos, 20);
	KUNIT_EXPECT_EQ(test, stands_on(f, &pos), 1);
	link(f, 20);
	KUNIT_EXPECT_EQ(test, goes_to(f, &pos), 2);
	link(f, 20);
	KUNIT_EXPECT_EQ(test, goes_to(f, &pos), high);
	KUNIT_EXPECT_EQ(test, goes_to(f, &pos), 0);
}

/* Before a bucket it has seen nothing of it */
static void walk_shows_later_pairs_ahead(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dirty_pos pos;

	f->used = 1;
	fill(f, 20);
	dirty_seek(f->dirty, &pos, 0);
	KUNIT_EXPECT_EQ(test, stands_on(f, &pos), 1);
	fill(f, MIDDLE);
	KUNIT_EXPECT_EQ(test, goes_to(f, &pos), 2);
	KUNIT_EXPECT_EQ(test, goes_to(f, &pos), 0);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_desc);

static struct kunit_case dirty_cases[] = {
	KUNIT_CASE_PARAM(find_in_unused_finds_nothing, kind_gen_params),
	KUNIT_CASE_PARAM(link_keeps_chains_sorted, kind_gen_params),
	KUNIT_CASE_PARAM(link_goes_before_equal_hashes, kind_gen_params),
	KUNIT_CASE_PARAM(unlink_removes_only_its_node, kind_gen_params),
	KUNIT_CASE_PARAM(unlink_leaves_the_way_on, kind_gen_params),
	KUNIT_CASE_PARAM(locate_tells_the_place, kind_gen_params),
	KUNIT_CASE_PARAM(seal_is_per_bucket_and_keeps_the_nodes,
			 kind_gen_params),
	KUNIT_CASE_PARAM(seal_works_on_an_empty_bucket, kind_gen_params),
	KUNIT_CASE_PARAM(a_seal_shows_all_keys, kind_gen_params),
	KUNIT_CASE_PARAM(walk_is_in_hash_order, kind_gen_params),
	KUNIT_CASE_PARAM(seek_stops_at_the_first_not_below, kind_gen_params),
	KUNIT_CASE_PARAM(walk_leaves_out_what_had_no_key, kind_gen_params),
	KUNIT_CASE_PARAM(room_is_for_pairs_and_chains, kind_gen_params),
	KUNIT_CASE_PARAM(chains_are_in_hash_order, kind_gen_params),
	KUNIT_CASE_PARAM(only_words_get_pairs, kind_gen_params),
	KUNIT_CASE(bits_are_bounded),
	KUNIT_CASE(find_finds_pairs),
	KUNIT_CASE(pairs_are_filled_once),
	KUNIT_CASE(key_0_gets_no_pair),
	KUNIT_CASE(locate_tells_the_pair),
	KUNIT_CASE(a_key_without_a_word_is_not_there),
	KUNIT_CASE(walk_comes_to_tombstones),
	KUNIT_CASE(walk_merges_pairs_and_nodes),
	KUNIT_CASE(walk_leaves_out_later_pairs),
	KUNIT_CASE(walk_leaves_out_later_equal_nodes),
	KUNIT_CASE(walk_shows_later_pairs_ahead),
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
