#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Counters by compare-and-swap: load, and store one more if it is still what was
# loaded; else somebody was faster, and it is tried again. For what is no more than
# an addition there is one command, which needs no loop.
#
# Output:
#	by compare-and-swap: 20
#	by add: 20
set -eu

syncmapctl create --values-are number hits
trap 'syncmapctl remove hits' EXIT

increment()
{
	n=$(syncmapctl load "$1" "$2")
	# Status 3: it is something else, which is printed
	until now=$(syncmapctl compare-and-swap "$1" "$2" "$n" $((n + 1))); do
		n=$now
	done
}

syncmapctl store hits swapped 0
for _ in 1 2 3 4; do
	for _ in 1 2 3 4 5; do
		increment hits swapped
		syncmapctl add --initial 0 hits added >/dev/null
	done &
done
wait
echo "by compare-and-swap: $(syncmapctl load hits swapped)"
echo "by add: $(syncmapctl load hits added)"
