// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each operation on one key: all outcomes, in each place where the key may be
 *
 * What is true of one key is checked for keys of all types, and for a key that
 * is in the dirty table, in the read table, and in the read table as a
 * tombstone when it is absent.
 */
#include <unistd.h>

#include "map.h"

#define OVERHEAD	(map_system().entry_overhead)

/* Lengths around those where values are stored in another way, and the limit */
static const __u32 lengths[] = {
	0, 1, 7, 8, 31, 32, 33, 63, 64, 65, 128, 255, 256, 257, 1000, 4096,
	65535, 65536,
};

/* A different text for each @seed */
static void fill_text(char *text, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		text[i] = 'a' + (i * 7 + seed + i / 26) % 26;
}

struct place {
	const char	*name;
	__u32		type;
	bool		promoted;
	int		fd;
	__u64		number;
	const void	*key;
	__u32		key_len;
};

#define AT(place)	KEY_N((place)->key, (place)->key_len)

static struct place places[] = {
	{ "u64, dirty", SYNCMAP_KEY_U64, .number = 7 },
	{ "u64, read", SYNCMAP_KEY_U64, true, .number = ~0ULL },
	{ "u64 0, dirty", SYNCMAP_KEY_U64, .number = 0 },
	{ "string, dirty", SYNCMAP_KEY_STRING, .key = "name", .key_len = 4 },
	{ "string, read", SYNCMAP_KEY_STRING, true, .key = "name", .key_len = 4 },
	{ "empty string, dirty", SYNCMAP_KEY_STRING, .key = "" },
	{ "empty string, read", SYNCMAP_KEY_STRING, true, .key = "" },
	{ "bytes, dirty", SYNCMAP_KEY_BYTES, .key = "\0\1\0", .key_len = 3 },
	{ "bytes, read", SYNCMAP_KEY_BYTES, true, .key = "\0\1\0", .key_len = 3 },
	{ "empty bytes, read", SYNCMAP_KEY_BYTES, true, .key = "" },
};

/* A map where the key is absent, but has been there */
static void set_up(struct place *place)
{
	test_context("%s", place->name);
	place->fd = map_private(place->type);
	if (place->type == SYNCMAP_KEY_U64) {
		place->key = &place->number;
		place->key_len = sizeof(place->number);
	}
	if (!place->promoted)
		return;
	ASSERT_EQ(0, DO(place->fd, STORE, AT(place), VALUE("gone")));
	map_promote(place->fd);
	ASSERT_EQ(0, DO(place->fd, DELETE, AT(place)));
}

static void put(struct place *place, const void *value, size_t len)
{
	ASSERT_EQ(0, DO(place->fd, STORE, AT(place), VALUE_N(value, len)));
	if (place->promoted)
		map_promote(place->fd);
}

#define for_each_place(place)						\
	for (struct place *place = places;				\
	     place < places + ARRAY_SIZE(places) && (set_up(place), 1);	\
	     close(place++->fd))

static void expect_found(const struct place *place, const char *want)
{
	char value[64];

	EXPECT_EQ(0, DO(place->fd, LOAD, AT(place), OUT(value)));
	EXPECT_MEM(want, strlen(want), value, got.out_len);
	EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
}

static void expect_absent(const struct place *place)
{
	EXPECT_EQ(-ENOENT, DO(place->fd, LOAD, AT(place)));
	EXPECT_EQ(0, got.result);
	EXPECT_EQ(0, got.out_len);
	EXPECT_EQ(0, got.revision);
	EXPECT_EQ(0, map_count(place->fd));
	EXPECT_EQ(0, map_info(place->fd).bytes);
}

TEST(absent)
{
	for_each_place(place) {
		char value[8];
		__u64 revision = map_info(place->fd).revision;

		expect_absent(place);
		EXPECT_EQ(-ENOENT, DO(place->fd, LOAD, AT(place), OUT(value)));
		EXPECT_EQ(-ENOENT, DO(place->fd, LOAD_AND_DELETE, AT(place),
				      OUT(value)));
		EXPECT_EQ(-ENOENT, DO(place->fd, COMPARE_AND_SWAP, AT(place),
				      OLD(""), VALUE("x")));
		EXPECT_EQ(-ENOENT, DO(place->fd, COMPARE_AND_SWAP, AT(place),
				      REVISION(0), VALUE("x")));
		EXPECT_EQ(-ENOENT, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				      OLD("")));
		EXPECT_EQ(-ENOENT, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				      REVISION(0)));
		EXPECT_EQ(0, DO(place->fd, DELETE, AT(place)));
		EXPECT_EQ(0, got.previous);
		EXPECT_EQ(0, got.result);
		expect_absent(place);
		EXPECT_EQ(revision, map_info(place->fd).revision);
	}
}

