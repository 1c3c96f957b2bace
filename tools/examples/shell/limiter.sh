#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A rate limiter: so many requests of a client in each window. The first one stores
# a number that expires with the window, the others add to it as long as it is below
# the bound.
#
# Output:
#	20 requests of ann at once, 5 allowed: 5 passed
#	bob is another client: passed
#	when the window is over, carla passes again
set -eu

work=$(mktemp -d)
syncmapctl create --values-are number windows
trap 'syncmapctl remove windows; rm -rf "$work"' EXIT

# allow CLIENT MOST WINDOW; status 3: not now
allow()
{
	syncmapctl add --initial 0 --bound "$2" --ttl "$3" windows "$1" >/dev/null
}

: >"$work/passed"
for i in $(seq 20); do
	allow ann 5 1h && echo "$i" >>"$work/passed" &
done
wait
echo "20 requests of ann at once, 5 allowed: $(wc -l <"$work/passed") passed"
allow bob 5 1h
echo "bob is another client: passed"

allow carla 1 300ms
until allow carla 1 300ms; do sleep 0.1; done
echo "when the window is over, carla passes again"
