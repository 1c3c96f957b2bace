// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash table under a lock.
 */
#define CONTENDER	mutex
#define SUMMARY		"hash table under a mutex"
#include "contender.h"

#define SHARDS		1
#include "shards.h"
