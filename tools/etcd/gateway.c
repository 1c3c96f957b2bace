// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway.h"

/*
 * Of one answer, or line: a page has a megabyte or so, and etcd takes no request of
 * more than 1.5 unless it is told to
 */
#define ANSWER_MAX	(64 << 20)

/* A connection whose other end is gone is noticed after 5 s and 3 times 5 s */
#define ALIVE_SECONDS	5L

/* Status codes of HTTP */
enum {
	HTTP_FORBIDDEN		= 403,
	HTTP_NOT_FOUND		= 404,
	HTTP_METHOD_NOT_ALLOWED	= 405,
	HTTP_NOT_IMPLEMENTED	= 501,
};

#define SOON		(50 * MS)
#define FIRST_PAUSE	(200 * MS)
#define LONGEST_PAUSE	(5 * SECOND)

struct call {
	struct gateway		*gateway;
	struct call		*next;
	CURL			*easy;
	struct curl_slist	*headers;
	struct bytes		url;
	struct bytes		request;
	struct bytes		answer;
	size_t			done;		/* of it, up to the next line */
	size_t			endpoint;
	bool			stream;
	bool			optional;	/* see gateway_try() */
	bool			started;	/* else it waits for a token */
	bool			too_large;
	bool			ended;		/* to be freed */
	char			error[CURL_ERROR_SIZE];
	gateway_fn		*fn;
	void			*arg;
};

static void login(struct gateway *gateway);

static size_t receive(char *data, size_t size, size_t n, void *arg)
{
	struct call *call = arg;

	size *= n;
	if (call->answer.len - call->done + size > ANSWER_MAX) {
		call->too_large = true;
		return 0;
	}
	bytes_append(&call->answer, data, size);
	call->gateway->received += size;
	return size;
}

static void add_header(struct call *call, const char *name, const char *value)
{
	struct bytes line = { };
	struct curl_slist *longer;

	bytes_append(&line, name, strlen(name));
	bytes_append(&line, value, strlen(value) + 1);
	longer = curl_slist_append(call->headers, line.data);
	if (!longer)
		out_of_memory();
	call->headers = longer;
	bytes_free(&line);
}

/*
 * A member that has lost its leader answers nothing, and ends a stream, only if it
 * is told to. Bodies of a kilobyte would be asked for, and waited for.
 */
static void set_headers(struct call *call)
{
	const struct gateway *gateway = call->gateway;

	add_header(call, "Content-Type: ", "application/json");
	add_header(call, "Grpc-Metadata-hasleader: ", "true");
	add_header(call, "Expect:", "");
	if (gateway->token.len)
		add_header(call, "Authorization: ", gateway->token.data);
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void set_tls(struct call *call)
{
	const struct gateway_options *options = call->gateway->options;

	curl_easy_setopt(call->easy, CURLOPT_CAINFO, options->ca);
	if (options->ca)
		curl_easy_setopt(call->easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(call->easy, CURLOPT_SSLCERT, options->cert);
	curl_easy_setopt(call->easy, CURLOPT_SSLKEY, options->key);
}

/* A stream takes as long as it likes: whoever began it knows when it is too silent. */
static void set_times(struct call *call)
{
	long ms = call->gateway->options->timeout / MS;

	curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, ms);
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, call->stream ? 0L : ms);
	curl_easy_setopt(call->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(call->easy, CURLOPT_TCP_KEEPIDLE, ALIVE_SECONDS);
	curl_easy_setopt(call->easy, CURLOPT_TCP_KEEPINTVL, ALIVE_SECONDS);
	curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
}

static void set_request(struct call *call)
{
	curl_easy_setopt(call->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, call->request.data);
	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE,
			 (long)call->request.len);
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->error);
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
}

