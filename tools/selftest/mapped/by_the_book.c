// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader that is written by <linux/syncmap_mapped.h>, and knows nothing else, as
 * that of another language does: it finds what the kernel finds
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/syncmap_mapped.h>

#include "harness/map.h"

#define ASK	1
#define TRIES	10

static struct {
	const unsigned char			*base;
	const struct syncmap_mapped_head	*head;
	__s64					boottime_offset;
} mapped;

static struct {
	__u64		revision, deadline;
	__u32		len;
	unsigned char	bytes[SYNCMAP_MAPPED_PAGE];
} found;

static __u64 read_word(const void *p)
{
	return __atomic_load_n((const __u64 *)p, __ATOMIC_RELAXED);
}

static __u32 read_half(const void *p)
{
	return __atomic_load_n((const __u32 *)p, __ATOMIC_RELAXED);
}

static bool is_usable(__u64 word)
{
	return word & SYNCMAP_MAPPED_READY && !(word & SYNCMAP_MAPPED_WINDOWS);
}

/* What a load looks for, and in what */
struct search {
	const void	*key;
	__u32		key_len;
	__u64		hash, floor, word, now;
	unsigned int	shift;
};

/* 0, -ENOENT, ASK; -EAGAIN: of another key */
static int look_at_slot(const struct search *s, __u32 nr)
{
	__u64 at = (__u64)nr * SYNCMAP_MAPPED_UNIT, i, value_at, end;
	__u64 room = SYNCMAP_MAPPED_PAGE - at % SYNCMAP_MAPPED_PAGE;
	__u64 words[SYNCMAP_MAPPED_PAGE / 8];
	struct syncmap_mapped_slot slot;

	if (at >= mapped.head->size - mapped.head->arena)
		return ASK;
	for (i = 0; i < room / 8; i++)
		words[i] = read_word(mapped.base + mapped.head->arena + at + 8 * i);
	memcpy(&slot, words, sizeof(slot));
	if (!slot.revision)
		return ASK;
	value_at = sizeof(slot) + syncmap_mapped_pad(s->key_len);
	if (slot.key_len != s->key_len || value_at > room ||
	    memcmp(words + sizeof(slot) / 8, s->key, s->key_len))
		return -EAGAIN;
	if (slot.revision < s->floor)
		return -ENOENT;
	end = value_at + syncmap_mapped_pad(slot.value_len);
	found.deadline = SYNCMAP_NEVER;
	if (slot.flags & SYNCMAP_SLOT_ASK || end > room)
		return ASK;
	if (slot.flags & SYNCMAP_SLOT_MORTAL) {
		if (end + 8 > room)
			return ASK;
		found.deadline = words[end / 8];
		if (found.deadline <= s->now)
			return -ENOENT;
	}
	found.revision = slot.revision;
	found.len = slot.value_len;
	memcpy(found.bytes, words + value_at / 8, found.len);
	return 0;
}

static int look_at_tags(const struct search *s,
			const struct syncmap_mapped_bucket *b)
{
	int i, ret = -EAGAIN;

	for (i = 0; i < SYNCMAP_MAPPED_SLOTS && ret == -EAGAIN; i++)
		if (__atomic_load_n(&b->tag[i], __ATOMIC_RELAXED) ==
		    syncmap_mapped_tag(s->hash))
			ret = look_at_slot(s, read_half(&b->slot[i]));
	return ret;
}

static int look_at_pair(const struct search *s, __u32 kind, __u64 value,
			__u64 revision)
{
	if (kind == SYNCMAP_PAIR_SLOT)
		return look_at_slot(s, (__u32)value);
	if (kind > SYNCMAP_PAIR_MOST || !revision)
		return ASK;
	if (revision < s->floor)
		return -ENOENT;
	found.revision = revision;
	found.deadline = SYNCMAP_NEVER;
	found.len = kind - 1;
	memcpy(found.bytes, &value, sizeof(value));
	return 0;
}

static int look_at_more(const struct search *s, __u32 nr)
{
	__u64 at = (__u64)nr * SYNCMAP_MAPPED_UNIT, kinds;
	const struct syncmap_mapped_more *more =
		(const void *)(mapped.base + mapped.head->arena + at);
	__u32 kind;
	int i;

	if (at + SYNCMAP_MAPPED_MORE_UNITS * SYNCMAP_MAPPED_UNIT >
	    mapped.head->size - mapped.head->arena)
		return ASK;
	kinds = read_word(&more->kinds);
	if (!kinds)
		return ASK;
	for (i = 0; i < SYNCMAP_MAPPED_MORE; i++) {
		kind = kinds >> (SYNCMAP_PAIR_BITS * i) & SYNCMAP_PAIR_MASK;
		if (kind && read_word(&more->pair[i].key) ==
			    syncmap_mapped_word(s->key))
			return look_at_pair(s, kind,
					    read_word(&more->pair[i].value),
					    read_word(&more->pair[i].revision));
	}
	return -EAGAIN;
}

