#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What syncmapctl says and does beyond the examples of its manual page: errors,
# formats, files. Needs the module, root, and syncmapctl in PATH. Prints TAP.
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tool=$(command -v syncmapctl)
case $tool in /*) ;; *) tool=$PWD/$tool ;; esac
cd "$work" || exit 1
exec 3>&- # the first that is free for a map
n=0
failed=0
tab=$(printf '\t')

report()	# NAME, 0 if it is good
{
	n=$((n + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		failed=1
	fi
}

judge()	# NAME EXIT-STATUS WANTED-STATUS WANTED-TEXT
{
	wrong=0
	[ "$2" -eq "$3" ] && [ "$(cat got)" = "$4" ] || wrong=1
	report "$1" $wrong
	[ $wrong -eq 0 ] ||
		{ cat got; echo "exit $2; wanted: $4"; } | sed 's/^/# /'
}

# t STATUS TEXT ARGUMENT...: syncmapctl with these has to end like this
t()
{
	want=$1 text=$2
	shift 2
	"$tool" "$@" >got 2>&1
	judge "$*" $? "$want" "$text"
}

nobody()
{
	start-stop-daemon -S -c 65534:65534 -x "$tool" -- "$@"
}

# u STATUS TEXT ARGUMENT...: the same, as nobody
u()
{
	want=$1 text=$2
	shift 2
	nobody "$@" >got 2>&1
	judge "nobody: $*" $? "$want" "$text"
}

# same NAME A B: two files
same()
{
	cmp "$2" "$3" >/dev/null 2>&1
	report "$1" $?
}

# a guest of the rig knows nobody
[ -e /etc/passwd ] || {
	mkdir -p /etc
	echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
	echo 'nogroup:x:65534:' >/etc/group
}
usage="Usage: syncmapctl"

usage_errors()
{
	help="Try 'syncmapctl help'."
	t 2 "syncmapctl: a verb is missing
$help"
	t 2 "syncmapctl: unknown verb 'sto'
$help" sto
	t 2 "syncmapctl: unknown option '-z'
$help" -z
	t 2 "syncmapctl: store: too few arguments
$usage store MAP KEY VALUE
Try 'syncmapctl help store'." store m k
	t 2 "syncmapctl: count: too many arguments
$usage count MAP
Try 'syncmapctl help count'." count m k
	t 2 "syncmapctl: unknown verb 'sto'
$help" -m 600 sto
	t 2 "syncmapctl: count: takes no option --mode
$usage count MAP
Try 'syncmapctl help count'." count -m 600 m
	t 2 '{"error":"option '"'-f'"' needs an argument"}' -j load m k -f
	t 2 '{"error":"'"'hexa'"': a format is text, raw, hex, u64, x64 or json"}' \
		load -f hexa -j m k
	t 2 '{"error":"'"'99'"': a mode is octal, at most 666"}' \
		-j create -m 99 m
	t 2 '{"error":"'"'int'"': a type is u64, string or bytes"}' \
		-j create -t int m
	t 2 '{"error":"a limit is at least 1"}' -j create -E 0 m
	t 2 '{"error":"'"'4294967296'"': too large"}' -j create -K 4294967296 m
	t 2 '{"error":"unknown option '"'-z'"'"}' -jz list
	t 2 '{"error":"unknown verb '"'sto'"'"}' \
		"-$(printf %0200d 0 | tr 0 j)" sto
	t 2 '{"error":"unknown verb '"'a\\\\xff'"'"}' -j "$(printf 'a\377')"
}

map_errors()
{
	t 1 "syncmapctl: there is no map 'm'" load m k
	t 1 '{"error":"there is no map '"'m'"'"}' -j count m
	t 0 '' create m
	t 1 "syncmapctl: map 'm' exists already" create m
	rule="a name has 1 to 63 characters of A-Z a-z 0-9 . _ : -, and limits"
	rule="$rule are at most what 'syncmapctl info' tells"
	t 1 "syncmapctl: map 'a/b': $rule" create a/b
	t 1 "syncmapctl: map '': $rule" create ''
	t 1 "syncmapctl: map 'b': $rule" create -E 0xffffffffffffffff b
	u 1 "syncmapctl: map 'm': permission denied by its mode" count m
	u 1 "syncmapctl: map 'm': only the owner of the map may do this" \
		remove m
	t 1 "syncmapctl: map 'm': key 'a\x00b': a key that this map cannot have" \
		store m 'a\x00b' v
	t 0 '{"map":"m","removed":true}' -j remove m
}

limit_errors()
{
	t 0 '' create -E 2 -K 4 -V 8 small
	t 0 '' store small a 12345678
	t 0 '' store small b ''
	t 1 "syncmapctl: map 'small': key 'c': the map is full: 2 of 2 entries" \
		store small c 1
	t 1 "syncmapctl: map 'small': key 'abcde': the key is too long: 5 bytes of at most 4" \
		store small abcde 1
	t 1 "syncmapctl: map 'small': key 'a': the value is too long: 9 bytes of at most 8" \
		store small a 123456789
	printf 'a\t1\nabcde\t1\nc\t1\nd\t1\n' >lines
	t 1 "syncmapctl: lines:2: the key is too long: 5 bytes of at most 4
syncmapctl: lines:3: the map is full: 2 of 2 entries
3 lines: 1 stored, 1 bad" import small lines
	t 0 '' remove small
	t 0 '' create -B 1000 small
	printf '%01000d' 0 >long
	t 1 "syncmapctl: map 'small': key 'a': the map is full: 0 of 1000 bytes" \
		store small a @long
	t 0 '' remove small
}

# with PARAMETER VALUE COMMAND...: what the module allows, for this once
with()
{
	parameter=/sys/module/syncmap/parameters/$1
	before=$(cat "$parameter")
	echo "$2" >"$parameter"
	shift 2
	"$@"
	echo "$before" >"$parameter"
}

# How much there is and may be, whatever it is that there is too much of
too_many()
{
	t 0 '' create -m 666 w
	with max_maps 1 \
		t 1 "syncmapctl: map 'x': there are too many maps: 1 of at most 1" \
		create x
	u 0 '' create -B 1000 x
	with max_user_maps 1 \
		u 1 "syncmapctl: map 'y': the user has too many maps: 1 of at most 1" \
		create y
	used=$(nobody -j info | sed 's/.*"user_bytes":\([0-9]*\).*/\1/')
	with max_user_bytes 1 \
		u 1 "syncmapctl: map 'y': the maps of the user take too much memory: $used of at most 1 bytes" \
		create y
	with max_user_bytes 1 \
		u 1 "syncmapctl: map 'x': key 'a': the maps of the user take too much memory: $used of at most 1 bytes" \
		store x a b
	used=$("$tool" -j info | sed 's/.*"all_bytes":\([0-9]*\),.*/\1/')
	with max_all_bytes 1 \
		t 1 "syncmapctl: map 'y': all maps together take too much memory: $used of at most 1 bytes" \
		create y
	with max_user_watchers 0 \
		u 1 "syncmapctl: map 'w': the user has too many watchers: 0 of at most 0" \
		watch w
	for i in $(seq 64); do "$tool" watch w >/dev/null 2>&1 & done
	until "$tool" -j stats w | grep -q '"watchers":64,'; do sleep 0.1; done
	t 1 "syncmapctl: map 'w': the map has too many watchers: 64 of at most 64" \
		watch w
	t 1 "syncmapctl: map 'w': the key is too long: 1025 bytes of at most 1024" \
		watch w "$(printf %01025d 0)"
	t 0 '' remove w
	t 0 '' remove x
	wait
}

