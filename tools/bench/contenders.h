/* SPDX-License-Identifier: GPL-2.0-only */
/* All contenders, in the order of the report */
#include "there.h"
CONTENDER(syncmap)
CONTENDER(rwlock)
CONTENDER(mutex)
CONTENDER(shards)
CONTENDER(shards64)
CONTENDER(cow)
CONTENDER(godesign)
CONTENDER(rhash)
#ifdef HAS_RHASHTABLE
CONTENDER(rhashtable)
#endif
CONTENDER(rhash_in)
CONTENDER(lfht)
CONTENDER(ckht)
CONTENDER(owner)
CONTENDER(merged)
CONTENDER(plain)
