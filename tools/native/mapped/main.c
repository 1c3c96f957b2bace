// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: mapped [-t SECONDS] [-p PROCESSES] [-r THREADS] [-w WRITERS] [-s SEED] [-u]
 *
 * Threads that write into a map by the store's calls; threads and processes that
 * load from what they have mapped of it, and by the store's call, in turn. Fails
 * at the first thing that does not fit. -u: keys are integers.
 *
 * A mapping has other addresses than what is written, so ThreadSanitizer sees races
 * of writers and of readers among themselves, but none between them: what there is
 * in the way of order there is what litmus/mapped-* asks herd7 about.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/delay.h>
#include <linux/ktime.h>
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

/* For a machine that is slow, so many times as long */
#define PATIENCE	10ULL

static pthread_t started[32];
static unsigned int nr_started;

void reader_step(const volatile void *address)
{
	shim_point(address, false);
}

/* Before there are threads; they wait for the map */
static void fork_readers(void)
{
	const pid_t parent = getpid();
	struct reader *reader;
	unsigned int id;

	for (id = 0; id < opt.processes + opt.threads; id++) {
		reader = &shared->reader[id];
		reader->id = id;
		reader->is_process = id < opt.processes;
		if (!reader->is_process || fork())
			continue;
		/* Who waits for a writer that was killed would wait for ever */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
			_exit(1);
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

static void *run_names(void *arg)
{
	write_names();
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
	start(run_names, NULL);
}

/* Of all readers */
static struct counts sum;

static void add_up(void)
{
	u64 *to = (u64 *)&sum;
	unsigned int id, i;

	memset(&sum, 0, sizeof(sum));
	for (id = 0; id < READERS_MAX; id++)
		for (i = 0; i < sizeof(sum) / sizeof(u64); i++)
			to[i] += data_race(((u64 *)&shared->reader[id].counts)[i]);
}

/* A race that has not been is not won */
static const struct {
	const char	*what;
	u64		*count;
	u64		least;
} wanted[] = {
	{ "loads", &sum.mapped, 10000 },
	{ "found", &sum.found, 1000 },
	{ "absent", &sum.absent, 1000 },
	{ "longer", &sum.longer, 1 },
	{ "asked", &sum.asked, 1 },
	{ "by kernel", &sum.kernel, 100 },
	{ "exact", &sum.exact, 1000 },
	{ "faults", &sum.faults, 10 },
	{ "maps", &sum.maps, 2 },
	{ "indexes", &sum.indexes, 1 },
	{ "followed", &sum.followed, 100 },
	{ "moved", &sum.moved, 2 },
	{ "writes", &written.writes, 1000 },
	{ "failed", &written.failed, 1 },
	{ "clears", &written.clears, 2 },
	{ "detached", &written.detached, 1 },
	{ "closed", &written.closed, 1 },
	{ "renamed", &written.renamed, 2 },
};

static bool have_all(void)
{
	unsigned int i;

	add_up();
	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		if (data_race(*wanted[i].count) < wanted[i].least)
			return false;
	return true;
}

/* However slow the machine is, some of everything has been */
static bool has_been_enough(u64 began)
{
	u64 seconds = (ktime_get_ns() - began) / NSEC_PER_SEC;

	return reader_is_stopped() || seconds >= PATIENCE * opt.seconds ||
	       (seconds >= opt.seconds && have_all());
}

static void stop_all(void)
{
	u64 began = ktime_get_ns();
	unsigned int n;

	while (!has_been_enough(began))
		usleep(20000);
	WRITE_ONCE(shared->stop, true);
	while (nr_started)
		pthread_join(started[--nr_started], NULL);
	for (n = 0; n < opt.processes; n++)
		wait(NULL);
}

static bool is_at_rest(const struct bytemap_mirror *mirror)
{
	return data_race(mirror->phase == MIRROR_RESTS &&
			 mirror->head->floor == mirror->floor) &&
	       bytemap_is_mirrored(the_map) && !READ_ONCE(mirror->repairs);
}

/* Until the mirror has nothing to do any more, and all that it has done is seen */
static bool has_settled(void)
{
	struct bytemap_mirror *mirror = the_map->mirror;
	unsigned int ms;

	for (ms = 0; ms < 20000; ms += 20) {
		usleep(20000);
		if (!is_at_rest(mirror))
			continue;
		flush_delayed_work(&mirror->work);
		if (is_at_rest(mirror))
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

static void print_counts(void)
{
	unsigned int i;

	add_up();
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		printf("%s %llu%s", wanted[i].what, *wanted[i].count,
		       i % 6 == 5 ? "\n" : ", ");
		if (*wanted[i].count < wanted[i].least)
			reader_fail(wanted[i].what, 0, *wanted[i].count,
				    wanted[i].least);
	}
	printf("%.3f %% asked\n", 100.0 * sum.asked / (sum.mapped ?: 1));
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
	end_map();
	bytemap_job_exit();
	syncmap_core_exit();
	if (shared->failed)
		printf("FAILED: %s\n", shared->what);
	printf("%d passed, %d failed\n", !shared->failed, !!shared->failed);
	return shared->failed;
}
