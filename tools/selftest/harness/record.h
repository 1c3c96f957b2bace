/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the records that a range or a watcher has given */
#ifndef RECORD_H
#define RECORD_H

#include <linux/syncmap.h>
#include <stddef.h>

/*
 * The record at *@at of the @used bytes of the buffer, behind which *@at is left;
 * NULL: there is none any more. Those of other types than the header has are
 * passed over. One that goes beyond the buffer, or overlaps itself, ends the test
 */
const struct syncmap_record *record_next(const void *buffer, size_t used,
					 size_t *at);

/* Its bytes; the value is NULL if it was left out */
const void *record_key(const struct syncmap_record *record);
const void *record_value(const struct syncmap_record *record);

#endif /* RECORD_H */
