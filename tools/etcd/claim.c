// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "claim.h"
#include "log.h"

static const struct span name = SPAN("@syncmap-etcd");

/* As often in the time of a lease another one's claim is looked at. */
#define LOOKS	3

static void answer_came(void *arg, const struct message *answer);

/* If its key has had no change but the one of this revision; 0: if it is absent */
static void ask(struct claim *claim, int64_t revision)
{
	struct span key = { claim->key.data, claim->key.len };
	struct bytes request = { };

	claim->asked = claim->lease->id;
	message_claim(&request, key, claim->node, claim->asked, revision);
	claim->call = gateway_call(claim->lease->gateway, "/v3/kv/txn", &request,
				   answer_came, claim);
	bytes_free(&request);
}

static void due(void *arg)
{
	struct claim *claim = arg;

	if (claim->lease->id)
		ask(claim, 0);
}

static void hold(struct claim *claim)
{
	if (claim->said)
		say(LOG_NOTICE, claim->map, "published from now on");
	claim->said = false;
	claim->had = true;
	claim->held = claim->asked;
	claim->fn(claim->arg);
}

static bool is_this_node(const struct claim *claim, struct span value)
{
	return value.len == claim->node.len &&
	       !memcmp(value.data, claim->node.data, value.len);
}

static void wait(struct claim *claim, struct span value)
{
	struct lease *lease = claim->lease;

	if (!claim->said)
		say(LOG_WARNING, claim->map, "not published: %s '%.*s' publishes "
		    "below the prefix, see '%.*s'", is_this_node(claim, value) ?
		    "another process of this node" : "another node",
		    value.len < 100 ? (int)value.len : 100, value.data,
		    (int)claim->key.len, claim->key.data);
	claim->said = true;
	loop_set(lease->gateway->loop, &claim->timer,
		 lease->seconds * SECOND / LOOKS);
}

/* Of two processes of a node the one that has begun later has it. */
static void judge(struct claim *claim, const struct event *found)
{
	if (found->lease == claim->asked)
		hold(claim);
	else if (!claim->had && is_this_node(claim, found->value))
		ask(claim, found->revision);
	else
		wait(claim, found->value);
}

static void answer_came(void *arg, const struct message *answer)
{
	struct claim *claim = arg;
	struct lease *lease = claim->lease;

	claim->call = NULL;
	if (answer->failure == FAILURE_NOT_FOUND) {
		if (claim->asked == lease->id)
			lease_lost(lease);
		return;
	}
	if (answer->failure) {
		loop_set(lease->gateway->loop, &claim->timer,
			 backoff_next(&claim->backoff, lease->gateway));
		return;
	}
	claim->backoff.failures = 0;
	if (answer->succeeded)
		hold(claim);
	else if (answer->count)
		judge(claim, &answer->events[0]);
	else
		ask(claim, 0);
}

void claim_begin(struct claim *claim, struct lease *lease, const char *map,
		 struct span prefix, struct span node, void (*fn)(void *arg),
		 void *arg)
{
	*claim = (struct claim){
		.lease = lease, .map = map, .node = node, .fn = fn, .arg = arg,
		.timer = { .fn = due, .arg = claim },
	};
	bytes_append(&claim->key, prefix.data, prefix.len);
	bytes_append(&claim->key, name.data, name.len);
}

void claim_end(struct claim *claim)
{
	gateway_cancel(claim->call);
	loop_unset(claim->lease->gateway->loop, &claim->timer);
	bytes_free(&claim->key);
}

void claim_renew(struct claim *claim)
{
	claim->held = 0;
	gateway_cancel(claim->call);
	claim->call = NULL;
	loop_set(claim->lease->gateway->loop, &claim->timer, 0);
}

bool claim_is_held(const struct claim *claim)
{
	return claim->held && claim->held == claim->lease->id;
}

bool claim_has_key(struct span key)
{
	return key.len >= name.len &&
	       !memcmp(key.data + key.len - name.len, name.data, name.len);
}
