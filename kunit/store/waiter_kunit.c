// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for a lease
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>

#include "../../module/store/waiter.c"
#include "../../module/store/clear.h"
#include "../../module/store/op.h"
#include "common.h"

static void sleep_ends_by_event_and_deadline(struct kunit *test)
{
	struct bytemap_waiter waiter = { .task = current };
	u64 before = ktime_get_boottime_ns();

	KUNIT_EXPECT_EQ(test, sleep_in_line(&waiter, 0), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, sleep_in_line(&waiter, before + NSEC_PER_MSEC),
			-ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_boottime_ns(), before + NSEC_PER_MSEC);
	waiter.woken = true;
	KUNIT_EXPECT_EQ(test, sleep_in_line(&waiter, 0), 0);
	KUNIT_EXPECT_EQ(test, sleep_in_line(&waiter, SYNCMAP_NEVER), 0);
}

/* Somebody reads for so long that nothing can be freed before; but not for ever */
static bool reading, enough;

static int read_for_long(void *unused)
{
	int ms;

	rcu_read_lock();
	WRITE_ONCE(reading, true);
	for (ms = 0; ms < 10000 && !READ_ONCE(enough); ms++)
		mdelay(1);
	WRITE_ONCE(reading, false);
	rcu_read_unlock();
	return 0;
}

/* A thread that wants a lease, and how it fares */
struct hopeful {
	struct bytemap_client	*client;
	u64			until;
	struct completion	done;
	int			err;
	u64			token;
	bool			in_time;
};

static int hope(void *arg)
{
	struct hopeful *hopeful = arg;
	struct bytemap_client *client = hopeful->client;
	char key = 'k', out[8];
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD_OR_LEASE, .key_len = 1,
		.out_size = sizeof(out), .wait_until = hopeful->until,
		.answer_size = sizeof(struct syncmap_answer),
	};
	struct syncmap_answer answer;
	struct bytemap_request req = {
		.op = &op, .answer = &answer, .client = client, .key = &key,
	};

	hopeful->err = bytemap_request_check(client->map, &op, &answer) ?:
		       bytemap_op(client->map, &req);
	hopeful->in_time = READ_ONCE(reading);
	hopeful->token = answer.leased;
	bytemap_request_release(&req);
	complete(&hopeful->done);
	return 0;
}

static void start(struct kunit *test, struct hopeful *hopeful, u64 until)
{
	init_completion(&hopeful->done);
	hopeful->until = until;
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kthread_run(hope, hopeful, "hope"));
}

/* It is the next to compute, long before the old lease is freed */
static void a_clear_wakes_those_in_line(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct hopeful hopeful = { .client = store_client(test, map) };
	struct bytemap_client *holder = store_client(test, map);

	KUNIT_EXPECT_NE(test, store_lease(holder, "k"), 0ULL);
	start(test, &hopeful, SYNCMAP_NEVER);
	while (list_empty(&map->line))
		usleep_range(1000, 2000);
	enough = false;
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kthread_run(read_for_long, NULL,
						       "reader"));
	while (!READ_ONCE(reading))
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
	wait_for_completion(&hopeful.done);
	WRITE_ONCE(enough, true);
	KUNIT_EXPECT_EQ(test, hopeful.err, 0);
	KUNIT_EXPECT_NE(test, hopeful.token, 0ULL);
	KUNIT_EXPECT_TRUE(test, hopeful.in_time);
	while (READ_ONCE(reading))
		usleep_range(1000, 2000);
	KUNIT_EXPECT_TRUE(test, list_empty(&map->line));
	store_client_end(holder);
	store_client_end(hopeful.client);
}

/* Nobody has woken it, but the lease that it waited for was gone in time */
static void a_cleared_lease_is_not_late(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *holder = store_client(test, map);
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD_OR_LEASE, .key_len = 1, .wait_until = 1,
	};
	struct bytemap_request req = { .op = &op, .client = client, .key = "k" };
	struct bytemap_attempt *at = store_attempt(test, map, &req);
	struct bytemap_value *value;

	store_lease(holder, "k");
	value = store_object(map, "k");
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, bytemap_holder_count(client, &at->req->answer->error), 0);
	KUNIT_EXPECT_EQ(test, wait_in_line(at, value), -ETIMEDOUT);
	map->epoch = !map->epoch;
	KUNIT_EXPECT_EQ(test, bytemap_holder_count(client, &at->req->answer->error), 0);
	KUNIT_EXPECT_EQ(test, wait_in_line(at, value), 0);
	map->epoch = !map->epoch;
	bytemap_value_put(value);
	store_client_end(client);
	store_client_end(holder);
}

static struct kunit_case waiter_cases[] = {
	KUNIT_CASE(sleep_ends_by_event_and_deadline),
	KUNIT_CASE(a_clear_wakes_those_in_line),
	KUNIT_CASE(a_cleared_lease_is_not_late),
	{}
};

static struct kunit_suite waiter_suite = {
	.name = "bytemap_waiter",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = waiter_cases,
};

kunit_test_suite(waiter_suite);
