/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that makes one promotion of a map of u64 keys after the other */
#ifndef PROMOTER_H
#define PROMOTER_H

#include <sys/types.h>

/* With keys of its own, beyond those of the tests */
pid_t promoter_start(int fd);
void promoter_stop(pid_t promoter);

#endif /* PROMOTER_H */
