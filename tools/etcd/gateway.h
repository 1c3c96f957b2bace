/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The members of an etcd, by the HTTP/JSON gateway of whichever answers: requests
 * go to one member until it fails, and then to the next one. What has failed is
 * not repeated: the caller does so, after backoff_next().
 */
#ifndef SYNCMAP_ETCD_GATEWAY_H
#define SYNCMAP_ETCD_GATEWAY_H

#include "loop.h"
#include "message.h"

/*
 * @endpoints: URLs without a path, as "https://10.0.0.1:2379", up to NULL
 * @user: NULL: none, and no @password
 * @ca, @cert, @key: files in PEM; NULL: the system's authorities, and none
 * @timeout: nanoseconds that an answer may take
 */
struct gateway_options {
	const char	*const *endpoints;
	const char	*user;
	const char	*password;
	const char	*ca;
	const char	*cert;
	const char	*key;
	uint64_t	timeout;
};

struct call;

struct gateway {
	const struct gateway_options	*options;
	struct loop	*loop;
	size_t		endpoints;
	size_t		current;
	struct call	*calls;
	struct call	*login;
	struct bytes	token;		/* text; empty: there is none */
	bool		no_users;	/* none is needed, as it turned out */
	uint64_t	failovers;
	uint64_t	received;	/* bytes of answers */
};

/*
 * What a call has brought: the answer, or one line of a stream. With a failure the
 * call is over, and gone; so is a call that is no stream after its one answer.
 */
typedef void gateway_fn(void *arg, const struct message *message);

void gateway_begin(struct gateway *gateway, struct loop *loop,
		   const struct gateway_options *options);
void gateway_end(struct gateway *gateway);

/* The request is copied. The function is never called from within these. */
struct call *gateway_call(struct gateway *gateway, const char *path,
			  const struct bytes *request, gateway_fn *fn, void *arg);
/* The same; a member is not left if it does not know the call. */
struct call *gateway_try(struct gateway *gateway, const char *path,
			 const struct bytes *request, gateway_fn *fn, void *arg);
struct call *gateway_stream(struct gateway *gateway, const char *path,
			    const struct bytes *request, gateway_fn *fn,
			    void *arg);

/* Its function is not called any more; NULL is no call */
void gateway_cancel(struct call *call);

/* Ask another member from now on, unless that has happened since the call began */
void gateway_leave(struct call *call);

/* Whether it was begun with a member that has been left since */
bool gateway_has_left(const struct call *call);

/* The member that is asked now */
const char *gateway_endpoint(const struct gateway *gateway);

/*
 * How often in a row something has failed, and how long to wait before it is tried
 * again: hardly at first, as there are other members, then longer and longer, and
 * never as long as the next one waits.
 */
struct backoff {
	unsigned int	failures;
};

uint64_t backoff_next(struct backoff *backoff, const struct gateway *gateway);

#endif
