// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sharded map of many Go and Java programs. Their shards have a
 * reader-writer lock; an exclusive one is faster here, for it takes one atomic
 * operation where the other takes two, and is rarely waited for.
 */
#define CONTENDER	shards
#define SUMMARY		"32 hash tables, each under a mutex"
#include "contender.h"

#define SHARDS		32
#include "shards.h"
