// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps a test that does not end: where in the kernel its threads are, and those
 * of the kernel that are in the module. Root may see that.
 */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hang.h"
#include "harness.h"

/* Up to @size bytes of a file, terminated; none if there is no such file any more */
static void read_text(char *text, size_t size, const char *dir, const char *name)
{
	char path[64];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	if (file) {
		n = fread(text, 1, size - 1, file);
		fclose(file);
	}
	text[n] = '\0';
}

/* @dir is /proc/PID/task/TID */
static void explain_thread(const char *dir, pid_t group)
{
	char comm[32], stack[4096], *rest = stack, *line;

	read_text(stack, sizeof(stack), dir, "stack");
	if (getpgid(atoi(dir + strlen("/proc/"))) != group &&
	    !strstr(stack, "[syncmap]"))
		return;
	read_text(comm, sizeof(comm), dir, "comm");
	comm[strcspn(comm, "\n")] = '\0';
	test_note("%s of %s:", strrchr(dir, '/') + 1, comm);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			test_note("    %s", line);
}

/* Notes where the threads are of the processes of @group */
void hang_explain(pid_t group)
{
	glob_t found = {};

	if (!glob("/proc/[0-9]*/task/*", 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			explain_thread(found.gl_pathv[i], group);
	globfree(&found);
}
