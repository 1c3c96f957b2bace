// SPDX-License-Identifier: GPL-2.0-only
/*
 * The longest step of each operation of this map, in a small map and a large one:
 * what is done in one go, where a kernel that is not preemptible lets nobody else
 * run. That is a call; or, in what takes as long as the map is large, what comes
 * between two cond_resched(). Of so many steps in a row the longest is taken, of
 * those the median, so that a large map has no more of what else the machine does
 * because it has more steps. In short runs there is nearly none of that, in long
 * ones there is what happens rarely. All in CPU time of the thread.
 */
#include <stdlib.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "driver.h"
#include "module/core/internal.h"
#include "rt/mem.h"

/* Steps in a row, and such runs in a long one */
#define RUN		32
#define LONG_RUN	32
/* A repetition has so many runs of what is done key by key, and at most so many */
#define RUNS		(8 * LONG_RUN)
#define RUNS_MAX	(4096 * LONG_RUN)

/* One key in so many is new, and in the dirty table */
#define FRESH_SHARE	8

#define ENTRIES		64

struct steps {
	u64	longest;	/* in this run */
	u64	count;
	u32	runs;
	u64	maxima[RUNS_MAX];
};

static struct syncmap map;
static u64 n;			/* keys from 0 on are in the read table */
static u64 fresh;		/* and from n to this in the dirty table */
static u64 gone;		/* up to this they are deleted */
static u64 numbers;		/* the state of draw() */
static u64 cursor;
static void *value;

/* Where a thread that measures itself keeps its steps, or all the others theirs */
static __thread struct steps *own;
static struct steps *background;
static __thread u64 begun;
static spinlock_t lock;

static void add(struct steps *steps, u64 ns)
{
	steps->longest = max(steps->longest, ns);
	if (++steps->count % RUN || steps->runs == RUNS_MAX)
		return;
	steps->maxima[steps->runs++] = steps->longest;
	steps->longest = 0;
}

/* A step begins; and one ends, unless what came before is none */
static void rest(bool ends)
{
	struct steps *steps = own ?: READ_ONCE(background);
	u64 now = busy_ns(CLOCK_THREAD_CPUTIME_ID);

	if (steps && ends) {
		spin_lock(&lock);
		add(steps, now - begun);
		spin_unlock(&lock);
	}
	begun = now;
}

/* What is measured: its name in short runs, and in long ones */
struct name {
	const char	*of_run;
	const char	*of_long_run;
};

#define NAME(text)	{ text, text " of 1024" }

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static void sample_median(const char *name, u64 *maxima, u32 runs)
{
	qsort(maxima, runs, sizeof(*maxima), compare);
	sample(name, "us", KIND_U64, n, 1, contender_index("syncmap"),
	       maxima[runs / 2] / 1e3);
}

/* As short runs and as long ones, if there is a whole one */
static void sample_steps(const struct name *name, struct steps *steps)
{
	static u64 longest[RUNS_MAX / LONG_RUN];
	u32 i, runs = steps->runs / LONG_RUN;

	memset(longest, 0, sizeof(longest));
	for (i = 0; i < runs * LONG_RUN; i++)
		longest[i / LONG_RUN] = max(longest[i / LONG_RUN],
					    steps->maxima[i]);
	if (runs)
		sample_median(name->of_long_run, longest, runs);
	if (!steps->runs)
		steps->maxima[steps->runs++] = steps->longest;
	sample_median(name->of_run, steps->maxima, steps->runs);
}

/* A call of these is a step */

static void expect(bool right)
{
	if (!right)
		abort();
}

static void look_at_the_clock(void)
{
}

static bool load(u64 number)
{
	struct key key = key_of(number);

	return syncmap_load(&map, &key, sizeof(key), &value);
}

static void store(u64 number)
{
	struct key key = key_of(number);

	expect(!syncmap_store(&map, &key, sizeof(key), value_of(number, M),
			      GFP_KERNEL));
}

static bool delete(u64 number)
{
	struct key key = key_of(number);

	return syncmap_delete(&map, &key, sizeof(key));
}

static void load_one(void)
{
	expect(load(draw_below(&numbers, n)));
}

static void load_fresh(void)
{
	expect(load(n + draw_below(&numbers, fresh - n)));
}

static void load_none(void)
{
	expect(!load(2 * n + draw_below(&numbers, n)));
}

static void load_many(void)
{
	struct syncmap_lookup batch[BENCH_BATCH];
	struct key keys[BENCH_BATCH];
	int i;

	for (i = 0; i < BENCH_BATCH; i++) {
		keys[i] = key_of(draw_below(&numbers, n));
		batch[i] = (struct syncmap_lookup){ &keys[i], sizeof(keys[i]) };
	}
	expect(syncmap_load_many(&map, batch, BENCH_BATCH) == BENCH_BATCH);
}

static void store_one(void)
{
	store(draw_below(&numbers, n));
}

static void store_fresh(void)
{
	store(n + draw_below(&numbers, fresh - n));
}

static void insert(void)
{
	store(fresh++);
}

static void delete_one(void)
{
	expect(delete(gone++));
}

static void delete_fresh(void)
{
	expect(delete(--fresh));
}

