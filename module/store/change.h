/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes that processes may see without a system call: change.c
 */
#ifndef _SYNCMAP_STORE_CHANGE_H
#define _SYNCMAP_STORE_CHANGE_H

#include <linux/types.h>

struct bytemap_attempt;
struct bytemap_window;

int bytemap_change_begin(struct bytemap_attempt *at,
			 struct bytemap_window *window);
void bytemap_change_end(struct bytemap_attempt *at,
			struct bytemap_window *window, bool changed);

#endif /* _SYNCMAP_STORE_CHANGE_H */
