// SPDX-License-Identifier: GPL-2.0-only
/* What numbers earn a verdict, and which just do not */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "verdict.h"

static struct syncmap_map_info info;
static struct patient patient;
static char found[256];

static void note_name(const struct verdict *verdict, void *arg)
{
	(void)arg;
	assert_true(verdict->count && verdict->count <= EVIDENCE_MAX);
	assert_non_null(verdict->why);
	assert_non_null(verdict->advice);
	strcat(strcat(found, *found ? " " : ""), verdict->name);
}

/* The names of all verdicts */
static void finds(const char *names)
{
	found[0] = '\0';
	verdict_find(&patient, note_name, NULL);
	assert_string_equal(found, names);
}

/* A map that has been read a lot, and is not used now */
static int set_up(void **state)
{
	(void)state;
	info = (struct syncmap_map_info){
		.limits = { .entries = 100000, .bytes = 1 << 30 },
	};
	patient = (struct patient){ .info = &info };
	patient.now = (struct vitals){
		.count = 1000, .bytes = 100000, .revision = 1000,
		.counts_loads = true, .found = 9000,
	};
	patient.before = patient.now;
	patient.now.time = UINT64_C(5000000000);
	return 0;
}

/* The same numbers before, as if nothing had happened since */
static void settle(void)
{
	patient.before = patient.now;
	patient.before.time = 0;
}

static void nothing(void **state)
{
	(void)state;
	finds("");
	assert_int_equal(verdict_basis(&patient), 10000);
}

static void too_little(void **state)
{
	(void)state;
	patient.now.found = 0;
	patient.now.count = 0;
	patient.now.revision = 999;
	patient.now.overwritten = 999;
	settle();
	finds("");
	assert_int_equal(verdict_basis(&patient), 999);
	patient.now.revision = 1000;
	patient.now.overwritten = 1000;
	settle();
	finds("writes");
}

static void writes(void **state)
{
	(void)state;
	patient.now.revision += 11250;
	patient.now.overwritten = 11250;
	settle();
	finds("");
	patient.now.revision++;
	patient.now.overwritten++;
	settle();
	finds("writes");
	/* Loads from mappings are not known, and to older modules none are */
	patient.now.mappings = 1;
	info.mapped = 1;
	finds("");
	patient.now.mappings = 0;
	info.mapped = 0;
	patient.now.counts_loads = false;
	finds("");
}

static void writes_that_filled_it(void **state)
{
	(void)state;
	patient.now.found = 100;
	patient.now.revision = 50000;
	patient.now.count = 50000;
	settle();
	finds("");
}

static void writes_long_ago(void **state)
{
	(void)state;
	patient.now.revision += 50000;
	patient.now.overwritten = 50000;
	settle();
	finds("writes");
	patient.now.found += 1000;
	finds("");
	patient.now.revision += 1251;
	patient.now.overwritten += 1251;
	finds("writes");
}

static void restored(void **state)
{
	(void)state;
	patient.now.revision = (UINT64_C(1) << 32) + 50000;
	settle();
	finds("");
	assert_int_equal(verdict_basis(&patient), 0);
	patient.now.revision += 1000;
	patient.now.overwritten += 1000;
	finds("writes");
}

static void churn(void **state)
{
	(void)state;
	/* 2000 come and 1000 of them go */
	patient.now.revision = 3000;
	patient.now.found = 9000;
	settle();
	finds("churn");
	/* Nine of ten operations are loads */
	patient.now.found = 27000;
	settle();
	finds("");
}

static void growth(void **state)
{
	(void)state;
	patient.now.count += 10;
	patient.now.revision += 10;
	patient.now.found += 10;
	finds("growth");
	/* It makes what it looks for */
	patient.now.absent += 5;
	finds("cache");
	info.ttl = 1;
	finds("");
	info.ttl = 0;
	patient.now.expiring = 600;
	finds("");
	patient.now.expiring = 400;
	finds("cache");
	/* One has gone */
	patient.now.count--;
	patient.now.revision++;
	finds("");
}

static void growth_that_was_too_short(void **state)
{
	(void)state;
	patient.now.count += 9;
	patient.now.revision += 9;
	patient.now.found += 10;
	finds("");
}

/* Nobody reads it yet */
static void growth_from_the_beginning(void **state)
{
	(void)state;
	patient.now.count += 500;
	patient.now.revision += 500;
	finds("");
}

static void limit(void **state)
{
	(void)state;
	info.limits.entries = 1112;
	finds("");
	info.limits.entries = 1111;
	finds("limit");
	info.state = SYNCMAP_MAP_FROZEN;
	finds("");
	info.state = 0;
	info.limits.entries = 100000;
	info.limits.bytes = 111111;
	finds("limit");
	info.limits.bytes = 1 << 30;
	patient.now.rejected = 1;
	finds("limit");
	settle();
	finds("");
}

/* It is to be full; but one that refuses nevertheless is too full */
static void limit_of_what_evicts(void **state)
{
	(void)state;
	info.state = SYNCMAP_MAP_EVICTS;
	info.limits.entries = 1000;
	finds("");
	patient.now.rejected = 1;
	finds("limit");
}

