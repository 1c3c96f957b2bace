// SPDX-License-Identifier: GPL-2.0-only
/*
 * All entries are visited: of every contender at rest; and of this map with keys
 * in the dirty table, whose buckets a range must not pay for. The dirty table is
 * small, as in a map that rests, or large, as in one that has just grown.
 */
#include <linux/rcupdate.h>

#include "driver.h"
#include "module/core/internal.h"
#include "rt/mem.h"

#define SETS		4

/* Keys in the dirty table */
static const unsigned int dirty_keys[SETS] = { 0, 1, 10, 1000 };

static const char *const at_rest[SETS] = {
	"range, 0 dirty", "range, 1 dirty", "range, 10 dirty",
	"range, 1000 dirty",
};
static const char *const grown[SETS] = {
	"range, grown, 0 dirty", "range, grown, 1 dirty",
	"range, grown, 10 dirty", "range, grown, 1000 dirty",
};

static struct syncmap maps[SETS];

static void store_all(struct syncmap *map, u64 from, u64 to, gfp_t gfp)
{
	struct key key;
	u64 i;

	for (i = from; i < to; i++) {
		key = key_of(i);
		if (syncmap_store(map, &key, sizeof(key), value_of(i, M), gfp))
			abort();
		rcu_quiescent();
	}
}

/*
 * A map of @n keys, of which a promotion has just moved one half, and @dirty
 * more. The builder token keeps it from being promoted again.
 */
static void open_map(struct syncmap *map, u64 n, unsigned int dirty, bool rest)
{
	const struct syncmap_params params = { .key_len = sizeof(u64) };
	struct syncmap_core_stats stats;

	if (syncmap_init(map, &params))
		abort();
	store_all(map, 0, n / 2, GFP_KERNEL);
	if (syncmap_promote(map))
		abort();
	syncmap_token_wait(map);
	/* There is room for them, and nobody to wait for */
	store_all(map, n / 2, n, GFP_ATOMIC);
	if (syncmap_build(map, rest, GFP_KERNEL))
		abort();
	store_all(map, n, n + dirty, GFP_ATOMIC);
	syncmap_get_stats(map, &stats);
	if (stats.count != n + dirty || stats.dirty_keys != dirty)
		abort();
}

static int visit(const struct syncmap_entry *entry, void *sum)
{
	*(u64 *)sum += value_number(entry->value);
	return 0;
}

/* Whole ranges, for @ms at least: nanoseconds of this thread per entry */
static double ns_per_entry(struct syncmap *map, u64 entries, unsigned int ms)
{
	u64 start = busy_ns(CLOCK_THREAD_CPUTIME_ID);
	u64 ranges = 0, sum = 0, ns;

	do {
		syncmap_range(map, visit, &sum);
		rcu_quiescent();
		ranges++;
		ns = busy_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	} while (ns < ms * 1000000ULL);
	return (double)ns / (ranges * entries);
}

/* Each takes its turn in each repetition, another one first each time */
static void range_beside(u64 n, bool rest, const char *const *names)
{
	int r, i, turn;

	rcu_enter();
	for (i = 0; i < SETS; i++)
		open_map(&maps[i], n, dirty_keys[i], rest);
	for (r = 0; r < options.repetitions; r++) {
		for (turn = 0; turn < SETS; turn++) {
			i = (turn + r) % SETS;
			ns_per_entry(&maps[i], n + dirty_keys[i], 1);
			sample(names[i], "ns", KIND_U64, n, 1,
			       contender_index("syncmap"),
			       ns_per_entry(&maps[i], n + dirty_keys[i],
					    options.slice_ms));
		}
	}
	for (i = 0; i < SETS; i++) {
		syncmap_token_release(&maps[i]);
		syncmap_destroy(&maps[i]);
	}
	rcu_leave();
	mem_trim();
}

static void run_dirty(void)
{
	const u64 sizes[] = { 64 * K, options.quick ? M : 4 * M };
	int i;

	if (!takes_part(contender_index("syncmap")))
		return;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		range_beside(sizes[i], true, at_rest);
		range_beside(sizes[i], false, grown);
	}
	table_sizes("syncmap, a range with dirty keys, ns per entry", sizes,
		    ARRAY_SIZE(sizes), at_rest, SETS);
	table_sizes("the same in a map that has just grown", sizes,
		    ARRAY_SIZE(sizes), grown, SETS);
}

void run_ranges(void)
{
	static const u64 sizes[] = { K, M };
	struct scene scene = { .kind = KIND_U64, .threads = 1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		scene.n = sizes[i];
		scene_open(&scene, plain_value, &scene.n, is_plain);
		take_turns(&scene, "range");
		scene_close(&scene);
	}
	run_dirty();
}
