#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Feature flags. Key by key, each change is seen at once, but of two that belong
# together one is seen first. Copy on write: a map without a name is filled, and
# takes the name of the old one at one instant.
#
# Output:
#	key by key: in between, search is on and its index is off
#	copy on write: half filled, the old flags are seen: search off, index off
#	and then the new ones: search on, index on
set -eu

state()
{
	echo "search $(syncmapctl load flags search), index $(syncmapctl load flags index)"
}

# What is run with the new map, by itself below
if [ "${1-}" = fill ]; then
	new=/dev/fd/$SYNCMAP_FD
	syncmapctl store "$new" search on
	echo "copy on write: half filled, the old flags are seen: $(state)"
	syncmapctl store "$new" index on
	syncmapctl freeze "$new"
	syncmapctl publish --replace any "$new" flags
	exit
fi

syncmapctl create flags
trap 'syncmapctl remove flags' EXIT
syncmapctl store flags search off
syncmapctl store flags index off

syncmapctl store flags search on
[ "$(state)" = "search on, index off" ]
echo "key by key: in between, search is on and its index is off"
syncmapctl store flags search off

syncmapctl create '' -- sh "$0" fill
echo "and then the new ones: $(state)"
