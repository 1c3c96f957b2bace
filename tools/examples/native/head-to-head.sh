#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: head-to-head.sh [OPTION-OF-BENCH]...
#
# Maps that many threads use, as articles compare them, at 4096 keys: million
# operations per second, by share of loads and number of threads; and what each wins
# by. They are the contenders of tools/bench, which has the core as it is in the
# kernel and all others on the same locks and memory: no module is needed.
# "merged" is a map for each thread, where nobody sees what others store until they
# are merged: who wins is asked of the others.
#
# Output:
#	...
#	map ...95/5: 1      2      4      8 ...50/50: 1      2      4      8 ...5/95: 1      2      4      8
#	syncmap  ...
#	rwlock  ...
#	mutex  ...
#	shards  ...
#	shards64  ...
#	cow  ...
#	owner  ...
#	merged  ...
#	syncmap wins ... of 12: a load takes no lock and writes nothing, a store is one compare-and-swap
#	rwlock wins ... of 12: loads do not wait for loads, but each writes the lock's counter twice
#	mutex wins ... of 12: there is nothing to it but a lock, which is cheap if nobody else wants it
#	shards wins ... of 12: two threads seldom want the same one of 32 locks
#	shards64 wins ... of 12: two threads still more seldom want the same one of 64
#	cow wins ... of 12: a load looks into a table that never changes; a store copies all of it
#	owner wins ... of 12: no lock at all, but each operation is a message to another thread and back
#	merged is ahead of them in ... of 12: nothing is shared, and nothing of others is seen
set -eu

cd "$(dirname "$0")/../../bench"
out=$(cd ../.. && pwd)/build/bench
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
maps=syncmap,rwlock,mutex,shards,shards64,cow,owner,merged

flock "$out.lock" make -s OUT="$out" "$out/bench"
"$out/bench" "$@" -p versus -m $maps -o "$work" >"$work/log"
sed -n '/^machine:/p; /^runs:/,/^$/p; /share .* CPUs/p' "$work/log"
awk -F '\t' -v maps=$maps '
BEGIN {
	why["syncmap"] = "a load takes no lock and writes nothing, a store is one compare-and-swap"
	why["rwlock"] = "loads do not wait for loads, but each writes the lock\047s counter twice"
	why["mutex"] = "there is nothing to it but a lock, which is cheap if nobody else wants it"
	why["shards"] = "two threads seldom want the same one of 32 locks"
	why["shards64"] = "two threads still more seldom want the same one of 64"
	why["cow"] = "a load looks into a table that never changes; a store copies all of it"
	why["owner"] = "no lock at all, but each operation is a message to another thread and back"
	why["merged"] = "nothing is shared, and nothing of others is seen"
	count = split(maps, map, ",")
	columns = split("95/5 1,95/5 2,95/5 4,95/5 8,50/50 1,50/50 2,50/50 4,50/50 8,5/95 1,5/95 2,5/95 4,5/95 8", column, ",")
}
{ rate[$5, $1 " " $4] = $7 }
END {
	printf "%-10s", "map"
	for (c = 1; c <= columns; c++) {
		split(column[c], part, " ")
		printf "%s%7s", part[2] == 1 ? "  " : "", part[2] == 1 ? part[1] ": 1" : part[2]
	}
	print ""
	for (m = 1; m <= count; m++) {
		printf "%-10s", map[m]
		for (c = 1; c <= columns; c++) {
			r = rate[map[m], column[c]]
			if (!(r > 0))
				exit 1
			if (map[m] == "merged")
				ahead += r > best[c]
			else if (r > best[c]) {
				best[c] = r
				winner[c] = map[m]
			}
			printf "%s%7s", column[c] ~ / 1$/ ? "  " : "", sprintf("%.*f", r < 10, r)
		}
		print ""
	}
	for (c = 1; c <= columns; c++)
		won[winner[c]]++
	for (m = 1; m < count; m++)
		print map[m] " wins " won[map[m]] + 0 " of " columns ": " why[map[m]]
	print "merged is ahead of them in " ahead " of " columns ": " why["merged"]
}' "$work/results.tsv"
