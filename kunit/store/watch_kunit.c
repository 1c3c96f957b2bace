// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchers
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "../../module/store/watch.c"
#include "common.h"

static void a_map_is_watched_while_there_are_watchers(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *first, *second;

	KUNIT_EXPECT_FALSE(test, map->watched);
	first = store_watch(test, map, 0, "");
	second = store_watch(test, map, 0, "");
	KUNIT_EXPECT_TRUE(test, map->watched);
	bytemap_watch_destroy(first);
	KUNIT_EXPECT_TRUE(test, map->watched);
	bytemap_watch_destroy(second);
	KUNIT_EXPECT_FALSE(test, map->watched);
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U);
}

static void a_map_has_so_many_watchers(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watches[BYTEMAP_WATCHERS], *one_more;
	struct syncmap_watch params = {};
	struct syncmap_error error = {};
	unsigned int i;

	for (i = 0; i < BYTEMAP_WATCHERS; i++)
		watches[i] = store_watch(test, map, 0, "");
	one_more = bytemap_watch_create(map, &params, "", &error);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(one_more), -ENOSPC);
	KUNIT_EXPECT_EQ(test, error.limited, SYNCMAP_LIMITED_WATCHERS);
	KUNIT_EXPECT_EQ(test, error.used, (u64)BYTEMAP_WATCHERS);
	KUNIT_EXPECT_EQ(test, error.limit, (u64)BYTEMAP_WATCHERS);
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U + BYTEMAP_WATCHERS);
	while (i)
		bytemap_watch_destroy(watches[--i]);
	bytemap_watch_destroy(store_watch(test, map, 0, ""));
}

/* A writer that has not seen the watcher coming, and takes his time */
struct writer {
	struct work_struct	work;
	struct completion	begun;
	bool			done;
};

static void write_slowly(struct work_struct *work)
{
	struct writer *writer = container_of(work, struct writer, work);

	rcu_read_lock();
	complete(&writer->begun);
	mdelay(50);
	WRITE_ONCE(writer->done, true);
	rcu_read_unlock();
}

static void writers_under_way_are_waited_for(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch;
	struct writer writer = {};

	INIT_WORK_ONSTACK(&writer.work, write_slowly);
	init_completion(&writer.begun);
	queue_work(system_unbound_wq, &writer.work);
	wait_for_completion(&writer.begun);
	watch = store_watch(test, map, 0, "");
	KUNIT_EXPECT_TRUE(test, READ_ONCE(writer.done));
	bytemap_watch_destroy(watch);
	flush_work(&writer.work);
	destroy_work_on_stack(&writer.work);
}

/* Somebody who waits, and notes who has woken him */
struct sleeper {
	wait_queue_entry_t	entry;
	atomic_t		woken;
	struct task_struct	*writer;
	bool			by_writer;
};

static int note(wait_queue_entry_t *entry, unsigned int mode, int flags,
		void *key)
{
	struct sleeper *sleeper = container_of(entry, struct sleeper, entry);

	sleeper->by_writer |= current == sleeper->writer;
	atomic_inc(&sleeper->woken);
	return 0;
}

static void expect_woken(struct kunit *test, struct sleeper *sleeper, int times)
{
	while (atomic_read(&sleeper->woken) < times)
		usleep_range(1000, 2000);
	msleep(20);
	KUNIT_EXPECT_EQ(test, atomic_read(&sleeper->woken), times);
}

/* Nor does a worker, but when there is something to read again */
static void a_writer_wakes_nobody_himself(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = store_watch(test, map, 0, "");
	struct sleeper sleeper = { .writer = current };

	init_waitqueue_func_entry(&sleeper.entry, note);
	add_wait_queue(&watch->wait, &sleeper.entry);
	KUNIT_EXPECT_EQ(test, store_store(map, "a", "v"), 0);
	expect_woken(test, &sleeper, 1);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "v"), 0);
	expect_woken(test, &sleeper, 1);
	store_event(test, watch, SYNCMAP_RECORD_STORE);
	store_event(test, watch, SYNCMAP_RECORD_STORE);
	store_event(test, watch, SYNCMAP_RECORD_STORE);
	KUNIT_EXPECT_EQ(test, store_delete(map, "a"), 0);
	expect_woken(test, &sleeper, 2);
	KUNIT_EXPECT_FALSE(test, sleeper.by_writer);
	remove_wait_queue(&watch->wait, &sleeper.entry);
	bytemap_watch_destroy(watch);
}

static struct bytemap_watch *stranger[BYTEMAP_WATCHERS];
static unsigned int strangers;

/* As many as he can have; returns why not one more */
static void watch_a_lot(struct kunit *test, struct bytemap *map)
{
	struct syncmap_watch params = { .queue_size = SYNCMAP_QUEUE_MIN };
	unsigned int before = strangers;
	struct syncmap_error error = { };
	struct bytemap_watch *watch;

	for (;;) {
		watch = bytemap_watch_create(map, &params, "", &error);
		if (IS_ERR(watch) || strangers == BYTEMAP_WATCHERS)
			break;
		stranger[strangers++] = watch;
	}
	KUNIT_ASSERT_TRUE(test, IS_ERR(watch));
	KUNIT_EXPECT_EQ(test, PTR_ERR(watch),
			strangers == before ? -ENOSPC : -EDQUOT);
	KUNIT_EXPECT_EQ(test, error.limited,
			strangers == before ? SYNCMAP_LIMITED_WATCHERS :
					      SYNCMAP_LIMITED_USER_MAP_WATCHERS);
	KUNIT_EXPECT_EQ(test, error.used, error.limit);
}

static void strangers_leave_places_to_the_owner(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	unsigned int i;

	strangers = 0;
	for (i = 0; i < 4; i++)
		store_as_user(test, 1000 + i, 1000, watch_a_lot, map);
	KUNIT_EXPECT_EQ(test, strangers, BYTEMAP_WATCHERS -
			(unsigned int)BYTEMAP_WATCHERS_RESERVED);
	while (strangers < BYTEMAP_WATCHERS)
		stranger[strangers++] = store_watch(test, map, 0, "");
	while (strangers)
		bytemap_watch_destroy(stranger[--strangers]);
}

static struct kunit_case watch_cases[] = {
	KUNIT_CASE(a_map_is_watched_while_there_are_watchers),
	KUNIT_CASE(a_map_has_so_many_watchers),
	KUNIT_CASE(a_writer_wakes_nobody_himself),
	KUNIT_CASE(strangers_leave_places_to_the_owner),
	KUNIT_CASE(writers_under_way_are_waited_for),
	{}
};

static struct kunit_suite watch_suite = {
	.name = "bytemap_watch",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = watch_cases,
};

kunit_test_suite(watch_suite);
