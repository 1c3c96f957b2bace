/* SPDX-License-Identifier: GPL-2.0-only */
/* What a production kernel has not */
#include_next <linux/kernel.h>

#undef CONFIG_DEBUG_ATOMIC_SLEEP
#define CONFIG_DEBUG_ATOMIC_SLEEP	0
#undef CONFIG_PROVE_RCU
#define CONFIG_PROVE_RCU	0

#undef BUG_ON
#define BUG_ON(condition)		((void)WARN_ON_ONCE(condition))
