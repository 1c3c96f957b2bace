// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include "harness.h"
#include "memory.h"

/* The sum of the numbers that follow @label in @path */
static long sum_of(const char *path, const char *label)
{
	FILE *file = fopen(path, "r");
	char line[128];
	long sum = 0;

	ASSERT(file);
	while (fgets(line, sizeof(line), file)) {
		char *word = line + strspn(line, " ");

		if (!strncmp(word, label, strlen(label)))
			sum += strtol(word + strlen(label), NULL, 10);
	}
	fclose(file);
	return sum;
}

/* MemAvailable leaves out the free pages that the processors keep at hand. */
long memory_available(void)
{
	long page = sysconf(_SC_PAGESIZE) / 1024;

	return sum_of("/proc/meminfo", "MemAvailable:") +
	       sum_of("/proc/zoneinfo", "count:") * page;
}

/* A few pages come and go at any time. */
long memory_settled(void)
{
	long then = memory_available(), now = then;

	for (int quiet = 0, i = 0; quiet < 20 && i < 1200; quiet++, i++) {
		usleep(50000);
		now = memory_available();
		if (now > then + 64) {
			then = now;
			quiet = 0;
		}
	}
	return now;
}

/* KASAN comes with lockdep here */
bool memory_is_plain(void)
{
	return access("/proc/lockdep", F_OK);
}

/* Of what is freed KASAN keeps this much */
static long quarantine(void)
{
	return memory_is_plain() ? 0 : sum_of("/proc/meminfo", "MemTotal:") / 32;
}

void memory_expect(long before, long slack)
{
	long after = memory_available();

	slack += quarantine();
	for (int i = 0; i < 1200 && after < before - slack; i++) {
		usleep(50000);
		after = memory_available();
	}
	test_note("%ld of %ld KiB left", after, before);
	EXPECT(after >= before - slack);
}
