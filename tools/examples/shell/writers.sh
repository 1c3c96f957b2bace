#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# 20 writers and a count: nobody locks anything, and nothing is lost.
#
# Output:
#	20 writers: 20 entries
#	each has the value of its writer
set -eu

syncmapctl create --type u64 writers
trap 'syncmapctl remove writers' EXIT

for i in $(seq 20); do
	syncmapctl store writers "$i" "writer $i" &
done
wait
echo "20 writers: $(syncmapctl count writers) entries"

wrong=$(syncmapctl range writers | awk -F '\t' '$2 != "writer " $1')
[ -z "$wrong" ]
echo "each has the value of its writer"
