// SPDX-License-Identifier: GPL-2.0-only
/* Rates, rows and metrics made of samples; no module is needed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "metrics.h"
#include "row.h"

static void expect_rate(double rate, const char *want)
{
	char text[RATE_SHOWN];

	rate_print(rate, text);
	assert_string_equal(text, want);
}

static void rates_have_six_characters(void **state)
{
	char text[RATE_SHOWN];

	(void)state;
	expect_rate(0, "0");
	expect_rate(0.04, "0.0");
	expect_rate(0.1, "0.1");
	expect_rate(9.94, "9.9");
	expect_rate(9.95, "10");
	expect_rate(1234.4, "1234");
	expect_rate(99999.4, "99999");
	expect_rate(99999.5, "100.0k");
	expect_rate(999949, "999.9k");
	expect_rate(999951, "1.0M");
	expect_rate(1.25e9, "1.2G");
	expect_rate(7e14, "700.0T");
	for (double rate = 0.001; rate < 1e20; rate *= 1.001) {
		rate_print(rate, text);
		assert_true(strlen(text) <= 6);
	}
}

static struct sample sample_at(uint64_t ns)
{
	return (struct sample){
		.ns = ns, .opened = true,
		.info = { .limits = { .entries = 100, .bytes = 1000 } },
	};
}

#define S	UINT64_C(1000000000)

static void rates_are_per_second(void **state)
{
	struct sample before = sample_at(5 * S), after = sample_at(7 * S);
	struct rates rates;
	char text[RATE_SHOWN];

	(void)state;
	before.number[SAMPLE_FOUND] = 1000;
	after.number[SAMPLE_FOUND] = 1900;
	after.number[SAMPLE_ABSENT] = 100;
	before.info.revision = UINT64_C(1) << 40;
	after.info.revision = before.info.revision + 5;
	after.number[SAMPLE_PROMOTIONS] = 1;
	after.number[SAMPLE_LOCK_WAITS] = 2;
	after.number[SAMPLE_LEASE_WAITS] = 4;
	after.number[SAMPLE_THROTTLED] = 6;
	rates_between(&before, &after, &rates);
	assert_int_equal(rates.ns, 2 * S);
	assert_true(rates.opened);
	assert_true(rates.found == 450);
	assert_true(rates.absent == 50);
	assert_true(rates.writes == 2.5);
	assert_true(rates.promotions == 0.5);
	assert_true(rates.waits == 6);
	rates_print_found(&rates, text);
	assert_string_equal(text, "90%");
}

/* All but the last of them were found: that is not all */
static void found_is_rounded_down(void **state)
{
	struct rates rates = { .found = 999, .absent = 1 };
	char text[RATE_SHOWN];

	(void)state;
	rates_print_found(&rates, text);
	assert_string_equal(text, "99%");
	rates.absent = 0;
	rates_print_found(&rates, text);
	assert_string_equal(text, "100%");
	rates.found = 0;
	rates_print_found(&rates, text);
	assert_string_equal(text, "-");
}

/* Numbers that fall, and no time in between, are no rates without sense */
static void what_makes_no_sense_is_zero(void **state)
{
	struct sample before = sample_at(S), after = sample_at(S);
	struct rates rates;

	(void)state;
	after.number[SAMPLE_FOUND] = 10;
	rates_between(&before, &after, &rates);
	assert_true(rates.found == 0);
	after.ns = 2 * S;
	before.number[SAMPLE_FOUND] = 20;
	rates_between(&before, &after, &rates);
	assert_true(rates.found == 0);
}

static void expect_row(const struct row *row, const char *want)
{
	char text[ROW_SHOWN];

	row_print(row, text);
	assert_string_equal(text, want);
	assert_int_equal(strlen(text), ROW_WIDTH);
}

static void rows_are_aligned(void **state)
{
	struct sample before = sample_at(0), after = sample_at(S);
	struct row row, sum = { };
	char text[ROW_SHOWN];

	(void)state;
	row_heading(text);
	assert_string_equal(text, " LOADS/s FOUND WRITES/s PROM/s WAITS/s "
				  "MEMORY ENTRIES FULL WATCH");
	assert_int_equal(strlen(text), ROW_WIDTH);
	row_make(&before, &before, &row);
	expect_row(&row, "       0     -        0      0       0      0"
			 "       0   0%     0");
	after.number[SAMPLE_FOUND] = 150000000;
	after.number[SAMPLE_MAPPINGS] = 1;
	after.info.revision = 123456;
	after.number[SAMPLE_PROMOTIONS] = 3;
	after.number[SAMPLE_THROTTLED] = 99999;
	after.info.count = 9999999;
	after.info.limits.entries = 10000000;
	after.info.bytes = 500;
	after.number[SAMPLE_TABLE_BYTES] = 1 << 30;
	after.number[SAMPLE_MIRROR_BYTES] = 500;
	after.number[SAMPLE_WATCHERS] = 20000;
	row_make(&before, &after, &row);
	expect_row(&row, " 150.0M+  100%   123.5k    3.0   99999   1.0G"
			 " 9999999  99%   19K");
	row_add(&sum, &row);
	row_add(&sum, &row);
	expect_row(&sum, " 300.0M+  100%   246.9k    6.0  200.0k   2.0G"
			 "     19M    -   39K");
}

