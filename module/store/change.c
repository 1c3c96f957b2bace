// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes that processes may see without a system call
 *
 * Each is made in a window of the mirror, if the map has one, and so in the RCU
 * read section in which that was looked at: whoever gives the map a mirror waits
 * for those that have seen none.
 */
#include "arena.h"
#include "attempt.h"
#include "bucket.h"
#include "bytemap.h"
#include "change.h"
#include "window.h"

/*
 * In an RCU read section, which @window does not outlive.
 *
 * Return: 0; NEED_STOCK; START_OVER: others change so much in the key's bucket.
 */
int bytemap_change_begin(struct bytemap_attempt *at,
			 struct bytemap_window *window)
{
	struct bytemap_mirror *mirror;

	window->mirror = NULL;
	if (!bytemap_is_mirrored(at->map))
		return 0;
	/* Not before: it may just have been given one */
	mirror = at->map->mirror;
	if (!at->stocked && bytemap_arena_is_short(&mirror->arena)) {
		at->stocked = true;
		return NEED_STOCK;
	}
	at->in_window = bytemap_window_open(mirror, window, at->req->key,
					    at->req->op->key_len);
	return at->in_window ? 0 : START_OVER;
}

/* What is done in @window may have @changed something. Without locks of values */
void bytemap_change_end(struct bytemap_attempt *at,
			struct bytemap_window *window, bool changed)
{
	if (!window->mirror)
		return;
	at->in_window = false;
	if (changed)
		bytemap_bucket_end(window, &at->key, at->req->key,
				   at->req->op->key_len);
	else
		bytemap_window_cancel(window);
}
