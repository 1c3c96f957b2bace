// SPDX-License-Identifier: GPL-2.0-only
/* What concerns the map as a whole: clear, promote, statistics */
#include "harness/map.h"

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
	EXPECT_EQ(100 * (map_overhead() + 16), stats.bytes);
	EXPECT_EQ(map_info(fd).revision, stats.revision);
	EXPECT_EQ(100, stats.read_keys);
	EXPECT_EQ(0, stats.amended);
	EXPECT_EQ(0, stats.dirty_keys);
	EXPECT(stats.promotions >= 1);
	EXPECT(stats.max_promote_ns >= stats.last_promote_ns);
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
	/* A coarse clock only sees the promotion in which it ticks */
	for (int i = 0; i < 10000 && !stats.last_promote_ns; i++) {
		key++;
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8)));
		map_promote(fd);
		stats = map_stats(fd);
	}
	EXPECT(stats.last_promote_ns);
}
