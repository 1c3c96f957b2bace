// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of a run, and those that are only turns on maps at rest.
 */
#include <linux/slab.h>

#include "driver.h"

const struct part parts[] = {
	{ "mixes", "loads and stores of present keys, by size and kind of key",
	  run_mixes },
	{ "objects", "load, and look into the object", run_objects },
	{ "amended", "loads while new keys come and go", run_amended },
	{ "payloads", "small values that change", run_payloads },
	{ "ranges", "visit all entries, with and without dirty keys", run_ranges },
	{ "growth", "from no key to many, and how long each operation takes",
	  run_growth },
	{ "longest", "the longest operation while a map grows, in CPU time",
	  run_longest },
	{ "promotions", "loads while the map is reorganised all the time",
	  run_promotions },
	{ "steps", "the longest that each operation goes on in one go",
	  run_steps },
	{ "memory", "bytes in use while nine keys of ten are deleted",
	  run_memory },
	{ "sizes", "from a thousand to sixteen million keys", run_sizes },
	{ "scaling", "one, two and four threads", run_scaling },
	{ "versus", "what articles compare, by one to eight threads",
	  run_versus },
	{ "claims", "what is said of Go's maps, in C", run_claims },
	{ "gobench", "the benchmarks of Go's sync.Map", run_gobench },
	{}
};

/* The largest maps of all together need too much memory */
#define LARGE_KEYS	(4 * M)

static bool is_wanted(const struct contender *contender, u64 n)
{
	static const char few[] = "syncmap,rhash,cow,shards,lfht,godesign";

	return is_plain(contender, n) &&
	       (n <= LARGE_KEYS || is_listed(few, contender->name));
}

static void run_kind(int kind, u64 n, const char *list)
{
	struct scene scene = { .kind = kind, .n = n, .threads = 2 };

	scene_open(&scene, plain_value, &n, is_wanted);
	take_turns(&scene, list);
	scene_close(&scene);
}

/* Only a full run has these: the targets are about the others */
static bool is_optional(int kind, u64 n)
{
	if (kind == KIND_U64_SIP)
		return n != M;
	return kind != KIND_U64 && n != 64 * K;
}

static const char mixes[] =
	"load,zipf,miss,latency,batch,99/1,95/5,zipf 95/5,50/50,5/95,churn";

void run_mixes(void)
{
	static const u64 sizes[] = { K, 64 * K, M };
	int kind, i;

	for (kind = 0; kind < KINDS; kind++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			if (!is_listed(options.kinds, kinds[kind].name) ||
			    (!options.full && is_optional(kind, sizes[i])))
				continue;
			run_kind(kind, sizes[i], mixes);
		}
	}
}

static bool everyone(const struct contender *contender, u64 n)
{
	return true;
}

static void run_object_kind(int kind, u64 n)
{
	struct scene scene = { .kind = kind, .n = n, .threads = 2 };
	struct object *objects = objects_make(n);

	scene_open(&scene, object_value, objects, everyone);
	take_turns(&scene, "chase,object");
	scene_close(&scene);
	kvfree(objects);
}

void run_objects(void)
{
	static const u64 sizes[] = { 64 * K, M };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		run_object_kind(KIND_U64, sizes[i]);
		if (options.full)
			run_object_kind(KIND_16, sizes[i]);
	}
}

static bool has_payload(const struct contender *contender, u64 n)
{
	return contender->fill_payload;
}

void run_payloads(void)
{
	static const u64 sizes[] = { 64 * K, M };
	struct scene scene = { .kind = KIND_U64, .threads = 2 };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		scene.n = sizes[i];
		scene_open(&scene, NULL, NULL, has_payload);
		take_turns(&scene, "payload 95/5,payload 50/50");
		scene_close(&scene);
	}
}

/* Whether an earlier part has had this */
static bool is_done(const char *workload, u64 n, int threads)
{
	int i;

	for (i = 0; i < CONTENDERS; i++)
		if (cell_find(workload, KIND_U64, n, threads, i))
			return true;
	return false;
}

void run_sizes(void)
{
	u64 n;

	for (n = K; n <= (options.quick ? M : 16 * M); n *= 4)
		if (!is_done("latency", n, 2))
			run_kind(KIND_U64, n, "load,miss,latency");
}

void run_scaling(void)
{
	static const u64 sizes[] = { 64 * K, M };
	struct scene scene = { .kind = KIND_U64 };
	int i, threads;

	if (cpus() < 4)
		report("\nFour threads share %d CPUs here.\n", cpus());
	for (i = 0; i < (options.quick ? 1 : ARRAY_SIZE(sizes)); i++) {
		scene.n = sizes[i];
		scene.threads = 4;
		scene_open(&scene, plain_value, &scene.n, is_plain);
		for (threads = 1; threads <= 4; threads *= 2) {
			if (is_done("50/50", sizes[i], threads))
				continue;
			scene.threads = threads;
			take_turns(&scene, "load,95/5,50/50");
		}
		scene_close(&scene);
	}
}

static bool is_compared(const struct contender *contender, u64 n)
{
	static const char names[] =
		"syncmap,rwlock,mutex,shards,shards64,cow,owner,merged";

	return is_listed(names, contender->name);
}

/* As many keys as can be copied for each store */
void run_versus(void)
{
	struct scene scene = { .kind = KIND_U64, .n = 4 * K, .threads = 8 };
	int threads;

	if (cpus() < 8)
		report("\nEight threads share %d CPUs here.\n", cpus());
	scene_open(&scene, plain_value, &scene.n, is_compared);
	for (threads = 1; threads <= 8; threads *= 2) {
		scene.threads = threads;
		take_turns(&scene, "95/5,50/50,5/95");
	}
	scene_close(&scene);
}
