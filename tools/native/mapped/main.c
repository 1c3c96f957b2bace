// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: mapped [-t SECONDS] [-p PROCESSES] [-r THREADS] [-w WRITERS] [-s SEED] [-u]
 *
 * Threads that write into a map by the store's calls; threads and processes that
 * load from what they have mapped of it, and by the store's call, in turn. Fails
 * at the first thing that does not fit. -u: keys are integers.
 */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/string.h>

#include "module/core/core.h"
#include "module/store/clear.h"
#include "module/store/job.h"
#include "module/store/map.h"
#include "module/store/mirror.h"
#include "module/store/window.h"

#include "kernel.h"

static struct {
	unsigned int	seconds, processes, threads, writers, seed;
	bool		integers;
} opt = { .seconds = 10, .processes = 2, .threads = 1, .writers = 2, .seed = 1 };

static pthread_t started[32];
static unsigned int nr_started;

void reader_step(const volatile void *address)
{
	shim_point(address, false);
}

/* Before there are threads; they wait for the map */
static void fork_readers(void)
{
	struct reader *reader;
	unsigned int id;

	for (id = 0; id < opt.processes + opt.threads; id++) {
		reader = &shared->reader[id];
		reader->id = id;
		reader->is_process = id < opt.processes;
		if (!reader->is_process || fork())
			continue;
		reader_wait(&reader->show);
		reader_rest(&reader->show);
		reader_run_process(reader);
	}
}

static void start(void *(*fn)(void *arg), void *arg)
{
	if (pthread_create(&started[nr_started++], NULL, fn, arg))
		abort();
}

static void *run_reader(void *arg)
{
	reader_run(arg);
	return NULL;
}

static void *run_server(void *arg)
{
	serve(arg);
	return NULL;
}

static void *run_writer(void *arg)
{
	write_keys((long)arg, opt.writers);
	return NULL;
}

static void *run_tides(void *arg)
{
	write_tides();
	return NULL;
}

static void *run_clears(void *arg)
{
	write_clears();
	return NULL;
}

static void start_all(void)
{
	struct reader *reader;
	unsigned long i;

	for (i = 0; i < opt.processes + opt.threads; i++) {
		reader = &shared->reader[i];
		reader->size = shared->size;
		start(run_server, reader);
		if (!reader->is_process)
			start(run_reader, reader);
		else
			reader_ring(&reader->show, 1);
	}
	for (i = 0; i < opt.writers; i++)
		start(run_writer, (void *)i);
	start(run_tides, NULL);
	start(run_clears, NULL);
}

static void stop_all(void)
{
	unsigned int n;

	for (n = 0; n < opt.seconds * 50 && !reader_is_stopped(); n++)
		usleep(20000);
	WRITE_ONCE(shared->stop, true);
	while (nr_started)
		pthread_join(started[--nr_started], NULL);
	for (n = 0; n < opt.processes; n++)
		wait(NULL);
}

/* Until the mirror has nothing to do any more */
static bool has_settled(void)
{
	struct bytemap_mirror *mirror = the_map->mirror;
	unsigned int ms;

	for (ms = 0; ms < 20000; ms += 20) {
		usleep(20000);
		if (data_race(mirror->phase == MIRROR_RESTS &&
			      mirror->head->floor == mirror->floor) &&
		    bytemap_is_mirrored(the_map) && !READ_ONCE(mirror->repairs))
			return true;
	}
	return false;
}

/* All is quiet: by both ways there is the same */
static void compare_all(struct reader *reader, unsigned int *asked)
{
	static struct answer seen, said;
	unsigned int k;
	int ret;

	for (k = 0; k < KEYS; k++) {
		ret = reader_load_once(reader, k, &seen);
		serve_load(k, &said);
		if (ret == 1)
			++*asked;
		else if ((!ret || ret == -EMSGSIZE) != !said.ret)
			reader_fail("differs in the end", k, ret, said.ret);
		else if (!said.ret && seen.revision != said.revision)
			reader_fail("is another in the end", k, seen.revision,
				    said.revision);
	}
}

