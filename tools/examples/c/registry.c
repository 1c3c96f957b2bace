// SPDX-License-Identifier: GPL-2.0-only
/*
 * A registry of services: each has an entry that is bound to its open map, and goes
 * with it, even by kill -9. Nobody has to send signs of life, and whoever looks
 * after the services is told by a watch.
 *
 * An entry stays as long as anybody has the descriptor: children that a service
 * forks inherit it, what they execute does not.
 *
 * Output:
 *	web-1 is at 10.0.0.7
 *	web-1 was killed: it is gone, as its map was closed
 *	web-1 is back, at 10.0.0.8
 */
#include <signal.h>

#include "example.h"

static struct libsyncmap *services;
static struct libsyncmap_watch *watch;

/* A service, until it is killed */
static pid_t serve(const char *name, const char *address)
{
	struct libsyncmap_options owned = { .flags = SYNCMAP_FLAG_OWNED };
	struct libsyncmap *mine;
	pid_t child;

	fflush(NULL);
	child = fork();
	check(child >= 0);
	if (child)
		return child;
	mine = own(services);
	must(libsyncmap_store_with(mine, text(name), text(address), &owned,
				   NULL));
	for (;;)
		pause();
}

static void end(pid_t service)
{
	kill(service, SIGKILL);
	check(waitpid(service, NULL, 0) == service);
}

static void next_event(struct libsyncmap_record *event)
{
	must(libsyncmap_watch_next(watch, -1, event));
	check(event->key_len == 5 && !memcmp(event->key, "web-1", 5));
}

static void await_address(const char *what)
{
	struct libsyncmap_record event;

	next_event(&event);
	check(event.type == SYNCMAP_RECORD_STORE);
	check(event.flags & SYNCMAP_RECORD_OWNED);
	printf("web-1 is %s%.*s\n", what, (int)event.value_len,
	       (const char *)event.value);
}

int main(void)
{
	struct syncmap_watch params = { .flags = SYNCMAP_WATCH_VALUES };
	struct libsyncmap_record event;
	pid_t service;

	services = new_map(SYNCMAP_KEY_STRING);
	must(libsyncmap_watch_open(services, &params, sizeof(params), &watch));
	service = serve("web-1", "10.0.0.7");
	await_address("at ");

	end(service);
	check(libsyncmap_load(services, text("web-1"), NULL) == -ENOENT);
	next_event(&event);
	check(event.type == SYNCMAP_RECORD_DELETE);
	check(event.reason == SYNCMAP_REASON_ORPHANED);
	printf("web-1 was killed: it is gone, as its map was closed\n");

	service = serve("web-1", "10.0.0.8");
	await_address("back, at ");
	end(service);
	return 0;
}