/* Of a map that one may not open only that is told which anybody may know */
static void rows_of_others(void **state)
{
	struct sample before = sample_at(0), after = sample_at(S);
	struct json_object *json = json_object_new_object();
	struct row row;

	(void)state;
	before.opened = false;
	after.opened = false;
	after.info.revision = 7;
	after.info.count = 50;
	after.info.bytes = 100;
	row_make(&before, &after, &row);
	expect_row(&row, "       -     -      7.0      -       -    100"
			 "      50  50%     -");
	row_add_json(json, &row);
	assert_string_equal(json_object_to_json_string_ext(json, 0),
			    "{\"interval_ns\":1000000000,"
			    "\"writes_per_second\":7.000,\"count\":50,"
			    "\"memory_bytes\":100,\"percent_full\":50}");
	json_object_put(json);
}

static char *metrics_of(const struct measured *measured, size_t n)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(file);
	metrics_write(measured, n, file);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void expect_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at > text && at[-1] != '\n'))
		fail_msg("no '%s' in:\n%s", line, text);
}

static void labels_are_escaped(void **state)
{
	struct measured measured = {
		.sample = sample_at(S), .map = "m",
		.owner = "a\\b\"c\nd\xff",
	};
	char *text;

	(void)state;
	text = metrics_of(&measured, 1);
	/* It is no UTF-8, so it is text with escapes, which are escaped then */
	expect_line(text, "syncmap_map_entries{map=\"m\","
			  "owner=\"a\\\\\\\\b\\\"c\\\\nd\\\\xff\"} 0\n");
	free(text);
	strcpy(measured.owner, "\xc3\xa9\\\"\n");
	text = metrics_of(&measured, 1);
	expect_line(text, "syncmap_map_entries{map=\"m\","
			  "owner=\"\xc3\xa9\\\\\\\"\\n\"} 0\n");
	free(text);
}

static void metrics_are_in_base_units(void **state)
{
	struct measured measured[2] = {
		{ .sample = sample_at(S), .map = "a", .owner = "ann" },
		{ .sample = sample_at(S), .map = "b", .owner = "bob" },
	};
	char *text;

	(void)state;
	measured[0].sample.known = ~0U;
	measured[0].sample.number[SAMPLE_MAX_PROMOTE_NS] = 12 * S + 34567;
	measured[0].sample.number[SAMPLE_ABSENT] = UINT64_MAX;
	/* It was restored: what is above does not count its changes */
	measured[0].sample.info.revision = (UINT64_C(5) << 32) + 3;
	text = metrics_of(measured, 2);
	expect_line(text, "syncmap_map_promotion_longest_seconds{map=\"a\","
			  "owner=\"ann\"} 12.000034567\n");
	expect_line(text, "# HELP syncmap_map_loads_total Operations that asked "
			  "for the value of a key.\n"
			  "# TYPE syncmap_map_loads_total counter\n"
			  "syncmap_map_loads_total{map=\"a\",owner=\"ann\","
			  "result=\"found\"} 0\n"
			  "syncmap_map_loads_total{map=\"a\",owner=\"ann\","
			  "result=\"absent\"} 18446744073709551615\n"
			  "# HELP syncmap_map_writes_total");
	expect_line(text, "syncmap_map_writes_total{map=\"a\",owner=\"ann\"} 3\n"
			  "syncmap_map_writes_total{map=\"b\",owner=\"bob\"} 0\n");
	free(text);
}

/* Another kernel may lack what tells of the inside of this one */
static void what_is_not_known_is_left_out(void **state)
{
	struct measured measured = { .sample = sample_at(S), .map = "m" };
	char *text;

	(void)state;
	measured.sample.known = 1U << SAMPLE_ABSENT;
	text = metrics_of(&measured, 1);
	expect_line(text, "# TYPE syncmap_map_writes_total counter\n");
	assert_null(strstr(text, "promotions"));
	assert_null(strstr(text, "found\""));
	/* The name has a head even if the first of it is not known */
	assert_non_null(strstr(text, "result=\"absent\""));
	assert_non_null(strstr(text, "# TYPE syncmap_map_loads_total counter\n"));
	free(text);
	text = metrics_of(&measured, 0);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_have_six_characters),
		cmocka_unit_test(rates_are_per_second),
		cmocka_unit_test(found_is_rounded_down),
		cmocka_unit_test(what_makes_no_sense_is_zero),
		cmocka_unit_test(rows_are_aligned),
		cmocka_unit_test(rows_of_others),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(metrics_are_in_base_units),
		cmocka_unit_test(what_is_not_known_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
