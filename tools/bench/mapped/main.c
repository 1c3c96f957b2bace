// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: mapped [-q | -f] [-r REPETITIONS] [-s MS] [-k KIND] [-n KEYS] [-o DIR]
 *
 * Loads by one process of what another one stores. Rivals take turns, each turn
 * with another one first, and what is compared is of the same repetition. Times
 * are the CPU's, so that others who use the machine are in them as little as can
 * be; but where one process waits for another, time of the day.
 */
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../text.h"
#include "core.h"
#include "rival.h"

#define SAMPLES		16
#define RATE		1000000
#define OPS_LEAST	BATCH

static const struct rival *const rivals[] = {
	&rival_mapped, &rival_value, &rival_core, &rival_lmdb, &rival_table,
	&rival_bpf, &rival_redis, &rival_memcached, &rival_call, &rival_ioctl,
};

#define RIVALS		(sizeof(rivals) / sizeof(*rivals))

enum { IDLE, WRITES, STATES };
enum { U64_8, B16_32, B16_100, KINDS };
enum { SIZE_1K, SIZE_64K, SIZE_1M, SIZES };

static const struct scene kinds[KINDS] = {
	{ 8, 8, 0 }, { 16, 32, 0 }, { 16, 100, 0 },
};

static const char *const kind_names[KINDS] = {
	"u64 -> 8", "16 -> 32", "16 -> 100",
};

static const char *const kind_options[KINDS] = { "u64-8", "16-32", "16-100" };

static const uint64_t sizes[SIZES] = { 1 << 10, 1 << 16, 1 << 20 };
static const char *const size_names[SIZES] = { "1k", "64k", "1M" };
static const char *const shape_names[SHAPES] = {
	"independent", "chained", "batches of 64",
};

struct cell {
	double	samples[SAMPLES];
	int	count;
	double	asked;		/* of all loads */
	double	ops;
};

static struct cell cells[KINDS][SIZES][RIVALS][SHAPES][STATES];
/* Of the store: a store with a mirror, one without, a load; bytes; writes */
enum { STORE, PLAIN, LOAD, BYTES, RATES, FIGURES };
static struct cell figures[KINDS][SIZES][FIGURES];

static int repetitions = 5, slice_ms = 20;
static bool quick;
static int only_kind = -1, only_size = -1;
static const char *directory;
static int store_socket = -1;
static pid_t store;

/* The process with the store */

static void start_store(void)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 8);
	int pair[2];

	if (len < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	strcpy(path + len, "-store");
	store = fork();
	if (!store) {
		dup2(pair[1], STDIN_FILENO);
		dup2(pair[1], STDOUT_FILENO);
		execl(path, path, NULL);
		_exit(127);
	}
	close(pair[1]);
	store_socket = pair[0];
}

bool read_store(void *bytes, size_t len)
{
	ssize_t got;

	for (; len; bytes = (char *)bytes + got, len -= got) {
		got = read(store_socket, bytes, len);
		if (got <= 0) {
			fprintf(stderr, "mapped: the store has died\n");
			exit(1);
		}
	}
	return true;
}

void ask_store(const struct ask *ask, struct told *told)
{
	if (write(store_socket, ask, sizeof(*ask)) != sizeof(*ask))
		abort();
	read_store(told, sizeof(*told));
}

int store_pid(void)
{
	return store;
}

/* The core, which is the same process */

static const char *open_core(const struct scene *scene)
{
	if (scene->key_len != 8)
		return "";
	core_fill(scene->n);
	return NULL;
}

static void run_core(struct run *run)
{
	unsigned long long at = run->at;

	core_enter();
	if (run->shape == CHAINED)
		run->sum = core_chain(at & (run->scene->n - 1), run->ops);
	else
		run->sum = core_any(&at, run->scene->n, run->ops);
	core_leave();
}

const struct rival rival_core = {
	.name = "one process", .summary = "the core, without any call",
	.open = open_core, .run = run_core, .close = core_free,
	.shapes = 1 << BATCHED,
};

/* Samples */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const struct cell *cell, double share)
{
	double sorted[SAMPLES];

	if (!cell->count)
		return NAN;
	memcpy(sorted, cell->samples, sizeof(sorted));
	qsort(sorted, cell->count, sizeof(*sorted), compare);
	return sorted[(int)(share * (cell->count - 1) + 0.5)];
}

