// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "claim.h"
#include "pass.h"

/*
 * Keys of a page: as many, at first fewer, and of so many bytes of text. For each page
 * etcd counts all keys that are left.
 */
#define PAGE_KEYS	4000
#define PAGE_FIRST	100
#define PAGE_BYTES	(1 << 20)

/* Differences, and their bytes, that are remembered */
#define KEPT_MAX	1000
#define KEPT_BYTES	(4 << 20)

static void end_pass(struct pass *pass, enum pass_end end)
{
	pass_stop(pass);
	pass->fn(pass->arg, end);
}

static struct span key_of(const struct pass *pass, size_t at)
{
	const struct difference *difference = &pass->differences[at];

	return (struct span){ pass->kept.data + difference->key,
			      difference->key_len };
}

static struct span value_of(const struct pass *pass, size_t at)
{
	const struct difference *difference = &pass->differences[at];

	return (struct span){
		pass->kept.data + difference->key + difference->key_len,
		difference->value_len,
	};
}

static void add_difference(struct pass *pass, const struct event *event)
{
	if (pass->count % 64 == 0)
		pass->differences = reallocarray(pass->differences,
						 pass->count + 64,
						 sizeof(*pass->differences));
	if (!pass->differences)
		out_of_memory();
	pass->differences[pass->count++] = (struct difference){
		.key = pass->kept.len, .key_len = event->key.len,
		.value_len = event->value.len, .deleted = event->deleted,
	};
	bytes_append(&pass->kept, event->key.data, event->key.len);
	bytes_append(&pass->kept, event->value.data, event->value.len);
}

static bool has_changed(const struct pass *pass, struct span key)
{
	return keyset_has(&pass->changed, key);
}

size_t pass_differing(const struct pass *pass)
{
	size_t n = 0;

	for (size_t i = 0; i < pass->count; i++)
		n += !has_changed(pass, key_of(pass, i));
	return n;
}

void pass_repair(struct pass *pass)
{
	for (size_t i = 0; i < pass->count; i++) {
		if (has_changed(pass, key_of(pass, i)))
			continue;
		if (pass->differences[i].deleted)
			table_delete(pass->table, key_of(pass, i));
		else
			table_store(pass->table, key_of(pass, i),
				    value_of(pass, i));
	}
}

static void forget_differences(struct pass *pass)
{
	free(pass->differences);
	pass->differences = NULL;
	pass->count = 0;
	bytes_free(&pass->kept);
}

/* Those of a page, or of all that the map has and etcd has not, at once */
static bool fill(struct pass *pass)
{
	pass_repair(pass);
	pass->error = table_flush(pass->table);
	forget_differences(pass);
	return !pass->error;
}

static bool too_many(const struct pass *pass)
{
	return pass->count > KEPT_MAX || pass->kept.len > KEPT_BYTES;
}

/* Returns whether it can go on; else the pass has ended */
static bool settle(struct pass *pass)
{
	if (pass->error || (pass->fills && !fill(pass))) {
		end_pass(pass, PASS_FAILED);
		return false;
	}
	if (too_many(pass)) {
		end_pass(pass, PASS_TOO_MANY);
		return false;
	}
	return true;
}

static void note_extra(void *arg, struct span key)
{
	struct pass *pass = arg;

	if (keyset_has(&pass->seen, key) || pass->error)
		return;
	if (too_many(pass) && (!pass->fills || !fill(pass)))
		return;
	add_difference(pass, &(struct event){ .key = key, .deleted = true });
}

static void end_pages(struct pass *pass)
{
	if (!pass->blank)
		pass->error = table_each(pass->table, note_extra, pass);
	if (settle(pass))
		end_pass(pass, PASS_DONE);
}

/* As the map has them: without the prefix. What no map can have is left out. */
static size_t strip(struct pass *pass, const struct message *page)
{
	size_t n = 0;

	for (size_t i = 0; i < page->count; i++) {
		struct event *event = &page->events[i];

		if (event->key.len < pass->prefix.len)
			continue;
		event->key.data += pass->prefix.len;
		event->key.len -= pass->prefix.len;
		if (table_takes(event->key))
			page->events[n++] = *event;
		else
			pass->unfit += !claim_has_key(event->key);
	}
	return n;
}

