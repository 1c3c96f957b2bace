// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "row.h"
#include "size.h"

#define FORMAT		"%8s%6s%9s%7s%8s%7s%8s%5s%6s"

/* From here on entries are shown in units */
#define MANY_ENTRIES	10000000

void row_make(const struct sample *before, const struct sample *after,
	      struct row *row)
{
	*row = (struct row){
		.more_loads = after->number[SAMPLE_MAPPINGS],
		.entries = after->info.count,
		.memory = sample_memory(after),
		.watchers = after->number[SAMPLE_WATCHERS],
		.full = how_full(&after->info),
	};
	rates_between(before, after, &row->rates);
}

void row_add(struct row *sum, const struct row *row)
{
	sum->is_sum = true;
	sum->more_loads |= row->more_loads;
	sum->entries += row->entries;
	sum->memory += row->memory;
	sum->watchers += row->watchers;
	rates_add(&sum->rates, &row->rates);
}

void row_heading(char text[ROW_SHOWN])
{
	snprintf(text, ROW_SHOWN, FORMAT, "LOADS/s", "FOUND", "WRITES/s",
		 "PROM/s", "WAITS/s", "MEMORY", "ENTRIES", "FULL", "WATCH");
}

struct fields {
	char	loads[RATE_SHOWN + 1];
	char	found[RATE_SHOWN];
	char	writes[RATE_SHOWN];
	char	promotions[RATE_SHOWN];
	char	waits[RATE_SHOWN];
	char	memory[SIZE_SHOWN];
	char	entries[24];
	char	full[16];
	char	watchers[SIZE_SHOWN];
};

/* What only those are told who may open the map */
static void print_opened(const struct row *row, struct fields *fields)
{
	const struct rates *rates = &row->rates;

	rate_print(rates->found + rates->absent, fields->loads);
	if (row->more_loads)
		strcat(fields->loads, "+");
	rates_print_found(rates, fields->found);
	rate_print(rates->promotions, fields->promotions);
	rate_print(rates->waits, fields->waits);
	size_print(row->watchers, fields->watchers);
}

void row_print(const struct row *row, char text[ROW_SHOWN])
{
	struct fields fields = {
		.loads = "-", .found = "-", .promotions = "-", .waits = "-",
		.full = "-", .watchers = "-",
	};

	if (row->rates.opened)
		print_opened(row, &fields);
	rate_print(row->rates.writes, fields.writes);
	size_print(row->memory, fields.memory);
	if (row->entries < MANY_ENTRIES)
		snprintf(fields.entries, sizeof(fields.entries), "%" PRIu64,
			 row->entries);
	else
		size_print(row->entries, fields.entries);
	if (!row->is_sum)
		snprintf(fields.full, sizeof(fields.full), "%u%%", row->full);
	snprintf(text, ROW_SHOWN, FORMAT, fields.loads, fields.found,
		 fields.writes, fields.promotions, fields.waits, fields.memory,
		 fields.entries, fields.full, fields.watchers);
}

static void add_decimal(struct json_object *json, const char *name, double value,
			int digits)
{
	char text[48];

	snprintf(text, sizeof(text), "%.*f", digits, value);
	json_object_object_add(json, name, json_object_new_double_s(value, text));
}

static void add_rate(struct json_object *json, const char *name, double rate)
{
	add_decimal(json, name, rate, 3);
}

void row_add_ratio(struct json_object *json, double found, double absent)
{
	if (found + absent > 0)
		add_decimal(json, "found_ratio", found / (found + absent), 4);
}

static void add_number(struct json_object *json, const char *name,
		       uint64_t number)
{
	json_object_object_add(json, name, json_object_new_uint64(number));
}

void row_add_json(struct json_object *json, const struct row *row)
{
	const struct rates *rates = &row->rates;

	add_number(json, "interval_ns", rates->ns);
	if (rates->opened) {
		add_rate(json, "loads_per_second", rates->found + rates->absent);
		add_rate(json, "found_per_second", rates->found);
		add_rate(json, "absent_per_second", rates->absent);
		row_add_ratio(json, rates->found, rates->absent);
		add_rate(json, "evicted_per_second", rates->evicted);
		add_rate(json, "promotions_per_second", rates->promotions);
		add_rate(json, "waits_per_second", rates->waits);
		add_number(json, "watchers", row->watchers);
	}
	add_rate(json, "writes_per_second", rates->writes);
	add_number(json, "count", row->entries);
	add_number(json, "memory_bytes", row->memory);
	if (!row->is_sum)
		add_number(json, "percent_full", row->full);
}
