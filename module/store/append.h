/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values that grow at their end: append.c
 */
#ifndef _SYNCMAP_STORE_APPEND_H
#define _SYNCMAP_STORE_APPEND_H

struct bytemap_attempt;
struct bytemap_value;

int bytemap_append_create(struct bytemap_attempt *at);
int bytemap_append_prepare(struct bytemap_attempt *at,
			   const struct bytemap_value *value);
int bytemap_append_locked(struct bytemap_attempt *at,
			  struct bytemap_value *value);

#endif /* _SYNCMAP_STORE_APPEND_H */
