// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cursors as users see them
 */
#include <linux/bitops.h>
#include <linux/prandom.h>

#include <kunit/test.h>

#include "../../module/dev/cursor.c"

#define NUMBERS	10000

static void expect_same(struct kunit *test, u64 cursor)
{
	u64 hidden = syncmap_cursor_hide(7, cursor);

	KUNIT_EXPECT_EQ(test, syncmap_cursor_reveal(7, hidden), cursor);
	KUNIT_EXPECT_EQ(test, is_kept(hidden), is_kept(cursor));
	hidden = syncmap_cursor_reveal(7, cursor);
	KUNIT_EXPECT_EQ(test, syncmap_cursor_hide(7, hidden), cursor);
	KUNIT_EXPECT_EQ(test, is_kept(hidden), is_kept(cursor));
}

static void cursor_is_a_permutation(struct kunit *test)
{
	struct rnd_state state;
	int i;

	prandom_seed_state(&state, 1);
	for (i = 0; i < NUMBERS; i++)
		expect_same(test, (u64)prandom_u32_state(&state) << 32 |
				  prandom_u32_state(&state));
	for (i = 0; i < 64; i++) {
		expect_same(test, BIT_ULL(i));
		expect_same(test, ~BIT_ULL(i));
	}
}

/* Where the network alone would lead to a number that is kept, or come from it */
static void cursor_beside_those_kept(struct kunit *test)
{
	int i;

	for (i = 0; i < 100; i++) {
		expect_same(test, encrypt(7, 0));
		expect_same(test, decrypt(7, 0));
		expect_same(test, encrypt(7, SYNCMAP_END));
		expect_same(test, decrypt(7, SYNCMAP_END));
		get_random_bytes(&secret, sizeof(secret));
	}
}

static void cursor_keeps_begin_and_end(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, syncmap_cursor_hide(1, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, syncmap_cursor_reveal(1, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, syncmap_cursor_hide(1, SYNCMAP_END), SYNCMAP_END);
	KUNIT_EXPECT_EQ(test, syncmap_cursor_reveal(1, SYNCMAP_END),
			SYNCMAP_END);
}

/* Half the time the next cursor is the lower one, and half the bits change */
static void cursor_tells_no_order(struct kunit *test)
{
	unsigned int lower = 0, bits = 0, i;
	u64 last = syncmap_cursor_hide(1, 1);

	for (i = 2; i < 2 + NUMBERS; i++) {
		u64 next = syncmap_cursor_hide(1, i);

		lower += next < last;
		bits += hweight64(next ^ last);
		last = next;
	}
	KUNIT_EXPECT_GT(test, lower, NUMBERS * 45U / 100);
	KUNIT_EXPECT_LT(test, lower, NUMBERS * 55U / 100);
	KUNIT_EXPECT_GT(test, bits, NUMBERS * 31U);
	KUNIT_EXPECT_LT(test, bits, NUMBERS * 33U);
}

static void cursor_of_another_map(struct kunit *test)
{
	unsigned int i, same = 0;

	for (i = 1; i < 1000; i++)
		same += syncmap_cursor_hide(1, i) == syncmap_cursor_hide(2, i);
	KUNIT_EXPECT_EQ(test, same, 0U);
}

static struct kunit_case cursor_cases[] = {
	KUNIT_CASE(cursor_is_a_permutation),
	KUNIT_CASE(cursor_beside_those_kept),
	KUNIT_CASE(cursor_keeps_begin_and_end),
	KUNIT_CASE(cursor_tells_no_order),
	KUNIT_CASE(cursor_of_another_map),
	{}
};

static struct kunit_suite cursor_suite = {
	.name = "syncmap_cursor",
	.test_cases = cursor_cases,
};

kunit_test_suite(cursor_suite);
