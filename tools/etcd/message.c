// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "message.h"

/* Codes of gRPC */
enum {
	CODE_INVALID		= 3,
	CODE_NOT_FOUND		= 5,
	CODE_DENIED		= 7,
	CODE_PRECONDITION	= 9,
	CODE_OUT_OF_RANGE	= 11,
	CODE_UNIMPLEMENTED	= 12,
	CODE_UNAUTHENTICATED	= 16,
};

/* What is text in one release is a number in another, and json-c takes both. */
static int64_t get_number(json_object *object, const char *name)
{
	return json_object_get_int64(json_object_object_get(object, name));
}

static bool get_flag(json_object *object, const char *name)
{
	return json_object_get_boolean(json_object_object_get(object, name));
}

/* The memory has room for all that is in the text, so that it never moves. */
static bool get_bytes(struct message *message, json_object *object,
		      const char *name, struct span *span)
{
	json_object *value = json_object_object_get(object, name);
	struct bytes *memory = &message->memory;
	size_t begun = memory->len;

	*span = (struct span){ memory->data + begun, 0 };
	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_string) ||
	    !base64_decode(memory, json_object_get_string(value),
			   json_object_get_string_len(value)))
		return false;
	span->len = memory->len - begun;
	return true;
}

static bool parse_pair(struct message *message, json_object *pair,
		       struct event *event)
{
	if (!json_object_is_type(pair, json_type_object))
		return false;
	event->revision = get_number(pair, "mod_revision");
	event->lease = get_number(pair, "lease");
	return get_bytes(message, pair, "key", &event->key) &&
	       get_bytes(message, pair, "value", &event->value);
}

/* PUT is the type that is zero, and so is left out */
static bool parse_event(struct message *message, json_object *object,
			struct event *event)
{
	const char *type;

	type = json_object_get_string(json_object_object_get(object, "type"));
	event->deleted = type && !strcmp(type, "DELETE");
	return parse_pair(message, json_object_object_get(object, "kv"), event);
}

static bool parse_list(struct message *message, json_object *list,
		       bool (*parse)(struct message *message,
				     json_object *object, struct event *event))
{
	size_t n;

	if (!list)
		return true;
	if (!json_object_is_type(list, json_type_array) || message->events)
		return false;
	n = json_object_array_length(list);
	message->events = calloc(n, sizeof(*message->events));
	if (n && !message->events)
		out_of_memory();
	for (size_t i = 0; i < n; i++)
		if (!parse(message, json_object_array_get_idx(list, i),
			   &message->events[i]))
			return false;
	message->count = n;
	return true;
}

static bool says(const char *reason, const char *words)
{
	return strstr(reason, words);
}

static enum failure judge(int64_t code, const char *reason)
{
	switch (code) {
	case CODE_OUT_OF_RANGE:
		return says(reason, "compacted") ? FAILURE_COMPACTED :
						   FAILURE_UNAVAILABLE;
	case CODE_UNAUTHENTICATED:
		return FAILURE_TOKEN;
	case CODE_INVALID:
		return says(reason, "auth store") ||
		       says(reason, "user name is empty") ? FAILURE_TOKEN :
							    FAILURE_DENIED;
	case CODE_DENIED:
		return FAILURE_DENIED;
	case CODE_PRECONDITION:
		return says(reason, "authentication is not enabled") ?
		       FAILURE_NO_USERS : FAILURE_UNAVAILABLE;
	case CODE_NOT_FOUND:
		return says(reason, "lease") ? FAILURE_NOT_FOUND :
					       FAILURE_UNKNOWN_CALL;
	case CODE_UNIMPLEMENTED:
		return FAILURE_UNKNOWN_CALL;
	default:
		return FAILURE_UNAVAILABLE;
	}
}

/*
 * A unary call has code and message beside "error", which is text, or in newer
 * releases nothing; in a stream "error" is an object with them.
 */
static bool parse_failure(struct message *message, json_object *root)
{
	json_object *error = json_object_object_get(root, "error"), *code, *text;

	if (!json_object_is_type(error, json_type_object))
		error = root;
	if (!json_object_object_get_ex(error, "code", &code) &&
	    !json_object_object_get_ex(error, "grpc_code", &code))
		return false;
	if (!json_object_object_get_ex(error, "message", &text))
		return false;
	message_fail(message, FAILURE_UNAVAILABLE, json_object_get_string(text));
	message->failure = judge(json_object_get_int64(code), message->reason);
	return true;
}

