// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations and histories.
 */
#include <linux/string.h>

#include "explore.h"
#include "history.h"

const char *const action_names[ACTIONS] = {
	"load", "swap", "load-or-store", "load-and-delete", "compare-and-swap",
	"compare-and-delete", "range", "clear", "promote",
};

/* Byte strings are the number as a digit, with dots behind it */
size_t key_bytes(const struct syncmap *map, unsigned int key, u8 *bytes)
{
	u64 number = key;

	if (map->params.key_len) {
		memcpy(bytes, &number, sizeof(number));
		return sizeof(number);
	}
	memset(bytes, '.', sizeof(number));
	bytes[0] = '0' + key;
	return 1 + key;
}

unsigned int key_number(const struct syncmap_entry *entry)
{
	const u8 *bytes = entry->key;

	return bytes[0] >= '0' ? bytes[0] - '0' : bytes[0];
}

static void *value(unsigned int n)
{
	return syncmap_mk_value(n);
}

bool value_of(struct syncmap *map, unsigned int key, unsigned int *n)
{
	u8 bytes[sizeof(u64)];
	size_t len = key_bytes(map, key, bytes);
	void *v;

	*n = ABSENT;
	if (!syncmap_load(map, bytes, len, &v))
		return false;
	*n = syncmap_to_value(v);
	return true;
}

static int see(const struct syncmap_entry *entry, void *arg)
{
	struct operation *op = arg;
	unsigned int key = key_number(entry);

	if (op->seen[key] != ABSENT)
		explore_fail("a range shows a key twice");
	op->seen[key] = syncmap_to_value(entry->value);
	return 0;
}

static void run_on_key(struct syncmap *map, struct operation *op)
{
	u8 key[sizeof(u64)];
	size_t len = key_bytes(map, op->key, key);
	void *v = NULL;

	switch (op->action) {
	case LOAD:
		op->yes = syncmap_load(map, key, len, &v);
		break;
	case SWAP:
		op->yes = syncmap_swap(map, key, len, value(op->new), &v,
				       GFP_KERNEL);
		break;
	case LOAD_OR_STORE:
		op->yes = syncmap_load_or_store(map, key, len, value(op->new),
						&v, GFP_KERNEL);
		break;
	case LOAD_AND_DELETE:
		op->yes = syncmap_load_and_delete(map, key, len, &v);
		break;
	case COMPARE_AND_SWAP:
		op->yes = syncmap_compare_and_swap(map, key, len,
						   value(op->old),
						   value(op->new));
		break;
	default:
		op->yes = syncmap_compare_and_delete(map, key, len,
						     value(op->old));
	}
	op->value = op->yes && v ? syncmap_to_value(v) : ABSENT;
}

void operation_run(struct syncmap *map, struct operation *op)
{
	memset(op->seen, 0, sizeof(op->seen));
	op->begin = explore_clock();
	switch (op->action) {
	case RANGE:
		syncmap_range(map, see, op);
		break;
	case CLEAR:
		syncmap_clear(map);
		break;
	case PROMOTE:
		if (syncmap_promote(map))
			explore_fail("a promotion failed");
		break;
	default:
		run_on_key(map, op);
	}
	op->end = explore_clock();
}

void operation_print(const struct operation *op)
{
	unsigned int key;

	fprintf(stderr, "#   [%lu, %lu] %s", op->begin, op->end,
		action_names[op->action]);
	if (op->action < RANGE)
		fprintf(stderr, " %u (%u -> %u): %s %u", op->key, op->old,
			op->new, op->yes ? "yes" : "no", op->value);
	for (key = 0; key < KEYS && op->action == RANGE; key++)
		fprintf(stderr, " %u=%u", key, op->seen[key]);
	fputc('\n', stderr);
}

/* Do it to the model; false when the map said otherwise */
static bool apply(unsigned int *model, const struct operation *op)
{
	unsigned int *cell = &model[op->key];
	unsigned int was = *cell;
	bool match = was != ABSENT && was == op->old;

	switch (op->action) {
	case LOAD:
		break;
	case SWAP:
		*cell = op->new;
		break;
	case LOAD_OR_STORE:
		if (was == ABSENT)
			*cell = op->new;
		return op->yes == (was != ABSENT) &&
		       (!op->yes || op->value == was);
	case LOAD_AND_DELETE:
		*cell = ABSENT;
		break;
	case COMPARE_AND_SWAP:
		if (match)
			*cell = op->new;
		return op->yes == match;
	case COMPARE_AND_DELETE:
		if (match)
			*cell = ABSENT;
		return op->yes == match;
	case CLEAR:
		memset(model, 0, KEYS * sizeof(*model));
		return true;
	default:
		return true;
	}
	return op->yes == (was != ABSENT) && op->value == was;
}

/* A range is a load of each key, each at a time of its own */
#define ITEMS_MAX	16

struct search {
	struct operation	items[ITEMS_MAX];
	unsigned int		n;
	unsigned int		done;		/* a set */
	unsigned int		model[KEYS];
	const unsigned int	*after;
};

static void add(struct search *s, const struct operation *op)
{
	if (op->action != PROMOTE)
		s->items[s->n++] = *op;
}

static void expand(struct search *s, const struct operation *op)
{
	struct operation item = *op;
	unsigned int key;

	for (key = 0; key < KEYS; key++) {
		item.action = LOAD;
		item.key = key;
		item.value = op->seen[key];
		item.yes = item.value != ABSENT;
		add(s, &item);
	}
}

/* Nothing that is left ended before this one began */
static bool may_be_next(const struct search *s, unsigned int i)
{
	unsigned int k;

	for (k = 0; k < s->n; k++)
		if (!(s->done & 1U << k) && s->items[k].end < s->items[i].begin)
			return false;
	return true;
}

static bool search(struct search *s)
{
	unsigned int saved[KEYS];
	unsigned int i;

	if (s->done == (1U << s->n) - 1)
		return !memcmp(s->model, s->after, sizeof(s->model));
	memcpy(saved, s->model, sizeof(saved));
	for (i = 0; i < s->n; i++) {
		if (s->done & 1U << i || !may_be_next(s, i))
			continue;
		s->done |= 1U << i;
		if (apply(s->model, &s->items[i]) && search(s))
			return true;
		s->done &= ~(1U << i);
		memcpy(s->model, saved, sizeof(saved));
	}
	return false;
}

bool linearizable(const struct operation *ops, unsigned int n,
		  const unsigned int *before, const unsigned int *after)
{
	struct search s = { .after = after };
	unsigned int i;

	memcpy(s.model, before, sizeof(s.model));
	for (i = 0; i < n; i++) {
		if (ops[i].action == RANGE)
			expand(&s, &ops[i]);
		else
			add(&s, &ops[i]);
	}
	return search(&s);
}
