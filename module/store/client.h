/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open descriptors of maps: client.c
 */
#ifndef _SYNCMAP_STORE_CLIENT_H
#define _SYNCMAP_STORE_CLIENT_H

#include <linux/types.h>

struct bytemap;
struct bytemap_client;

struct bytemap_client *bytemap_client_create(struct bytemap *map, u32 access);
void bytemap_client_free(struct bytemap_client *client);
void bytemap_client_close(struct bytemap_client *client);

#endif /* _SYNCMAP_STORE_CLIENT_H */
