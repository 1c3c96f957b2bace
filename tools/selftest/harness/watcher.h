/* SPDX-License-Identifier: GPL-2.0-only */
/* Watching a map in a test. Functions that return void end it when they fail */
#ifndef WATCHER_H
#define WATCHER_H

#include "map.h"

struct watcher {
	struct syncmap_watch	params;		/* and the answer */
	int			fd;
	char			*buffer;
	size_t			size;
	size_t			used;
	size_t			at;
};

#define FILTER(s)	.filter = PTR(s), .filter_len = sizeof(s) - 1
#define FILTER_N(p, n)	.filter = PTR(p), .filter_len = (n)

/* A descriptor, or a negative errno */
int watch(int map, struct syncmap_watch params);

/* watcher_open(map, .flags = SYNCMAP_WATCH_DUMP) */
#define watcher_open(map, ...) \
	watcher_open_as(map, (struct syncmap_watch){ __VA_ARGS__ })
struct watcher watcher_open_as(int map, struct syncmap_watch params);
void watcher_close(struct watcher *watcher);

/* The next record; waits for it. NULL at the end */
const struct syncmap_record *watcher_next(struct watcher *watcher);
/* Is there one, or will there be within 10 ms? */
bool watcher_has_more(const struct watcher *watcher);
/* EXPECTs that there is none */
void watcher_expect_nothing(struct watcher *watcher);

/* EXPECTs one with these fields; @value: NULL if it is not to be there */
struct expected {
	__u32		type;
	__u32		reason;
	const char	*key;
	const char	*value;
	__u64		revision;	/* 0: any */
	bool		owned;
};

#define watcher_expect(watcher, event, ...)				\
	watcher_expect_event(watcher, __LINE__, (struct expected){	\
		.type = SYNCMAP_RECORD_##event, __VA_ARGS__ })
void watcher_expect_event(struct watcher *watcher, int line,
			  struct expected want);

#endif /* WATCHER_H */