formats()
{
	t 0 '' create -t bytes b
	t 0 '' store -f hex b 00ff 0a1b00
	t 0 '\n\x1b\x00' load b 00ff
	t 0 '{"key":"00ff","value":"\n\u001b\u0000","loaded":true,"revision":1}' \
		-j load b 00ff
	t 1 "\n\x1b\x00
syncmapctl: map 'b': key '00ff': not the eight bytes of a u64" \
		load -f u64 b 00ff
	t 0 '' store -f hex b 01 ff
	t 0 '{"key":"01","value":{"hex":"ff"},"loaded":true,"revision":2}' \
		-j load b 01
	t 0 '' store -k text -f x64 b 'a\tb' 0xffffffff81000000
	t 0 '0xffffffff81000000' load -f x64 b 610962
	t 0 '18446744071578845184' load -f u64 -k text b 'a\tb'
	t 1 "syncmapctl: map 'b': key '0g': not a hex number" load b 0g
	t 1 "syncmapctl: value '{': not JSON" store -f json b 00 '{'
	t 0 '' store b 00 -- -dash
	t 0 '-dash' load b 00
	head -c 60000 /dev/urandom >random
	t 0 '' store b 00 @random
	"$tool" load -f raw b 00 >copy
	same 'a value is a file, byte for byte' random copy
	"$tool" swap -f raw b 00 - <copy >copy2
	same 'swap takes standard input, and gives the previous value' random copy2
	t 1 "syncmapctl: nowhere: No such file or directory" store b 00 @nowhere
}

