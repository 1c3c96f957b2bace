/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What processes have mapped of a mirror: mapping.c
 */
#ifndef _SYNCMAP_STORE_MAPPING_H
#define _SYNCMAP_STORE_MAPPING_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct address_space;

/*
 * Mappings of a map: so many are left to its owner, and one user who is not the
 * owner has no more than so many. Each is looked at when pages are taken away
 */
#define BYTEMAP_MAPPINGS		4096
#define BYTEMAP_MAPPINGS_RESERVED	1024
#define BYTEMAP_MAPPINGS_USER		1024

/* A user with mappings */
struct bytemap_mapper {
	struct list_head	node;
	u64			user;
	unsigned int		count;
};

struct bytemap_mapping {
	struct address_space	*space;		/* the map's */
	spinlock_t		lock;		/* the rest */
	u64			epoch;
	unsigned int		faults[2];	/* by the epoch in which they began */
	unsigned int		count;		/* of all mappings: READ_ONCE() */
	bool			hidden;		/* all but the head: READ_ONCE() */
	struct list_head	mappers;
};

void bytemap_mapping_init(struct bytemap_mapping *mapping,
			  struct address_space *space);
unsigned int bytemap_mapping_begin(struct bytemap_mapping *mapping);
void bytemap_mapping_end(struct bytemap_mapping *mapping, unsigned int began);
u64 bytemap_mapping_epoch(struct bytemap_mapping *mapping);
bool bytemap_mapping_is_over(struct bytemap_mapping *mapping, u64 epoch);
void bytemap_mapping_zap(struct bytemap_mapping *mapping, u64 offset, u64 bytes);
int bytemap_mapping_add(struct bytemap_mapping *mapping, u64 user, bool owner,
			struct bytemap_mapper **mapper);
void bytemap_mapping_add_again(struct bytemap_mapping *mapping,
			       struct bytemap_mapper *mapper);
void bytemap_mapping_remove(struct bytemap_mapping *mapping,
			    struct bytemap_mapper *mapper);

#endif /* _SYNCMAP_STORE_MAPPING_H */
