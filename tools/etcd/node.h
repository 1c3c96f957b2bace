/* SPDX-License-Identifier: GPL-2.0-only */
/* Which node this is */
#ifndef SYNCMAP_ETCD_NODE_H
#define SYNCMAP_ETCD_NODE_H

#include "bytes.h"

/*
 * Its name, for people, and the number of the kernel that runs, whose maps these are:
 * it is another one for a machine that is a copy, or has been started anew.
 */
int node_print(struct bytes *text);

#endif
