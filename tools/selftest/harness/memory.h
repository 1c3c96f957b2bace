/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>

/* KiB of the machine that nobody uses */
long memory_available(void);
/* The same, once what others have let go has come back: no more for a second */
long memory_settled(void);
/* Is an allocation no larger than it has to be? Not with KASAN */
bool memory_is_plain(void);
/* EXPECTs as much again, but for @slack, soon */
void memory_expect(long before, long slack);

#endif /* MEMORY_H */
