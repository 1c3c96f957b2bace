// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hang.h"
#include "harness.h"

#define FAILURES_MAX	10
#define EXIT_SKIP	4

static struct test *first, **last = &first;
static char context[200];
static uint64_t state;
static unsigned int slow = 1;
static int failures;
static bool *failed_anywhere;	/* a child may be killed before it can say so */

void test_register(struct test *test)
{
	*last = test;
	last = &test->next;
}

static void say(const char *prefix, const char *format, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, args);
	printf("# %s%s\n", prefix, text);
	fflush(stdout);
}

void test_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("SKIPPED: ", format, args);
	va_end(args);
	_exit(failures ? EXIT_FAILURE : EXIT_SKIP);
}

void test_context(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(context, sizeof(context), format, args);
	va_end(args);
}

static const char *errno_name(long long value)
{
	const char *name = NULL;

	if (value < 0 && value > -4096)
		name = strerrorname_np(-value);
	return name ? name : "";
}

static void fail(const char *file, int line)
{
	*failed_anywhere = true;
	if (++failures == FAILURES_MAX) {
		test_note("%s:%d: that is enough", file, line);
		_exit(EXIT_FAILURE);
	}
}

bool test_check_eq(const char *file, int line, const char *text,
		   long long want, long long got)
{
	if (want == got)
		return true;
	test_note("%s:%d: %s is %lld %s, expected %lld %s%s%s%s", file, line,
		  text, got, errno_name(got), want, errno_name(want),
		  *context ? " (" : "", context, *context ? ")" : "");
	fail(file, line);
	return false;
}

bool test_check_mem(const char *file, int line, const char *text,
		    const void *want, size_t want_len,
		    const void *got, size_t got_len)
{
	size_t i = 0;

	if (want_len != got_len) {
		test_note("%s:%d: length of %s is %zu, expected %zu (%s)",
			  file, line, text, got_len, want_len, context);
		fail(file, line);
		return false;
	}
	while (i < got_len && ((char *)want)[i] == ((char *)got)[i])
		i++;
	if (i == got_len)
		return true;
	test_note("%s:%d: %s[%zu] of %zu is %#x, expected %#x (%s)", file,
		  line, text, i, got_len, ((uint8_t *)got)[i],
		  ((uint8_t *)want)[i], context);
	fail(file, line);
	return false;
}

bool test_failed(void)
{
	return failures;
}

void test_end(bool go_on)
{
	if (!go_on)
		_exit(EXIT_FAILURE);
}

/* splitmix64 */
uint64_t test_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

unsigned int test_times(unsigned int n)
{
	return n / slow ?: 1;
}

void test_text(char *text, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		text[i] = 'a' + (i * 7 + seed + i / 26) % 26;
}

void test_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ASSERT(file);
	fputs(text, file);
	ASSERT_EQ(0, fclose(file));
}

bool test_try_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return ok;
}

#define TRACING	"/sys/kernel/tracing/"

void test_trace(const char *event, bool on)
{
	char path[128];

	if (on)
		test_write(TRACING "trace", "");
	snprintf(path, sizeof(path), TRACING "events/syncmap/%s/enable", event);
	test_write(path, on ? "1" : "0");
}

unsigned int test_traced(const char *text, const char *also)
{
	FILE *file = fopen(TRACING "trace", "r");
	unsigned int n = 0;
	char line[512];

	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		n += strstr(line, text) && strstr(line, also);
	fclose(file);
	return n;
}

void *test_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT(memory != MAP_FAILED);
	return memory;
}

pid_t test_fork(void (*fn)(int n, void *arg), int n, void *arg)
{
	pid_t pid = fork();

	ASSERT(pid >= 0);
	if (pid)
		return pid;
	failures = 0;
	state += (n + 1) * 0xd1342543de82ef95;
	fn(n, arg);
	_exit(failures ? EXIT_FAILURE : EXIT_SUCCESS);
}

