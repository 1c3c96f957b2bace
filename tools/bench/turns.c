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

/* What takes as long as there are keys is done rarely, or in small maps only */
#define SLOW_KEYS	(4 * K)

static unsigned int turns, disturbed_turns;

static bool changes_keys(int type)
{
	return type == RUN_AMENDED || type == RUN_CHURN || type == RUN_INSERT ||
	       type == RUN_TIMED_INSERT || type == RUN_DELETE;
}

/* What a map can do that copies itself for each store */
bool stores_rarely(const struct workload *workload, u64 n)
{
	if (changes_keys(workload->type) || workload->writes > 1)
		return false;
	return !workload->writes || n <= SLOW_KEYS;
}

bool is_able(const struct contender *contender, const struct workload *workload,
	     u64 n)
{
	if (!contender->run[workload->type])
		return false;
	return !(contender->flags & CAN_NOT_STORE) ||
	       stores_rarely(workload, n);
}

/*
 * A turn in which other processes have taken the CPUs away is taken again; the
 * least disturbed one counts.
 */
static double undisturbed_rate(struct job *job)
{
	double best = 1, rate = 0, disturbed;
	int i;

	for (i = 0; i < TRIES && best > DISTURBED; i++) {
		job_run(job, options.slice_ms);
		disturbed = job_disturbed(job);
		if (disturbed <= best) {
			best = disturbed;
			rate = job_rate(job);
		}
	}
	turns++;
	disturbed_turns += best > DISTURBED;
	return rate;
}

double turns_disturbed(void)
{
	return turns ? (double)disturbed_turns / turns : 0;
}

static unsigned int warm_ms(u64 n)
{
	return WARM_MS + min_t(u64, n * WARM_NS_PER_KEY / 1000000, WARM_MS_MAX);
}

static void take_turn(const struct scene *scene,
		      const struct workload *workload, int i)
{
	const struct contender *contender = kinds[scene->kind].contenders[i];
	bool alone = contender->flags & CAN_NOT_SHARE;
	struct job job;
	int t;

	job_init(&job, contender, scene->maps[i], scene->n,
		 alone ? 1 : scene->threads, workload->type);
	for (t = 0; t < job.threads; t++)
		job.workers[t].writes = U32_MAX / 100 * workload->writes;
	job_run(&job, warm_ms(scene->n));
	sample(workload->name, "Mops", scene->kind, scene->n, scene->threads, i,
	       undisturbed_rate(&job) * max(workload->keys, 1U));
}

static void take_go_turn(const struct scene *scene,
			 const struct workload *workload, int i)
{
	double best = 1, best_rate = 0, rate, disturbed;
	int try;

	for (try = 0; try < TRIES && best > DISTURBED; try++) {
		rate = go_rate(i, scene->kind, workload, scene->n,
			       scene->threads, try ? 0 : warm_ms(scene->n),
			       &disturbed);
		if (disturbed <= best) {
			best = disturbed;
			best_rate = rate;
		}
	}
	turns++;
	disturbed_turns += best > DISTURBED;
	sample(workload->name, "Mops", scene->kind, scene->n, scene->threads,
	       CONTENDERS + i, best_rate);
}

/* Whose turn it is, if he can do it */
static void offer_turn(const struct scene *scene,
		       const struct workload *workload, int i)
{
	if (!is_listed(options.workloads, workload->name))
		return;
	if (i >= CONTENDERS) {
		i -= CONTENDERS;
		if (go_is_able(i, scene->kind, workload, scene->n))
			take_go_turn(scene, workload, i);
	} else if (scene->maps[i] &&
		   is_able(kinds[scene->kind].contenders[i], workload,
			   scene->n)) {
		take_turn(scene, workload, i);
	}
}

void take_turns(struct scene *scene, const struct workload *workloads,
		int count)
{
	const struct workload *workload;
	int r, turn;

	for (r = 0; r < options.repetitions; r++)
		for (workload = workloads; workload < workloads + count;
		     workload++)
			for (turn = 0; turn < ENTRANTS; turn++)
				offer_turn(scene, workload,
					   (turn + r) % ENTRANTS);
}

void print_turns(const struct scene *scene, const struct workload *workloads,
		 int count)
{
	const char *names[16];
	char title[80];
	int i, listed = 0;

	for (i = 0; i < count; i++)
		if (is_listed(options.workloads, workloads[i].name))
			names[listed++] = workloads[i].name;
	snprintf(title, sizeof(title), "%s, %s keys, %d thread%s, Mops",
		 kinds[scene->kind].name, size_name(scene->n), scene->threads,
		 scene->threads > 1 ? "s" : "");
	table(title, scene->kind, scene->n, scene->threads, names, listed);
}
