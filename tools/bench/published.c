// SPDX-License-Identifier: GPL-2.0-only
/*
 * What others have published of maps that cannot be measured here. Machines, keys
 * and what is counted differ: they say in what class a figure is, and no ratio of
 * theirs to one of ours means anything.
 */
#include "driver.h"

void published_print(void)
{
	report("\nAs published by others, on other machines; nothing of it was "
	       "measured here:\n"
	       "  DLHT (HPDC '24; two Xeon Gold 6254 of 18 cores each, 100M keys "
	       "of 8 bytes):\n"
	       "    load, million a second: one thread 62 in batches, 2.2 times "
	       "fewer one by one;\n"
	       "    16 threads about 900 in batches, 71 threads 1660\n"
	       "    insert and delete: one thread 50 in batches, 20 one by one; "
	       "16 threads 690\n"
	       "    half stores: 16 threads about 630, 71 threads 1042\n"
	       "    800M keys into a map that grows: 2 threads 40, 16 threads "
	       "285 (56 ns each)\n"
	       "    61 to 72 %% of the places in use: about 30 bytes a key\n"
	       "  BPF's RHASH (Linux 7.2; bpf-next 87d119abc42f, 2026-06-05), "
	       "rhashtable behind BPF:\n"
	       "    an update takes a fifth of that of BPF's HASH: it is in place, "
	       "and who reads\n"
	       "    may see half of it (BPF_F_LOCK: all of it); an insert may "
	       "fail\n");
}
