/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/wait_bit.h>
