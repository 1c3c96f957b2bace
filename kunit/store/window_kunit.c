// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows, and what readers see of them
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "../../module/store/window.c"
#include "mapped.h"

#define KEY	"key no 1"

static bool open_window(struct bytemap *map, struct bytemap_window *window)
{
	bool opened;

	rcu_read_lock();
	opened = bytemap_window_open(map->mirror, window, KEY, strlen(KEY));
	rcu_read_unlock();
	return opened;
}

static u64 windows_of(struct bytemap *map)
{
	return READ_ONCE(store_bucket(map, KEY)->word) & SYNCMAP_MAPPED_WINDOWS;
}

/* As if so many had one */
static void set_windows(struct bytemap *map, u64 n)
{
	atomic64_add(n - windows_of(map),
		     bytemap_window_word(&store_bucket(map, KEY)->word));
}

/* The ABI: what programs were compiled with has to find what the kernel stores */
static void hashes_are_those_of_the_abi(struct kunit *test)
{
	static const struct {
		u32	len;
		u64	hash;
	} known[] = {
		{ 0, 0x0000000000000000ULL },
		{ 1, 0x4ffc5eadfc06704fULL },
		{ 7, 0x0133ee7e7fb22763ULL },
		{ 8, 0x8221741ef2d99b04ULL },
		{ 9, 0x96b4c47bd481730cULL },
		{ 15, 0x2f37c65a629826b8ULL },
		{ 16, 0x4003c50ce7df71a0ULL },
		{ 17, 0xea577a8415189952ULL },
		{ 24, 0xab7b29c31ada3f8fULL },
		{ 31, 0x5d1ef63b849d0d8bULL },
		{ 33, 0xaefce55a91a21899ULL },
	};
	u8 key[33];
	int i;

	for (i = 0; i < sizeof(key); i++)
		key[i] = i + 1;
	KUNIT_EXPECT_EQ(test, syncmap_mapped_hash_u64(5, 0x0807060504030201ULL),
			0x69c617f83748d2a1ULL);
	for (i = 0; i < ARRAY_SIZE(known); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    syncmap_mapped_hash_bytes(5, key,
							      known[i].len),
				    known[i].hash, "%u bytes", known[i].len);
}

static void a_window_hides_the_bucket(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct bytemap_window one, two;

	KUNIT_ASSERT_EQ(test, store_store(map, KEY, "v"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
	KUNIT_EXPECT_TRUE(test, open_window(map, &one));
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_TRUE(test, open_window(map, &two));
	bytemap_window_cancel(&one);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	bytemap_window_cancel(&two);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
}

/* Whoever read meanwhile has read what was there before, and is there still */
static void what_is_cancelled_has_not_been(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	u64 before = store_bucket(map, KEY)->word;
	struct bytemap_window window;

	KUNIT_EXPECT_TRUE(test, open_window(map, &window));
	KUNIT_EXPECT_EQ(test, store_bucket(map, KEY)->word, before + 1);
	bytemap_window_cancel(&window);
	KUNIT_EXPECT_EQ(test, store_bucket(map, KEY)->word, before);
}

/* The rest of the word is not touched, and one is left for who has the lock */
static void no_more_windows_than_can_be_counted(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	u64 rest = store_bucket(map, KEY)->word & ~SYNCMAP_MAPPED_WINDOWS;
	struct bytemap_window window;

	set_windows(map, WINDOWS_MAX - 1);
	KUNIT_EXPECT_TRUE(test, open_window(map, &window));
	KUNIT_EXPECT_FALSE(test, open_window(map, &window));
	KUNIT_EXPECT_EQ(test, windows_of(map), WINDOWS_MAX);
	KUNIT_EXPECT_LT(test, WINDOWS_MAX, SYNCMAP_MAPPED_WINDOWS);
	bytemap_window_cancel(&window);
	KUNIT_EXPECT_TRUE(test, open_window(map, &window));
	bytemap_window_cancel(&window);
	set_windows(map, 0);
	KUNIT_EXPECT_EQ(test, store_bucket(map, KEY)->word, rest);
}

struct storing {
	struct work_struct	work;
	struct completion	done;
	struct bytemap		*map;
	int			err;
};

static void store_new(struct work_struct *work)
{
	struct storing *s = container_of(work, struct storing, work);

	s->err = store_store(s->map, KEY, "new");
	complete(&s->done);
}

/* An insertion, and then a change */
static void store_when_there_is_room(struct kunit *test, struct bytemap *map)
{
	struct storing s = { .map = map };

	init_completion(&s.done);
	INIT_WORK_ONSTACK(&s.work, store_new);
	set_windows(map, WINDOWS_MAX);
	queue_work(system_unbound_wq, &s.work);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&s.done, HZ / 5), 0UL);
	set_windows(map, 0);
	flush_work(&s.work);
	destroy_work_on_stack(&s.work);
	KUNIT_EXPECT_EQ(test, s.err, 0);
	KUNIT_EXPECT_EQ(test, windows_of(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
	KUNIT_EXPECT_TRUE(test, store_has(map, KEY, "new"));
}

static void who_writes_waits_until_there_can_be_a_window(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);

	store_when_there_is_room(test, map);
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "old"), 0);
	store_when_there_is_room(test, map);
}

static void who_is_killed_does_not_wait(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);

	set_windows(map, WINDOWS_MAX);
	store_kill();
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "v"), -EINTR);
	store_revive();
	set_windows(map, 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), -ENOENT);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

static struct kunit_case window_cases[] = {
	KUNIT_CASE(hashes_are_those_of_the_abi),
	KUNIT_CASE(a_window_hides_the_bucket),
	KUNIT_CASE(what_is_cancelled_has_not_been),
	KUNIT_CASE(no_more_windows_than_can_be_counted),
	KUNIT_CASE(who_writes_waits_until_there_can_be_a_window),
	KUNIT_CASE(who_is_killed_does_not_wait),
	{}
};

static struct kunit_suite window_suite = {
	.name = "bytemap_window",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = window_cases,
};

kunit_test_suite(window_suite);
