// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the KUnit suites: all, or those named by arguments, as in "load" for
 * syncmap_load, "bytemap_op", or "bytemap" for all whose names begin so.
 */
#include <stdarg.h>
#include <kunit/test.h>
#include <linux/ktime.h>

struct kunit_memory {
	struct kunit_memory	*next;
	char			bytes[] __aligned(64);
};

static struct kunit_suite *suites;
static unsigned int passed, failed;

void kunit_register(struct kunit_suite *suite)
{
	struct kunit_suite **link = &suites;

	while (*link && strcmp((*link)->name, suite->name) < 0)
		link = &(*link)->next;
	suite->next = *link;
	*link = suite;
}

/* Not counted by fail_nth, as in the kernel it is not the map's */
void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	struct kunit_memory *memory;

	(void)gfp;
	if (posix_memalign((void **)&memory, 64, sizeof(*memory) + size))
		return NULL;
	memset(memory, 0, sizeof(*memory) + size);
	memory->next = test->memory;
	test->memory = memory;
	return memory->bytes;
}

void kunit_end(struct kunit *test)
{
	longjmp(test->end, 1);
}

void kunit_failed(struct kunit *test, const char *file, int line,
		  const char *what, const char *format, ...)
{
	va_list args;

	test->failed = true;
	va_start(args, format);
	fprintf(stderr, "# %s:%d: %s: ", file, line, what);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static void run(struct kunit_suite *suite, struct kunit_case *one,
		const void *param, const char *desc)
{
	struct kunit test = { .param_value = param };
	struct kunit_memory *memory;

	if (!setjmp(test.end)) {
		if (suite->init && suite->init(&test))
			KUNIT_FAIL(&test, "init failed");
		else
			one->run_case(&test);
	}
	current->fail_nth = 0;
	if (suite->exit && !setjmp(test.end))
		suite->exit(&test);
	while ((memory = test.memory)) {
		test.memory = memory->next;
		free(memory);
	}
	passed += !test.failed;
	failed += test.failed;
	if (test.failed || test.skipped)
		printf("%s %s %s %s\n", test.failed ? "FAILED" : "skipped",
		       suite->name, one->name, desc);
}

static void run_suite(struct kunit_suite *suite)
{
	char desc[KUNIT_PARAM_DESC_SIZE] = "";
	u64 start = ktime_get_ns();
	struct kunit_case *one;
	const void *param;

	if (suite->suite_init && suite->suite_init(suite))
		abort();
	for (one = suite->test_cases; one->run_case; one++) {
		if (!one->generate_params)
			run(suite, one, NULL, "");
		else
			for (param = NULL; (param = one->generate_params(param,
									 desc));)
				run(suite, one, param, desc);
	}
	if (suite->suite_exit)
		suite->suite_exit(suite);
	printf("%-20s %6.2f s\n", suite->name, (ktime_get_ns() - start) / 1e9);
	fflush(stdout);
}

static bool is_meant(const struct kunit_suite *suite, const char *name)
{
	const char *own = strchr(suite->name, '_');
	size_t len = strlen(name);

	if (!strcmp(suite->name, name) ||
	    (len == own - suite->name && !strncmp(suite->name, name, len)))
		return true;
	return !strncmp(suite->name, "syncmap", 7) && !strcmp(own + 1, name);
}

int main(int argc, char **argv)
{
	struct kunit_suite *suite;
	bool wanted;
	int i;

	for (suite = suites; suite; suite = suite->next) {
		wanted = argc == 1;
		for (i = 1; i < argc; i++)
			wanted |= is_meant(suite, argv[i]);
		if (wanted)
			run_suite(suite);
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
