/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations that find the key absent, and store it: insert.c
 */
#ifndef _SYNCMAP_STORE_INSERT_H
#define _SYNCMAP_STORE_INSERT_H

struct bytemap_attempt;

int bytemap_insert(struct bytemap_attempt *at);
int bytemap_insert_fresh(struct bytemap_attempt *at);
int bytemap_insert_leased(struct bytemap_attempt *at);
int bytemap_insert_create(struct bytemap_attempt *at);
int bytemap_insert_create_number(struct bytemap_attempt *at);

#endif /* _SYNCMAP_STORE_INSERT_H */
