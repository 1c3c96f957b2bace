// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "duration.h"
#include "page.h"
#include "size.h"

static const char *const orders[PAGE_ORDERS] = {
	[PAGE_BY_NAME]		= "name",
	[PAGE_BY_LOADS]		= "loads",
	[PAGE_BY_FOUND]		= "found",
	[PAGE_BY_WRITES]	= "writes",
	[PAGE_BY_PROMOTIONS]	= "promotions",
	[PAGE_BY_WAITS]		= "waits",
	[PAGE_BY_MEMORY]	= "memory",
	[PAGE_BY_ENTRIES]	= "entries",
	[PAGE_BY_FULL]		= "how full",
	[PAGE_BY_WATCHERS]	= "watchers",
};

/* What comes first has the highest */
static double weight(const struct live_map *map, enum page_order order)
{
	double loads;
	struct row row;

	live_last_row(map, &row);
	loads = row.rates.found + row.rates.absent;
	switch (order) {
	case PAGE_BY_LOADS:
		return loads;
	case PAGE_BY_FOUND:
		return loads ? -row.rates.found / loads : -2;
	case PAGE_BY_WRITES:
		return row.rates.writes;
	case PAGE_BY_PROMOTIONS:
		return row.rates.promotions;
	case PAGE_BY_WAITS:
		return row.rates.waits;
	case PAGE_BY_MEMORY:
		return row.memory;
	case PAGE_BY_ENTRIES:
		return row.entries;
	case PAGE_BY_FULL:
		return row.full;
	case PAGE_BY_WATCHERS:
		return row.watchers;
	default:
		return 0;
	}
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct live_map *const *x = a, *const *y = b;
	const struct page *page = arg;
	double v = weight(*x, page->order), w = weight(*y, page->order);
	int order = (v < w) - (v > w);

	if (!order)
		order = strcmp((*x)->sample.info.name, (*y)->sample.info.name);
	return page->reverse ? -order : order;
}

const struct live_map **page_sort(const struct page *page,
				  const struct live *live)
{
	const struct live_map **sorted = calloc(live->n + 1, sizeof(*sorted));

	if (!sorted)
		abort();
	for (size_t i = 0; i < live->n; i++)
		sorted[i] = &live->maps[i];
	qsort_r(sorted, live->n, sizeof(*sorted), compare, (void *)page);
	return sorted;
}

__attribute__((format(printf, 3, 4)))
static void put(const struct page *page, enum page_look look,
		const char *format, ...)
{
	char line[PAGE_WIDTH_MAX + ROW_SHOWN];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (strlen(line) > (size_t)page->width)
		line[page->width] = '\0';
	page->put(page->arg, line, look);
}

/* A narrower screen shows less of each line */
static int name_width(const struct page *page)
{
	int width = page->width;

	if (width < PAGE_WIDTH_MIN)
		width = PAGE_WIDTH_MIN;
	if (width > PAGE_WIDTH_MAX)
		width = PAGE_WIDTH_MAX;
	return width - ROW_WIDTH;
}

/* What is cut off ends in a plus */
static void put_row(const struct page *page, enum page_look look,
		    const char *name, const char *row)
{
	int width = name_width(page) - 1;
	bool fits = strlen(name) <= (size_t)width;

	put(page, look, "%-*.*s%s %s", fits ? width : width - 1,
	    fits ? width : width - 1, name, fits ? "" : "+", row);
}

static void put_summary(const struct page *page, const struct live *live)
{
	const struct syncmap_info *system = &live->system;
	char interval[DURATION_SHOWN], used[SIZE_SHOWN], max[SIZE_SHOWN];
	char unopened[48] = "";

	duration_print(page->interval, interval);
	if (live->unopened)
		snprintf(unopened, sizeof(unopened),
			 ", %zu that you may not open", live->unopened);
	put(page, LOOK_PLAIN, "%zu maps%s; by %s%s, every %s", live->n,
	    unopened, orders[page->order], page->reverse ? ", reversed" : "",
	    interval);
	size_print(system->all_bytes, used);
	size_print(system->max_all_bytes, max);
	put(page, LOOK_PLAIN, "memory of all users %s of %s; %u of %u maps",
	    used, max, system->maps, system->max_maps);
}

static void put_totals(const struct page *page, const struct live *live)
{
	char text[ROW_SHOWN];

	row_heading(text);
	put_row(page, LOOK_HEADING, "MAP", text);
	row_print(&live->total, text);
	put_row(page, LOOK_PLAIN, "(total)", text);
}

