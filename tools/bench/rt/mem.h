/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_MEM_H
#define BENCH_MEM_H

#include <stddef.h>

size_t mem_used(void);
void mem_trim(void);

#endif