static double median(const struct cell *cell)
{
	return quantile(cell, 0.5);
}

static void sample(struct cell *cell, double value)
{
	if (cell->count < SAMPLES)
		cell->samples[cell->count++] = value;
}

/* Of the same repetition each, then the median */
static double ratio(const struct cell *ours, const struct cell *theirs)
{
	struct cell ratios = { .count = 0 };
	int i;

	for (i = 0; i < ours->count && i < theirs->count; i++)
		sample(&ratios, ours->samples[i] / theirs->samples[i]);
	return median(&ratios);
}

/* Turns */

static double now(bool of_day)
{
	struct timespec time;

	clock_gettime(of_day ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static double time_run(const struct rival *rival, struct run *run)
{
	double start = now(rival->waits);

	run->asked = 0;
	rival->run(run);
	return now(rival->waits) - start;
}

/* As often as it takes for a slice; the first ones bring it into the caches */
static void take_turn(const struct rival *rival, const struct scene *scene,
		      enum shape shape, struct cell *cell)
{
	static uint64_t seed = 1;
	struct run run = {
		.scene = scene, .shape = shape, .ops = OPS_LEAST, .at = seed++,
	};
	double ns = time_run(rival, &run);

	while (ns < slice_ms * 0.5e6) {
		run.ops *= 2;
		ns = time_run(rival, &run);
	}
	ns = time_run(rival, &run);
	sample(cell, ns / run.ops);
	cell->asked += run.asked;
	cell->ops += run.ops;
}

static bool takes_part[RIVALS];

static void take_turns(int kind, int size, const struct scene *scene, int state,
		       int repetition)
{
	unsigned int i, at;
	int shape;

	for (shape = 0; shape < SHAPES; shape++)
		for (i = 0; i < RIVALS; i++) {
			at = (i + repetition) % RIVALS;
			if (!takes_part[at] || rivals[at]->shapes >> shape & 1 ||
			    (state == WRITES && at > 1))
				continue;
			take_turn(rivals[at], scene, shape,
				  &cells[kind][size][at][shape][state]);
		}
}

static void write_at(uint32_t rate, int kind, int size)
{
	struct ask ask = { .what = ASK_WRITE, .rate = rate };
	struct told told;

	ask_store(&ask, &told);
	if (told.written_ns)
		sample(&figures[kind][size][RATES],
		       told.written * 1e3 / told.written_ns);
}

static void time_store(int kind, int size)
{
	struct ask ask = { .what = ASK_TIME };
	struct told told;

	ask_store(&ask, &told);
	sample(&figures[kind][size][STORE], told.store_ns);
	sample(&figures[kind][size][PLAIN], told.plain_ns);
	sample(&figures[kind][size][LOAD], told.load_ns);
}

/* Whoever gives wrong values is not to be compared */
static void verify(const struct rival *rival, const struct scene *scene)
{
	struct run run = { .scene = scene, .shape = CHAINED, .ops = 1000 };
	uint64_t number = 0, sum = 0, i;

	if (rival->shapes >> CHAINED & 1)
		return;
	for (i = 0; i < run.ops; i++) {
		number = link_next(number, scene->n);
		sum += number;
	}
	rival->run(&run);
	if (!run.asked && run.sum != sum) {
		fprintf(stderr, "mapped: %s gives wrong values\n", rival->name);
		exit(1);
	}
}

static void open_rivals(const struct scene *scene)
{
	const char *why;
	unsigned int i;

	for (i = 0; i < RIVALS; i++) {
		takes_part[i] = false;
		if (rivals[i]->most && scene->n > rivals[i]->most)
			continue;
		why = rivals[i]->open(scene);
		takes_part[i] = !why;
		if (!why)
			verify(rivals[i], scene);
		if (why && *why)
			report("%s takes no part: %s\n", rivals[i]->name, why);
	}
}

static void close_rivals(void)
{
	unsigned int i;

	for (i = 0; i < RIVALS; i++)
		if (takes_part[i])
			rivals[i]->close();
}

extern double mapped_bytes;

static void print_shape(int kind, int size, int shape)
{
	const struct cell *cell;
	unsigned int i;
	int state;

	report("  %-14s", shape_names[shape]);
	for (i = 0; i < RIVALS; i++)
		for (state = 0; state < STATES; state++) {
			cell = &cells[kind][size][i][shape][state];
			if (!cell->count)
				continue;
			report("  %s%s %.1f (%.1f-%.1f)", rivals[i]->name,
			       state ? " +writes" : "", median(cell),
			       quantile(cell, 0.25), quantile(cell, 0.75));
		}
	report("\n");
}

static void print_scene(int kind, int size)
{
	const struct cell *of = figures[kind][size];
	int shape;

	report("\n%s, %s keys: ns per load, median (quartiles)\n",
	       kind_names[kind], size_names[size]);
	for (shape = 0; shape < SHAPES; shape++)
		print_shape(kind, size, shape);
	report("  the store: a store %.0f ns, with a mirror %.0f; a load %.0f; mirror %.1f bytes per entry; %.2fM writes a second\n",
	       median(&of[PLAIN]), median(&of[STORE]), median(&of[LOAD]),
	       median(&of[BYTES]), median(&of[RATES]));
}

static void run_scene(int kind, int size)
{
	struct scene scene = kinds[kind];
	int r;

	scene.n = sizes[size];
	open_rivals(&scene);
	sample(&figures[kind][size][BYTES], mapped_bytes);
	for (r = 0; r < repetitions; r++) {
		take_turns(kind, size, &scene, IDLE, r);
		write_at(RATE, kind, size);
		take_turns(kind, size, &scene, WRITES, r);
		write_at(0, kind, size);
		time_store(kind, size);
	}
	close_rivals();
	print_scene(kind, size);
}

/* What was promised */

enum { MAPPED, VALUE, CORE, LMDB, TABLE };

static void print_target(const char *what, double measured, double must,
			 double aim, bool less)
{
	const char *verdict = "MISSED";

	if (isnan(measured))
		return;
	if (less ? measured <= must : measured >= must)
		verdict = "must";
	if (less ? measured <= aim : measured >= aim)
		verdict = "aim";
	report("%-58s%9.3g%9.3g%10.3g  %s\n", what, must, aim, measured, verdict);
}

static void __attribute__((format(printf, 5, 6)))
print_ratio(const struct cell *ours, const struct cell *theirs, double must,
	    double aim, const char *format, ...)
{
	char what[80];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	print_target(what, ratio(theirs, ours), must, aim, false);
}

static void print_against_core(void)
{
	int size;
	char what[80];

	for (size = 0; size < SIZES; size++) {
		snprintf(what, sizeof(what), "u64 -> 8, %s: one process, times as long",
			 size_names[size]);
		print_target(what, ratio(&cells[U64_8][size][MAPPED][INDEPENDENT][IDLE],
					 &cells[U64_8][size][CORE][INDEPENDENT][IDLE]),
			     2.5, 1.5, true);
	}
}

static void print_against_lmdb(void)
{
	static const double must[2][SIZES] = { { 8, 8, 4 }, { 5, 4, 1.7 } };
	static const double aim[2][SIZES] = { { 14, 13, 7 }, { 8, 7, 3 } };
	static const double must_kind[KINDS] = { 0, 6, 2.5 };
	static const double aim_kind[KINDS] = { 0, 9, 4 };
	int size, shape, kind;

	for (shape = INDEPENDENT; shape <= CHAINED; shape++)
		for (size = 0; size < SIZES; size++)
			print_ratio(&cells[U64_8][size][MAPPED][shape][IDLE],
				    &cells[U64_8][size][LMDB][shape][IDLE],
				    must[shape][size], aim[shape][size],
				    "u64 -> 8, %s, %s: LMDB, as fast as",
				    size_names[size], shape_names[shape]);
	for (kind = B16_32; kind < KINDS; kind++)
		print_ratio(&cells[kind][SIZE_64K][MAPPED][INDEPENDENT][IDLE],
			    &cells[kind][SIZE_64K][LMDB][INDEPENDENT][IDLE],
			    must_kind[kind], aim_kind[kind],
			    "%s, 64k: LMDB, as fast as", kind_names[kind]);
}

static void print_against_table(void)
{
	int kind, size, shape;

	for (kind = 0; kind < KINDS; kind++)
		for (size = 0; size < SIZES; size++)
			for (shape = INDEPENDENT; shape <= CHAINED; shape++)
				print_ratio(&cells[kind][size][MAPPED][shape][IDLE],
					    &cells[kind][size][TABLE][shape][IDLE],
					    1.1, 1.8, "%s, %s, %s: mutexes",
					    kind_names[kind], size_names[size],
					    shape_names[shape]);
}

static void print_writes(void)
{
	const struct cell *busy = &cells[U64_8][SIZE_64K][MAPPED][INDEPENDENT][WRITES];

	print_target("u64 -> 8, 64k, with writes : idle",
		     ratio(busy, &cells[U64_8][SIZE_64K][MAPPED][INDEPENDENT][IDLE]),
		     1.5, 1.2, true);
	if (busy->ops)
		print_target("loads that had to ask, with writes, 64k, %",
			     100 * busy->asked / busy->ops, 0.1, 0.02, true);
	print_target("u64 -> 8, 64k, a store with a mirror : one without",
		     ratio(&figures[U64_8][SIZE_64K][STORE],
			   &figures[U64_8][SIZE_64K][PLAIN]), 4, 2.5, true);
	print_target("bytes per entry, u64 -> 8, 64k",
		     median(&figures[U64_8][SIZE_64K][BYTES]), 48, 40, true);
	print_target("bytes per entry, u64 -> 8, 1M",
		     median(&figures[U64_8][SIZE_1M][BYTES]), 48, 40, true);
	print_target("bytes per entry, 16 -> 32, 64k",
		     median(&figures[B16_32][SIZE_64K][BYTES]), 80, 64, true);
}

/* A load by ioctl: one that does nothing, and the load of the store */
static double by_ioctl(int size)
{
	return median(&cells[U64_8][SIZE_1K][RIVALS - 1][INDEPENDENT][IDLE]) +
	       median(&figures[U64_8][size][LOAD]);
}

static void print_call(void)
{
	int size;

	report("\nBy ioctl, reckoned: an ioctl that does nothing, and the load of the store\n");
	for (size = 0; size < SIZES; size++)
		if (figures[U64_8][size][LOAD].count)
			report("  u64 -> 8, %s: %.0f ns, %.0f of it the load\n",
			       size_names[size], by_ioctl(size),
			       median(&figures[U64_8][size][LOAD]));
}

static void print_targets(void)
{
	print_call();
	report("\n%-58s%9s%9s%10s\n", "targets", "must", "aim", "measured");
	print_against_core();
	print_against_lmdb();
	print_against_table();
	print_writes();
}

/* What is drawn: a load by ioctl is reckoned */
static const struct bar {
	const struct rival	*rival;
	const char		*title;
	const char		*colour;
} bars[] = {
	{ &rival_core, "syncmap, inside one process", "#9ecae1" },
	{ &rival_mapped, "syncmap, mapped", "#08519c" },
	{ &rival_table, "robust mutexes", "#fdae6b" },
	{ &rival_lmdb, "LMDB", "#31a354" },
	{ &rival_ioctl, "syncmap, by ioctl", "#6baed6" },
	{ &rival_bpf, "BPF hash, by bpf(2)", "#969696" },
	{ &rival_memcached, "memcached", "#756bb1" },
	{ &rival_redis, "Redis", "#de2d26" },
};

#define BARS	(sizeof(bars) / sizeof(*bars))

static double height(const struct bar *bar, int size)
{
	unsigned int i;

	if (bar->rival == &rival_ioctl)
		return by_ioctl(size);
	for (i = 0; rivals[i] != bar->rival; i++)
		;
	return median(&cells[U64_8][size][i][INDEPENDENT][IDLE]);
}

/* A group of bars for each size */
static void write_plot(void)
{
	FILE *file = report_file("mapped.gp");
	const struct bar *bar;
	int size;

	fprintf(file,
		"set terminal svg size 1100,460 font 'sans,13' background '#ffffff'\n"
		"set output 'mapped.svg'\n"
		"set border 3\nset tics nomirror\n"
		"set grid ytics lt 1 lw 0.5 lc rgb '#cccccc'\n"
		"set key outside right top reverse Left samplen 2 noenhanced\n"
		"set title 'A load by another process: integer keys, values of 8 bytes'\n"
		"set ylabel 'ns per load'\nset logscale y\nset yrange [1:*]\n"
		"set style data histograms\n"
		"set style histogram clustered gap 2\n"
		"set style fill solid 0.9 noborder\nset boxwidth 0.95\n");
	for (bar = bars; bar < bars + BARS; bar++) {
		fprintf(file, "$bar%zu << EOD\n", bar - bars);
		for (size = 0; size < SIZES; size++)
			fprintf(file, "\"%s keys\" %g\n", size_names[size],
				height(bar, size));
		fputs("EOD\n", file);
	}
	for (bar = bars; bar < bars + BARS; bar++)
		fprintf(file, "%s $bar%zu using 2:xtic(1) lc rgb '%s' title '%s'",
			bar == bars ? "plot" : ", \\\n    ", bar - bars,
			bar->colour, bar->title);
	fputc('\n', file);
	fclose(file);
}

static void write_results(void)
{
	FILE *file = report_file("mapped.tsv");
	const struct cell *cell;
	unsigned int at;

	fputs("kind\tkeys\trival\tshape\twrites\tns\tmin\tmax\tasked\n", file);
	for (at = 0; at < KINDS * SIZES * RIVALS * SHAPES * STATES; at++) {
		cell = &cells[0][0][0][0][0] + at;
		if (cell->count)
			fprintf(file, "%s\t%s\t%s\t%s\t%d\t%g\t%g\t%g\t%g\n",
				kind_names[at / STATES / SHAPES / RIVALS / SIZES],
				size_names[at / STATES / SHAPES / RIVALS % SIZES],
				rivals[at / STATES / SHAPES % RIVALS]->name,
				shape_names[at / STATES % SHAPES],
				(int)(at % STATES), median(cell),
				quantile(cell, 0), quantile(cell, 1),
				cell->ops ? cell->asked / cell->ops : 0);
	}
	fclose(file);
}

static void print_line(const char *title, const char *path, const char *word)
{
	FILE *file = fopen(path, "r");
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, word, strlen(word)))
			continue;
		line[strcspn(line, "\n")] = '\0';
		report("%s%s", title, line);
		break;
	}
	if (file)
		fclose(file);
	report("\n");
}

