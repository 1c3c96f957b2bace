// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that maps a map: it knows pages by their offset, and nothing else
 * of the mirror
 */
#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "../../module/store/account.h"
#include "../../module/store/op.h"
#include "mapped.h"

#define TRIES	4

/* By works, too */
static atomic_t fail_nth;
static bool has_failed;

void store_fail_nth(unsigned int nth)
{
	atomic_set(&fail_nth, nth);
	WRITE_ONCE(has_failed, false);
}

bool store_has_failed(void)
{
	atomic_set(&fail_nth, 0);
	return READ_ONCE(has_failed);
}

bool store_alloc_fails(void)
{
	int nth = atomic_read(&fail_nth);

	do {
		if (!nth)
			return false;
	} while (!atomic_try_cmpxchg(&fail_nth, &nth, nth - 1));
	if (nth == 1)
		WRITE_ONCE(has_failed, true);
	return nth == 1;
}

static bool work_is_held;

void store_hold_work(bool held)
{
	WRITE_ONCE(work_is_held, held);
}

bool store_work_is_held(void)
{
	return READ_ONCE(work_is_held);
}

struct bytemap *store_mapped(struct kunit *test, u32 key_type)
{
	const struct syncmap_create create = {
		.flags = SYNCMAP_CREATE_MAPPED, .key_type = key_type,
		.mode = 0600, .stale = SYNCMAP_NEVER,
		.limits.entries = 4096,
		.limits.key_size = key_type == SYNCMAP_KEY_U64 ? 0 : 4096,
	};
	struct bytemap *map = store_map_of(test, &create);

	KUNIT_ASSERT_NOT_NULL(test, map->mirror);
	return map;
}

static void do_nothing(struct work_struct *work)
{
}

static void run_nothing(struct bytemap_job *job)
{
}

void store_rest(struct bytemap *map)
{
	cancel_delayed_work_sync(&map->mirror->work);
	map->mirror->work.work.func = do_nothing;
	map->deadlines.job.run = run_nothing;
	map->mirror->seed = 1;
	map->mirror->head->seed = 1;
}

struct bytemap *store_mapped_at_rest(struct kunit *test, u32 key_type)
{
	struct bytemap *map = store_mapped(test, key_type);

	store_rest(map);
	return map;
}

/* What a process finds at @offset: zeroes where there is no page */
static const void *shown(struct bytemap *map, u64 offset)
{
	return page_address(bytemap_mirror_show(map->mirror, offset)) +
	       offset_in_page(offset);
}

/* Static, as a case has no stack left for it: the cases run one after another */
static struct {
	u64	revision;
	u64	deadline;
	u32	len;
	u8	bytes[SYNCMAP_MAPPED_PAGE];
} seen;

static bool is_usable(u64 word)
{
	return (word & (SYNCMAP_MAPPED_READY | SYNCMAP_MAPPED_WINDOWS)) ==
	       SYNCMAP_MAPPED_READY;
}

static bool has_key(const struct syncmap_mapped_slot *slot, const char *key,
		    u32 len)
{
	return slot->key_len == len && !memcmp(slot->bytes, key, len) &&
	       !memchr_inv((u8 *)slot->bytes + len, 0,
			   syncmap_mapped_pad(len) - len);
}

/* Return: 0, -ENOENT or MAPPED_ASK */
static int look_at_slot(const struct syncmap_mapped_slot *slot, u32 room)
{
	u32 value_at = sizeof(*slot) + syncmap_mapped_pad(slot->key_len);
	u32 end = value_at + syncmap_mapped_pad(slot->value_len);
	bool mortal = slot->flags & SYNCMAP_SLOT_MORTAL;

	if (slot->flags & SYNCMAP_SLOT_ASK || end > room ||
	    (mortal && end + sizeof(u64) > room))
		return MAPPED_ASK;
	seen.deadline = SYNCMAP_NEVER;
	if (mortal)
		seen.deadline = *(u64 *)((u8 *)slot + end);
	if (ktime_get_boottime_ns() >= seen.deadline)
		return -ENOENT;
	seen.revision = slot->revision;
	seen.len = slot->value_len;
	memcpy(seen.bytes, (u8 *)slot + value_at, seen.len);
	return 0;
}

/* Return: the same; -EAGAIN: it is not that of the key */
static int look_at(struct bytemap *map, const struct syncmap_mapped_head *head,
		   u32 nr, const char *key, u32 len)
{
	u64 at = (u64)nr * SYNCMAP_MAPPED_UNIT;
	const struct syncmap_mapped_slot *slot;

	if (head->arena + at >= head->size)
		return MAPPED_ASK;
	slot = shown(map, head->arena + at);
	if (!slot->revision)
		return MAPPED_ASK;
	if (!has_key(slot, key, len))
		return -EAGAIN;
	if (slot->revision < head->floor)
		return -ENOENT;
	return look_at_slot(slot, SYNCMAP_MAPPED_PAGE -
				  at % SYNCMAP_MAPPED_PAGE);
}

