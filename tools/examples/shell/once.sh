#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A cache of what is computed once, and its catch: load-or-store has one of many
# values stored, but whoever has found none has computed one by then. Here all look
# before the first has an answer. singleflight.sh is the cure.
#
# Output:
#	10 found nothing, and computed: 10 times
#	1 value was stored, and all have got the same
set -eu

work=$(mktemp -d)
syncmapctl create answers
syncmapctl create --values-are number computed
trap 'syncmapctl remove answers; syncmapctl remove computed; rm -rf "$work"' EXIT

# What takes long: until everybody has begun
compute()
{
	syncmapctl add --initial 0 computed times >/dev/null
	until [ "$(syncmapctl load computed times)" -ge 10 ]; do
		sleep 0.1
	done
	echo "computed by $1"
}

# Status 3: somebody else has stored
get_or_compute()
{
	syncmapctl load answers hello 2>/dev/null ||
		syncmapctl load-or-store answers hello "$(compute "$1")" ||
		[ $? -eq 3 ]
}

for i in $(seq 10); do
	get_or_compute "$i" >"$work/$i" &
done
wait
echo "10 found nothing, and computed: $(syncmapctl load computed times) times"
[ "$(cat "$work"/* | wc -l)" -eq 10 ]
echo "$(cat "$work"/* | sort -u | wc -l) value was stored, and all have got the same"
