// SPDX-License-Identifier: GPL-2.0-only
/* One has the lease, and what others do to it */
#include <unistd.h>

#include "harness/leases.h"
#include "harness/stats.h"

TEST(one_computes)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	char out[16];

	EXPECT_EQ(-EAGAIN, DO(other, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(-EAGAIN, DO(fd, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(0, got.leased);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(0, map_count(fd));
	EXPECT_EQ(1, map_stat(fd, "leases"));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .token = token));
	EXPECT(got.revision);
	EXPECT_EQ(0, got.previous);
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	leases_expect_value(other, "v");
	EXPECT_EQ(1, map_count(fd));
	EXPECT_EQ(0, map_stat(fd, "leases"));
	EXPECT_EQ(1, map_stat(fd, "leases_granted"));
	EXPECT_EQ(0, map_stat(fd, "leases_lost"));

	/* From now on it is a LOAD */
	EXPECT_EQ(0, DO(other, LOAD_OR_LEASE, KEY("k"), OUT(out)));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
	EXPECT_MEM("v", 1, out, got.out_len);
	EXPECT_EQ(-EMSGSIZE, DO(other, LOAD_OR_LEASE, KEY("k"), OUT_N(out, 0)) ?:
			     DO(fd, STORE, KEY("k"), VALUE("longer")) ?:
			     DO(other, LOAD_OR_LEASE, KEY("k"), OUT_N(out, 2)));
	EXPECT_EQ(6, got.out_len);
}

/* What others do in their maps is not seen in one's own tokens */
TEST(tokens_are_those_of_the_map)
{
	int fd = leases_map(), other = map_private(SYNCMAP_KEY_STRING);
	__u64 token = leases_take(fd);

	for (int i = 0; i < 100; i++)
		EXPECT_EQ(0, DO(other, UNLEASE, KEY("k"),
				.token = leases_take(other)));
	EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = token));
	/* One was for whoever might have waited */
	EXPECT(leases_take(fd) <= token + 2);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_expect_clean(fd);
}

TEST(tokens_are_those_of_the_holder)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd), next;

	EXPECT_EQ(-ESTALE, DO(fd, STORE, KEY("k"), VALUE("v"),
			      .token = token + 1));
	EXPECT_EQ(-ESTALE, DO(other, STORE, KEY("k"), VALUE("v"),
			      .token = token));
	EXPECT_EQ(-ESTALE, DO(fd, STORE, KEY("other"), VALUE("v"),
			      .token = token));
	EXPECT_EQ(-ESTALE, DO(other, UNLEASE, KEY("k"), .token = token));
	EXPECT_EQ(-ESTALE, DO(fd, UNLEASE, KEY("other"), .token = token));
	EXPECT_EQ(0, map_count(fd));
	EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = token));
	EXPECT_EQ(-ESTALE, DO(fd, UNLEASE, KEY("k"), .token = token));
	EXPECT_EQ(-ESTALE, DO(fd, STORE, KEY("k"), VALUE("v"),
			      .token = token));
	leases_expect_clean(fd);
	next = leases_take(other);
	EXPECT(next > token);
	EXPECT_EQ(-ESTALE, DO(fd, STORE, KEY("k"), VALUE("v"),
			      .token = token));
	EXPECT_EQ(0, DO(other, STORE, KEY("k"), VALUE("v"), .token = next));
	EXPECT_EQ(-ESTALE, DO(other, STORE, KEY("k"), VALUE("w"),
			      .token = next));
	leases_expect_value(fd, "v");
}

