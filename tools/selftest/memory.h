/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMORY_H
#define MEMORY_H

/* KiB of the machine that nobody uses */
long memory_available(void);
/* EXPECTs as much again, but for @slack, soon */
void memory_expect(long before, long slack);

#endif /* MEMORY_H */
