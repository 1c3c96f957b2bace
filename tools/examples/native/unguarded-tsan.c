// SPDX-License-Identifier: GPL-2.0-only
/*
 * unguarded.c without a detector of its own: compiled with -fsanitize=thread, and
 * run with TSAN_OPTIONS=halt_on_error=1, it ends at the first two accesses that
 * nothing orders, before the second is made, and names both.
 *
 * Output:
 *	==================
 *	WARNING: ThreadSanitizer: data race (pid=...)
 *	...
 *	    #... map_store ../bench/contenders/plain.c:...
 *	...
 *	  Previous ... of size ... at ... by thread T...:
 *	...
 *	    #... map_store ../bench/contenders/plain.c:...
 *	...
 * Status: 66
 */
#define UNDETECTED
#include "unguarded.c"
