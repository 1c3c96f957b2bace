// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the suites share, and the module around them.
 */
#include <linux/kstrtox.h>
#include <linux/module.h>

#include "inside.h"

static unsigned long long seed = 1;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "seed of everything random, to repeat a failure");

static unsigned int scale = 1;
module_param(scale, uint, 0444);
MODULE_PARM_DESC(scale, "multiplier for rounds, to look for rare failures");

static u64 equal_hash(const void *key, size_t len)
{
	return U64_MAX;
}

static u64 equal_hash_inside(const void *key, size_t len)
{
	return 0x5555aaaa5555aaaaULL;
}

static u64 mix(const void *key, size_t len)
{
	const u8 *p = key;
	u64 hash = len;

	while (len--)
		hash = (hash ^ *p++) * 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 32);
}

/* All in one bucket and one chain; fingerprints and filter bits differ */
static u64 top_zero_hash(const void *key, size_t len)
{
	return (u16)mix(key, len);
}

/* All with one fingerprint, if they have any, and one filter bit */
static u64 low_zero_hash(const void *key, size_t len)
{
	return mix(key, len) << 48;
}

#define VARIANT(_title, _key_len, _keys, ...) {				\
	.title = _title,						\
	.params = { .key_len = _key_len, __VA_ARGS__ },			\
	.keys = _keys,							\
}

#define CUSTOM(_fn)	.hash = SYNCMAP_HASH_CUSTOM, .hash_fn = _fn
#define FAST		.hash = SYNCMAP_HASH_FAST
#define SIPHASH		.hash = SYNCMAP_HASH_SIPHASH

const struct test_variant test_variants_few[TEST_VARIANTS_FEW] = {
	VARIANT("u64 fast", 8, UINT_MAX, FAST),
	VARIANT("bytes low bits zero", 0, 4096, CUSTOM(low_zero_hash)),
	VARIANT("u64 equal hash", 8, 64, CUSTOM(equal_hash)),
	VARIANT("16 bytes fast", 16, UINT_MAX, FAST),
};

const struct test_variant test_variants_words[TEST_VARIANTS_WORDS] = {
	VARIANT("u64 fast", 8, UINT_MAX, FAST),
	VARIANT("u64 siphash", 8, UINT_MAX, SIPHASH),
	VARIANT("3 bytes fast", 3, UINT_MAX, FAST),
	VARIANT("u64 equal hash", 8, 64, CUSTOM(equal_hash)),
	VARIANT("u64 top bits zero", 8, 256, CUSTOM(top_zero_hash)),
};

const struct test_variant test_variants[TEST_VARIANTS] = {
	VARIANT("u64 fast", 8, UINT_MAX, FAST),
	VARIANT("u64 siphash", 8, UINT_MAX, SIPHASH),
	VARIANT("3 bytes fast", 3, UINT_MAX, FAST),
	VARIANT("bytes fast", 0, UINT_MAX, FAST),
	VARIANT("bytes siphash", 0, UINT_MAX, SIPHASH),
	VARIANT("u64 equal hash", 8, 64, CUSTOM(equal_hash)),
	VARIANT("bytes equal hash", 0, 64, CUSTOM(equal_hash_inside)),
	VARIANT("u64 top bits zero", 8, 256, CUSTOM(top_zero_hash)),
	VARIANT("bytes low bits zero", 0, 4096, CUSTOM(low_zero_hash)),
	VARIANT("16 bytes fast", 16, UINT_MAX, FAST),
	VARIANT("12 bytes equal hash", 12, 64, CUSTOM(equal_hash)),
};

const struct test_variant *const test_variant_bytes = &test_variants[3];
const struct test_variant *const test_variant_wide = &test_variants_few[3];
const struct test_variant *const test_variant_bucket = &test_variants[7];
const struct test_variant *const test_variant_equal = &test_variants[5];
const struct test_variant *const test_variant_equal_wide = &test_variants[10];

void test_variant_desc(const struct test_variant *variant, char *desc)
{
	strscpy(desc, variant->title, KUNIT_PARAM_DESC_SIZE);
}