static void full_cache(void **state)
{
	(void)state;
	info.limits.entries = 1000;
	patient.now.rejected = 99;
	patient.now.absent = 99;
	settle();
	finds("limit");
	patient.now.rejected = 100;
	patient.now.absent = 100;
	settle();
	finds("full-cache");
	/* Nearly all that is looked for cannot be stored */
	patient.now.absent = 20000;
	patient.now.rejected = 19000;
	settle();
	finds("full-cache");
	patient.now.rejected = 100;
	/* Those who are refused did not look before */
	patient.now.absent = 99;
	settle();
	finds("limit");
	patient.now.absent = 100;
	settle();
	info.state = SYNCMAP_MAP_FROZEN;
	finds("");
	/* There is room by now */
	info.state = 0;
	info.limits.entries = 2000;
	finds("");
}

static void too_small(void **state)
{
	(void)state;
	info.state = SYNCMAP_MAP_EVICTS;
	info.limits.entries = 1000;
	patient.now.absent = 500;
	patient.now.revision += 4000;
	patient.now.evicted = 2000;
	patient.now.evicted_early = 100;
	settle();
	finds("too-small");
	patient.now.evicted_early = 99;
	settle();
	finds("");
	/* Hardly any load misses them */
	patient.now.evicted_early = 100;
	patient.now.found = 9601;
	settle();
	finds("");
	patient.now.mappings = 1;
	finds("too-small");
	info.state = 0;
	info.limits.entries = 10000;
	finds("");
}

/* Half of the loads miss: each key that comes has another one go, and that is no write */
static void evicted_is_no_churn(void **state)
{
	(void)state;
	info.state = SYNCMAP_MAP_EVICTS;
	patient.now.found = 5000;
	patient.now.absent = 5000;
	patient.now.revision = 11000;
	patient.now.evicted = 5000;
	settle();
	finds("");
	/* As many that somebody has deleted would be */
	patient.now.evicted = 0;
	settle();
	finds("churn");
}

static uint64_t mean_age;

static void note_mean_age(const struct verdict *verdict, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < verdict->count; i++)
		if (!strcmp(verdict->evidence[i].name, "mean_age_ms"))
			mean_age = verdict->evidence[i].number;
}

/* Of those that have gone while it was looked at, if these are enough */
static void ages(void **state)
{
	(void)state;
	info.state = SYNCMAP_MAP_EVICTS;
	patient.now.evicted = 200;
	patient.now.evicted_early = 200;
	patient.now.evicted_age[0] = 100;
	patient.now.evicted_age[6] = 100;
	settle();
	verdict_find(&patient, note_mean_age, NULL);
	/* From 1024 ms to 4096 */
	assert_int_equal(mean_age, (0.5 + 2560) / 2);
	patient.now.found += 1000;
	patient.now.evicted += 100;
	patient.now.evicted_early += 100;
	patient.now.evicted_age[1] += 100;
	verdict_find(&patient, note_mean_age, NULL);
	assert_int_equal(mean_age, 2);
}

static void absent(void **state)
{
	(void)state;
	patient.now.found = 500;
	patient.now.absent = 500;
	settle();
	finds("");
	patient.now.absent = 2501;
	settle();
	finds("absent");
	/* Those who found these absent have stored them */
	patient.now.count = 2000;
	patient.now.revision = 2000;
	settle();
	finds("");
}

static void mismatches(void **state)
{
	(void)state;
	patient.now.mismatches = 1000;
	settle();
	finds("");
	patient.now.mismatches = 1001;
	settle();
	finds("mismatches");
}

static void idle_mirror(void **state)
{
	(void)state;
	info.mapped = 1 << 20;
	finds("idle-mirror");
	patient.before.mappings = 1;
	finds("");
	patient.before.mappings = 0;
	patient.now.found = 0;
	settle();
	finds("idle-mirror");
	patient.now.revision = 10;
	patient.now.count = 10;
	settle();
	finds("");
}

static void no_mirror(void **state)
{
	(void)state;
	patient.now.found = 10000;
	settle();
	finds("no-mirror");
	patient.now.revision += 100;
	patient.now.overwritten = 100;
	settle();
	finds("no-mirror");
	patient.now.revision++;
	patient.now.overwritten++;
	settle();
	finds("");
	patient.now.revision--;
	patient.now.overwritten--;
	patient.now.bytes = 4001 * 1000;
	settle();
	finds("");
}

static void overflows(void **state)
{
	(void)state;
	patient.now.overflows = 1;
	finds("overflows");
	settle();
	finds("");
	patient.now.watchers = 1;
	settle();
	finds("overflows");
}

static void hot_key(void **state)
{
	(void)state;
	patient.hot = (struct hot_key){
		.sampled = 1000, .operations = 500, .key = "k",
	};
	finds("");
	patient.hot.operations = 501;
	finds("hot-key");
	patient.now.count = 9;
	finds("");
	patient.now.count = 1000;
	patient.hot.sampled = 999;
	finds("");
}

#define test(name)	cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(nothing),
		test(too_little),
		test(writes),
		test(writes_that_filled_it),
		test(writes_long_ago),
		test(restored),
		test(churn),
		test(growth),
		test(growth_that_was_too_short),
		test(growth_from_the_beginning),
		test(limit),
		test(limit_of_what_evicts),
		test(full_cache),
		test(too_small),
		test(evicted_is_no_churn),
		test(ages),
		test(absent),
		test(mismatches),
		test(idle_mirror),
		test(no_mirror),
		test(overflows),
		test(hot_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
