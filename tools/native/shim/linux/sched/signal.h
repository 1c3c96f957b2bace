/* SPDX-License-Identifier: GPL-2.0-only */
/* The only one is SIGKILL, and who gets it has sent it */
#ifndef _SHIM_SCHED_SIGNAL_H
#define _SHIM_SCHED_SIGNAL_H

#include <linux/sched.h>

#define SIGKILL				9
#define fatal_signal_pending(task)	((task)->killed)
#define signal_pending(task)		((task)->killed)
#define send_sig(sig, task, priv)	((void)((task)->killed = true))
#define flush_signals(task)		((void)((task)->killed = false))
#define allow_signal(sig)		((void)0)
#define disallow_signal(sig)		((void)0)

#endif
