// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine that the figures are from.
 */
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

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

/* What /proc/cpuinfo says of the first CPU; empty if it does not */
static const char *cpu_field(const char *name)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	size_t len = strlen(name);
	static char line[256];
	const char *value = "";

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, name, len) || !strchr("\t:", line[len]))
			continue;
		value = strchr(line, ':');
		value = value && value[1] ? value + 2 : "";
		break;
	}
	if (file)
		fclose(file);
	return value;
}

/* In KiB, as the C library finds out; 0 if it does not */
static long cache_size(int name)
{
	return max(sysconf(name), 0L) / 1024;
}

/*
 * The kind of processor that results hold for, as a name of a file: of the same
 * model there are some with less cache.
 */
const char *machine_kind(void)
{
	static char kind[128];
	struct utsname name;
	size_t len;

	uname(&name);
	len = snprintf(kind, sizeof(kind), "%s", cpu_field("vendor_id"));
	if (!len)
		len = snprintf(kind, sizeof(kind), "%s", name.machine);
	len += snprintf(kind + len, sizeof(kind) - len, "-%s",
			cpu_field("cpu family"));
	len += snprintf(kind + len, sizeof(kind) - len, "-%s",
			cpu_field("model"));
	snprintf(kind + len, sizeof(kind) - len, "-%ldK",
		 cache_size(_SC_LEVEL2_CACHE_SIZE));
	return kind;
}

/* Memory that could be had */
u64 machine_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * 1024;
}

void machine_print(void)
{
	struct utsname name;

	uname(&name);
	report("machine:  %d CPUs, %s, caches %ldK, %ldK, %ldK\n", cpus(),
	       cpu_field("model name"), cache_size(_SC_LEVEL1_DCACHE_SIZE),
	       cache_size(_SC_LEVEL2_CACHE_SIZE),
	       cache_size(_SC_LEVEL3_CACHE_SIZE));
	report("kind:     %s\n", machine_kind());
	report("system:   %s %s, gcc %s\n", name.sysname, name.release,
	       __VERSION__);
	report("load:     %s\n", line_of("/proc/loadavg"));
	report("huge:     %s\n",
	       line_of("/sys/kernel/mm/transparent_hugepage/enabled"));
}