TEST(load_and_store)
{
	for_each_place(place) {
		__u64 first;

		put(place, "one", 3);
		first = got.revision;
		expect_found(place, "one");
		EXPECT_EQ(first, got.revision);
		EXPECT_EQ(1, map_count(place->fd));

		EXPECT_EQ(0, DO(place->fd, STORE, AT(place), VALUE("three")));
		EXPECT(got.revision > first);
		EXPECT_EQ(first, got.previous);
		EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		expect_found(place, "three");
		EXPECT_EQ(1, map_count(place->fd));
	}
}

TEST(load_or_store)
{
	for_each_place(place) {
		char value[8] = "";
		__u64 first;

		EXPECT_EQ(0, DO(place->fd, LOAD_OR_STORE, AT(place),
				VALUE("one"), OUT(value)));
		EXPECT_EQ(0, got.result);
		EXPECT_EQ(0, got.previous);
		EXPECT(got.revision);
		first = got.revision;
		if (place->promoted)
			map_promote(place->fd);
		EXPECT_EQ(0, DO(place->fd, LOAD_OR_STORE, AT(place),
				VALUE("two"), OUT(value)));
		EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		EXPECT_EQ(first, got.revision);
		EXPECT_MEM("one", 3, value, got.out_len);
		EXPECT_EQ(-EMSGSIZE, DO(place->fd, LOAD_OR_STORE, AT(place),
					VALUE("two"), OUT_N(value, 2)));
		EXPECT_EQ(3, got.out_len);
		EXPECT_EQ(0, DO(place->fd, LOAD_OR_STORE, AT(place),
				VALUE("two")));
		EXPECT_EQ(3, got.out_len);
		expect_found(place, "one");
	}
}

TEST(load_and_delete)
{
	for_each_place(place) {
		char value[8] = "";
		__u64 first;

		put(place, "one", 3);
		first = got.revision;
		EXPECT_EQ(0, DO(place->fd, LOAD_AND_DELETE, AT(place),
				OUT(value)));
		EXPECT_MEM("one", 3, value, got.out_len);
		EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		EXPECT_EQ(first, got.previous);
		EXPECT(got.revision > first);
		expect_absent(place);
		EXPECT_EQ(-ENOENT, DO(place->fd, LOAD_AND_DELETE, AT(place),
				      OUT(value)));
		put(place, "two", 3);
		expect_found(place, "two");
	}
}

TEST(delete)
{
	for_each_place(place) {
		__u64 first;

		put(place, "one", 3);
		first = got.revision;
		EXPECT_EQ(0, DO(place->fd, DELETE, AT(place)));
		EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		EXPECT_EQ(first, got.previous);
		EXPECT(got.revision > first);
		expect_absent(place);
		EXPECT_EQ(0, DO(place->fd, DELETE, AT(place)));
		EXPECT_EQ(0, got.result);
	}
}

TEST(swap)
{
	for_each_place(place) {
		char value[8] = "";
		__u64 first;

		EXPECT_EQ(0, DO(place->fd, SWAP, AT(place), VALUE("one"),
				OUT(value)));
		EXPECT_EQ(0, got.result);
		EXPECT_EQ(0, got.out_len);
		EXPECT_EQ(0, got.previous);
		first = got.revision;
		if (place->promoted)
			map_promote(place->fd);
		EXPECT_EQ(0, DO(place->fd, SWAP, AT(place), VALUE("three"),
				OUT(value)));
		EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		EXPECT_MEM("one", 3, value, got.out_len);
		EXPECT_EQ(first, got.previous);
		EXPECT(got.revision > first);
		EXPECT_EQ(0, DO(place->fd, SWAP, AT(place), VALUE("four")));
		EXPECT_EQ(5, got.out_len);
		expect_found(place, "four");
		EXPECT_EQ(0, DO(place->fd, DELETE, AT(place)));
		EXPECT_EQ(0, DO(place->fd, SWAP, AT(place), VALUE("five")));
		EXPECT_EQ(0, got.result);
	}
}