static void count_freed(void *value, void *arg)
{
	struct test_map *tm = arg;

	atomic_long_inc(&tm->freed);
}

static int make(struct test_map *tm, const struct test_variant *variant)
{
	struct syncmap_params params = variant->params;

	params.free_value = count_freed;
	params.free_arg = tm;
	tm->variant = variant;
	return syncmap_init(&tm->map, &params);
}

void tm_become(struct test_map *tm, const struct test_variant *variant)
{
	syncmap_destroy(&tm->map);
	make(tm, variant);
}

/* Cases that have no parameter, or another one, get the first variant */
static const struct test_variant *variant_of(const void *param)
{
	const struct test_variant *variant = param;

	if ((variant >= test_variants &&
	     variant < test_variants + TEST_VARIANTS) ||
	    (variant >= test_variants_few &&
	     variant < test_variants_few + TEST_VARIANTS_FEW) ||
	    (variant >= test_variants_words &&
	     variant < test_variants_words + TEST_VARIANTS_WORDS))
		return variant;
	return &test_variants[0];
}

int test_map_init(struct kunit *test)
{
	struct test_map *tm = kunit_kzalloc(test, sizeof(*tm), GFP_KERNEL);

	if (!tm)
		return -ENOMEM;
	tm->gfp = GFP_KERNEL;
	test->priv = tm;
	return make(tm, variant_of(test->param_value));
}

void test_map_exit(struct kunit *test)
{
	struct test_map *tm = test->priv;

	if (!tm)
		return;
	if (tm->frozen)
		tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	syncmap_destroy(&tm->map);
}

u64 test_seed(void)
{
	return seed;
}

unsigned int test_rounds(unsigned int rounds)
{
	return rounds * max(scale, 1U);
}

void test_random(struct rnd_state *rnd, u64 salt)
{
	prandom_seed_state(rnd, (seed << 32 | seed >> 32) ^ salt);
}

u32 test_below(struct rnd_state *rnd, u32 limit)
{
	return prandom_u32_state(rnd) % limit;
}

unsigned int test_keys(const struct test_map *tm, unsigned int keys)
{
	return min(keys, tm->variant->keys);
}

/* Where the number is in a key of a fixed length: it ends long ones */
static size_t number_at(size_t len)
{
	return len > sizeof(u64) ? len - sizeof(u64) : 0;
}

/*
 * Byte strings are the number in decimal, with dots behind it that make the
 * lengths differ; number 0 is the empty key.
 */
void test_key(const struct test_map *tm, u64 i, struct test_key *key)
{
	key->len = tm->variant->params.key_len;
	memset(key->bytes, key->len ? 0 : '.', sizeof(key->bytes));
	if (key->len)
		memcpy(key->bytes + number_at(key->len), &i,
		       min(key->len, sizeof(i)));
	else if (i)
		key->len = snprintf(key->bytes, sizeof(key->bytes), "%llu%.*s",
				    i, (int)(i % 23), "......................");
}

u64 test_key_number(const struct test_map *tm,
		    const struct syncmap_entry *entry)
{
	char digits[TEST_KEY_BYTES] = "";
	u64 i = 0;

	if (tm->variant->params.key_len) {
		memcpy(&i, entry->key + number_at(entry->len),
		       min(entry->len, sizeof(i)));
		return i;
	}
	if (entry->len >= sizeof(digits))
		return U64_MAX;
	memcpy(digits, entry->key, entry->len);
	digits[strcspn(digits, ".")] = '\0';
	if (entry->len && kstrtou64(digits, 10, &i))
		return U64_MAX;
	return i;
}

/* Some lengths are constants here, so that what is inline is run */

bool tm_load(struct test_map *tm, u64 i, void **value)
{
	struct test_key key;

	test_key(tm, i, &key);
	if (key.len == sizeof(u64))
		return syncmap_load(&tm->map, key.bytes, sizeof(u64), value);
	if (key.len == 16)
		return syncmap_load(&tm->map, key.bytes, 16, value);
	return syncmap_load(&tm->map, key.bytes, key.len, value);
}

