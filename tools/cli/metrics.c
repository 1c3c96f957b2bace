// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "format.h"
#include "metrics.h"

enum kind {
	GAUGE,
	COUNTER,
	CHANGES,	/* a counter that begins again at 2^32 */
	SECONDS,	/* a gauge, in nanoseconds */
};

/* @label: of several of one name, which follow one another, what tells them apart */
struct metric {
	const char	*name;
	const char	*label;
	enum kind	kind;
	size_t		offset;		/* of the number in a sample */
	const char	*help;
};

#define INFO(member)	offsetof(struct sample, info.member)
#define NUMBER(id)	offsetof(struct sample, number[SAMPLE_##id])

static const struct metric metrics[] = {
	{ "syncmap_map_entries", NULL, GAUGE, INFO(count),
	  "Entries that the map has." },
	{ "syncmap_map_entries_limit", NULL, GAUGE, INFO(limits.entries),
	  "Entries that the map may have." },
	{ "syncmap_map_bytes", NULL, GAUGE, INFO(bytes),
	  "Bytes of keys and values, and an overhead per entry." },
	{ "syncmap_map_bytes_limit", NULL, GAUGE, INFO(limits.bytes),
	  "Bytes that the map may have." },
	{ "syncmap_map_table_bytes", NULL, GAUGE, NUMBER(TABLE_BYTES),
	  "Memory of the tables that entries are found by." },
	{ "syncmap_map_mirror_bytes", NULL, GAUGE, NUMBER(MIRROR_BYTES),
	  "Memory of the copy that processes have mapped." },
	{ "syncmap_map_mappings", NULL, GAUGE, NUMBER(MAPPINGS),
	  "Mappings of the map, from which loads are not counted." },
	{ "syncmap_map_loads_total", "result=\"found\"", COUNTER, NUMBER(FOUND),
	  "Operations that asked for the value of a key." },
	{ "syncmap_map_loads_total", "result=\"absent\"", COUNTER,
	  NUMBER(ABSENT), NULL },
	{ "syncmap_map_writes_total", NULL, CHANGES, INFO(revision),
	  "Changes of the map, as its revision counts them." },
	{ "syncmap_map_mismatches_total", NULL, COUNTER, NUMBER(MISMATCHES),
	  "Compare operations that found another value." },
	{ "syncmap_map_rejected_total", NULL, COUNTER, NUMBER(REJECTED),
	  "Operations that found the map full." },
	{ "syncmap_map_waits_total", "reason=\"lock\"", COUNTER,
	  NUMBER(LOCK_WAITS), "Operations that had to wait." },
	{ "syncmap_map_waits_total", "reason=\"lease\"", COUNTER,
	  NUMBER(LEASE_WAITS), NULL },
	{ "syncmap_map_waits_total", "reason=\"memory\"", COUNTER,
	  NUMBER(THROTTLED), NULL },
	{ "syncmap_map_expired_total", NULL, COUNTER, NUMBER(EXPIRED),
	  "Entries whose time was over." },
	{ "syncmap_map_orphaned_total", NULL, COUNTER, NUMBER(ORPHANED),
	  "Entries that went with their owner." },
	{ "syncmap_map_evicted_total", NULL, COUNTER, NUMBER(EVICTED),
	  "Entries that have made room for others." },
	{ "syncmap_map_evicted_early_total", NULL, COUNTER,
	  NUMBER(EVICTED_EARLY), "Evicted keys that came back soon after." },
	{ "syncmap_map_expiring_entries", NULL, GAUGE, NUMBER(EXPIRING),
	  "Entries that expire some day." },
	{ "syncmap_map_leases", NULL, GAUGE, NUMBER(LEASES),
	  "Leases that are held." },
	{ "syncmap_map_leases_granted_total", NULL, COUNTER,
	  NUMBER(LEASES_GRANTED), "Leases that were given." },
	{ "syncmap_map_leases_lost_total", NULL, COUNTER, NUMBER(LEASES_LOST),
	  "Leases that ended without a value." },
	{ "syncmap_map_watchers", NULL, GAUGE, NUMBER(WATCHERS),
	  "Descriptors that watch the map." },
	{ "syncmap_map_events_total", NULL, COUNTER, NUMBER(EVENTS),
	  "Events that were queued for those who watch." },
	{ "syncmap_map_event_overflows_total", NULL, COUNTER, NUMBER(OVERFLOWS),
	  "How often a queue of events was full." },
	{ "syncmap_map_promotions_total", NULL, COUNTER, NUMBER(PROMOTIONS),
	  "Read tables that were rebuilt." },
	{ "syncmap_map_promotions_failed_total", NULL, COUNTER,
	  NUMBER(PROMOTE_FAILS), "Rebuilds that ran out of memory." },
	{ "syncmap_map_promotion_longest_seconds", NULL, SECONDS,
	  NUMBER(MAX_PROMOTE_NS), "The longest time that a rebuild took." },
};

static bool is_known(const struct metric *metric, const struct sample *sample)
{
	size_t first = offsetof(struct sample, number);

	if (metric->offset < first)
		return true;
	return sample->known >> (metric->offset - first) / sizeof(uint64_t) & 1;
}

/* As a label's value has to be: UTF-8, with three characters that are escaped */
static void write_text(const char *text, FILE *file)
{
	struct bytes shown = { };

	if (is_utf8(text, strlen(text)))
		bytes_append(&shown, text, strlen(text));
	else
		format_print(FORMAT_TEXT, text, strlen(text), &shown);
	for (size_t i = 0; i < shown.len; i++) {
		char c = shown.data[i];

		if (c == '\n')
			fputs("\\n", file);
		else if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else
			putc(c, file);
	}
	bytes_free(&shown);
}

static void write_value(const struct metric *metric,
			const struct sample *sample, FILE *file)
{
	uint64_t value;

	memcpy(&value, (const char *)sample + metric->offset, sizeof(value));
	/* The revision of a map that was restored begins above a multiple of that */
	if (metric->kind == CHANGES)
		value &= UINT32_MAX;
	if (metric->kind == SECONDS)
		fprintf(file, "%" PRIu64 ".%09u\n", value / 1000000000,
			(unsigned int)(value % 1000000000));
	else
		fprintf(file, "%" PRIu64 "\n", value);
}

static void write_sample(const struct metric *metric,
			 const struct measured *measured, FILE *file)
{
	fprintf(file, "%s{map=\"", metric->name);
	write_text(measured->map, file);
	fputs("\",owner=\"", file);
	write_text(measured->owner, file);
	fprintf(file, "\"%s%s} ", metric->label ? "," : "",
		metric->label ? metric->label : "");
	write_value(metric, &measured->sample, file);
}

static void write_head(const struct metric *metric, FILE *file)
{
	fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
		metric->help, metric->name,
		metric->kind == COUNTER || metric->kind == CHANGES ?
		"counter" : "gauge");
}

void metrics_write(const struct measured *measured, size_t n, FILE *file)
{
	const struct metric *end = metrics + sizeof(metrics) / sizeof(*metrics);
	const char *begun = "";

	for (const struct metric *m = metrics; m < end; m++) {
		for (size_t i = 0; i < n; i++) {
			if (!is_known(m, &measured[i].sample))
				continue;
			if (strcmp(begun, m->name))
				write_head(m, file);
			begun = m->name;
			write_sample(m, &measured[i], file);
		}
	}
}
