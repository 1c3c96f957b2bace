// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters with a limit
 */
#include <linux/workqueue.h>

#include "../../module/store/gauge.c"
#include "common.h"

static void reserve_ends_at_the_limit(struct kunit *test)
{
	struct bytemap_gauge gauge = { .max = 3 };

	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 1), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 2), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 1), -EAGAIN);
	bytemap_gauge_commit(&gauge);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 1), -EAGAIN);
	bytemap_gauge_commit(&gauge);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_read(&gauge), 3ULL);
}

static void cancel_gives_back(struct kunit *test)
{
	struct bytemap_gauge gauge = { .max = 5 };

	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 5), 0);
	bytemap_gauge_cancel(&gauge, 5);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_read(&gauge), 0ULL);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 6), -ENOSPC);
}

static void the_highest_limit_is_exact(struct kunit *test)
{
	struct bytemap_gauge gauge = { .max = BYTEMAP_GAUGE_MAX };

	KUNIT_EXPECT_EQ(test,
			bytemap_gauge_reserve(&gauge, BYTEMAP_GAUGE_MAX), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_read(&gauge), BYTEMAP_GAUGE_MAX);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 1), -EAGAIN);
	bytemap_gauge_cancel(&gauge, BYTEMAP_GAUGE_MAX);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_read(&gauge), 0ULL);
}

static void change_grows_to_the_limit_and_shrinks_always(struct kunit *test)
{
	struct bytemap_gauge gauge = { .max = 10 };

	KUNIT_EXPECT_EQ(test, bytemap_gauge_change(&gauge, 0, 10), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_change(&gauge, 10, 11), -ENOSPC);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_change(&gauge, 10, 10), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_read(&gauge), 10ULL);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_change(&gauge, 10, 4), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_read(&gauge), 4ULL);
}

static void change_does_not_fail_while_others_decide(struct kunit *test)
{
	struct bytemap_gauge gauge = { .max = 10 };

	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 9), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_change(&gauge, 0, 2), -EAGAIN);
	bytemap_gauge_cancel(&gauge, 9);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_change(&gauge, 0, 2), 0);
}

static void closed_gauge_takes_nothing(struct kunit *test)
{
	struct bytemap_gauge gauge = { .max = 10 };

	KUNIT_EXPECT_EQ(test, bytemap_gauge_change(&gauge, 0, 3), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_close(&gauge), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_change(&gauge, 3, 0), 0);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_read(&gauge), 0ULL);
	bytemap_gauge_open(&gauge);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 10), 0);
}

struct later {
	struct delayed_work	work;
	struct bytemap_gauge	gauge;
	bool			done;
};

static void cancel_later(struct work_struct *work)
{
	struct later *later = container_of(to_delayed_work(work), struct later,
					   work);

	WRITE_ONCE(later->done, true);
	bytemap_gauge_cancel(&later->gauge, 1);
}

static struct later *later_new(struct kunit *test)
{
	struct later *later = kunit_kzalloc(test, sizeof(*later), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, later);
	later->gauge.max = 1;
	INIT_DELAYED_WORK(&later->work, cancel_later);
	KUNIT_ASSERT_EQ(test, bytemap_gauge_reserve(&later->gauge, 1), 0);
	schedule_delayed_work(&later->work, HZ / 20);
	return later;
}

static void wait_ends_when_others_have_decided(struct kunit *test)
{
	struct later *later = later_new(test);

	KUNIT_EXPECT_EQ(test, bytemap_gauge_wait(&later->gauge, 1), 0);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(later->done));
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&later->gauge, 1), 0);
	flush_delayed_work(&later->work);
}

static void close_waits_for_what_is_in_flight(struct kunit *test)
{
	struct later *later = later_new(test);

	KUNIT_EXPECT_EQ(test, bytemap_gauge_close(&later->gauge), 0);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(later->done));
	bytemap_gauge_open(&later->gauge);
	flush_delayed_work(&later->work);
}

/* Whoever is killed while he waits leaves it as it was */
static void who_dies_leaves_it_open(struct kunit *test)
{
	struct bytemap_gauge gauge = { .max = 2 };

	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 1), 0);
	store_kill();
	KUNIT_EXPECT_EQ(test, bytemap_gauge_close(&gauge), -EINTR);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_wait(&gauge, 2), -EINTR);
	store_revive();
	KUNIT_EXPECT_EQ(test, bytemap_gauge_read(&gauge), 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_reserve(&gauge, 1), 0);
}

static struct kunit_case gauge_cases[] = {
	KUNIT_CASE(reserve_ends_at_the_limit),
	KUNIT_CASE(cancel_gives_back),
	KUNIT_CASE(the_highest_limit_is_exact),
	KUNIT_CASE(change_grows_to_the_limit_and_shrinks_always),
	KUNIT_CASE(change_does_not_fail_while_others_decide),
	KUNIT_CASE(closed_gauge_takes_nothing),
	KUNIT_CASE(wait_ends_when_others_have_decided),
	KUNIT_CASE(close_waits_for_what_is_in_flight),
	KUNIT_CASE(who_dies_leaves_it_open),
	{}
};

static struct kunit_suite gauge_suite = {
	.name = "bytemap_gauge",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = gauge_cases,
};

kunit_test_suite(gauge_suite);
