#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A cache that is never full: there is room for 100 pages, and 1000 are stored. What
# is asked for all the time stays; so does what was stored to be kept.
#
# Output:
#	1000 pages stored, 100 there at most: nothing failed
#	the page that is asked for is there
#	the page that is kept is there
#	... were evicted
set -eu

syncmapctl create --evict --entries 100 pages
trap 'syncmapctl remove pages' EXIT

syncmapctl store --keep pages maintenance "back soon"
syncmapctl store pages popular "asked for"
for round in $(seq 20); do
	awk -v round="$round" 'BEGIN {
		for (i = 0; i < 50; i++)
			printf "store\tpage %d.%d\ttext\n", round, i
	}' | syncmapctl batch pages >/dev/null
	for _ in 1 2 3; do syncmapctl load pages popular >/dev/null; done
done
[ "$(syncmapctl count pages)" -le 100 ]
echo "1000 pages stored, 100 there at most: nothing failed"
[ "$(syncmapctl load pages popular)" = "asked for" ]
echo "the page that is asked for is there"
[ "$(syncmapctl load pages maintenance)" = "back soon" ]
echo "the page that is kept is there"
syncmapctl stats pages | awk '$1 == "evicted" { print $2, "were evicted" }'
