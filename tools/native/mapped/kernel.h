/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's side: a map, who writes into it, and what readers ask of it.
 */
#ifndef _MAPPED_KERNEL_H
#define _MAPPED_KERNEL_H

#include "module/store/bytemap.h"
#include "module/store/name.h"
#include "shared.h"

struct bytemap_client;

struct written {
	u64	writes;
	u64	failed;		/* for want of memory, or another's lease */
	u64	clears;
	u64	detached;	/* its mirror */
	u64	closed;		/* descriptors that owned something */
	u64	renamed;	/* its name has gone, and come again */
};

/* Keys of one bucket, whatever the index, and more than have room there: the last */
#define FLOOD		40

extern struct bytemap *the_map;
extern struct bytemap *rival;		/* for its name; nobody loads from it */
extern const struct bytemap_path the_path;
extern struct written written;

/* map.c */
void map_shared(void);
void make_map(void);
void end_map(void);

/* serve.c: what readers ask for */
extern struct vm_area_struct *serve_area;	/* that was mapped last */
void serve_file(void);
void serve(struct reader *reader);
int serve_load(unsigned int key, struct answer *answer);

/* write.c: what writers do, as long as nobody says "stop" */
void write_keys(unsigned int writer, unsigned int writers);
void write_tides(void);
void write_clears(void);
void write_names(void);

#endif
