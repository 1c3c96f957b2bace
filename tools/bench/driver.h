/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver: runs the workloads, keeps what they measure, and reports it
 */
#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "key.h"
#include "text.h"

#define K	1024ULL
#define M	(K * K)

/* registry.c */
#define CONTENDER(name)	+ 1
enum {
	CONTENDERS = 0
#include "contenders.h"
};
#undef CONTENDER

enum {
	KIND_U64,
	KIND_U64_SIP,
	KIND_16,
	KIND_32,
	KINDS,
};

/* Go's maps, which go.c speaks to, are numbered behind these */
#define GO_CONTENDERS	6
#define ENTRANTS	(CONTENDERS + GO_CONTENDERS)

struct kind {
	const char		*name;
	const struct contender	*contenders[CONTENDERS];
};

extern const struct kind kinds[KINDS];
const char *contender_name(int contender);
int contender_index(const char *name);

/* main.c */
struct options {
	bool		quick;
	bool		full;
	bool		whole;		/* nothing of it is left out */
	int		repetitions;
	unsigned int	slice_ms;
	const char	*parts;		/* a list with commas, or NULL: all */
	const char	*maps;		/* the same */
	const char	*workloads;	/* the same, of those that take turns */
	const char	*kinds;		/* the same, of the mixes */
	const char	*report;	/* directory, or NULL */
};

extern struct options options;
bool is_listed(const char *list, const char *word);

/* pool.c */
struct job {
	const struct contender	*contender;
	int			threads;
	int			type[BENCH_THREADS];	/* RUN_... */
	struct worker		workers[BENCH_THREADS];
	u64			ns[BENCH_THREADS];
	u64			busy_ns[BENCH_THREADS];
	u64			process_ns;
};

int cpus(void);
void job_init(struct job *job, const struct contender *contender,
	      struct map *map, u64 n, int threads, int type);
void job_run(struct job *job, unsigned int ms);
double job_rate(const struct job *job);
double job_disturbed(const struct job *job);

/* A run that other processes have disturbed more than this is tried again */
#define DISTURBED	0.05
#define TRIES		5

/* time.c */
void clock_calibrate(void);
double clock_ns(u64 time);
double histogram_ns(const struct histogram *histogram, double share);

/* zipf.c */
const struct zipf *zipf_of(u64 n);

/* growth.c */
bool can_grow(int contender);

/* scene.c */
struct scene {
	int		kind;
	u64		n;
	int		threads;	/* no more than this will come */
	struct map	*maps[CONTENDERS];
};

typedef bool (*wanted_fn)(const struct contender *contender, u64 n);

bool takes_part(int contender);
bool is_plain(const struct contender *contender, u64 n);
struct map *map_open(const struct contender *contender, u64 n, int threads,
		     value_fn value, void *arg);
void scene_open(struct scene *scene, value_fn value, void *arg,
		wanted_fn wanted);
void scene_close(struct scene *scene);
void settle(void);
void *plain_value(u64 number, void *n);
struct object *objects_make(u64 n);
void *object_value(u64 number, void *objects);

/* turns.c */
struct workload {
	const char	*name;
	const char	*summary;
	int		type;		/* RUN_... */
	unsigned int	writes;		/* in a hundred operations */
};

extern const struct workload workloads[];

bool stores_little(const struct workload *workload, u64 n);
bool is_able(const struct contender *contender, const struct workload *workload,
	     u64 n);
void take_turns(const struct scene *scene, const char *list);
void report_disturbed(void);

/* go.c: the number of a contender begins with 0 here */
const char *go_name(int i);
const char *go_summary(int i);
bool go_takes_part(int i);
bool go_is_able(int i, int kind, const struct workload *workload, u64 n);
double go_rate(int i, int kind, const struct workload *workload, u64 n,
	       int threads, unsigned int warm_ms, double *disturbed);
void go_stop(void);
bool go_check(int i);
void go_claims(void);
void go_print(void);

/* result.c: a cell has the samples of a workload by a contender */
#define SAMPLES_MAX	16

struct cell {
	const char	*workload;
	int		kind;
	u64		n;
	int		threads;
	int		contender;
	const char	*unit;
	int		count;
	double		samples[SAMPLES_MAX];
};

/* A figure says which cell is meant */
struct figure {
	const char	*workload;
	const char	*contender;
	u64		n;
	int		threads;
	int		kind;
};

void sample(const char *workload, const char *unit, int kind, u64 n,
	    int threads, int contender, double value);
const struct cell *cell_find(const char *workload, int kind, u64 n, int threads,
			     int contender);
const struct cell *figure_cell(const struct figure *figure);
double cell_median(const struct cell *cell);
double cell_min(const struct cell *cell);
double cell_max(const struct cell *cell);
double cell_spread(const struct cell *cell);
void results_write(FILE *file);

/* report.c */
void report_open(int argc, char **argv);
bool report_targets(void);
void report_close(void);
const char *size_name(u64 n);
void table(const char *title, int kind, u64 n, int threads,
	   const char *const *workloads, int count);
void table_down(const char *title, int kind, u64 n, int threads,
		const char *const *workloads, int count);
void table_sizes(const char *title, const u64 *sizes, int columns,
		 const char *const *workloads, int count);

/* machine.c */
void machine_print(void);
const char *machine_kind(void);
u64 machine_bytes(void);

/* published.c */
void published_print(void);

/* summary.c */
void summary_write(void);

/* targets.c */
int targets_print(void);
void targets_select(void);
int targets_check(void);

/* claims.c */
void claims_print(void);

/* parts.c, and a file for each part that is more than turns */
struct part {
	const char	*name;
	const char	*summary;
	void		(*run)(void);
};

extern const struct part parts[];
void run_mixes(void);
void run_objects(void);
void run_amended(void);
void run_growth(void);
void run_longest(void);
void run_promotions(void);
void run_payloads(void);
void run_memory(void);
void run_sizes(void);
void run_scaling(void);
void run_versus(void);
void run_ranges(void);
void run_steps(void);
void run_claims(void);
void run_gobench(void);

/* gobench.c: by RUN_GO_... - RUN_GO */
struct go_benchmark {
	const char	*name;
	u64		keys;	/* that the map has at first */
};

extern const struct go_benchmark go_benchmarks[];

/* check.c */
u64 check_contender(const struct contender *contender, u64 seed, int threads);

/* replay.c */
int check_all(void);

#endif
