// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report: what is printed, and a directory with the same and the numbers.
 */
#include <time.h>

#include "driver.h"

/*
 * The table of targets of a whole run, and what it was measured on: what is kept
 * of each kind of processor, by its name
 */
static FILE *kept;

static void keep(void)
{
	char name[160];

	if (!options.report || !options.whole)
		return;
	snprintf(name, sizeof(name), "%s.txt", machine_kind());
	kept = report_file(name);
	report_also(kept);
}

void report_open(int argc, char **argv)
{
	time_t now = time(NULL);
	char date[32];
	int i;

	if (options.report)
		report_into(options.report, "report.txt");
	keep();
	report("command:  ");
	for (i = 0; i < argc; i++)
		report("%s%s", i ? " " : "", argv[i]);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", gmtime(&now));
	report("\ndate:     %s\n", date);
	machine_print();
	go_print();
	if (contender_index("rhashtable") < 0)
		report("left out: rhashtable itself: there is no kernel source "
		       "(tools/vm/kernel source-6.1)\n");
	report("method:   all compiled alike (-O2, no vector registers), with\n"
	       "          the same allocator, locks and RCU: QSBR, reading is\n"
	       "          free as in a kernel that is not preemptible. Of this\n"
	       "          map loads and stores in the read table are inline,\n"
	       "          without SipHash; all the operations of the others.\n"
	       "          Workers are pinned; what other processes disturb is\n"
	       "          run again.\n");
	report("runs:     %d repetitions of %u ms each; in brackets: the\n"
	       "          distance of the quartiles\n",
	       options.repetitions, options.slice_ms);
	report_also(NULL);
}

/* Whether a run that leaves nothing out has measured them all */
bool report_targets(void)
{
	int missing;

	report_also(kept);
	report_disturbed();
	missing = targets_print();
	report_also(NULL);
	published_print();
	return !options.whole || !missing;
}

void report_close(void)
{
	FILE *file;

	if (!options.report)
		return;
	file = report_file("results.tsv");
	results_write(file);
	fclose(file);
	if (kept)
		fclose(kept);
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
