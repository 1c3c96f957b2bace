// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>

#include "harness.h"
#include "record.h"

static bool is_known(const struct syncmap_record *record)
{
	return record->type >= SYNCMAP_RECORD_ENTRY &&
	       record->type <= SYNCMAP_RECORD_REMOVED;
}

static size_t filled(const struct syncmap_record *record)
{
	size_t value_len = record_value(record) ? record->value_len : 0;

	return record->data + record->key_len + value_len;
}

/* What is behind it is padding: less than 8 bytes, all zero */
static void check(const struct syncmap_record *record)
{
	size_t size = filled(record);

	ASSERT(record->data >= sizeof(*record));
	ASSERT_EQ((size + 7) & ~7UL, record->size);
	for (; size < record->size; size++)
		EXPECT_EQ(0, ((const char *)record)[size]);
}

const struct syncmap_record *record_next(const void *buffer, size_t used,
					 size_t *at)
{
	const struct syncmap_record *record;

	while (*at < used) {
		record = (const void *)((const char *)buffer + *at);
		ASSERT(used - *at >= sizeof(*record));
		ASSERT(record->size >= sizeof(*record) &&
		       record->size <= used - *at && !(record->size % 8));
		*at += record->size;
		if (!is_known(record))
			continue;
		check(record);
		return record;
	}
	return NULL;
}

const void *record_key(const struct syncmap_record *record)
{
	return (const char *)record + record->data;
}

const void *record_value(const struct syncmap_record *record)
{
	if (!(record->flags & SYNCMAP_RECORD_VALUE))
		return NULL;
	return (const char *)record_key(record) + record->key_len;
}