# Every byte in keys and values, through both kinds of file
round_trip()
{
	awk 'BEGIN { for (i = 0; i < 256; i++) printf "k%02x\t\\x%02x%d\n", i, i, i }' |
		"$tool" import -k text b >got 2>&1
	judge 'import of every byte' $? 0 '256 lines: 256 stored, 0 bad'
	for lines in '' --json-lines; do
		"$tool" export $lines b | sort >one
		t 0 '' create -t bytes c
		"$tool" import $lines c one >got 2>&1
		judge "import of an export $lines" $? 0 \
			"260 lines: 260 stored, 0 bad"
		"$tool" export $lines c | sort >two
		same "export of the import $lines" one two
		t 0 '' remove c
	done
	t 0 '' remove b
}

# What is left of its time goes with an entry from map to file to map
time_to_live()
{
	time="a time is like 90s, 1h30m, 500ms or never"
	t 2 '{"error":"'"'1hour': $time"'"}' -j store -T 1hour t k v
	t 0 '' create --ttl 1h --stale 2m t
	"$tool" info t | grep _ns | tr -s ' ' >got
	judge 'info tells times' 0 0 "ttl_ns 3600000000000
stale_ns 120000000000"
	t 0 '' store t hour 1
	t 0 '' store -T never t never 2
	t 0 '' store -T 0 t gone 3
	t 3 "syncmapctl: map 't': key 'gone' is absent" load t gone
	t 3 '{"key":"gone","loaded":false}' -j touch t gone
	"$tool" export -l t | sort | tee lines | sed 's/:35[0-9]*}$/:35...}/' >got
	judge 'export writes times' 0 0 \
		'{"key":"hour","value":"1","ttl_ns":35...}
{"key":"never","value":"2"}'
	t 0 '2 lines: 2 stored, 0 bad' import -T 5h -l t lines
	"$tool" export -l t | sort | sed 's/:\(35\|179\)[0-9]*}$/:\1...}/' >got
	judge 'import reads times, and takes the given one' 0 0 \
		'{"key":"hour","value":"1","ttl_ns":35...}
{"key":"never","value":"2","ttl_ns":179...}'
	t 0 '' remove t
}

# Of what goes with a file, JSON and exported lines tell; what is imported stays
what_is_owned()
{
	t 0 '' create o
	"$tool" hold o k v -- sh -c "$tool -j range o; $tool export -l o
		$tool -j load o k; $tool -j watch -d -c 1 o" |
		sed 's/"revision":[0-9]*/"revision":N/' >got
	judge 'what is owned' 0 0 \
		'[{"key":"k","value":"v","revision":N,"owned":true}]
{"key":"k","value":"v","owned":true}
{"key":"k","value":"v","loaded":true,"revision":N,"owned":true}
{"key":"k","event":"entry","revision":N,"owned":true}'
	printf '{"key":"k","value":"v","owned":true}\n' >lines
	t 0 '1 lines: 1 stored, 0 bad' import -l o lines
	t 0 '{"key":"k","value":"v","loaded":true,"revision":3}' -j load o k
	t 0 '' remove o
}

many_lines()
{
	awk 'BEGIN { for (i = 0; i < 50000; i++) print i "\t" i * 7 }' >lines
	t 0 '' create -t u64 n
	t 0 '50000 lines: 50000 stored, 0 bad' import -f u64 n lines
	t 0 '{"map":"n","lines":50000,"stored":0,"present":50000,"bad":0}' \
		-j import -a -f u64 n lines
	t 0 '{"map":"n","count":50000}' -j count n
	"$tool" range -f u64 n | sort >got
	sort lines >want
	same 'range shows what was imported' got want
	awk 'NR % 2' lines | cut -f 1 | "$tool" load -f u64 n - >got
	awk 'NR % 2' lines >want
	same 'load of many keys' got want
	t 0 '{"map":"n","cleared":true}' -j clear n
	t 0 '[]' -j range n
	t 1 '{"error":"map '"'n'"': key '"'x'"': not a number"}' -j load n x 1
	printf '1\t2\nx\t1\n3\t-1\n4\n' >lines
	t 1 '{"map":"n","lines":4,"stored":1,"present":0,"bad":3,"errors":[{"line":2,"error":"not a number"},{"line":3,"error":"not a number"},{"line":4,"error":"no tab between key and value"}]}' \
		-j import -f u64 n lines
	t 3 "1${tab}2" load -f u64 n 1 2
	t 1 "1${tab}2
syncmapctl: map 'n': key 'x': not a number" load -f u64 n 1 x 2
	t 0 '' remove n
}

