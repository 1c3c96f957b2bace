// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sharded map again, in twice as many parts: a thread seldom meets another in
 * 32, so that there is little to gain.
 */
#define CONTENDER	shards64
#define SUMMARY		"64 hash tables, each under a mutex"
#include "contender.h"

#define SHARDS		64
#include "shards.h"
