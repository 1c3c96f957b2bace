/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _RECORD_H
#define _RECORD_H

#include <linux/syncmap.h>

/* pairs.c */
unsigned int pairs_play(u64 seed);

#endif