# Many lines go in one call, which changes nothing of what each of them does
calls_of_many_lines()
{
	seq 3000 | sed "s/.*/&$tab&/" >lines
	{ sed '1100s/.*/no tab/; 1200s/^/x/' lines; echo "5${tab}late"; } >mixed
	t 0 '' create -t u64 -E 2500 n
	t 1 "syncmapctl: mixed:1100: no tab between key and value
syncmapctl: mixed:1200: not a number
syncmapctl: mixed:2503: the map is full: 2500 of 2500 entries
2503 lines: 2500 stored, 2 bad" import n mixed
	t 0 5 load n 5
	t 0 '{"map":"n","count":2500}' -j count n
	t 0 '' remove n
	t 0 '' create -V 8 n
	awk 'BEGIN { for (i = 0; i < 2050; i++)
		print i "\t" (i % 1000 == 7 ? "far too long" : i) }' >lines
	long="the value is too long: 12 bytes of at most 8"
	t 1 "syncmapctl: lines:8: $long
syncmapctl: lines:1008: $long
syncmapctl: lines:2008: $long
2050 lines: 2047 stored, 3 bad" import n lines
	t 0 '' freeze n
	t 1 "syncmapctl: lines:1: frozen: nobody can write any more
1 lines: 0 stored, 0 bad" import n lines
	t 0 '' remove n
	t 0 '' create -V 1000000 n
	head -c 1000000 /dev/zero | tr '\0' x >long
	{ printf 'a\t'; cat long; printf '\nb\t'; cat long; } >lines
	t 0 '2 lines: 2 stored, 0 bad' import n lines
	"$tool" load -f raw n b >copy
	same 'import of long lines, the last without an end' long copy
	t 0 '' remove n
}

# What has arrived is in the map, though nobody has said that it was all
lines_that_come_late()
{
	t 0 '' create n
	mkfifo feed
	"$tool" import n feed >got 2>&1 &
	exec 3>feed
	printf 'a\t1\nb' >&3
	until "$tool" load n a >/dev/null 2>&1; do sleep 0.1; done
	printf '\t2\nc\t3' >&3
	exec 3>&-
	wait $!
	judge 'import of lines that come late' $? 0 '3 lines: 3 stored, 0 bad'
	t 0 2 load n b
	t 0 '' remove n
}

# killed SIGNAL NUMBER: it ends by the signal, and its watcher with it. A command
# in the background would ignore SIGINT, so that is the one that sends it
killed()
{
	# shellcheck disable=SC2016 # for the inner shell
	sh -c '(sleep 1; kill -"$0" $$) & exec "$1" watch w' "$1" "$tool" >got 2>errors
	judge "watch: SIG$1" $? $((128 + $2)) ''
}

watching()
{
	t 0 '' create w
	killed HUP 1
	killed INT 2
	killed KILL 9
	killed TERM 15
	# as soon as it has something to say to nobody
	(sleep 1; for i in 1 2 3 4; do "$tool" store w k $i; sleep 1; done) &
	{ "$tool" watch w; echo $? >code; } 2>errors | head -n 1 >got
	judge 'watch: the reader goes' "$(cat code)" 141 "store${tab}k"
	wait
	(sleep 1; "$tool" store w k v) &
	"$tool" watch w >/dev/full 2>got
	judge 'watch: nobody can read it' $? 1 \
		'syncmapctl: standard output: No space left on device'
	wait
	"$tool" stats w | grep -w watchers | tr -s ' ' >got
	judge 'no watcher is left' 0 0 'watchers 0'
	t 1 "syncmapctl: there is no map 'x'" watch x
	(sleep 1; "$tool" remove w) &
	t 0 'removed' watch w
	wait
}

