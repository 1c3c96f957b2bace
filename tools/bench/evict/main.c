// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: evict [-q] [-p PART] [-o DIR]
 *        evict -c
 *
 * A map that evicts: how many loads find what they look for, beside other policies
 * on the same traces; how fast it is when it is full, beside servers; what its loads
 * cost before it is. The store is compiled as for its tests.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "text.h"
#include "evict.h"
#include "map.h"
#include "trace.h"

#define REPETITIONS	11

static const struct part {
	const char	*name;
	void		(*run)(FILE *file, unsigned int times);
	void		(*print_goals)(void);
	unsigned int	times;
	unsigned int	quick;
} parts[] = {
	{ "ratios", ratios_run, ratios_print_goals, TRACE_SEEDS, 1 },
	{ "pressure", pressure_run, pressure_print_goals, REPETITIONS, 3 },
	{ "loads", loads_run, loads_print_goals, 2 * REPETITIONS, REPETITIONS },
};

#define PARTS	(sizeof(parts) / sizeof(*parts))

static const char *directory, *only;
static bool quick;

static bool is_wanted(const struct part *part)
{
	return !only || !strcmp(part->name, only);
}

static void run_part(const struct part *part)
{
	char name[32];
	FILE *file = NULL;

	snprintf(name, sizeof(name), "evict-%s.tsv", part->name);
	if (directory)
		file = report_file(name);
	part->run(file, quick ? part->quick : part->times);
	if (file)
		fclose(file);
}

static void run_parts(void)
{
	const struct part *part;

	for (part = parts; part < parts + PARTS; part++)
		if (is_wanted(part))
			run_part(part);
	report("\n%-48s%9s%10s\n", "goals", "goal", "measured");
	for (part = parts; part < parts + PARTS; part++)
		if (is_wanted(part))
			part->print_goals();
}

static void print_line(const char *title, const char *path, const char *word)
{
	FILE *file = fopen(path, "r");
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, word, strlen(word)))
			continue;
		report("%s%s", title, line);
		break;
	}
	if (file)
		fclose(file);
}

static void print_machine(void)
{
	struct utsname name;

	uname(&name);
	report("a map that evicts: the store in this process, on shims\n");
	print_line("machine:  ", "/proc/cpuinfo", "model name");
	report("CPUs:     %ld\nsystem:   %s %s, gcc %s\n",
	       sysconf(_SC_NPROCESSORS_ONLN), name.sysname, name.release,
	       __VERSION__);
	print_line("load:     ", "/proc/loadavg", "");
	report("nice:     %d\n", getpriority(PRIO_PROCESS, 0));
}

static void check_part(const char *name)
{
	const struct part *part;

	for (part = parts; part < parts + PARTS; part++)
		if (!strcmp(part->name, name))
			return;
	fprintf(stderr, "evict: no part '%s': ratios, pressure, loads\n", name);
	exit(2);
}

/* Return: whether it is to check itself */
static bool read_options(int argc, char **argv)
{
	bool check = false;
	int option;

	while ((option = getopt(argc, argv, "cqp:o:")) != -1)
		switch (option) {
		case 'c': check = true; break;
		case 'q': quick = true; break;
		case 'p': check_part(only = optarg); break;
		case 'o': directory = optarg; break;
		default:
			fprintf(stderr, "usage: evict [-q] [-p PART] [-o DIR]\n"
				"       evict -c\n");
			exit(2);
		}
	return check;
}

int main(int argc, char **argv)
{
	bool check = read_options(argc, argv);

	map_begin();
	if (check)
		return !ratios_check();
	if (directory)
		report_into(directory, "evict.txt");
	print_machine();
	run_parts();
	return 0;
}
