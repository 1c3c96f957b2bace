// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows, in which a mirrored map is changed
 *
 * While one is open in a bucket, nobody believes what a mapping says of its keys.
 * It is opened before anything is changed, so whoever knows of the change, by
 * whatever way, finds the window, or the version that its end has left.
 *
 * From its beginning to its end a window lies in one RCU read section: a grace
 * period after another index was published, all windows of the old one are open
 * or over.
 */
#include <linux/rcupdate.h>

#include "bytemap.h"
#include "window.h"

/* Some are left to those who come in a bucket's stripe with its lock held */
#define WINDOWS_MAX	(SYNCMAP_MAPPED_WINDOWS - 1)

/* Return: the hash of a key, as processes reckon it */
u64 bytemap_window_hash(const struct bytemap_mirror *mirror, const void *key,
			u32 key_len)
{
	if (mirror->map->key_type == SYNCMAP_KEY_U64)
		return syncmap_mapped_hash_u64(mirror->seed,
					       syncmap_mapped_word(key));
	return syncmap_mapped_hash_bytes(mirror->seed, key, key_len);
}

/*
 * In an RCU read section, which @window does not outlive. From any context.
 *
 * Return: false if the bucket has as many windows as can be counted.
 */
bool bytemap_window_open(struct bytemap_mirror *mirror,
			 struct bytemap_window *window, const void *key,
			 u32 key_len)
{
	s64 word;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "a window outside of RCU");
	window->mirror = mirror;
	window->hash = bytemap_window_hash(mirror, key, key_len);
	window->word = bytemap_window_word
		(&bytemap_window_bucket(mirror, READ_ONCE(mirror->shift),
					window->hash)->word);
	word = atomic64_read(window->word);
	do {
		if ((word & SYNCMAP_MAPPED_WINDOWS) >= WINDOWS_MAX)
			return false;
		/* Fully ordered: before whatever is done in the window */
	} while (!atomic64_try_cmpxchg(window->word, &word, word + 1));
	return true;
}

/* Nothing has been changed in @window */
void bytemap_window_cancel(struct bytemap_window *window)
{
	atomic64_dec(window->word);
}
