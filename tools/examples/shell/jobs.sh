#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Job hand-off: 4 takers want 10 jobs each. load-and-delete gives a value to exactly
# one, so that a job is done once, whoever else wants it.
#
# Output:
#	10 jobs were taken, 0 are left
#	none was taken twice
set -eu

work=$(mktemp -d)
syncmapctl create jobs
trap 'syncmapctl remove jobs; rm -rf "$work"' EXIT

for id in $(seq 10); do
	printf '%s\twork order %s\n' "$id" "$id"
done | syncmapctl import jobs >"$work/imported"

# Status 3: somebody else has it
for taker in 1 2 3 4; do
	for id in $(seq 10); do
		syncmapctl load-and-delete jobs "$id" 2>/dev/null || [ $? -eq 3 ]
	done >"$work/taken.$taker" &
done
wait
echo "$(cat "$work"/taken.* | wc -l) jobs were taken, $(syncmapctl count jobs) are left"
[ -z "$(cat "$work"/taken.* | sort | uniq -d)" ]
echo "none was taken twice"
