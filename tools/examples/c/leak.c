// SPDX-License-Identifier: GPL-2.0-only
/*
 * The leak hunt: a million keys are stored (or as many as the argument says), nine
 * of ten deleted. What sync.Map keeps of deleted keys stays until something has
 * its table rebuilt; here the map does that by itself, within seconds. (All memory
 * that the maps of this user take is counted: have no others.)
 *
 * Output:
 *	stored ... keys: ... KiB
 *	deleted ... of them: ... KiB, ... places taken by deleted keys
 *	a range shows ... keys
 *	rebuilt by itself: ... KiB, no place taken by a deleted key
 *	that is less than a fifth of what it was
 */
#include "example.h"

static struct libsyncmap *map;

static uint64_t memory(void)
{
	struct syncmap_info info = {};

	must(libsyncmap_system_info(&info, sizeof(info)));
	return info.user_bytes;
}

static uint64_t tombstones(void)
{
	uint64_t number;

	must(libsyncmap_stat(map, "tombstones", &number));
	return number;
}

/* Store or delete keys, a thousand in a call */
static void for_keys(uint64_t n, uint32_t op)
{
	static uint64_t keys[SYNCMAP_BATCH_MAX];
	static struct syncmap_op ops[SYNCMAP_BATCH_MAX];
	uint64_t first, some, i;
	size_t done;

	for (first = 0; first < n; first += some) {
		some = n - first < SYNCMAP_BATCH_MAX ? n - first :
						       SYNCMAP_BATCH_MAX;
		for (i = 0; i < some; i++) {
			keys[i] = first + i;
			ops[i] = (struct syncmap_op){
				.op = op,
				.key = (uintptr_t)&keys[i],
				.key_len = sizeof(keys[i]),
			};
			if (op != SYNCMAP_OP_STORE)
				continue;
			ops[i].value = ops[i].key;
			ops[i].value_len = ops[i].key_len;
		}
		must(libsyncmap_batch(map, ops, sizeof(*ops), some, 0, &done));
		check(done == some);
	}
}

static int see(const struct libsyncmap_record *entry, void *seen)
{
	(void)entry;
	++*(uint64_t *)seen;
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	uint64_t deleted = n / 10 * 9, full, entries, seen = 0;

	map = new_map(SYNCMAP_KEY_U64);
	for_keys(n, SYNCMAP_OP_STORE);
	must(libsyncmap_count(map, &entries));
	check(entries == n);
	full = memory();
	printf("stored %llu keys: %llu KiB\n", (unsigned long long)n,
	       (unsigned long long)full / 1024);

	/* Places are kept in the table that is read: all keys have to be there */
	while (!libsyncmap_stat(map, "amended", &entries) && entries)
		usleep(10000);
	for_keys(deleted, SYNCMAP_OP_DELETE);
	printf("deleted %llu of them: %llu KiB, %llu places taken by deleted keys\n",
	       (unsigned long long)deleted,
	       (unsigned long long)memory() / 1024,
	       (unsigned long long)tombstones());

	must(libsyncmap_range(map, SYNCMAP_RANGE_KEYS_ONLY, see, &seen));
	printf("a range shows %llu keys\n", (unsigned long long)seen);
	check(seen == n - deleted);

	while (tombstones() || memory() >= full / 5)
		usleep(10000);
	printf("rebuilt by itself: %llu KiB, no place taken by a deleted key\n",
	       (unsigned long long)memory() / 1024);
	printf("that is less than a fifth of what it was\n");
	return 0;
}
