/* SPDX-License-Identifier: GPL-2.0-only */
/* How people write how much and how many */
#ifndef SYNCMAPCTL_SIZE_H
#define SYNCMAPCTL_SIZE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Parse a number, 0x for a hexadecimal one, and a unit: K, M, G, T, and P are
 * powers of 1024, as KiB and so on; KB and so on are powers of 1000. Returns
 * NULL, or what is wrong.
 */
const char *size_parse(const char *text, uint64_t *size);

/* In at most five characters, rounded down, as 1.5M */
#define SIZE_SHOWN	8
void size_print(uint64_t size, char text[SIZE_SHOWN]);

#endif
