// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process with the store: real code on the shims of the tests. It fills maps,
 * writes into them, and tells where the pages of their mirror are.
 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "module/core/core.h"
#include "module/store/fresh.h"
#include "module/store/job.h"
#include "module/store/map.h"
#include "module/store/mirror.h"
#include "module/store/op.h"
#include "module/store/request.h"
#include "module/store/window.h"

#include "link.h"

#define TIMED		(1U << 17)
#define ROUNDS		3

static struct bytemap *mirrored, *plain;
static struct ask scene;
static u32 rate;
static bool running;
static u64 written, written_ns;
static pthread_t writer;
static struct syncmap_op op;

static u64 clock_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (u64)time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static void need(bool right)
{
	if (!right)
		abort();
}

static void store(struct bytemap *map, u64 number)
{
	u64 key[KEY_MAX / 8], value[VALUE_MAX / 8];
	struct syncmap_answer answer = { };
	struct syncmap_op store = {
		.op = SYNCMAP_OP_STORE, .key_len = scene.key_len,
		.value_len = scene.value_len,
	};
	struct bytemap_request req = {
		.op = &store, .answer = &answer, .key = key, .value = value,
	};

	link_key(key, scene.key_len, number);
	link_value(value, scene.value_len, number, scene.n);
	if (scene.value_len > BYTEMAP_SMALL) {
		need(!bytemap_fresh_for(map, &req));
		memcpy(req.fresh->bytes, value, scene.value_len);
		req.value = req.fresh->bytes;
	}
	need(!bytemap_op(map, &req));
	bytemap_request_release(&req);
}

static void load(struct bytemap *map, u64 number)
{
	u64 key[KEY_MAX / 8];
	struct syncmap_answer answer = { };
	struct bytemap_request req = {
		.op = &op, .answer = &answer, .key = key,
	};

	link_key(key, scene.key_len, number);
	need(!bytemap_op(map, &req));
	bytemap_request_release(&req);
}

static struct bytemap *open_map(u32 flags)
{
	const struct syncmap_create create = {
		.flags = flags, .mode = 0600,
		.key_type = scene.key_len == 8 ? SYNCMAP_KEY_U64 :
						 SYNCMAP_KEY_BYTES,
		.limits = {
			.entries = 2 * scene.n, .bytes = 1ULL << 30,
			.key_size = scene.key_len == 8 ? 0 : KEY_MAX,
			.value_size = VALUE_MAX,
		},
	};
	struct syncmap_error error = { };
	struct bytemap *map = bytemap_create(&create, &error);
	u64 number;

	need(!IS_ERR(map));
	for (number = 0; number < scene.n; number++)
		store(map, number);
	return map;
}

static void close_maps(void)
{
	if (!mirrored)
		return;
	bytemap_put(mirrored);
	bytemap_put(plain);
	bytemap_wait_ended();
	mirrored = NULL;
}

/* A map that grew has its last index, and nothing spilled that would fit */
static void wait_for_rest(void)
{
	struct bytemap_mirror *mirror = mirrored->mirror;
	unsigned int quiet = 0;

	while (quiet++ < 10) {
		usleep(100000);
		if (READ_ONCE(mirror->phase) != MIRROR_RESTS ||
		    READ_ONCE(mirror->repairs))
			quiet = 0;
	}
}

static void tell(struct told *told)
{
	told->written = __atomic_exchange_n(&written, 0, __ATOMIC_RELAXED);
	told->written_ns = __atomic_exchange_n(&written_ns, 0, __ATOMIC_RELAXED);
	need(write(STDOUT_FILENO, told, sizeof(*told)) == sizeof(*told));
}

static struct page *page_at(u64 at)
{
	struct page *page;

	rcu_read_lock();
	page = bytemap_mirror_page(mirrored->mirror, at);
	rcu_read_unlock();
	return page;
}

static u32 count_pages(u64 size)
{
	u32 pages = 0;
	u64 at;

	for (at = 0; at < size; at += PAGE_SIZE)
		pages += !!page_at(at);
	return pages;
}

