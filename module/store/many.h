/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads of many keys: many.c
 */
#ifndef _SYNCMAP_STORE_MANY_H
#define _SYNCMAP_STORE_MANY_H

struct bytemap;
struct bytemap_request;

/* Loads that are looked up together at most */
#define BYTEMAP_LOADS	16

void bytemap_many_load(struct bytemap *map, struct bytemap_request **reqs,
		       unsigned int n);
int bytemap_many_end(struct bytemap *map, struct bytemap_request *req);

#endif /* _SYNCMAP_STORE_MANY_H */
