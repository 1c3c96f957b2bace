// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps that do not change the map.
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "fuzz.h"

#define BATCH_MAX	20

/* Nothing that is stored equals it */
#define UNTOUCHED	((void *)0xdead0UL)

/* Whether an answer is what the reference says */
static bool right(const struct fuzz *f, unsigned int key, bool found,
		  const void *value, const void *if_absent)
{
	if (!f->model.present[key])
		return !found && value == if_absent;
	return found && value == value_of(f->model.value[key]);
}

void fuzz_load(struct fuzz *f)
{
	unsigned int n = take(&f->in, f->kind->keys);
	const struct key *key = kind_key(f->kind, n);
	bool hashed = take(&f->in, 2);
	void *value = UNTOUCHED;
	bool found;

	say(f, "load%s %u", hashed ? "_hashed" : "", n);
	found = hashed ? syncmap_load_hashed(&f->map, &f->hashed[n], &value) :
			 syncmap_load(&f->map, key->bytes, key->len, &value);
	expect(right(f, n, found, value, UNTOUCHED));
}

/* A key may be there several times */
void fuzz_load_many(struct fuzz *f)
{
	unsigned int n = take(&f->in, BATCH_MAX);
	struct syncmap_lookup batch[BATCH_MAX];
	unsigned int keys[BATCH_MAX];
	unsigned int i, found = 0;
	const struct key *key;

	say(f, "load_many %u", n);
	for (i = 0; i < n; i++) {
		keys[i] = take(&f->in, f->kind->keys);
		key = kind_key(f->kind, keys[i]);
		batch[i].key = key->bytes;
		batch[i].len = key->len;
		found += f->model.present[keys[i]];
	}
	expect(syncmap_load_many(&f->map, batch, n) == found);
	for (i = 0; i < n; i++)
		expect(right(f, keys[i], batch[i].found, batch[i].value, NULL));
}

struct sight {
	struct fuzz	*f;
	struct walk	walk;
	unsigned int	left;		/* until it stops */
};

static void see(struct fuzz *f, struct walk *walk,
		const struct syncmap_entry *entry)
{
	walk_see(walk, kind_number(f->kind, entry->key, entry->len),
		 value_number(entry->value));
}

static int show(const struct syncmap_entry *entry, void *arg)
{
	struct sight *sight = arg;

	see(sight->f, &sight->walk, entry);
	interlude(sight->f);
	return --sight->left ? 0 : -ECANCELED;
}

/* A few entries of it, or all; operations come in between */
void fuzz_range(struct fuzz *f)
{
	unsigned int left = take(&f->in, 64);
	struct sight *sight = malloc(sizeof(*sight));
	int ret;

	if (f->depth == DEPTH_MAX)
		left = 1;
	say(f, "range %u", left);
	sight->f = f;
	sight->left = left ?: UINT_MAX;
	walk_begin(&f->model, &sight->walk);
	f->depth++;
	ret = syncmap_range(&f->map, show, sight);
	f->depth--;
	expect(ret == (sight->left ? 0 : -ECANCELED));
	walk_end(&f->model, &sight->walk, !ret);
	free(sight);
}

/* The next entries of a range that may have begun long ago */
void fuzz_next(struct fuzz *f)
{
	static struct syncmap_entry entries[KEYS_MAX];
	struct cursor *cursor = &f->cursors[take(&f->in, CURSORS)];
	unsigned int max = take(&f->in, 100);
	u64 from;
	int i, n;

	if (!cursor->moving) {
		cursor->at = 0;
		cursor->moving = true;
		walk_begin(&f->model, &cursor->walk);
	}
	from = cursor->at;
	rcu_read_lock();
	n = syncmap_next(&f->map, &cursor->at, entries, max);
	say(f, "next %u: %d", max, n);
	if (n == -EMSGSIZE) {
		expect(cursor->at == from);
		n = syncmap_next(&f->map, &cursor->at, entries, KEYS_MAX);
		max = KEYS_MAX;
	}
	expect(n >= 0 && n <= max);
	expect(cursor->at > from);
	for (i = 0; i < n; i++)
		see(f, &cursor->walk, &entries[i]);
	rcu_read_unlock();
	if (cursor->at == SYNCMAP_CURSOR_END) {
		walk_end(&f->model, &cursor->walk, true);
		cursor->moving = false;
	}
}

/* All there is to find in a map */
void fuzz_look(struct fuzz *f)
{
	const struct key *key;
	void *value;
	unsigned int n;
	bool found;

	expect(syncmap_count(&f->map) == f->model.count);
	for (n = 0; n < f->kind->keys; n++) {
		key = kind_key(f->kind, n);
		value = UNTOUCHED;
		found = syncmap_load(&f->map, key->bytes, key->len, &value);
		expect(right(f, n, found, value, UNTOUCHED));
	}
}

void fuzz_stats(struct fuzz *f)
{
	u64 buckets = 0, placed = 0, displaced = 0;
	struct syncmap_core_stats stats;
	unsigned int i;

	say(f, "stats");
	syncmap_get_stats(&f->map, &stats);
	for (i = 0; i < SYNCMAP_HISTOGRAM; i++) {
		buckets += stats.fill[i];
		placed += i * stats.fill[i];
		displaced += stats.displaced[i];
	}
	expect(stats.count == f->model.count);
	expect(buckets == stats.read_buckets);
	expect(displaced == placed);
	expect(stats.dirty_longest <= stats.dirty_keys);
	expect(stats.read_keys + stats.dirty_keys >= stats.count);
	/* Other tombstones are in pairs of a dirty table */
	expect(stats.amended ||
	       stats.read_keys >= stats.count + stats.tombstones);
}

void fuzz_check(struct fuzz *f)
{
	say(f, "check");
	expect(!syncmap_check(&f->map));
}
