#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What maps are doing, as syncmapctl tells it: stats, top --once, biggest. Needs the
# module, root, and syncmapctl in PATH. Prints TAP.
# shellcheck disable=SC2317 # functions that "is" calls
set -u

# shellcheck source=tools/selftest/harness/tool.sh
. "$(dirname "$0")/tool.sh"

EACH=29 # samples of each map, for Prometheus

usage()	# prints what ends an error in the usage of verb $1, with arguments $2
{
	echo "Usage: syncmapctl $1 $2"
	echo "Try 'syncmapctl help $1'."
}

# is NAME COMMAND...: it succeeds; else what is in got tells why
is()
{
	what=$1
	shift
	"$@" >got 2>&1
	wrong=$?
	report "$what" $wrong
	[ $wrong -eq 0 ] || sed 's/^/# /' got
}

# number NAME FILE: the last number of this name in JSON
number()
{
	sed -n 's/.*"'"$1"'":\([0-9.]*\).*/\1/p' "$2" | tail -n 1
}

# asked FOUND ABSENT, of the map m
asked()
{
	"$tool" -j stats m >numbers
	echo "$(number found numbers) $(number absent numbers)" >got
	judge "stats: $1 found, $2 absent" 0 0 "$1 $2"
	number found_ratio numbers >got
	judge 'and which share that is' 0 0 \
		"$([ "$1" = 0 ] || awk "BEGIN { printf \"%.4f\", $1 / ($1 + $2) }")"
	"$tool" -j info m | grep -o '"found":.*' >got
	judge 'info tells the same' $? 0 '"found":'"$1"',"absent":'"$2"'}'
}

# A key that is only in the dirty table is there, and one that is nowhere is absent
found_and_absent()
{
	t 0 '' create m
	asked 0 0
	seq 100 | sed "s/.*/&$tab&/" | "$tool" import m >got
	asked 0 0
	for key in 1 2 3; do t 0 $key load m $key; done
	t 3 "syncmapctl: map 'm': key '0' is absent" load m 0
	asked 3 1
	seq 0 100 | "$tool" load m - >got 2>&1
	asked 103 2
	t 0 1 touch m 1
	t 3 1 load-or-store m 1 x
	t 0 x load-or-store m x x
	asked 105 3
	t 0 y load-or-compute m y -- echo y
	t 0 y load-or-compute m y -- echo z
	asked 106 4
	t 0 '' remove m
}

demands()
{
	form='MAP|--prometheus [MAP...]'
	t 2 "syncmapctl: stats: too few arguments
$(usage stats "$form")" stats
	t 2 "syncmapctl: '99ms': an interval is from 100ms to 1d
$(usage stats "$form")" stats --interval 99ms m
	t 0 '' create m
	t 2 '{"error":"stats: too many arguments"}' -j stats m m
	t 2 '{"error":"'"'1d1ns'"': an interval is from 100ms to 1d"}' \
		-j stats --interval 1d1ns m
	t 2 '{"error":"--count is for --interval"}' -j stats -c 1 m
	t 2 '{"error":"--output is for --prometheus"}' -j stats --output f m
	alone='--prometheus is a form of its own: without --interval and --json'
	t 2 '{"error":"'"$alone"'"}' -j stats --prometheus m
	t 2 "syncmapctl: $alone
$(usage stats "$form")" stats --prometheus --interval 1s m
	t 2 '{"error":"--json is for --once"}' -j top
	t 1 "syncmapctl: top: this is no terminal
'syncmapctl top --once' needs none." top
	t 0 '' remove m
}

# lines N FILE: there are so many, or more
lines()
{
	[ "$(wc -l <"$2")" -ge "$1" ]
}

# All that is done between two of the samples is in the rates that are told
rates()	# WRITES EVICTED OPTION...: of a map that is made so
{
	counts="$1 $2"
	shift 2
	t 0 '' create "$@" m
	: >rows # what is started below opens it late
	"$tool" -j stats --interval 100ms m >rows 2>&1 &
	until lines 1 rows; do sleep 0.1; done
	for i in $(seq 20); do
		"$tool" store m "k$i" v
		"$tool" load m "k$i" nothing >got 2>&1
	done
	last=$(wc -l <rows)
	until lines $((last + 2)) rows; do sleep 0.1; done
	kill -INT $!
	wait $!
	judge 'an interrupt is no error' $? 0 "$(cat got)"
	awk 'function rate(name)
		{
			match($0, "\"" name "_per_second\":[0-9.]+")
			return substr($0, RSTART + length(name) + 14, RLENGTH) * ns / 1e9
		}
		{ match($0, /"interval_ns":[0-9]+/)
		  ns = substr($0, RSTART + 14, RLENGTH)
		  found += rate("found"); absent += rate("absent")
		  loads += rate("loads"); writes += rate("writes")
		  evicted += rate("evicted") }
		END { printf "%.0f %.0f %.0f %.0f %.0f\n", found, absent, loads, writes,
			evicted }' rows >got
	judge 'found, absent, loads, writes, evicted' 0 0 "20 20 40 $counts"
	t 0 '' remove m
}