appending()
{
	(umask 0 && "$tool" create -V 8 -B 140 -m 602 log)
	t 0 '' append log a 1234
	t 0 '{"key":"a","revision":2,"previous_revision":1}' -j append log a 56
	t 1 "syncmapctl: map 'log': key 'a': the value is too long: 9 bytes of at most 8" \
		append log a 789
	u 0 '' append log a 7
	u 1 "syncmapctl: map 'log': permission denied by its mode" load log a
	printf 8 | "$tool" append log a -
	t 0 12345678 load log a
	t 1 "syncmapctl: map 'log': key 'b': the map is full: 73 of 140 bytes" \
		append log b 1234567
	t 0 '' append -f hex log b 61
	t 1 "syncmapctl: value '6': an odd number of hex digits" \
		append -f hex log b 6
	printf 'append\tb\t\\n\nappend\tb\t12345678\nload\tb\n' |
		"$tool" batch log >got 2>&1
	judge 'batch that appends' $? 1 "done
the value is too long: 10 bytes of at most 8
done${tab}a\n"
	t 0 '' freeze log
	t 1 "syncmapctl: map 'log': key 'b': frozen: nobody can write any more" \
		append log b 1
	t 0 '' remove log
}

batches()
{
	t 0 '' create -t u64 -m 604 n
	printf 'store\t1\t10\nadd\t1\t5\nload\t1\nload\t2\n' |
		"$tool" batch -f u64 n >got 2>&1
	judge 'batch' $? 3 "done
done${tab}15
done${tab}15
absent"
	printf 'load\t1\nload\nload\t1\n' | "$tool" batch -f u64 n >got 2>&1
	judge 'batch with a bad line' $? 1 "done${tab}15
syncmapctl: stdin:2: too few or too many words; a tab separates them"
	printf 'store\t1\t1\0\n' | "$tool" batch -f u64 n >got 2>&1
	judge 'batch with a NUL' $? 1 \
		'syncmapctl: stdin:1: a NUL; write \x00 instead'
	printf 'load\t1\n' | "$tool" -j batch -f u64 n >got 2>&1
	judge 'batch in JSON' $? 0 \
		'[{"key":1,"value":15,"operation":"load","outcome":"done","revision":2}]'
	printf 'load\t1\nstore\t1\t2\n' >rows
	u 1 "done${tab}15
the map is not open for this access" batch -f u64 n <rows
	awk 'BEGIN { for (i = 0; i < 3000; i++) printf "store\t%d\t%d\n", i, i }' |
		"$tool" batch -f u64 n | sort -u >got
	judge 'long batch' $? 0 'done'
	t 0 '{"map":"n","count":3000}' -j count n
	t 3 '' load -N 4000 -f u64 n 1 2
	t 0 '' remove n
}

# Which map it has to be, and whose names
demands()
{
	t 0 '' create -m 604 d
	id=$("$tool" -j info d | grep -o '"id":[0-9]*' | tr -dc 0-9)
	t 0 0 count -I "$id" -o 0 d
	t 1 "syncmapctl: map 'd': it has another number, or owner" \
		count -I 1000000000 d
	t 1 "syncmapctl: map 'd': it has another number, or owner" \
		remove --owner 1 d
	t 2 "{\"error\":\"'/dev/fd/3': --scope, --owner and --id are for names\"}" \
		-j count --id 1 /dev/fd/3
	t 0 0 count --scope $$ d
	t 1 "syncmapctl: there is no map 'd'" count --scope 4294967295 d
	t 0 '' list --scope 4294967295
	t 0 '' remove --id "$id" --scope $$ --owner 0 d
}

# inherit STATUS TEXT SCRIPT: a shell that inherits a new map, of no name
inherit()
{
	# shellcheck disable=SC2016 # for the inner shell
	t "$1" "$2" create '' -- \
		sh -c 'ctl=$0 map=/dev/fd/$SYNCMAP_FD; '"$3" "$tool"
}

