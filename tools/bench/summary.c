// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the README shows: the main table, the best of each line in bold, and some
 * of its lines as bars, which gnuplot draws.
 */
#include "driver.h"

struct line {
	const char	*title;
	const char	*workload;
	int		kind;
	u64		n;
	int		threads;
	bool		less;	/* is better */
	const char	*bars;	/* what they are called; NULL: there are none */
};

static const struct column {
	const char	*name;
	const char	*title;
	const char	*colour;
} columns[] = {
	{ "syncmap", "syncmap", "#d62728" },
	{ "rhash", "rhashtable's design", "#e377c2" },
	{ "rhashtable", "rhashtable itself", "#bcbd22" },
	{ "cow", "copy on write", "#9467bd" },
	{ "shards", "32 shards", "#ff7f0e" },
	{ "rwlock", "rwlock", "#1f77b4" },
	{ "godesign", "sync.Map's design in C", "#8c564b" },
	{ "go_syncmap", "Go's sync.Map", "#000000" },
	{ "go_current", "the current Go's", "#7f7f7f" },
};

#define LINE(title, workload, kind, n, ...)				\
	{ title, workload, KIND_##kind, n, 2, __VA_ARGS__ }

static const struct line lines[] = {
	LINE("load, 1k keys", "load", U64, K),
	LINE("load, 64k keys", "load", U64, 64 * K, .bars = "load"),
	LINE("load, 1M keys", "load", U64, M),
	LINE("load, the key is the last value, 64k", "latency", U64, 64 * K,
	     .bars = "dependent load"),
	LINE("the same, 1M", "latency", U64, M),
	LINE("load of an absent key, 64k", "miss", U64, 64 * K,
	     .bars = "absent"),
	LINE("load of a 16-byte key, 64k", "load", 16, 64 * K),
	LINE("sixteen loads in a call, 1M", "batch", U64, M),
	LINE("99 % load, 1 % store, 64k", "99/1", U64, 64 * K,
	     .bars = "1 % stores"),
	LINE("95 % load, 5 % store, 64k", "95/5", U64, 64 * K,
	     .bars = "5 % stores"),
	LINE("half load, half store, 64k", "50/50", U64, 64 * K,
	     .bars = "50 % stores"),
	LINE("half load, half store, 1M", "50/50", U64, M),
	LINE("load, an eighth of the keys is new, 64k", "amended", U64, 64 * K),
	LINE("store, load, delete a new key, 64k", "churn", U64, 64 * K,
	     .bars = "new keys"),
	LINE("ns per insert from none to 1M, beside a reader", "grow+read",
	     U64, M, .less = true),
	{ "bytes per key, 1M", "bytes", KIND_U64, M, 1, .less = true },
	{ "MB 2 s after 900k of 1M are deleted", "after 2 s", KIND_U64, M, 1,
	  .less = true },
};

static const struct cell *cell_of(const struct line *line,
				  const struct column *column)
{
	const struct figure figure = {
		line->workload, column->name, line->n, line->threads, line->kind,
	};

	return figure_cell(&figure);
}

/* NULL if nobody has a figure in this line */
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

/* Whether it has a figure in any line; a contender that is left out has none */
static bool has_lines(const struct column *column)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		if (cell_of(&lines[i], column))
			return true;
	return false;
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
		if (!has_lines(&columns[i]))
			continue;
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

static void write_table(FILE *file)
{
	int i;

	fputs("| million operations per second, two threads |", file);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		if (has_lines(&columns[i]))
			fprintf(file, " %s |", columns[i].title);
	fputs("\n|---|", file);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		if (has_lines(&columns[i]))
			fputs("--:|", file);
	fputc('\n', file);
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		write_line(file, &lines[i]);
}

static bool has_bars(const struct column *column)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		if (lines[i].bars && cell_of(&lines[i], column))
			return true;
	return false;
}

/* The bars of a column, with their errors; what nobody has is left out */
static void write_bars(FILE *file, const struct column *column)
{
	const struct line *line;
	const struct cell *cell;

	fprintf(file, "$%s << EOD\n", column->name);
	for (line = lines; line < lines + ARRAY_SIZE(lines); line++) {
		if (!line->bars || !best_of(line))
			continue;
		cell = cell_of(line, column);
		if (cell)
			fprintf(file, "\"%s\" %g %g %g\n", line->bars,
				cell_median(cell), cell_min(cell),
				cell_max(cell));
		else
			fprintf(file, "\"%s\" NaN NaN NaN\n", line->bars);
	}
	fputs("EOD\n", file);
}

static void write_plot(FILE *file)
{
	const char *command = "plot";
	int i;

	fputs("set terminal svg size 1100,560 font 'sans,13' "
	      "background '#ffffff'\n"
	      "set output 'summary.svg'\n"
	      "set encoding utf8\nset border 3\nset tics nomirror\n"
	      "set grid ytics lt 1 lw 0.5 lc rgb '#cccccc'\n"
	      "set key outside right top reverse Left samplen 2 noenhanced\n"
	      "set title '64k u64 keys, 2 threads'\n"
	      "set ylabel 'million operations per second'\n"
	      "set yrange [0:*]\n"
	      "set style data histograms\n"
	      "set style histogram errorbars gap 2 lw 1\n"
	      "set errorbars front 0.5 lt 1 lc rgb '#333333'\n"
	      "set style fill solid 0.9 noborder\nset boxwidth 0.95\n", file);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		if (has_bars(&columns[i]))
			write_bars(file, &columns[i]);
	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		if (!has_bars(&columns[i]))
			continue;
		fprintf(file, "%s $%s using 2:3:4:xtic(1) lc rgb '%s' title \"%s\"",
			command, columns[i].name, columns[i].colour,
			columns[i].title);
		command = ", \\\n    ";
	}
	fputc('\n', file);
}

static bool is_drawn(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(columns); i++)
		if (has_bars(&columns[i]))
			return true;
	return false;
}

void summary_write(void)
{
	FILE *file = report_file("summary.md");

	write_table(file);
	fclose(file);
	if (!is_drawn())
		return;
	file = report_file("summary.gp");
	write_plot(file);
	fclose(file);
}
