// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read tables
 */
#include <linux/sort.h>

#include "../module/core/table.c"
#include "common.h"

#define KEYS	500

/* Slot by slot, to compare the parallel match with */
static u64 match_one_by_one(u64 header, u8 fp)
{
	u64 match = 0;
	int slot;

	for (slot = 0; slot < SYNCMAP_BUCKET_SLOTS; slot++)
		if (header_slot(header, slot) == fp)
			match |= 0x80ULL << (8 * slot);
	return match;
}

/* The usual shorter trick fails beside a match, when the neighbour is fp ^ 1 */
static void header_match_is_exact_beside_a_match(struct kunit *test)
{
	u64 header, pair;
	unsigned int fp, other, slot;

	for (fp = 0; fp < 256; fp++) {
		for (other = 0; other < 256; other++) {
			pair = fp | other << 8;
			for (slot = 0; slot < SYNCMAP_BUCKET_SLOTS; slot++) {
				header = pair << (8 * slot);
				if (syncmap_header_match(header, fp) !=
				    match_one_by_one(header, fp))
					goto wrong;
			}
		}
	}
	return;
wrong:
	KUNIT_FAIL(test, "header %016llx, fingerprint %02x", header, fp);
}

static void header_match_is_exact_at_random(struct kunit *test)
{
	struct rnd_state rnd;
	u64 header;
	int i;
	u8 fp;

	test_random(&rnd, 0);
	for (i = 0; i < 100000; i++) {
		header = (u64)prandom_u32_state(&rnd) << 32 |
			 prandom_u32_state(&rnd);
		/* As close to each other as makes carries likely */
		if (i & 1)
			header &= SYNCMAP_HEADER_ONES * 3;
		fp = i & 2 ? header_slot(header, i % 7) : test_below(&rnd, 4);
		if (syncmap_header_match(header, fp) != match_one_by_one(header, fp))
			KUNIT_FAIL(test, "header %016llx, fingerprint %02x",
				   header, fp);
	}
}

/* An empty slot looks like no key */
static void fingerprint_is_never_zero(struct kunit *test)
{
	u64 hash;

	for (hash = 0; hash < 0x10000; hash++)
		KUNIT_ASSERT_NE(test, syncmap_fingerprint(hash), 0);
}

static void home_is_monotone_and_within(struct kunit *test)
{
	u64 homes[] = { 1, 2, 3, 7, 1000, 1ULL << 40 };
	u64 last, home, hash;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(homes); i++) {
		last = 0;
		KUNIT_EXPECT_EQ(test, syncmap_table_home(0, homes[i]), 0);
		KUNIT_EXPECT_EQ(test, syncmap_table_home(U64_MAX, homes[i]),
				homes[i] - 1);
		for (n = 0, hash = 0; n < 1000; n++, hash += U64_MAX / 1000) {
			home = syncmap_table_home(hash, homes[i]);
			KUNIT_ASSERT_GE(test, home, last);
			last = home;
		}
	}
}

/* A table of keys with made-up hashes: key i + 1 has the i-th hash */

struct made {
	struct syncmap_table	*table;
	struct table_pos	end;
	u64			hashes[KEYS];
	u64			wide[KEYS][2];	/* the number, and its inverse */
	u64			objects[KEYS][3];
	u32			bins[TABLE_BINS];
};

