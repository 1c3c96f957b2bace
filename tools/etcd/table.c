// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claim.h"
#include "table.h"

/* A mapping would be made for a few loads. */
#define ACCESS	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE | LIBSYNCMAP_UNMAPPED)

/* Absent for ever: who has its lease keeps the map */
#define KEEPER	"@keeper"

/* Of a mark: at most; and the steps that it grows in, as it has to find room */
#define MARK_SIZE	4096
#define MARK_STEP	128

const struct span table_mark_key = SPAN("@revision");
const struct span table_synced_key = SPAN("@synced");

/* Somebody else may have been first. */
static int make_or_open(struct table *table)
{
	int err = libsyncmap_create(table->name, SYNCMAP_KEY_STRING, NULL,
				    table->mode, &table->map);

	return err == -EEXIST ?
	       libsyncmap_open(table->name, ACCESS, &table->map) : err;
}

static int become_keeper(const struct libsyncmap *map)
{
	uint64_t token;

	return libsyncmap_load_or_lease(map, KEEPER, strlen(KEEPER),
					SYNCMAP_FLAG_NOWAIT, 0, 0, &token, NULL);
}

int table_open(struct table *table, const char *name, mode_t mode, bool make)
{
	int err;

	*table = (struct table){ .name = name, .mode = mode };
	err = libsyncmap_open(name, ACCESS, &table->map);
	if (err == -ENOENT && !make)
		return 0;
	if (err == -ENOENT)
		err = make_or_open(table);
	if (err)
		return err;
	err = become_keeper(table->map);
	if (err)
		table_close(table);
	return err;
}

/* As nobody has it by its name, nobody sees it before it is what it is to be. */
static int make_like(const struct libsyncmap *map, struct libsyncmap **made)
{
	struct syncmap_map_info info = { };
	int err = libsyncmap_info(map, &info, sizeof(info));
	struct syncmap_create create = {
		.flags = info.mapped ? SYNCMAP_CREATE_MAPPED : 0,
		.key_type = info.key_type, .value_kind = info.value_kind,
		.mode = info.mode, .limits = info.limits, .stale = info.stale,
		.revision = info.revision,
	};
	struct syncmap_set set = {
		.flags = SYNCMAP_SET_MODE | SYNCMAP_SET_GROUP,
		.mode = info.mode, .gid = info.gid,
	};

	if (err)
		return err;
	if (info.state & SYNCMAP_MAP_FROZEN)
		return -EROFS;
	err = libsyncmap_create_with(&create, sizeof(create), made);
	return err ? err : libsyncmap_set(*made, &set, sizeof(set));
}

int table_hide(struct table *table)
{
	struct libsyncmap *hidden = NULL;
	int err;

	err = table->map ? make_like(table->map, &hidden) :
	      libsyncmap_create(NULL, SYNCMAP_KEY_STRING, NULL, table->mode, &hidden);
	if (!err)
		err = become_keeper(hidden);
	if (err) {
		libsyncmap_close(hidden);
		return err;
	}
	table->shown = table->map;
	table->map = hidden;
	table->hidden = true;
	return 0;
}

/* What was bound to the descriptor of the other one goes when that is closed. */
int table_show(struct table *table)
{
	struct syncmap_map_info info = { };
	int err = 0;

	if (table->shown)
		err = libsyncmap_info(table->shown, &info, sizeof(info));
	if (!err)
		err = libsyncmap_publish(table->map, table->name, table->shown ?
					 SYNCMAP_PUBLISH_REPLACE : 0, info.id);
	if (err)
		return err;
	libsyncmap_close(table->shown);
	table->shown = NULL;
	table->hidden = false;
	return 0;
}

void table_drop_hidden(struct table *table)
{
	if (!table->hidden)
		return;
	libsyncmap_close(table->map);
	table->map = table->shown;
	table->shown = NULL;
	table->hidden = false;
}

bool table_is_lost(const struct table *table)
{
	return libsyncmap_current(table->map) == -ESTALE;
}

const char *table_unfit(const struct table *table, bool exchanged)
{
	struct syncmap_map_info info;

	if (libsyncmap_info(table->map, &info, sizeof(info)))
		return "nothing can be learnt of it";
	if (info.key_type == SYNCMAP_KEY_U64)
		return "its keys are integers";
	if (info.state & SYNCMAP_MAP_EVICTS)
		return "it evicts";
	if (info.ttl)
		return "its entries expire";
	if (exchanged && info.uid != geteuid())
		return "it is another user's, and so cannot be exchanged";
	return NULL;
}

