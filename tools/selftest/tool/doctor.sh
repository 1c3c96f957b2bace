#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What doctor says of maps: for each verdict one that earns it, and one that does
# not. Needs the module, root, tracefs, and syncmapctl in PATH. Prints TAP.
set -u

# shellcheck source=tools/selftest/harness/tool.sh
. "$(dirname "$0")/tool.sh"

instances=/sys/kernel/tracing/instances

# repeat N LINE: so many times, with the number in place of @
repeat()
{
	seq "$1" | awk -v "line=$2" '{ text = line; gsub("@", $1, text)
		gsub("\\\\t", "\t", text); gsub("\\\\n", "\n", text); print text }'
}

# do_all MAP N LINE: as operations of a batch
do_all()
{
	repeat "$2" "$3" | "$tool" batch "$1" >/dev/null
}

# look MAP [TIME]: the names of what it finds, in got; they are proved by figures
look()
{
	"$tool" -j doctor --for "${2:-0}" "$1" >all 2>notes
	echo $? >status
	sed -n 's/.*{"verdict":"\([a-z-]*\)","evidence":{"[a-z_]*":["0-9].*"why":".*","advice":".*/\1/p' all |
		xargs >got
}

# finds MAP NAMES: and nothing else; then the map goes
finds()
{
	look "$1"
	[ -z "$2" ]
	judge "$1 has: ${2:-nothing}" "$(cat status)" $(($? ? 3 : 0)) "$2"
	"$tool" remove "$1"
}

writes()
{
	"$tool" create written
	do_all written 10 'store\tk@\tv'
	do_all written 1500 'store\tk1\tv@'
	look written
	judge 'written has: writes' "$(cat status)" 3 writes
	do_all written 2000 'load\tk1'
	finds written ''
	"$tool" create filled
	do_all filled 1500 'store\tk@\tv'
	finds filled ''
}

churn()
{
	"$tool" create churned
	do_all churned 1000 'store\tk@\tv\ndelete\tk@'
	"$tool" store churned k v
	do_all churned 4000 'load\tk'
	finds churned churn
	"$tool" create kept
	do_all kept 1000 'store\tk@\tv'
	do_all kept 4000 'load\tk1'
	finds kept ''
}

absent()
{
	"$tool" create missed
	do_all missed 1500 'load\tk@'
	finds missed absent
	"$tool" create met
	do_all met 1500 'load\tk@\nstore\tk@\tv'
	finds met ''
}

mismatches()
{
	"$tool" create contended
	"$tool" store contended k v
	do_all contended 1500 'compare-and-swap\tk\tother\tnew'
	do_all contended 1500 'load\tk'
	finds contended mismatches
	"$tool" create lucky
	"$tool" store lucky k v
	do_all lucky 1500 'compare-and-swap\tk\tv\tv\nload\tk\nload\tk'
	finds lucky ''
}

limit()
{
	"$tool" create --entries 100 full
	do_all full 89 'store\tk@\tv'
	look full
	judge 'full has room' "$(cat status)" 0 ''
	do_all full 90 'store\tk@\tv'
	finds full limit
}

# Half of the keys have no room
caches()
{
	for evict in '' --evict; do
		# shellcheck disable=SC2086 # a word, or none
		"$tool" create $evict --entries 500 pages
		do_all pages 1000 'load\tk@\nstore\tk@\tv'
		if [ -z "$evict" ]; then finds pages full-cache; else finds pages ''; fi
	done
	"$tool" create --evict --entries 100 narrow
	for _ in 1 2 3 4 5 6 7 8; do
		do_all narrow 150 'load\tk@\nstore\tk@\tv'
	done
	finds narrow too-small
}

mirrors()
{
	"$tool" create --mapped idle
	do_all idle 1000 'store\tk@\tv'
	mkfifo keys
	"$tool" load idle - <keys >values &
	exec 4>keys
	echo k1 >&4
	until [ -s values ]; do sleep 0.1; done
	look idle
	judge 'idle is mapped' "$(cat status)" 0 ''
	exec 4>&-
	wait
	finds idle idle-mirror
	"$tool" create plain
	do_all plain 100 'store\tk@\tv'
	do_all plain 9000 'load\tk1'
	look plain
	judge 'plain is used little' "$(cat status)" 0 ''
	do_all plain 1000 'load\tk1'
	finds plain no-mirror
}