static bool is_all_zero(const struct page *page)
{
	return !memchr_inv(page_address(page), 0, PAGE_SIZE);
}

/* What was cleared is nowhere to be read */
static void look_for_remains(void)
{
	struct page *page;
	u64 at;

	if (bytemap_clear(the_map) || bytemap_clear_wait(the_map) || !has_settled())
		reader_fail("no rest after a Clear", 0, 0, 0);
	for (at = the_map->mirror->arena_at; at < the_map->mirror->size;
	     at += PAGE_SIZE) {
		rcu_read_lock();
		page = bytemap_mirror_page(the_map->mirror, at);
		rcu_read_unlock();
		if (page && !is_all_zero(page))
			reader_fail("something remains", 0, at, 0);
	}
}

static void look_at_end(void)
{
	struct reader *reader = &shared->reader[READERS_MAX - 1];
	static struct answer answer;
	unsigned int asked = 0;

	reader->size = shared->size;
	start(run_server, reader);
	/* What nobody had mapped may have been given back: from here on somebody has */
	reader_load_once(reader, 0, &answer);
	if (!has_settled())
		reader_fail("no rest", 0, the_map->mirror->phase, 0);
	compare_all(reader, &asked);
	printf("in the end %u of %u were asked\n", asked, KEYS);
	look_for_remains();
	reader_ring(&reader->request, REQUEST_END);
	reader_wait_rest(&reader->request);
	pthread_join(started[--nr_started], NULL);
}

static void expect(const char *what, u64 count, u64 least)
{
	printf(" %s %llu", what, count);
	if (count < least)
		reader_fail(what, 0, count, least);
}

/* A race that has not been is not won */
static void print_counts(void)
{
	struct counts sum = { };
	u64 *to = (u64 *)&sum;
	unsigned int id, i;

	for (id = 0; id < READERS_MAX; id++)
		for (i = 0; i < sizeof(sum) / sizeof(u64); i++)
			to[i] += ((u64 *)&shared->reader[id].counts)[i];
	expect("loads: mapped", sum.mapped, 10000);
	expect("found", sum.found, 1000);
	expect("absent", sum.absent, 1000);
	expect("longer", sum.longer, 1);
	expect("asked", sum.asked, 1);
	printf(" (%.3f %%)", 100.0 * sum.asked / (sum.mapped ?: 1));
	expect("by kernel", sum.kernel, 100);
	expect("exact", sum.exact, 1000);
	printf("\n");
	expect("faults", sum.faults, 10);
	expect("maps", sum.maps, 2);
	expect("indexes", shared->indexes, 1);
	printf("\n");
	expect("writes", written.writes, 1000);
	expect("failed", written.failed, 1);
	expect("clears", written.clears, 2);
	expect("detached", written.detached, 1);
	expect("closed", written.closed, 1);
	printf("\n");
}

static int read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "t:p:r:w:s:u")) != -1)
		switch (c) {
		case 't': opt.seconds = atoi(optarg); break;
		case 'p': opt.processes = atoi(optarg); break;
		case 'r': opt.threads = atoi(optarg); break;
		case 'w': opt.writers = atoi(optarg); break;
		case 's': opt.seed = atoi(optarg); break;
		case 'u': opt.integers = true; break;
		default: return -1;
		}
	return opt.processes + opt.threads < READERS_MAX && opt.writers < 8 ? 0 : -1;
}

int main(int argc, char **argv)
{
	if (read_options(argc, argv))
		return 2;
	map_shared();
	shared->integers = opt.integers;
	shared->seed = opt.seed * 1000;
	shim_random = opt.seed;
	fork_readers();
	if (syncmap_core_init() || bytemap_job_start())
		abort();
	make_map();
	start_all();
	stop_all();
	if (!shared->failed)
		look_at_end();
	print_counts();
	bytemap_put(the_map);
	bytemap_wait_ended();
	bytemap_job_exit();
	syncmap_core_exit();
	if (shared->failed)
		printf("FAILED: %s\n", shared->what);
	printf("%d passed, %d failed\n", !shared->failed, !!shared->failed);
	return shared->failed;
}
