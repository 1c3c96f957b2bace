// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash table under a reader-writer lock.
 */
#define CONTENDER	rwlock
#define SUMMARY		"hash table under a reader-writer lock"
#include "contender.h"

#define SHARDS		1
#define RWLOCK
#include "shards.h"
