// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <sys/wait.h>

#include "map.h"
#include "promoter.h"

#define FIRST_KEY	(1 << 20)

static void keep_promoting(int n, void *arg)
{
	int fd = *(int *)arg;

	(void)n;
	for (__u64 i = 0;; i++) {
		__u64 key = FIRST_KEY + i % 100;

		if (i / 100 % 2)
			ASSERT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
		else
			ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8)));
		map_promote(fd);
	}
}

pid_t promoter_start(int fd)
{
	return test_fork(keep_promoting, 0, &fd);
}

void promoter_stop(pid_t promoter)
{
	kill(promoter, SIGKILL);
	waitpid(promoter, NULL, 0);
}
