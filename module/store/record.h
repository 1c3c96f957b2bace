/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records, as ranges and watchers give them
 */
#ifndef _SYNCMAP_STORE_RECORD_H
#define _SYNCMAP_STORE_RECORD_H

#include <linux/math.h>
#include <linux/types.h>
#include <uapi/linux/syncmap.h>

/* With what is put behind its head */
struct bytemap_record {
	const void		*key;
	const void		*value;
	struct syncmap_record	head;
};

static inline u32 bytemap_record_size(u32 key_len, u32 value_len)
{
	return round_up(sizeof(struct syncmap_record) + key_len + value_len,
			sizeof(u64));
}

/* What follows from the lengths, and from whether the value is to be there */
static inline void bytemap_record_finish(struct syncmap_record *head,
					 bool with_value)
{
	head->data = sizeof(*head);
	head->size = bytemap_record_size(head->key_len,
					 with_value ? head->value_len : 0);
	if (with_value)
		head->flags |= SYNCMAP_RECORD_VALUE;
}

#endif /* _SYNCMAP_STORE_RECORD_H */