TEST(compare_and_swap)
{
	static const char *const wrong[] = { "", "on", "onf", "ones", "\0ne" };

	for_each_place(place) {
		char value[8] = "";
		__u64 first;

		put(place, "one", 3);
		first = got.revision;
		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			EXPECT_EQ(-EBUSY, DO(place->fd, COMPARE_AND_SWAP,
				AT(place), VALUE("two"), OUT(value),
				OLD_N(wrong[i], i == 4 ? 3 : strlen(wrong[i]))));
			EXPECT_MEM("one", 3, value, got.out_len);
			EXPECT_EQ(first, got.revision);
			EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		}
		EXPECT_EQ(-EBUSY, DO(place->fd, COMPARE_AND_SWAP, AT(place),
				     VALUE("two"), OLD("x")));
		EXPECT_EQ(3, got.out_len);
		expect_found(place, "one");

		EXPECT_EQ(0, DO(place->fd, COMPARE_AND_SWAP, AT(place),
				VALUE("seven"), OLD("one"), OUT(value)));
		EXPECT_EQ(first, got.previous);
		EXPECT(got.revision > first);
		expect_found(place, "seven");
		EXPECT_EQ(-EBUSY, DO(place->fd, COMPARE_AND_SWAP, AT(place),
				     VALUE("two"), OLD("one")));
	}
}

TEST(compare_and_delete)
{
	for_each_place(place) {
		char value[8] = "";
		__u64 first;

		put(place, "one", 3);
		first = got.revision;
		EXPECT_EQ(-EBUSY, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				     OLD("two"), OUT(value)));
		EXPECT_MEM("one", 3, value, got.out_len);
		EXPECT_EQ(first, got.revision);
		expect_found(place, "one");
		EXPECT_EQ(0, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				OLD("one"), OUT(value)));
		EXPECT_EQ(first, got.previous);
		EXPECT(got.revision > first);
		expect_absent(place);
		EXPECT_EQ(-ENOENT, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				      OLD("one")));
	}
}

TEST(compare_by_revision)
{
	for_each_place(place) {
		char value[8] = "";
		__u64 first, second;

		put(place, "one", 3);
		first = got.revision;
		EXPECT_EQ(0, DO(place->fd, STORE, AT(place), VALUE("two")));
		EXPECT_EQ(0, DO(place->fd, STORE, AT(place), VALUE("one")));
		second = got.revision;
		/* Changed and changed back is changed */
		EXPECT_EQ(-EBUSY, DO(place->fd, COMPARE_AND_SWAP, AT(place),
				     REVISION(first), VALUE("x"), OUT(value)));
		EXPECT_EQ(second, got.revision);
		EXPECT_MEM("one", 3, value, got.out_len);
		EXPECT_EQ(-EBUSY, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				     REVISION(first)));
		EXPECT_EQ(-EBUSY, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				     REVISION(0)));
		EXPECT_EQ(-EBUSY, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				     REVISION(second + 1)));
		expect_found(place, "one");
		EXPECT_EQ(0, DO(place->fd, COMPARE_AND_SWAP, AT(place),
				REVISION(second), VALUE("three")));
		EXPECT_EQ(second, got.previous);
		second = got.revision;
		EXPECT_EQ(0, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				REVISION(second)));
		expect_absent(place);
	}
}

/* Stored and empty is not absent */
TEST(empty_value)
{
	for_each_place(place) {
		char value[4] = "abc";

		put(place, "", 0);
		EXPECT_EQ(0, DO(place->fd, LOAD, AT(place), OUT(value)));
		EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		EXPECT_EQ(0, got.out_len);
		EXPECT_EQ('a', value[0]);
		EXPECT_EQ(1, map_count(place->fd));
		EXPECT_EQ(0, DO(place->fd, LOAD_OR_STORE, AT(place), VALUE("x")));
		EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		EXPECT_EQ(-EBUSY, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				     OLD("\0")));
		EXPECT_EQ(0, DO(place->fd, COMPARE_AND_SWAP, AT(place), OLD(""),
				VALUE("")));
		EXPECT_EQ(0, DO(place->fd, COMPARE_AND_DELETE, AT(place),
				OLD("")));
		expect_absent(place);
	}
}

