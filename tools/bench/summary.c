// SPDX-License-Identifier: GPL-2.0-only
/*
 * The main table, as the README shows it: the best of each line is bold.
 */
#include "driver.h"

struct line {
	const char	*title;
	const char	*workload;
	int		kind;
	u64		n;
	int		threads;
	bool		less;	/* is better */
};

static const struct column {
	const char	*name;
	const char	*title;
} columns[] = {
	{ "syncmap", "syncmap" },
	{ "rhash", "rhashtable's design" },
	{ "cow", "copy on write" },
	{ "shards", "32 shards" },
	{ "rwlock", "rwlock" },
	{ "godesign", "sync.Map's design in C" },
	{ "go_syncmap", "Go's sync.Map" },
};

#define LINE(title, workload, kind, n, ...)				\
	{ title, workload, KIND_##kind, n, 2, __VA_ARGS__ }

static const struct line lines[] = {
	LINE("load, 1k keys", "load", U64, K),
	LINE("load, 64k keys", "load", U64, 64 * K),
	LINE("load, 1M keys", "load", U64, M),
	LINE("load, the key is the last value, 64k", "latency", U64, 64 * K),
	LINE("the same, 1M", "latency", U64, M),
	LINE("load of an absent key, 64k", "miss", U64, 64 * K),
	LINE("load of a 16-byte key, 64k", "load", 16, 64 * K),
	LINE("sixteen loads in a call, 1M", "batch", U64, M),
	LINE("99 % load, 1 % store, 64k", "99/1", U64, 64 * K),
	LINE("95 % load, 5 % store, 64k", "95/5", U64, 64 * K),
	LINE("half load, half store, 64k", "50/50", U64, 64 * K),
	LINE("half load, half store, 1M", "50/50", U64, M),
	LINE("load, an eighth of the keys is new, 64k", "amended", U64, 64 * K),
	LINE("store, load, delete a new key, 64k", "churn", U64, 64 * K),
	LINE("ns per insert from none to 1M, beside a reader", "grow+read",
	     U64, M, true),
	{ "bytes per key, 1M", "bytes", KIND_U64, M, 1, true },
	{ "MB 2 s after 900k of 1M are deleted", "after 2 s", KIND_U64, M, 1,
	  true },
};

static const struct cell *cell_of(const struct line *line,
				  const struct column *column)
{
	int contender = contender_index(column->name);

	if (contender < 0)
		return NULL;
	return cell_find(line->workload, line->kind, line->n, line->threads,
			 contender);
}

static const struct cell *best_of(const struct line *line)
{
	const struct cell *cell, *best = NULL;
	int i;

	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		cell = cell_of(line, &columns[i]);
		if (cell && (!best || (line->less ?
				       cell_median(cell) < cell_median(best) :
				       cell_median(cell) > cell_median(best))))
			best = cell;
	}
	return best;
}

static void write_line(FILE *file, const struct line *line)
{
	const struct cell *best = best_of(line);
	const struct cell *cell;
	const char *mark;
	double median;
	int i;

	if (!best)
		return;
	fprintf(file, "| %s |", line->title);
	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		cell = cell_of(line, &columns[i]);
		if (!cell) {
			fputs(" - |", file);
			continue;
		}
		mark = cell == best ? "**" : "";
		median = cell_median(cell);
		fprintf(file, " %s%.*f%s |", mark, median < 10, median, mark);
	}
	fputc('\n', file);
}

void summary_write(void)
{
	FILE *file = report_file("summary.md");
	int i;

	fputs("| million operations per second, two threads |", file);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		fprintf(file, " %s |", columns[i].title);
	fputs("\n|---|", file);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		fputs("--:|", file);
	fputc('\n', file);
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		write_line(file, &lines[i]);
	fclose(file);
}
