/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads by the core, for who does not know the kernel's headers: core.c
 */
#ifndef BENCH_MAPPED_CORE_H
#define BENCH_MAPPED_CORE_H

void core_fill(unsigned long long n);
void core_enter(void);
void core_leave(void);
void core_free(void);
unsigned long long core_chain(unsigned long long number, unsigned long long ops);
unsigned long long core_any(unsigned long long *at, unsigned long long n,
			    unsigned long long ops);

#endif
