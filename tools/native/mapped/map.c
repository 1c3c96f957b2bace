// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map, and the keys that are used of it.
 */
#include <sys/mman.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "module/store/map.h"
#include "module/store/window.h"

#include "kernel.h"

struct shared *shared;
struct bytemap *the_map, *rival;
const struct bytemap_path the_path = { .ns = &init_user_ns, .name = "torture" };
int page_file;

/* For those that are forked, too */
void map_shared(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
	page_file = shim_page_file;
}

/* In which the hashes of keys of one bucket are alike */
#define FLOOD_BITS	12

/* One of the integers is what is where no key is */
#define ZERO		6

static void make_key(struct key *key, u64 number)
{
	u64 state = number;
	u32 at;

	memset(key, 0, sizeof(*key));
	key->len = shared->integers ? 8 : 5 + number % (KEY_SIZE - 4);
	if (shared->integers && number == ZERO)
		return;
	for (at = 0; at < key->len; at++)
		key->bytes[at] = reader_random(&state);
}

static bool is_flood(u64 seed, const struct key *key)
{
	u64 hash = shared->integers ?
		syncmap_mapped_hash_u64(seed, syncmap_mapped_word(key->bytes)) :
		syncmap_mapped_hash_bytes(seed, key->bytes, key->len);

	return hash >> (64 - FLOOD_BITS) == 5;
}

static void make_keys(u64 seed)
{
	unsigned int k;
	u64 n = 0;

	for (k = 0; k < KEYS; k++)
		do
			make_key(&shared->key[k], ++n);
		while (k >= KEYS - FLOOD && !is_flood(seed, &shared->key[k]));
}

static struct bytemap *create_map(u32 flags)
{
	const struct syncmap_create create = {
		.flags = flags,
		.key_type = shared->integers ? SYNCMAP_KEY_U64 : SYNCMAP_KEY_BYTES,
		.mode = 0600, .limits = {
			.entries = 8192, .bytes = 1 << 24,
			.key_size = shared->integers ? 0 : KEY_SIZE,
			.value_size = 8192,
		},
	};
	struct syncmap_error error = { };
	struct bytemap *map = bytemap_create(&create, &error);

	if (IS_ERR(map))
		abort();
	return map;
}

void make_map(void)
{
	the_map = create_map(SYNCMAP_CREATE_MAPPED);
	rival = create_map(0);
	if (!the_map->mirror || bytemap_name_take(the_map, &the_path))
		abort();
	shared->size = PAGE_ALIGN(the_map->mirror->size);
	make_keys(the_map->mirror->seed);
	serve_file();
}

void end_map(void)
{
	bytemap_name_remove(the_map, &the_path);
	bytemap_put(rival);
	bytemap_put(the_map);
	bytemap_wait_ended();
}
