// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on a map, and what comes of them.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../../../module/core/internal.h"
#include "history.h"

#define KEY_BYTES	sizeof(u64)

/* Numbers that differ in the lowest bit are neighbours, all else is far apart */
u64 hash_spread(const void *key, size_t len)
{
	u64 number = 0;

	memcpy(&number, key, min_t(size_t, len, KEY_BYTES));
	return (number & ~1ULL) * 0x9e3779b97f4a7c15ULL + (number & 1);
}

u64 hash_equal(const void *key, size_t len)
{
	return 0x5555aaaa5555aaaaULL;
}

/*
 * A number, which ends the key if that is longer. As byte strings: a character with
 * dots behind it, at most KEY_BYTES
 */
static size_t key_bytes(const struct trial *trial, unsigned int key, void *bytes)
{
	size_t len = trial->map.params.key_len;
	u64 number = trial->first + key;

	if (len) {
		memset(bytes, 0, len);
		memcpy(bytes + len - KEY_BYTES, &number, KEY_BYTES);
		return len;
	}
	memset(bytes, '.', KEY_BYTES);
	*(u8 *)bytes = '0' + key;
	return 1 + key % KEY_BYTES;
}

/* Of what is not of the history, the number is not below KEYS_MAX */
static unsigned int key_number(const struct trial *trial,
			       const struct syncmap_entry *entry)
{
	u64 number;

	if (!trial->map.params.key_len)
		return *(u8 *)entry->key - '0';
	memcpy(&number, entry->key + entry->len - KEY_BYTES, KEY_BYTES);
	return number - trial->first;
}

static void *value(unsigned int n)
{
	return syncmap_mk_value(n);
}

static void record(struct history *history, const struct operation *op)
{
	if (history->n == history->max)
		history_fail("more operations than there is room for");
	else
		history->ops[history->n++] = *op;
}

struct computation {
	struct trial		*trial;
	const struct operation	*op;
};

static void *compute(const void *key, size_t len, void *arg)
{
	struct computation *c = arg;
	atomic_t *computing = &c->trial->computing[c->op->key];

	if (atomic_inc_return(computing) != 1)
		history_fail("two compute one key at a time");
	atomic_dec(computing);
	return c->op->new == ABSENT ? ERR_PTR(-ENOENT) : value(c->op->new);
}

static bool load_or_compute(struct trial *trial, const struct operation *op,
			    const void *key, size_t len, void **v)
{
	struct computation c = { trial, op };
	int ret = syncmap_load_or_compute(&trial->map, key, len, compute, &c, v,
					  GFP_KERNEL);

	if (ret < 0 && (ret != -ENOENT || op->new != ABSENT))
		history_fail("a computation failed");
	return ret == 1;
}

static struct syncmap_reservation *
reserve(struct trial *trial, const void *key, size_t len)
{
	struct syncmap_reservation *res;

	res = syncmap_reserve(&trial->map, key, len, GFP_KERNEL);
	if (IS_ERR(res)) {
		history_fail("a reservation failed");
		return NULL;
	}
	return res;
}

static bool succeeded(int ret)
{
	if (ret < 0)
		history_fail("an update failed");
	return ret == 1;
}

static __always_inline bool run_on_key(struct trial *trial,
				       const struct operation *op,
				       const void *key, size_t len, void **v)
{
	struct syncmap *map = &trial->map;
	void *new = value(op->new);

	switch (op->action) {
	case LOAD:
		return syncmap_load(map, key, len, v);
	case STORE:
		return succeeded(syncmap_store(map, key, len, new, GFP_KERNEL));
	case SWAP:
		return succeeded(syncmap_swap(map, key, len, new, v,
					      GFP_KERNEL));
	case LOAD_OR_STORE:
		return succeeded(syncmap_load_or_store(map, key, len, new, v,
						       GFP_KERNEL));
	case LOAD_OR_COMPUTE:
		return load_or_compute(trial, op, key, len, v);
	case LOAD_AND_DELETE:
		return syncmap_load_and_delete(map, key, len, v);
	case DELETE:
		return syncmap_delete(map, key, len);
	case COMPARE_AND_SWAP:
		return syncmap_compare_and_swap(map, key, len, value(op->old),
						new);
	default:
		return syncmap_compare_and_delete(map, key, len,
						  value(op->old));
	}
}

static void run_key(struct trial *trial, struct operation *op,
		    struct history *history)
{
	struct syncmap_reservation *res = NULL;
	u8 key[SYNCMAP_KEY_LEN_MAX];
	size_t len = key_bytes(trial, op->key, key);
	void *v = NULL;

	if (op->action == SWAP_RESERVED || op->action == UNRESERVE) {
		res = reserve(trial, key, len);
		if (!res)
			return;
	}
	if (op->action == UNRESERVE) {
		syncmap_unreserve(&trial->map, res);
		return;
	}
	op->begin = history_clock();
	if (res)
		op->yes = syncmap_swap_reserved(&trial->map, res,
						value(op->new), &v);
	else if (len == KEY_BYTES)
		/* Constants, so that what is inline is run */
		op->yes = run_on_key(trial, op, key, KEY_BYTES, &v);
	else if (len == SYNCMAP_KEY_LEN_MAX)
		op->yes = run_on_key(trial, op, key, SYNCMAP_KEY_LEN_MAX, &v);
	else
		op->yes = run_on_key(trial, op, key, len, &v);
	op->end = history_clock();
	op->value = v && op->yes ? syncmap_to_value(v) : ABSENT;
	record(history, op);
}

