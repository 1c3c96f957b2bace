#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# See transfers.ko count. Needs syncmap.ko loaded, and a disk of memory (brd).
#
# Output:
#	8 transfers to /dev/ram0 are counted
#	and 4 to /dev/ram1
#	none was not counted
set -eu

cd "$(dirname "$0")"
modprobe brd rd_nr=2 rd_size=1024
insmod transfers.ko
trap 'rmmod transfers; rmmod brd' EXIT

# As udev or who looks for partitions may have read, too: what there is more now
counted()
{
	sed -n "s/^$1 //p" /proc/syncmap_transfers | grep . || echo 0
}

first=$(counted 1:0) second=$(counted 1:1)
dd if=/dev/zero of=/dev/ram0 oflag=direct bs=4k count=8 2>/dev/null
dd if=/dev/zero of=/dev/ram1 oflag=direct bs=4k count=4 2>/dev/null
echo "$(($(counted 1:0) - first)) transfers to /dev/ram0 are counted"
echo "and $(($(counted 1:1) - second)) to /dev/ram1"
[ "$(counted uncounted)" -eq 0 ]
echo "none was not counted"
