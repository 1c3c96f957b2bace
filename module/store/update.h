/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations that find the key present: update.c
 */
#ifndef _SYNCMAP_STORE_UPDATE_H
#define _SYNCMAP_STORE_UPDATE_H

struct bytemap_attempt;
struct bytemap_value;

int bytemap_update(struct bytemap_attempt *at, struct bytemap_value *value);
void bytemap_update_make_way(struct bytemap_attempt *at,
			     struct bytemap_value *value);
int bytemap_update_prepare_store(struct bytemap_attempt *at,
				 const struct bytemap_value *value);
int bytemap_update_store_locked(struct bytemap_attempt *at,
				struct bytemap_value *value);
int bytemap_update_prepare_touch(struct bytemap_attempt *at,
				 const struct bytemap_value *value);
int bytemap_update_touch_locked(struct bytemap_attempt *at,
				struct bytemap_value *value);
int bytemap_update_calculate_locked(struct bytemap_attempt *at,
				    struct bytemap_value *value);

#endif /* _SYNCMAP_STORE_UPDATE_H */