/* What an operation on all keys shows, in one step or several */
struct sight {
	struct trial		*trial;
	unsigned long		begin;		/* of the step */
	struct operation	keys[KEYS_MAX];
	unsigned int		others;
};

static int see(const struct syncmap_entry *entry, void *arg)
{
	struct sight *sight = arg;
	unsigned int key = key_number(sight->trial, entry);
	struct operation *op = &sight->keys[key];

	if (key >= KEYS_MAX) {
		sight->others++;
		return 0;
	}
	if (op->yes)
		history_fail("a range shows a key twice");
	op->yes = true;
	op->value = syncmap_to_value(entry->value);
	op->begin = sight->begin;
	return 0;
}

static void step_end(struct sight *sight)
{
	unsigned long end = history_clock();
	unsigned int key;

	for (key = 0; key < KEYS_MAX; key++)
		if (sight->keys[key].yes && !sight->keys[key].end)
			sight->keys[key].end = end;
}

static void load_many(struct sight *sight)
{
	struct trial *trial = sight->trial;
	struct syncmap_lookup batch[KEYS_MAX] = {};
	u8 keys[KEYS_MAX][SYNCMAP_KEY_LEN_MAX];
	unsigned int key, found = 0;

	for (key = 0; key < trial->keys; key++) {
		batch[key].key = keys[key];
		batch[key].len = key_bytes(trial, key, keys[key]);
	}
	sight->begin = history_clock();
	found = syncmap_load_many(&trial->map, batch, trial->keys);
	for (key = 0; key < trial->keys; key++) {
		if (!batch[key].found)
			continue;
		found--;
		sight->keys[key].yes = true;
		sight->keys[key].value = syncmap_to_value(batch[key].value);
		sight->keys[key].begin = sight->begin;
	}
	if (found)
		history_fail("a batch is miscounted");
}

static void walk(struct sight *sight)
{
	struct syncmap_entry entries[KEYS_MAX + OTHERS_MAX];
	unsigned int max = 2;
	u64 cursor = 0;
	int n, i;

	do {
		sight->begin = history_clock();
		rcu_read_lock();
		n = syncmap_next(&sight->trial->map, &cursor, entries, max);
		for (i = 0; i < n; i++)
			see(&entries[i], sight);
		rcu_read_unlock();
		step_end(sight);
		max = n < 0 ? min_t(unsigned int, 2 * max, ARRAY_SIZE(entries)) : 2;
	} while (cursor != SYNCMAP_CURSOR_END);
}

static void run_all(struct trial *trial, const struct operation *op,
		    struct history *history)
{
	struct sight sight = { trial };
	struct operation *shown;
	unsigned long begin, end;
	unsigned int key;

	begin = history_clock();
	sight.begin = begin;
	if (op->action == RANGE)
		syncmap_range(&trial->map, see, &sight);
	else if (op->action == NEXT)
		walk(&sight);
	else
		load_many(&sight);
	step_end(&sight);
	end = history_clock();
	for (key = 0; key < trial->keys; key++) {
		shown = &sight.keys[key];
		shown->action = op->action;
		shown->key = key;
		if (!shown->yes) {
			shown->begin = begin;
			shown->end = end;
		}
		record(history, shown);
	}
	if (op->action != LOAD_MANY && !trial->clears &&
	    sight.others != trial->others)
		history_fail("a range misses a key that never changes");
}

/* As the worker does it when it is due, whether that is so or not */
static void build(struct syncmap *map, unsigned int flags)
{
	syncmap_token_wait(map);
	syncmap_build(map, flags, GFP_KERNEL);
	syncmap_token_release(map);
}

void operation_run(struct trial *trial, struct operation op,
		   struct history *history)
{
	switch (op.action) {
	case LOAD_MANY:
	case RANGE:
	case NEXT:
		run_all(trial, &op, history);
		break;
	case CLEAR:
		op.begin = history_clock();
		syncmap_clear(&trial->map);
		op.end = history_clock();
		record(history, &op);
		break;
	case PROMOTE:
		current->fail_nth = op.new;
		if (syncmap_promote(&trial->map) && !op.new)
			history_fail("a promotion failed");
		current->fail_nth = 0;
		break;
	case PURGE:
	case GROW:
		current->fail_nth = op.new;
		build(&trial->map, op.action == PURGE ? BUILD_PURGE : BUILD_ROOM);
		current->fail_nth = 0;
		break;
	default:
		run_key(trial, &op, history);
	}
}

void others_store(struct trial *trial, unsigned int n)
{
	u8 key[SYNCMAP_KEY_LEN_MAX];
	size_t len;

	for (; trial->others < n; trial->others++) {
		len = key_bytes(trial, KEYS_MAX + trial->others, key);
		succeeded(syncmap_store(&trial->map, key, len, value(ABSENT),
					GFP_KERNEL));
	}
}
