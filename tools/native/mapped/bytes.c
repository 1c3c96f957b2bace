// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever bytes a mapping has, a load from it ends, reads nothing beside it, nor
 * beside its key, and writes no more than it has room for. What is constant in a
 * mapping, and the size of the index, the kernel writes in one piece: these are as it
 * has them.
 *
 * Usage: bytes [SECONDS [SEED]]
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "syncmap_mapped.h"

#define SHIFT_MAX	8
#define ARENA		syncmap_mapped_index(SHIFT_MAX + 1)
#define SIZE		(ARENA + (1 << 16))
#define SLOTS		((SIZE - ARENA) / SYNCMAP_MAPPED_UNIT)

/* So few that most of them seem to be there */
#define KEYS		64
#define KEY_MOST	5000
#define ROOM_MOST	5000

/* As many loads from the same bytes */
#define LOADS		200
#define BATCH		40

static unsigned char *base;
static struct syncmap_mapped mapped;
static __u64 state;

/* So that each has been */
static struct {
	__u64	found, absent, longer, asked, attached;
} counts;

static __u64 draw(void)
{
	__u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static unsigned int below(unsigned int limit)
{
	return (draw() >> 32) % limit;
}

static void fail(const char *what)
{
	printf("FAILED: %s\n0 passed, 1 failed\n", what);
	exit(1);
}

/* Between pages that nobody may look at */
static void map_bytes(void)
{
	const size_t beside = 1 << 20;
	unsigned char *all = mmap(NULL, SIZE + 2 * beside, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		abort();
	base = all + beside;
	if (mprotect(base, SIZE, PROT_READ | PROT_WRITE))
		abort();
}

/* Keys */

static __u32 key_len(unsigned int k)
{
	return k % 16 ? k : KEY_MOST - k;
}

/* On the heap, each as long as it is: AddressSanitizer knows what is beside it */
static unsigned char *make_key(unsigned int k)
{
	__u32 len = key_len(k), at;
	unsigned char *key = malloc(len ? len : 1);

	for (at = 0; at < len; at++)
		key[at] = k + at;
	return key;
}

static __u64 number_of(unsigned int k)
{
	return k;
}

/* Bytes */

static struct syncmap_mapped_head *head(void)
{
	return (void *)base;
}

static __u64 word_of(__u64 more)
{
	__u64 word = more | (below(16) ? SYNCMAP_MAPPED_READY : 0);

	return word | (below(16) ? 0 : below(0x10000));
}

static __u32 some_slot(void)
{
	switch (below(8)) {
	case 0:
		return draw();
	case 1:
		return SLOTS - 4 + below(8);
	default:
		return below(SLOTS);
	}
}

/* Near to what may be there */
static __u32 some_length(void)
{
	switch (below(4)) {
	case 0:
		return draw();
	case 1:
		return SYNCMAP_MAPPED_PAGE - 64 + below(128);
	default:
		return below(200);
	}
}

/* As far as there is room for it */
static void fill_slot(__u32 nr, const void *key, __u32 len)
{
	struct syncmap_mapped_slot *slot =
		(void *)(base + ARENA + (__u64)nr * SYNCMAP_MAPPED_UNIT);
	__u32 room = SYNCMAP_MAPPED_PAGE -
		     nr * SYNCMAP_MAPPED_UNIT % SYNCMAP_MAPPED_PAGE - sizeof(*slot);

	if (nr >= SLOTS || !below(16))
		return;
	slot->revision = below(16) ? draw() >> below(64) : 0;
	slot->value_len = some_length();
	slot->key_len = len;
	slot->flags = below(2) ? 0 : draw();
	memcpy(slot->bytes, key, len < room ? len : room);
}

static void fill_tags(struct syncmap_mapped_bucket *b, unsigned int k, __u64 hash)
{
	unsigned char *key = make_key(k);
	unsigned int i = below(SYNCMAP_MAPPED_SLOTS);

	b->tag[i] = syncmap_mapped_tag(hash);
	b->slot[i] = some_slot();
	fill_slot(b->slot[i], key, key_len(k));
	free(key);
}

static void fill_more(__u32 nr, __u64 number)
{
	struct syncmap_mapped_more *more =
		(void *)(base + ARENA + (__u64)nr * SYNCMAP_MAPPED_UNIT);

	if (nr + SYNCMAP_MAPPED_MORE_UNITS <= SLOTS)
		more->pair[below(SYNCMAP_MAPPED_MORE)].key = number;
}

static void fill_pairs(struct syncmap_mapped_pairs *b, unsigned int k)
{
	unsigned int i = below(SYNCMAP_MAPPED_PAIRS);
	__u64 number = number_of(k);

	if (!below(4)) {
		b->more = below(4) ? some_slot() : SLOTS - below(10);
		fill_more(b->more, number);
		return;
	}
	b->pair[i].key = number;
	b->more = 0;
	if (below(2))
		return;
	b->kinds = SYNCMAP_PAIR_SLOT << (SYNCMAP_PAIR_BITS * i);
	b->pair[i].value = some_slot();
	fill_slot(b->pair[i].value, &number, sizeof(number));
}

/* Most keys seem to be where they belong */
static void fill_index(unsigned int shift)
{
	struct syncmap_mapped_bucket *b = (void *)(base + syncmap_mapped_index(shift));
	bool is_u64 = head()->key_type == SYNCMAP_KEY_U64;
	unsigned char *key;
	unsigned int i, k;
	__u64 hash;

	for (i = 0; i < 1U << shift; i++)
		b[i].word = word_of(draw() << 17);
	for (k = 0; k < KEYS; k++) {
		key = make_key(k);
		hash = is_u64 ?
		       syncmap_mapped_hash_u64(head()->seed, number_of(k)) :
		       syncmap_mapped_hash_bytes(head()->seed, key, key_len(k));
		free(key);
		if (is_u64)
			fill_pairs((void *)(b + (hash >> (64 - shift))), k);
		else
			fill_tags(b + (hash >> (64 - shift)), k, hash);
	}
}

static void fill_bytes(__u32 key_type)
{
	__u64 *word = (void *)base, at;
	unsigned int shift = SYNCMAP_MAPPED_SHIFT_MIN +
			     below(SHIFT_MAX + 1 - SYNCMAP_MAPPED_SHIFT_MIN);

	for (at = 0; at < SIZE / 8; at++)
		word[at] = draw();
	*head() = (struct syncmap_mapped_head){
		.magic = SYNCMAP_MAPPED_MAGIC, .abi = SYNCMAP_MAPPED_ABI,
		.key_type = key_type, .seed = draw(), .arena = ARENA,
		.size = SIZE, .floor = draw() >> below(64),
		.word = word_of((__u64)shift << SYNCMAP_MAPPED_SHIFT |
				draw() << 26 | (draw() & SYNCMAP_MAPPED_CLEARED)),
	};
	fill_index(shift);
}

/* Loads */

static void judge(int ret, __u32 len, __u32 room)
{
	switch (ret) {
	case 0:
		if (len > room)
			fail("a value is longer than its room");
		counts.found++;
		break;
	case -ENOENT:
		counts.absent++;
		break;
	case -EMSGSIZE:
		if (len <= room)
			fail("a value is as short as its room");
		counts.longer++;
		break;
	case SYNCMAP_MAPPED_ASK:
		counts.asked++;
		break;
	default:
		fail("a load returns something else");
	}
}

static __u32 some_room(void)
{
	return below(8) ? below(200) : below(ROOM_MOST);
}

static void load_number(unsigned int k)
{
	struct syncmap_mapped_result result = { .len = 0 };
	__u32 room = some_room(), len = 0;
	void *buf = malloc(room ? room : 1);

	judge(syncmap_mapped_load_u64(&mapped, number_of(k), buf, room, &result),
	      result.len, room);
	judge(syncmap_mapped_load_value(&mapped, number_of(k), buf, room, &len),
	      len, room);
	free(buf);
}

static void load_bytes(unsigned int k)
{
	struct syncmap_mapped_result result = { .len = 0 };
	unsigned char *key = make_key(k);
	__u32 room = some_room();
	void *buf = malloc(room ? room : 1);

	judge(syncmap_mapped_load(&mapped, key, key_len(k), buf, room, &result),
	      result.len, room);
	free(buf);
	free(key);
}

static void load_batch(void)
{
	struct syncmap_mapped_item items[BATCH];
	unsigned int i, k;
	__u64 *numbers[BATCH];

	for (i = 0; i < BATCH; i++) {
		k = below(KEYS);
		numbers[i] = malloc(sizeof(*numbers[i]));
		*numbers[i] = number_of(k);
		items[i].key = mapped.key_type == SYNCMAP_KEY_U64 ?
			       (void *)numbers[i] : make_key(k);
		items[i].key_len = key_len(k);
		items[i].result.len = 0;
		items[i].size = some_room();
		items[i].buf = malloc(items[i].size ? items[i].size : 1);
	}
	syncmap_mapped_load_batch(&mapped, items, BATCH);
	for (i = 0; i < BATCH; i++) {
		judge(items[i].status, items[i].result.len, items[i].size);
		free(items[i].buf);
		if (mapped.key_type != SYNCMAP_KEY_U64)
			free((void *)items[i].key);
		free(numbers[i]);
	}
}

static void load_from(__u32 key_type)
{
	unsigned int n;

	fill_bytes(key_type);
	if (syncmap_mapped_attach(&mapped, base, SIZE))
		fail("a mapping is none");
	for (n = 0; n < LOADS; n++) {
		if (key_type == SYNCMAP_KEY_U64)
			load_number(below(KEYS));
		else
			load_bytes(below(KEYS));
	}
	load_batch();
}

/* Mostly one that a page begins at */
static __u64 some_size(void)
{
	return draw() >> below(64) & (below(8) ? -SYNCMAP_MAPPED_PAGE : -8);
}

/* What is no mapping, or another one, is not taken for one; nor is more looked at */
static void attach_something(void)
{
	__u64 size = below(2) ? below(256) : some_size() % (1 << 16), slots;
	unsigned char *at = base + SIZE - (size + 7) / 8 * 8;

	memset(at, 0, size);
	if (size >= sizeof(struct syncmap_mapped_head))
		*(struct syncmap_mapped_head *)at = (struct syncmap_mapped_head){
			.magic = SYNCMAP_MAPPED_MAGIC,
			.abi = SYNCMAP_MAPPED_ABI + !below(4),
			.arena = some_size() % (1 << 17),
			.size = some_size() % (1 << 17),
		};
	if (syncmap_mapped_attach(&mapped, at, size))
		return;
	slots = mapped.slots * SYNCMAP_MAPPED_UNIT + SYNCMAP_MAPPED_PAGE - 1;
	slots -= slots % SYNCMAP_MAPPED_PAGE;
	if (mapped.arena < at || mapped.arena > at + size ||
	    slots > (__u64)(at + size - mapped.arena))
		fail("a mapping is larger than it is");
	counts.attached++;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 3);
	unsigned int n;

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	alarm(end - time(NULL) + 120);
	map_bytes();
	do {
		load_from(SYNCMAP_KEY_U64);
		load_from(SYNCMAP_KEY_BYTES);
		for (n = 0; n < 50; n++)
			attach_something();
	} while (time(NULL) < end);
	printf("found %llu, absent %llu, longer %llu, asked %llu, attached %llu\n",
	       counts.found, counts.absent, counts.longer, counts.asked,
	       counts.attached);
	if (!counts.found || !counts.absent || !counts.longer || !counts.asked ||
	    !counts.attached)
		fail("something never happens");
	printf("1 passed, 0 failed\n");
	return 0;
}
