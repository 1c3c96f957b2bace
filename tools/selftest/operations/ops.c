// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each operation on one key: all outcomes, in each place where the key may be
 *
 * What is true of one key is checked for keys of all types, and for a key that
 * is in the dirty table, in the read table, and in the read table as a
 * tombstone when it is absent.
 */
#include <unistd.h>

#include "harness/map.h"

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
	EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
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
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
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
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
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
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
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
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
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
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
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
			EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
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
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
		EXPECT_EQ(0, got.out_len);
		EXPECT_EQ('a', value[0]);
		EXPECT_EQ(1, map_count(place->fd));
		EXPECT_EQ(0, DO(place->fd, LOAD_OR_STORE, AT(place), VALUE("x")));
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
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
				EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
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
