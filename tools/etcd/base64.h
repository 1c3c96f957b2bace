/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes as they stand in JSON: RFC 4648, section 4 */
#ifndef SYNCMAP_ETCD_BASE64_H
#define SYNCMAP_ETCD_BASE64_H

#include <stdbool.h>

#include "bytes.h"

void base64_append(struct bytes *text, const void *data, size_t len);

/*
 * Append what @text stands for to @data. False, and nothing appended, if it is no
 * such text: another character, padding that is missing or is not the end.
 */
bool base64_decode(struct bytes *data, const char *text, size_t len);

#endif