/* Nothing is lost, nothing is written, and the size is told */
TEST(buffer_too_small)
{
	static char text[300], value[301], want[301];

	memset(text, 'x', sizeof(text));
	memset(want, 0xee, sizeof(want));
	for_each_place(place) {
		__u64 revision;

		put(place, text, sizeof(text));
		revision = got.revision;
		for (__u32 size = 1; size < sizeof(text); size += 149) {
			const struct syncmap_op tries[] = {
				{ .op = SYNCMAP_OP_LOAD },
				{ .op = SYNCMAP_OP_LOAD_AND_DELETE },
				{ .op = SYNCMAP_OP_SWAP, VALUE("new") },
				{ .op = SYNCMAP_OP_LOAD_OR_STORE, VALUE("new") },
				{ .op = SYNCMAP_OP_COMPARE_AND_SWAP,
				  VALUE("new"), OLD("other") },
				{ .op = SYNCMAP_OP_COMPARE_AND_DELETE,
				  OLD("other") },
			};

			for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
				struct syncmap_op op = tries[i];

				test_context("%s, operation %u, %u bytes",
					     place->name, op.op, size);
				op.key = PTR(place->key);
				op.key_len = place->key_len;
				op.out = PTR(value);
				op.out_size = size;
				memset(value, 0xee, sizeof(value));
				EXPECT_EQ(i < 4 ? -EMSGSIZE : -EBUSY,
					  map_op(place->fd, op));
				EXPECT_EQ(sizeof(text), got.out_len);
				EXPECT_EQ(revision, got.revision);
				EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
				EXPECT_MEM(want, sizeof(want), value,
					   sizeof(value));
			}
		}
		EXPECT_EQ(0, DO(place->fd, LOAD_AND_DELETE, AT(place),
				OUT_N(value, sizeof(text))));
		EXPECT_MEM(text, sizeof(text), value, got.out_len);
		EXPECT_EQ((char)0xee, value[300]);
	}
}

/* What was stored comes back, whatever was there before */
static void expect_exact(int fd, __u32 len, unsigned int seed)
{
	static char want[65536], value[65537];

	memset(value, 0xee, sizeof(value));
	fill_text(want, len, seed);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(value)));
	EXPECT_MEM(want, len, value, got.out_len);
	EXPECT_EQ((char)0xee, value[len]);
	EXPECT_EQ(1, map_count(fd));
	EXPECT_EQ(OVERHEAD + 1 + len, map_info(fd).bytes);
}

TEST_LIMIT(lengths_from_one_to_another, 60)
{
	static char text[65536], old[65536];
	int fd = map_limited(SYNCMAP_KEY_STRING, (struct syncmap_limits){
		.value_size = 65536,
	});

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			__u32 from = lengths[i], to = lengths[j];

			test_context("%u to %u bytes", from, to);
			fill_text(old, from, i);
			fill_text(text, to, j + 1);
			EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(old, from)));
			expect_exact(fd, from, i);
			EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE_N(text, to)));
			expect_exact(fd, to, j + 1);
			EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY("k"),
					OLD_N(text, to), VALUE_N(old, from)));
			expect_exact(fd, from, i);
			EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, to)));
			EXPECT_EQ(0, DO(fd, COMPARE_AND_DELETE, KEY("k"),
					OLD_N(text, to)));
			EXPECT_EQ(0, map_info(fd).bytes);
		}
	}
}

/* Only the last byte differs */
TEST(compare_all_of_it)
{
	static char text[65536];
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (size_t i = 1; i < ARRAY_SIZE(lengths); i++) {
		__u32 len = lengths[i];

		test_context("%u bytes", len);
		fill_text(text, len, 0);
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, len)));
		text[len - 1] ^= 1;
		EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_SWAP, KEY("k"),
				     OLD_N(text, len), VALUE("no")));
		EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_DELETE, KEY("k"),
				     OLD_N(text, len)));
		text[len - 1] ^= 1;
		EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_DELETE, KEY("k"),
				     OLD_N(text, len - 1)));
		EXPECT_EQ(0, DO(fd, COMPARE_AND_DELETE, KEY("k"),
				OLD_N(text, len)));
	}
}

