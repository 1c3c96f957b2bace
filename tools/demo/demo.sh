#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What syncmap does, shown on the running kernel's own symbol table.
# Run as root where syncmap.ko and syncmapctl are; best in a virtual machine.
# Applets: awk cat cmp cut grep head insmod modprobe mount rm rmmod seq shuf sort tail wc
set -eu

debug=/sys/kernel/debug/syncmap
work=${TMPDIR:-/tmp}/syncmap-demo
modules='kvm mac80211 sunrpc'
readers=3
reads=10000

title() { printf '\n== %s\n' "$*"; }

die()
{
	echo "demo: WRONG: $*" >&2
	exit 1
}

# Show a command, run it, and show what it says.
show()
{
	echo "\$ $*"
	"$@"
}

# The same for one that must say TEXT and exit with STATUS.
want()
{
	text=$1 status=$2
	shift 2
	echo "\$ $*"
	got=0
	said=$("$@" 2>&1) || got=$?
	[ -z "$said" ] || echo "$said"
	[ "$said" = "$text" ] || die "expected '$text'"
	[ "$got" = "$status" ] || die "exit status $got, expected $status"
}

now() { cut -d . -f 1 /proc/uptime; }

equal()	# WHAT A B
{
	[ "$2" = "$3" ] || die "$1: $2, expected $3"
	echo "checked: $1: $2"
}

# The modules bring symbols of their own, as on a machine that is in use. A
# symbol is named as the kernel prints it: with its module behind it. Static
# symbols may share a name; the first one wins, here and in the map.
prepare_symbols()
{
	for module in $modules; do
		modprobe "$module" || echo "without module $module"
	done
	echo 0 >/proc/sys/kernel/kptr_restrict
	awk '{ sub(/^0+/, "", $1)
	       print $3 ($4 == "" ? "" : " ") $4 "\t0x" ($1 == "" ? 0 : $1) }' \
		/proc/kallsyms >symbols
	awk -F '\t' '!seen[$1]++' symbols >firsts
}

import_symbols()
{
	lines=$(wc -l <symbols)
	names=$(cut -f 1 symbols | sort -u | wc -l)
	echo "/proc/kallsyms: $lines lines, $names distinct names"
	show syncmapctl create symbols
	start=$(now)
	show syncmapctl import --if-absent --format x64 symbols symbols \
		2>messages || { cat messages; die "the import failed"; }
	echo "in $(($(now) - start)) s"
	equal 'entries' "$(syncmapctl count symbols)" "$names"
	[ "$names" -ge 100000 ] || die "fewer than 100,000 names"
}

check_symbols()
{
	shuf -n 1000 firsts >picked
	cut -f 1 picked | syncmapctl load --format x64 symbols - >answers
	cmp picked answers || die "a symbol has another address"
	equal 'random look-ups that agree with the file' "$(wc -l <answers)" 1000
	sort firsts >wanted
	syncmapctl export --format x64 symbols 2>messages | sort >exported
	cmp wanted exported || die "the export differs"
	equal 'exported entries that agree with the file' \
		"$(wc -l <exported)" "$names"
}

every_operation()
{
	show syncmapctl create routes
	want '' 0 syncmapctl store routes lo up
	want 'up' 0 syncmapctl load routes lo
	want "syncmapctl: map 'routes': key 'eth0' is absent" 3 \
		syncmapctl load routes eth0
	want 'up' 3 syncmapctl load-or-store routes lo down
	want 'down' 0 syncmapctl load-or-store routes eth0 down
	want 'up' 0 syncmapctl swap routes lo testing
	want '' 0 syncmapctl compare-and-swap routes lo testing up
	want 'up' 3 syncmapctl compare-and-swap routes lo testing down
	want 'down' 3 syncmapctl compare-and-delete routes eth0 up
	want '' 0 syncmapctl compare-and-delete routes eth0 down
	want '1' 0 syncmapctl count routes
	want 'lo	up' 0 syncmapctl range routes
	want 'up' 0 syncmapctl load-and-delete routes lo
	want "syncmapctl: map 'routes': key 'lo' is absent" 3 \
		syncmapctl delete routes lo
	echo "\$ echo 'store wlan0 down' >$debug/routes/control"
	echo 'store wlan0 down' >$debug/routes/control
	want 'down' 0 syncmapctl load routes wlan0
	show cat $debug/routes/entries
	want '' 0 syncmapctl clear routes
	want '' 0 syncmapctl remove routes
}

# Values of eight lengths, each of one letter: any mixture of two is none of
# them. Short ones are overwritten in place, long ones replaced.
make_values()
{
	awk 'BEGIN {
		for (i = len = 1; len < 3000; len *= 3) {
			letter = substr("abcdefgh", i++, 1)
			for (value = letter; length(value) < len; )
				value = value letter
			print "hot\t" value
		}
	}' >values
}