static int compare_hashes(const void *a, const void *b)
{
	const u64 *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static u64 spread(unsigned int i, struct rnd_state *rnd)
{
	return (u64)prandom_u32_state(rnd) << 32 | prandom_u32_state(rnd);
}

static u64 all_first(unsigned int i, struct rnd_state *rnd)
{
	return 0;
}

static u64 all_inside(unsigned int i, struct rnd_state *rnd)
{
	return 0x7fffffffffffffffULL;
}

static u64 all_last(unsigned int i, struct rnd_state *rnd)
{
	return SYNCMAP_CURSOR_END - 1;
}

static u64 top_zero(unsigned int i, struct rnd_state *rnd)
{
	return prandom_u32_state(rnd) & 0xffff;
}

static u64 top_ones(unsigned int i, struct rnd_state *rnd)
{
	return ~(u64)(prandom_u32_state(rnd) & 0xffff) - 1;
}

static u64 low_zero(unsigned int i, struct rnd_state *rnd)
{
	return (u64)prandom_u32_state(rnd) << 48;
}

static u64 both_ends(unsigned int i, struct rnd_state *rnd)
{
	return i & 1 ? all_last(i, rnd) : i;
}

static const struct distribution {
	const char	*title;
	u64		(*hash)(unsigned int i, struct rnd_state *rnd);
	u8		key_len;
} distributions[] = {
	{ "words, spread",	spread,		8 },
	{ "words, all first",	all_first,	8 },
	{ "words, all inside",	all_inside,	8 },
	{ "words, all last",	all_last,	8 },
	{ "words, top zero",	top_zero,	8 },
	{ "words, top ones",	top_ones,	8 },
	{ "words, low zero",	low_zero,	8 },
	{ "words, both ends",	both_ends,	8 },
	{ "bytes, spread",	spread },
	{ "bytes, all first",	all_first },
	{ "bytes, all inside",	all_inside },
	{ "bytes, all last",	all_last },
	{ "bytes, top zero",	top_zero },
	{ "bytes, top ones",	top_ones },
	{ "bytes, low zero",	low_zero },
	{ "bytes, both ends",	both_ends },
	{ "wide, spread",	spread,		16 },
	{ "wide, all first",	all_first,	16 },
	{ "wide, all inside",	all_inside,	16 },
	{ "wide, all last",	all_last,	16 },
	{ "wide, low zero",	low_zero,	16 },
	{ "wide, both ends",	both_ends,	16 },
};

static void distribution_desc(const struct distribution *d, char *desc)
{
	strscpy(desc, d->title, KUNIT_PARAM_DESC_SIZE);
}

/* The key word of a number */
static u64 make_key(struct made *made, unsigned int i, u8 key_len)
{
	struct syncmap_keyobj *obj = (struct syncmap_keyobj *)made->objects[i];
	u64 number = i + 1;

	if (syncmap_key_is_word(key_len))
		return number;
	if (syncmap_key_is_wide(key_len)) {
		made->wide[i][0] = number;
		made->wide[i][1] = ~number;
		return (unsigned long)made->wide[i];
	}
	obj->hash = made->hashes[i];
	obj->len = sizeof(number);
	memcpy(obj->bytes, &number, sizeof(number));
	return (unsigned long)obj;
}

static u64 number_of(u64 key, u8 key_len)
{
	u64 number = key;

	if (syncmap_key_is_wide(key_len))
		number = *(u64 *)(unsigned long)key;
	else if (!key_len)
		memcpy(&number, syncmap_keyobj_of(key)->bytes, sizeof(number));
	return number;
}

static struct made *make_table(struct kunit *test)
{
	struct made *made = kunit_kzalloc(test, sizeof(*made), GFP_KERNEL);
	const struct distribution *d = test->param_value;
	u64 homes = syncmap_table_homes(KEYS, d->key_len);
	struct rnd_state rnd;
	atomic64_t *word;
	unsigned int i;
	u64 tail;

	KUNIT_ASSERT_NOT_NULL(test, made);
	test_random(&rnd, 0);
	for (i = 0; i < KEYS; i++)
		made->hashes[i] = d->hash(i, &rnd);
	sort(made->hashes, KEYS, sizeof(u64), compare_hashes, NULL);
	for (i = 0; i < KEYS; i++)
		made->bins[table_bin(made->hashes[i])]++;
	tail = syncmap_table_tail(homes, made->bins, d->key_len);
	made->table = syncmap_table_alloc(homes, homes + tail, d->key_len,
					  GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, made->table);
	test->priv = made;
	for (i = 0; i < KEYS; i++) {
		word = syncmap_table_append(made->table, &made->end,
					    made->hashes[i],
					    make_key(made, i, d->key_len));
		atomic64_set(word, word_open(4 * (i + 2)));
	}
	return made;
}

static void free_table(struct kunit *test)
{
	struct made *made = test->priv;

	if (made)
		syncmap_table_free(made->table);
}

static atomic64_t *find(const struct made *made, u64 hash, u64 key)
{
	struct syncmap_key k = {
		.hash = hash, .word = key, .word2 = ~key,
		.bytes = &key, .len = sizeof(key),
	};

	return syncmap_table_find(&made->table->view, &k, made->table->key_len,
				  false);
}

static void find_finds_each_key_and_no_other(struct kunit *test)
{
	struct made *made = make_table(test);
	atomic64_t *word;
	unsigned int i;

	for (i = 0; i < KEYS; i++) {
		word = find(made, made->hashes[i], i + 1);
		KUNIT_ASSERT_NOT_NULL(test, word);
		KUNIT_EXPECT_EQ(test, word_read(word), word_open(4 * (i + 2)));
		KUNIT_EXPECT_NULL(test, find(made, made->hashes[i],
					     i + 1 + KEYS));
	}
	KUNIT_EXPECT_EQ(test, made->table->keys, KEYS);
}

/* A search for any hash ends inside of the table: KASAN would tell */
static void find_ends_for_any_hash(struct kunit *test)
{
	struct made *made = make_table(test);
	struct rnd_state rnd;
	unsigned int i;

	test_random(&rnd, 1);
	for (i = 0; i < 2000; i++)
		KUNIT_EXPECT_NULL(test, find(made, spread(i, &rnd), U64_MAX));
	for (i = 0; i < 2000; i++)
		KUNIT_EXPECT_NULL(test, find(made, U64_MAX - i, U64_MAX));
}

/* The tail is for certain large enough, and its last bucket stops searches */
static void tail_holds_the_overflow(struct kunit *test)
{
	struct made *made = make_table(test);
	struct syncmap_table *table = made->table;
	u64 last = table->buckets - 1;
	struct rnd_state rnd;
	unsigned int i;

	test_random(&rnd, 2);
	KUNIT_EXPECT_LT(test, made->end.bucket, last);
	KUNIT_EXPECT_EQ(test, table_keys(table, last), 0);
	for (i = 0; i < 2000; i++)
		KUNIT_EXPECT_FALSE(test, table_filters(table, spread(i, &rnd), last));
	KUNIT_EXPECT_LE(test, table->buckets, table->view.homes + 2 +
			DIV_ROUND_UP(KEYS, slots_of(table->key_len)));
}

/* C.1 rests on it: slots are in hash order as a whole */
static void next_walks_in_hash_order(struct kunit *test)
{
	struct made *made = make_table(test);
	u8 key_len = made->table->key_len;
	struct table_pos pos = {};
	unsigned int n = 0;
	u64 key;

	for (; table_next(made->table, &pos); pos.slot++, n++) {
		key = syncmap_slot_key(&made->table->view, pos.bucket, pos.slot,
				       key_len);
		KUNIT_ASSERT_EQ(test, number_of(key, key_len), n + 1);
		KUNIT_ASSERT_GE(test, pos.bucket,
				syncmap_table_home(made->hashes[n],
						   made->table->view.homes));
	}
	KUNIT_EXPECT_EQ(test, n, KEYS);
}

/* Every bucket that a key was pushed out of says so */
static void filter_leads_to_displaced_keys(struct kunit *test)
{
	struct made *made = make_table(test);
	struct table_pos pos = {};
	unsigned int n = 0;
	u64 hash, at;

	for (; table_next(made->table, &pos); pos.slot++, n++) {
		hash = made->hashes[n];
		at = syncmap_table_home(hash, made->table->view.homes);
		for (; at < pos.bucket; at++)
			KUNIT_ASSERT_TRUE(test, table_filters(made->table, hash,
							      at));
	}
}

static void seal_completes_the_statistics(struct kunit *test)
{
	struct made *made = make_table(test);
	struct syncmap_table *table = made->table;
	u64 buckets = 0, keys = 0, displaced = 0;
	unsigned int i;

	syncmap_table_seal(table, &made->end);
	for (i = 0; i < SYNCMAP_HISTOGRAM; i++) {
		buckets += table->fill[i];
		keys += i * table->fill[i];
		displaced += table->displaced[i];
	}
	KUNIT_EXPECT_EQ(test, buckets, table->buckets);
	KUNIT_EXPECT_EQ(test, keys, KEYS);
	KUNIT_EXPECT_EQ(test, displaced, KEYS);
}

static const u8 key_lens[] = { 0, 8, 16 };

static void key_len_desc(const u8 *key_len, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "keys of %u bytes", *key_len);
}

