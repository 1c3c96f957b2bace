// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report: what is printed, and a directory with the same and the numbers.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "driver.h"

static FILE *text;

FILE *report_file(const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", options.report, name);
	file = fopen(path, "w");
	if (!file) {
		fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return file;
}

void report(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
	if (!text)
		return;
	va_start(args, format);
	vfprintf(text, format, args);
	va_end(args);
}

void report_open(int argc, char **argv)
{
	time_t now = time(NULL);
	char date[32];
	int i;

	if (options.report) {
		mkdir(options.report, 0777);
		text = report_file("report.txt");
	}
	report("command:  ");
	for (i = 0; i < argc; i++)
		report("%s%s", i ? " " : "", argv[i]);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", gmtime(&now));
	report("\ndate:     %s\n", date);
	machine_print();
	report("method:   all compiled alike (-O2, no vector registers), with\n"
	       "          the same allocator, locks and RCU: QSBR, reading is\n"
	       "          free as in a kernel that is not preemptible. Of this\n"
	       "          map only loads by integer keys are inline, all the\n"
	       "          operations of the others.\n"
	       "          Workers are pinned; what other processes disturb is\n"
	       "          run again.\n");
	report("runs:     %d repetitions of %u ms each; in brackets: the\n"
	       "          distance of the quartiles\n",
	       options.repetitions, options.slice_ms);
}

void report_close(void)
{
	FILE *file;

	if (!text)
		return;
	fclose(text);
	file = report_file("results.tsv");
	results_write(file);
	fclose(file);
	summary_write();
}

const char *size_name(u64 n)
{
	static char names[8][24];
	static unsigned int next;
	char *name = names[next++ % ARRAY_SIZE(names)];

	if (n >= M)
		snprintf(name, sizeof(names[0]), "%lluM", n / M);
	else if (n >= K)
		snprintf(name, sizeof(names[0]), "%lluk", n / K);
	else
		snprintf(name, sizeof(names[0]), "%llu", n);
	return name;
}

/* Three digits, and the spread if there is one */
static void print_cell(const struct cell *cell)
{
	double median;
	int digits;

	if (!cell) {
		report("%16s", "-");
		return;
	}
	median = cell_median(cell);
	digits = median < 10 ? 2 : median < 100;
	report("%10.*f", digits, median);
	if (cell->count > 1)
		report(" (%2.0f%%)", 100 * cell_spread(cell));
	else
		report("%6s", "");
}

/* A line per contender that has something in it, a column per workload */
void table(const char *title, int kind, u64 n, int threads,
	   const char *const *workloads, int count)
{
	const struct cell *row[16];
	int i, j, filled;

	report("\n%s\n%-12s", title, "");
	for (j = 0; j < count; j++)
		report("%16s", workloads[j]);
	report("\n");
	for (i = 0; i < ENTRANTS; i++) {
		filled = 0;
		for (j = 0; j < count; j++) {
			row[j] = cell_find(workloads[j], kind, n, threads, i);
			filled += !!row[j];
		}
		if (!filled)
			continue;
		report("%-12s", contender_name(i));
		for (j = 0; j < count; j++)
			print_cell(row[j]);
		report("\n");
	}
}

static bool has_any(int contender, int kind, u64 n, int threads,
		    const char *const *workloads, int count)
{
	while (count--)
		if (cell_find(workloads[count], kind, n, threads, contender))
			return true;
	return false;
}

/* The other way round: a line per workload, a column per contender */
void table_down(const char *title, int kind, u64 n, int threads,
		const char *const *workloads, int count)
{
	int shown[ENTRANTS], columns = 0;
	int i, j;

	report("\n%s\n%-28s", title, "");
	for (i = 0; i < ENTRANTS; i++) {
		if (!has_any(i, kind, n, threads, workloads, count))
			continue;
		shown[columns++] = i;
		report("%16s", contender_name(i));
	}
	report("\n");
	for (j = 0; j < count; j++) {
		report("%-28s", workloads[j]);
		for (i = 0; i < columns; i++)
			print_cell(cell_find(workloads[j], kind, n, threads,
					     shown[i]));
		report("\n");
	}
}

/* Of this map and one thread: a line per workload, a column per number of keys */
void table_sizes(const char *title, const u64 *sizes, int columns,
		 const char *const *workloads, int count)
{
	int syncmap = contender_index("syncmap");
	int i, j;

	report("\n%s\n%-28s", title, "");
	for (i = 0; i < columns; i++)
		report("%16s", size_name(sizes[i]));
	report("\n");
	for (j = 0; j < count; j++) {
		report("%-28s", workloads[j]);
		for (i = 0; i < columns; i++)
			print_cell(cell_find(workloads[j], KIND_U64, sizes[i],
					     1, syncmap));
		report("\n");
	}
}
