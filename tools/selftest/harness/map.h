/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Short words for the ABI, on top of the harness. Functions that return int
 * return a descriptor, 0, or a negative errno; those that return void end the
 * test when they fail. Named maps have names that begin with TEST_NAME, and are
 * removed after the test.
 */
#ifndef MAP_H
#define MAP_H

#include <linux/syncmap.h>
#include <sys/ioctl.h>

#include "harness.h"

#define TEST_NAME	"selftest-"

#define MAP_DEBUGFS	"/sys/kernel/debug/syncmap/"

#define MS		1000000ULL
#define SECOND		1000000000ULL

#define PTR(p)		((__u64)(uintptr_t)(p))

/* For initialisers of struct syncmap_op; a string's NUL does not belong to it */
#define KEY(s)		.key = PTR(s), .key_len = sizeof(s) - 1
#define KEY_N(p, n)	.key = PTR(p), .key_len = (n)
#define VALUE(s)	.value = PTR(s), .value_len = sizeof(s) - 1
#define VALUE_N(p, n)	.value = PTR(p), .value_len = (n)
#define OLD(s)		.old = PTR(s), .old_len = sizeof(s) - 1
#define OLD_N(p, n)	.old = PTR(p), .old_len = (n)
#define OUT(buffer)	.out = PTR(buffer), .out_size = sizeof(buffer)
#define OUT_N(p, n)	.out = PTR(p), .out_size = (n)
/* Where a struct syncmap_answer goes; map_op(), and so DO(), want all of got */
#define ANSWER(p)	.answer = PTR(p), .answer_size = sizeof(*(p))
#define REVISION(r)	.flags = SYNCMAP_FLAG_BY_REVISION, .expected = (r)
#define FROM_NOW	.flags = SYNCMAP_FLAG_FROM_NOW

/* EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1"))); the answer is in got */
#define DO(fd, code, ...) \
	map_op(fd, (struct syncmap_op){ .op = SYNCMAP_OP_##code, __VA_ARGS__ })

extern struct syncmap_answer got;

int map_call(int fd, unsigned long command, void *arg);
int map_op(int fd, struct syncmap_op op);

int map_control(void);
int map_create(const char *name, __u32 type, const struct syncmap_limits *limits,
	       __u32 mode);
int map_private(__u32 type);
/* With a default time to live, and one for stale values, in nanoseconds */
int map_expiring(__u32 type, __u64 ttl, __u64 stale);
int map_limited(__u32 type, struct syncmap_limits limits);
/* Whether there may be one more map, and which limit is in its way */
void map_expect_create(struct syncmap_create arg, int err, __u32 limited,
		       __u64 used, __u64 limit);
int map_open(const char *name, __u32 access);
int map_remove(const char *name);
/*
 * Rebuilds the read table. By debugfs, so it is for root; where there is none, the
 * test is skipped. The descriptor of its file is for who will not be root any more,
 * and writes "promote" to it
 */
void map_promote(int fd);
int map_by_hand(int fd);
/* And waits until the memory is free */
void map_clear(int fd);

/* CLOCK_BOOTTIME, in nanoseconds */
__u64 map_now(void);

struct syncmap_info map_system(void);
struct syncmap_map_info map_info(int fd);
__u64 map_count(int fd);

/* Until it has so many bytes: the sweeper comes soon, but a machine may be busy */
void map_expect_bytes(int fd, __u64 want);

/* What an entry counts as, besides the bytes of key and value */
__u64 map_overhead(void);

/* All keys of u64 maps at once: key n has the value n in eight bytes */
void map_fill(int fd, __u64 from, __u64 to);

/* A walk from zero to the end with a buffer of this size */
void map_walk(int fd, __u32 flags, __u32 size,
	      void (*fn)(const struct syncmap_record *record, void *arg),
	      void *arg);

/*
 * Children from here on have a clock that is ahead of ours, or behind. Where there
 * is no such, the test is skipped
 */
void map_set_clock(long long seconds);
/*
 * A byte of each page of a mapping of @size bytes, @step apart: can be read, and is
 * zero at the end, where nothing is
 */
void map_expect_pages(const unsigned char *base, __u64 size, __u64 step);

#endif /* MAP_H */