void table_close(struct table *table)
{
	table_drop_hidden(table);
	libsyncmap_close(table->map);
	free(table->ops);
	free(table->answers);
	*table = (struct table){ };
}

bool table_takes(struct span key)
{
	return !(key.len && key.data[0] == '@') && !claim_has_key(key) &&
	       !memchr(key.data, '\0', key.len);
}

static void make_room(struct table *table)
{
	size_t size = table->size ? 2 * table->size : 64;

	if (table->count < table->size)
		return;
	table->ops = reallocarray(table->ops, size, sizeof(*table->ops));
	table->answers = reallocarray(table->answers, size,
				      sizeof(*table->answers));
	if (!table->ops || !table->answers)
		out_of_memory();
	table->size = size;
}

static struct syncmap_op *queue(struct table *table, enum syncmap_op_code code,
				struct span key)
{
	struct syncmap_op *op;

	make_room(table);
	op = &table->ops[table->count++];
	*op = (struct syncmap_op){
		.op = code, .key = (uintptr_t)key.data, .key_len = key.len,
	};
	return op;
}

void table_store(struct table *table, struct span key, struct span value)
{
	struct syncmap_op *op = queue(table, SYNCMAP_OP_STORE, key);

	op->value = (uintptr_t)value.data;
	op->value_len = value.len;
}

void table_lend(struct table *table, struct span key, struct span value,
		uint64_t ttl)
{
	struct syncmap_op *op;

	table_store(table, key, value);
	op = &table->ops[table->count - 1];
	op->flags = SYNCMAP_FLAG_OWNED | SYNCMAP_FLAG_FROM_NOW;
	op->deadline = ttl;
}

void table_delete(struct table *table, struct span key)
{
	queue(table, SYNCMAP_OP_DELETE, key);
}

/* Each has an answer; the array of these does not move any more. */
static int run(struct table *table)
{
	size_t count = table->count, done;

	memset(table->answers, 0, count * sizeof(*table->answers));
	for (size_t i = 0; i < count; i++) {
		table->ops[i].answer = (uintptr_t)&table->answers[i];
		table->ops[i].answer_size = sizeof(table->answers[i]);
	}
	return libsyncmap_batch(table->map, table->ops, sizeof(*table->ops),
				count, 0, &done);
}

static void explain(struct table *table, const struct syncmap_op *op,
		    const struct syncmap_answer *answer)
{
	char why[128];

	libsyncmap_explain(answer->error.status, &answer->error, why, sizeof(why));
	snprintf(table->why, sizeof(table->why), "'%.*s': %s",
		 op->key_len < 40 ? (int)op->key_len : 40,
		 (const char *)(uintptr_t)op->key, why);
}

/* Returns whether what was there before has to go */
static bool account(struct table *table, const struct syncmap_op *op,
		    const struct syncmap_answer *answer)
{
	struct span key = { (const char *)(uintptr_t)op->key, op->key_len };
	bool stores = op->op == SYNCMAP_OP_STORE, etcds = table_takes(key);

	if (!answer->error.status) {
		table->stored += etcds && stores;
		table->deleted += etcds && !stores;
		return false;
	}
	table->refused++;
	explain(table, op, answer);
	return stores && etcds;
}

int table_flush(struct table *table)
{
	size_t count = table->count, left = 0;
	int err = count ? run(table) : 0;

	for (size_t i = 0; !err && i < count; i++) {
		if (table->answers[i].error.status == -EROFS)
			err = -EROFS;
		else if (account(table, &table->ops[i], &table->answers[i]))
			table->ops[left++] = (struct syncmap_op){
				.op = SYNCMAP_OP_DELETE,
				.key = table->ops[i].key,
				.key_len = table->ops[i].key_len,
			};
	}
	table->count = err ? 0 : left;
	if (table->count)
		err = run(table);
	table->count = 0;
	return err;
}

static bool is_value(const struct syncmap_answer *answer,
		     const struct syncmap_op *op, const struct event *event)
{
	return !answer->error.status && answer->out_len == event->value.len &&
	       !memcmp((const char *)(uintptr_t)op->out, event->value.data,
		       event->value.len);
}