static void next(void)
{
	struct syncmap_entry entries[ENTRIES];

	expect(syncmap_next(&map, &cursor, entries, ENTRIES) >= 0);
	if (cursor == SYNCMAP_CURSOR_END)
		cursor = 0;
}

static void clear(void)
{
	syncmap_clear(&map);
}

static const struct operation {
	struct name	name;
	void		(*run)(void);
} operations[] = {
	{ NAME("the clock itself"), look_at_the_clock },
	{ NAME("load"), load_one },
	{ NAME("load, dirty"), load_fresh },
	{ NAME("load, absent"), load_none },
	{ NAME("sixteen loads"), load_many },
	{ NAME("store"), store_one },
	{ NAME("store, dirty"), store_fresh },
	{ NAME("insert"), insert },
	{ NAME("delete, dirty"), delete_fresh },
	{ NAME("delete"), delete_one },
	{ NAME("range, a part"), next },
};

static const struct name deleted = NAME("range, keys deleted");
static const struct name statistics = NAME("statistics");
static const struct name promotion = NAME("promotion");
static const struct name clearing = NAME("clear");
static const struct name freeing = NAME("freeing");
static const struct name *const others[] = {
	&deleted, &statistics, &promotion, &clearing, &freeing,
};

static void time_calls(const struct name *name, void (*run)(void),
		       unsigned int calls)
{
	static struct steps steps;

	steps.runs = steps.count = steps.longest = 0;
	own = &steps;
	while (calls--) {
		rest(false);
		run();
		rest(true);
		rcu_quiescent();
	}
	own = NULL;
	sample_steps(name, &steps);
}

/* These take longer in a large map, and rest */

static void get_stats(void)
{
	struct syncmap_core_stats stats;

	syncmap_get_stats(&map, &stats);
}

static void promote(void)
{
	expect(!syncmap_build(&map, BUILD_REST, GFP_KERNEL));
}

static void time_steps(const struct name *name, void (*run)(void))
{
	static struct steps steps;

	steps.runs = steps.count = steps.longest = 0;
	own = &steps;
	do {
		rest(false);
		run();
		rest(true);
	} while (run != promote && steps.runs < LONG_RUN);
	own = NULL;
	sample_steps(name, &steps);
}

/* The workers free what a Clear has left them: all that there was */
static void time_clear(void)
{
	static struct steps steps;
	bool again;

	steps.runs = steps.count = steps.longest = 0;
	WRITE_ONCE(background, &steps);
	time_calls(&clearing, clear, 1);
	syncmap_token_release(&map);
	again = shim_offline();
	while (!syncmap_is_freed(&map))
		msleep(1);
	shim_online(again);
	WRITE_ONCE(background, NULL);
	sample_steps(&freeing, &steps);
}

static void free_value(void *value, void *arg)
{
}

static void store_all(u64 from, u64 to)
{
	for (; from < to; from++) {
		store(from);
		rcu_quiescent();
	}
}

/* With the builder token: no promotion comes unless it is measured */
static void open_map(void)
{
	const struct syncmap_params params = {
		.key_len = sizeof(u64), .free_value = free_value,
	};

	expect(!syncmap_init(&map, &params));
	store_all(0, n);
	expect(!syncmap_promote(&map));
	syncmap_token_wait(&map);
	fresh = n + n / FRESH_SHARE;
	store_all(n, fresh);
	gone = 0;
	cursor = 0;
}

/* A range finds nothing but tombstones; and then they are keys again */
static void range_over_deleted(void)
{
	while (gone < n)
		delete_one();
	cursor = 0;
	time_calls(&deleted, next, RUN * LONG_RUN);
	store_all(0, n);
}

static void run_size(void)
{
	const struct operation *op;

	rcu_enter();
	open_map();
	for (op = operations; op < operations + ARRAY_SIZE(operations); op++)
		time_calls(&op->name, op->run, RUN * RUNS);
	range_over_deleted();
	time_steps(&statistics, get_stats);
	time_steps(&promotion, promote);
	time_clear();
	syncmap_destroy(&map);
	rcu_leave();
	mem_trim();
}

static void print(const u64 *sizes, int columns)
{
	const int count = ARRAY_SIZE(operations) + ARRAY_SIZE(others);
	const char *of_run[count], *of_long_run[count];
	const struct name *name;
	int i;

	for (i = 0; i < count; i++) {
		name = i < ARRAY_SIZE(operations) ? &operations[i].name :
		       others[i - ARRAY_SIZE(operations)];
		of_run[i] = name->of_run;
		of_long_run[i] = name->of_long_run;
	}
	table_sizes("syncmap, the longest step of 32 in a row, us of CPU time",
		    sizes, columns, of_run, count);
	table_sizes("and of 1024", sizes, columns, of_long_run, count);
}

void run_steps(void)
{
	const u64 sizes[] = { 64 * K, options.quick ? M : 4 * M };
	int i, r;

	if (!takes_part(contender_index("syncmap")))
		return;
	bench_rest = rest;
	for (r = 0; r < options.repetitions; r++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			n = sizes[i];
			run_size();
		}
	}
	bench_rest = NULL;
	print(sizes, ARRAY_SIZE(sizes));
}
