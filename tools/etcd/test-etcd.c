// SPDX-License-Identifier: GPL-2.0-only
/* What needs neither etcd nor a map: JSON, sets of keys, the command line */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base64.h"
#include "keyset.h"
#include "message.h"
#include "options.h"

static void expect_base64(const char *data, size_t len, const char *want)
{
	struct bytes text = { }, back = { };

	base64_append(&text, data, len);
	assert_int_equal(text.len, strlen(want));
	assert_memory_equal(text.data, want, text.len);
	assert_true(base64_decode(&back, text.data, text.len));
	assert_int_equal(back.len, len);
	assert_memory_equal(back.data, data, len);
	bytes_free(&text);
	bytes_free(&back);
}

/* The examples of RFC 4648, and what is not text */
static void base64_there_and_back(void **state)
{
	(void)state;
	expect_base64("f", 1, "Zg==");
	expect_base64("fo", 2, "Zm8=");
	expect_base64("foo", 3, "Zm9v");
	expect_base64("foob", 4, "Zm9vYg==");
	expect_base64("fooba", 5, "Zm9vYmE=");
	expect_base64("foobar", 6, "Zm9vYmFy");
	expect_base64("\0\xff\xfe\x3e", 4, "AP/+Pg==");
}

static void base64_refuses_what_is_none(void **state)
{
	static const char *const wrong[] = {
		"Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm-v",
		"Z=9v", "Zm 9",
	};
	struct bytes back = { };

	(void)state;
	bytes_append(&back, "x", 1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_false(base64_decode(&back, wrong[i], strlen(wrong[i])));
		assert_int_equal(back.len, 1);
	}
	assert_true(base64_decode(&back, "", 0));
	bytes_free(&back);
}

static struct message parsed;

static const struct message *parse(const char *text)
{
	message_parse(&parsed, text, strlen(text));
	return &parsed;
}

#define HEADER	"\"header\":{\"cluster_id\":\"18446744073709551615\"," \
		"\"member_id\":\"3\",\"revision\":\"9223372036854775807\"}"

static void expect_span(struct span span, const char *want)
{
	assert_int_equal(span.len, strlen(want));
	assert_memory_equal(span.data, want, span.len);
}

static void message_of_a_range(void **state)
{
	const struct message *m;

	(void)state;
	m = parse("{" HEADER ",\"kvs\":[{\"key\":\"YQ==\",\"mod_revision\":\"7\","
		  "\"value\":\"MQ==\",\"lease\":\"5\"},{\"key\":\"Yg==\"}],"
		  "\"more\":true,\"count\":\"9\"}");
	assert_int_equal(m->failure, FAILURE_NONE);
	assert_true(m->cluster == UINT64_MAX);
	assert_true(m->revision == INT64_MAX);
	assert_int_equal(m->member, 3);
	assert_true(m->more);
	assert_int_equal(m->count, 2);
	assert_int_equal(m->events[0].revision, 7);
	assert_int_equal(m->events[0].lease, 5);
	expect_span(m->events[0].key, "a");
	expect_span(m->events[0].value, "1");
	expect_span(m->events[1].key, "b");
	expect_span(m->events[1].value, "");
	m = parse("{" HEADER "}");
	assert_int_equal(m->failure, FAILURE_NONE);
	assert_int_equal(m->count, 0);
	assert_false(m->more);
}

static void message_of_a_transaction(void **state)
{
	const struct message *m;

	(void)state;
	m = parse("{" HEADER ",\"succeeded\":true,\"responses\":[{\"response_put\":{"
		  HEADER "}}]}");
	assert_true(m->succeeded);
	assert_int_equal(m->count, 0);
	m = parse("{" HEADER ",\"responses\":[{\"response_range\":{" HEADER ",\"kvs\":["
		  "{\"key\":\"YQ==\",\"mod_revision\":\"7\",\"lease\":\"5\"}]}}]}");
	assert_false(m->succeeded);
	assert_int_equal(m->count, 1);
	assert_int_equal(m->events[0].revision, 7);
	assert_int_equal(parse("{" HEADER ",\"responses\":{}}")->count, 0);
	assert_int_equal(parse("{" HEADER ",\"responses\":[1]}")->count, 0);
}

