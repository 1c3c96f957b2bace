/* SPDX-License-Identifier: GPL-2.0-only */
/* What top shows, as lines of text: all maps, or one */
#ifndef SYNCMAPCTL_PAGE_H
#define SYNCMAPCTL_PAGE_H

#include "live.h"

/* As the columns, from left to right */
enum page_order {
	PAGE_BY_NAME,
	PAGE_BY_LOADS,
	PAGE_BY_FOUND,		/* who finds least comes first */
	PAGE_BY_WRITES,
	PAGE_BY_PROMOTIONS,
	PAGE_BY_WAITS,
	PAGE_BY_MEMORY,
	PAGE_BY_ENTRIES,
	PAGE_BY_FULL,
	PAGE_BY_WATCHERS,
	PAGE_ORDERS,
};

enum page_look {
	LOOK_PLAIN,
	LOOK_HEADING,
	LOOK_CHOSEN,
	LOOK_KEYS,	/* of the keyboard */
};

#define PAGE_WIDTH_MIN	80
#define PAGE_WIDTH_MAX	160

struct page {
	int			width;		/* of the screen */
	int			height;		/* of it; 0: as many lines as it takes */
	uint64_t		interval;
	enum page_order		order;
	bool			reverse;
	uint64_t		chosen;		/* number of the map; 0: none yet */
	size_t			first;		/* row that is shown */
	/* Called for each line, from the top on */
	void			(*put)(void *arg, const char *line,
				       enum page_look look);
	void			*arg;
};

/* The maps in their order; to be freed */
const struct live_map **page_sort(const struct page *page,
				  const struct live *live);

void page_all(struct page *page, const struct live *live);
void page_map(const struct page *page, const struct live_map *map);

#endif