/* A watch that may not be ends like one whose member is going down. */
static void judge_canceled(struct message *message, json_object *result)
{
	const char *reason = json_object_get_string(
		json_object_object_get(result, "cancel_reason"));

	if (message->compact_revision)
		message_fail(message, FAILURE_COMPACTED,
			     "the revision has been compacted");
	else if (reason && says(reason, "ermission"))
		message_fail(message, FAILURE_DENIED, reason);
	else if (reason && says(reason, "auth"))
		message_fail(message, FAILURE_TOKEN, reason);
	else
		message_fail(message, FAILURE_UNAVAILABLE,
			     reason ? reason : "etcd has canceled the watch");
}

static void parse_header(struct message *message, json_object *header)
{
	message->cluster = json_object_get_uint64(
		json_object_object_get(header, "cluster_id"));
	message->member = json_object_get_uint64(
		json_object_object_get(header, "member_id"));
	message->revision = get_number(header, "revision");
}

static json_object *keys_of(json_object *result)
{
	json_object *list = json_object_object_get(result, "responses"), *first;

	if (json_object_is_type(list, json_type_array)) {
		first = json_object_array_get_idx(list, 0);
		result = json_object_object_get(first, "response_range");
	}
	return json_object_object_get(result, "kvs");
}

static bool parse_result(struct message *message, json_object *result)
{
	const char *token;

	parse_header(message, json_object_object_get(result, "header"));
	message->more = get_flag(result, "more");
	message->created = get_flag(result, "created");
	message->canceled = get_flag(result, "canceled");
	message->fragment = get_flag(result, "fragment");
	message->succeeded = get_flag(result, "succeeded");
	message->compact_revision = get_number(result, "compact_revision");
	message->lease = get_number(result, "ID");
	message->index = get_number(result, "raftIndex");
	message->ttl = get_number(result, "TTL");
	token = json_object_get_string(json_object_object_get(result, "token"));
	if (token)
		bytes_set(&message->token, token, strlen(token) + 1);
	if (message->canceled)
		judge_canceled(message, result);
	return parse_list(message, keys_of(result), parse_pair) &&
	       parse_list(message, json_object_object_get(result, "events"),
			  parse_event);
}

static void parse_root(struct message *message, json_object *root)
{
	json_object *result;

	if (!json_object_is_type(root, json_type_object)) {
		message_fail(message, FAILURE_UNAVAILABLE,
			     "the answer is none of etcd's");
		return;
	}
	if (parse_failure(message, root))
		return;
	if (!json_object_object_get_ex(root, "result", &result))
		result = root;
	if (!json_object_object_get_ex(result, "header", NULL) ||
	    !parse_result(message, result))
		message_fail(message, FAILURE_UNAVAILABLE,
			     "the answer is none of etcd's");
}

/* What of a message is kept is its memory */
static void reset(struct message *message)
{
	struct bytes memory = message->memory, token = message->token;

	free(message->events);
	*message = (struct message){ .memory = memory, .token = token };
	message->memory.len = message->token.len = 0;
}

void message_parse(struct message *message, const char *text, size_t len)
{
	json_tokener *tokener = json_tokener_new();
	json_object *root;

	reset(message);
	message->length = len;
	bytes_reserve(&message->memory, len);
	if (!tokener)
		out_of_memory();
	root = json_tokener_parse_ex(tokener, text, len);
	parse_root(message, root);
	json_object_put(root);
	json_tokener_free(tokener);
}

void message_fail(struct message *message, enum failure failure,
		  const char *reason)
{
	reset(message);
	message->failure = failure;
	snprintf(message->reason, sizeof(message->reason), "%s", reason);
}

void message_free(struct message *message)
{
	free(message->events);
	bytes_free(&message->memory);
	bytes_free(&message->token);
	*message = (struct message){ };
}

void message_prefix_end(struct bytes *end, struct span prefix)
{
	while (prefix.len && (unsigned char)prefix.data[prefix.len - 1] == 0xff)
		prefix.len--;
	bytes_set(end, prefix.data, prefix.len);
	if (prefix.len)
		end->data[prefix.len - 1]++;
	else
		bytes_append_char(end, '\0');
}

