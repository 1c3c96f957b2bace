// SPDX-License-Identifier: GPL-2.0-only
/* What concerns the map as a whole: clear, promote, statistics */
#include <stddef.h>

#include "harness/map.h"
#include "harness/stats.h"

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
	EXPECT_EQ(100 * (map_overhead() + 16), map_info(fd).bytes);
}

/* Changes of which each leaves its trace. Returns what the map is like then */
static struct stats change_a_bit(int fd)
{
	static char large[1000];
	__u64 key = 5;

	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("in place")));
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(large, 1000)));
	EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_DELETE, KEY_N(&key, 8), OLD("x")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
	key = 1000;
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8)));
	return stats_get(fd);
}

/* The same of a map that nobody has tidied up in between, as is done each second */
static struct stats make_changed(int *fd)
{
	struct stats stats;
	__u64 promotions;

	do {
		*fd = map_private(SYNCMAP_KEY_U64);
		map_fill(*fd, 0, 100);
		map_promote(*fd);
		promotions = map_stat(*fd, "promotions");
		stats = change_a_bit(*fd);
	} while (stats_of(&stats, "promotions") != promotions);
	return stats;
}

TEST(stats)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	struct stats stats;
	__u64 key = 1000;
	__u64 fill = 0;

	map_fill(fd, 0, 100);
	map_promote(fd);
	stats = stats_get(fd);
	EXPECT_EQ(100, stats_of(&stats, "count"));
	EXPECT_EQ(100 * (map_overhead() + 16), stats_of(&stats, "bytes"));
	EXPECT_EQ(map_info(fd).revision, stats_of(&stats, "revision"));
	EXPECT_EQ(100, stats_of(&stats, "read_keys"));
	EXPECT_EQ(0, stats_of(&stats, "amended"));
	EXPECT_EQ(0, stats_of(&stats, "dirty_keys"));
	EXPECT(stats_of(&stats, "promotions") >= 1);
	EXPECT(stats_of(&stats, "max_promote_ns") >=
	       stats_of(&stats, "last_promote_ns"));
	EXPECT(stats_of(&stats, "table_bytes") >= 100 * 16);
	for (int i = 0; i < 8; i++)
		fill += stats_at(&stats, "fill", i) * i;
	EXPECT_EQ(100, fill);
	stats = make_changed(&fd);
	EXPECT_EQ(1, stats_of(&stats, "in_place"));
	EXPECT_EQ(1, stats_of(&stats, "replaced"));
	EXPECT_EQ(1, stats_of(&stats, "mismatches"));
	EXPECT_EQ(1, stats_of(&stats, "tombstones"));
	EXPECT_EQ(1, stats_of(&stats, "dirty_keys"));
	EXPECT_EQ(1, stats_of(&stats, "amended"));
	EXPECT_EQ(0, stats_of(&stats, "dirty_longest"));
	EXPECT_EQ(0, stats_of(&stats, "found"));
	EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8)));
	key++;
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY_N(&key, 8)));
	EXPECT_EQ(1, map_stat(fd, "found"));
	EXPECT_EQ(1, map_stat(fd, "absent"));
	EXPECT(stats_of(&stats, "hits") >= 3);
	EXPECT(stats_of(&stats, "misses") >= 1);
	/* A coarse clock only sees the promotion in which it ticks */
	for (int i = 0; i < 10000 && !map_stat(fd, "last_promote_ns"); i++) {
		key++;
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8)));
		map_promote(fd);
	}
	EXPECT(map_stat(fd, "last_promote_ns"));
}

/* Keys that are integers begin one when their bucket is full, others at once */
TEST(longest_chain)
{
	struct stats stats;
	int fd;

	do {
		fd = map_private(SYNCMAP_KEY_BYTES);
		EXPECT_EQ(0, DO(fd, STORE, KEY("key")));
		stats = stats_get(fd);
	} while (stats_of(&stats, "promotions"));
	EXPECT_EQ(1, stats_of(&stats, "dirty_longest"));
}

static bool is_lower_case(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

/* Those of one name follow one another, with indices from zero */
TEST(names_of_stats)
{
	struct stats stats = stats_get(map_private(SYNCMAP_KEY_BYTES));
	const struct syncmap_stat *stat = stats.stat;

	for (__u32 i = 0; i < stats.count; i++) {
		test_context("%.32s", stat[i].name);
		ASSERT(strnlen(stat[i].name, 32) < 32);
		EXPECT(*stat[i].name && is_lower_case(stat[i].name));
		for (size_t n = strlen(stat[i].name); n < 32; n++)
			EXPECT_EQ(0, stat[i].name[n]);
		EXPECT(!(stat[i].flags & ~(SYNCMAP_STAT_COUNTER |
					   SYNCMAP_STAT_INTERNAL)));
		if (stat[i].index) {
			EXPECT(i && !strcmp(stat[i].name, stat[i - 1].name));
			EXPECT_EQ(stat[i - 1].index + 1, stat[i].index);
			EXPECT_EQ(stat[i - 1].flags, stat[i].flags);
			continue;
		}
		for (__u32 j = 0; j < i; j++)
			EXPECT(strcmp(stat[i].name, stat[j].name));
	}
}

#define ELEMENT	64

/* As many as there is room for, be the elements longer or not */
TEST(arrays_of_stats)
{
	struct stats all = stats_get(map_private(SYNCMAP_KEY_U64));
	static char buffer[ELEMENT * (ARRAY_SIZE(all.stat) + 1)];
	struct syncmap_stats array = {
		.buffer = PTR(buffer), .entry_size = ELEMENT,
	};
	int fd = map_private(SYNCMAP_KEY_U64);

	for (__u32 n = 0; n <= all.count + 1; n++) {
		__u32 want = n < all.count ? n : all.count;

		test_context("room for %u", n);
		memset(buffer, 0xee, sizeof(buffer));
		array.capacity = n;
		ASSERT_EQ(0, map_call(fd, SYNCMAP_STATS, &array));
		EXPECT_EQ(want, array.count);
		EXPECT_EQ(all.count, array.total);
		for (__u32 i = 0; i < want; i++) {
			EXPECT_EQ(0, strcmp(all.stat[i].name,
					    buffer + i * ELEMENT));
			for (size_t j = sizeof(all.stat[0]); j < ELEMENT; j++)
				EXPECT_EQ(0, buffer[i * ELEMENT + j]);
		}
		EXPECT_EQ((char)0xee, buffer[want * ELEMENT]);
	}
	array.capacity = 0;
	array.buffer = 0;
	EXPECT_EQ(0, map_call(fd, SYNCMAP_STATS, &array));
	EXPECT_EQ(all.count, array.total);
}

TEST(bad_arrays_of_stats)
{
	static const __u32 sizes[] = { 0, 1, 47, 4097, -1 };
	static char buffer[48];
	int fd = map_private(SYNCMAP_KEY_U64);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct syncmap_stats array = {
			.buffer = PTR(buffer), .capacity = 1,
			.entry_size = sizes[i],
		};

		test_context("elements of %u bytes", sizes[i]);
		EXPECT_EQ(-EINVAL, map_call(fd, SYNCMAP_STATS, &array));
		EXPECT_EQ(-EINVAL, array.error.status);
		EXPECT_EQ(offsetof(struct syncmap_stats, entry_size),
			  array.error.field);
	}
}
