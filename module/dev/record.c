// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of SYNCMAP_RANGE and SYNCMAP_WATCH on their way to the user
 */
#include <linux/errno.h>
#include <linux/uaccess.h>

#include "../store/record.h"
#include "dev.h"
#include "time.h"

/* There is room for all of it, head.size bytes. Return: 0 or -EFAULT */
int syncmap_record_put(char __user *user, const struct bytemap_record *record)
{
	struct syncmap_record head = record->head;
	u32 value_len = head.flags & SYNCMAP_RECORD_VALUE ? head.value_len : 0;
	u32 filled = head.data + head.key_len + value_len;
	char __user *key = user + head.data;

	head.expires = syncmap_time_to_user(head.expires);
	if (copy_to_user(user, &head, sizeof(head)) ||
	    copy_to_user(key, record->key, head.key_len) ||
	    copy_to_user(key + head.key_len, record->value, value_len) ||
	    clear_user(user + filled, head.size - filled))
		return -EFAULT;
	return 0;
}
