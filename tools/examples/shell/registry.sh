#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A registry of services: each has an entry for as long as it runs, and no longer,
# however it ends. Nobody has to send signs of life.
#
# Output:
#	web-1 is at 10.0.0.7
#	a second web-1 is told so, and does not start
#	web-1 was killed, and is gone
set -eu

work=$(mktemp -d)
syncmapctl create services
trap 'syncmapctl remove services; rm -rf "$work"' EXIT

# It becomes the service, here one that does nothing
syncmapctl hold --if-absent services web-1 10.0.0.7 -- sleep 1000 &
service=$!
until syncmapctl load services web-1 >/dev/null 2>&1; do sleep 0.1; done
echo "web-1 is at $(syncmapctl load services web-1)"

syncmapctl hold --if-absent services web-1 10.0.0.8 -- touch "$work/ran" >"$work/there" ||
	[ $? -eq 3 ]
[ "$(cat "$work/there")" = 10.0.0.7 ] && [ ! -e "$work/ran" ]
echo "a second web-1 is told so, and does not start"

kill -9 "$service"
wait "$service" 2>/dev/null || :
syncmapctl load services web-1 2>/dev/null || echo "web-1 was killed, and is gone"
