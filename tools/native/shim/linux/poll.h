/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_POLL_H
#define _SHIM_POLL_H

#include <sys/epoll.h>
#include <linux/wait.h>

typedef unsigned int __poll_t;

#endif
