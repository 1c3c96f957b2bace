// SPDX-License-Identifier: GPL-2.0-only
/* doctor MAP: looks at the numbers of a map twice, and at its keys in between */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "hotkey.h"
#include "verdict.h"

struct report {
	struct cli	*cli;
	size_t		verdicts;
};

static int add_number(const struct syncmap_stat *stat, void *arg)
{
	struct vitals *v = arg;
	const struct {
		const char	*name;
		uint64_t	*number;
	} wanted[] = {
		{ "count", &v->count },
		{ "bytes", &v->bytes },
		{ "revision", &v->revision },
		{ "found", &v->found },
		{ "absent", &v->absent },
		{ "in_place", &v->overwritten },
		{ "replaced", &v->overwritten },
		{ "mismatches", &v->mismatches },
		{ "rejected", &v->rejected },
		{ "evicted", &v->evicted },
		{ "evicted_early", &v->evicted_early },
		{ "watchers", &v->watchers },
		{ "events", &v->events },
		{ "overflows", &v->overflows },
		{ "expiring", &v->expiring },
		{ "promotions", &v->promotions },
		{ "mirror_bytes", &v->mirror_bytes },
		{ "mappings", &v->mappings },
	};

	v->counts_loads |= !strcmp(stat->name, "found");
	if (!strcmp(stat->name, "evicted_age") && stat->index < VERDICT_AGES)
		v->evicted_age[stat->index] = stat->value;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strcmp(stat->name, wanted[i].name))
			*wanted[i].number += stat->value;
	return 0;
}

static int take_vitals(const struct libsyncmap *map, struct vitals *vitals)
{
	struct timespec now;

	memset(vitals, 0, sizeof(*vitals));
	clock_gettime(CLOCK_MONOTONIC, &now);
	vitals->time = now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
	return libsyncmap_stats(map, add_number, vitals);
}

/* As people write it, whatever is in it; "..." behind what is its beginning */
static void show_key(const struct cli *cli, const struct hotkey *hot,
		     struct bytes *text)
{
	size_t len = hot->len < HOTKEY_BYTES ? hot->len : HOTKEY_BYTES;

	print_field(cli->format.key, hot->key, len, text);
	if (len < hot->len)
		bytes_append(text, "...", 3);
	bytes_append_char(text, '\0');
}

static void sleep_for(uint64_t ns)
{
	const struct timespec time = {
		.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000,
	};

	nanosleep(&time, NULL);
}

static void look_at_keys(struct cli *cli, struct hot_key *hot,
			 struct bytes *key)
{
	struct hotkey found;
	const char *why;

	if (!cli->look_for)
		return;
	why = hotkey_sample(cli->info.id, cli->look_for, &found);
	if (why) {
		note("map '%s': no hot key was looked for: %s", cli->name, why);
		sleep_for(cli->look_for);
		return;
	}
	show_key(cli, &found, key);
	*hot = (struct hot_key){
		.sampled = found.sampled, .operations = found.operations,
		.writes = found.writes, .key = key->data,
	};
}

static void say_evidence(const struct verdict *verdict)
{
	printf("%s:", verdict->name);
	for (size_t i = 0; i < verdict->count; i++) {
		printf("%s %s ", i ? "," : "", verdict->evidence[i].name);
		if (verdict->evidence[i].text)
			printf("%s", verdict->evidence[i].text);
		else
			printf("%" PRIu64, verdict->evidence[i].number);
	}
	putchar('\n');
}

static struct json_object *evidence_json(const struct verdict *verdict)
{
	struct json_object *json = json_object_new_object();

	for (size_t i = 0; i < verdict->count; i++) {
		const char *name = verdict->evidence[i].name;

		if (verdict->evidence[i].text)
			add_any_text(json, name, verdict->evidence[i].text);
		else
			add_u64(json, name, verdict->evidence[i].number);
	}
	return json;
}

static void say_verdict(const struct verdict *verdict, void *arg)
{
	struct report *report = arg;
	struct json_object *json;

	report->verdicts++;
	if (!report->cli->json) {
		say_evidence(verdict);
		printf("  %s\n  %s\n", verdict->why, verdict->advice);
		return;
	}
	json = json_object_new_object();
	add_text(json, "verdict", verdict->name);
	add_json(json, "evidence", evidence_json(verdict));
	add_text(json, "why", verdict->why);
	add_text(json, "advice", verdict->advice);
	say_json(report->cli, json);
}

/* What nobody can tell has not been found in order */
static void say_basis(struct cli *cli, const struct patient *patient)
{
	uint64_t basis = verdict_basis(patient);

	if (patient->now.mappings)
		note("map '%s': loads from mappings are counted nowhere, so "
		     "nothing is said of what they are compared with",
		     cli->name);
	if (basis < VERDICT_ENOUGH)
		note("map '%s': %" PRIu64 " operations are too few to judge "
		     "by: %d would do", cli->name, basis, VERDICT_ENOUGH);
	else if (!cli->json)
		printf("nothing to say, by %" PRIu64 " operations\n", basis);
}

int check_up(struct cli *cli)
{
	struct patient patient = { .info = &cli->info };
	struct report report = { .cli = cli };
	struct bytes key = { };
	int err;

	err = take_vitals(cli->map, &patient.before);
	if (!err)
		look_at_keys(cli, &patient.hot, &key);
	if (!err)
		err = take_vitals(cli->map, &patient.now);
	if (!err) {
		begin_array(cli);
		verdict_find(&patient, say_verdict, &report);
		end_array(cli);
		if (!report.verdicts)
			say_basis(cli, &patient);
	}
	bytes_free(&key);
	if (err)
		return fail_map(cli, cli->name, err);
	return report.verdicts ? EXIT_NO : EXIT_YES;
}
