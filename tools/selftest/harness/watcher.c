// SPDX-License-Identifier: GPL-2.0-only
#include <poll.h>
#include <unistd.h>

#include "record.h"
#include "watcher.h"

static int call(int map, struct syncmap_watch *params)
{
	int ret;

	params->fd = -1;
	ret = map_call(map, SYNCMAP_WATCH, params);
	return ret ?: params->fd;
}

int watch(int map, struct syncmap_watch params)
{
	return call(map, &params);
}

struct watcher watcher_open_as(int map, struct syncmap_watch params)
{
	struct watcher watcher = { .params = params };

	watcher.fd = call(map, &watcher.params);
	ASSERT(watcher.fd >= 0);
	watcher.size = watcher.params.record_size;
	ASSERT(watcher.size >= sizeof(struct syncmap_record));
	watcher.buffer = malloc(watcher.size);
	return watcher;
}

void watcher_close(struct watcher *watcher)
{
	EXPECT_EQ(0, close(watcher->fd));
	free(watcher->buffer);
}

const struct syncmap_record *watcher_next(struct watcher *watcher)
{
	const struct syncmap_record *event;

	while (!(event = record_next(watcher->buffer, watcher->used,
				     &watcher->at))) {
		ssize_t n = read(watcher->fd, watcher->buffer, watcher->size);

		ASSERT(n >= 0);
		watcher->used = n;
		watcher->at = 0;
		if (!n)
			break;
	}
	return event;
}

bool watcher_has_more(const struct watcher *watcher)
{
	struct pollfd pollfd = { .fd = watcher->fd, .events = POLLIN };

	return watcher->at < watcher->used || poll(&pollfd, 1, 10);
}

void watcher_expect_nothing(struct watcher *watcher)
{
	struct pollfd pollfd = { .fd = watcher->fd, .events = POLLIN };

	EXPECT_EQ(watcher->used, watcher->at);
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	EXPECT_EQ(0, pollfd.revents);
}

void watcher_expect_event(struct watcher *watcher, int line,
			  struct expected want)
{
	const struct syncmap_record *event = watcher_next(watcher);
	size_t key_len = want.key ? strlen(want.key) : 0;

	test_context("expected in line %d", line);
	ASSERT(event);
	EXPECT_EQ(want.type, event->type);
	EXPECT_EQ(want.reason, event->reason);
	EXPECT_MEM(want.key, key_len, record_key(event), event->key_len);
	EXPECT_EQ((want.value ? SYNCMAP_RECORD_VALUE : 0) |
		  (want.owned ? SYNCMAP_RECORD_OWNED : 0), event->flags);
	if (want.value)
		EXPECT_MEM(want.value, strlen(want.value), record_value(event),
			   event->value_len);
	if (want.revision)
		EXPECT_EQ(want.revision, event->revision);
	test_context("%s", "");
}
