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

bool is_able(const struct contender *contender, const struct workload *workload,
	     u64 n)
{
	if (!contender->run[workload->type])
		return false;
	if (!(contender->flags & CAN_NOT_STORE))
		return true;
	if (changes_keys(workload->type) || workload->writes > 1)
		return false;
	return !workload->writes || n <= SLOW_KEYS;
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
	job_run(&job, WARM_MS + min_t(u64, scene->n * WARM_NS_PER_KEY / 1000000,
				      WARM_MS_MAX));
	sample(workload->name, "Mops", scene->kind, scene->n, scene->threads, i,
	       undisturbed_rate(&job) * max(workload->keys, 1U));
}

void take_turns(struct scene *scene, const struct workload *workloads,
		int count)
{
	const struct workload *workload;
	int r, i, turn;

	for (r = 0; r < options.repetitions; r++) {
		for (workload = workloads; workload < workloads + count;
		     workload++) {
			for (turn = 0; turn < CONTENDERS; turn++) {
				i = (turn + r) % CONTENDERS;
				if (scene->maps[i] &&
				    is_listed(options.workloads,
					      workload->name) &&
				    is_able(kinds[scene->kind].contenders[i],
					    workload, scene->n))
					take_turn(scene, workload, i);
			}
		}
	}
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
