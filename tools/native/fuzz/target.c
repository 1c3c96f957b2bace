// SPDX-License-Identifier: GPL-2.0-only
/*
 * One input: a sequence of steps, and what is left when they have been done.
 * With SHOW in the environment, each step is printed.
 */
#include <stdarg.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../../../module/core/core.h"
#include "fuzz.h"

void say(const struct fuzz *f, const char *format, ...)
{
	va_list args;

	if (!f->show)
		return;
	va_start(args, format);
	printf("%*s", 2 * f->depth, "");
	vprintf(format, args);
	printf("%s\n", f->fails ? ", without memory" : "");
	fflush(stdout);
	va_end(args);
}

static void background(struct fuzz *f)
{
	static const u64 pauses[] = {
		0, 0, NSEC_PER_SEC / 1000, NSEC_PER_SEC / 5, 2 * NSEC_PER_SEC,
	};
	u64 ns = pauses[take(&f->in, ARRAY_SIZE(pauses))];

	say(f, "background after %llu ns", ns);
	kernel_background(ns);
}

static void migrate(struct fuzz *f)
{
	kernel_run_on(take(&f->in, 256));
}

static const struct {
	void		(*fn)(struct fuzz *f);
	unsigned int	weight;
} steps[] = {
	{ fuzz_load,			4 },
	{ fuzz_load_many,		2 },
	{ fuzz_range,			2 },
	{ fuzz_next,			4 },
	{ fuzz_stats,			1 },
	{ fuzz_check,			1 },
	{ fuzz_store,			6 },
	{ fuzz_fill,			2 },
	{ fuzz_swap,			4 },
	{ fuzz_load_or_store,		4 },
	{ fuzz_load_or_compute,		3 },
	{ fuzz_load_and_delete,		4 },
	{ fuzz_delete,			3 },
	{ fuzz_erase,			1 },
	{ fuzz_compare_and_swap,	4 },
	{ fuzz_compare_and_delete,	3 },
	{ fuzz_reserve,			4 },
	{ fuzz_unreserve,		1 },
	{ fuzz_refuse,			1 },
	{ fuzz_clear,			1 },
	{ fuzz_promote,			3 },
	{ background,			4 },
	{ migrate,			2 },
};

#define WEIGHTS		64		/* their sum */
#define FAILS		8		/* of so many more, an allocation fails */
#define FAIL_MAX	8

void step(struct fuzz *f)
{
	unsigned int n = take(&f->in, WEIGHTS + FAILS);
	unsigned int i;

	f->fails = n >= WEIGHTS;
	current->fail_nth = 0;
	if (f->fails) {
		n = take(&f->in, WEIGHTS);
		current->fail_nth = 1 + take(&f->in, FAIL_MAX);
	}
	for (i = 0; n >= steps[i].weight; i++)
		n -= steps[i].weight;
	steps[i].fn(f);
	current->fail_nth = 0;
	f->fails = false;
}

void interlude(struct fuzz *f)
{
	bool failed = f->fails;

	if (f->depth <= DEPTH_MAX && take(&f->in, 8) == 1)
		step(f);
	f->fails = failed;
}

static void freed(void *value, void *arg)
{
	struct fuzz *f = arg;

	f->model.freed[value_number(value)]++;
}

/* They are used all the time */
static void begin_hashed(struct fuzz *f)
{
	const struct key *key;
	unsigned int i;

	for (i = 0; i < f->kind->keys; i++) {
		key = kind_key(f->kind, i);
		syncmap_hashed_key_init(&f->hashed[i], key->bytes, key->len);
	}
}

static void begin(struct fuzz *f, const u8 *data, size_t size)
{
	struct syncmap_params params;
	bool frees;

	kernel_begin();
	f->in = (struct input){ data, size };
	f->kind = kind_pick(take(&f->in, 256));
	frees = take(&f->in, 2) == 0;
	model_begin(&f->model, f->kind->keys);
	begin_hashed(f);
	memset(f->reserved, 0, sizeof(f->reserved));
	memset(f->computing, 0, sizeof(f->computing));
	f->cursors[0].moving = f->cursors[1].moving = false;
	f->depth = 0;
	f->fails = false;
	say(f, "a map of %s, values %s", f->kind->name, frees ? "freed" : "kept");
	params = f->kind->params;
	if (frees) {
		params.free_value = freed;
		params.free_arg = f;
	}
	if (syncmap_init(&f->map, &params))
		wrong("a map is not made");
}

/* All has been given back: reservations, memory, values */
static void end(struct fuzz *f, unsigned long allocated)
{
	bool frees = f->map.params.free_value;
	unsigned int i;

	fuzz_look(f);
	fuzz_range(f);
	fuzz_check(f);
	for (i = 0; i < RESERVED; i++)
		if (f->reserved[i].res)
			syncmap_unreserve(&f->map, f->reserved[i].res);
	for (i = 0; i < f->kind->keys; i++)
		syncmap_finish_hashed(&f->map, &f->hashed[i], GFP_NOWAIT);
	model_clear(&f->model);
	syncmap_destroy(&f->map);
	kernel_background(0);
	if (kernel_allocated() != allocated)
		wrong("memory is left");
	for (i = 0; frees && i < VALUES; i++)
		if (f->model.freed[i] != f->model.due[i])
			wrong("value %u is freed %u times, not %u", i,
			      f->model.freed[i], f->model.due[i]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return syncmap_core_init();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct fuzz f;
	unsigned long allocated = kernel_allocated();

	f.show = getenv("SHOW");
	begin(&f, data, size);
	while (f.in.left)
		step(&f);
	end(&f, allocated);
	return 0;
}
