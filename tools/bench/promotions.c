// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thread loads, each operation timed, while another one promotes the map
 * again and again; and the same reader beside one that only loads, too.
 */
#include "driver.h"

static const char *const promoting[] = {
	"promoting p50", "promoting p99", "promoting p99.9", "promoting worst",
};
static const char *const resting[] = {
	"resting p50", "resting p99", "resting p99.9", "resting worst",
};

static bool promotes(const struct contender *contender, u64 n)
{
	return contender->promote && is_plain(contender, n);
}

static void measure(struct scene *scene, int i, int other,
		    const char *const *names)
{
	static struct histogram loads;
	u64 n = scene->n;
	struct job job;
	double tail;

	memset(&loads, 0, sizeof(loads));
	job_init(&job, kinds[scene->kind].contenders[i], scene->maps[i], n, 2,
		 RUN_TIMED_LOAD);
	job.workers[0].times = &loads;
	job.type[1] = other;
	job_run(&job, 10 * options.slice_ms);
	sample(names[0], "ns", scene->kind, n, 2, i, histogram_ns(&loads, .5));
	sample(names[1], "ns", scene->kind, n, 2, i, histogram_ns(&loads, .99));
	tail = histogram_ns(&loads, .999);
	sample(names[2], "ns", scene->kind, n, 2, i, tail);
	sample(names[3], "us", scene->kind, n, 2, i,
	       clock_ns(loads.longest) / 1000);
	if (other == RUN_PROMOTE)
		sample("promotion", "ns", scene->kind, n, 2, i,
		       (double)job.ns[1] / job.workers[1].ops / n);
}

static void run_size(u64 n)
{
	struct scene scene = { .kind = KIND_U64, .n = n, .threads = 2 };
	const char *const cost[] = { "promotion" };
	char title[80];
	int r, i;

	scene_open(&scene, plain_value, &n, promotes);
	for (r = 0; r < options.repetitions; r++) {
		for (i = 0; i < CONTENDERS; i++) {
			if (!scene.maps[i])
				continue;
			measure(&scene, i, RUN_LOAD, resting);
			measure(&scene, i, RUN_PROMOTE, promoting);
		}
	}
	scene_close(&scene);
	snprintf(title, sizeof(title),
		 "%s u64 keys: loads while the map rests, ns (worst: us)",
		 size_name(n));
	table(title, KIND_U64, n, 2, resting, 4);
	table("the same during promotions without a break", KIND_U64, n, 2,
	      promoting, 4);
	table("a promotion, ns per key", KIND_U64, n, 2, cost, 1);
}

void run_promotions(void)
{
	run_size(64 * K);
	run_size(M);
}