as_wide()	# FILE COLUMNS
{
	awk -v n="$2" 'length($0) != n { bad = 1; print length($0) ": " $0 }
		END { exit bad }' "$1"
}

tables()
{
	heading=' LOADS/s FOUND WRITES/s PROM/s WAITS/s MEMORY ENTRIES FULL WATCH'
	t 0 '' create --entries 4 m
	t 0 '' store m k v
	# A promotion, which comes by itself in a second, would be in the row
	until "$tool" -j stats m | grep -q '"dirty_keys":0,'; do sleep 0.1; done
	"$tool" stats --interval 100ms --count 1 m | cut -c 1-38,46-64 >got
	judge 'a row' 0 0 "$(echo "$heading" | cut -c 1-38,46-64)
       0     -        0      0       0       1  25%     0"
	"$tool" stats --interval 100ms --count 3 m >got
	head -n 1 got >first
	judge 'rows and a heading' "$(wc -l <got)" 4 "$(cat got)"
	is 'they are aligned' as_wide got 64
	"$tool" -j stats --interval 100ms --count 3 m >got
	judge 'an object per line' "$(grep -c '^{"map":"m","interval_ns":.*}$' got)" 3 \
		"$(cat got)"
	t 0 '' remove m
}

# gone COMMAND TEXT STATUS: what is told when this has been done with the map
gone()
{
	t 0 '' create m
	: >rows # what is started below opens it late
	"$tool" stats --interval 100ms m >rows 2>&1 &
	until lines 2 rows; do sleep 0.1; done
	t 0 '' "$1" m
	wait $!
	status=$?
	grep -v '[/%]' rows >got
	judge "a map that is gone: $1" $status 1 "$2"
}

maps_that_go()
{
	gone remove "syncmapctl: map 'm' has been removed"
	gone retire "syncmapctl: map 'm' is retired: it is empty for good"
	# One that had gone before is there for whoever has it
	t 0 '' create m
	# shellcheck disable=SC2016 # for the inner shell
	"$tool" exec m -- sh -c '"$0" remove m
		exec "$0" stats --interval 100ms --count 2 /dev/fd/3' "$tool" >rows
	judge 'a map that had gone' $? 0 "$(cat got)"
	is 'two rows of it' lines 3 rows
}

# The text format of Prometheus, and what its makers ask for besides: each name has
# its help and its type, once and in this order, then all of its samples; a counter is
# a total, and nothing else is; no sample is there twice.
cat >grammar.awk <<'AWK'
function bad(why) { print "line " NR ": " why ": " line; failed = 1 }

