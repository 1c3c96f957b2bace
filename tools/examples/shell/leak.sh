#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The leak hunt: keys are stored, nine of ten deleted. The memory of the values comes
# back at once, the places that keys have in the table that is read when that is
# rebuilt, which the map does by itself.
#
# Output:
#	stored 5000 keys: tables of ... bytes
#	deleted 4500 of them; a range shows 500 keys
#	rebuilt by itself: tables of ... bytes, no place taken by a deleted key
#	less than a third of what it was
set -eu

work=$(mktemp -d)
syncmapctl create --type u64 leak
trap 'syncmapctl remove leak; rm -rf "$work"' EXIT

number()
{
	syncmapctl -j stats leak | grep -o "\"$1\":[0-9]*" | cut -d : -f 2
}

seq 5000 | awk '{ print $1 "\t" $1 }' | syncmapctl import leak >"$work/imported"
until [ "$(number amended)" -eq 0 ]; do sleep 0.1; done
full=$(number table_bytes)
echo "stored $(syncmapctl count leak) keys: tables of $full bytes"

seq 4500 | awk '{ print "delete\t" $1 }' | syncmapctl batch leak >"$work/done"
echo "deleted $(grep -c '^done' "$work/done") of them; a range shows" \
	"$(syncmapctl range --keys-only leak | wc -l) keys"

until [ "$(number tombstones)" -eq 0 ]; do sleep 0.1; done
rebuilt=$(number table_bytes)
echo "rebuilt by itself: tables of $rebuilt bytes, no place taken by a deleted key"
[ "$rebuilt" -lt $((full / 3)) ]
echo "less than a third of what it was"