int tm_store(struct test_map *tm, u64 i, void *value)
{
	struct test_key key;

	test_key(tm, i, &key);
	if (key.len == sizeof(u64))
		return syncmap_store(&tm->map, key.bytes, sizeof(u64), value,
				     tm->gfp);
	if (key.len == 16)
		return syncmap_store(&tm->map, key.bytes, 16, value, tm->gfp);
	return syncmap_store(&tm->map, key.bytes, key.len, value, tm->gfp);
}

int tm_swap(struct test_map *tm, u64 i, void *value, void **previous)
{
	struct test_key key;

	test_key(tm, i, &key);
	if (key.len == sizeof(u64))
		return syncmap_swap(&tm->map, key.bytes, sizeof(u64), value,
				    previous, tm->gfp);
	if (key.len == 16)
		return syncmap_swap(&tm->map, key.bytes, 16, value, previous,
				    tm->gfp);
	return syncmap_swap(&tm->map, key.bytes, key.len, value, previous,
			    tm->gfp);
}

int tm_load_or_store(struct test_map *tm, u64 i, void *value, void **actual)
{
	struct test_key key;

	test_key(tm, i, &key);
	return syncmap_load_or_store(&tm->map, key.bytes, key.len, value,
				     actual, tm->gfp);
}

bool tm_load_and_delete(struct test_map *tm, u64 i, void **value)
{
	struct test_key key;

	test_key(tm, i, &key);
	return syncmap_load_and_delete(&tm->map, key.bytes, key.len, value);
}

bool tm_delete(struct test_map *tm, u64 i)
{
	struct test_key key;

	test_key(tm, i, &key);
	return syncmap_delete(&tm->map, key.bytes, key.len);
}

bool tm_compare_and_swap(struct test_map *tm, u64 i, void *old, void *new)
{
	struct test_key key;

	test_key(tm, i, &key);
	if (key.len == sizeof(u64))
		return syncmap_compare_and_swap(&tm->map, key.bytes,
						sizeof(u64), old, new);
	if (key.len == 16)
		return syncmap_compare_and_swap(&tm->map, key.bytes, 16, old,
						new);
	return syncmap_compare_and_swap(&tm->map, key.bytes, key.len, old, new);
}

bool tm_compare_and_delete(struct test_map *tm, u64 i, void *old)
{
	struct test_key key;

	test_key(tm, i, &key);
	return syncmap_compare_and_delete(&tm->map, key.bytes, key.len, old);
}

int tm_fill(struct test_map *tm, u64 from, u64 to)
{
	int err = 0;

	for (; from < to && !err; from++)
		err = tm_store(tm, from, val(from));
	return err;
}

struct holds {
	struct test_map	*tm;
	u64		from;
	u64		to;
	u64		seen;
};

static int holds_entry(const struct syncmap_entry *entry, void *arg)
{
	struct holds *holds = arg;
	u64 i = test_key_number(holds->tm, entry);

	if (i < holds->from || i >= holds->to || entry->value != val(i))
		return -EINVAL;
	holds->seen++;
	return 0;
}

bool tm_holds(struct test_map *tm, u64 from, u64 to)
{
	struct holds holds = { .tm = tm, .from = from, .to = to };
	void *value;
	u64 i;

	if (syncmap_range(&tm->map, holds_entry, &holds) ||
	    holds.seen != to - from || syncmap_count(&tm->map) != to - from)
		return false;
	for (i = from; i < to; i++)
		if (!tm_load(tm, i, &value) || value != val(i))
			return false;
	return true;
}

static bool core_ready;

/*
 * KUnit runs the suites before the module's own init function (6.1), or after
 * it.
 */
int test_suite_init(struct kunit_suite *suite)
{
	int err = core_ready ? 0 : syncmap_core_init();

	core_ready = !err;
	return err;
}

static int __init kunit_init(void)
{
	return test_suite_init(NULL);
}
module_init(kunit_init);

static void __exit kunit_exit(void)
{
	syncmap_core_exit();
}
module_exit(kunit_exit);

MODULE_DESCRIPTION("KUnit suites of syncmap");
MODULE_LICENSE("GPL");
