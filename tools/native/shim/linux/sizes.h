/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_SIZES_H
#define _SHIM_SIZES_H

#define SZ_8K		0x2000
#define SZ_16K		0x4000
#define SZ_64K		0x10000
#define SZ_256K		0x40000
#define SZ_1M		0x100000
#define SZ_4M		0x400000
#define SZ_16M		0x1000000
#define SZ_32M		0x2000000

#endif
