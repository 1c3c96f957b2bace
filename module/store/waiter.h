/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for a lease: waiter.c
 */
#ifndef _SYNCMAP_STORE_WAITER_H
#define _SYNCMAP_STORE_WAITER_H

struct bytemap_attempt;

int bytemap_waiter_wait(struct bytemap_attempt *at);

#endif /* _SYNCMAP_STORE_WAITER_H */
