/* SPDX-License-Identifier: GPL-2.0-only */
/* All contenders, in the order of the report */
CONTENDER(syncmap)
CONTENDER(rwlock)
CONTENDER(mutex)
CONTENDER(shards)
CONTENDER(cow)
CONTENDER(godesign)
CONTENDER(rhash)
CONTENDER(rhash_in)
CONTENDER(lfht)
CONTENDER(ckht)
CONTENDER(plain)
