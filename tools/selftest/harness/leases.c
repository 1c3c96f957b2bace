// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include "leases.h"
#include "stats.h"

#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)

int leases_map(void)
{
	int fd = map_create(LEASES, SYNCMAP_KEY_STRING, NULL, 0600);

	ASSERT(fd >= 0);
	return fd;
}

int leases_client(void)
{
	int fd = map_open(LEASES, BOTH);

	ASSERT(fd >= 0);
	return fd;
}

__u64 leases_take(int fd)
{
	ASSERT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	ASSERT_EQ(SYNCMAP_RESULT_LEASED, got.result);
	ASSERT(got.leased);
	return got.leased;
}

int leases_await_fd(int fd, __u64 lease_for)
{
	struct syncmap_await arg = { KEY("k"), .lease_for = lease_for };
	int err = map_call(fd, SYNCMAP_AWAIT, &arg);

	return err ? err : arg.fd;
}

/* Whether the lease has come */
static bool wait_in_place(int fd)
{
	int place = leases_await_fd(fd, 0);

	ASSERT(place >= 0);
	EXPECT_EQ(sizeof(got), read(place, &got, sizeof(got)));
	EXPECT_EQ(0, close(place));
	return got.result == SYNCMAP_RESULT_LEASED;
}

int leases_wait(int fd, bool in_place, char *out, __u32 size)
{
	int ret;

	if (!in_place)
		return DO(fd, LOAD_OR_LEASE, KEY("k"), OUT_N(out, size), WAIT);
	do {
		ret = DO(fd, LOAD_OR_LEASE, KEY("k"), OUT_N(out, size), NOWAIT);
		if (ret != -EAGAIN)
			return ret;
	} while (!wait_in_place(fd));
	return 0;
}

void leases_expect_value(int fd, const char *value)
{
	char out[16];

	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(out)));
	EXPECT_MEM(value, strlen(value), out, got.out_len);
}

void leases_await(int fd, __u64 n)
{
	AWAIT(map_stat(fd, "lease_waits") >= n);
	ASSERT(map_stat(fd, "lease_waits") >= n);
}

static bool is_clean(int fd)
{
	struct stats stats = stats_get(fd);

	return !stats_of(&stats, "leases") && !stats_of(&stats, "count") &&
	       !stats_of(&stats, "bytes");
}

void leases_expect_clean(int fd)
{
	AWAIT(is_clean(fd));
	EXPECT_EQ(0, map_stat(fd, "leases"));
	EXPECT_EQ(0, map_stat(fd, "bytes"));
	EXPECT_EQ(0, map_count(fd));
}

void leases_crowd(int fd, pid_t *pids, int n,
		  void (*fn)(int n, void *arg), void *arg)
{
	__u64 waits = map_stat(fd, "lease_waits");

	for (int i = 0; i < n; i++) {
		pids[i] = test_fork(fn, i, arg);
		leases_await(fd, waits + i + 1);
	}
}

#define MEDDLE(code, want, ...) \
	{ .name = #code, .op = { .op = SYNCMAP_OP_##code, KEY("k"), \
	  __VA_ARGS__ }, .ret = (want)

const struct meddling leases_meddling[] = {
	MEDDLE(LOAD, -ENOENT), .keeps = true },
	MEDDLE(TOUCH, -ENOENT), .keeps = true },
	MEDDLE(COMPARE_AND_SWAP, -ENOENT, VALUE("v")), .keeps = true },
	MEDDLE(COMPARE_AND_DELETE, -ENOENT), .keeps = true },
	MEDDLE(COMPARE_AND_DELETE, -ENOENT, REVISION(1)), .keeps = true },
	MEDDLE(STORE, 0, VALUE("v")), .stores = true },
	MEDDLE(APPEND, 0, VALUE("v")), .stores = true },
	MEDDLE(SWAP, 0, VALUE("v")), .stores = true },
	MEDDLE(LOAD_OR_STORE, 0, VALUE("v")), .stores = true },
	MEDDLE(DELETE, 0) },
	MEDDLE(LOAD_AND_DELETE, -ENOENT) },
	{ .name = "CLEAR" },
	{ }
};

void leases_meddle(int fd, const struct meddling *m)
{
	test_context("%s", m->name);
	if (!m->op.op) {
		map_clear(fd);
		return;
	}
	EXPECT_EQ(m->ret, map_op(fd, m->op));
	EXPECT_EQ(0, got.result);
}
