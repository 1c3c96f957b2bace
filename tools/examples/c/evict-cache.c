// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cache that is never full: four workers share 64 MB, and ask for a million pages,
 * some much more often than others. Who does not find one makes it, and stores it;
 * the map makes room for it, in place of what nobody has asked for lately. All pages
 * together would take three times as much. With an argument: so many requests, and
 * as much less of all else.
 *
 * Output:
 *	... requests of 4 workers: hit ratio 0...
 *	... entries, ... bytes of at most ...; ... were evicted
 *	nothing failed, and each page was the right one
 */
#include "example.h"

#define WORKERS		4
#define MILLION		1000000
#define PAGE_MIN	512
#define PAGE_MAX	1536

static uint64_t requests = MILLION;
static uint64_t pages;
static double *shares;		/* of the requests: of page i and all before it */
static struct libsyncmap *cache;
static struct libsyncmap *counts;

/* By Zipf's law: the n-th page is asked for a n-th as often as the first */
static void share_out(void)
{
	double sum = 0;
	uint64_t i;

	shares = calloc(pages, sizeof(*shares));
	check(shares);
	for (i = 0; i < pages; i++)
		shares[i] = sum += 1.0 / (i + 1);
}

static uint64_t draw(uint64_t *state)
{
	uint64_t from = 0, to = pages - 1, middle;
	double wanted;

	*state = *state * 6364136223846793005 + 1442695040888963407;
	wanted = (*state >> 11) * 0x1p-53 * shares[pages - 1];
	while (from < to) {
		middle = (from + to) / 2;
		if (shares[middle] <= wanted)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static size_t make_page(uint64_t page, char *text)
{
	size_t len = PAGE_MIN + page * 7919 % (PAGE_MAX - PAGE_MIN);

	memset(text, 'a' + page % 26, len);
	memcpy(text, &page, sizeof(page));
	return len;
}

/* Return: whether it was there */
static bool get(uint64_t page)
{
	char text[PAGE_MAX], found[PAGE_MAX];
	struct libsyncmap_result result = {
		.buffer = found, .size = sizeof(found),
	};
	size_t len = make_page(page, text);
	int err = libsyncmap_load(cache, whole(page), &result);

	if (!err) {
		check(result.len == len && !memcmp(found, text, len));
		return true;
	}
	check(err == -ENOENT);
	must(libsyncmap_store(cache, whole(page), text, len, NULL));
	return false;
}

static void work(int who)
{
	uint64_t state = who, i;
	int found = 0;

	for (i = 0; i < requests / WORKERS; i++)
		found += get(draw(&state));
	count(counts, "found", found);
}

static uint64_t evicted(void)
{
	uint64_t n;

	must(libsyncmap_stat(cache, "evicted", &n));
	return n;
}

int main(int argc, char **argv)
{
	struct syncmap_create params = {
		.flags = SYNCMAP_CREATE_EVICT, .key_type = SYNCMAP_KEY_U64,
		.mode = 0600,
	};
	struct syncmap_map_info info;
	double ratio;

	if (argc > 1)
		requests = strtoull(argv[1], NULL, 0);
	check(requests >= MILLION / 100 && !(requests % WORKERS));
	pages = requests / 5;
	share_out();
	params.limits.bytes = (64 << 20) * ((double)requests / MILLION);
	must(libsyncmap_create_with(&params, sizeof(params), &cache));
	counts = new_map(SYNCMAP_KEY_STRING);
	crowd(WORKERS, work);

	ratio = (double)count(counts, "found", 0) / requests;
	printf("%llu requests of %d workers: hit ratio %.3f\n",
	       (unsigned long long)requests, WORKERS, ratio);
	must(libsyncmap_info(cache, &info, sizeof(info)));
	printf("%llu entries, %llu bytes of at most %llu; %llu were evicted\n",
	       (unsigned long long)info.count, (unsigned long long)info.bytes,
	       (unsigned long long)info.limits.bytes,
	       (unsigned long long)evicted());
	check(info.bytes <= info.limits.bytes);
	check(evicted() && ratio > 0.5);
	printf("nothing failed, and each page was the right one\n");
	return 0;
}
