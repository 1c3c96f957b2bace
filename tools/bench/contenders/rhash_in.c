// SPDX-License-Identifier: GPL-2.0-only
/*
 * rhashtable's design as kernel code mostly uses it: the object has the node.
 */
#define CONTENDER	rhash_in
#define SUMMARY		"rhashtable's design, the node in the object"
#include "contender.h"

#define INTRUSIVE
#include "rhash.h"
