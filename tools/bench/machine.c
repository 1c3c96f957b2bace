// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine that the figures are from.
 */
#include <ctype.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "driver.h"

/* The first line of a file, without its end; empty if there is none */
static const char *line_of(const char *path)
{
	static char line[256];
	FILE *file = fopen(path, "r");

	line[0] = '\0';
	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static void print_cpu(void)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256];

	report("machine:  %d CPUs", cpus());
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "model name", 10))
			continue;
		line[strcspn(line, "\n")] = '\0';
		report(",%s", strchr(line, ':') + 1);
		break;
	}
	if (file)
		fclose(file);
}

static void print_caches(void)
{
	char path[80], level[8], type[32];
	int i;

	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu0/cache/index%d/level", i);
		snprintf(level, sizeof(level), "%s", line_of(path));
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu0/cache/index%d/type", i);
		snprintf(type, sizeof(type), "%s", line_of(path));
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu0/cache/index%d/size", i);
		if (level[0] && strcmp(type, "Instruction"))
			report(", L%s %s", level, line_of(path));
	}
	report("\n");
}

void machine_print(void)
{
	struct utsname name;

	uname(&name);
	print_cpu();
	print_caches();
	report("system:   %s %s, gcc %s\n", name.sysname, name.release,
	       __VERSION__);
	report("load:     %s\n", line_of("/proc/loadavg"));
	report("huge:     %s\n",
	       line_of("/sys/kernel/mm/transparent_hugepage/enabled"));
}
