// SPDX-License-Identifier: GPL-2.0-only
/*
 * The traces
 *
 * The number of a key is its rank, but a scan goes through them in another order,
 * and maps hash them. A third of each trace warms the caches and does not count; the
 * recorded one is too short for that.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "trace.h"

#define KEYS		100000
#define LENGTH		1500000
#define CALM		10000		/* loads between two scans, */
#define SCAN		(KEYS / 10)	/* each of the next tenth of the keys */
#define SCAN_STEP	61803		/* has no factor in common with KEYS */
#define LOOP		(KEYS / 8)	/* keys of a loop */
#define FASHION		50000		/* loads until popularity changes, */
#define FASHION_STEP	(KEYS / 40)	/* by so many ranks */

/* Buffers that Glimpse asked for as it searched text: S. Jiang's for LIRS, 2002 */
#define GLIMPSE		"/usr/share/gocode/src/github.com/dgraph-io/ristretto/sim/gli.lirs.gz"

static u64 next_random(u64 *state)
{
	u64 x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* Zipf's law */

struct zipf {
	u32	keys;
	u64	random;
	double	*up_to;		/* the share of all keys up to each */
};

static void zipf_begin(struct zipf *zipf, u32 keys, double exponent, u64 seed)
{
	double total = 0;
	u32 i;

	zipf->keys = keys;
	zipf->random = seed;
	zipf->up_to = malloc(keys * sizeof(double));
	for (i = 0; i < keys; i++) {
		total += pow(i + 1, -exponent);
		zipf->up_to[i] = total;
	}
	for (i = 0; i < keys; i++)
		zipf->up_to[i] /= total;
}

static u32 zipf_draw(struct zipf *zipf)
{
	double share = (next_random(&zipf->random) >> 11) * 0x1p-53;
	u32 from = 0, to = zipf->keys - 1, middle;

	while (from < to) {
		middle = (from + to) / 2;
		if (zipf->up_to[middle] < share)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static void zipf_end(struct zipf *zipf)
{
	free(zipf->up_to);
}

void trace_draw_zipf(u32 *to, u32 count, u32 keys, double exponent, u64 seed)
{
	struct zipf zipf;

	zipf_begin(&zipf, keys, exponent, seed);
	while (count--)
		*to++ = zipf_draw(&zipf);
	zipf_end(&zipf);
}

/* Mixes */

static void make_room(struct trace *trace, u32 keys, u32 length)
{
	trace->keys = keys;
	trace->length = length;
	trace->warm = length / 3;
	trace->at = malloc(length * sizeof(*trace->at));
	trace->scans = calloc(length, sizeof(*trace->scans));
}

static bool draw_zipf(struct trace *trace, const struct mix *mix, u64 seed)
{
	make_room(trace, KEYS, LENGTH);
	trace_draw_zipf(trace->at, LENGTH, KEYS, mix->exponent, seed);
	return true;
}

static bool draw_scans(struct trace *trace, const struct mix *mix, u64 seed)
{
	struct zipf zipf;
	u64 scanned = 0;
	u32 i;

	make_room(trace, KEYS, LENGTH);
	zipf_begin(&zipf, KEYS, mix->exponent, seed);
	for (i = 0; i < LENGTH; i++) {
		trace->scans[i] = i % (CALM + SCAN) >= CALM;
		trace->at[i] = trace->scans[i] ? scanned++ * SCAN_STEP % KEYS :
						 zipf_draw(&zipf);
	}
	zipf_end(&zipf);
	return true;
}

static bool draw_loop(struct trace *trace, const struct mix *mix, u64 seed)
{
	u32 i;

	make_room(trace, KEYS, LENGTH);
	for (i = 0; i < LENGTH; i++)
		trace->at[i] = (seed + i) % LOOP;
	return true;
}

static bool draw_half_loop(struct trace *trace, const struct mix *mix, u64 seed)
{
	u32 i;

	draw_zipf(trace, mix, seed);
	for (i = 1; i < LENGTH; i += 2)
		trace->at[i] = (u64)(seed + i / 2) % LOOP * SCAN_STEP % KEYS;
	return true;
}

static bool draw_fashions(struct trace *trace, const struct mix *mix, u64 seed)
{
	u32 i;

	draw_zipf(trace, mix, seed);
	for (i = 0; i < LENGTH; i++)
		trace->at[i] = (trace->at[i] + i / FASHION * FASHION_STEP) % KEYS;
	return true;
}

static u32 count_lines(FILE *file, u32 *to, u32 *keys)
{
	char line[64], *end;
	u32 count = 0, number;

	while (fgets(line, sizeof(line), file)) {
		number = strtoul(line, &end, 10);
		if (end == line)
			continue;
		if (to)
			to[count] = number;
		*keys = max(*keys, number + 1);
		count++;
	}
	return count;
}

static bool draw_recorded(struct trace *trace, const struct mix *mix, u64 seed)
{
	FILE *file = popen("zcat " GLIMPSE " 2>/dev/null", "r");
	u32 keys = 0, count = count_lines(file, NULL, &keys);

	pclose(file);
	if (!count)
		return false;
	make_room(trace, keys, count);
	trace->warm = 0;
	file = popen("zcat " GLIMPSE, "r");
	count_lines(file, trace->at, &keys);
	pclose(file);
	return true;
}

const struct mix mixes[] = {
	{ "Zipf 0.8", "loads by Zipf's law", draw_zipf, 0.8, .is_zipf = true },
	{ "Zipf 0.9", "", draw_zipf, 0.9, .is_zipf = true },
	{ "Zipf 1.0", "", draw_zipf, 1.0, .is_zipf = true },
	{ "Zipf 1.1", "", draw_zipf, 1.1, .is_zipf = true },
	{ "Zipf 1.2", "", draw_zipf, 1.2, .is_zipf = true },
	{ "scans, 0.8", "10000 loads by Zipf, a scan of a tenth of the keys, and so on",
	  draw_scans, 0.8, .has_scans = true },
	{ "scans, 0.9", "", draw_scans, 0.9, .has_scans = true },
	{ "scans, 1.0", "", draw_scans, 1.0, .has_scans = true },
	{ "scans, 1.1", "", draw_scans, 1.1, .has_scans = true },
	{ "scans, 1.2", "", draw_scans, 1.2, .has_scans = true },
	{ "loop", "an eighth of the keys, round and round", draw_loop },
	{ "half a loop", "every other load is of the loop, the rest by Zipf",
	  draw_half_loop, 0.9 },
	{ "fashions", "by Zipf, every 50000 loads of other keys",
	  draw_fashions, 1.0 },
	{ "Glimpse", "recorded: 6015 buffers of a text search, 2528 of them different",
	  draw_recorded },
	{ },
};

bool trace_make(struct trace *trace, const struct mix *mix, u64 seed)
{
	return mix->draw(trace, mix, seed);
}

void trace_free(struct trace *trace)
{
	free(trace->at);
	free(trace->scans);
}