static void message_of_a_watch(void **state)
{
	const struct message *m;

	(void)state;
	m = parse("{\"result\":{" HEADER ",\"created\":true}}");
	assert_true(m->created);
	m = parse("{\"result\":{" HEADER ",\"fragment\":true,\"events\":["
		  "{\"kv\":{\"key\":\"YQ==\",\"mod_revision\":5,\"value\":\"MQ==\"}},"
		  "{\"type\":\"DELETE\",\"kv\":{\"key\":\"YQ==\","
		  "\"mod_revision\":\"6\"}}]}}");
	assert_int_equal(m->failure, FAILURE_NONE);
	assert_true(m->fragment);
	assert_int_equal(m->count, 2);
	assert_false(m->events[0].deleted);
	assert_int_equal(m->events[0].revision, 5);
	assert_true(m->events[1].deleted);
	assert_int_equal(m->events[1].revision, 6);
	m = parse("{\"result\":{" HEADER ",\"canceled\":true,"
		  "\"compact_revision\":\"6\"}}");
	assert_int_equal(m->failure, FAILURE_COMPACTED);
	m = parse("{\"result\":{" HEADER ",\"canceled\":true,"
		  "\"cancel_reason\":\"rpc error: code = PermissionDenied desc = "
		  "etcdserver: permission denied\"}}");
	assert_int_equal(m->failure, FAILURE_DENIED);
	m = parse("{\"result\":{" HEADER ",\"canceled\":true}}");
	assert_int_equal(m->failure, FAILURE_UNAVAILABLE);
}