overflows()
{
	"$tool" create flooded
	mkfifo events
	"$tool" watch --dump flooded >events &
	watcher=$!
	exec 4<events
	read -r _ <&4
	do_all flooded 20000 'store\tk\tv\nload\tk'
	look flooded
	grep -o '"watchers":[0-9]*' all >got
	judge 'flooded has: overflows' "$(cat status)" 3 '"watchers":1'
	exec 4<&-
	kill "$watcher"
	wait
	finds flooded ''
}

# stat_of MAP NAME
stat_of()
{
	"$tool" stats "$1" | awk -v "name=$2" '$1 == name { print $2 }'
}

# meanwhile MAP LINE: these operations, over and over, with an ever new number
meanwhile()
{
	i=0
	while [ ! -e stop ]; do
		i=$((i + 1))
		repeat 100 "$(echo "$2" | sed "s/#/$i/")" |
			"$tool" batch "$1" >/dev/null
	done &
}

# watch_over MAP STAT N LINE: what is found while that goes on, once that number
# has grown by so much meanwhile
watch_over()
{
	rm -f stop
	meanwhile "$1" "$4"
	span=1
	before=$(stat_of "$1" "$2")
	until look "$1" $span
	      after=$(stat_of "$1" "$2")
	      [ $((after - before)) -ge "$3" ]; do
		before=$after
		span=$((2 * span))
	done
	: >stop
	wait
}

growth()
{
	"$tool" create cache
	watch_over cache count 50 'load-or-store\tk#-@\tv\nload\tk#-@'
	grep -o cache got >name
	report 'cache has: cache' $?
	"$tool" remove cache
	"$tool" create --ttl 1h session
	watch_over session count 50 'load-or-store\tk#-@\tv\nload\tk#-@'
	judge 'session has: nothing' "$(cat status)" 0 ''
	"$tool" remove session
	"$tool" create log
	"$tool" store log k v
	do_all log 1000 'load\tk'
	watch_over log count 50 'store\tk#-@\tv\nload\tk'
	grep -o growth got >name
	report 'log has: growth' $?
	"$tool" remove log
}

hot_keys()
{
	"$tool" create hot
	do_all hot 100 'store\tkey @\tv'
	watch_over hot found 5000 'load\tkey 7\nload\tkey 7\nload\tkey @'
	grep -o '"key":"key 7"' all >got
	judge 'hot has: hot-key' "$(cat status)" 3 '"key":"key 7"'
	watch_over hot found 5000 'load\tkey @'
	! grep -q hot-key got
	report 'hot has no hot-key' $?
	grep -c tracepoint notes >got
	judge 'keys were looked at' 0 0 0
	"$tool" set --mode 644 hot
	nobody doctor --for 1ms hot >all 2>&1
	grep -o 'looked for: .*' all >got
	judge 'nobody sees keys' 0 0 'looked for: only root can look at tracepoints'
}

# instance_of NUMBER: of a process, or none
instance_of()
{
	[ -d "$instances/syncmapctl-$1" ]
}

signals()
{
	for signal in TERM KILL; do
		"$tool" doctor --for 1d hot >/dev/null 2>&1 &
		doctor=$!
		until instance_of "$doctor"; do sleep 0.1; done
		kill "-$signal" "$doctor"
		wait "$doctor"
		echo $? >>ends
	done
	xargs <ends >got
	instance_of "$doctor" && judge 'doctor ends by signals' 0 0 '143 137'
	"$tool" doctor --for 1ms hot >/dev/null 2>&1
	ls $instances >got
	judge 'what a killed one has left goes' 0 0 ''
	"$tool" remove hot
}

usage()
{
	t 2 "syncmapctl: 'never': it has to end
Usage: syncmapctl doctor [MAP]
Try 'syncmapctl help doctor'." doctor --for never hot
	t 1 "syncmapctl: there is no map 'none'" doctor none
	"$tool" create fresh
	t 0 "syncmapctl: map 'fresh': 0 operations are too few to judge by: 1000 would do" \
		doctor --for 0 fresh
	do_all fresh 1000 'store\tk@\tv'
	t 0 'nothing to say, by 1000 operations' doctor --for 0 fresh
	"$tool" remove fresh
}

usage
writes
churn
absent
mismatches
limit
caches
mirrors
overflows
growth
hot_keys
signals
finish
