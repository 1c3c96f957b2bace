#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A cache whose entries end: what is refreshed in time stays, what is not is absent,
# and is swept by the map itself, with its room.
#
# Output:
#	ann was refreshed, and is there
#	bob was not, and has expired
#	of 2 entries 1 is left, in half the room
set -eu

work=$(mktemp -d)
syncmapctl create --ttl 1h sessions
trap 'syncmapctl remove sessions; rm -rf "$work"' EXIT

bytes()
{
	syncmapctl -j info sessions | grep -o '"bytes":[0-9]*' | head -n 1 | cut -d : -f 2
}

syncmapctl store sessions ann 8f3a
syncmapctl store sessions bob 77c1
full=$(bytes)
for name in ann bob; do
	syncmapctl touch --ttl 300ms sessions $name >"$work/value"
done

# Anew, for the hour that the map gives; a load alone would not do that
syncmapctl touch sessions ann >"$work/value" 2>&1 || syncmapctl store sessions ann 8f3a
while syncmapctl load sessions bob >"$work/value" 2>&1; do sleep 0.1; done
[ "$(syncmapctl load sessions ann)" = 8f3a ]
echo "ann was refreshed, and is there"
echo "bob was not, and has expired"
until [ "$(bytes)" -eq $((full / 2)) ]; do sleep 0.1; done
echo "of 2 entries $(syncmapctl count sessions) is left, in half the room"
