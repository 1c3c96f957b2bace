// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

struct stats stats_get(int fd)
{
	struct stats stats = { };
	struct syncmap_stats array = {
		.buffer = PTR(stats.stat), .entry_size = sizeof(stats.stat[0]),
		.capacity = ARRAY_SIZE(stats.stat),
	};

	ASSERT_EQ(0, map_call(fd, SYNCMAP_STATS, &array));
	ASSERT_EQ(array.total, array.count);
	stats.count = array.count;
	return stats;
}

__u64 stats_at(const struct stats *stats, const char *name, __u32 index)
{
	for (__u32 i = 0; i < stats->count; i++)
		if (!strcmp(stats->stat[i].name, name) &&
		    stats->stat[i].index == index)
			return stats->stat[i].value;
	test_note("no number %u of the name %s", index, name);
	ASSERT(!"a number of the map");
	return 0;
}

__u64 stats_of(const struct stats *stats, const char *name)
{
	return stats_at(stats, name, 0);
}

void stats_expect_grown(const struct stats *before, const struct stats *after)
{
	ASSERT_EQ(before->count, after->count);
	for (__u32 i = 0; i < after->count; i++) {
		if (!(after->stat[i].flags & SYNCMAP_STAT_COUNTER))
			continue;
		test_context("%s", after->stat[i].name);
		EXPECT(after->stat[i].value >= before->stat[i].value);
	}
	test_context("%s", "");
}

__u64 map_stat(int fd, const char *name)
{
	struct stats stats = stats_get(fd);

	return stats_of(&stats, name);
}

/* What is freed in the background leaves queues and lists after its bytes */
void map_expect_stat(int fd, const char *name, __u64 want)
{
	AWAIT(map_stat(fd, name) == want);
	EXPECT_EQ(want, map_stat(fd, name));
}
