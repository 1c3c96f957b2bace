/* SPDX-License-Identifier: GPL-2.0-only */
/* The module as files: what modprobe would load, and what kernels would take */
#ifndef SYNCMAPCTL_INSTALLED_H
#define SYNCMAPCTL_INSTALLED_H

#include <stdbool.h>
#include <stddef.h>

/* Longest sentence about it */
#define INSTALLED_TEXT	1024

/* What there is below @root, which is empty but for tests, for kernel @release */
struct machine {
	const char	*root;
	const char	*release;
};

/*
 * Why the module is not loaded, and what to do about it: it was not built, or not
 * for this kernel, or the kernel would not take it.
 */
void installed_explain(const struct machine *machine, char *text, size_t size);

/*
 * Whether the module that is loaded is the one that modprobe would load, and that
 * is the only one. False: @text says what to do.
 */
bool installed_compare(const struct machine *machine, char *text, size_t size);

#endif
