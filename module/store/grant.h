/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Getting a lease: grant.c
 */
#ifndef _SYNCMAP_STORE_GRANT_H
#define _SYNCMAP_STORE_GRANT_H

struct bytemap_attempt;

int bytemap_grant(struct bytemap_attempt *at);

#endif /* _SYNCMAP_STORE_GRANT_H */