write_until_stopped()
{
	awk '{ all = all $0 "\n" }
	     END { while ((getline line <"stop") < 0) printf "%s", all }' values |
		syncmapctl import race >written 2>messages
}

# Prints how many reads there were, how many different values, how many torn.
read_hot()
{
	awk -v n="$reads" 'BEGIN { while (n--) print "hot" }' |
		syncmapctl load race - |
		awk 'NR == FNR { good[$0] = 1; next }
		     { reads++; seen[$0] = 1 } !($0 in good) { torn++ }
		     END {
			for (value in seen)
				different++
			print reads + 0, different + 0, torn + 0
		     }' values - >"reader.$1"
}

race()
{
	make_values
	syncmapctl create race
	head -n 1 values | syncmapctl import race >written
	write_until_stopped &
	writer=$!
	pids=
	for i in $(seq $readers); do
		read_hot "$i" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || die "a reader failed"
	done
	: >stop
	wait $writer || die "the writer failed"
	seen=0
	for i in $(seq $readers); do
		read -r count different torn <"reader.$i"
		echo "reader $i: $count reads, $different different values," \
			"$torn torn"
		[ "$count" -eq $reads ] || die "$reads reads expected"
		[ "$torn" -eq 0 ] || die "a reader got a mixture of two values"
		[ "$different" -eq 1 ] || seen=1
	done
	[ $seen -eq 1 ] || die "no reader saw the writer"
	echo "writer: $(cat written)"
	syncmapctl remove race
}

# Each name of the file once, in an order of its own, in hundredths of a second
look_up_all()	# FILE FOR THE ANSWERS
{
	start=$(cut -d ' ' -f 1 /proc/uptime)
	syncmapctl load --format x64 addresses - <shuffled >"$1"
	cut -d ' ' -f 1 /proc/uptime |
		awk -v start="$start" '{ printf "%.2f", $1 - start }'
}

mapped_loads()
{
	show syncmapctl create --mapped --mode 644 addresses
	show syncmapctl import --if-absent --format x64 addresses symbols \
		2>messages || { cat messages; die "the import failed"; }
	echo "\$ syncmapctl info addresses | grep mirror"
	syncmapctl info addresses | grep mirror >about
	cat about
	grep -q 'loads  *mapped' about || die "loads are not mapped"
	keys=$(awk '$1 == "mirror.keys" { print $2 }' about)
	[ "$keys" -ge $((names - names / 100)) ] ||
		die "only $keys of $names keys can be seen"
	shuf firsts >shuffle
	cut -f 1 shuffle >shuffled
	seconds=$(look_up_all by_mapping)
	cmp shuffle by_mapping || die "a symbol has another address"
	echo "without a system call for each: $names look-ups in $seconds s"
	seconds=$(SYNCMAP_MAPPED=0 look_up_all by_call)
	cmp shuffle by_call || die "a symbol has another address"
	echo "with one, by SYNCMAP_MAPPED=0: $seconds s"
	syncmapctl store --format x64 addresses printk 0x1
	equal 'address of printk, at once' \
		"$(syncmapctl load --format x64 addresses printk)" 0x1
	syncmapctl clear addresses
	equal 'names after a clear' \
		"$(syncmapctl load addresses - <shuffled | wc -l)" 0
	show syncmapctl remove addresses
}

statistics()
{
	grep -E '^(read_keys|dirty_keys|amended|promotions|last_promote_ns) ' \
		"$debug/symbols/stats"
}

statistic()
{
	awk -v name="$1" '$1 == name { print $2 }' "$debug/symbols/stats"
}

promotion()
{
	seq 1 500 | awk '{ print "new_symbol_" $1 "\t0x" $1 }' |
		syncmapctl import -f x64 symbols
	echo "-- before"
	statistics
	before=$(statistic promotions)
	show sh -c "echo promote >$debug/symbols/control"
	echo "-- after"
	statistics
	[ "$(statistic promotions)" -gt "$before" ] || die "no promotion"
	equal 'dirty keys' "$(statistic dirty_keys)" 0
	equal 'entries' "$(syncmapctl count symbols)" $((names + 500))
}

rm -rf "$work"
PATH=$PWD:$PATH
title "load the module"
show insmod syncmap.ko
mkdir -p "$work"
cd "$work"
[ -d "$debug" ] || mount -t debugfs none /sys/kernel/debug
show syncmapctl doctor

title "the kernel's symbol table as a map"
prepare_symbols
import_symbols
check_symbols

title "loads without a system call"
mapped_loads

title "every operation"
every_operation

title "$readers processes read what one writes"
race

title "a promotion, as debugfs shows it"
promotion

title "remove the map, unload the module"
show syncmapctl list
! rmmod syncmap 2>/dev/null || die "unloaded with a map in it"
echo "checked: the module stays while there is a map"
show syncmapctl remove symbols
show rmmod syncmap
[ ! -e /dev/syncmap ] || die "the device is still there"
cd /
rm -rf "$work"
printf '\ndemo: all was right\n'
