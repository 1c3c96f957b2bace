// SPDX-License-Identifier: GPL-2.0-only
/*
 * rhashtable's design, with key and value in the node.
 */
#define CONTENDER	rhash
#define SUMMARY		"rhashtable's design, the value in the node"
#include "contender.h"

#include "rhash.h"
