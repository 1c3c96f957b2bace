// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The records of a buffer, be it of a range or of a watch */
#include "internal.h"

static bool is_known(const struct syncmap_record *head)
{
	return head->type >= SYNCMAP_RECORD_ENTRY &&
	       head->type <= SYNCMAP_RECORD_REMOVED;
}

bool libsyncmap_record_next(const void *buffer, size_t used, size_t *at,
			    struct record *record)
{
	const struct syncmap_record *head;
	const char *begin;

	do {
		if (*at >= used)
			return false;
		begin = (const char *)buffer + *at;
		head = (const void *)begin;
		*at += head->size;
	} while (!is_known(head));
	record->head = head;
	record->key = begin + head->data;
	record->value = NULL;
	if (head->flags & SYNCMAP_RECORD_VALUE)
		record->value = begin + head->data + head->key_len;
	return true;
}
