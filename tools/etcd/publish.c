// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "publish.h"

/* Etcd takes 128 changes in a transaction, and 1.5 MB, unless it is told otherwise. */
#define CHANGES_MAX	100
#define CHANGES_BYTES	(512 << 10)

#define PAGE_KEYS	500

/* What is refused is told now and then. */
#define SAY_REFUSED	1000

/* Before a map that is not there is looked for again */
#define OPEN_PAUSE	SECOND

/* Of a value; what is longer is more than etcd takes */
#define VALUE_MAX	(2 << 20)

static void send_changes(void *arg);
static void open_map(void *arg);

/* Turns */

static void add_turn(struct turns *turns, struct span key)
{
	if (!turns->set.size)
		keyset_begin(&turns->set);
	if (keyset_has(&turns->set, key))
		return;
	keyset_add(&turns->set, key);
	bytes_append(&turns->keys, &key.len, sizeof(key.len));
	bytes_append(&turns->keys, key.data, key.len);
}

static bool next_turn(const struct turns *turns, size_t *at, struct span *key)
{
	if (*at == turns->keys.len)
		return false;
	memcpy(&key->len, turns->keys.data + *at, sizeof(key->len));
	key->data = turns->keys.data + *at + sizeof(key->len);
	*at += sizeof(key->len) + key->len;
	return true;
}

static void clear_turns(struct turns *turns)
{
	turns->keys.len = turns->next = 0;
	keyset_free(&turns->set);
}

static void free_turns(struct turns *turns)
{
	clear_turns(turns);
	bytes_free(&turns->keys);
}

static void has_changed(struct publisher *publisher, struct span key)
{
	if (claim_has_key(key))
		return;
	add_turn(&publisher->later, key);
	if (!publisher->call && !publisher->timer.set &&
	    claim_is_held(&publisher->claim))
		loop_set(publisher->gateway->loop, &publisher->timer, 0);
}

/* What the map has */

/* Whether it is there, and bound to an open file. Text of the last one is gone. */
static bool look_up(const struct publisher *publisher, struct span key,
		    struct bytes *value)
{
	struct libsyncmap_result result;
	int err = -EMSGSIZE;

	value->len = 0;
	for (size_t size = 4096; publisher->map && err == -EMSGSIZE &&
	     size <= VALUE_MAX; size *= 2) {
		bytes_reserve(value, size);
		result = (struct libsyncmap_result){
			.buffer = value->data, .size = size,
		};
		err = libsyncmap_load(publisher->map, key.data, key.len, &result);
	}
	if (err || !result.owned)
		return false;
	value->len = result.len;
	return true;
}

/* Changes */

static void append_key(struct bytes *full, const struct publisher *publisher,
		       struct span key)
{
	bytes_set(full, publisher->prefix.data, publisher->prefix.len);
	bytes_append(full, key.data, key.len);
}

static void add_change(struct publisher *publisher, struct bytes *request,
		       struct span key, const struct bytes *value)
{
	if (value) {
		message_add_put(request, key, (struct span){ value->data, value->len },
				publisher->lease->id);
		publisher->counts.stored++;
	} else {
		message_add_delete(request, key);
		publisher->counts.deleted++;
	}
}

/* As many as go into a transaction; returns how many */
static unsigned int add_changes(struct publisher *publisher, struct bytes *request)
{
	const struct bytes *claim = &publisher->claim.key;
	struct bytes value = { }, full = { };
	size_t at = publisher->turns.next;
	unsigned int n = 0;
	struct span key;

	message_begin_changes(request, (struct span){ claim->data, claim->len },
			      publisher->lease->id);
	while (n < publisher->most && request->len < CHANGES_BYTES &&
	       next_turn(&publisher->turns, &at, &key)) {
		append_key(&full, publisher, key);
		add_change(publisher, request, (struct span){ full.data, full.len },
			   look_up(publisher, key, &value) ? &value : NULL);
		n++;
	}
	message_end_changes(request);
	publisher->sent = at;
	publisher->sent_lease = publisher->lease->id;
	bytes_free(&value);
	bytes_free(&full);
	return n;
}

static void try_again(struct publisher *publisher)
{
	loop_set(publisher->gateway->loop, &publisher->timer,
		 backoff_next(&publisher->backoff, publisher->gateway));
}

/* Of many that are refused together, it may be one that is at fault. */
static void take_refusal(struct publisher *publisher, const char *reason)
{
	if (publisher->most > 1) {
		publisher->most = 1;
		send_changes(publisher);
		return;
	}
	if (publisher->counts.refused++ % SAY_REFUSED == 0)
		say(LOG_WARNING, publisher->options->map, "not published: %s",
		    reason);
	publisher->turns.next = publisher->sent;
	try_again(publisher);
}

