// SPDX-License-Identifier: GPL-2.0-only
/* Taking the value that has expired, while somebody computes another one */
#include <unistd.h>

#include "harness/leases.h"
#include "harness/stats.h"

static int create_expiring(__u64 stale)
{
	struct syncmap_create arg = {
		.name = LEASES, .key_type = SYNCMAP_KEY_STRING, .mode = 0600,
		.stale = stale,
	};

	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_CREATE, &arg));
	return arg.fd;
}

/* Returns when it did */
static __u64 store_expired(int fd)
{
	__u64 deadline = map_now() + MS;

	ASSERT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("old"),
			.deadline = deadline));
	while (!DO(fd, LOAD, KEY("k")))
		usleep(1000);
	EXPECT_EQ(-ENOENT, got.error.status);
	return deadline;
}

#define STALE	.flags = SYNCMAP_FLAG_STALE

static void expect_stale(int fd, __u32 result)
{
	char out[8];

	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), STALE, OUT(out)));
	EXPECT_EQ(result, got.result);
	if (!(got.result & SYNCMAP_RESULT_EXPIRED))
		return;
	EXPECT_MEM("old", 3, out, got.out_len);
	EXPECT(got.revision);
	EXPECT(got.expires < map_now());
}

TEST(stale_while_computed)
{
	int fd = create_expiring(60 * SECOND), other = leases_client();
	__u64 token;

	store_expired(fd);
	expect_stale(fd, SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED);
	token = got.leased;
	expect_stale(other, SYNCMAP_RESULT_EXPIRED);
	expect_stale(other, SYNCMAP_RESULT_EXPIRED);
	EXPECT_EQ(0, map_stat(fd, "lease_waits"));
	EXPECT_EQ(-EAGAIN, DO(other, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(-ENOENT, DO(other, LOAD, KEY("k")));
	EXPECT_EQ(0, map_count(fd));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("new"), .token = token));
	expect_stale(other, SYNCMAP_RESULT_LOADED);
	leases_expect_value(other, "new");
	EXPECT_EQ(map_system().entry_overhead + 4, map_info(fd).bytes);
}

/* Whoever could not be given the value is not told that he has the lease */
TEST(stale_to_nowhere)
{
	int fd = create_expiring(60 * SECOND);

	store_expired(fd);
	EXPECT_EQ(-EFAULT, DO(fd, LOAD_OR_LEASE, KEY("k"), STALE,
			      .out = 8, .out_size = 8));
	EXPECT_EQ(-EFAULT, got.error.status);
	EXPECT_EQ(0, got.result & SYNCMAP_RESULT_LEASED);
	EXPECT_EQ(0, got.leased);
	EXPECT_EQ(0, map_stat(fd, "leases"));
	expect_stale(fd, SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED);
}

/* It is not lost when the computation fails */
TEST(stale_when_the_holder_fails)
{
	int fd = create_expiring(60 * SECOND), other = leases_client();

	store_expired(fd);
	for (int i = 0; i < 3; i++) {
		expect_stale(other, SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED);
		EXPECT_EQ(0, DO(other, UNLEASE, KEY("k"),
				.token = got.leased));
		EXPECT_EQ(1, map_stat(fd, "lapsed"));
	}
	leases_take(other);
	expect_stale(fd, SYNCMAP_RESULT_EXPIRED);
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(0, map_stat(fd, "leases"));
	expect_stale(fd, SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED);
}

TEST(a_buffer_too_small_for_a_stale_value)
{
	int fd = create_expiring(60 * SECOND);
	char out[2];

	store_expired(fd);
	EXPECT_EQ(-EMSGSIZE, DO(fd, LOAD_OR_LEASE, KEY("k"), STALE, OUT(out)));
	EXPECT_EQ(3, got.out_len);
	EXPECT_EQ(0, map_stat(fd, "leases"));
	expect_stale(fd, SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED);
}

TEST(others_void_a_stale_value)
{
	int fd = create_expiring(60 * SECOND), other = leases_client();

	for (const struct meddling *m = leases_meddling; m->name; m++) {
		__u64 token;

		store_expired(fd);
		expect_stale(fd, SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED);
		token = got.leased;
		leases_meddle(other, m);
		expect_stale(other, m->keeps ? SYNCMAP_RESULT_EXPIRED :
			     m->stores ? SYNCMAP_RESULT_LOADED :
			     SYNCMAP_RESULT_LEASED);
		EXPECT_EQ(m->keeps ? 0 : -ESTALE,
			  DO(fd, UNLEASE, KEY("k"), .token = token));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		leases_expect_clean(fd);
	}
}

/* Until the machine was so fast that there still has to be a value */
static void lease_in_time(int fd, __u64 stale)
{
	__u64 deadline;

	do {
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		deadline = store_expired(fd);
		EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), STALE));
	} while (got.result == SYNCMAP_RESULT_LEASED &&
		 map_now() >= deadline + stale);
	EXPECT_EQ(SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED, got.result);
}

TEST(stale_for_as_long_as_the_map_says)
{
	int fd = create_expiring(100 * MS), other = leases_client();

	lease_in_time(fd, 100 * MS);
	usleep(150000);
	EXPECT_EQ(-ETIMEDOUT, DO(other, LOAD_OR_LEASE, KEY("k"), STALE));
	EXPECT_EQ(0, close(fd));
	leases_expect_clean(other);
	store_expired(other);
	usleep(150000);
	expect_stale(other, SYNCMAP_RESULT_LEASED);
}

/* It would have to go with its owner, who may be gone by now */
TEST(what_is_owned_is_not_kept)
{
	int fd = create_expiring(60 * SECOND);

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("old"),
			.flags = SYNCMAP_FLAG_OWNED, .deadline = map_now() + MS));
	while (!DO(fd, LOAD, KEY("k")))
		usleep(1000);
	expect_stale(fd, SYNCMAP_RESULT_LEASED);
	EXPECT_EQ(0, map_stat(fd, "lapsed"));
	EXPECT_EQ(0, map_stat(fd, "owned"));
}

/* Nobody will compute another one, but time has not come for this one */
TEST(stale_in_a_frozen_map)
{
	int fd = create_expiring(60 * SECOND), other = leases_client();
	struct syncmap_freeze arg = { };
	__u64 bytes;

	store_expired(fd);
	expect_stale(fd, SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED);
	EXPECT_EQ(0, DO(fd, STORE, KEY("there"), VALUE("v")));
	EXPECT_EQ(0, map_call(fd, SYNCMAP_FREEZE, &arg));
	EXPECT_EQ(0, map_stat(fd, "leases"));
	EXPECT_EQ(1, map_stat(fd, "lapsed"));
	bytes = map_info(fd).bytes;
	for (int i = 0; i < 2; i++) {
		expect_stale(fd, SYNCMAP_RESULT_EXPIRED);
		expect_stale(other, SYNCMAP_RESULT_EXPIRED);
		EXPECT_EQ(-EROFS, DO(fd, LOAD_OR_LEASE, KEY("k"), NOWAIT));
		EXPECT_EQ(-EROFS, DO(fd, LOAD_OR_LEASE, KEY("k"), WAIT));
		EXPECT_EQ(-EROFS, DO(fd, LOAD_OR_LEASE, KEY("none"), STALE));
		EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("there"), NOWAIT));
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
	}
	EXPECT_EQ(bytes, map_info(fd).bytes);
	EXPECT_EQ(0, close(other));
	expect_stale(fd, SYNCMAP_RESULT_EXPIRED);
}
