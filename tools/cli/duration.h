/* SPDX-License-Identifier: GPL-2.0-only */
/* How people write spans of time */
#ifndef SYNCMAPCTL_DURATION_H
#define SYNCMAPCTL_DURATION_H

#include <stdint.h>

/* As many nanoseconds as no clock counts to: not a span, but for ever */
#define DURATION_NEVER	UINT64_MAX

/*
 * Parse numbers with units (ns us ms s m h d), one behind the other, as 1h30m;
 * a lone number counts seconds; "never". Returns NULL, or what is wrong.
 */
const char *duration_parse(const char *text, uint64_t *ns);

/* As it is parsed, exactly */
#define DURATION_SHOWN	48
void duration_print(uint64_t ns, char text[DURATION_SHOWN]);

#endif