/* Without success the prefix is somebody else's. */
static void take_success(struct publisher *publisher, bool succeeded)
{
	if (succeeded) {
		publisher->turns.next = publisher->sent;
		send_changes(publisher);
	} else if (publisher->sent_lease == publisher->lease->id) {
		claim_renew(&publisher->claim);
	}
}

static void changes_made(void *arg, const struct message *answer)
{
	struct publisher *publisher = arg;

	publisher->call = NULL;
	switch (answer->failure) {
	case FAILURE_NONE:
		publisher->backoff.failures = 0;
		take_success(publisher, answer->succeeded);
		break;
	case FAILURE_NOT_FOUND:
		if (publisher->sent_lease == publisher->lease->id)
			lease_lost(publisher->lease);
		break;
	case FAILURE_DENIED:
		take_refusal(publisher, answer->reason);
		break;
	default:
		try_again(publisher);
		break;
	}
}

/* Those that came meanwhile have their turn when all others have had theirs. */
static void send_changes(void *arg)
{
	struct publisher *publisher = arg;
	struct bytes request = { };

	if (publisher->call || !claim_is_held(&publisher->claim))
		return;
	if (publisher->turns.next == publisher->turns.keys.len) {
		struct turns done = publisher->turns;

		publisher->turns = publisher->later;
		publisher->later = done;
		clear_turns(&publisher->later);
		publisher->most = CHANGES_MAX;
	}
	if (add_changes(publisher, &request))
		publisher->call = gateway_call(publisher->gateway, "/v3/kv/txn",
					       &request, changes_made, publisher);
	bytes_free(&request);
}

/* The check */

static bool is_published(const struct publisher *publisher,
			 const struct event *pair, struct span key,
			 struct bytes *value)
{
	return look_up(publisher, key, value) &&
	       pair->lease == publisher->lease->id &&
	       pair->value.len == value->len &&
	       !memcmp(pair->value.data, value->data, value->len);
}

/* Who changes nothing would not notice. */
static bool is_claimed_by_others(const struct publisher *publisher,
				 const struct event *pair)
{
	const struct claim *claim = &publisher->claim;

	return claim_is_held(claim) && pair->lease != claim->held &&
	       pair->key.len == claim->key.len &&
	       !memcmp(pair->key.data, claim->key.data, claim->key.len);
}

static void check_page(struct publisher *publisher, const struct message *page)
{
	struct bytes value = { };

	for (size_t i = 0; i < page->count; i++) {
		const struct event *pair = &page->events[i];
		struct span key = pair->key;

		if (key.len < publisher->prefix.len)
			continue;
		if (is_claimed_by_others(publisher, pair))
			claim_renew(&publisher->claim);
		key.data += publisher->prefix.len;
		key.len -= publisher->prefix.len;
		keyset_add(&publisher->seen, key);
		if (!is_published(publisher, pair, key, &value))
			has_changed(publisher, key);
	}
	bytes_free(&value);
}

static int check_entry(const struct libsyncmap_record *entry, void *arg)
{
	struct publisher *publisher = arg;
	struct span key = { entry->key, entry->key_len };

	if (entry->flags & SYNCMAP_RECORD_OWNED &&
	    !keyset_has(&publisher->seen, key))
		has_changed(publisher, key);
	return 0;
}

static void end_check(struct publisher *publisher)
{
	uint64_t every = publisher->options->check;

	if (publisher->map)
		libsyncmap_range(publisher->map, SYNCMAP_RANGE_KEYS_ONLY,
				 check_entry, publisher);
	keyset_free(&publisher->seen);
	publisher->checking = false;
	publisher->counts.checks++;
	if (every)
		loop_set(publisher->gateway->loop, &publisher->check_timer,
			 every - every / 4 + loop_chance(every / 2));
}

static void page_came(void *arg, const struct message *page)
{
	struct publisher *publisher = arg;

	publisher->page = NULL;
	if (page->failure) {
		loop_set(publisher->gateway->loop, &publisher->check_timer,
			 backoff_next(&publisher->check_backoff,
				      publisher->gateway));
		return;
	}
	publisher->check_backoff.failures = 0;
	check_page(publisher, page);
	if (!page->more || !page->count) {
		end_check(publisher);
		return;
	}
	bytes_set(&publisher->next, page->events[page->count - 1].key.data,
		  page->events[page->count - 1].key.len);
	bytes_append_char(&publisher->next, '\0');
	loop_set(publisher->gateway->loop, &publisher->check_timer, 0);
}