static void try_key(int fd, const void *key, __u32 len, __u32 limit)
{
	char value[4];

	test_context("key of %u bytes", len);
	if (len > limit) {
		EXPECT_EQ(-EFBIG, DO(fd, STORE, KEY_N(key, len)));
		EXPECT_EQ(SYNCMAP_LIMITED_KEY, got.limited);
		EXPECT_EQ(len, got.used);
		EXPECT_EQ(limit, got.limit);
		EXPECT_EQ(-EFBIG, DO(fd, LOAD, KEY_N(key, len)));
		EXPECT_EQ(-EFBIG, DO(fd, DELETE, KEY_N(key, len)));
		return;
	}
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(key, len), VALUE("v")));
	EXPECT_EQ(0, DO(fd, LOAD, KEY_N(key, len), OUT(value)));
	EXPECT_MEM("v", 1, value, got.out_len);
	if (len)
		EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY_N(key, len - 1)));
	EXPECT_EQ(OVERHEAD + len + 1, map_info(fd).bytes);
	EXPECT_EQ(0, DO(fd, DELETE, KEY_N(key, len)));
}

TEST(key_lengths)
{
	static const __u32 limits[] = { 1, 8, 16, 128, 129, 4096 };
	char key[4097];

	fill_text(key, sizeof(key), 0);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(limits); i++) {
		__u32 limit = limits[i / 2];
		int fd = map_limited(i % 2 ? SYNCMAP_KEY_STRING :
					     SYNCMAP_KEY_BYTES,
				     (struct syncmap_limits){
					.key_size = limit,
				     });

		for (__u32 len = 0; len <= limit + 1 && len < 300; len++)
			try_key(fd, key, len, limit);
		try_key(fd, key, limit, limit);
		try_key(fd, key, limit + 1, limit);
		close(fd);
	}
}

TEST(key_types)
{
	int number = map_private(SYNCMAP_KEY_U64);
	int string = map_private(SYNCMAP_KEY_STRING);
	int bytes = map_private(SYNCMAP_KEY_BYTES);
	char key[16] = "";

	for (__u32 len = 0; len <= 16; len++) {
		test_context("u64 of %u bytes", len);
		EXPECT_EQ(len == 8 ? 0 : -EINVAL,
			  DO(number, STORE, KEY_N(key, len)));
	}
	for (__u32 at = 0; at < 4; at++) {
		memset(key, 'x', 4);
		key[at] = '\0';
		test_context("NUL at %u", at);
		EXPECT_EQ(-EINVAL, DO(string, STORE, KEY_N(key, 4)));
		EXPECT_EQ(-EINVAL, DO(string, LOAD, KEY_N(key, 4)));
		EXPECT_EQ(0, DO(bytes, STORE, KEY_N(key, 4)));
		EXPECT_EQ(-ENOENT, DO(bytes, LOAD, KEY_N(key, at)));
		EXPECT_EQ(0, DO(bytes, LOAD, KEY_N(key, 4)));
	}
	EXPECT_EQ(4, map_count(bytes));
	EXPECT_EQ(0, map_count(string));
}

/* Each write gets a number that no write had before */
TEST(revisions)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 newest = 0;

	for (int i = 0; i < 2000; i++) {
		__u64 key = i % 10;

		switch (i / 10 % 5) {
		case 0:
			EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY_N(&key, 8)));
			break;
		case 1:
			EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("a")));
			break;
		case 2:
			EXPECT_EQ(0, DO(fd, SWAP, KEY_N(&key, 8), VALUE("b")));
			break;
		case 3:
			EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY_N(&key, 8),
					OLD("b"), VALUE("c")));
			break;
		case 4:
			EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
			break;
		}
		EXPECT(got.revision > newest);
		newest = got.revision;
		EXPECT_EQ(newest, map_info(fd).revision);
	}
	map_fill(fd, 0, 10);
	EXPECT(got.revision > newest);
	newest = got.revision;
	map_clear(fd);
	map_fill(fd, 0, 1);
	EXPECT(got.revision > newest);
}