static void print_machine(void)
{
	struct utsname name;
	cpu_set_t cpus;
	unsigned int i;

	uname(&name);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	print_line("machine:  ", "/proc/cpuinfo", "model name");
	report("CPUs:     %d\nsystem:   %s %s\n", CPU_COUNT(&cpus), name.sysname,
	       name.release);
	print_line("load:     ", "/proc/loadavg", "");
	report("runs:     %d repetitions of %d ms\n", repetitions, slice_ms);
	for (i = 0; i < RIVALS; i++)
		report("          %-14s %s\n", rivals[i]->name,
		       rivals[i]->summary);
}

static int index_of(const char *name, const char *const *names, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return i;
	fprintf(stderr, "mapped: '%s' is none of", name);
	for (i = 0; i < count; i++)
		fprintf(stderr, " %s", names[i]);
	fputc('\n', stderr);
	exit(2);
}

static bool is_wanted(int kind, int size)
{
	if (only_kind >= 0 && kind != only_kind)
		return false;
	if (only_size >= 0)
		return size == only_size;
	return !quick || size == SIZE_64K || (kind == U64_8 && size == SIZE_1K);
}

static void read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "qfr:s:k:n:o:")) != -1)
		switch (option) {
		case 'q': quick = true; repetitions = 3; break;
		case 'f': repetitions = 7; slice_ms = 40; break;
		case 'r': repetitions = atoi(optarg); break;
		case 's': slice_ms = atoi(optarg); break;
		case 'k':
			only_kind = index_of(optarg, kind_options, KINDS);
			break;
		case 'n':
			only_size = index_of(optarg, size_names, SIZES);
			break;
		case 'o': directory = optarg; break;
		default:
			fprintf(stderr, "usage: mapped [-q | -f] [-r REPETITIONS] [-s MS] [-k KIND] [-n KEYS] [-o DIR]\n");
			exit(2);
		}
	if (repetitions < 1 || repetitions > SAMPLES || slice_ms < 1) {
		fprintf(stderr, "mapped: 1 to %d repetitions, 1 ms or more\n",
			SAMPLES);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	int kind, size;

	read_options(argc, argv);
	if (directory)
		report_into(directory, "mapped.txt");
	print_machine();
	start_store();
	for (kind = 0; kind < KINDS; kind++)
		for (size = 0; size < SIZES; size++)
			if (is_wanted(kind, size))
				run_scene(kind, size);
	print_targets();
	if (directory) {
		write_results();
		if (only_kind < 0 && only_size < 0)
			write_plot();
	}
	close(store_socket);
	waitpid(store, NULL, 0);
	return 0;
}
