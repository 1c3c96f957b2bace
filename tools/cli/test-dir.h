/* SPDX-License-Identifier: GPL-2.0-only */
/* A directory of its own for each test, which is the current one */
#ifndef TEST_DIR_H
#define TEST_DIR_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int set_up(void **state)
{
	char path[] = "/tmp/syncmap-test.XXXXXX";

	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	umask(022);
	*state = strdup(path);
	return 0;
}

static int tear_down(void **state)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(system(command), 0);
	free(*state);
	return 0;
}

#endif
