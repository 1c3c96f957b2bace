/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All features at once, on few keys of a map that is often full, by processes
 * that are killed at any moment
 */
#ifndef RAGE_H
#define RAGE_H

#include <stdbool.h>

int rage_map(void);
/* EXPECTs that what they leave behind adds up. @faults: calls fail, too */
void rage_round(int fd, unsigned int round, bool faults);

#endif /* RAGE_H */