/* It is for the builder to set, before anybody comes to it */
static void append_leaves_the_word(struct kunit *test)
{
	const u8 *key_len = test->param_value;
	struct table_pos end = {};
	struct made *made = kunit_kzalloc(test, sizeof(*made), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, made);
	test->priv = made;
	made->table = syncmap_table_alloc(1, 2, *key_len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, made->table);
	KUNIT_EXPECT_EQ(test, word_read(syncmap_table_append(made->table, &end, 5,
							     make_key(made, 0,
								      *key_len))),
			WORD_EXPUNGED);
}

/* A line has all of a bucket of pairs, and half of another */
static void buckets_are_aligned(struct kunit *test)
{
	const u8 *key_len = test->param_value;
	struct syncmap_table *table;
	u64 buckets;

	for (buckets = 1; buckets < 300; buckets += 1 + buckets / 4) {
		table = syncmap_table_alloc(1, buckets, *key_len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, table);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)
						   table->view.buckets,
						   *key_len == 8 ? 64 : 128));
		KUNIT_EXPECT_GE(test, syncmap_table_size(table), 64 * buckets);
		syncmap_table_free(table);
	}
}

/* What is not filled looks like key 0, which may be there all the same */
static void key_zero_is_told_from_what_is_not_filled(struct kunit *test)
{
	struct made *made = kunit_kzalloc(test, sizeof(*made), GFP_KERNEL);
	struct table_pos end = {};
	atomic64_t *place;
	u64 key;

	KUNIT_ASSERT_NOT_NULL(test, made);
	test->priv = made;
	made->table = syncmap_table_alloc(1, 3, sizeof(u64), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, made->table);
	for (key = 4; key; key--) {
		place = find(made, 5, 0);
		KUNIT_ASSERT_NOT_NULL(test, place);
		KUNIT_EXPECT_EQ(test, word_read(place), WORD_EXPUNGED);
		syncmap_table_append(made->table, &end, 5, key);
	}
	/* The bucket is full, and nothing is displaced */
	KUNIT_EXPECT_NULL(test, find(made, 5, 0));
	place = syncmap_table_append(made->table, &end, 5, 0);
	KUNIT_EXPECT_PTR_EQ(test, place,
			    &made->table->view.pairs[1].pair[0].word);
	KUNIT_EXPECT_PTR_EQ(test, find(made, 5, 0), place);
	KUNIT_EXPECT_PTR_EQ(test, syncmap_table_append(made->table, &end, 5, 6),
			    &made->table->view.pairs[1].pair[1].word);
	KUNIT_EXPECT_PTR_EQ(test, find(made, 5, 0), place);
}

