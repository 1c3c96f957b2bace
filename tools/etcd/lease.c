// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "lease.h"
#include "log.h"

/* As often in the time that it lasts it is kept alive. */
#define BEATS	3

static void keep_soon(struct lease *lease)
{
	loop_set(lease->gateway->loop, &lease->timer,
		 lease->seconds * SECOND / BEATS);
}

static void try_again(struct lease *lease)
{
	loop_set(lease->gateway->loop, &lease->timer,
		 backoff_next(&lease->backoff, lease->gateway));
}

static void granted(void *arg, const struct message *answer)
{
	struct lease *lease = arg;

	lease->call = NULL;
	if (answer->failure || !answer->lease) {
		if (!lease->backoff.failures)
			say(LOG_WARNING, NULL, "no lease: %s", answer->reason);
		try_again(lease);
		return;
	}
	lease->backoff.failures = 0;
	lease->id = answer->lease;
	lease->granted++;
	say(LOG_INFO, NULL, "lease %" PRIx64 " of %u s", (uint64_t)lease->id,
	    lease->seconds);
	keep_soon(lease);
	lease->fn(lease->arg);
}

/* One that has ended has no time left. */
static void kept(void *arg, const struct message *answer)
{
	struct lease *lease = arg;

	lease->call = NULL;
	if (answer->failure == FAILURE_NOT_FOUND ||
	    (!answer->failure && !answer->ttl)) {
		lease_lost(lease);
	} else if (answer->failure) {
		try_again(lease);
	} else {
		lease->backoff.failures = 0;
		keep_soon(lease);
	}
}

static void due(void *arg)
{
	struct lease *lease = arg;
	struct bytes request = { };

	if (lease->id) {
		message_keep_alive(&request, lease->id);
		lease->call = gateway_call(lease->gateway, "/v3/lease/keepalive",
					   &request, kept, lease);
	} else {
		message_grant(&request, lease->seconds);
		lease->call = gateway_call(lease->gateway, "/v3/lease/grant",
					   &request, granted, lease);
	}
	bytes_free(&request);
}

void lease_begin(struct lease *lease, struct gateway *gateway, unsigned int seconds,
		 void (*fn)(void *arg), void *arg)
{
	*lease = (struct lease){
		.gateway = gateway, .seconds = seconds, .fn = fn, .arg = arg,
		.timer = { .fn = due, .arg = lease },
	};
	loop_set(gateway->loop, &lease->timer, 0);
}

void lease_end(struct lease *lease)
{
	gateway_cancel(lease->call);
	loop_unset(lease->gateway->loop, &lease->timer);
}

void lease_lost(struct lease *lease)
{
	if (!lease->id)
		return;
	say(LOG_WARNING, NULL, "the lease has ended");
	lease->id = 0;
	gateway_cancel(lease->call);
	lease->call = NULL;
	loop_set(lease->gateway->loop, &lease->timer, 0);
}
