/* SPDX-License-Identifier: GPL-2.0-only */
/* Which key of a map is used most, as its tracepoint tells root */
#ifndef SYNCMAPCTL_HOTKEY_H
#define SYNCMAPCTL_HOTKEY_H

#include <stdint.h>

/* Bytes of a key that are traced */
#define HOTKEY_BYTES	32

struct hotkey {
	uint64_t	sampled;	/* operations */
	uint64_t	operations;	/* on the key */
	uint64_t	writes;		/* among these */
	uint32_t	len;		/* of the key, of which there may be less */
	unsigned char	key[HOTKEY_BYTES];
};

/*
 * Looks for so long. NULL; or why nobody could look: then that time has not passed.
 * A signal that ends the program does so when the trace is taken down.
 */
const char *hotkey_sample(uint64_t map, uint64_t ns, struct hotkey *hot);

#endif
