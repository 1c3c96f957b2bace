/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a watcher's reader gets: reader.c
 */
#ifndef _SYNCMAP_STORE_READER_H
#define _SYNCMAP_STORE_READER_H

#include <linux/types.h>

struct bytemap_record;
struct bytemap_watch;

void bytemap_reader_begin(struct bytemap_watch *watch);
void bytemap_reader_dump(struct bytemap_watch *watch);
bool bytemap_reader_has_record(const struct bytemap_watch *watch);
bool bytemap_reader_has_ended(const struct bytemap_watch *watch);
int bytemap_reader_wait(struct bytemap_watch *watch);
void bytemap_reader_pass_on(struct bytemap_watch *watch);
int bytemap_reader_peek(struct bytemap_watch *watch,
			struct bytemap_record *record);
void bytemap_reader_consume(struct bytemap_watch *watch,
			    const struct bytemap_record *record);
void bytemap_reader_rest(struct bytemap_watch *watch);

#endif /* _SYNCMAP_STORE_READER_H */
