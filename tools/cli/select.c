// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "select.h"

typedef int entry_fn(const struct libsyncmap_record *entry, void *arg);

/* @record points to what is behind it */
struct kept {
	struct libsyncmap_record	record;
	char				bytes[];
};

struct selection {
	const struct cli	*cli;
	entry_fn		*fn;
	void			*arg;
	struct bytes		prefix;
	uint64_t		told;
	struct kept		**kept;		/* with a limit: a heap */
	size_t			n;
	size_t			room;
};

/* The limit is reached: no errno, and nothing that others return */
#define ENOUGH	1000000

static int compare_keys(const struct selection *selection,
			const struct libsyncmap_record *a,
			const struct libsyncmap_record *b)
{
	size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
	uint64_t x, y;
	int order;

	if (selection->cli->info.key_type == SYNCMAP_KEY_U64) {
		memcpy(&x, a->key, sizeof(x));
		memcpy(&y, b->key, sizeof(y));
		return (x > y) - (x < y);
	}
	order = len ? memcmp(a->key, b->key, len) : 0;
	return order ? order : (a->key_len > b->key_len) -
			       (a->key_len < b->key_len);
}

/* What never expires is last */
static uint64_t end_of(const struct libsyncmap_record *entry)
{
	return entry->expires ? entry->expires : SYNCMAP_NEVER;
}

static size_t entry_size(const struct libsyncmap_record *entry)
{
	return entry->key_len + entry->value_len;
}

static int compare(const struct selection *selection,
		   const struct libsyncmap_record *a,
		   const struct libsyncmap_record *b)
{
	enum entry_order by = selection->cli->order;
	int order = 0;

	if (by == ORDER_SIZE)
		order = (entry_size(a) < entry_size(b)) -
			(entry_size(a) > entry_size(b));
	else if (by == ORDER_REVISION)
		order = (a->revision > b->revision) -
			(a->revision < b->revision);
	else if (by == ORDER_TTL)
		order = (end_of(a) > end_of(b)) - (end_of(a) < end_of(b));
	if (!order)
		order = compare_keys(selection, a, b);
	return selection->cli->reverse ? -order : order;
}

static int compare_kept(const void *a, const void *b, void *arg)
{
	const struct kept *const *x = a, *const *y = b;

	return compare(arg, &(*x)->record, &(*y)->record);
}

static bool is_wanted(const struct selection *selection,
		      const struct libsyncmap_record *entry)
{
	return entry->key_len >= selection->prefix.len &&
	       (!selection->prefix.len ||
		!memcmp(entry->key, selection->prefix.data,
			selection->prefix.len));
}

static int tell(const struct libsyncmap_record *entry, void *arg)
{
	struct selection *selection = arg;
	int ret;

	if (!is_wanted(selection, entry))
		return 0;
	if (selection->cli->limit && selection->told == selection->cli->limit)
		return ENOUGH;
	ret = selection->fn(entry, selection->arg);
	selection->told++;
	if (!ret && selection->told == selection->cli->limit)
		return ENOUGH;
	return ret;
}

static struct kept *copy(const struct libsyncmap_record *entry)
{
	struct kept *kept = malloc(sizeof(*kept) + entry->key_len +
				   (entry->value ? entry->value_len : 0));

	if (!kept)
		return NULL;
	kept->record = *entry;
	kept->record.key = kept->bytes;
	memcpy(kept->bytes, entry->key, entry->key_len);
	if (entry->value) {
		kept->record.value = kept->bytes + entry->key_len;
		memcpy(kept->bytes + entry->key_len, entry->value,
		       entry->value_len);
	}
	return kept;
}

static bool is_later(const struct selection *selection, size_t i, size_t j)
{
	return compare(selection, &selection->kept[i]->record,
		       &selection->kept[j]->record) > 0;
}

static void exchange(struct selection *selection, size_t i, size_t j)
{
	struct kept *kept = selection->kept[i];

	selection->kept[i] = selection->kept[j];
	selection->kept[j] = kept;
}

static void sift_up(struct selection *selection, size_t i)
{
	for (; i && is_later(selection, i, (i - 1) / 2); i = (i - 1) / 2)
		exchange(selection, i, (i - 1) / 2);
}

static void sift_down(struct selection *selection)
{
	size_t i = 0, child;

	while ((child = 2 * i + 1) < selection->n) {
		if (child + 1 < selection->n &&
		    is_later(selection, child + 1, child))
			child++;
		if (!is_later(selection, child, i))
			return;
		exchange(selection, i, child);
		i = child;
	}
}

static int append(struct selection *selection, struct kept *kept)
{
	struct kept **list = selection->kept;

	if (selection->n == selection->room) {
		selection->room = selection->room ? 2 * selection->room : 256;
		list = reallocarray(list, selection->room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		selection->kept = list;
	}
	list[selection->n++] = kept;
	if (selection->cli->limit)
		sift_up(selection, selection->n - 1);
	return 0;
}

/* Of as many as are wanted the last goes for one that comes before it */
static int keep(const struct libsyncmap_record *entry, void *arg)
{
	struct selection *selection = arg;
	bool full = selection->cli->limit &&
		    selection->n == selection->cli->limit;
	struct kept *kept;

	if (!is_wanted(selection, entry) ||
	    (full && compare(selection, entry, &selection->kept[0]->record) >= 0))
		return 0;
	kept = copy(entry);
	if (!kept)
		return -ENOMEM;
	if (!full)
		return append(selection, kept);
	free(selection->kept[0]);
	selection->kept[0] = kept;
	sift_down(selection);
	return 0;
}

static int tell_kept(struct selection *selection)
{
	int ret = 0;

	if (selection->n)
		qsort_r(selection->kept, selection->n, sizeof(*selection->kept),
			compare_kept, selection);
	for (size_t i = 0; !ret && i < selection->n; i++)
		ret = selection->fn(&selection->kept[i]->record,
				    selection->arg);
	return ret;
}

static void free_kept(struct selection *selection)
{
	for (size_t i = 0; i < selection->n; i++)
		free(selection->kept[i]);
	free(selection->kept);
}

int select_check(struct cli *cli)
{
	struct bytes prefix = { };
	int code;

	if (cli->reverse && !cli->order)
		cli->order = ORDER_KEY;
	if (!cli->prefix)
		return EXIT_YES;
	if (cli->info.key_type == SYNCMAP_KEY_U64)
		return fail(cli, "map '%s': numbers have no prefix", cli->name);
	code = parse_key(cli, cli->prefix, strlen(cli->prefix), &prefix);
	bytes_free(&prefix);
	return code;
}

int select_entries(struct cli *cli, unsigned int flags, entry_fn *fn, void *arg)
{
	struct selection selection = { .cli = cli, .fn = fn, .arg = arg };
	int ret;

	if (cli->prefix)
		parse_key(cli, cli->prefix, strlen(cli->prefix),
			  &selection.prefix);
	ret = libsyncmap_range(cli->map, flags, cli->order ? keep : tell,
			       &selection);
	if (!ret && cli->order)
		ret = tell_kept(&selection);
	free_kept(&selection);
	bytes_free(&selection.prefix);
	return ret == ENOUGH ? 0 : ret;
}