/* A value that is longer than ours does not fit, and so differs. */
int table_compare(struct table *table, const struct event *events, size_t count,
		  bool *differs)
{
	struct bytes found = { };
	size_t size = 0;
	int err;

	for (size_t i = 0; i < count; i++)
		size += events[i].value.len;
	bytes_reserve(&found, size + 1);
	for (size_t i = 0; i < count; i++) {
		struct syncmap_op *op = queue(table, SYNCMAP_OP_LOAD,
					      events[i].key);

		op->out = (uintptr_t)(found.data + found.len);
		op->out_size = events[i].value.len;
		found.len += events[i].value.len;
	}
	err = count ? run(table) : 0;
	for (size_t i = 0; !err && i < count; i++)
		differs[i] = !is_value(&table->answers[i], &table->ops[i],
				       &events[i]);
	table->count = 0;
	bytes_free(&found);
	return err;
}

struct visit {
	void	(*fn)(void *arg, struct span key);
	void	*arg;
};

static int visit(const struct libsyncmap_record *entry, void *arg)
{
	const struct visit *each = arg;
	struct span key = { entry->key, entry->key_len };

	if (table_takes(key))
		each->fn(each->arg, key);
	return 0;
}

int table_each(struct table *table, void (*fn)(void *arg, struct span key),
	       void *arg)
{
	struct visit each = { fn, arg };

	return libsyncmap_range(table->map, SYNCMAP_RANGE_KEYS_ONLY, visit, &each);
}

static int stop_at(const struct libsyncmap_record *entry, void *arg)
{
	(void)arg;
	return table_takes((struct span){ entry->key, entry->key_len });
}

/* If that cannot be learnt, what is done with it will fail. */
bool table_has_any(struct table *table)
{
	return libsyncmap_range(table->map, SYNCMAP_RANGE_KEYS_ONLY, stop_at, NULL);
}

/* A lease ends with a Clear. */
int table_clear(struct table *table, const struct mark *mark)
{
	struct bytes text = { };
	int err = libsyncmap_clear(table->map, 0);

	if (!err)
		err = become_keeper(table->map);
	table_print_mark(&text, mark);
	table_store(table, table_mark_key, (struct span){ text.data, text.len });
	if (!err)
		err = table_flush(table);
	table->count = 0;
	bytes_free(&text);
	return err;
}

static void parse_mark(struct mark *mark, json_object *root)
{
	const char *prefix = json_object_get_string(
		json_object_object_get(root, "prefix"));

	mark->dirty = json_object_get_boolean(
		json_object_object_get(root, "dirty"));
	mark->revision = json_object_get_int64(
		json_object_object_get(root, "revision"));
	sscanf(json_object_get_string(json_object_object_get(root, "cluster"))
	       ?: "", "%" SCNx64, &mark->cluster);
	mark->index = json_object_get_int64(
		json_object_object_get(root, "index"));
	if (prefix)
		bytes_set(&mark->prefix, prefix, strlen(prefix));
}

int table_read_mark(struct table *table, struct mark *mark)
{
	char text[MARK_SIZE + 1];
	struct libsyncmap_result result = { .buffer = text, .size = MARK_SIZE };
	json_object *root;
	int err;

	*mark = (struct mark){ };
	err = libsyncmap_load(table->map, table_mark_key.data, table_mark_key.len,
			      &result);
	if (err)
		return err == -ENOENT ? 0 : err;
	text[result.len] = '\0';
	mark->there = true;
	root = json_tokener_parse(text);
	if (json_object_is_type(root, json_type_object))
		parse_mark(mark, root);
	else
		mark->dirty = true;
	json_object_put(root);
	return 0;
}

void table_print_mark(struct bytes *text, const struct mark *mark)
{
	json_object *root = json_object_new_object();
	const char *printed;
	char cluster[20];

	snprintf(cluster, sizeof(cluster), "%" PRIx64, mark->cluster);
	json_object_object_add(root, "revision",
			       json_object_new_int64(mark->revision));
	json_object_object_add(root, "dirty", json_object_new_boolean(mark->dirty));
	json_object_object_add(root, "cluster", json_object_new_string(cluster));
	json_object_object_add(root, "index", json_object_new_int64(mark->index));
	json_object_object_add(root, "prefix",
			       json_object_new_string_len(mark->prefix.data,
							  mark->prefix.len));
	printed = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
						 JSON_C_TO_STRING_NOSLASHESCAPE);
	bytes_set(text, printed, strlen(printed));
	while (text->len % MARK_STEP)
		bytes_append_char(text, ' ');
	json_object_put(root);
}
