#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# See packets.ko count. Needs syncmap.ko loaded.
#
# Output:
#	from 127.0.0.1: 10 packets of 840 bytes
#	from 127.0.0.2: 6 packets of 504 bytes
set -eu

cd "$(dirname "$0")"
insmod packets.ko
trap 'rmmod packets' EXIT

ip link set lo up
# A question and an answer each
ping -q -c 5 -i 0.1 127.0.0.1 >/dev/null
ping -q -c 3 -i 0.1 -I 127.0.0.2 127.0.0.2 >/dev/null
sort /proc/syncmap_packets | while read -r host packets bytes; do
	echo "from $host: $packets packets of $bytes bytes"
done
