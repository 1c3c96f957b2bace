// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the reader of records on buffers as a kernel of tomorrow may fill them;
 * no module is needed
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

/* Exactly as long as what is in it, so that nothing is read beyond */
struct buffer {
	char	*bytes;
	size_t	used;
};

/* A record whose fields end before @data; what is new in between is not zero */
static void put(struct buffer *buffer, struct syncmap_record head, size_t data,
		const char *key, const char *value)
{
	char *at;

	head.data = data;
	head.key_len = strlen(key);
	head.size = (data + head.key_len + (value ? strlen(value) : 0) + 7) & ~7;
	if (value) {
		head.flags |= SYNCMAP_RECORD_VALUE;
		head.value_len = strlen(value);
	}
	buffer->bytes = realloc(buffer->bytes, buffer->used + head.size);
	assert_non_null(buffer->bytes);
	at = buffer->bytes + buffer->used;
	memset(at, 0xee, head.size);
	memcpy(at, &head, sizeof(head));
	memcpy(at + data, key, head.key_len);
	if (value)
		memcpy(at + data + head.key_len, value, head.value_len);
	buffer->used += head.size;
}

static void expect(const struct buffer *buffer, size_t *at, __u64 revision,
		   const char *key, const char *value)
{
	struct libsyncmap_record record;

	assert_true(libsyncmap_record_next(buffer->bytes, buffer->used, at,
					   &record));
	assert_int_equal(revision, record.revision);
	assert_int_equal(strlen(key), record.key_len);
	assert_memory_equal(key, record.key, strlen(key));
	if (!value) {
		assert_null(record.value);
		return;
	}
	assert_int_equal(strlen(value), record.value_len);
	assert_memory_equal(value, record.value, strlen(value));
}

static void expect_end(struct buffer *buffer, size_t *at)
{
	struct libsyncmap_record record;

	assert_false(libsyncmap_record_next(buffer->bytes, buffer->used, at,
					    &record));
	assert_int_equal(buffer->used, *at);
	free(buffer->bytes);
}

#define HEAD(what, number)						\
	((struct syncmap_record){					\
		.type = SYNCMAP_RECORD_##what, .revision = (number) })

static void each_in_its_place(void **state)
{
	struct buffer buffer = { };
	size_t now = sizeof(struct syncmap_record), at = 0;

	(void)state;
	put(&buffer, HEAD(ENTRY, 1), now, "key", "value");
	put(&buffer, HEAD(DUMPED, 2), now, "", NULL);
	put(&buffer, HEAD(STORE, 3), now, "longer key", "");
	put(&buffer, HEAD(DELETE, 4), now, "k", NULL);
	put(&buffer, HEAD(REMOVED, 5), now, "", NULL);
	expect(&buffer, &at, 1, "key", "value");
	expect(&buffer, &at, 2, "", NULL);
	expect(&buffer, &at, 3, "longer key", "");
	expect(&buffer, &at, 4, "k", NULL);
	expect(&buffer, &at, 5, "", NULL);
	expect_end(&buffer, &at);
}

static void nothing_at_all(void **state)
{
	struct buffer buffer = { };
	size_t at = 0;

	(void)state;
	expect_end(&buffer, &at);
}

/* Fields that the header does not have lie before the key */
static void records_have_grown(void **state)
{
	struct buffer buffer = { };
	size_t now = sizeof(struct syncmap_record), at = 0;

	(void)state;
	put(&buffer, HEAD(ENTRY, 1), now + 8, "key", "value");
	put(&buffer, HEAD(STORE, 2), now + 4, "longer key", NULL);
	put(&buffer, HEAD(CLEAR, 3), now + 200, "", NULL);
	put(&buffer, HEAD(STORE, 4), now + 1, "", "value");
	expect(&buffer, &at, 1, "key", "value");
	expect(&buffer, &at, 2, "longer key", NULL);
	expect(&buffer, &at, 3, "", NULL);
	expect(&buffer, &at, 4, "", "value");
	expect_end(&buffer, &at);
}

/* First, last, and more than one at a time */
static void types_that_are_not_known(void **state)
{
	size_t now = sizeof(struct syncmap_record), at = 0;
	struct syncmap_record beyond = HEAD(REMOVED, 9);
	struct syncmap_record none = { .revision = 9 };
	struct buffer buffer = { };

	(void)state;
	beyond.type++;
	put(&buffer, beyond, now + 16, "news", "of tomorrow");
	put(&buffer, HEAD(STORE, 1), now, "key", "value");
	put(&buffer, none, now, "", NULL);
	beyond.type = 0xffff;
	put(&buffer, beyond, now, "", NULL);
	put(&buffer, HEAD(DELETE, 2), now, "key", NULL);
	put(&buffer, beyond, now, "key", NULL);
	expect(&buffer, &at, 1, "key", "value");
	expect(&buffer, &at, 2, "key", NULL);
	expect_end(&buffer, &at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_in_its_place),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(records_have_grown),
		cmocka_unit_test(types_that_are_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