static int look_at_pairs(const struct search *s,
			 const struct syncmap_mapped_pairs *b)
{
	const struct syncmap_mapped_revisions *revisions =
		(const void *)(mapped.base + syncmap_mapped_revisions(s->shift));
	__u32 kinds = read_half(&b->kinds), more, kind;
	int i;

	revisions += s->hash >> (64 - s->shift);
	for (i = 0; i < SYNCMAP_MAPPED_PAIRS; i++) {
		kind = kinds >> (SYNCMAP_PAIR_BITS * i) & SYNCMAP_PAIR_MASK;
		if (kind && read_word(&b->pair[i].key) ==
			    syncmap_mapped_word(s->key))
			return look_at_pair(s, kind, read_word(&b->pair[i].value),
					    (__u64)read_half(&revisions->high) << 32 |
					    read_half(&revisions->low[i]));
	}
	more = read_half(&b->more);
	return more ? look_at_more(s, more) : -EAGAIN;
}

/* The steps of a load. -EAGAIN: to begin anew */
static int try_to_look(struct search *s)
{
	const struct syncmap_mapped_bucket *b;
	__u64 h = __atomic_load_n(&mapped.head->word, __ATOMIC_ACQUIRE);
	int ret;

	if (!is_usable(h))
		return -EAGAIN;
	s->floor = h & SYNCMAP_MAPPED_CLEARED ? read_word(&mapped.head->floor) : 0;
	s->shift = h >> SYNCMAP_MAPPED_SHIFT & 63;
	b = (const void *)(mapped.base + syncmap_mapped_index(s->shift));
	b += s->hash >> (64 - s->shift);
	s->word = __atomic_load_n(&b->word, __ATOMIC_ACQUIRE);
	if (!is_usable(s->word))
		return -EAGAIN;
	s->now = map_now() - mapped.boottime_offset;
	ret = mapped.head->key_type == SYNCMAP_KEY_U64 ?
	      look_at_pairs(s, (const void *)b) : look_at_tags(s, b);
	if (ret == -EAGAIN)
		ret = s->word & SYNCMAP_MAPPED_SPILL ? ASK : -ENOENT;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&b->word, __ATOMIC_ACQUIRE) != s->word ||
	    read_word(&mapped.head->word) != h)
		return -EAGAIN;
	return ret;
}

/* Return: 0, -ENOENT or ASK */
static int look(const void *key, __u32 len)
{
	struct search s = { .key = key, .key_len = len };
	int tries, ret = -EAGAIN;

	s.hash = mapped.head->key_type == SYNCMAP_KEY_U64 ?
		 syncmap_mapped_hash_u64(mapped.head->seed,
					 syncmap_mapped_word(key)) :
		 syncmap_mapped_hash_bytes(mapped.head->seed, key, len);
	for (tries = 0; tries < TRIES && ret == -EAGAIN; tries++)
		ret = try_to_look(&s);
	return ret == -EAGAIN ? ASK : ret;
}

/* Maps */

static int map_mapped(__u32 type)
{
	struct syncmap_create create = {
		.flags = SYNCMAP_CREATE_MAPPED, .key_type = type, .mode = 0600,
	};

	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_CREATE, &create));
	return create.fd;
}

static void attach(int fd)
{
	struct syncmap_map_info info = map_info(fd);
	void *base = mmap(NULL, info.mapped, PROT_READ, MAP_SHARED, fd, 0);

	ASSERT(base != MAP_FAILED);
	mapped.base = base;
	mapped.head = base;
	mapped.boottime_offset = info.boottime_offset;
	ASSERT_EQ(SYNCMAP_MAPPED_MAGIC, mapped.head->magic);
	ASSERT_EQ(SYNCMAP_MAPPED_ABI, mapped.head->abi);
	ASSERT_EQ(info.mapped, mapped.head->size);
	ASSERT_EQ(info.key_type, mapped.head->key_type);
}

