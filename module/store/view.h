/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an operation found: view.c
 */
#ifndef _SYNCMAP_STORE_VIEW_H
#define _SYNCMAP_STORE_VIEW_H

#include <linux/types.h>

#include "value.h"

/* A copy, or a reference to a value that only grows */
struct bytemap_view {
	u64			revision;
	u64			deadline;	/* SYNCMAP_NEVER: none */
	u64			now;		/* 0 if there is none */
	u32			len;
	bool			owned;		/* bound to an open file */
	struct bytemap_value	*held;
	u8			bytes[BYTEMAP_COPY];
};

u8 bytemap_view_copy(struct bytemap_value *value, struct bytemap_view *view,
		     u32 room);
bool bytemap_view_hold(struct bytemap_value *value, struct bytemap_view *view,
		       u32 room);
void bytemap_view_locked(struct bytemap_value *value,
			 struct bytemap_view *view, u32 room);
const void *bytemap_view_bytes(const struct bytemap_view *view);
void bytemap_view_release(struct bytemap_view *view);

/* Had it expired when it was viewed? */
static inline bool bytemap_view_is_late(const struct bytemap_view *view)
{
	return view->now >= view->deadline;
}

#endif /* _SYNCMAP_STORE_VIEW_H */
