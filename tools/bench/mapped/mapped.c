// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map's mirror, read as any process reads it
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "syncmap_mapped.h"
#include "rival.h"

#define PAGE	4096

static struct syncmap_mapped mapped;
static void *base = MAP_FAILED;
static uint64_t size;
static const struct scene *at;

static void need(bool right)
{
	if (!right)
		abort();
}

/* What the device would show of it; where there is nothing, there are zeroes */
static void show(int file, uint32_t pages)
{
	struct shown shown;
	char *to;

	while (pages--) {
		need(read_store(&shown, sizeof(shown)));
		to = (char *)base + shown.at;
		need(mmap(to, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file,
			  (off_t)shown.page * PAGE) == to);
	}
}

double mapped_bytes;

static const char *open_mapped(const struct scene *scene)
{
	struct ask ask = {
		.what = ASK_OPEN, .key_len = scene->key_len,
		.value_len = scene->value_len, .n = scene->n,
	};
	struct told told;
	char path[64];
	int file;

	ask_store(&ask, &told);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", store_pid(), told.file);
	file = open(path, O_RDONLY | O_CLOEXEC);
	need(file >= 0);
	size = told.size;
	base = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE, -1, 0);
	need(base != MAP_FAILED);
	show(file, told.pages);
	close(file);
	need(!syncmap_mapped_attach(&mapped, base, size));
	mapped_bytes = (double)told.mirror_bytes / scene->n;
	at = scene;
	return NULL;
}

static void close_mapped(void)
{
	munmap(base, size);
}

static inline bool load_u64(const uint64_t *key, uint64_t *value)
{
	struct syncmap_mapped_result result;

	return !syncmap_mapped_load_u64(&mapped, key[0], value, VALUE_MAX,
					&result);
}

static inline bool load_value(const uint64_t *key, uint64_t *value)
{
	__u32 len;

	return !syncmap_mapped_load_value(&mapped, key[0], value, VALUE_MAX,
					  &len);
}

static inline bool load_bytes(const uint64_t *key, uint64_t *value)
{
	struct syncmap_mapped_result result;

	return !syncmap_mapped_load(&mapped, key, 16, value, VALUE_MAX, &result);
}

static void run_batched(struct run *run)
{
	static uint64_t keys[BATCH][KEY_MAX / 8], values[BATCH][VALUE_MAX / 8];
	struct syncmap_mapped_item items[BATCH];
	uint64_t i;
	int j;

	for (j = 0; j < BATCH; j++) {
		items[j].key = keys[j];
		items[j].buf = values[j];
		items[j].key_len = run->scene->key_len;
		items[j].size = VALUE_MAX;
	}
	for (i = 0; i < run->ops; i += BATCH) {
		for (j = 0; j < BATCH; j++)
			key_of(run->scene, keys[j], step(run));
		syncmap_mapped_load_batch(&mapped, items, BATCH);
		for (j = 0; j < BATCH; j++) {
			run->asked += items[j].status != 0;
			run->sum += values[j][0];
		}
	}
}

static void run_mapped(struct run *run)
{
	if (run->shape == BATCHED)
		run_batched(run);
	else if (run->scene->key_len == 8)
		RUN_SINGLE(run, load_u64);
	else
		RUN_SINGLE(run, load_bytes);
}

static void run_value(struct run *run)
{
	RUN_SINGLE(run, load_value);
}

/* It is opened already */
static const char *open_value(const struct scene *scene)
{
	return scene->key_len == 8 ? NULL : "keys are no integers";
}

static void close_value(void)
{
}

const struct rival rival_mapped = {
	.name = "mapped", .summary = "a map's mirror",
	.open = open_mapped, .run = run_mapped, .close = close_mapped,
};

const struct rival rival_value = {
	.name = "mapped, value", .summary = "the same, without revisions",
	.open = open_value, .run = run_value, .close = close_value,
	.shapes = 1 << BATCHED,
};
