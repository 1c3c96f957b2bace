/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_MEM_H
#define BENCH_MEM_H

#include <stddef.h>

size_t mem_used(void);
/* The most that was in use since it was asked for */
size_t mem_peak(void);
void mem_trim(void);

#endif
