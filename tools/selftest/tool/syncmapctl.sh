#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What syncmapctl says and does beyond the examples of its manual page: errors,
# formats, files. Needs the module, root, and syncmapctl in PATH. Prints TAP.
set -u

# shellcheck source=tools/selftest/harness/tool.sh
. "$(dirname "$0")/tool.sh"

usage="Usage: syncmapctl"

usage_errors()
{
	help="Try 'syncmapctl help'."
	dashes="Put '--' before arguments that begin with a dash: syncmapctl"
	t 2 "syncmapctl: a verb is missing
$help" -m 600
	t 2 "syncmapctl: unknown verb 'xyzzy'
$help" xyzzy
	t 2 "syncmapctl: unknown option '-z'
$help" -z
	t 2 "syncmapctl: store: too few arguments
$usage store MAP KEY VALUE
Try 'syncmapctl help store'." store m k
	t 2 "syncmapctl: count: too many arguments
$usage count MAP
Try 'syncmapctl help count'." count m k
	t 2 "syncmapctl: unknown verb 'xyzzy'
$help" -m 600 xyzzy
	t 2 "syncmapctl: count: takes no option --mode
$dashes count -- MAP
$usage count MAP
Try 'syncmapctl help count'." count -m 600 m
	t 2 '{"error":"option '"'-f'"' needs an argument"}' -j load m k -f
	t 2 '{"error":"'"'hexa'"': a format is text, raw, hex, u64, x64 or json"}' \
		load -f hexa -j m k
	t 2 '{"error":"'"'99'"': a mode is octal, at most 666"}' \
		-j create -m 99 m
	t 2 '{"error":"'"'int'"': a type is u64, string or bytes"}' \
		-j create -t int m
	t 2 '{"error":"'"'0'"': at least 1"}' -j create -E 0 m
	t 2 '{"error":"'"'4294967296'"': too large"}' -j create -K 4294967296 m
	t 2 '{"error":"unknown option '"'-z'"'"}' -jz list
	t 2 '{"error":"unknown verb '"'xyzzy'"'"}' \
		"-$(printf %0200d 0 | tr 0 j)" xyzzy
	t 2 '{"error":"unknown verb '"'a\\\\xff'"'"}' -j "$(printf 'a\377')"
}

number()	# of a map
{
	"$tool" -j info "$1" | grep -o '"id":[0-9]*' | tr -dc 0-9
}

map_errors()
{
	t 1 "syncmapctl: there is no map 'm'" load m k
	t 1 '{"error":"there is no map '"'m'"'"}' -j count m
	t 0 '' create m
	t 1 "syncmapctl: map 'm' exists already
It is there with owner root, group root, mode 0600. With --if-absent it will do, if it is what it would be made." \
		create m
	rule="a name has 1 to 63 characters of A-Z a-z 0-9 . _ : -"
	t 1 "syncmapctl: map 'a/b': $rule" create a/b
	t 1 "syncmapctl: map '': $rule" create ''
	max=$("$tool" -j info | sed 's/.*"max":{"entries":\([0-9]*\),.*/\1/')
	t 1 "syncmapctl: map 'b': --entries: at most $max" \
		create -E 0xffffffffffffffff b
	t 1 "syncmapctl: map 'm': --entries: at most $max" \
		set -E 0xffffffffffffffff m
	t 1 "syncmapctl: map 'b': a number has 8 bytes" create -t u64 -K 4 b
	right="a right that its owner can give by 'syncmapctl set --mode'"
	right="$right: owner root, group root, mode 0600."
	u 1 "syncmapctl: map 'm': permission denied by its mode
To read or write it takes $right" count m
	u 1 "syncmapctl: map 'm': permission denied by its mode
To read it takes $right" load m k
	u 1 "syncmapctl: map 'm': only the owner of the map may do this
It has owner root, group root, mode 0600, number $(number m)." remove m
	t 1 "syncmapctl: map 'm': key 'a\x00b': a key that this map cannot have" \
		store m 'a\x00b' v
	t 0 '{"map":"m","removed":true}' -j remove m
}