TEST(clear_and_promote)
{
	int fd = map_private(SYNCMAP_KEY_U64);

	map_clear(fd);
	map_promote(fd);
	map_fill(fd, 0, 1000);
	map_promote(fd);
	map_fill(fd, 1000, 1500);
	EXPECT_EQ(1500, map_count(fd));
	map_clear(fd);
	EXPECT_EQ(0, map_count(fd));
	EXPECT_EQ(0, map_info(fd).bytes);
	for (__u64 key = 0; key < 1500; key++)
		EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY_N(&key, 8)));
	map_fill(fd, 500, 600);
	EXPECT_EQ(100, map_count(fd));
	EXPECT_EQ(100 * (OVERHEAD + 16), map_info(fd).bytes);
}

TEST(stats)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_map_stats stats;
	static char large[1000];
	__u64 key = 5;
	__u64 fill = 0;

	map_fill(fd, 0, 100);
	map_promote(fd);
	stats = map_stats(fd);
	EXPECT_EQ(100, stats.count);
	EXPECT_EQ(100 * (OVERHEAD + 16), stats.bytes);
	EXPECT_EQ(map_info(fd).revision, stats.revision);
	EXPECT_EQ(100, stats.read_keys);
	EXPECT_EQ(0, stats.amended);
	EXPECT_EQ(0, stats.dirty_keys);
	EXPECT(stats.promotions >= 1);
	EXPECT(stats.max_promote_ns >= stats.last_promote_ns);
	EXPECT(stats.last_promote_ns);
	EXPECT(stats.table_bytes >= 100 * 16);
	for (int i = 0; i < SYNCMAP_HISTOGRAM_SIZE; i++)
		fill += stats.fill[i] * i;
	EXPECT_EQ(100, fill);
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("in place")));
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(large, 1000)));
	EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_DELETE, KEY_N(&key, 8), OLD("x")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
	key = 1000;
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8)));
	stats = map_stats(fd);
	EXPECT_EQ(1, stats.in_place);
	EXPECT_EQ(1, stats.replaced);
	EXPECT_EQ(1, stats.mismatches);
	EXPECT_EQ(1, stats.tombstones);
	EXPECT_EQ(1, stats.dirty_keys);
	EXPECT_EQ(1, stats.amended);
	EXPECT_EQ(1, stats.dirty_longest);
	EXPECT(stats.hits >= 3);
	EXPECT(stats.misses >= 1);
}

/*
 * random operations against a plain reference, call by call; the pools of
 * keys and values are small, so that matches and mismatches both occur
 */
struct entry {
	bool		there;
	unsigned int	value;
	__u64		revision;
};

#define MODEL_KEYS	40
#define MODEL_VALUES	9

static struct entry model[MODEL_KEYS];
static char values[MODEL_VALUES][300];
static const __u32 sizes[MODEL_VALUES] = { 0, 1, 1, 8, 33, 64, 65, 256, 300 };

static struct syncmap_op random_op(const char *key, const struct entry *entry,
				   unsigned int value, unsigned int old,
				   char *out)
{
	struct syncmap_op op = {
		.op = test_random() % 8 + 1, KEY_N(key, strlen(key)),
	};

	if (op.op == SYNCMAP_OP_STORE || op.op == SYNCMAP_OP_LOAD_OR_STORE ||
	    op.op == SYNCMAP_OP_SWAP || op.op == SYNCMAP_OP_COMPARE_AND_SWAP) {
		op.value = PTR(values[value]);
		op.value_len = sizes[value];
	}
	if (op.op != SYNCMAP_OP_STORE && op.op != SYNCMAP_OP_DELETE) {
		op.out = PTR(out);
		op.out_size = test_random() % 8 ? 300 : test_random() % 100;
	}
	if (op.op < SYNCMAP_OP_COMPARE_AND_SWAP)
		return op;
	if (test_random() % 3 == 0) {
		op.flags = SYNCMAP_OP_BY_REVISION;
		op.expected = entry->revision + test_random() % 2;
	} else {
		op.old = PTR(values[old]);
		op.old_len = sizes[old];
	}
	return op;
}

