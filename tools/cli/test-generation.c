// SPDX-License-Identifier: GPL-2.0-only
/* Directories of saved maps, and what else is in them; no module is needed */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "generation.h"
#include "test-dir.h"

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static void write_map(const struct generation *generation, const char *map)
{
	FILE *file = generation_file(generation, map, SUFFIX_HEAD, "w");

	assert_non_null(file);
	fputs(generation->name, file);
	assert_int_equal(generation_sync(file), 0);
}

static int save(const char *map)
{
	struct generation next, last;
	int err = generation_begin(&next, "dir", &last);

	if (err)
		return err;
	write_map(&next, map);
	return generation_finish(&next, &last);
}

/* As one that is killed: what it has begun stays */
static void save_killed(const char *map)
{
	struct generation next, last;

	assert_int_equal(generation_begin(&next, "dir", &last), 0);
	write_map(&next, map);
	generation_close(&next);
	generation_close(&last);
}

static int open_dir(void)
{
	struct generation generation;
	int err = generation_open(&generation, "dir");

	if (!err)
		generation_close(&generation);
	return err;
}

static void test_takes_turns(void **state)
{
	(void)state;
	assert_int_equal(save("a"), 0);
	run("test -s dir/current/a.json && test $(readlink dir/current) = 1");
	assert_int_equal(save("b"), 0);
	run("test -s dir/current/b.json && test ! -e dir/current/a.json");
	run("test \"$(echo dir/*)\" = 'dir/2 dir/current'");
	run("test $(stat -c %a dir/2) = 700");
}

static void test_keeps(void **state)
{
	struct generation next, last;

	(void)state;
	assert_int_equal(save("a"), 0);
	assert_int_equal(generation_begin(&next, "dir", &last), 0);
	assert_int_equal(generation_keep(&next, &last), 0);
	write_map(&next, "b");
	assert_int_equal(generation_finish(&next, &last), 0);
	run("test $(cat dir/current/a.json dir/current/b.json) = 12");
	assert_int_equal(generation_begin(&next, "dir", &last), 0);
	write_map(&next, "a");
	write_map(&next, "c");
	assert_int_equal(generation_keep_map(&next, &last, "a"), 0);
	assert_int_equal(generation_keep_map(&next, &last, "c"), 0);
	assert_int_equal(generation_finish(&next, &last), 0);
	run("test $(cat dir/current/a.json) = 1");
	run("test \"$(ls dir/current)\" = a.json");
}

static void test_leaves_of_others(void **state)
{
	(void)state;
	run("mkdir -p dir/1 dir/2023 dir/2024 victim");
	run("touch dir/1/a dir/2023/a.jpg dir/2023/a.json victim/f victim/f.json");
	run("ln -s ../victim dir/7");
	for (int i = 0; i < 9; i++) {
		assert_int_equal(save("m"), 0);
		run("test -e dir/1/a && test -e dir/2023/a.jpg");
		run("test -e dir/2023/a.json");
		run("test -L dir/7 && test -e victim/f && test -e victim/f.json");
		run("test -s dir/current/m.json");
	}
	/* Its own is gone */
	run("test \"$(cd dir && echo *)\" = '1 11 2023 7 current'");
}

static void test_leaves_what_is_new_in_its_own(void **state)
{
	(void)state;
	assert_int_equal(save("m"), 0);
	run("touch dir/1/notes");
	assert_int_equal(save("m"), 0);
	run("test -e dir/1/notes && test ! -e dir/1/m.json");
}

static void test_removes_when_it_is_complete(void **state)
{
	struct generation next, last;

	(void)state;
	assert_int_equal(save("m"), 0);
	save_killed("m");
	run("test -e dir/2/m.json");
	assert_int_equal(generation_begin(&next, "dir", &last), 0);
	run("test -e dir/1/m.json && test -e dir/2/m.json");
	generation_drop(&next);
	generation_close(&last);
	run("test \"$(cd dir && echo *)\" = '1 2 current'");
	assert_int_equal(save("m"), 0);
	run("test \"$(cd dir && echo *)\" = '3 current'");
}

/* A copy that has not got the link may be all that there is */
static void test_leaves_what_was_saved_without_link(void **state)
{
	(void)state;
	assert_int_equal(save("m"), 0);
	run("rm dir/current");
	assert_int_equal(open_dir(), GENERATION_NONE);
	assert_int_equal(save("m"), 0);
	run("test $(cat dir/1/m.json) = 1 && test $(cat dir/current/m.json) = 2");
}

static void test_tells_what_is_no_save(void **state)
{
	(void)state;
	assert_int_equal(open_dir(), -ENOENT);
	run("mkdir dir");
	assert_int_equal(open_dir(), 0);
	run("mkdir dir/lost+found");
	assert_int_equal(open_dir(), 0);
	save_killed("m");
	assert_int_equal(open_dir(), 0);
	run("touch dir/notes");
	assert_int_equal(open_dir(), GENERATION_NONE);
	assert_string_equal(generation_explain(GENERATION_NONE),
			    "nothing was saved there");
	assert_int_equal(save("m"), 0);
	assert_int_equal(open_dir(), 0);
}

static void no_current(const char *make)
{
	run("rm -rf dir/current");
	run(make);
	assert_int_equal(open_dir(), GENERATION_NOT_CURRENT);
	assert_int_equal(save("m"), GENERATION_NOT_CURRENT);
}

static void test_current_leads_to_a_save(void **state)
{
	(void)state;
	run("mkdir -p dir elsewhere && ln -s ../elsewhere dir/5 && touch dir/6");
	no_current("ln -s / dir/current");
	no_current("ln -s ../elsewhere dir/current");
	no_current("ln -s 5 dir/current");
	no_current("ln -s 6 dir/current");
	no_current("ln -s 8 dir/current");
	no_current("touch dir/current");
	no_current("mkdir dir/current");
	run("test -z \"$(ls elsewhere)\"");
}

static void test_refuses_what_others_can_write(void **state)
{
	(void)state;
	assert_int_equal(save("m"), 0);
	run("chmod 775 dir");
	assert_int_equal(save("m"), GENERATION_SHARED);
	run("chmod 757 dir");
	assert_int_equal(save("m"), GENERATION_SHARED);
	run("chmod 1777 dir");
	assert_int_equal(save("m"), GENERATION_SHARED);
	/* Those who read it need no more than that */
	assert_int_equal(open_dir(), 0);
	run("chmod 755 dir");
	assert_int_equal(save("m"), 0);
	if (geteuid())
		skip();
	run("chown 65534 dir");
	assert_int_equal(save("m"), GENERATION_NOT_OURS);
	run("test \"$(cd dir && echo *)\" = '2 current'");
	assert_int_equal(open_dir(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_takes_turns, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_keeps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaves_of_others, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_leaves_what_is_new_in_its_own,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removes_when_it_is_complete,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_leaves_what_was_saved_without_link, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_tells_what_is_no_save,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_current_leads_to_a_save,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_refuses_what_others_can_write, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
