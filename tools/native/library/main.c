// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the library comes by its mapping of a map, and gives it up: by threads that
 * open, load, and close, beside others that fork; when each call fails in turn;
 * and in a handler of a signal. A load says what the map has, in any case.
 */
#include <dirent.h>
#include <errno.h>
#include <libsyncmap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"

#define THREADS		6
#define FORKS		100

/* More loads than are made before it is tried again */
#define MANY		1100

/* A test that hangs has failed */
#define PATIENCE	120

static unsigned int passed, failed;
static const char *wrong;
static bool over;

static void expect(bool holds, const char *what)
{
	if (!holds)
		__atomic_store_n(&wrong, what, __ATOMIC_RELAXED);
}

static void end_test(const char *name)
{
	const char *what = __atomic_load_n(&wrong, __ATOMIC_RELAXED);

	if (what)
		printf("FAILED: %s: %s\n", name, what);
	else
		printf("%s\n", name);
	passed += !what;
	failed += !!what;
	wrong = NULL;
}

static struct libsyncmap *open_map(unsigned int map)
{
	struct libsyncmap *opened = NULL;

	if (libsyncmap_from_fd(kernel_open(map), &opened))
		abort();
	return opened;
}

static void load(const struct libsyncmap *opened, unsigned int map, uint64_t key)
{
	uint64_t value = 0;
	struct libsyncmap_result result = {
		.buffer = &value, .size = sizeof(value),
	};
	int ret = libsyncmap_load(opened, &key, sizeof(key), &result);

	if (key >= KEYS)
		expect(ret == -ENOENT, "a key is there that is not");
	else
		expect(!ret && value == VALUE(map, key) &&
		       result.revision == key + 1, "another value");
}

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void expect_no_mappings(void)
{
	unsigned int map;

	for (map = 0; map < MAPS; map++)
		expect(!kernel_mappings(map), "a mapping is left");
}

/* Threads, and processes that they make */

static struct libsyncmap *common[MAPS];

static bool is_over(void)
{
	return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

static void *load_all_the_time(void *arg)
{
	unsigned int n;

	for (n = (uintptr_t)arg; !is_over(); n++) {
		load(common[n % MAPS], n % MAPS, n % (KEYS + 1));
		expect(!libsyncmap_current(common[n % MAPS]), "it has lost its name");
	}
	return NULL;
}

/* Mirrors go, and come again */
static void *come_and_go(void *arg)
{
	unsigned int n;

	for (n = 0; !is_over(); n++) {
		kernel_set_ready(n % MAPS, n / MAPS % 2);
		kernel_lose_name(n % MAPS);
		usleep(n % 50);
	}
	for (n = 0; n < MAPS; n++)
		kernel_set_ready(n, true);
	return arg;
}

static void *open_and_close(void *arg)
{
	struct libsyncmap *opened;
	unsigned int n;

	for (n = (uintptr_t)arg; !is_over(); n++) {
		opened = open_map(n % MAPS);
		load(opened, n % MAPS, n % KEYS);
		libsyncmap_close(opened);
	}
	return NULL;
}

/* What was open before, and what is opened now; and all is closed */
static int be_child(bool has_common)
{
	unsigned int map, n;
	struct libsyncmap *own;

	kernel_forked();
	alarm(PATIENCE / 4);
	wrong = NULL;
	for (n = 0; n < 2 * MAPS; n++) {
		map = n % MAPS;
		own = open_map(map);
		if (has_common)
			load(common[map], map, n);
		load(own, map, n);
		expect(!libsyncmap_mapped(own), "a child has no mapping");
		expect(kernel_mappings(map) == 1, "a child has another mapping");
		libsyncmap_close(own);
	}
	for (map = 0; has_common && map < MAPS; map++)
		libsyncmap_close(common[map]);
	return wrong ? 1 : 0;
}

static void fork_one(bool has_common)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid)
		_exit(be_child(has_common));
	if (waitpid(pid, &status, 0) != pid || status)
		expect(false, "a child fails");
}

/* If nobody has it open all the time, the last one takes the mapping along */
static void run_threads(const char *name, bool has_common)
{
	pthread_t threads[THREADS], mirrors;
	unsigned int map;
	uintptr_t i;

	over = false;
	for (map = 0; has_common && map < MAPS; map++)
		common[map] = open_map(map);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, has_common && i % 2 ?
				   load_all_the_time : open_and_close, (void *)i))
			abort();
	if (pthread_create(&mirrors, NULL, come_and_go, NULL))
		abort();
	for (i = 0; i < FORKS; i++)
		fork_one(has_common);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(mirrors, NULL);
	for (map = 0; has_common && map < MAPS; map++)
		libsyncmap_close(common[map]);
	expect_no_mappings();
	expect(kernel_most_mappings() == 1, "two mappings of a map");
	end_test(name);
}

/* Calls that fail */

/* Return: whether there was one that could */
static bool fail_nth(unsigned int nth, int with)
{
	unsigned int files = open_files(), n;
	struct libsyncmap *one, *two;

	kernel_reset();
	one = open_map(0);
	two = open_map(0);
	kernel_reset();
	kernel_calls.fail_nth = nth;
	kernel_calls.fail_with = with;
	load(one, 0, 1);
	load(two, 0, 2);
	expect(kernel_calls.n < nth || kernel_calls.loads == 1,
	       "one load is to ask, for which the call has failed");
	for (n = 0; n < MANY; n++) {
		load(one, 0, n % KEYS);
		load(two, 0, n % KEYS);
	}
	expect(kernel_calls.infos <= 3, "it tries too often");
	n = kernel_calls.loads;
	load(one, 0, 3);
	load(two, 0, 3);
	expect(kernel_calls.loads == n, "it does not try again");
	n = kernel_calls.n;
	libsyncmap_close(one);
	expect(kernel_mappings(0) == 1, "others keep the mapping");
	load(two, 0, 4);
	libsyncmap_close(two);
	expect_no_mappings();
	expect(open_files() == files, "a file stays open");
	return n >= nth;
}

