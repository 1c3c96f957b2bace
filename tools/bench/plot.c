// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plots: commands and data for gnuplot, a file per plot, that draw it as SVG
 * and as PNG. What was not measured is left out.
 */
#include <linux/log2.h>

#include "driver.h"

/* The same for a contender in each plot */
static const char *const colours[] = {
	"#d62728", "#1f77b4", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b",
	"#e377c2", "#7f7f7f", "#bcbd22", "#17becf", "#393b79", "#637939",
	"#e7ba52", "#000000", "#7b4173", "#3182bd", "#31a354", "#756bb1",
	"#636363", "#e6550d",
};

/* One group of bars, or the next point of each line */
struct place {
	const char	*label;
	const char	*workload;
	int		kind;
	u64		n;
	int		threads;
};

struct plot {
	const char		*name;
	const char		*title;
	const char		*xlabel;
	const char		*ylabel;
	const char		*settings;
	bool			bars;
	bool			ns;	/* whatever the unit of the cells */
	const char		*maps;	/* a list with commas, or NULL: all */
	const struct place	*places;
	int			count;
};

static bool is_alone(int contender)
{
	return contender < CONTENDERS &&
	       kinds[0].contenders[contender]->flags & CAN_NOT_SHARE;
}

/* Of one thread, for who cannot be shared */
static double scaled(const struct plot *plot, const struct place *place,
		     const struct cell *cell, double value)
{
	int threads = is_alone(cell->contender) ? 1 : place->threads;

	if (!plot->ns)
		return value;
	if (!strcmp(cell->unit, "Mops"))
		return 1000.0 * threads / value;
	return strcmp(cell->unit, "us") ? value : 1000 * value;
}

static bool is_measured(const struct place *place)
{
	int i;

	for (i = 0; i < ENTRANTS; i++)
		if (cell_find(place->workload, place->kind, place->n,
			      place->threads, i))
			return true;
	return false;
}

/* Whether the contender has anything to show */
static bool write_data(FILE *file, const struct plot *plot, int contender)
{
	const struct place *end = plot->places + plot->count;
	const struct place *place;
	const struct cell *cell;
	int shown = 0;

	fprintf(file, "$d%d << EOD\n", contender);
	for (place = plot->places; place < end; place++) {
		if (!is_measured(place))
			continue;
		cell = cell_find(place->workload, place->kind, place->n,
				 place->threads, contender);
		if (cell) {
			shown++;
			fprintf(file, "\"%s\" %g %g %g\n", place->label,
				scaled(plot, place, cell,
				       cell_median(cell)),
				scaled(plot, place, cell,
				       cell_min(cell)),
				scaled(plot, place, cell,
				       cell_max(cell)));
		} else {
			fprintf(file, "\"%s\" NaN NaN NaN\n", place->label);
		}
	}
	fputs("EOD\n", file);
	return shown > !plot->bars;
}

static void write_settings(FILE *file, const struct plot *plot)
{
	fprintf(file, "set encoding utf8\nset border 3\nset tics nomirror\n"
		"set grid ytics lt 1 lw 0.5 lc rgb '#cccccc'\n"
		"set key outside right top reverse Left samplen 2 noenhanced\n"
		"set title \"%s\"\nset xlabel \"%s\"\nset ylabel \"%s\"\n"
		"set yrange [0:*]\n", plot->title, plot->xlabel, plot->ylabel);
	if (plot->bars)
		fputs("set style data histograms\n"
		      "set style histogram errorbars gap 2 lw 1\n"
		      "set errorbars front 0.5 lt 1 lc rgb '#333333'\n"
		      "set style fill solid 0.9 noborder\nset boxwidth 0.95\n",
		      file);
	if (plot->settings)
		fprintf(file, "%s\n", plot->settings);
}

static void write_series(FILE *file, const struct plot *plot, int contender,
			 bool first)
{
	const char *colour = colours[contender % ARRAY_SIZE(colours)];

	fprintf(file, "%s $d%d using ", first ? "plot" : ", \\\n", contender);
	if (plot->bars)
		fputs("2:3:4:xtic(1)", file);
	else
		fprintf(file, "0:2:xtic(1) with linespoints pt %d lw %s",
			contender + 1, contender ? "1.5" : "4");
	fprintf(file, " lc rgb \"%s\" title \"%s\"", colour,
		contender_name(contender));
}