void test_wait(pid_t pid)
{
	int status;

	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

struct gate {
	void	(*fn)(int n, void *arg);
	void	*arg;
	int	fds[2];
};

static void through_gate(int n, void *arg)
{
	struct gate *gate = arg;
	char c;

	close(gate->fds[1]);
	read(gate->fds[0], &c, 1);
	gate->fn(n, gate->arg);
}

void test_parallel(int n, void (*fn)(int n, void *arg), void *arg)
{
	struct gate gate = { .fn = fn, .arg = arg };
	pid_t pids[n];

	ASSERT_EQ(0, pipe(gate.fds));
	for (int i = 0; i < n; i++)
		pids[i] = test_fork(through_gate, i, &gate);
	close(gate.fds[0]);
	close(gate.fds[1]);
	for (int i = 0; i < n; i++)
		test_wait(pids[i]);
}

void test_kill(int n, void (*fn)(int n, void *arg), void *arg,
	       unsigned int usec)
{
	pid_t pids[n];

	for (int i = 0; i < n; i++)
		pids[i] = test_fork(fn, i, arg);
	usleep(usec);
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static bool await(pid_t pid, unsigned int seconds, int *status)
{
	const struct timespec tick = { .tv_nsec = 10000000 };

	for (unsigned int i = 0; i < 100 * seconds; i++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		nanosleep(&tick, NULL);
	}
	return false;
}

/* At least ten minutes, at most fifty, with which tools/check/selftest counts */
static unsigned int patience(const struct test *test)
{
	unsigned int seconds = 600 + 2 * slow * test->seconds;

	return seconds < 3000 ? seconds : 3000;
}

/* A program may have something to tidy up after each test */
__attribute__((weak)) void test_tidy(void)
{
}

/* Returns the exit status of the test, with its processes gone */
static int run(struct test *test)
{
	unsigned int limit = patience(test);
	bool ended;
	int status;
	pid_t pid;

	fflush(stdout);
	*failed_anywhere = false;
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		test->run();
		_exit(failures ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	setpgid(pid, pid);
	ended = await(pid, limit, &status);
	if (!ended) {
		test_note("no end after %u s", limit);
		hang_explain(pid);
	}
	kill(-pid, SIGKILL);
	if (!ended) {
		if (!await(pid, 60, &status))
			test_note("cannot be killed");
		return EXIT_FAILURE;
	}
	if (WIFSIGNALED(status)) {
		test_note("%s", strsignal(WTERMSIG(status)));
		return EXIT_FAILURE;
	}
	return *failed_anywhere ? EXIT_FAILURE : WEXITSTATUS(status);
}

static bool selected(const struct test *test, char **names)
{
	if (!*names)
		return true;
	while (*names)
		if (!strcmp(test->name, *names++))
			return true;
	return false;
}

static unsigned long from_environment(const char *name, unsigned long value)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : value;
}

int main(int argc, char **argv)
{
	bool failed = false;
	int n = 0;

	(void)argc;
	slow = from_environment("SELFTEST_SLOW",
				access("/proc/lockdep", F_OK) ? 1 : 5) ?: 1;
	state = from_environment("SELFTEST_SEED", 1);
	failed_anywhere = test_shared(sizeof(*failed_anywhere));
	for (struct test *test = first; test; test = test->next)
		n += selected(test, argv + 1);
	printf("TAP version 13\n# seed %lu\n1..%d\n", (unsigned long)state, n);
	n = 0;
	for (struct test *test = first; test; test = test->next) {
		double begun = now();
		int status;

		if (!selected(test, argv + 1))
			continue;
		status = run(test);
		test_tidy();
		failed |= status && status != EXIT_SKIP;
		printf("%sok %d %s #%s %.1f s\n", status &&
		       status != EXIT_SKIP ? "not " : "", ++n, test->name,
		       status == EXIT_SKIP ? " SKIP" : "", now() - begun);
	}
	return failed;
}