TEST(rejections)
{
	int fd = leases_map(), reader = map_open(LEASES, SYNCMAP_ACCESS_READ);
	int writer = map_open(LEASES, SYNCMAP_ACCESS_WRITE);

	EXPECT_EQ(-EINVAL, DO(fd, LOAD_OR_LEASE, KEY("k"), .wait_until = 1,
			      .flags = SYNCMAP_FLAG_NOWAIT));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, LOAD_OR_LEASE, KEY("k"), VALUE("v")));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, LOAD_OR_LEASE, KEY("k"), .token = 1));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, LOAD_OR_LEASE, KEY("k"), .deadline = 1));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, LOAD, KEY("k"), NOWAIT));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, LOAD, KEY("k"), .flags = SYNCMAP_FLAG_STALE));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, STORE, KEY("k"), WAIT));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, SWAP, KEY("k"), .token = 1));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, APPEND, KEY("k"), .token = 1));
	EXPECT_EQ(-EINVAL, DO(fd, UNLEASE, KEY("k")));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, UNLEASE, KEY("k"), VALUE("v"), .token = 1));
	EXPECT_EQ(-EBADF, DO(reader, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(-EBADF, DO(writer, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(-EBADF, DO(reader, UNLEASE, KEY("k"), .token = 1));
	EXPECT_EQ(-ESTALE, DO(writer, UNLEASE, KEY("k"), .token = 1));
	leases_expect_clean(fd);
}

TEST(waits_until_its_deadline)
{
	int fd = leases_map(), other = leases_client();
	__u64 before, after;

	leases_take(fd);
	EXPECT_EQ(-ETIMEDOUT, DO(other, LOAD_OR_LEASE, KEY("k")));
	before = map_now();
	EXPECT_EQ(-ETIMEDOUT, DO(other, LOAD_OR_LEASE, KEY("k"),
				 .wait_until = before + 50 * MS));
	after = map_now();
	EXPECT(after >= before + 50 * MS);
	EXPECT(after < before + 5 * SECOND);
	EXPECT_EQ(-ETIMEDOUT, DO(other, LOAD_OR_LEASE, KEY("k"),
				 .wait_until = before));
	EXPECT_EQ(1, map_stat(fd, "leases"));
	/* Who need not wait does not mind a deadline that is over */
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, DO(other, LOAD_OR_LEASE, KEY("k")));
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, got.result);
}

TEST(others_void_the_token)
{
	int fd = leases_map(), other = leases_client();

	for (const struct meddling *m = leases_meddling; m->name; m++) {
		__u64 token = leases_take(fd);

		leases_meddle(other, m);
		EXPECT_EQ(m->stores, map_count(fd));
		EXPECT_EQ(m->keeps ? 0 : -ESTALE,
			  DO(fd, STORE, KEY("k"), VALUE("mine"),
			     .token = token));
		if (m->stores)
			leases_expect_value(fd, "v");
		EXPECT_EQ(m->stores || m->keeps, map_count(fd));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		leases_expect_clean(fd);
	}
}

TEST(a_number_takes_the_place_of_a_lease)
{
	int fd = leases_map();
	__u64 token = leases_take(fd);

	EXPECT_EQ(-ENOENT, DO(fd, ADD, KEY("k"), .operand = 2));
	EXPECT_EQ(1, map_stat(fd, "leases"));
	EXPECT_EQ(0, DO(fd, ADD, KEY("k"), .operand = 2, .initial = 40,
			.flags = SYNCMAP_FLAG_INITIAL));
	EXPECT_EQ(42, got.after);
	EXPECT_EQ(-ESTALE, DO(fd, STORE, KEY("k"), VALUE("v"),
			      .token = token));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_expect_clean(fd);
}

TEST(closed_descriptor)
{
	int fd = leases_map(), other = leases_client(), copy = dup(other);

	leases_take(other);
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(-EAGAIN, DO(fd, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(0, close(copy));
	leases_take(fd);
	EXPECT_EQ(1, map_stat(fd, "leases_lost"));
}

TEST(many_leases_of_one_descriptor)
{
	int fd = map_private(SYNCMAP_KEY_U64), other;
	struct syncmap_limits limits = { };

	other = map_create(LEASES, SYNCMAP_KEY_U64, &limits, 0600);
	for (__u64 key = 0; key < 500; key++) {
		EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY_N(&key, 8)));
		EXPECT_EQ(0, DO(other, LOAD_OR_LEASE, KEY_N(&key, 8)));
	}
	EXPECT_EQ(500, map_stat(fd, "leases"));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, close(other));
	other = leases_client();
	leases_expect_clean(other);
	EXPECT_EQ(500, map_stat(other, "leases_lost"));
}

/* Limits */

TEST(a_lease_keeps_a_place)
{
	int fd = map_limited(SYNCMAP_KEY_STRING, (struct syncmap_limits){
		.entries = 1,
	});
	__u64 token = leases_take(fd);

	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY("other"), VALUE("v")));
	EXPECT_EQ(-ENOSPC, DO(fd, LOAD_OR_LEASE, KEY("other")));
	EXPECT_EQ(SYNCMAP_LIMITED_ENTRIES, got.error.limited);
	EXPECT_EQ(-EAGAIN, DO(fd, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .token = token));
	EXPECT_EQ(-ENOSPC, DO(fd, LOAD_OR_LEASE, KEY("other")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	/* Without the token, too, it is the place of this key */
	leases_take(fd);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_expect_clean(fd);
}

/* What does not fit can be tried again: the lease goes on */
TEST(a_value_that_is_too_large)
{
	int fd = map_limited(SYNCMAP_KEY_STRING, (struct syncmap_limits){
		.bytes = 1000,
	});
	static char text[900];
	__u64 token = leases_take(fd);

	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY("k"), VALUE_N(text, 990),
			      .token = token));
	EXPECT_EQ(SYNCMAP_LIMITED_BYTES, got.error.limited);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, 900),
			.token = token));
	EXPECT_EQ(map_overhead() + 901, map_info(fd).bytes);
}