static void put_map(const struct page *page, const struct live_map *map)
{
	const struct syncmap_map_info *info = &map->sample.info;
	char text[ROW_SHOWN];
	struct row row;

	live_last_row(map, &row);
	row_print(&row, text);
	put_row(page, info->id == page->chosen ? LOOK_CHOSEN : LOOK_PLAIN,
		info->name, text);
}

/* Lines that are no maps: above them, and below */
#define LINES_ABOVE	4
#define LINES_BELOW	1

/* So that the chosen one is seen. Returns how many there is room for. */
static size_t scroll(struct page *page, const struct live_map **sorted,
		     size_t n)
{
	size_t room = page->height - LINES_ABOVE - LINES_BELOW;

	if (!page->height)
		return n;
	if (page->height <= LINES_ABOVE + LINES_BELOW)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (sorted[i]->sample.info.id != page->chosen)
			continue;
		if (page->first > i)
			page->first = i;
		if (page->first + room <= i)
			page->first = i - room + 1;
	}
	if (page->first + room > n)
		page->first = n > room ? n - room : 0;
	return room;
}

void page_all(struct page *page, const struct live *live)
{
	const struct live_map **sorted = page_sort(page, live);
	size_t room = scroll(page, sorted, live->n);

	put_summary(page, live);
	put_totals(page, live);
	for (size_t i = 0; i < room; i++) {
		if (page->first + i < live->n)
			put_map(page, sorted[page->first + i]);
		else
			put(page, LOOK_PLAIN, "%s", "");
	}
	free(sorted);
	if (page->height)
		put(page, LOOK_KEYS, "q quit   Enter one map   < > order   "
		    "r reverse");
}

static void put_about(const struct page *page, const struct live_map *map)
{
	const struct syncmap_map_info *info = &map->sample.info;
	char owner[64];

	put(page, LOOK_PLAIN, "map %s  number %" PRIu64 "  owner %s  mode %04o"
	    "  keys %s%s%s%s", info->name, (uint64_t)info->id,
	    user_name(info->uid, owner, sizeof(owner)), info->mode & 07777,
	    key_type_name(info->key_type), info->mapped ? "  mapped" : "",
	    info->state & SYNCMAP_MAP_EVICTS ? "  evicts" : "",
	    info->state & SYNCMAP_MAP_FROZEN ? "  frozen" : "");
	put(page, LOOK_PLAIN, "entries %" PRIu64 " of %" PRIu64
	    "   bytes %" PRIu64 " of %" PRIu64 "   %u%% full",
	    (uint64_t)info->count, (uint64_t)info->limits.entries,
	    (uint64_t)info->bytes, (uint64_t)info->limits.bytes,
	    how_full(info));
}

/* Since it was made */
static void put_numbers(const struct page *page, const struct sample *sample)
{
	const uint64_t *n = sample->number;

	if (!sample->opened) {
		put(page, LOOK_PLAIN, "what it is doing is for those who may "
		    "open it");
		put(page, LOOK_PLAIN, "%s", "");
		return;
	}
	put(page, LOOK_PLAIN, "found %" PRIu64 "  absent %" PRIu64
	    "  rejected %" PRIu64 "  expired %" PRIu64 "  evicted %" PRIu64
	    "  overflows %" PRIu64, n[SAMPLE_FOUND], n[SAMPLE_ABSENT],
	    n[SAMPLE_REJECTED], n[SAMPLE_EXPIRED], n[SAMPLE_EVICTED],
	    n[SAMPLE_OVERFLOWS]);
	put(page, LOOK_PLAIN, "waits for locks %" PRIu64 "  for leases %" PRIu64
	    "  for memory %" PRIu64 "  promotions %" PRIu64,
	    n[SAMPLE_LOCK_WAITS], n[SAMPLE_LEASE_WAITS], n[SAMPLE_THROTTLED],
	    n[SAMPLE_PROMOTIONS]);
}

#define LINES_OF_MAP	6

void page_map(const struct page *page, const struct live_map *map)
{
	char text[ROW_SHOWN], ago[DURATION_SHOWN];
	const struct row *row;

	put_about(page, map);
	put_numbers(page, &map->sample);
	row_heading(text);
	put_row(page, LOOK_HEADING, "AGO", text);
	for (int i = 0; i < page->height - LINES_OF_MAP; i++) {
		row = live_row(map, i);
		if (!row) {
			put(page, LOOK_PLAIN, "%s", "");
			continue;
		}
		row_print(row, text);
		duration_print(i * page->interval, ago);
		put_row(page, LOOK_PLAIN, i ? ago : "now", text);
	}
	put(page, LOOK_KEYS, "q quit   Esc all maps");
}