/* So many thousandths, whatever the size */
static void expect_load(struct kunit *test, u8 key_len, unsigned int load)
{
	u64 keys, slots;

	for (keys = 1; keys < 1ULL << 40; keys *= 3) {
		slots = syncmap_table_homes(keys, key_len) * slots_of(key_len);
		KUNIT_EXPECT_GE(test, slots * load, keys * 1000);
		KUNIT_EXPECT_LE(test, slots * load,
				keys * 1000 + load * slots_of(key_len));
	}
}

static void homes_keep_the_load_factor(struct kunit *test)
{
	expect_load(test, 0, 700);
	expect_load(test, 8, 625);
	expect_load(test, 16, 625);
}

KUNIT_ARRAY_PARAM(key_len, key_lens, key_len_desc);
KUNIT_ARRAY_PARAM(distribution, distributions, distribution_desc);

static struct kunit_case table_cases[] = {
	KUNIT_CASE(header_match_is_exact_beside_a_match),
	KUNIT_CASE(header_match_is_exact_at_random),
	KUNIT_CASE(fingerprint_is_never_zero),
	KUNIT_CASE(home_is_monotone_and_within),
	KUNIT_CASE_PARAM(find_finds_each_key_and_no_other,
			 distribution_gen_params),
	KUNIT_CASE_PARAM(find_ends_for_any_hash, distribution_gen_params),
	KUNIT_CASE_PARAM(tail_holds_the_overflow, distribution_gen_params),
	KUNIT_CASE_PARAM(next_walks_in_hash_order, distribution_gen_params),
	KUNIT_CASE_PARAM(filter_leads_to_displaced_keys,
			 distribution_gen_params),
	KUNIT_CASE_PARAM(seal_completes_the_statistics,
			 distribution_gen_params),
	KUNIT_CASE_PARAM(append_leaves_the_word, key_len_gen_params),
	KUNIT_CASE_PARAM(buckets_are_aligned, key_len_gen_params),
	KUNIT_CASE(key_zero_is_told_from_what_is_not_filled),
	KUNIT_CASE(homes_keep_the_load_factor),
	{}
};

static struct kunit_suite table_suite = {
	.name = "syncmap_table",
	.suite_init = test_suite_init,
	.exit = free_table,
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);
