#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A leaderboard: players submit scores from many machines, and the best of each
# counts: the greater one of what is there and what comes is one operation.
#
# Output:
#	1. carla 97
#	2. ann 81
#	3. bob 64
set -eu

syncmapctl create --values-are number board
trap 'syncmapctl remove board' EXIT

submit()
{
	syncmapctl max --initial 0 board "$1" "$2" >/dev/null
}

for score in 31 81 17; do submit ann "$score"; done &
for score in 64 12 40; do submit bob "$score"; done &
for score in 97 95 3; do submit carla "$score"; done &
for player in ann bob carla; do submit "$player" 63; done &
wait
syncmapctl range board | sort -t "$(printf '\t')" -k 2,2nr |
	awk -F '\t' '{ print NR ". " $1 " " $2 }'