static void write_ends(FILE *file, const char *name)
{
	fprintf(file, "\nset terminal pngcairo size 1100,560 font 'sans,11'\n"
		"set output \"%s.png\"\nreplot\n", name);
	fclose(file);
}

static FILE *begin(const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s.gp", name);
	file = report_file(path);
	fprintf(file, "set terminal svg size 1100,560 font 'sans,13' "
		"background '#ffffff'\n"
		"set output \"%s.svg\"\n", name);
	return file;
}

/* A line has two points at least */
static bool is_drawn(const struct plot *plot)
{
	const struct place *place;
	int measured = 0;

	for (place = plot->places; place < plot->places + plot->count; place++)
		measured += is_measured(place);
	return measured > !plot->bars;
}

static void plot_write(const struct plot *plot)
{
	bool shown[ENTRANTS], first = true;
	FILE *file;
	int i;

	if (!is_drawn(plot))
		return;
	file = begin(plot->name);
	for (i = 0; i < ENTRANTS; i++)
		shown[i] = is_listed(plot->maps, contender_name(i)) &&
			   write_data(file, plot, i);
	write_settings(file, plot);
	for (i = 0; i < ENTRANTS; i++) {
		if (!shown[i])
			continue;
		write_series(file, plot, i, first);
		first = false;
	}
	write_ends(file, plot->name);
}

static void memory_write(void)
{
	struct plot plot = {
		.title = "Memory after 900k of 1M u64 keys were deleted",
		.xlabel = "seconds since the last delete",
		.ylabel = "MB in use",
	};
	bool first = true;
	FILE *file;
	int i;

	if (!is_listed(options.parts, "memory"))
		return;
	file = begin("memory");
	write_settings(file, &plot);
	for (i = 0; i < CONTENDERS; i++) {
		if (!cell_find("deleted", KIND_U64, M, 1, i))
			continue;
		fprintf(file, "%s \"< grep -w ^%s memory.tsv\" "
			"using ($2/1000):($3/1e6) with lines "
			"title \"%s\" lc rgb \"%s\" lw %s",
			first ? "plot" : ", \\\n", contender_name(i),
			contender_name(i), colours[i % ARRAY_SIZE(colours)],
			i ? "1.5" : "4");
		first = false;
	}
	write_ends(file, "memory");
}

#define PLACE(label, workload, kind, n, threads)			\
	{ label, workload, kind, n, threads }
#define MIX_PLACES(n)							\
	PLACE("100", "load", KIND_U64, n, 2),				\
	PLACE("99", "99/1", KIND_U64, n, 2),				\
	PLACE("95", "95/5", KIND_U64, n, 2),				\
	PLACE("50", "50/50", KIND_U64, n, 2),				\
	PLACE("5", "5/95", KIND_U64, n, 2)
#define SIZE_PLACES(workload)						\
	PLACE("1k", workload, KIND_U64, K, 2),				\
	PLACE("4k", workload, KIND_U64, 4 * K, 2),			\
	PLACE("16k", workload, KIND_U64, 16 * K, 2),			\
	PLACE("64k", workload, KIND_U64, 64 * K, 2),			\
	PLACE("256k", workload, KIND_U64, 256 * K, 2),			\
	PLACE("1M", workload, KIND_U64, M, 2),				\
	PLACE("4M", workload, KIND_U64, 4 * M, 2),			\
	PLACE("16M", workload, KIND_U64, 16 * M, 2)
#define THREAD_PLACES(workload)						\
	PLACE("1", workload, KIND_U64, 64 * K, 1),			\
	PLACE("2", workload, KIND_U64, 64 * K, 2),			\
	PLACE("4", workload, KIND_U64, 64 * K, 4)