static void tell_pages(u64 size)
{
	struct shown shown;
	struct page *page;
	u64 at;

	for (at = 0; at < size; at += PAGE_SIZE) {
		page = page_at(at);
		if (!page)
			continue;
		shown = (struct shown){ at, page_to_pfn(page) };
		need(fwrite(&shown, sizeof(shown), 1, stdout) == 1);
	}
	fflush(stdout);
}

static void answer_open(struct told *told)
{
	struct bytemap_mirror_stats stats = { };

	close_maps();
	op = (struct syncmap_op){
		.op = SYNCMAP_OP_LOAD, .key_len = scene.key_len,
		.out_size = VALUE_MAX,
	};
	mirrored = open_map(SYNCMAP_CREATE_MAPPED);
	plain = open_map(0);
	wait_for_rest();
	bytemap_mirror_get_stats(mirrored->mirror, &stats);
	told->size = PAGE_ALIGN(mirrored->mirror->size);
	told->file = shim_page_file;
	told->pages = count_pages(told->size);
	told->mirror_bytes = stats.mirror_bytes;
	tell(told);
	tell_pages(told->size);
}

/* What is due by now, but no more than in 2 ms: who has no CPU does not catch up */
static void *write_at_rate(void *arg)
{
	u64 start = clock_of(CLOCK_MONOTONIC), due, number = 1, done = 0, now;

	(void)arg;
	while (READ_ONCE(running)) {
		now = clock_of(CLOCK_MONOTONIC);
		due = (now - start) * rate / NSEC_PER_SEC;
		if (due > done + rate / 500)
			done = due - rate / 500;
		for (; done < due; done++) {
			number = link_mix(number + 1);
			store(mirrored, number & (scene.n - 1));
			__atomic_add_fetch(&written, 1, __ATOMIC_RELAXED);
		}
	}
	__atomic_store_n(&written_ns, clock_of(CLOCK_MONOTONIC) - start,
			 __ATOMIC_RELAXED);
	return NULL;
}

static void answer_write(struct told *told, u32 new_rate)
{
	if (running) {
		WRITE_ONCE(running, false);
		pthread_join(writer, NULL);
	}
	rate = new_rate;
	if (rate) {
		running = true;
		need(!pthread_create(&writer, NULL, write_at_rate, NULL));
	}
	tell(told);
}

static double time_one(struct bytemap *map,
		       void (*fn)(struct bytemap *map, u64 number))
{
	u64 start = clock_of(CLOCK_THREAD_CPUTIME_ID), number = 1;
	unsigned int i;

	for (i = 0; i < TIMED; i++) {
		number = link_mix(number + i);
		fn(map, number & (scene.n - 1));
	}
	return (double)(clock_of(CLOCK_THREAD_CPUTIME_ID) - start) / TIMED;
}

static void answer_time(struct told *told)
{
	unsigned int i;

	told->store_ns = told->plain_ns = told->load_ns = 1e9;
	for (i = 0; i < ROUNDS; i++) {
		told->plain_ns = min(told->plain_ns, time_one(plain, store));
		told->store_ns = min(told->store_ns, time_one(mirrored, store));
		told->load_ns = min(told->load_ns, time_one(plain, load));
	}
	tell(told);
}

static bool answer(const struct ask *ask)
{
	struct told told = { };

	switch (ask->what) {
	case ASK_OPEN:
		scene = *ask;
		answer_open(&told);
		return true;
	case ASK_WRITE:
		answer_write(&told, ask->rate);
		return true;
	case ASK_TIME:
		answer_time(&told);
		return true;
	}
	return false;
}

int main(void)
{
	struct ask ask;

	need(!syncmap_core_init() && !bytemap_job_start());
	while (read(STDIN_FILENO, &ask, sizeof(ask)) == sizeof(ask))
		if (!answer(&ask))
			break;
	close_maps();
	return 0;
}
