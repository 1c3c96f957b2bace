/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers for Prometheus, in a file for the textfile collector */
#ifndef SYNCMAP_ETCD_METRICS_H
#define SYNCMAP_ETCD_METRICS_H

#include <stdio.h>

#include "mirror.h"
#include "publish.h"

void metrics_write_mirrors(FILE *file, const struct mirror *mirrors, size_t count);
void metrics_write_publishers(FILE *file, const struct publisher *publishers,
			      size_t count);
void metrics_write_gateway(FILE *file, const struct gateway *gateway);

#endif