/* As releases 3.4, 3.5 and 3.6 say it, of calls and of streams */
static void message_of_a_failure(void **state)
{
	static const struct {
		const char	*text;
		enum failure	failure;
	} cases[] = {
		{ "{\"error\":\"etcdserver: mvcc: required revision has been compacted\","
		  "\"message\":\"etcdserver: mvcc: required revision has been "
		  "compacted\",\"code\":11}", FAILURE_COMPACTED },
		{ "{\"code\":11,\"message\":\"etcdserver: mvcc: required revision is "
		  "a future revision\",\"details\":[]}", FAILURE_UNAVAILABLE },
		{ "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":"
		  "\"etcdserver: no leader\",\"http_status\":\"Service "
		  "Unavailable\"}}", FAILURE_UNAVAILABLE },
		{ "{\"error\":{\"code\":16,\"message\":\"etcdserver: invalid auth "
		  "token\"}}", FAILURE_TOKEN },
		{ "{\"error\":\"x\",\"message\":\"etcdserver: user name is empty\","
		  "\"code\":3}", FAILURE_TOKEN },
		{ "{\"message\":\"etcdserver: revision of auth store is old\","
		  "\"code\":3}", FAILURE_TOKEN },
		{ "{\"message\":\"etcdserver: authentication failed, invalid user ID "
		  "or password\",\"code\":3}", FAILURE_DENIED },
		{ "{\"message\":\"etcdserver: authentication is not enabled\","
		  "\"code\":9}", FAILURE_NO_USERS },
		{ "{\"message\":\"etcdserver: permission denied\",\"code\":7}",
		  FAILURE_DENIED },
		{ "{\"message\":\"etcdserver: requested lease not found\","
		  "\"code\":5}", FAILURE_NOT_FOUND },
		{ "{\"code\":5, \"message\":\"Not Found\"}", FAILURE_UNKNOWN_CALL },
		{ "{\"code\":12,\"message\":\"Method Not Allowed\"}",
		  FAILURE_UNKNOWN_CALL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(parse(cases[i].text)->failure, cases[i].failure);
	assert_string_equal(parse(cases[2].text)->reason, "etcdserver: no leader");
}

/* What no etcd says ends in a failure, and in nothing else. */
static void message_of_somebody_else(void **state)
{
	static const char *const wrong[] = {
		"", "x", "null", "[]", "1", "\"a\"", "{}", "{", "404 page not found",
		"<html>", "{\"result\":1}", "{\"result\":null}", "{\"error\":null}",
		"{" HEADER ",\"kvs\":{}}", "{" HEADER ",\"kvs\":[1]}",
		"{" HEADER ",\"kvs\":[{\"key\":\"!\"}]}",
		"{" HEADER ",\"kvs\":[{\"key\":1}]}",
		"{" HEADER ",\"events\":[{}]}",
		"{" HEADER ",\"kvs\":[],\"events\":[{\"kv\":{\"key\":\"YQ==\"}}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(parse(wrong[i])->failure, FAILURE_UNAVAILABLE);
		assert_int_equal(parsed.count, 0);
	}
}

static void expect_request(const struct bytes *text, const char *want)
{
	assert_int_equal(text->len, strlen(want));
	assert_memory_equal(text->data, want, text->len);
}

static void message_requests(void **state)
{
	struct bytes text = { };

	(void)state;
	message_range(&text, SPAN("/r/"), SPAN("/r0"), 0, 10);
	expect_request(&text, "{\"key\":\"L3Iv\",\"range_end\":\"L3Iw\","
		       "\"limit\":\"10\"}");
	message_range(&text, SPAN("/r/"), SPAN("/r0"), 5, 1);
	expect_request(&text, "{\"key\":\"L3Iv\",\"range_end\":\"L3Iw\","
		       "\"serializable\":true,\"revision\":\"5\",\"limit\":\"1\"}");
	message_ask_revision(&text, (struct span){ "", 0 });
	expect_request(&text, "{\"key\":\"AA==\",\"keys_only\":true}");
	message_begin_changes(&text, SPAN("c"), 7);
	message_add_put(&text, SPAN("a"), SPAN("1"), 7);
	message_add_delete(&text, SPAN("b"));
	message_end_changes(&text);
	expect_request(&text, "{\"compare\":[{\"key\":\"Yw==\",\"target\":\"LEASE\","
		       "\"result\":\"EQUAL\",\"lease\":\"7\"}],\"success\":["
		       "{\"request_put\":{\"key\":\"YQ==\","
		       "\"value\":\"MQ==\",\"lease\":\"7\"}},"
		       "{\"request_delete_range\":{\"key\":\"Yg==\"}}]}");
	message_claim(&text, SPAN("c"), SPAN("1"), 7, 0);
	expect_request(&text, "{\"compare\":[{\"key\":\"Yw==\",\"target\":\"MOD\","
		       "\"result\":\"EQUAL\",\"mod_revision\":\"0\"}],\"success\":["
		       "{\"request_put\":{\"key\":\"Yw==\",\"value\":\"MQ==\","
		       "\"lease\":\"7\"}}],\"failure\":[{\"request_range\":{"
		       "\"key\":\"Yw==\"}}]}");
	message_watch(&text, SPAN("/r/"), SPAN("/r0"), INT64_MAX);
	expect_request(&text, "{\"create_request\":{\"key\":\"L3Iv\",\"range_end\":"
		       "\"L3Iw\",\"start_revision\":\"9223372036854775807\","
		       "\"progress_notify\":true,\"fragment\":true}}");
	bytes_free(&text);
}

static void message_ends_of_prefixes(void **state)
{
	struct bytes end = { };

	(void)state;
	message_prefix_end(&end, SPAN("/r/"));
	assert_int_equal(end.len, 3);
	assert_memory_equal(end.data, "/r0", 3);
	message_prefix_end(&end, SPAN("a\xff\xff"));
	assert_int_equal(end.len, 1);
	assert_memory_equal(end.data, "b", 1);
	message_prefix_end(&end, SPAN("\xff"));
	assert_int_equal(end.len, 1);
	assert_memory_equal(end.data, "\0", 1);
	message_prefix_end(&end, SPAN(""));
	assert_int_equal(end.len, 1);
	assert_memory_equal(end.data, "\0", 1);
	bytes_free(&end);
}

static struct span numbered(char text[32], int i)
{
	return (struct span){ text, snprintf(text, 32, "%0*d", i % 20 + 1, i) };
}

static void keyset_has_what_was_added(void **state)
{
	struct keyset set = { };
	char text[32];

	(void)state;
	assert_false(keyset_has(&set, SPAN("a")));
	keyset_begin(&set);
	for (int i = 0; i < 20000; i += 2)
		keyset_add(&set, numbered(text, i));
	keyset_add(&set, numbered(text, 0));
	assert_int_equal(set.count, 10000);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(keyset_has(&set, numbered(text, i)), i % 2 == 0);
	keyset_add(&set, SPAN(""));
	assert_true(keyset_has(&set, (struct span){ "", 0 }));
	keyset_begin(&set);
	assert_false(keyset_has(&set, SPAN("0")));
	keyset_free(&set);
}

static enum parsed parse_line(struct options *options, const char *line)
{
	static char copy[512];
	char *args[20] = { "syncmap-etcd" };
	int n = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *rest = copy; (args[n] = strsep(&rest, " ")); n++)
		;
	optind = 0;
	return options_parse(options, n, args);
}

static void options_are_taken(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(parse_line(&options, "-d a=/a/ --down b= -e h:1,https://i:2/ "
				    "--fresh 3s --compare never --mode 600 "
				    "--exchange"),
			 PARSED);
	assert_int_equal(options.mirror_count, 2);
	assert_string_equal(options.mirrors[0].prefix, "/a/");
	assert_string_equal(options.mirrors[1].prefix, "");
	assert_string_equal(options.endpoints[0], "http://h:1");
	assert_string_equal(options.endpoints[1], "https://i:2");
	assert_null(options.endpoints[2]);
	assert_true(options.mirrors[1].fresh == 3 * SECOND);
	assert_true(options.mirrors[1].compare == 0);
	assert_int_equal(options.mirrors[1].mode, 0600);
	assert_true(options.mirrors[0].exchange && options.mirrors[1].exchange);
	options_free(&options);
	assert_int_equal(parse_line(&options, "--up a=/a/b/ -d b=/a/ -u c=/c/"),
			 PARSED);
	assert_int_equal(options.publisher_count, 2);
	assert_string_equal(options.publishers[0].prefix, "/a/b/");
	options_free(&options);
}

static void options_that_are_wrong(void **state)
{
	static const char *const lines[] = {
		"", "-d a", "-d =/a/", "-d a=/a/ -d a=/b/", "-d a=/a/ b",
		"-d a=/a/ -e ftp://h", "-d a=/a/ -e http://", "-d a=/a/ -e h/path",
		"-d a=/a/ -e ,", "-d a=/a/ --fresh 1ms", "-d a=/a/ --fresh never",
		"-d a=/a/ --mode 1777", "-d a=/a/ --mode x", "-d a=/a/ --user u",
		"-d a=/a/ --password-file /nowhere", "--unknown",
		"-u a=", "-u a=/a/ -d a=/b/", "-u a=/a/ -d b=/a/",
		"-u a=/a/ -d b=/a/b/", "-u a=/a/ -u b=/a/b/",
		"-u a=/a/ -u b=/a/", "-u a=/a/ --lease 1s",
	};
	struct options options;

	(void)state;
	assert_non_null(freopen("/dev/null", "w", stderr));
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		assert_int_equal(parse_line(&options, lines[i]), PARSED_WRONG);
		options_free(&options);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_there_and_back),
		cmocka_unit_test(base64_refuses_what_is_none),
		cmocka_unit_test(message_of_a_range),
		cmocka_unit_test(message_of_a_transaction),
		cmocka_unit_test(message_of_a_watch),
		cmocka_unit_test(message_of_a_failure),
		cmocka_unit_test(message_of_somebody_else),
		cmocka_unit_test(message_requests),
		cmocka_unit_test(message_ends_of_prefixes),
		cmocka_unit_test(keyset_has_what_was_added),
		cmocka_unit_test(options_are_taken),
		cmocka_unit_test(options_that_are_wrong),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	message_free(&parsed);
	return failed;
}