static void compare_page(struct pass *pass, const struct message *page, size_t n)
{
	bool *differs = calloc(n + 1, sizeof(*differs));

	if (!differs)
		out_of_memory();
	if (!pass->blank)
		pass->error = table_compare(pass->table, page->events, n, differs);
	for (size_t i = 0; !pass->error && i < n; i++) {
		if (!pass->blank)
			keyset_add(&pass->seen, page->events[i].key);
		if (pass->blank || differs[i])
			add_difference(pass, &page->events[i]);
	}
	free(differs);
}

/* The next page begins behind the last key of this one. */
static void follow(struct pass *pass, const struct message *page)
{
	const struct span *last = &page->events[page->count - 1].key;

	bytes_set(&pass->next, last->data, last->len);
	bytes_append_char(&pass->next, '\0');
}

static void fit_limit(struct pass *pass, const struct message *page)
{
	uint64_t limit = pass->limit * (uint64_t)PAGE_BYTES / (page->length + 1);

	pass->limit = limit > PAGE_KEYS ? PAGE_KEYS : limit ? limit : 1;
}

static void take_page(struct pass *pass, const struct message *page)
{
	bool more = page->more && page->count;
	size_t n;

	pass->backoff.failures = 0;
	pass->pages++;
	pass->keys += page->count;
	if (more)
		follow(pass, page);
	fit_limit(pass, page);
	n = strip(pass, page);
	compare_page(pass, page, n);
	if (!settle(pass))
		return;
	if (more)
		loop_set(pass->gateway->loop, &pass->timer, pass->pause);
	else
		end_pages(pass);
}

static void page_came(void *arg, const struct message *page)
{
	struct pass *pass = arg;

	pass->call = NULL;
	switch (page->failure) {
	case FAILURE_NONE:
		take_page(pass, page);
		return;
	case FAILURE_COMPACTED:
		end_pass(pass, PASS_COMPACTED);
		return;
	case FAILURE_TOO_LARGE:
		pass->limit = pass->limit / 8 + 1;
		break;
	default:
		break;
	}
	loop_set(pass->gateway->loop, &pass->timer,
		 backoff_next(&pass->backoff, pass->gateway));
}

static void ask_page(void *arg)
{
	struct pass *pass = arg;
	struct bytes request = { };

	pass->begun = true;
	message_range(&request, (struct span){ pass->next.data, pass->next.len },
		      (struct span){ pass->end.data, pass->end.len },
		      pass->revision, pass->limit);
	pass->call = gateway_call(pass->gateway, "/v3/kv/range", &request,
				  page_came, pass);
	bytes_free(&request);
}

void pass_prepare(struct pass *pass, struct gateway *gateway, struct table *table,
		  struct span prefix, void (*fn)(void *arg, enum pass_end end),
		  void *arg)
{
	*pass = (struct pass){
		.gateway = gateway, .table = table, .prefix = prefix,
		.fn = fn, .arg = arg,
		.timer = { .fn = ask_page, .arg = pass },
	};
	message_prefix_end(&pass->end, prefix);
}

void pass_begin(struct pass *pass, bool fills, int64_t revision, uint64_t delay,
		uint64_t pause)
{
	pass_stop(pass);
	forget_differences(pass);
	pass->running = true;
	pass->begun = false;
	pass->fills = fills;
	pass->blank = fills && !table_has_any(pass->table);
	pass->revision = revision;
	pass->pause = pause;
	pass->limit = PAGE_FIRST;
	pass->keys = pass->unfit = 0;
	pass->error = 0;
	pass->backoff.failures = 0;
	bytes_set(&pass->next, pass->prefix.data, pass->prefix.len);
	keyset_begin(&pass->seen);
	keyset_begin(&pass->changed);
	loop_set(pass->gateway->loop, &pass->timer, delay);
}

void pass_hurry(struct pass *pass)
{
	if (pass->running && !pass->begun)
		loop_set(pass->gateway->loop, &pass->timer, 0);
}

/* What differs, and what has changed, is kept for pass_repair(). */
void pass_stop(struct pass *pass)
{
	pass->running = false;
	gateway_cancel(pass->call);
	pass->call = NULL;
	loop_unset(pass->gateway->loop, &pass->timer);
	keyset_free(&pass->seen);
}

void pass_free(struct pass *pass)
{
	pass_stop(pass);
	forget_differences(pass);
	keyset_free(&pass->changed);
	bytes_free(&pass->end);
	bytes_free(&pass->next);
}

void pass_changed(struct pass *pass, struct span key, int64_t revision)
{
	if (pass->running && revision > pass->revision)
		keyset_add(&pass->changed, key);
}
