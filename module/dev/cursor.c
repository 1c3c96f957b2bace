// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cursors of SYNCMAP_RANGE and SYNCMAP_LIST
 *
 * The cursor of a walk is a hash, and who knows hashes of a map can choose keys
 * that collide, or names of maps. A user's cursor is a permutation of it that
 * nobody can undo without the secret: a Feistel network, of siphash. Zero and
 * SYNCMAP_END, where a walk begins and ends, stay what they are.
 */
#include <linux/cache.h>
#include <linux/init.h>
#include <linux/random.h>
#include <linux/siphash.h>

#include "dev.h"

#define ROUNDS	6

static siphash_key_t secret __ro_after_init;

static u32 scramble(u64 map, unsigned int round, u32 half)
{
	return siphash_3u64(map, round, half, &secret);
}

static u64 encrypt(u64 map, u64 number)
{
	u32 left = number >> 32, right = number;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		left ^= scramble(map, round, right);
		swap(left, right);
	}
	return (u64)left << 32 | right;
}

static u64 decrypt(u64 map, u64 number)
{
	u32 left = number >> 32, right = number;
	unsigned int round;

	for (round = ROUNDS; round--; ) {
		swap(left, right);
		left ^= scramble(map, round, right);
	}
	return (u64)left << 32 | right;
}

static bool is_kept(u64 number)
{
	return !number || number == SYNCMAP_END;
}

/*
 * What a user of the map with this number sees of @cursor. To go on behind the
 * two numbers that are kept makes it a permutation of the others.
 */
u64 syncmap_cursor_hide(u64 map, u64 cursor)
{
	if (is_kept(cursor))
		return cursor;
	do {
		cursor = encrypt(map, cursor);
	} while (is_kept(cursor));
	return cursor;
}

/* The cursor that a user means by @cursor */
u64 syncmap_cursor_reveal(u64 map, u64 cursor)
{
	if (is_kept(cursor))
		return cursor;
	do {
		cursor = decrypt(map, cursor);
	} while (is_kept(cursor));
	return cursor;
}

/*
 * Not when a cursor is asked for first, as get_random_once() would: that patches
 * the code, which an emulated processor may go on executing as it was.
 */
void __init syncmap_cursor_init(void)
{
	get_random_bytes(&secret, sizeof(secret));
}
