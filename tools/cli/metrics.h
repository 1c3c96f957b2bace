/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples in the text format of Prometheus, as its documentation has it */
#ifndef SYNCMAPCTL_METRICS_H
#define SYNCMAPCTL_METRICS_H

#include <stddef.h>
#include <stdio.h>

#include "sample.h"

/* No two may have the same @map */
struct measured {
	struct sample	sample;
	char		map[96];
	char		owner[64];
};

/* What none of the samples knows is left out */
void metrics_write(const struct measured *measured, size_t n, FILE *file);

#endif
