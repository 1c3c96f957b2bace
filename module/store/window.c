// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows, in which a mirrored map is changed
 *
 * While one is open in a bucket, nobody believes what a mapping says of its keys.
 * It is opened before anything is changed, so whoever knows of the change, by
 * whatever way, finds the window, or the version that its end has left.
 *
 * From its beginning to its end a window lies in one RCU read section. Before there
 * is another index, a grace period is waited for with windows open in both: so when
 * readers go over to the new one, no window is open in the old one alone, and until
 * then none in the new one alone. See litmus/mapped-index
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

static atomic64_t *word_of(struct bytemap_mirror *mirror, u8 shift, u64 hash)
{
	return bytemap_window_word(&bytemap_window_bucket(mirror, shift,
							  hash)->word);
}

static bool open_in(atomic64_t *window)
{
	s64 word = atomic64_read(window);

	do {
		if ((word & SYNCMAP_MAPPED_WINDOWS) >= WINDOWS_MAX)
			return false;
		/* Fully ordered: before whatever is done in the window */
	} while (!atomic64_try_cmpxchg(window, &word, word + 1));
	return true;
}

/* Whoever sees the old index in use sees in the same section that another comes */
static void find_words(struct bytemap_mirror *mirror,
		       struct bytemap_window *window)
{
	u8 shift = READ_ONCE(mirror->shift), next = READ_ONCE(mirror->next);

	window->word = word_of(mirror, shift, window->hash);
	window->next = next && next != shift ?
		word_of(mirror, next, window->hash) : NULL;
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
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "a window outside of RCU");
	window->mirror = mirror;
	window->hash = bytemap_window_hash(mirror, key, key_len);
	find_words(mirror, window);
	if (!open_in(window->word))
		return false;
	if (!window->next || open_in(window->next))
		return true;
	atomic64_dec(window->word);
	return false;
}

/* Nothing has been changed in @window */
void bytemap_window_cancel(struct bytemap_window *window)
{
	if (window->next)
		atomic64_dec(window->next);
	atomic64_dec(window->word);
}