static void start(struct call *call)
{
	struct gateway *gateway = call->gateway;
	const char *endpoint = gateway_endpoint(gateway);
	struct bytes url = { };

	call->started = true;
	call->endpoint = gateway->current;
	bytes_append(&url, endpoint, strlen(endpoint));
	bytes_append(&url, call->url.data, call->url.len);
	curl_easy_setopt(call->easy, CURLOPT_URL, url.data);
	curl_easy_setopt(call->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(call->easy, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_1_1);
	set_headers(call);
	set_tls(call);
	set_times(call);
	set_request(call);
	curl_multi_add_handle(gateway->loop->multi, call->easy);
	bytes_free(&url);
}

static bool needs_token(const struct gateway *gateway)
{
	return gateway->options->user && !gateway->no_users &&
	       !gateway->token.len;
}

static struct call *make_call(struct gateway *gateway, const char *path,
			      const struct bytes *request, bool stream,
			      gateway_fn *fn, void *arg)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		out_of_memory();
	*call = (struct call){
		.gateway = gateway, .next = gateway->calls, .stream = stream,
		.easy = curl_easy_init(), .fn = fn, .arg = arg,
	};
	if (!call->easy)
		out_of_memory();
	bytes_append(&call->url, path, strlen(path) + 1);
	bytes_append(&call->request, request->data, request->len);
	gateway->calls = call;
	return call;
}

static struct call *begin(struct gateway *gateway, const char *path,
			  const struct bytes *request, bool stream,
			  gateway_fn *fn, void *arg)
{
	struct call *call = make_call(gateway, path, request, stream, fn, arg);

	if (needs_token(gateway))
		login(gateway);
	else
		start(call);
	return call;
}

struct call *gateway_call(struct gateway *gateway, const char *path,
			  const struct bytes *request, gateway_fn *fn, void *arg)
{
	return begin(gateway, path, request, false, fn, arg);
}

struct call *gateway_try(struct gateway *gateway, const char *path,
			 const struct bytes *request, gateway_fn *fn, void *arg)
{
	struct call *call = begin(gateway, path, request, false, fn, arg);

	call->optional = true;
	return call;
}

struct call *gateway_stream(struct gateway *gateway, const char *path,
			    const struct bytes *request, gateway_fn *fn,
			    void *arg)
{
	return begin(gateway, path, request, true, fn, arg);
}

void gateway_cancel(struct call *call)
{
	if (call)
		call->ended = true;
}

bool gateway_has_left(const struct call *call)
{
	return call->started && call->endpoint != call->gateway->current;
}

void gateway_leave(struct call *call)
{
	struct gateway *gateway = call->gateway;

	if (!call->started || gateway_has_left(call))
		return;
	gateway->current = (gateway->current + 1) % gateway->endpoints;
	gateway->failovers++;
}

const char *gateway_endpoint(const struct gateway *gateway)
{
	return gateway->options->endpoints[gateway->current];
}

/* All who wait are told what has become of the login. */
static void end_login(void *arg, const struct message *message)
{
	struct gateway *gateway = arg;

	gateway->login = NULL;
	gateway->no_users = message->failure == FAILURE_NO_USERS;
	bytes_set(&gateway->token, message->token.data, message->token.len);
	for (struct call *call = gateway->calls; call; call = call->next) {
		if (call->started || call->ended)
			continue;
		if (!needs_token(gateway)) {
			start(call);
			continue;
		}
		call->ended = true;
		call->fn(call->arg, message);
	}
}

static void login(struct gateway *gateway)
{
	struct bytes request = { };

	if (gateway->login)
		return;
	message_authenticate(&request, gateway->options->user,
			     gateway->options->password);
	gateway->login = make_call(gateway, "/v3/auth/authenticate", &request,
				   false, end_login, gateway);
	start(gateway->login);
	bytes_free(&request);
}

/* A member is left for what another one may do, a token for one that is taken. */
static void deliver(struct call *call, struct message *message)
{
	struct gateway *gateway = call->gateway;

	if (message->failure == FAILURE_UNAVAILABLE ||
	    (message->failure == FAILURE_UNKNOWN_CALL && !call->optional))
		gateway_leave(call);
	if (message->failure == FAILURE_TOKEN) {
		gateway->token.len = 0;
		gateway->no_users = false;
	}
	if (message->failure || !call->stream)
		call->ended = true;
	call->fn(call->arg, message);
}