/* What the call has to return, and what becomes of the entry */
static int predict(struct entry *entry, const struct syncmap_op *op,
		   unsigned int value, unsigned int old)
{
	bool compares = op->op >= SYNCMAP_OP_COMPARE_AND_SWAP;
	bool inserts = op->op == SYNCMAP_OP_STORE ||
		       op->op == SYNCMAP_OP_LOAD_OR_STORE ||
		       op->op == SYNCMAP_OP_SWAP;

	if (!entry->there) {
		entry->there = inserts;
		entry->value = value;
		return inserts || op->op == SYNCMAP_OP_DELETE ? 0 : -ENOENT;
	}
	if (compares && op->flags && op->expected != entry->revision)
		return -EBUSY;
	if (compares && !op->flags && old != entry->value)
		return -EBUSY;
	if (op->out_size && op->out_size < sizes[entry->value])
		return -EMSGSIZE;
	if (op->op == SYNCMAP_OP_LOAD || op->op == SYNCMAP_OP_LOAD_OR_STORE)
		return 0;
	entry->there = op->op != SYNCMAP_OP_LOAD_AND_DELETE &&
		       op->op != SYNCMAP_OP_DELETE &&
		       op->op != SYNCMAP_OP_COMPARE_AND_DELETE;
	entry->value = value;
	return 0;
}

static void check_answer(const struct entry *before, struct entry *entry,
			 const struct syncmap_op *op, int ret, const char *out)
{
	bool same = before->there == entry->there &&
		    (ret || op->op == SYNCMAP_OP_LOAD ||
		     op->op == SYNCMAP_OP_LOAD_OR_STORE || !before->there);
	__u32 len = before->there ? sizes[before->value] : 0;

	EXPECT_EQ(before->there ? SYNCMAP_OP_LOADED : 0, got.result);
	EXPECT_EQ(len, got.out_len);
	if (before->there && op->out && op->out_size >= len)
		EXPECT_MEM(values[before->value], len, out, len);
	if (same) {
		EXPECT_EQ(before->there ? before->revision : 0, got.revision);
		return;
	}
	EXPECT_EQ(before->there ? before->revision : 0, got.previous);
	EXPECT(got.revision > before->revision);
	entry->revision = got.revision;
}

static void model_step(int fd, unsigned int n)
{
	unsigned int value = test_random() % MODEL_VALUES;
	unsigned int old = test_random() % MODEL_VALUES;
	unsigned int index = test_random() % MODEL_KEYS;
	struct entry *entry = &model[index], before = *entry;
	struct syncmap_op op;
	char key[4] = "", out[300];
	int want;

	for (unsigned int i = 0, rest = index; rest; rest /= 3)
		key[i++] = 'a' + --rest % 3;
	op = random_op(key, entry, value, old, out);
	test_context("step %u: operation %u on \"%s\"", n, op.op, key);
	want = predict(entry, &op, value, old);
	EXPECT_EQ(want, map_op(fd, op));
	check_answer(&before, entry, &op, want, out);
}

static void check_record(const struct syncmap_record *record, void *arg)
{
	unsigned int *n = arg, index = 0;

	for (__u32 i = record->key_len; i > 0; i--)
		index = index * 3 + record->data[i - 1] - 'a' + 1;
	ASSERT(index < MODEL_KEYS && model[index].there);
	EXPECT_EQ(model[index].revision, record->revision);
	EXPECT_MEM(values[model[index].value], sizes[model[index].value],
		   record->data + record->key_len, record->value_len);
	++*n;
}

static void check_model(int fd)
{
	unsigned int there = 0, bytes = 0, seen = 0;

	for (unsigned int i = 0; i < MODEL_KEYS; i++) {
		if (!model[i].there)
			continue;
		there++;
		bytes += OVERHEAD + sizes[model[i].value];
		for (unsigned int rest = i; rest; rest = (rest - 1) / 3)
			bytes++;
	}
	map_walk(fd, 0, 1000, check_record, &seen);
	EXPECT_EQ(there, seen);
	EXPECT_EQ(there, map_count(fd));
	EXPECT_EQ(bytes, map_info(fd).bytes);
}

TEST_LIMIT(random_against_model, 60)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (unsigned int i = 0; i < MODEL_VALUES; i++)
		fill_text(values[i], sizes[i], i);
	for (unsigned int n = 0; n < test_times(60000); n++) {
		unsigned int chance = test_random() % 1000;

		model_step(fd, n);
		if (chance == 0) {
			map_clear(fd);
			for (unsigned int i = 0; i < MODEL_KEYS; i++)
				model[i].there = false;
		} else if (chance < 4) {
			map_promote(fd);
		} else if (chance < 8) {
			check_model(fd);
		}
	}
	check_model(fd);
}