static int look_at_tags(struct bytemap *map,
			const struct syncmap_mapped_head *head,
			const struct syncmap_mapped_bucket *b, u64 hash,
			const char *key, u32 len)
{
	int i, ret = -EAGAIN;

	for (i = 0; i < SYNCMAP_MAPPED_SLOTS && ret == -EAGAIN; i++)
		if (b->tag[i] == syncmap_mapped_tag(hash))
			ret = look_at(map, head, b->slot[i], key, len);
	return ret;
}

static int look_at_pair(struct bytemap *map,
			const struct syncmap_mapped_head *head, u8 kind,
			u64 value, u64 revision, const char *key)
{
	if (kind == SYNCMAP_PAIR_SLOT)
		return look_at(map, head, value, key, sizeof(u64));
	if (kind > SYNCMAP_PAIR_MOST || !revision)
		return MAPPED_ASK;
	if (revision < head->floor)
		return -ENOENT;
	seen.deadline = SYNCMAP_NEVER;
	seen.revision = revision;
	seen.len = kind - 1;
	memcpy(seen.bytes, &value, seen.len);
	return 0;
}

static int look_at_more(struct bytemap *map,
			const struct syncmap_mapped_head *head, u32 nr,
			const char *key)
{
	u64 at = (u64)nr * SYNCMAP_MAPPED_UNIT, kinds;
	const struct syncmap_mapped_more *more;
	int i, ret = -EAGAIN;

	if (head->arena + at + SYNCMAP_MAPPED_MORE_UNITS * SYNCMAP_MAPPED_UNIT >
	    head->size)
		return MAPPED_ASK;
	more = shown(map, head->arena + at);
	kinds = more->kinds;
	if (!kinds)
		return MAPPED_ASK;
	for (i = 0; kinds && ret == -EAGAIN; i++, kinds >>= SYNCMAP_PAIR_BITS)
		if (kinds & SYNCMAP_PAIR_MASK &&
		    more->pair[i].key == syncmap_mapped_word(key))
			ret = look_at_pair(map, head, kinds & SYNCMAP_PAIR_MASK,
					   more->pair[i].value,
					   more->pair[i].revision, key);
	return ret;
}

static u64 revision_at(struct bytemap *map, unsigned int shift, u64 hash, int i)
{
	const struct syncmap_mapped_revisions *revisions =
		shown(map, syncmap_mapped_revisions(shift) +
			   (hash >> (64 - shift)) * sizeof(*revisions));

	return (u64)revisions->high << 32 | revisions->low[i];
}

static int look_at_pairs(struct bytemap *map,
			 const struct syncmap_mapped_head *head,
			 const struct syncmap_mapped_pairs *b,
			 unsigned int shift, u64 hash, const char *key)
{
	int i, ret = -EAGAIN;
	u8 kind;

	for (i = 0; i < SYNCMAP_MAPPED_PAIRS && ret == -EAGAIN; i++) {
		kind = b->kinds >> (SYNCMAP_PAIR_BITS * i) & SYNCMAP_PAIR_MASK;
		if (kind && b->pair[i].key == syncmap_mapped_word(key))
			ret = look_at_pair(map, head, kind, b->pair[i].value,
					   revision_at(map, shift, hash, i),
					   key);
	}
	if (ret == -EAGAIN && b->more)
		ret = look_at_more(map, head, b->more, key);
	return ret;
}

static int look_at_bucket(struct bytemap *map,
			  const struct syncmap_mapped_head *head,
			  unsigned int shift, const void *b, u64 word, u64 hash,
			  const char *key, u32 len)
{
	int ret;

	if (head->key_type == SYNCMAP_KEY_U64)
		ret = look_at_pairs(map, head, b, shift, hash, key);
	else
		ret = look_at_tags(map, head, b, hash, key, len);
	if (ret == -EAGAIN)
		ret = word & SYNCMAP_MAPPED_SPILL ? MAPPED_ASK : -ENOENT;
	return ret;
}

static u64 hash_of(const struct syncmap_mapped_head *head, const char *key,
		   u32 len)
{
	if (head->key_type == SYNCMAP_KEY_U64)
		return syncmap_mapped_hash_u64(head->seed,
					       syncmap_mapped_word(key));
	return syncmap_mapped_hash_bytes(head->seed, key, len);
}

