// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <time.h>

#include "harness.h"
#include "workers.h"

/* A worker has the name of what it works at behind a +, of what it did behind a - */
static bool is_at(const char *pid, const char *workqueue, const char *other)
{
	char path[64], name[80] = "", *plus;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	plus = strncmp(name, "kworker/", 8) ? NULL : strchr(name, '+');
	return plus && (!strcmp(plus + 1, workqueue) || !strcmp(plus + 1, other));
}

static unsigned int count(const char *workqueue, const char *other)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned int n = 0;

	ASSERT(dir);
	while ((entry = readdir(dir)))
		n += isdigit((unsigned char)entry->d_name[0]) &&
		     is_at(entry->d_name, workqueue, other);
	closedir(dir);
	return n;
}

unsigned int workers_most(const char *workqueue, const char *other,
			  unsigned int seconds)
{
	time_t end = time(NULL) + seconds;
	unsigned int n, most = 0;

	while (time(NULL) <= end) {
		n = count(workqueue, other);
		if (n > most)
			most = n;
	}
	return most;
}