static void fail_all(void)
{
	static const int errors[] = { ENOMEM, EINTR, ENOSPC, EDQUOT, EMFILE };
	unsigned int nth, i;
	int pages;

	/* The lock has a page for ever */
	fail_nth(MANY, 0);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		for (nth = 1, pages = kernel_pages(); fail_nth(nth, errors[i]); nth++)
			expect(kernel_pages() == pages, "pages are left");
		expect(nth > 5, "there are no calls that fail");
	}
	kernel_reset();
	end_test("calls that fail");
}

/* The page of the lock is not there yet, and cannot be had */
static void fail_first(void)
{
	unsigned int nth;
	pid_t pid;
	int status;

	for (nth = 1; nth < 10; nth++) {
		pid = fork();
		if (!pid) {
			fail_nth(nth, ENOMEM);
			end_test("first call that fails");
			_exit(failed);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			expect(false, "in a process that has no lock yet");
	}
	end_test("first calls that fail");
}

/* What is mapped is of a kind that is not known */
static void map_another_abi(void)
{
	struct libsyncmap *opened = open_map(0);

	kernel_set_abi(0, 1000);
	expect(libsyncmap_mapped(opened) == -EPROTO, "the kind is taken for known");
	load(opened, 0, 1);
	expect_no_mappings();
	kernel_set_abi(0, 1);
	expect(!libsyncmap_mapped(opened), "it is not tried again");
	libsyncmap_close(opened);
	expect_no_mappings();
	end_test("another abi");
}

/* Mirrors that go */

static unsigned int calls_of(const struct libsyncmap *opened)
{
	unsigned int before = kernel_calls.loads;

	load(opened, 0, 1);
	return kernel_calls.loads - before;
}

/* Others may be about to load from it, so it stays mapped */
static void lose_mirror(void)
{
	struct libsyncmap *opened = open_map(0);

	expect(!calls_of(opened), "it is not mapped");
	kernel_set_ready(0, false);
	kernel_reset();
	expect(calls_of(opened) == 1 && calls_of(opened) == 1,
	       "there is something where nothing is");
	expect(kernel_mappings(0) == 1, "it has been unmapped");
	kernel_set_ready(0, true);
	expect(!calls_of(opened), "it does not find that it is there again");
	expect(!kernel_calls.infos, "it asks for what it knows");
	libsyncmap_close(opened);
	expect_no_mappings();
	end_test("a mirror that goes, and comes again");
}

static unsigned int questions_of(const struct libsyncmap *opened)
{
	unsigned int before = kernel_calls.infos;

	expect(!libsyncmap_current(opened), "it has lost its name");
	return kernel_calls.infos - before;
}

static void lose_name_meanwhile(void)
{
	kernel_while_telling = NULL;
	kernel_lose_name(0);
}

/* The kernel is asked once for each name that goes, be there a mirror or not */
static void follow_name(void)
{
	struct libsyncmap *opened = open_map(0);

	kernel_reset();
	expect(questions_of(opened) && questions_of(opened),
	       "it is taken for current without a mapping");
	load(opened, 0, 1);
	expect(questions_of(opened) && !questions_of(opened),
	       "it asks again, though nothing has gone");
	kernel_lose_name(0);
	expect(questions_of(opened) && !questions_of(opened),
	       "it does not see that a name has gone");
	kernel_lose_name(0);
	kernel_while_telling = lose_name_meanwhile;
	expect(questions_of(opened) && questions_of(opened),
	       "it does not see what has gone while it asked");
	kernel_set_ready(0, false);
	load(opened, 0, 1);
	expect(!questions_of(opened), "it asks, as there is no mirror");
	kernel_lose_name(0);
	expect(questions_of(opened), "it does not look without a mirror");
	kernel_set_ready(0, true);
	libsyncmap_close(opened);
	expect_no_mappings();
	end_test("a name to follow");
}

/* Signals */

static struct libsyncmap *interrupted;

/* As a handler does it, of a signal that has come just then */
static void load_in_handler(void)
{
	kernel_meanwhile = NULL;
	load(interrupted, 1, 5);
}

static void load_while_the_lock_is_held(void)
{
	struct libsyncmap *opened = open_map(0);

	interrupted = open_map(1);
	kernel_meanwhile = load_in_handler;
	load(opened, 0, 1);
	expect(!kernel_meanwhile, "it has not been mapped");
	load(interrupted, 1, 6);
	expect(kernel_mappings(1) == 1, "who was late does not try again");
	libsyncmap_close(opened);
	libsyncmap_close(interrupted);
	expect_no_mappings();
	end_test("in a handler of a signal");
}

int main(void)
{
	setlinebuf(stdout);
	alarm(PATIENCE);
	kernel_init();
	fail_first();
	fail_all();
	map_another_abi();
	lose_mirror();
	follow_name();
	load_while_the_lock_is_held();
	run_threads("threads that open and close", false);
	run_threads("threads that have it open", true);
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