/* Return: 0, -ENOENT, MAPPED_ASK; -EAGAIN: it changes */
static int look_once(struct bytemap *map, const char *key, u32 len)
{
	const struct syncmap_mapped_head *head = shown(map, 0);
	u64 hash = hash_of(head, key, len), h, w;
	const struct syncmap_mapped_bucket *b;
	unsigned int shift;
	int ret;

	/* Pairs with bytemap_mirror_clear_end() and publish_index() */
	h = smp_load_acquire(&head->word);
	if (!is_usable(h))
		return -EAGAIN;
	shift = h >> SYNCMAP_MAPPED_SHIFT & 63;
	b = shown(map, syncmap_mapped_index(shift) +
		       (hash >> (64 - shift)) * sizeof(*b));
	/* Pairs with bytemap_bucket_end() */
	w = smp_load_acquire(&b->word);
	if (!is_usable(w))
		return -EAGAIN;
	/* What is written meanwhile is not believed */
	ret = data_race(look_at_bucket(map, head, shift, b, w, hash, key, len));
	/* The loads before, then these */
	smp_rmb();
	return READ_ONCE(b->word) == w && READ_ONCE(head->word) == h ? ret :
								       -EAGAIN;
}

static int look_in_mapping(struct bytemap *map, const char *key)
{
	struct bytemap_mapping *mapping = &map->mirror->mapping;
	unsigned int began = bytemap_mapping_begin(mapping), try;
	int ret = -EAGAIN;

	for (try = 0; try < TRIES && ret == -EAGAIN; try++)
		ret = look_once(map, key, strlen(key));
	bytemap_mapping_end(mapping, began);
	return ret == -EAGAIN ? MAPPED_ASK : ret;
}

static bool is_found(const struct bytemap_request *req)
{
	const struct syncmap_answer *answer = req->answer;

	return answer->revision == seen.revision &&
	       answer->expires == seen.deadline &&
	       answer->out_len == seen.len &&
	       !memcmp(bytemap_view_bytes(&req->found), seen.bytes, seen.len);
}

/* Return: 0 or -ENOENT; *@same: it is what the process has seen */
static int load_from_map(struct bytemap *map, const char *key, bool *same)
{
	struct syncmap_answer answer = { };
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD, .key_len = strlen(key),
		.out_size = map->limits.value_size,
	};
	struct bytemap_request req = {
		.op = &op, .answer = &answer, .key = key,
	};
	int ret = bytemap_op(map, &req);

	*same = !ret && is_found(&req);
	bytemap_request_release(&req);
	return ret;
}

int store_sees(struct kunit *test, struct bytemap *map, const char *key)
{
	int ret = look_in_mapping(map, key);
	bool same;

	if (ret == MAPPED_ASK)
		return ret;
	KUNIT_EXPECT_EQ_MSG(test, load_from_map(map, key, &same), ret,
			    "key %.16s", key);
	KUNIT_EXPECT_EQ_MSG(test, same, !ret, "key %.16s", key);
	return ret;
}

static bool index_shows(struct bytemap *map, u8 shift, const char *bytes)
{
	u64 at = syncmap_mapped_index(shift), end = 2 * at;

	for (; at < end; at += PAGE_SIZE)
		if (strnstr(shown(map, at), bytes, PAGE_SIZE))
			return true;
	return false;
}

bool store_shows(struct bytemap *map, const char *bytes)
{
	struct bytemap_arena *arena = &map->mirror->arena;
	unsigned long nr;
	void *slab;

	if (index_shows(map, map->mirror->shift, bytes))
		return true;
	xa_for_each(&arena->slabs, nr, slab)
		if (strnstr(page_address(bytemap_arena_page(arena, nr)), bytes,
			    PAGE_SIZE))
			return true;
	return false;
}

struct syncmap_mapped_bucket *store_bucket(struct bytemap *map, const char *key)
{
	struct bytemap_mirror *mirror = map->mirror;

	return bytemap_window_bucket(mirror, mirror->shift,
				     bytemap_window_hash(mirror, key,
							 strlen(key)));
}

u64 store_slots(struct bytemap *map)
{
	u64 count = 0;
	int i;

	for (i = 0; i < BYTEMAP_STRIPES; i++)
		count += map->mirror->stripe[i].count;
	return count;
}

const char *store_number(unsigned int i)
{
	static char key[12];

	snprintf(key, sizeof(key), "k%07u", i);
	return key;
}

void store_numbers(struct kunit *test, struct bytemap *map, unsigned int from,
		   unsigned int to)
{
	for (; from < to; from++)
		KUNIT_ASSERT_EQ(test, store_store(map, store_number(from),
						  store_number(from)), 0);
}

unsigned int store_count_seen(struct kunit *test, struct bytemap *map,
			      unsigned int n)
{
	unsigned int i, seen = 0;

	for (i = 0; i < n; i++)
		seen += !store_sees(test, map, store_number(i));
	return seen;
}

void store_expect_all(struct kunit *test, struct bytemap *map, unsigned int n)
{
	KUNIT_EXPECT_EQ(test, store_count_seen(test, map, n), n);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, "key no 1"), -ENOENT);
	KUNIT_EXPECT_EQ(test, store_slots(map), (u64)n);
}

u64 store_counted(struct kunit *test)
{
	struct syncmap_info *info = kunit_kzalloc(test, sizeof(*info),
						  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, info);
	bytemap_account_info(info);
	return info->user_bytes;
}
