/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module itself needs of the core; everybody else uses
 * <linux/syncmap.h>.
 */
#ifndef _SYNCMAP_CORE_H
#define _SYNCMAP_CORE_H

int syncmap_core_init(void);
void syncmap_core_exit(void);

#endif /* _SYNCMAP_CORE_H */
