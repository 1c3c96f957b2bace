/* SPDX-License-Identifier: GPL-2.0-only */
/* stats --prometheus: the numbers of maps in the text format that Prometheus reads */
#ifndef SYNCMAPCTL_PROMETHEUS_H
#define SYNCMAPCTL_PROMETHEUS_H

struct cli;

/* Returns the exit code */
int say_prometheus(struct cli *cli);

#endif
