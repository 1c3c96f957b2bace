/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keeps a test that does not end: hang.c
 */
#ifndef HANG_H
#define HANG_H

#include <sys/types.h>

void hang_explain(pid_t group);

#endif
