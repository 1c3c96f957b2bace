/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line */
#ifndef SYNCMAP_ETCD_OPTIONS_H
#define SYNCMAP_ETCD_OPTIONS_H

#include "gateway.h"
#include "mirror.h"
#include "publish.h"

#define MAPS_MAX	16		/* of each direction */
#define ENDPOINTS_MAX	16

struct options {
	struct gateway_options	gateway;
	char			*endpoints[ENDPOINTS_MAX + 1];
	char			*password;
	struct mirror_options	mirrors[MAPS_MAX];
	size_t			mirror_count;
	struct publish_options	publishers[MAPS_MAX];
	size_t			publisher_count;
	const char		*metrics;
	uint64_t		fresh;
	uint64_t		compare;
	uint64_t		clear_after;
	bool			exchange;
	uint64_t		lease;
	mode_t			mode;
};

enum parsed {
	PARSED,
	PARSED_HELP,		/* was asked for, and is told */
	PARSED_WRONG,		/* it was said what */
};

/* Whatever comes of it, to be freed */
enum parsed options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

#endif