static void check_due(void *arg)
{
	struct publisher *publisher = arg;
	struct bytes request = { };

	if (!claim_is_held(&publisher->claim))
		return;
	if (!publisher->checking) {
		publisher->checking = true;
		keyset_begin(&publisher->seen);
		bytes_set(&publisher->next, publisher->prefix.data,
			  publisher->prefix.len);
	}
	message_range(&request,
		      (struct span){ publisher->next.data, publisher->next.len },
		      (struct span){ publisher->end.data, publisher->end.len },
		      0, PAGE_KEYS);
	publisher->page = gateway_call(publisher->gateway, "/v3/kv/range",
				       &request, page_came, publisher);
	bytes_free(&request);
}

static void prefix_is_ours(void *arg)
{
	publish_check(arg);
}

void publish_renew(struct publisher *publisher)
{
	claim_renew(&publisher->claim);
}

void publish_check(struct publisher *publisher)
{
	gateway_cancel(publisher->page);
	publisher->page = NULL;
	publisher->checking = false;
	loop_set(publisher->gateway->loop, &publisher->check_timer, 0);
	if (!publisher->call)
		loop_set(publisher->gateway->loop, &publisher->timer, 0);
}

/* The map */

static void close_map(struct publisher *publisher)
{
	if (publisher->watch)
		loop_forget(publisher->gateway->loop, &publisher->waiter);
	libsyncmap_watch_close(publisher->watch);
	libsyncmap_close(publisher->map);
	publisher->watch = NULL;
	publisher->map = NULL;
}

/* Returns whether there may be more */
static bool take_event(struct publisher *publisher,
		       const struct libsyncmap_record *event)
{
	switch (event->type) {
	case SYNCMAP_RECORD_STORE:
	case SYNCMAP_RECORD_DELETE:
		has_changed(publisher,
			    (struct span){ event->key, event->key_len });
		return true;
	case SYNCMAP_RECORD_CLEAR:
	case SYNCMAP_RECORD_OVERFLOW:
		publish_check(publisher);
		return true;
	case SYNCMAP_RECORD_REMOVED:
		close_map(publisher);
		open_map(publisher);
		publish_check(publisher);
		return false;
	default:
		return true;
	}
}

static void events_came(void *arg)
{
	struct publisher *publisher = arg;
	struct libsyncmap_record event;
	int err = 0;

	while (!err) {
		err = libsyncmap_watch_next(publisher->watch, 0, &event);
		if (!err && !take_event(publisher, &event))
			return;
	}
	if (err == -EAGAIN || err == -EINTR)
		return;
	close_map(publisher);
	open_map(publisher);
	publish_check(publisher);
}

static int watch_map(struct publisher *publisher)
{
	int err = libsyncmap_open(publisher->options->map, SYNCMAP_ACCESS_READ |
				  LIBSYNCMAP_UNMAPPED, &publisher->map);

	if (err)
		return err;
	err = libsyncmap_watch_open(publisher->map, NULL, 0, &publisher->watch);
	if (err) {
		close_map(publisher);
		return err;
	}
	publisher->waiter.fd = libsyncmap_watch_fd(publisher->watch);
	loop_await(publisher->gateway->loop, &publisher->waiter);
	return 0;
}

/* Until there is a map, it is as if there were an empty one. */
static void open_map(void *arg)
{
	struct publisher *publisher = arg;
	int err = watch_map(publisher);

	if (!err) {
		publish_check(publisher);
		return;
	}
	if (err != -ENOENT)
		say(LOG_WARNING, publisher->options->map, "%s",
		    libsyncmap_strerror(err));
	loop_set(publisher->gateway->loop, &publisher->open_timer, OPEN_PAUSE);
}

void publish_begin(struct publisher *publisher, struct gateway *gateway,
		   struct lease *lease, struct span node,
		   const struct publish_options *options)
{
	*publisher = (struct publisher){
		.options = options, .gateway = gateway, .lease = lease,
		.prefix = { options->prefix, strlen(options->prefix) },
		.most = CHANGES_MAX,
		.waiter = { .fn = events_came, .arg = publisher },
		.open_timer = { .fn = open_map, .arg = publisher },
		.timer = { .fn = send_changes, .arg = publisher },
		.check_timer = { .fn = check_due, .arg = publisher },
	};
	message_prefix_end(&publisher->end, publisher->prefix);
	claim_begin(&publisher->claim, lease, options->map, publisher->prefix, node,
		    prefix_is_ours, publisher);
	open_map(publisher);
}

void publish_end(struct publisher *publisher)
{
	close_map(publisher);
	claim_end(&publisher->claim);
	gateway_cancel(publisher->call);
	gateway_cancel(publisher->page);
	loop_unset(publisher->gateway->loop, &publisher->open_timer);
	loop_unset(publisher->gateway->loop, &publisher->timer);
	loop_unset(publisher->gateway->loop, &publisher->check_timer);
	free_turns(&publisher->turns);
	free_turns(&publisher->later);
	keyset_free(&publisher->seen);
	bytes_free(&publisher->end);
	bytes_free(&publisher->next);
}
