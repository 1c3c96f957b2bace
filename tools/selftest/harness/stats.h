/* SPDX-License-Identifier: GPL-2.0-only */
/* The numbers of a map, by their names. One that is not there ends the test */
#ifndef STATS_H
#define STATS_H

#include "map.h"

struct stats {
	__u32			count;
	struct syncmap_stat	stat[128];
};

struct stats stats_get(int fd);
__u64 stats_of(const struct stats *stats, const char *name);
/* The one of this index, of several of the name */
__u64 stats_at(const struct stats *stats, const char *name, __u32 index);

/* EXPECTs that no counter has fallen */
void stats_expect_grown(const struct stats *before, const struct stats *after);

/* One number, as it is now */
__u64 map_stat(int fd, const char *name);
void map_expect_stat(int fd, const char *name, __u64 want);

#endif /* STATS_H */
