// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contenders take turns: each repetition runs every workload, and each workload
 * every contender for a short while, another one first each time. So whatever
 * else the machine does hits all of them alike.
 */
#include "driver.h"

/* Time to bring a map back into the caches */
#define WARM_MS		2
#define WARM_NS_PER_KEY	30
#define WARM_MS_MAX	60

/* What takes as long as there are keys is done in small maps only */
#define SLOW_KEYS	(4 * K)

/* Behind the last one is one without a name */
const struct workload workloads[] = {
	{ "load", "any key", RUN_LOAD },
	{ "zipf", "any key, some much more often", RUN_LOAD_ZIPF },
	{ "miss", "a key that is absent", RUN_MISS },
	{ "latency", "the key that the last value leads to", RUN_LATENCY },
	{ "batch", "sixteen keys at once", RUN_BATCH },
	{ "99/1", "99 % loads, 1 % stores", RUN_MIX, 1 },
	{ "95/5", "95 % loads, 5 % stores", RUN_MIX, 5 },
	{ "zipf 95/5", "the same, some keys much more often", RUN_MIX_ZIPF, 5 },
	{ "50/50", "half loads, half stores", RUN_MIX, 50 },
	{ "5/95", "5 % loads, 95 % stores", RUN_MIX, 95 },
	{ "churn", "store, load and delete a new key", RUN_CHURN },
	{ "chase", "the key that the last object leads to", RUN_CHASE },
	{ "object", "any key, and look into its object", RUN_OBJECT },
	{ "payload 95/5", "small values, 95 % reads", RUN_PAYLOAD, 5 },
	{ "payload 50/50", "small values, half reads", RUN_PAYLOAD, 50 },
	{ "range", "all entries", RUN_RANGE },
	{}
};

static unsigned int turns, disturbed_turns;

static bool changes_keys(int type)
{
	return type == RUN_AMENDED || type == RUN_CHURN || type == RUN_INSERT ||
	       type == RUN_TIMED_INSERT || type == RUN_BUSY_INSERT ||
	       type == RUN_DELETE;
}

/* What a map can do that copies itself for each store */
bool stores_little(const struct workload *workload, u64 n)
{
	if (changes_keys(workload->type))
		return false;
	return !workload->writes || n <= SLOW_KEYS;
}

bool is_able(const struct contender *contender, const struct workload *workload,
	     u64 n)
{
	if (!contender->run[workload->type])
		return false;
	return !(contender->flags & CAN_NOT_STORE) ||
	       stores_little(workload, n);
}

static unsigned int warm_ms(u64 n)
{
	return WARM_MS + min_t(u64, n * WARM_NS_PER_KEY / 1000000, WARM_MS_MAX);
}

/* Keys that an operation is about */
static u64 keys_of(const struct workload *workload, u64 n)
{
	if (workload->type == RUN_RANGE)
		return n;
	return workload->type == RUN_BATCH ? BENCH_BATCH : 1;
}

/* Whether the contender is on the scene, and can do this */
static bool takes_turn(const struct scene *scene,
		       const struct workload *workload, int i)
{
	if (i >= CONTENDERS)
		return go_is_able(i - CONTENDERS, scene->kind, workload,
				  scene->n);
	return scene->maps[i] &&
	       is_able(kinds[scene->kind].contenders[i], workload, scene->n);
}

static void prepare(struct job *job, const struct scene *scene,
		    const struct workload *workload, int i)
{
	const struct contender *contender = kinds[scene->kind].contenders[i];
	int t;

	job_init(job, contender, scene->maps[i], scene->n,
		 contender->flags & CAN_NOT_SHARE ? 1 : scene->threads,
		 workload->type);
	for (t = 0; t < job->threads; t++)
		job->workers[t].writes = U32_MAX / 100 * workload->writes;
}

static double run(struct job *job, unsigned int warm, double *disturbed)
{
	if (warm)
		job_run(job, warm);
	job_run(job, options.slice_ms);
	*disturbed = job_disturbed(job);
	return job_rate(job);
}

/*
 * A turn in which other processes have taken the CPUs away is taken again; the
 * least disturbed one counts.
 */
static void take_turn(const struct scene *scene,
		      const struct workload *workload, int i)
{
	double best = 1, best_rate = 0, rate, disturbed;
	unsigned int warm = warm_ms(scene->n);
	struct job job;
	int try;

	if (i < CONTENDERS)
		prepare(&job, scene, workload, i);
	for (try = 0; try < TRIES && best > DISTURBED; try++, warm = 0) {
		rate = i < CONTENDERS ? run(&job, warm, &disturbed) :
		       go_rate(i - CONTENDERS, scene->kind, workload, scene->n,
			       scene->threads, warm, &disturbed);
		if (disturbed <= best) {
			best = disturbed;
			best_rate = rate;
		}
	}
	turns++;
	disturbed_turns += best > DISTURBED;
	sample(workload->name, "Mops", scene->kind, scene->n, scene->threads, i,
	       best_rate * keys_of(workload, scene->n));
}

static bool is_wanted(const struct workload *workload, const char *list)
{
	return is_listed(list, workload->name) &&
	       is_listed(options.workloads, workload->name);
}

static void print_turns(const struct scene *scene, const char *list)
{
	const struct workload *workload;
	const char *names[ARRAY_SIZE(workloads)];
	char title[80];
	int count = 0;

	for (workload = workloads; workload->name; workload++)
		if (is_wanted(workload, list))
			names[count++] = workload->name;
	snprintf(title, sizeof(title), "%s, %s keys, %d thread%s, Mops",
		 kinds[scene->kind].name, size_name(scene->n), scene->threads,
		 scene->threads > 1 ? "s" : "");
	table(title, scene->kind, scene->n, scene->threads, names, count);
}

/* With the workloads in a list with commas */
void take_turns(const struct scene *scene, const char *list)
{
	const struct workload *workload;
	int r, turn, i;

	for (r = 0; r < options.repetitions; r++) {
		for (workload = workloads; workload->name; workload++) {
			if (!is_wanted(workload, list))
				continue;
			for (turn = 0; turn < ENTRANTS; turn++) {
				i = (turn + r) % ENTRANTS;
				if (takes_turn(scene, workload, i))
					take_turn(scene, workload, i);
			}
		}
	}
	print_turns(scene, list);
}

void report_disturbed(void)
{
	if (turns)
		report("\n%.0f %% of the turns were disturbed by other processes.\n",
		       100.0 * disturbed_turns / turns);
}