# Takes the labels from the rest; returns 0 if they are none
function labels(    name) {
	if (!sub(/^\{/, "", rest))
		return 0
	for (;;) {
		if (!match(rest, /^[a-zA-Z_][a-zA-Z0-9_]*="/))
			return 0
		name = substr(rest, 1, RLENGTH - 2)
		if ((NR, name) in seen || name ~ /^__/)
			return 0
		seen[NR, name] = 1
		rest = substr(rest, RLENGTH + 1)
		# \, " and the end of a line are escaped, and nothing else is
		while (match(rest, /^[^"\\]/) || match(rest, /^\\[\\"n]/))
			rest = substr(rest, RLENGTH + 1)
		if (!sub(/^"/, "", rest))
			return 0
		if (sub(/^\}/, "", rest))
			return 1
		if (!sub(/^,/, "", rest))
			return 0
	}
}

function sample(    series) {
	match(line, /^[a-zA-Z_:][a-zA-Z0-9_:]*/)
	if (RLENGTH < 1 || substr(line, 1, RLENGTH) != typed)
		bad("not of the name before")
	rest = substr(line, RLENGTH + 1)
	if (!labels())
		bad("labels")
	series = substr(line, 1, length(line) - length(rest))
	if (series in all)
		bad("a second sample")
	all[series] = 1
	samples++
	if (rest !~ /^ [0-9]+(\.[0-9]+)?$/)
		bad("no value")
}

{ line = $0 }

/^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* [A-Z].*\.$/ {
	if ($3 in helped)
		bad("a second help")
	if (helping != typed)
		bad("a help without a type")
	helping = $3
	helped[$3] = 1
	next
}

/^# TYPE [a-zA-Z_:][a-zA-Z0-9_:]* (counter|gauge)$/ {
	if ($3 != helping || $3 == typed)
		bad("a type without a help")
	typed = $3
	if ((typed ~ /_total$/) != ($4 == "counter"))
		bad("a counter is a total")
	if (typed !~ /^syncmap_/ || typed ~ /_(ns|ms|us|kb|percent)(_total)?$/)
		bad("a name that does not fit")
	next
}

{ sample() }

END {
	if (helping != typed)
		bad("a help without a type")
	if (samples != want)
		bad(samples + 0 " samples, not " want)
	exit failed
}
AWK

# grammar SAMPLES FILE
grammar()
{
	awk -v want="$1" -f grammar.awk "$2" && [ -z "$(tail -c 1 "$2")" ]
}

# refused TEXT: by the judge
refused()
{
	printf '%b' "$1" >text
	! grammar 1 text >got
	report "the judge refuses $(grep . got | sed 1q)" $?
}

the_judge()
{
	help='# HELP syncmap_a_total A.\n'
	head="$help"'# TYPE syncmap_a_total counter\n'
	one='syncmap_a_total{map="m"} 1'
	printf '%b' "$head$one\n" >text
	is 'the judge takes what is good' grammar 1 text
	refused "$head"
	refused "$one\n"
	refused "$head$one"
	refused "$help$one\n"
	refused "$head$one\n$one\n"
	refused "$head$one\n$head"
	refused "$head$one\n# TYPE syncmap_b_total counter\n"
	refused "$head$one\n# HELP syncmap_b_total B.\n"
	refused "${help}# TYPE syncmap_a_total gauge\n$one\n"
	refused "# HELP syncmap_a A.\n# TYPE syncmap_a counter\nsyncmap_a{map=\"m\"} 1\n"
	refused "# HELP a_total A.\n# TYPE a_total counter\na_total{map=\"m\"} 1\n"
	refused "$head\n$one\n"
	refused "$head${one}e\n"
	refused "$head$one \n"
	refused "${head}syncmap_b_total{map=\"m\"} 1\n"
	refused "${head}syncmap_a_total{map=\"m\",map=\"n\"} 1\n"
	refused "${head}syncmap_a_total{map=\"m\"n\"} 1\n"
	refused "${head}syncmap_a_total{map=\"\\\\t\"} 1\n"
	refused "${head}syncmap_a_total{map=m} 1\n"
	refused "${head}syncmap_a_total 1\n"
}

has()	# a line of text: the metric behind syncmap_map_
{
	grep -Fqx "syncmap_map_$1" text
}

prometheus()
{
	the_judge
	t 0 '' stats --prometheus
	t 0 '' create --entries 7 --mode 644 a
	t 0 '' create --mapped b
	t 0 '' store a k v
	t 0 v load a k
	t 3 "syncmapctl: map 'a': key 'l' is absent" load a l
	"$tool" stats --prometheus >text
	is 'all maps in the format' grammar $((2 * EACH)) text
	is 'entries' has 'entries{map="a",owner="root"} 1'
	is 'limit' has 'entries_limit{map="a",owner="root"} 7'
	is 'found' has 'loads_total{map="a",owner="root",result="found"} 1'
	is 'absent' has 'loads_total{map="a",owner="root",result="absent"} 1'
	is 'writes' has 'writes_total{map="a",owner="root"} 1'
	is 'evicted' has 'evicted_total{map="a",owner="root"} 0'
	is 'another map' has 'writes_total{map="b",owner="root"} 0'
	is 'waits' has 'waits_total{map="b",owner="root",reason="lease"} 0'
	"$tool" stats --prometheus a >text
	is 'one map in the format' grammar $EACH text
	"$tool" stats --prometheus a b a >text
	is 'no map is there twice' grammar $((2 * EACH)) text
	"$tool" create '' -- "$tool" stats --prometheus /dev/fd/3 a >text
	is 'a map without a name' grammar $((2 * EACH)) text
	is 'it has its number' grep -q '^syncmap_map_entries{map="#[0-9]*",owner="root"} 0$' text
	nobody stats --prometheus >text
	is 'what nobody may see' grammar $EACH text
	t 1 "syncmapctl: there is no map 'c'" stats --prometheus a c
	t 0 '' stats --prometheus --output file
	is 'a file in the format' grammar $((2 * EACH)) file
	t 1 "syncmapctl: there is no map 'c'" stats --prometheus --output file c
	is 'it stays as it was' grammar $((2 * EACH)) file
	t 1 'syncmapctl: none/file: No such file or directory' \
		stats --prometheus --output none/file
	find . -name 'file?*' >got
	judge 'nothing else is left' 0 0 ''
	t 0 '' remove a
	t 0 '' remove b
}

biggest()
{
	t 0 '' create m
	for i in 1 2 3; do
		t 0 '' store m "key$i" "$(printf "%0${i}00d" 0)"
	done
	t 0 '' store m 'a long key with a short value' x
	t 0 "       304${tab}key3
       204${tab}key2
       104${tab}key1
        30${tab}a long key with a short value" biggest m
	t 0 "       304${tab}key3" biggest --limit 1 m
	t 0 '[{"key":"key3","bytes":304,"key_bytes":4,"value_bytes":300},
{"key":"key2","bytes":204,"key_bytes":4,"value_bytes":200}]' -j biggest --limit 2 m
	t 0 "       304${tab}6b657933" biggest --key-format hex --limit 1 m
	t 1 "       304${tab}key3
syncmapctl: map 'm': key '6b657933': not the eight bytes of a u64" \
		biggest -k u64 --limit 1 m
	t 2 '{"error":"raw is a format for one value"}' -j biggest -k raw m
	t 0 'key3
key2' range --order size --limit 2 --keys-only m
	t 0 'a long key with a short value
key1' range --order size --reverse --limit 2 --keys-only m
	t 0 '' remove m
	t 0 '' create -t u64 m
	t 0 '[]' -j biggest m
	awk 'BEGIN { for (i = 0; i < 1009; i++)
			value = value "0"
		for (i = 0; i < 1000; i++)
			print i "\t" substr(value, 1, i * 7919 % 1009 + 1) }' >entries
	t 0 '1000 lines: 1000 stored, 0 bad' import m entries
	awk '{ printf "%10d\t%d\n", 8 + length($2), $1 }' entries | sort -rn >all
	for limit in 10 999 2000; do
		"$tool" biggest --limit $limit m >got
		head -n $limit all >want
		same "the $limit biggest" got want
	done
	"$tool" biggest m >got
	head -n 10 all >want
	same 'ten, if nobody says' got want
	t 0 '' remove m
}

fits()	# FILE COLUMNS
{
	awk -v n="$2" 'length($0) > n { bad = 1; print length($0) ": " $0 }
		END { exit bad }' "$1"
}

top_once()
{
	"$tool" top --once --interval 100ms >all
	is 'top of nothing' fits all 80
	t 0 '' create --mode 600 mine
	t 0 '' create --mode 644 --entries 4 theirs
	t 0 '' store theirs k v
	t 0 '' create a.name.of.a.map.that.nobody.would.type
	"$tool" top --once --interval 100ms >all
	is 'it fits' fits all 80
	{
		sed -n '1p; 2s/ [0-9].*//p' all
		sed -n '3,$p' all | cut -c 1-24,62-80
	} >got
	judge 'top --once' 0 0 '3 maps; by loads, every 100ms
memory of all users
MAP              LOADS/s ENTRIES FULL WATCH
(total)                0       1    -     0
a.name.of.a.ma+        0       0   0%     0
mine                   0       0   0%     0
theirs                 0       1  25%     0'
	nobody top --once --interval 100ms >all
	{
		head -n 1 all
		grep '^mine\|^theirs' all | cut -c 1-30,62-80
	} >got
	judge 'maps of others' 0 0 "3 maps, 2 that you may not open; by loads, every 100ms
mine                   -     -       0   0%     -
theirs                 0     -       1  25%     0"
	"$tool" -j top --once --interval 100ms >all
	is 'in JSON' grep -qE '^\{"maps":\[(\{"map":"[a-z.]*","id":[0-9]*,"uid":0,"interval_ns":[0-9]*,"loads_per_second":0.000,[^{}]*\},?){3}\],"total":\{"interval_ns":[^{}]*\},"all_bytes":[0-9]*,"max_all_bytes":[0-9]*\}$' all
	nobody -j top --once --interval 100ms | grep -o '{[^{}]*loads_per_[^{}]*}' |
		grep -o '"map":"[a-z.]*"\|"count":1' >got
	judge 'what one may not know is left out' 0 0 '"map":"theirs"
"count":1
"count":1'
	"$tool" top --once --interval 1h >got &
	# It sleeps when it waits, and not before
	until grep -q '^State:.S' /proc/$!/status; do sleep 0.1; done
	kill -INT $!
	wait $!
	judge 'somebody does not want to wait' $? 0 ''
	for map in mine theirs a.name.of.a.map.that.nobody.would.type; do
		t 0 '' remove $map
	done
}

found_and_absent
demands
rates 20 0
rates 39 19 --evict --entries 1
tables
maps_that_go
prometheus
biggest
top_once
t 0 '[]' -j list
finish