static void deliver_lines(struct call *call, struct message *message)
{
	struct bytes *answer = &call->answer;
	char *line, *end;

	while (!call->ended) {
		line = answer->data + call->done;
		end = memchr(line, '\n', answer->len - call->done);
		if (!end)
			break;
		message_parse(message, line, end - line);
		call->done = end + 1 - answer->data;
		deliver(call, message);
	}
	memmove(answer->data, answer->data + call->done, answer->len - call->done);
	answer->len -= call->done;
	call->done = 0;
}

/* Releases before 3.5 say so in words that are not JSON, as proxies do. */
static bool is_unknown(const struct call *call)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	return status == HTTP_NOT_FOUND ||
	       (call->optional && (status == HTTP_FORBIDDEN ||
				   status == HTTP_METHOD_NOT_ALLOWED ||
				   status == HTTP_NOT_IMPLEMENTED));
}

/* What a member says as it ends a stream stands in its last line, without an end. */
static void deliver_end(struct call *call, CURLcode result,
			struct message *message)
{
	if (call->too_large)
		message_fail(message, FAILURE_TOO_LARGE,
			     "the answer is too long");
	else if (result != CURLE_OK)
		message_fail(message, FAILURE_UNAVAILABLE, *call->error ?
			     call->error : curl_easy_strerror(result));
	else if (call->answer.len)
		message_parse(message, call->answer.data, call->answer.len);
	else
		message_fail(message, FAILURE_UNAVAILABLE,
			     "the member has ended the answer");
	if (message->failure == FAILURE_UNAVAILABLE && is_unknown(call))
		message->failure = FAILURE_UNKNOWN_CALL;
	if (call->stream && !message->failure)
		message_fail(message, FAILURE_UNAVAILABLE,
			     "the member has ended the stream");
	deliver(call, message);
}

static void free_call(struct call *call)
{
	if (call->started)
		curl_multi_remove_handle(call->gateway->loop->multi, call->easy);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	bytes_free(&call->url);
	bytes_free(&call->request);
	bytes_free(&call->answer);
	free(call);
}

static void free_ended(struct gateway *gateway)
{
	struct call **at = &gateway->calls, *call;

	while ((call = *at)) {
		if (!call->ended) {
			at = &call->next;
			continue;
		}
		*at = call->next;
		free_call(call);
	}
}

/*
 * What has come is told here, not as it comes: whoever is told may begin and cancel
 * calls, which curl does not want while it is at work. New ones are put before those
 * that are looked at, and none is freed meanwhile.
 */
static void progress(void *arg)
{
	struct gateway *gateway = arg;
	struct message message = { };
	CURLMsg *end;
	int left;

	for (struct call *call = gateway->calls; call; call = call->next)
		if (call->stream && call->answer.len)
			deliver_lines(call, &message);
	while ((end = curl_multi_info_read(gateway->loop->multi, &left))) {
		struct call *call;

		if (end->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(end->easy_handle, CURLINFO_PRIVATE, &call);
		if (!call->ended)
			deliver_end(call, end->data.result, &message);
	}
	free_ended(gateway);
	message_free(&message);
}

void gateway_begin(struct gateway *gateway, struct loop *loop,
		   const struct gateway_options *options)
{
	*gateway = (struct gateway){ .options = options, .loop = loop };
	while (options->endpoints[gateway->endpoints])
		gateway->endpoints++;
	loop->progress = progress;
	loop->progress_arg = gateway;
}

void gateway_end(struct gateway *gateway)
{
	for (struct call *call = gateway->calls; call; call = call->next)
		call->ended = true;
	free_ended(gateway);
	bytes_free(&gateway->token);
	gateway->loop->progress = NULL;
}

uint64_t backoff_next(struct backoff *backoff, const struct gateway *gateway)
{
	unsigned int n = backoff->failures++;
	uint64_t pause = FIRST_PAUSE;

	if (n + 1 < gateway->endpoints)
		return SOON;
	for (n -= gateway->endpoints - 1; n && pause < LONGEST_PAUSE; n--)
		pause *= 2;
	pause = pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
	return pause / 2 + loop_chance(pause);
}
