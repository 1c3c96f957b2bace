// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The records of a buffer, be it of a range or of a watch */
#include "internal.h"

static bool is_known(const struct syncmap_record *head)
{
	return head->type >= SYNCMAP_RECORD_ENTRY &&
	       head->type <= SYNCMAP_RECORD_REMOVED;
}

static void describe(const struct syncmap_record *head,
		     struct libsyncmap_record *record)
{
	const char *key = (const char *)head + head->data;
	const char *value = key + head->key_len;

	*record = (struct libsyncmap_record){
		.type = head->type,
		.reason = head->reason,
		.key = key,
		.key_len = head->key_len,
		.value = head->flags & SYNCMAP_RECORD_VALUE ? value : NULL,
		.value_len = head->value_len,
		.revision = head->revision,
		.expires = head->expires,
		.flags = head->flags,
	};
}

API bool libsyncmap_record_next(const void *buffer, size_t used, size_t *at,
				struct libsyncmap_record *record)
{
	const struct syncmap_record *head;

	do {
		if (*at >= used)
			return false;
		head = (const void *)((const char *)buffer + *at);
		*at += head->size;
	} while (!is_known(head));
	describe(head, record);
	return true;
}