# shellcheck disable=SC2016 # for the inner shell
descriptors()
{
	t 0 '' create -m 604 d
	t 0 '' store d k v
	t 1 "syncmapctl: '/dev/fd/99': there is no such descriptor" \
		count /dev/fd/99
	t 1 "syncmapctl: '/dev/fd/4294967296': there is no such descriptor" \
		count /dev/fd/4294967296
	t 1 "syncmapctl: '/dev/fd/1x': there is no such descriptor" \
		count /dev/fd/1x
	t 1 "syncmapctl: '/dev/fd/1': not a descriptor of a map" \
		count /dev/fd/1
	t 1 "syncmapctl: '/dev/fd/0': not a descriptor of a map" \
		count /dev/fd/0 </dev/syncmap
	t 2 '{"error":"either read-only or write-only"}' \
		-j exec --read-only --write-only d true
	t 1 'syncmapctl: ./no: No such file or directory' exec d ./no
	t 42 '' exec d -- sh -c 'exit 42'
	u 1 "syncmapctl: map 'd': permission denied by its mode" exec d true
	u 0 '' exec -R d true
	look='"$0" -j info /dev/fd/$SYNCMAP_FD | grep -o "access.*only\|access.*write"'
	for only in read write; do
		t 0 "access\":\"$only-only" exec --$only-only d -- \
			sh -c "$look" "$tool"
	done
	t 0 'access":"read-write' exec d -- sh -c "$look" "$tool"
	u 1 "syncmapctl: map 'd': only the owner of the map may do this" freeze d
	t 1 "syncmapctl: map '/dev/fd/3': the descriptor is read-write" \
		exec d "$tool" freeze /dev/fd/3
	t 0 '' remove d
}

# Who gets it may do what it is for, whoever that is, and has no other
# shellcheck disable=SC2016 # for the inner shell
descriptors_handed_over()
{
	nobody='start-stop-daemon -S -c 65534:65534 -x $ctl --'
	inherit 0 v '$ctl store $map k v; $ctl load $map k'
	inherit 1 "v
syncmapctl: map '/dev/fd/3': the descriptor is read-only" \
		'$ctl store $map k v; exec $ctl exec -R $map -- \
			sh -c "'"$nobody"' load $map k; '"$nobody"' clear $map"'
	inherit 1 "syncmapctl: map '/dev/fd/3': the descriptor is write-only
syncmapctl: map '/dev/fd/3': the descriptor is write-only" \
		'exec $ctl exec -O $map -- \
			sh -c "$ctl range $map; $ctl exec $map true"'
	inherit 0 read-write-admin '$ctl -j info $map | grep -o "read[a-z-]*"'
	inherit 1 "syncmapctl: map '/dev/fd/3': key 'k': frozen: nobody can write any more" \
		'$ctl freeze $map; exec $ctl store $map k v'
	inherit 0 1 '$ctl exec -R $map -- ls -l /proc/self/fd 2>&1 |
			grep -c "\[syncmap\]"'
}

# A map is made in private, and shown when it is complete
# shellcheck disable=SC2016 # for the inner shell
publication()
{
	t 0 '' create d
	inherit 1 "syncmapctl: map 'd' exists already" '$ctl publish $map d'
	inherit 1 "syncmapctl: map 'd': it has another number" \
		'$ctl publish -X 1000000000 $map d'
	inherit 1 "syncmapctl: there is no map 'e'" '$ctl publish -X 1 $map e'
	inherit 1 "syncmapctl: map '/dev/fd/3' has a name" \
		'$ctl publish $map e && exec $ctl publish $map f'
	inherit 1 "syncmapctl: map 'a/b': a name has 1 to 63 characters of A-Z a-z 0-9 . _ : -" '$ctl publish $map a/b'
	t 1 "syncmapctl: map 'd' has a name" publish d f
	inherit 1 "syncmapctl: map '/dev/fd/3' is retired" \
		'$ctl retire $map && exec $ctl publish $map f'
	inherit 0 'v
{"map":"d","published":true}
w' '$ctl store d k v; $ctl store $map k w; $ctl load d k
		$ctl -j publish --replace any $map d; $ctl load d k'
	t 0 w load d k
	t 0 '' remove d
	t 0 '' remove e
}

# Who takes too long has computed for himself
computing_for_a_time()
{
	t 0 '' create c
	"$tool" load-or-compute -L 300ms c k -- \
		sh -c 'sleep 3; echo late' >late 2>&1 &
	until "$tool" stats c | grep -q '^leases_granted  *1$'; do sleep 0.1; done
	t 0 soon load-or-compute -W 20s c k -- echo soon
	wait $!
	code=$?
	mv late got
	judge 'load-or-compute: too late' $code 0 late
	t 0 soon load c k
	t 0 '' remove c
}

