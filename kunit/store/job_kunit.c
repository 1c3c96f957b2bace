// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs in the background: whose turn it is
 */
#include <linux/completion.h>
#include <linux/delay.h>

#include "../../module/store/job.c"
#include "common.h"

/* A worker that somebody keeps busy */
struct blocker {
	struct bytemap_job	job;
	struct completion	begun;
	struct completion	end;
};

static void block(struct bytemap_job *job)
{
	struct blocker *blocker = container_of(job, struct blocker, job);

	complete(&blocker->begun);
	wait_for_completion(&blocker->end);
}

static struct blocker blockers[WORKERS];

static void block_all(struct kunit *test)
{
	struct bytemap_share *share;
	unsigned int i;

	for (i = 0; i < WORKERS; i++) {
		share = bytemap_job_share_alloc();
		KUNIT_ASSERT_NOT_NULL(test, share);
		init_completion(&blockers[i].begun);
		init_completion(&blockers[i].end);
		bytemap_job_init(&blockers[i].job, share, block);
		bytemap_job_queue(&blockers[i].job);
		wait_for_completion(&blockers[i].begun);
	}
}

static void unblock(unsigned int i)
{
	complete(&blockers[i].end);
}

static void free_blockers(void)
{
	unsigned int i;

	flush_workqueue(workers);
	for (i = 0; i < WORKERS; i++) {
		cancel_delayed_work_sync(&blockers[i].job.timer);
		bytemap_job_share_put(blockers[i].job.share);
	}
}

#define MANY	40
#define TURNS	3

/* Does so many portions, and notes when */
struct worker {
	struct bytemap_job	job;
	unsigned int		portions;
};

static struct worker many[MANY], one;
static atomic_t ticks, beside;
static unsigned int last;	/* when the one had its last turn */
static unsigned int most;	/* jobs of a share at the same time */

static void work_some(struct bytemap_job *job)
{
	struct worker *worker = container_of(job, struct worker, job);

	atomic_inc(&ticks);
	if (worker == &one)
		last = atomic_read(&ticks);
	/* Pairs with the acquire in users_take_turns() */
	smp_store_release(&worker->portions, worker->portions - 1);
	if (worker->portions)
		bytemap_job_queue(job);
}

static void init(struct worker *worker, struct bytemap_share *share,
		 unsigned int portions)
{
	worker->portions = portions;
	bytemap_job_init(&worker->job, share, work_some);
	bytemap_job_queue(&worker->job);
}

/* Who has forty maps with work to do makes another user wait for one of them */
static void users_take_turns(struct kunit *test)
{
	struct bytemap_share *rich = bytemap_job_share_alloc();
	struct bytemap_share *poor = bytemap_job_share_alloc();
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, rich);
	KUNIT_ASSERT_NOT_NULL(test, poor);
	atomic_set(&ticks, 0);
	block_all(test);
	for (i = 0; i < MANY; i++)
		init(&many[i], rich, TURNS);
	init(&one, poor, TURNS);
	unblock(0);
	/* Pairs with the release in work_some() */
	while (smp_load_acquire(&one.portions) ||
	       atomic_read(&ticks) < 2 * TURNS)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, last, 2U * TURNS);
	for (i = 1; i < WORKERS; i++)
		unblock(i);
	while (atomic_read(&ticks) < TURNS * (MANY + 1))
		usleep_range(1000, 2000);
	free_blockers();
	KUNIT_EXPECT_EQ(test, refcount_read(&rich->refs), 1U);
	bytemap_job_share_put(rich);
	bytemap_job_share_put(poor);
}

static void work_alone(struct bytemap_job *job)
{
	struct worker *worker = container_of(job, struct worker, job);
	unsigned int n = atomic_inc_return(&beside);

	most = max(most, n);
	usleep_range(1000, 2000);
	atomic_dec(&beside);
	worker->portions = 0;
	atomic_inc(&ticks);
}

static void a_user_has_one_worker(struct kunit *test)
{
	struct bytemap_share *share = bytemap_job_share_alloc();
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, share);
	atomic_set(&ticks, 0);
	most = 0;
	for (i = 0; i < MANY; i++) {
		bytemap_job_init(&many[i].job, share, work_alone);
		bytemap_job_delay(&many[i].job, i % 3);
	}
	while (atomic_read(&ticks) < MANY)
		usleep_range(1000, 2000);
	flush_workqueue(workers);
	KUNIT_EXPECT_EQ(test, most, 1U);
	bytemap_job_share_put(share);
}

/* The user is gone, and so are its jobs, before their turn comes */
static void a_share_lives_as_long_as_it_is_queued(struct kunit *test)
{
	struct bytemap_share *share = bytemap_job_share_alloc();
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, share);
	block_all(test);
	init(&one, share, 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&share->refs), 2U);
	bytemap_job_stop(&one.job);
	KUNIT_EXPECT_EQ(test, one.portions, 1U);
	bytemap_job_share_put(share);
	for (i = 0; i < WORKERS; i++)
		unblock(i);
	free_blockers();
	KUNIT_EXPECT_EQ(test, one.portions, 1U);
}

struct builder {
	struct work_struct	work;
	struct completion	end;
};

static void build(struct work_struct *work)
{
	wait_for_completion(&container_of(work, struct builder, work)->end);
}

/* However long the promotions of a user take */
static void users_do_not_wait_for_promotions(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_BYTES, NULL);
	struct bytemap_share *other = bytemap_job_share_alloc();
	struct workqueue_struct *wq;
	struct builder builder;

	KUNIT_ASSERT_NOT_NULL(test, other);
	wq = bytemap_job_share_builders(other);
	KUNIT_ASSERT_NOT_NULL(test, wq);
	KUNIT_EXPECT_PTR_EQ(test, wq, bytemap_job_share_builders(other));
	KUNIT_EXPECT_PTR_NE(test, wq, map->core.params.wq);
	KUNIT_ASSERT_NOT_NULL(test, map->core.params.wq);
	INIT_WORK_ONSTACK(&builder.work, build);
	init_completion(&builder.end);
	queue_work(wq, &builder.work);
	KUNIT_EXPECT_EQ(test, store_store(map, "key", "value"), 0);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&map->core), 0);
	complete(&builder.end);
	flush_work(&builder.work);
	destroy_work_on_stack(&builder.work);
	bytemap_job_share_put(other);
}

static struct kunit_case job_cases[] = {
	KUNIT_CASE(users_take_turns),
	KUNIT_CASE(a_user_has_one_worker),
	KUNIT_CASE(users_do_not_wait_for_promotions),
	KUNIT_CASE(a_share_lives_as_long_as_it_is_queued),
	{}
};

static struct kunit_suite job_suite = {
	.name = "bytemap_job",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = job_cases,
};

kunit_test_suite(job_suite);
