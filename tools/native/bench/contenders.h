/* SPDX-License-Identifier: GPL-2.0-only */
/* All contenders, in the order of the report */
CONTENDER(syncmap)
CONTENDER(rwlock)