/* By both ways the same. Return: whether the mapping does not tell */
static bool has_asked(int fd, const void *key, __u32 len)
{
	static unsigned char bytes[SYNCMAP_MAPPED_PAGE];
	int ret = look(key, len);

	if (ret == ASK)
		return true;
	EXPECT_EQ(DO(fd, LOAD, KEY_N(key, len), OUT(bytes)), ret);
	if (ret)
		return false;
	EXPECT_EQ(got.revision, found.revision);
	EXPECT_EQ(got.expires, found.deadline);
	EXPECT_MEM(bytes, got.out_len, found.bytes, found.len);
	return false;
}

#define KEYS	2000U

/* Of a type, by number */
static __u32 make_key(__u32 type, unsigned int n, char *key)
{
	__u64 number = n;

	if (type == SYNCMAP_KEY_U64) {
		memcpy(key, &number, sizeof(number));
		return sizeof(number);
	}
	test_text(key, n % 100, n);
	return n % 100 + snprintf(key + n % 100, 8, "%u", n);
}

/* Of all kinds that there are; some are gone, or are not there yet */
static void change(int fd, __u32 type, unsigned int n, unsigned int round)
{
	static char value[SYNCMAP_MAPPED_PAGE];
	static const __u32 lens[] = { 8, 0, 1, 7, 8, 9, 40, 300, 8, 8, 3000 };
	__u32 value_len = lens[(n + round) % ARRAY_SIZE(lens)], len;
	char key[128];

	len = make_key(type, n, key);
	if ((n + round) % 5 == 1) {
		DO(fd, DELETE, KEY_N(key, len));
		return;
	}
	test_text(value, value_len, n + round);
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(key, len), VALUE_N(value, value_len),
			.flags = n % 7 ? 0 : SYNCMAP_FLAG_FROM_NOW,
			.deadline = n % 7 ? 0 : n % 2 ? 1 : 1000 * SECOND));
}

/* Return: how many are asked for */
static unsigned int compare_all(int fd, __u32 type)
{
	unsigned int n, asked = 0;
	char key[128];

	for (n = 0; n < KEYS + 100 && !test_failed(); n++) {
		test_context("key %u", n);
		asked += has_asked(fd, key, make_key(type, n, key));
	}
	return asked;
}

static void agree(__u32 type)
{
	int fd = map_mapped(type);
	unsigned int n, round, asked;

	attach(fd);
	for (round = 0; round < 3 && !test_failed(); round++) {
		for (n = round; n < KEYS; n += 1 + round)
			change(fd, type, n, round);
		compare_all(fd, type);
		/* More may be asked for in between, while an index is changed */
		AWAIT((asked = compare_all(fd, type)) <= KEYS / 50 ||
		      test_failed());
		EXPECT(asked <= KEYS / 50);
	}
	map_clear(fd);
	AWAIT(!compare_all(fd, type) || test_failed());
	EXPECT_EQ(0, compare_all(fd, type));
}

TEST_LIMIT(integers_agree, 120)
{
	agree(SYNCMAP_KEY_U64);
}

TEST_LIMIT(bytes_agree, 120)
{
	agree(SYNCMAP_KEY_BYTES);
}

static void count_up(int n, void *arg)
{
	int fd = *(int *)arg;
	__u64 key;

	(void)n;
	for (;;) {
		key = test_random() % 50;
		EXPECT_EQ(0, DO(fd, ADD, KEY_N(&key, 8), .operand = 1));
	}
}

static __u64 number_in_map(int fd, __u64 key)
{
	__u64 value = 0;

	EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8), OUT_N(&value, 8)));
	return value;
}

static __u64 number_seen(int fd, __u64 key)
{
	__u64 value;
	int ret = look(&key, 8);

	if (ret == ASK)
		return number_in_map(fd, key);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(8, found.len);
	memcpy(&value, found.bytes, 8);
	return value;
}

/* Numbers that only grow never shrink */
TEST_LIMIT(nobody_goes_back, 120)
{
	int fd = map_mapped(SYNCMAP_KEY_U64);
	__u64 key, first, then, last;
	unsigned int n;

	attach(fd);
	map_fill(fd, 0, 50);
	test_fork(count_up, 0, &fd);
	test_fork(count_up, 1, &fd);
	for (n = 0; n < test_times(50000) && !test_failed(); n++) {
		key = test_random() % 50;
		first = number_seen(fd, key);
		then = number_in_map(fd, key);
		last = number_seen(fd, key);
		EXPECT(first <= then && then <= last);
	}
}