static void append_text(struct bytes *text, const char *what)
{
	bytes_append(text, what, strlen(what));
}

static void append_number(struct bytes *text, const char *format, int64_t n)
{
	char number[64];

	snprintf(number, sizeof(number), format, n);
	append_text(text, number);
}

/* An empty key is none to etcd: the first one is a zero */
static void append_keys(struct bytes *text, struct span key, struct span end)
{
	if (!key.len)
		key = (struct span){ "", 1 };
	append_text(text, "\"key\":\"");
	base64_append(text, key.data, key.len);
	append_text(text, "\"");
	if (!end.len)
		return;
	append_text(text, ",\"range_end\":\"");
	base64_append(text, end.data, end.len);
	append_text(text, "\"");
}

void message_range(struct bytes *text, struct span key, struct span end,
		   int64_t revision, unsigned int limit)
{
	text->len = 0;
	append_text(text, "{");
	append_keys(text, key, end);
	if (revision)
		append_number(text, ",\"serializable\":true,\"revision\":\"%" PRId64 "\"",
			      revision);
	append_number(text, ",\"limit\":\"%" PRId64 "\"}", limit);
}

void message_ask_revision(struct bytes *text, struct span key)
{
	text->len = 0;
	append_text(text, "{");
	append_keys(text, key, (struct span){ });
	append_text(text, ",\"keys_only\":true}");
}

void message_ask_index(struct bytes *text)
{
	text->len = 0;
	append_text(text, "{}");
}

void message_watch(struct bytes *text, struct span key, struct span end,
		   int64_t from)
{
	text->len = 0;
	append_text(text, "{\"create_request\":{");
	append_keys(text, key, end);
	append_number(text, ",\"start_revision\":\"%" PRId64 "\"", from);
	append_text(text, ",\"progress_notify\":true,\"fragment\":true}}");
}

void message_grant(struct bytes *text, unsigned int seconds)
{
	text->len = 0;
	append_number(text, "{\"TTL\":\"%" PRId64 "\"}", seconds);
}

void message_keep_alive(struct bytes *text, int64_t lease)
{
	text->len = 0;
	append_number(text, "{\"ID\":\"%" PRId64 "\"}", lease);
}

static void append_condition(struct bytes *text, struct span key,
			     const char *target, const char *value, int64_t n)
{
	text->len = 0;
	append_text(text, "{\"compare\":[{");
	append_keys(text, key, (struct span){ });
	append_text(text, ",\"target\":\"");
	append_text(text, target);
	append_text(text, "\",\"result\":\"EQUAL\",\"");
	append_text(text, value);
	append_number(text, "\":\"%" PRId64 "\"}],\"success\":[", n);
}

void message_begin_changes(struct bytes *text, struct span key, int64_t lease)
{
	append_condition(text, key, "LEASE", "lease", lease);
}

static void begin_change(struct bytes *text, const char *kind, struct span key)
{
	if (text->data[text->len - 1] != '[')
		append_text(text, ",");
	append_text(text, "{\"");
	append_text(text, kind);
	append_text(text, "\":{");
	append_keys(text, key, (struct span){ });
}

void message_add_put(struct bytes *text, struct span key, struct span value,
		     int64_t lease)
{
	begin_change(text, "request_put", key);
	append_text(text, ",\"value\":\"");
	base64_append(text, value.data, value.len);
	append_number(text, "\",\"lease\":\"%" PRId64 "\"}}", lease);
}

void message_add_delete(struct bytes *text, struct span key)
{
	begin_change(text, "request_delete_range", key);
	append_text(text, "}}");
}

void message_end_changes(struct bytes *text)
{
	append_text(text, "]}");
}

void message_claim(struct bytes *text, struct span key, struct span value,
		   int64_t lease, int64_t revision)
{
	append_condition(text, key, "MOD", "mod_revision", revision);
	message_add_put(text, key, value, lease);
	append_text(text, "],\"failure\":[");
	begin_change(text, "request_range", key);
	append_text(text, "}}]}");
}

void message_authenticate(struct bytes *text, const char *user,
			  const char *password)
{
	json_object *root = json_object_new_object();

	json_object_object_add(root, "name", json_object_new_string(user));
	json_object_object_add(root, "password",
			       json_object_new_string(password));
	text->len = 0;
	append_text(text, json_object_to_json_string(root));
	json_object_put(root);
}