static const struct place loads[] = {
	PLACE("1k keys", "load", KIND_U64, K, 2),
	PLACE("64k keys", "load", KIND_U64, 64 * K, 2),
	PLACE("1M keys", "load", KIND_U64, M, 2),
};
static const struct place updates[] = {
	PLACE("95/5, 64k", "95/5", KIND_U64, 64 * K, 2),
	PLACE("50/50, 64k", "50/50", KIND_U64, 64 * K, 2),
	PLACE("95/5, 1M", "95/5", KIND_U64, M, 2),
	PLACE("50/50, 1M", "50/50", KIND_U64, M, 2),
};
static const struct place summary[] = {
	PLACE("load", "load", KIND_U64, 64 * K, 2),
	PLACE("dependent load", "latency", KIND_U64, 64 * K, 2),
	PLACE("absent", "miss", KIND_U64, 64 * K, 2),
	PLACE("1 % stores", "99/1", KIND_U64, 64 * K, 2),
	PLACE("5 % stores", "95/5", KIND_U64, 64 * K, 2),
	PLACE("50 % stores", "50/50", KIND_U64, 64 * K, 2),
	PLACE("new keys", "churn", KIND_U64, 64 * K, 2),
};
static const struct place mix_64k[] = { MIX_PLACES(64 * K) };
static const struct place mix_1m[] = { MIX_PLACES(M) };
static const struct place load_sizes[] = { SIZE_PLACES("load") };
static const struct place latency_sizes[] = { SIZE_PLACES("latency") };
static const struct place load_threads[] = { THREAD_PLACES("load") };
static const struct place mix_threads[] = { THREAD_PLACES("50/50") };
#define TIME_PLACES(workload)						\
	PLACE("p99", workload " p99", KIND_U64, M, 2),			\
	PLACE("p99.9", workload " p99.9", KIND_U64, M, 2),		\
	PLACE("longest", workload " worst", KIND_U64, M, 2)

static const struct place insert_times[] = { TIME_PLACES("insert") };
static const struct place load_times[] = { TIME_PLACES("load") };
static const struct place still_times[] = { TIME_PLACES("still") };
static const struct place bytes[] = {
	PLACE("u64", "bytes", KIND_U64, M, 1),
	PLACE("16 bytes", "bytes", KIND_16, M, 1),
	PLACE("32 bytes", "bytes", KIND_32, M, 1),
};

#define PLACES(list)	.places = list, .count = ARRAY_SIZE(list)

static const struct plot plots[] = {
	{ "summary", "64k u64 keys, 2 threads", "",
	  "million operations per second", .bars = true,
	  .maps = "syncmap,rhash,cow,shards,rwlock,godesign,go_syncmap",
	  PLACES(summary) },
	{ "load", "Load of a present u64 key, 2 threads", "",
	  "million operations per second", .bars = true, PLACES(loads) },
	{ "updates", "Loads and stores of present u64 keys, 2 threads", "",
	  "million operations per second", .bars = true, PLACES(updates) },
	{ "mix-64k", "64k u64 keys, 2 threads, by share of loads",
	  "loads in a hundred operations", "million operations per second",
	  PLACES(mix_64k) },
	{ "mix-1M", "1M u64 keys, 2 threads, by share of loads",
	  "loads in a hundred operations", "million operations per second",
	  PLACES(mix_1m) },
	{ "sizes-load", "Load, independent keys, 2 threads",
	  "u64 keys in the map", "ns per operation and thread", .ns = true,
	  PLACES(load_sizes) },
	{ "sizes-latency", "Load, each key hangs on the last value, 2 threads",
	  "u64 keys in the map", "ns per operation and thread", .ns = true,
	  PLACES(latency_sizes) },
	{ "scaling-load", "Load, 64k u64 keys", "threads",
	  "million operations per second", PLACES(load_threads) },
	{ "scaling-50-50", "Half loads, half stores, 64k u64 keys", "threads",
	  "million operations per second", PLACES(mix_threads) },
	{ "growth-inserts", "Inserts from no key to 1M, beside a reader",
	  "operations that did not take longer", "ns (logarithmic)",
	  "set logscale y\nset yrange [*:*]", .ns = true,
	  PLACES(insert_times) },
	{ "growth-loads", "Loads beside the inserts from no key to 1M",
	  "operations that did not take longer", "ns (logarithmic)",
	  "set logscale y\nset yrange [*:*]", .ns = true,
	  PLACES(load_times) },
	{ "still-loads", "The same loads when nobody writes",
	  "operations that did not take longer", "ns (logarithmic)",
	  "set logscale y\nset yrange [*:*]", .ns = true,
	  PLACES(still_times) },
	{ "bytes", "Memory per key, 1M keys, values not counted", "", "bytes",
	  .bars = true, PLACES(bytes) },
};

void plots_write(void)
{
	const struct plot *plot;

	for (plot = plots; plot < plots + ARRAY_SIZE(plots); plot++)
		plot_write(plot);
	memory_write();
}
