// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation of the kernel, and each access to the memory of the process, fails
 * in turn while libsyncmap makes its mapping: the load has asked, or says that it could
 * not, and the next one is as any. No descriptor and no mapping is left.
 */
#include <dirent.h>

#include "harness/fault.h"
#include "library/mapped.h"

/* Entries of a directory of /proc/self */
static unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	ASSERT(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Lines of the mappings that are of maps */
static unsigned int count_mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512];
	unsigned int n = 0;

	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		n += !!strstr(line, "syncmap]");
	fclose(file);
	return n;
}

static int load(struct libsyncmap *reader, char *value)
{
	struct libsyncmap_result result = { .buffer = value, .size = 8 };

	return libsyncmap_load(reader, K, &result);
}

static int load_batch(struct libsyncmap *reader, char *value)
{
	struct syncmap_answer answer = { };
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD, KEY("key"), OUT_N(value, 8),
		ANSWER(&answer),
	};
	size_t done;

	return libsyncmap_batch(reader, &op, sizeof(op), 1, 0, &done) ?:
	       answer.error.status;
}

/* Some thousand loads later, if the kernel could not give it at first */
static void expect_mapped(struct libsyncmap *reader)
{
	char value[8];
	int err = -EAGAIN;

	for (int i = 0; err && i < 5000; i++) {
		EXPECT_EQ(0, load(reader, value));
		EXPECT_MEM("value", 5, value, 5);
		err = libsyncmap_mapped(reader);
	}
	EXPECT_EQ(0, err);
	EXPECT_EQ(1, count_mappings());
}

static void expect_no_harm(int (*first)(struct libsyncmap *reader, char *value))
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING), *reader;
	struct outcome outcome = { .failed = true };
	unsigned int fds, nth;
	char value[8];

	fault_need();
	ASSERT_EQ(0, libsyncmap_store(map, K, "value", 5, NULL));
	fds = count_entries("/proc/self/fd");
	for (nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		test_context("fault %u", nth);
		reader = mapped_reader(map, 0);
		with_fault(nth, &outcome, first(reader, value));
		if (!outcome.ret)
			EXPECT_MEM("value", 5, value, 5);
		else
			EXPECT(outcome.ret == -ENOMEM || outcome.ret == -EFAULT);
		expect_mapped(reader);
		libsyncmap_close(reader);
		EXPECT_EQ(0, count_mappings());
		EXPECT_EQ(fds, count_entries("/proc/self/fd"));
	}
	EXPECT(!outcome.failed);
	test_note("%u places", nth - 2);
	EXPECT(nth > 8);
}

TEST(first_load)
{
	expect_no_harm(load);
}

TEST(first_batch)
{
	expect_no_harm(load_batch);
}