# What owns and leases is not the file that others have, too; nor does it stay
# open for who watches
# shellcheck disable=SC2016 # for the inner shell
descriptors_used()
{
	inherit 3 "v
syncmapctl: map '/dev/fd/3': key 'k' is absent" \
		'$ctl hold $map k v -- $ctl load $map k; $ctl load $map k'
	inherit 0 'x
x' '$ctl load-or-compute $map k -- $ctl load-or-store $map other x
		$ctl load $map k'
	inherit 0 fixed '{ $ctl load-or-compute $map k -- \
			sh -c "kill -9 \$PPID"; } 2>/dev/null
		$ctl load-or-compute -W 20s $map k -- echo fixed'
	inherit 0 '' 'exec $ctl watch -w 20 $map'
}

# Of numbers whose memory is gone, the names stay
statistics()
{
	t 0 '' create s
	MALLOC_PERTURB_=165 "$tool" stats s >lines
	grep -v '^[a-z_]*  *[0-9 ]*$' lines >got
	judge 'stats: names' $? 0 'map                  s'
	MALLOC_PERTURB_=165 "$tool" -j stats s >lines
	grep -q '"read_keys":0,.*"fill":\[0,' lines
	judge 'stats: names in JSON' $? 0 "$(cat got)"
	t 0 '' remove s
}

# mirror STATUS TEXT MEMBER COMMAND...: what info tells of the mirror
mirror()
{
	want=$1 text=$2 member=$3
	shift 3
	"$@" | grep -o "\"$member\":[^,}]*" >got
	judge "$member of $*" $? "$want" "$text"
}

# shellcheck disable=SC2016 # for the inner shell
mapped()
{
	t 0 '' create --mapped -m 644 m
	t 0 '' store m k v
	t 0 v load m k
	mirror 0 '"keys":1' keys "$tool" -j info m
	mirror 0 '"mappings":0' mappings "$tool" -j info m
	mirror 0 '"loads":"mapped"' loads "$tool" -j info m
	mirror 0 '"loads":"mapped"' loads nobody -j info m
	mirror 0 '"loads_are_counted":false' loads_are_counted \
		"$tool" -j info m
	mirror 0 '"loads":"not mapped: SYNCMAP_MAPPED is 0"' loads \
		env SYNCMAP_MAPPED=0 "$tool" -j info m
	u 0 v load m k
	u 3 "syncmapctl: map 'm': key 'l' is absent" load m l
	for i in $(seq 200); do printf 'key%s\tvalue%s\n' "$i" "$i"; done >lines
	t 0 '200 lines: 200 stored, 0 bad' import m lines
	cut -f 1 lines | "$tool" load m - >got 2>&1
	same 'load many' lines got
	awk -F '\t' '{ print "load\t" $1 }' lines | "$tool" batch m 2>&1 |
		cut -f 2 >got
	cut -f 2 lines >values
	same 'batch of loads' values got
	t 0 '' clear m
	t 3 "syncmapctl: map 'm': key 'key1' is absent" load m key1
	t 0 '' remove m
	t 0 '"loads":"mapped"
v' create -M '' -- sh -c 'map=/dev/fd/$SYNCMAP_FD; $0 store $map k v
		$0 -j info $map | grep -o "\"loads\":\"mapped\""
		exec $0 load $map k' "$tool"
	t 0 '' create plain
	t 0 '' store plain k v
	mirror 1 '' loads "$tool" -j info plain
	t 2 "syncmapctl: either mapped or not
$usage set MAP
Try 'syncmapctl help set'." set --mapped --no-mapped plain
	t 0 '{"map":"plain","set":true}' -j set --mapped plain
	mirror 0 '"loads":"mapped"' loads "$tool" -j info plain
	until "$tool" -j info plain | grep -q '"keys":1[,}]'; do sleep 0.1; done
	t 0 v load plain k
	t 0 '' set --no-mapped plain
	mirror 1 '' loads "$tool" -j info plain
	t 0 v load plain k
	t 0 '' remove plain
	"$tool" doctor >got
	grep '^ok   mapping ' got >line
	judge 'doctor tells of mappings' $? 0 "$(cat got)"
}

usage_errors
map_errors
limit_errors
too_many
formats
round_trip
time_to_live
what_is_owned
many_lines
calls_of_many_lines
lines_that_come_late
watching
appending
batches
demands
publication
descriptors
descriptors_handed_over
descriptors_used
computing_for_a_time
statistics
mapped
t 0 '[]' -j list
echo "1..$n"
exit $failed