limit_errors()
{
	t 0 '' create -E 2 -K 4 -V 8 small
	t 0 '' store small a 12345678
	t 0 '' store small b ''
	t 1 "syncmapctl: map 'small': key 'c': the map is full: 2 of 2 entries
To make room: syncmapctl set --entries 4 small" store small c 1
	t 1 "syncmapctl: map 'small': key 'abcde': the key is too long: 5 bytes of at most 4
That is for good: another map, made with --key-size 5, would take it." \
		store small abcde 1
	t 1 "syncmapctl: map 'small': key 'a': the value is too long: 9 bytes of at most 8
That is for good: another map, made with --value-size 9, would take it." \
		store small a 123456789
	printf 'a\t1\nabcde\t1\nc\t1\nd\t1\n' >lines
	t 1 "syncmapctl: lines:2: the key is too long: 5 bytes of at most 4
syncmapctl: lines:3: the map is full: 2 of 2 entries
3 lines: 1 stored, 1 bad" import small lines
	t 0 '' remove small
	t 0 '' create -B 1000 small
	printf '%01000d' 0 >long
	t 1 "syncmapctl: map 'small': key 'a': the map is full: 0 of 1000 bytes
To make room: syncmapctl set --bytes 2000 small" store small a @long
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

raise()	# prints how to raise the limit $1
{
	echo "Root can raise the limit, which is /sys/module/syncmap/parameters/$1; see syncmap(4)."
}

# How much there is and may be, whatever it is that there is too much of
too_many()
{
	# What others have had is given back later, and would be told in between
	until "$tool" -j info | grep -q '"all_bytes":0,'; do sleep 0.1; done
	t 0 '' create -m 666 w
	with max_maps 1 \
		t 1 "syncmapctl: map 'x': there are too many maps: 1 of at most 1
$(raise max_maps)" create x
	u 0 '' create -B 1000 x
	with max_user_maps 1 \
		u 1 "syncmapctl: map 'y': the user has too many maps: 1 of at most 1
$(raise max_user_maps)" create y
	used=$(nobody -j info | sed 's/.*"user_bytes":\([0-9]*\).*/\1/')
	with max_user_bytes 1 \
		u 1 "syncmapctl: map 'y': the maps of the user take too much memory: $used of at most 1 bytes
$(raise max_user_bytes)" create y
	with max_user_bytes 1 \
		u 1 "syncmapctl: map 'x': key 'a': the maps of the user take too much memory: $used of at most 1 bytes
$(raise max_user_bytes)" store x a b
	used=$("$tool" -j info | sed 's/.*"all_bytes":\([0-9]*\),.*/\1/')
	with max_all_bytes 1 \
		t 1 "syncmapctl: map 'y': all maps together take too much memory: $used of at most 1 bytes
$(raise max_all_bytes)" create y
	with max_user_watchers 0 \
		u 1 "syncmapctl: map 'w': the user has too many watchers: 0 of at most 0
$(raise max_user_watchers)" watch w
	for i in $(seq 64); do "$tool" watch w >/dev/null 2>&1 & done
	until "$tool" -j stats w | grep -q '"watchers":64,'; do sleep 0.1; done
	t 1 "syncmapctl: map 'w': the map has too many watchers: 64 of at most 64" \
		watch w
	t 1 "syncmapctl: map 'w': the key is too long: 1025 bytes of at most 1024
That is for good: another map, made with --key-size 1025, would take it." \
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
	t 0 '{"key":"00ff","value":"\n\u001b\u0000","loaded":true,"revision":1,"ttl_ns":"never"}' \
		-j load b 00ff
	t 1 "\n\x1b\x00
syncmapctl: map 'b': key '00ff': not the eight bytes of a u64" \
		load -f u64 b 00ff
	t 0 '' store -f hex b 01 ff
	t 0 '{"key":"01","value_hex":"ff","loaded":true,"revision":2,"ttl_ns":"never"}' \
		-j load b 01
	t 0 '' store -k text -f x64 b 'a\tb' 0xffffffff81000000
	t 0 '0xffffffff81000000' load -f x64 b 610962
	t 0 '18446744071578845184' load -f u64 -k text b 'a\tb'
	t 1 "syncmapctl: map 'b': key '0g': not a hex number" load b 0g
	t 1 "syncmapctl: value '{': not JSON at byte 2: the end is missing" store -f json b 00 '{'
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
{"key":"never","value":"2","ttl_ns":"never"}'
	echo '{"key":"unsaid","value":"3"}' >>lines
	t 0 '3 lines: 3 stored, 0 bad' import -l t lines
	"$tool" export -l t | sort | sed 's/:35[0-9]*}$/:35...}/' >got
	judge 'import reads times, and never is one' 0 0 \
		'{"key":"hour","value":"1","ttl_ns":35...}
{"key":"never","value":"2","ttl_ns":"never"}
{"key":"unsaid","value":"3","ttl_ns":35...}'
	t 0 '3 lines: 3 stored, 0 bad' import -T 5h -l t lines
	"$tool" export -l t | sort | sed 's/:\(35\|179\)[0-9]*}$/:\1...}/' >got
	judge 'import takes the given time for those that tell none' 0 0 \
		'{"key":"hour","value":"1","ttl_ns":35...}
{"key":"never","value":"2","ttl_ns":"never"}
{"key":"unsaid","value":"3","ttl_ns":179...}'
	t 0 '' remove t
}

# What goes out as JSON comes in again, whatever verb it comes from
what_goes_out()
{
	t 0 '' create --ttl 1h -t bytes a
	t 0 '' create --ttl 1m -t bytes b
	for i in 01 02 ff; do "$tool" store -T never -f hex a $i $i; done
	t 0 '' store -k text a '#x' '{"hex":"00"}'
	for verb in 'export -l' '-j range' '-p range' '-j load -- ff 01 02 2378'; do
		# shellcheck disable=SC2086 # words
		set -- $verb
		[ "$2" != load ] || set -- -j load a ff 01 02 2378
		[ "$2" = load ] || set -- "$@" a
		"$tool" "$@" | "$tool" import -l b - >got 2>&1
		report "import of $verb" $?
		"$tool" -j range a | tr -d '[]' | sed 's/,$//
			s/"revision":[0-9]*,//; s/:35[0-9]*}/:35}/' |
			sort >one
		"$tool" -j range b | tr -d '[]' | sed 's/,$//
			s/"revision":[0-9]*,//; s/:35[0-9]*}/:35}/' |
			sort >two
		same "what $verb tells is kept" one two
		t 0 '' clear b
	done
	(until [ "$("$tool" count b)" -eq 4 ]; do sleep 0.1; done
		"$tool" delete a 01; "$tool" clear a
		"$tool" store a ff x; "$tool" remove a) &
	"$tool" -j watch -d -v a | "$tool" import -l b >got 2>&1
	judge 'import does again what watch tells' $? 0 \
		'9 lines: 5 stored, 1 deleted, 0 bad'
	wait
	t 0 "ff${tab}x" range b
	printf '[{"key":"01","value":"a"},\n{"key":"02"},\n 7' >lines
	t 1 'syncmapctl: lines:2: no "value"
syncmapctl: lines:3: not JSON: an object is missing
3 lines: 1 stored, 1 bad' import -l b lines
	printf '{"key":"01","value":"a"}\n{"event":"overflow"}\n' >lines
	t 1 'syncmapctl: lines:2: changes were lost here
2 lines: 1 stored, 1 bad' import -l b lines
	t 0 '' remove b
}

# Of what goes with a file, JSON and exported lines tell; what is imported stays
what_is_owned()
{
	t 0 '' create o
	"$tool" hold o k v -- sh -c "$tool -j range o; $tool export -l o
		$tool -j load o k; $tool -j watch -d -c 1 o" |
		sed 's/"revision":[0-9]*/"revision":N/' >got
	judge 'what is owned' 0 0 \
		'[{"key":"k","value":"v","revision":N,"ttl_ns":"never","owned":true}]
{"key":"k","value":"v","ttl_ns":"never","owned":true}
{"key":"k","value":"v","loaded":true,"revision":N,"ttl_ns":"never","owned":true}
{"key":"k","event":"entry","revision":N,"ttl_ns":"never","owned":true}'
	printf '{"key":"k","value":"v","owned":true}\n' >lines
	t 0 '1 lines: 1 stored, 0 bad' import -l o lines
	t 0 '{"key":"k","value":"v","loaded":true,"revision":3,"ttl_ns":"never"}' -j load o k
	t 0 '' remove o
}

# holds NAME CONDITION...
holds()
{
	name=$1
	shift
	"$@"
	report "$name" $?
}

# Where files are named, written, and read: whole or not at all, and in place
files_that_are_written()
{
	mkdir out
	t 0 '' create f
	t 0 '' store f a 1
	t 0 "a${tab}1" export f -
	holds 'no file has the name -' [ ! -e - ]
	t 0 "a${tab}1" export f /proc/self/fd/1
	t 0 '{"key":"a","value":"1","ttl_ns":"never"}' \
		-j export f /proc/self/fd/1
	# shellcheck disable=SC2094 # that is what is tried
	"$tool" export f out/file >out/file
	report 'export to the file that is standard output' $?
	printf 'a\t1\n' >want
	same 'it has the entries alone' want out/file
	chmod 640 out/file
	ln -s file out/link
	t 1 "syncmapctl: map 'f': key 'a': not the eight bytes of a u64
syncmapctl: out/link: not written; --json-lines can say all entries" \
		export -f u64 f out/link
	same 'a file that fails is as it was' want out/file
	t 1 "syncmapctl: map 'f': key 'a': not the eight bytes of a u64" \
		export -f u64 f /dev/null
	t 0 '' store f b x
	t 0 '2 entries' export f out/link
	holds 'a link stays' [ -L out/link ]
	holds 'a mode stays' [ "$(stat -c %a out/file)" = 640 ]
	t 0 '2 entries' export f out/new
	same 'a new file' out/new out/file
	mkfifo out/pipe
	cat out/pipe >copy &
	t 0 '2 entries' export f out/pipe
	wait $!
	same 'a pipe is written as it is' out/new copy
	t 1 'syncmapctl: /dev/full: No space left on device' export f /dev/full
	t 1 'syncmapctl: none/new: No such file or directory' export f none/new
	t 1 'syncmapctl: out: Is a directory' export f out
	holds 'nothing else is there' [ "$(find out | sort | tr '\n' ' ')" = \
		'out out/file out/link out/new out/pipe ' ]
	t 0 '' store -T 1h f b y
	t 0 "syncmapctl: map 'f': 1 entries have times or owners, or are kept, which only --json-lines tells
2 entries" export f out/new
	t 0 '2 entries' export -l f out/new
	t 0 '' remove f
	rm -r out
}

# With less memory than the longest line would take
narrow()
{
	# shellcheck disable=SC3045 # busybox has it
	(ulimit -v 20000; exec "$tool" "$@")
}

files_that_are_read()
{
	t 0 '' create -V 1000 f
	t 0 '' store f a 1
	printf 1 | "$tool" compare-and-swap f a - - >got 2>&1
	judge 'standard input twice' $? 2 'syncmapctl: standard input can be read only once
Usage: syncmapctl compare-and-swap MAP KEY OLD|-r REVISION VALUE
Try '"'syncmapctl help compare-and-swap'."
	for again in - @- @/proc/self/fd/0; do
		printf 1 | "$tool" -j compare-and-swap f a - $again >got 2>&1
		judge "standard input twice, as - and $again" $? 2 \
			'{"error":"standard input can be read only once"}'
	done
	printf 1 | "$tool" compare-and-swap f a @- 2 >got 2>&1
	judge '@- is standard input' $? 0 ''
	t 2 '{"error":"- is standard input, and goes alone; a key is written \\x2d"}' \
		-j load f a -
	head -c 1000000 /dev/zero | { "$tool" store f a - 2>got; wc -c >left; }
	judge 'a long value is not read on' 0 0 "syncmapctl: map 'f': standard input: the value is too long: more than 1000 bytes"
	holds 'the rest is there' [ "$(cat left)" -gt 990000 ]
	head -c 1001 /dev/zero >long
	t 1 "syncmapctl: map 'f': long: the value is too long: more than 1000 bytes" \
		store f a @long
	head -c 1000 /dev/zero >long
	t 0 '' store f a @long
	head -c 8000000 /dev/zero | tr '\0' x >long
	{ printf 'b\t1\n'; cat long; printf '\nc\t2\n'; cat long; } >lines
	narrow import f lines >got 2>&1
	judge 'import of lines longer than memory' $? 1 \
		'syncmapctl: lines:2: more than 20288 bytes, which no entry of the map takes
syncmapctl: lines:4: more than 20288 bytes, which no entry of the map takes
4 lines: 2 stored, 2 bad'
	narrow batch f <long >got 2>&1
	judge 'batch with a line longer than memory' $? 1 \
		'syncmapctl: stdin:1: more than 28288 bytes, which no entry of the map takes'
	narrow load f - <long >got 2>&1
	judge 'load of a key longer than memory' $? 1 \
		'syncmapctl: standard input: a key of more than 12288 bytes'
	printf '# two\n\nb\t1\n  \nc\t2\n' >lines
	t 0 '5 lines: 2 stored, 0 bad' import f lines
	printf '# two\n\nload\tb\n\nload\tc\n' >lines
	"$tool" batch f <lines >got 2>&1
	judge 'batch with blank lines and comments' $? 0 "done${tab}1
done${tab}2"
	t 1 'syncmapctl: /: Is a directory
0 lines: 0 stored, 0 bad' import f /
	(until [ "$("$tool" load f c)" = late ]; do sleep 0.1; done
		printf 'load\tc\n') | cat lines - | "$tool" batch f |
		{ read -r _; "$tool" store f c late; cat >got; }
	judge 'batch does what has arrived' $? 0 "done${tab}2
done${tab}late"
	t 0 '' remove f
}

# 0 and never mean the same, whatever takes a time
times_that_are_given()
{
	for verb in create 'set'; do
		t 2 '{"error":"entries that live for no time; '"'never' is without an end"'"}' \
			-j $verb --ttl 0 x
		[ $verb = 'set' ] || t 0 '' create x
	done
	t 0 '' set --ttl 1h --stale never x
	"$tool" -j info x | grep -o '"[a-z]*_ns":[^,]*' >got
	judge 'times of a map' $? 0 '"ttl_ns":3600000000000
"stale_ns":"never"'
	t 0 '' set --ttl never --stale 0 x
	"$tool" -j info x | grep -o '"[a-z]*_ns":[^,]*' >got
	judge 'no times of a map' $? 0 '"ttl_ns":"never"
"stale_ns":0'
	t 2 '{"error":"'"'0s'"': no time to compute in"}' \
		-j load-or-compute --lease-for 0s x k -- true
	t 0 v load-or-compute --lease-for never --wait never x k -- echo v
	t 3 '' watch --timeout 0 x
	t 3 '' watch --timeout 100ms x
	t 2 '{"error":"'"'soon': a time is like 90s, 1h30m, 500ms or never"'"}' \
		-j watch --timeout soon x
	t 0 "entry${tab}k
dumped" watch --dump --timeout never --count 2 x
	t 0 '' remove x
}

# Of a number that is stored anew, by whatever verb, the time is kept
numbers()
{
	t 0 '' create c
	said="nobody has said that its values are numbers; for all of the map 'syncmapctl set --values-are u64 c' does, for once --format u64"
	t 1 "syncmapctl: map 'c': $said" add --initial 0 c n
	printf 'add\tn\t1\n' | "$tool" batch -i 0 c >got 2>&1
	judge 'batch on no numbers' $? 1 'syncmapctl: stdin:1: nobody has said that values are numbers: --format u64'
	t 0 1 add -f u64 --initial 0 --ttl 1h c n
	printf 'add\tm\t1\nadd\tn\t1\nstore\ts\t7\n' |
		"$tool" batch -f u64 --initial 0 --ttl 2h c >got 2>&1
	judge 'batch with a time' $? 0 "done${tab}1
done${tab}2
done"
	for key in m n s; do
		"$tool" -j load -f u64 c $key
	done | sed -E 's/"revision":[0-9]*/N/; s/:(71|35)[0-9]*}/:\1...}/' >got
	judge 'times of numbers' $? 0 '{"key":"m","value":1,"loaded":true,N,"ttl_ns":71...}
{"key":"n","value":2,"loaded":true,N,"ttl_ns":35...}
{"key":"s","value":7,"loaded":true,N,"ttl_ns":71...}'
	t 0 '' set --values-are text c
	t 0 '' store c text 12345678
	t 1 "syncmapctl: map 'c': its values are text; for numbers say --format u64" \
		add c text
	t 2 '{"error":"the format of numbers is u64 or x64"}' -j add -f hex c n
	t 0 '' set --values-are u64 c
	t 0 3 add c n
	t 0 0x4 add -f x64 c n
	t 0 4 load c n
	t 1 "syncmapctl: value 'x': not a number; the values of map 'c' are u64, or say --format" \
		store c n x
	t 0 '' store -f text c n x
	t 0 42 load-or-compute c new -- echo 42
	t 0 42 load c new
	t 1 'syncmapctl: echo: not a number' load-or-compute c other -- echo x
	t 0 '' set --values-are json c
	t 0 '' store c n '{ "a": 1 }'
	t 0 '{"a":1}' load c n
	t 0 '' set --values-are bytes c
	t 0 '7b2261223a317d' load c n
	t 0 '' remove c
}

# Work whose result cannot be stored is not lost, or not begun
computing_in_vain()
{
	cat >want <<-'EOF'
	syncmapctl: map 'c': key 'm': the map is full bytes
	To make room: syncmapctl set --bytes N c
	LONG
	status 1
	EOF
	cat >want-j <<-'EOF'
	{"key":"m","value":"LONG","stored":false,"error":"the map is full bytes"}
	status 1
	EOF
	t 0 '' create -V 8 -B 200 c
	t 1 "syncmapctl: yes: prints more than 8 bytes, all that a value of map 'c' has" \
		load-or-compute c k -- yes
	t 1 "syncmapctl: echo: prints more than 8 bytes, all that a value of map 'c' has" \
		load-or-compute c k -- echo 123456789
	t 0 '' remove c
	# What is written with more bytes than it has
	t 0 '' create -V 8 --values-are number c
	t 0 18446744073709551615 load-or-compute c k -- echo 18446744073709551615
	t 0 0001020304050607 load-or-compute -f hex c l -- echo 0001020304050607
	t 1 "syncmapctl: echo: prints more than 8 bytes, all that a value of map 'c' has" \
		load-or-compute -f hex c m -- echo 000102030405060708
	t 0 '[1,2]' load-or-compute -f json c n -- echo '[ 1,    2 ]'
	t 0 '' remove c
	t 0 '' create -V 1000 -B 1000 c
	t 0 12345678 load-or-compute c k -- echo 12345678
	used=$("$tool" -j info c | sed 's/.*"bytes":\([0-9]*\),"rev.*/\1/')
	# Room for a lease, and not for the value
	t 0 '' set -B $((used + 200)) c
	long=$(printf %0300d 0)
	for json in '' -j; do
		"$tool" $json load-or-compute c m -- echo "$long" >all 2>&1
		echo "status $?" >>all
		sed "s/$long/LONG/; s/full: [0-9]* of [0-9]*/full/
			s/--bytes [0-9]*/--bytes N/" all >got
		judge "load-or-compute of what there is no room for $json" \
			0 0 "$(cat want"$json")"
	done
	t 0 '' set -B "$used" c
	t 1 "syncmapctl: map 'c': key 'm': the map is full: $used of $used bytes
To make room: syncmapctl set --bytes $((used * 2)) c" \
		load-or-compute c m -- touch ran
	holds 'it has not run' [ ! -e ran ]
	t 0 '' remove c
}

many_lines()
{
	awk 'BEGIN { for (i = 0; i < 50000; i++) print i "\t" i * 7 }' >lines
	t 0 '' create -t u64 n
	t 0 '50000 lines: 50000 stored, 0 bad' import -f u64 n lines
	t 0 '{"map":"n","lines":50000,"stored":0,"present":50000,"deleted":0,"bad":0}' \
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
	t 1 '{"map":"n","lines":4,"stored":1,"present":0,"deleted":0,"bad":3,"errors":[{"line":2,"error":"not a number"},{"line":3,"error":"not a number"},{"line":4,"error":"no tab between key and value"}]}' \
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
	until [ -s code ]; do "$tool" store w k v; sleep 0.1; done &
	{ "$tool" watch w; echo $? >code; } 2>errors | head -n 1 >got
	judge 'watch: the reader goes' "$(cat code)" 141 "store${tab}k"
	wait
	until [ -e over ]; do "$tool" store w k v; sleep 0.1; done &
	"$tool" watch w >/dev/full 2>got
	judge 'watch: nobody can read it' $? 1 \
		'syncmapctl: standard output: No space left on device'
	: >over
	wait
	"$tool" stats w | grep -w watchers | tr -s ' ' >got
	judge 'no watcher is left' 0 0 'watchers 0'
	t 1 "syncmapctl: there is no map 'x'" watch x
	(until "$tool" -j stats w | grep -q '"watchers":1,'; do sleep 0.1; done
		"$tool" remove w) &
	t 0 'removed' watch w
	wait
}

appending()
{
	(umask 0 && "$tool" create -V 8 -B 140 -m 602 log)
	t 0 '' append log a 1234
	t 0 '{"key":"a","revision":2,"previous_revision":1,"ttl_ns":"never"}' \
		-j append log a 56
	t 1 "syncmapctl: map 'log': key 'a': the value is too long: 9 bytes of at most 8
That is for good: another map, made with --value-size 9, would take it." \
		append log a 789
	u 0 '' append log a 7
	u 1 "syncmapctl: map 'log': permission denied by its mode
To read it takes a right that its owner can give by 'syncmapctl set --mode': owner root, group root, mode 0602." \
		load log a
	printf 8 | "$tool" append log a -
	t 0 12345678 load log a
	t 1 "syncmapctl: map 'log': key 'b': the map is full: 73 of 140 bytes
To make room: syncmapctl set --bytes 280 log" append log b 1234567
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
		'[{"key":1,"value":15,"operation":"load","outcome":"done","revision":2,"ttl_ns":"never"}]'
	printf 'load\t1\nstore\t1\t2\n' >rows
	cat >rows.json <<-'EOF'
	[{"key": 7, "value": 1, "ttl_ns": 3600000000000000},
	 {"operation": "add", "key": 7, "operand": 2},
	 {"operation": "compare-and-swap", "key": 7, "old": 3, "value": 4,
	  "ttl_ns": 3600000000000000},
	 {"operation": "load", "key": 7},
	 {"operation": "compare-and-delete", "key": 7, "old_hex": "00"},
	 {"event": "delete", "key": 8}]
	EOF
	"$tool" batch -l -f u64 n <rows.json >got 2>&1
	judge 'batch of JSON' $? 3 "done
done${tab}3
done${tab}3
done${tab}4
differs${tab}4
absent"
	"$tool" -j load -f u64 n 7 | grep -q '"ttl_ns":35999'
	report 'batch of JSON: the time' $?
	while IFS= read -r line <&9; do
		wrong=${line#*  }
		echo "${line%%  *}" | "$tool" batch -l -f u64 n >got 2>&1
		judge "batch of ${line%%  *}" $? 1 "syncmapctl: stdin:1: $wrong"
	done 9<<-'EOF'
	{"operation":"lode","key":1}  no operation of this name
	{"operation":1,"key":1}  no operation of this name
	{"operation":"load"}  no "key"
	{"operation":"load","key":1,"value":1}  a "value" is of no use
	{"operation":"load","key":1,"old":1}  "old" is of no use
	{"operation":"load","key":1,"operand":1}  an "operand" is of no use
	{"operation":"swap","key":1}  no "value"
	{"operation":"add","key":1}  no "operand"
	{"operation":"add","key":1,"operand":-1}  a negative number
	{"operation":"compare-and-swap","key":1,"value":1}  no "old"
	{"operation":"compare-and-delete","key":1,"old":1,"old_hex":""}  both as it is and in hex
	{"key":1}  no "value"
	{"event":"clear"}  no operation on a key
	{"key":1,"value":1,"outcome":"done"}  "outcome": no member of an entry
	7  not a JSON object
	EOF
	echo '[{"operation":"load","key":1}' | "$tool" batch -l -f u64 n >got 2>&1
	judge 'batch of an array without an end' $? 1 "done${tab}15
syncmapctl: stdin:1: the end of the array is missing"
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
	id=$(number d)
	t 0 0 count -I "$id" -o 0 d
	another="it has another number, or owner
It has owner root, group root, mode 0604, number $id."
	t 1 "syncmapctl: map 'd': $another" count -I 1000000000 d
	t 1 "syncmapctl: map 'd': $another" remove --owner 1 d
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
	u 1 "syncmapctl: map 'd': permission denied by its mode
To read and write it takes a right that its owner can give by 'syncmapctl set --mode': owner root, group root, mode 0604." \
		exec d true
	u 0 '' exec -R d true
	look='"$0" -j info /dev/fd/$SYNCMAP_FD | grep -o "access.*only\|access.*write"'
	for only in read write; do
		t 0 "access\":\"$only-only" exec --$only-only d -- \
			sh -c "$look" "$tool"
	done
	t 0 'access":"read-write' exec d -- sh -c "$look" "$tool"
	u 1 "syncmapctl: map 'd': only the owner of the map may do this
It has owner root, group root, mode 0604, number $(number d)." freeze d
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

# told FIELD MAP: what info has of it
told()
{
	"$tool" -j info "$2" | grep -o "\"$1\":[a-z0-9]*" | head -n 1 >got
}

flood()	# MAP NAME N: with so many entries
{
	seq "$3" | sed "s/.*/$2&$tab&/" >lines
	t 0 "$3 lines: $3 stored, 0 bad" import "$1" lines
}

# It is never full, and says what has gone; until it is to be full again
evicting()
{
	t 0 '' create --evict --entries 10 e
	told evicts e
	judge 'info tells that it evicts' 0 0 '"evicts":true'
	"$tool" list | tr -s ' ' >got
	judge 'list tells that it evicts' 0 0 'e string 0 0 0% 0600 root - evicts'
	t 0 '' create --if-absent --evict --entries 10 e
	t 1 "syncmapctl: map 'e' exists already: evicts is true, not false" \
		create --if-absent --entries 10 e
	for json in '' -j; do
		"$tool" $json watch e >"events$json" &
	done
	until "$tool" -j stats e | grep -q '"watchers":2,'; do sleep 0.1; done
	flood e k 100
	"$tool" stats e | awk '{ n[$1] = $2; for (i = 2; $1 == "evicted_age" && i <= NF; i++)
			ages += $i }
		END { print n["count"] + n["evicted"], n["rejected"], n["evicted"] - ages }' >got
	judge 'each is there, or was evicted at some age' 0 0 '100 0 0'
	t 0 100 load e k100
	t 0 '{"map":"e","removed":true}' -j remove e
	wait
	grep -c '^evicted.k[0-9]*$' events >evicted
	grep -c '"event":"delete","reason":"evicted"' events-j >got
	judge 'watch tells what was evicted' 0 0 "$(cat evicted)"
	holds 'some were' [ "$(cat evicted)" -ge 90 ]
	t 0 '' create --entries 1 e
	told evicts e
	judge 'info tells that it does not' 0 0 '"evicts":false'
	t 0 '' store e a 1
	t 2 "syncmapctl: either it evicts or not
$usage set MAP
Try 'syncmapctl help set'." set --evict --no-evict e
	t 0 '{"map":"e","set":true}' -j set --evict e
	t 0 '' store e b 2
	t 0 "b${tab}2" range e
	t 0 '' set --no-evict e
	t 1 "syncmapctl: map 'e': key 'c': the map is full: 1 of 1 entries
To make room: syncmapctl set --entries 2 e" store e c 3
	t 0 '' remove e
}

kept()	# prints the keys that are
{
	"$tool" -j range e | grep '"kept":true' | sed 's/.*"key":"\([^"]*\)".*/\1/' |
		sort | xargs
}

# Whatever stores can have it kept, and stores without that can have it go
keeping()
{
	t 0 '' create --evict --entries 100 e
	t 0 '' store --keep e store 1
	t 0 1 load-or-store --keep e load-or-store 1
	t 0 1 load-or-compute --keep e load-or-compute -- echo 1
	t 0 '' swap --keep e swap 1
	t 0 '' store e compare-and-swap 0
	t 0 '' compare-and-swap --keep e compare-and-swap 0 1
	t 0 '' append --keep e append 1
	printf 'import\t1\n' >lines
	t 0 '1 lines: 1 stored, 0 bad' import --keep e lines
	printf '{"key":"import -l","value":"1","kept":true}\n' >lines
	t 0 '1 lines: 1 stored, 0 bad' import -l e lines
	printf 'store\tbatch\t1\nload\tbatch\ntouch\tbatch\n' |
		"$tool" batch --keep e >got 2>&1
	printf '{"key":"batch -l","value":"1","kept":true}\n' |
		"$tool" batch -l e >>got 2>&1
	t 0 '' store e loose 1
	t 0 '' store --keep e let-go 1
	t 0 '' store e let-go 2
	keys='append batch batch -l compare-and-swap import import -l load-or-compute load-or-store store swap'
	kept >got
	judge 'what is kept is told' 0 0 "$keys"
	flood e k 1000
	flood e l 1000
	kept >got
	judge 'what is kept stays' 0 0 "$keys"
	t 0 "syncmapctl: map 'e': 10 entries have times or owners, or are kept, which only --json-lines tells
$("$tool" count e) entries" export e lines
	"$tool" export -l e >lines
	grep -c '"kept":true' lines >got
	judge 'an export tells what is kept' 0 0 10
	t 0 '' clear e
	"$tool" import -l e lines >got
	kept >got
	judge 'and it is so again' 0 0 "$keys"
	"$tool" -j watch --dump e | grep -c '"event":"entry",.*"kept":true' >dumped &
	until "$tool" -j stats e | grep -q '"watchers":1,'; do sleep 0.1; done
	t 0 '' remove e
	wait
	cp dumped got
	judge 'a dump tells it, too' 0 0 10
}

usage_errors
map_errors
limit_errors
too_many
formats
round_trip
time_to_live
what_goes_out
what_is_owned
files_that_are_written
files_that_are_read
times_that_are_given
numbers
computing_in_vain
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
evicting
keeping
t 0 '[]' -j list
finish
