// SPDX-License-Identifier: GPL-2.0-only
/* Leases while keys are deleted, maps cleared, and processes killed */
#include <unistd.h>

#include "harness/leases.h"
#include "harness/stats.h"

/*
 * Whoever changes the truth deletes the copy in the map; whoever leases the key
 * copies what is true then. So a copy that is found after a change is not older
 * than the change.
 */
struct cache {
	volatile __u64	truth;
	unsigned int	filled;
	unsigned int	voided;
	unsigned int	hits;
	volatile bool	done;
};

static void check_copy(struct cache *cache, int fd, __u64 at_least)
{
	__u64 copy;

	if (DO(fd, LOAD, KEY("k"), OUT_N(&copy, 8)))
		return;
	EXPECT(copy >= at_least);
	EXPECT(copy <= cache->truth);
	__sync_fetch_and_add(&cache->hits, 1);
}

static void change(struct cache *cache, int fd)
{
	__u64 truth = __sync_add_and_fetch(&cache->truth, 1);

	switch (test_random() % 4) {
	case 0:
		DO(fd, LOAD_AND_DELETE, KEY("k"));
		break;
	case 1:
		map_clear(fd);
		break;
	default:
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	}
	check_copy(cache, fd, truth);
}

static void fill(struct cache *cache, int fd)
{
	__u64 copy;
	int ret;

	ret = DO(fd, LOAD_OR_LEASE, KEY("k"), OUT_N(&copy, 8), WAIT);
	ASSERT_EQ(0, ret);
	if (got.result == SYNCMAP_RESULT_LOADED) {
		EXPECT(copy <= cache->truth);
		return;
	}
	copy = cache->truth;
	if (test_random() % 8 == 0)
		usleep(test_random() % 100);
	if (test_random() % 16 == 0)
		return (void)DO(fd, UNLEASE, KEY("k"), .token = got.leased);
	ret = DO(fd, STORE, KEY("k"), VALUE_N(&copy, 8), .token = got.leased);
	EXPECT(!ret || ret == -ESTALE);
	__sync_fetch_and_add(ret ? &cache->voided : &cache->filled, 1);
}

static void use_cache(int n, void *arg)
{
	struct cache *cache = arg;
	int fd = leases_client();

	for (unsigned int i = 0; n ? !cache->done : i < test_times(3000); i++) {
		if (n)
			fill(cache, fd);
		else
			change(cache, fd);
		if (!n)
			usleep(test_random() % 200);
		if (test_random() % 64 == 0) {
			close(fd);
			fd = leases_client();
		}
		if (test_failed())
			break;
	}
	cache->done = true;
}

TEST_LIMIT(no_copy_is_older_than_a_delete, 120)
{
	struct cache *cache = test_shared(sizeof(*cache));
	int fd = leases_map();

	test_parallel(5, use_cache, cache);
	test_note("%u filled, %u voided, %u hits", cache->filled,
		  cache->voided, cache->hits);
	EXPECT(cache->filled);
	EXPECT(cache->voided);
	EXPECT(cache->hits);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_expect_clean(fd);
}

/* All at once, and whoever it is may be killed at any moment */
static void churn(int n, void *arg)
{
	__u64 token = 0;
	int fd = leases_client();
	char text[100];

	(void)arg;
	memset(text, 'a' + n, sizeof(text));
	for (;;) {
		__u64 key = test_random() % 4;
		__u32 len = test_random() % sizeof(text);

		switch (test_random() % 16) {
		case 0:
			map_clear(fd);
			break;
		case 1:
			DO(fd, DELETE, KEY_N(&key, 1));
			break;
		case 2:
			DO(fd, STORE, KEY_N(&key, 1), VALUE_N(text, len));
			break;
		case 3:
			DO(fd, LOAD_AND_DELETE, KEY_N(&key, 1));
			break;
		case 4:
			close(fd);
			fd = leases_client();
			break;
		default:
			if (DO(fd, LOAD_OR_LEASE, KEY_N(&key, 1),
			       .wait_until = map_now() + MS))
				break;
			token = got.leased;
			if (!token || test_random() % 4 == 0)
				break;
			DO(fd, STORE, KEY_N(&key, 1), VALUE_N(text, len),
			   .token = token);
		}
	}
}

TEST_LIMIT(killed_at_any_moment, 120)
{
	int fd = map_create(LEASES, SYNCMAP_KEY_BYTES, NULL, 0600);

	for (unsigned int round = 0; round < test_times(60); round++) {
		test_context("round %u", round);
		test_kill(6, churn, NULL, 10000 + test_random() % 20000);
		AWAIT(!map_stat(fd, "leases"));
		EXPECT_EQ(0, map_stat(fd, "leases"));
		map_clear(fd);
		leases_expect_clean(fd);
	}
}
