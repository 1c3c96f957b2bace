#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# save, restore and apply: what is saved comes back as it was, after the module has
# gone and come, whoever is killed at what time. Needs syncmap.ko here, root, and
# syncmapctl in PATH. Prints TAP.
# shellcheck disable=SC2317,SC2016,SC1003,SC2086 # functions that "is" calls; text for the tool
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
module=$PWD/syncmap.ko
tool=$(command -v syncmapctl)
case "$tool" in /*) ;; *) tool=$PWD/$tool ;; esac
cd "$work" || exit 1
n=0
failed=0

judge()	# NAME STATUS
{
	n=$((n + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' got
		failed=1
	fi
}

# t STATUS TEXT ARGUMENT...: syncmapctl with these has to end like this
t()
{
	want=$1 text=$2
	shift 2
	"$tool" "$@" >got 2>&1
	status=$?
	[ $status -eq "$want" ] && [ "$(cat got)" = "$text" ]
	wrong=$?
	[ $wrong -eq 0 ] || echo "exit $status; wanted $want: $text" >>got
	judge "$*" $wrong
}

# is NAME COMMAND...
is()
{
	name=$1
	shift
	"$@" >got 2>&1
	judge "$name" $?
}

says()	# TEXT COMMAND...
{
	text=$1
	shift
	[ "$("$@" 2>&1)" = "$text" ]
}

# What a map is, and all that is in it; times are as long as they were
shape()
{
	for map; do
		"$tool" -j info "$map" | sed -E 's/"(id|bytes|revision)":[0-9]+,//g'
		"$tool" export -l "$map" | sed -E 's/"ttl_ns":[0-9]+/"ttl_ns":N/' | sort
	done
}

remove_all()
{
	for map in $("$tool" list | awk '{ print $1 }'); do
		"$tool" remove "$map"
	done
}

# The module goes, and with it all maps, and comes
reload()
{
	remove_all
	rmmod syncmap && insmod "$module"
}

revision()
{
	"$tool" -j info "$1" | sed -E 's/.*"bytes":[0-9]+,"revision":([0-9]+).*/\1/'
}

ttl_of()	# MAP KEY: seconds
{
	"$tool" -j load "$1" "$2" | sed -nE 's/.*"ttl_ns":([0-9]+)[0-9]{9}.*/\1/p'
}

# Maps of all kinds
make_maps()
{
	"$tool" create --type u64 --mode 640 --entries 100 --bytes 100000 numbers
	"$tool" store numbers 18446744073709551615 max
	"$tool" store numbers 0 ''
	"$tool" create --type bytes --values-are text --mapped bytes
	printf 'a\0b\t\n' | "$tool" store bytes 00ff0a -
	"$tool" create --ttl 10m --stale 1h --key-size 20 --value-size 300 times
	"$tool" store times default 1
	"$tool" store --ttl never times never 2
	"$tool" store --ttl 2h times long 3
	"$tool" create --values-are u64 frozen
	"$tool" add --initial 41 frozen answer >/dev/null
	"$tool" freeze frozen
	"$tool" create --evict --entries 2 cache
	"$tool" store --keep cache kept 1
	"$tool" store cache other 2
	"$tool" create empty.map
	"$tool" create names
	"$tool" store names 'q"\\\\' 'in\x00\\"quotes"'
	"$tool" store names '' empty
	"$tool" store names 'ü' 'ä\xff'
	start-stop-daemon -S -c 65534:65534 -x "$tool" -- create --mode 604 theirs
	"$tool" store theirs is theirs
	"$tool" store --ttl ${short}s times short 4
} 2>&1

# Seconds that an entry lives which is saved, and has expired when it comes back
short=20

all='bytes cache empty.map frozen names numbers theirs times'

grep -qs '^nobody:' /etc/passwd || {
	mkdir -p /etc
	printf '%s:/:/bin/sh\n' root:x:0:0: nobody:x:65534:65534: >>/etc/passwd
	printf '%s\n' root:x:0: nogroup:x:65534: >>/etc/group
}

comes_back()
{
	is 'maps are made' says '' make_maps
	t 0 'bytes: 1 entries, revision 1
cache: 2 entries, revision 2
empty.map: 0 entries, revision 0
frozen: 1 entries, revision 1
names: 3 entries, revision 3
numbers: 2 entries, revision 2
theirs: 1 entries, revision 1
times: 4 entries, revision 4' save dir
	end=$(($(cut -d . -f 1 /proc/uptime) + short + 1))
	shape $all | grep -v '"short"' | sed '/"map":"times"/s/"count":4/"count":3/' >want
	was=$(revision times)
	is 'files are for root' says '600 700 700' \
		sh -c 'stat -c %a dir/current/times.json dir/current/ dir | xargs'
	is 'the module comes anew' reload
	is 'no map is there' says '[]' "$tool" -j list
	until [ "$(cut -d . -f 1 /proc/uptime)" -ge $end ]; do sleep 1; done
	t 0 'bytes: 1 entries
cache: 2 entries
empty.map: 0 entries
frozen: 1 entries
names: 3 entries
numbers: 2 entries
theirs: 1 entries
times: 3 entries, without 1 that have expired' restore dir
	shape $all >after
	cp after got
	diff want after >got
	judge 'all is as it was' $?
	is 'revisions are higher' test "$(revision times)" -gt "$was"
	is 'but count as changes only since then' sh -c \
		"$tool stats --prometheus times | grep 'writes_total.* 3$'"
	t 0 '' store cache more 3
	is 'a cache goes on to be one' says 'kept more' \
		sh -c "$tool range --order key --keys-only cache | xargs"
	was=$(revision names)
	"$tool" store names x y
	is 'a new one is higher, too' test "$(revision names)" -gt "$was"
	is 'a long time goes on' test "$(ttl_of times long)" -le 7197
	is 'and has not ended' test "$(ttl_of times long)" -gt 7000
	is 'the time of the map is as it was' test "$(ttl_of times default)" -le 597
	t 0 'times: is there already
names: is there already' restore dir times names
	t 0 'names: 3 entries' restore --replace any dir names
	t 1 "syncmapctl: dir: no map 'nosuch' was saved there
times: is there already" restore dir nosuch times
}


# One revision of a map that is written all the time: a round stores its number as
# a, b, ... h, and then deletes x and stores it. Others come in between at random.
writes()
{
	awk -v keys=$keys 'BEGIN {
		for (i = 1; ; i++) {
			for (k = 1; k <= 8; k++)
				printf "store\t%s\t%d\n", substr("abcdefgh", k, 1), i
			printf "delete\tx\nstore\tx\t%d\n", i
			printf "store\tmore%d\t%d\ndelete\tmore%d\n", i % 500, i, i * 7 % 500
			printf "store\tk%d\tnew\n", i % keys
		}
	}' >changes
}

# Of a file: the values of a ... h fall, by one at most; x has one of them, and is
# absent only when they are equal
one_revision()
{
	sed -nE 's/^\{"key":"([a-hx])","value":"([0-9]+)".*/\1 \2/p' "$1" | awk '
	{ v[$1] = $2 }
	END {
		bad = v["a"] == ""
		for (k = 2; k <= 8; k++) {
			one = v[substr("abcdefgh", k - 1, 1)]
			next_one = v[substr("abcdefgh", k, 1)]
			bad += next_one > one || one > v["h"] + 1
		}
		if (!("x" in v))
			bad += v["a"] != v["h"]
		else
			bad += v["x"] != v["h"] && v["x"] != v["h"] - 1 ||
			       v["a"] - v["x"] > 1
		for (k in v)
			printf "%s=%s ", k, v[k]
		print "bad:", bad
		exit bad > 0
	}'
}

is_one_revision()
{
	keys=10000
	"$tool" create --entries 100000 busy
	awk -v keys=$keys 'BEGIN { for (i = 0; i < keys; i++) printf "k%d\t%d\n", i, i }' |
		"$tool" import busy >/dev/null
	mkfifo changes
	writes &
	source=$!
	"$tool" batch busy <changes >/dev/null 2>&1 &
	writer=$!
	until "$tool" load busy x >/dev/null 2>&1; do sleep 0.1; done
	good=0
	while [ $good -lt 5 ]; do
		"$tool" save dir busy >got 2>&1 || break
		one_revision dir/current/busy.jsonl >>got 2>&1 || break
		good=$((good + 1))
	done
	is 'it has been written all the time' kill "$writer" "$source"
	wait
	rm changes
	[ "$good" -eq 5 ]
	judge 'a map in use is saved at one revision' $?
	"$tool" remove busy
	returns busy
	"$tool" remove busy
}

# returns MAP: all that was saved of it
returns()
{
	"$tool" restore dir "$1" >got 2>&1 || echo 'not restored' >>got
	"$tool" export -l "$1" 2>&1 | sort >after
	sort dir/current/"$1".jsonl | cmp - after >>got 2>&1
	judge "all that was saved of '$1' returns" $?
}

# Lines that are longer than what is read at once
large()
{
	"$tool" create large
	for key in a b c; do
		head -c 65536 /dev/zero | tr '\0' '\1' | "$tool" store large $key -
	done
	t 0 'large: 3 entries, revision 3' save dir large
	is 'its lines are long' test "$(wc -c <dir/current/large.jsonl)" -gt 1000000
	"$tool" remove large
	returns large
	"$tool" remove large
}

# More than it may take: its limits were lowered
is_full()
{
	"$tool" create full
	printf 'a\t1\nb\t2\nc\t3\n' | "$tool" import full >/dev/null
	"$tool" set --entries 1 --bytes 10 full
	"$tool" save dir full >/dev/null
	"$tool" remove full
	returns full
	is 'its limits are as they were' says '"entries":1,"bytes":10,' \
		sh -c "$tool -j info full | grep -o '\"entries\":[0-9]*,\"bytes\":[0-9]*,'"
	"$tool" store full d 4 >got 2>&1
	grep -q "key 'd': the map is full: 3 of 1 entries" got
	judge 'and it takes no new key' $?
	"$tool" remove full
}

# Somebody has made a map of that name
is_another()
{
	another="syncmapctl: map 'm' is there already, and not the one that was saved"
	rm -rf dir
	"$tool" create m
	"$tool" store m a 1
	"$tool" save dir >/dev/null
	t 0 'm: is there already' restore dir
	"$tool" remove m
	"$tool" create m
	t 1 "$another" restore dir
	"$tool" remove m
	"$tool" create --type bytes m
	"$tool" store m 00 1
	t 1 "$another" restore dir
	"$tool" remove m
	start-stop-daemon -S -c 65534:65534 -x "$tool" -- create --mode 666 m
	"$tool" store m a 1
	t 1 "$another" restore dir
	is 'it stays as it is' says 65534 \
		sh -c "$tool -j info m | sed -E 's/.*\"uid\":([0-9]+).*/\1/'"
	t 0 'm: 1 entries' restore --replace any dir
	"$tool" remove m
}

leaves_out()
{
	rm -rf dir
	"$tool" create held
	"$tool" store held plain 1
	"$tool" hold held web 2 -- "$tool" -j save dir held >got
	says '[{"map":"held","entries":1,"owned":1,"revision":2}]' cat got
	judge 'what goes with an open file is not saved' $?
	is 'the rest is' says '{"key":"plain","value":"1","ttl_ns":"never"}' cat dir/current/held.jsonl
	"$tool" remove held
}

# The clock was set: in this boot, and since an earlier one
clocks()
{
	rm -rf dir
	"$tool" create clock
	"$tool" store --ttl 1h clock hour 1
	"$tool" save dir >/dev/null
	now=$(date +%s)
	"$tool" remove clock
	date -s "@$((now + 7200))" >/dev/null
	"$tool" restore dir >got 2>&1
	grep -q "^syncmapctl: the clock was set forward by 7[12][0-9][0-9] s since 'clock' was saved" got
	judge 'a clock that was set forward is told' $?
	is 'and does not count' test "$(ttl_of clock hour)" -gt 3500
	date -s "@$now" >/dev/null
	"$tool" remove clock
	sed -i 's/"boot_id":"./"boot_id":"x/' dir/current/clock.json
	date -s "@$((now - 100000))" >/dev/null
	"$tool" restore dir >got 2>&1
	grep -q "^syncmapctl: the clock was set back by at least 10[0-9]* s since" got
	judge 'a clock that was set back before the boot is told' $?
	up=$(cut -d . -f 1 /proc/uptime)
	is 'and an entry lost what this boot has lasted' test \
		"$(($(ttl_of clock hour) + up))" -ge 3500
	date -s "@$((now + 4000))" >/dev/null
	"$tool" remove clock
	sed -i -E 's/"boottime_ns":[0-9]+/"boottime_ns":1/' dir/current/clock.json
	sed -i -E "s/\"realtime_ns\":[0-9]+/\"realtime_ns\":$((now - up - 500))000000000/" \
		dir/current/clock.json
	"$tool" restore dir >got 2>&1
	says 'clock: 0 entries, without 1 that have expired' cat got
	judge 'time passes while the machine is off' $?
	date -s "@$now" >/dev/null
	"$tool" remove clock
}

damaged()
{
	rm -rf dir
	t 1 'syncmapctl: dir: No such file or directory' restore dir
	mkdir dir
	t 0 '' restore dir
	touch dir/notes
	t 1 'syncmapctl: dir: nothing was saved there' restore dir
	mkdir -p dir/2023
	touch dir/2023/notes.json
	chmod 777 dir
	t 1 'syncmapctl: dir: others can write to it' save dir
	chmod 755 dir
	"$tool" create --key-size 10 --value-size 10 m
	printf 'a\t1\nb\t2\n' | "$tool" import m >/dev/null
	t 0 'm: 2 entries, revision 2' save dir
	t 0 'm: 2 entries, revision 2' save dir
	is 'what else is there stays' test -e dir/2023/notes.json
	rm -r dir/2023
	t 1 "syncmapctl: there is no map 'nosuch'
m: 2 entries, revision 2" save dir m nosuch
	t 1 "syncmapctl: there is no map 'nosuch'" save dir nosuch
	is 'a save that fails leaves what was saved' test -s dir/current/m.jsonl
	"$tool" remove m
	cp -r dir/ good
	# break NAME SUFFIX SED TEXT
	broken()
	{
		rm -rf dir
		cp -r good dir
		sed -i -E "$2" "dir/current/m.$1"
		t 1 "syncmapctl: dir/current/m.$1$3" restore dir
		t 1 "syncmapctl: there is no map 'm'" count m
	}
	broken jsonl 2d ': it has not as many lines as were saved'
	broken jsonl '1h;2g' ':2: the key is there twice'
	broken jsonl '1s/"key"/"kex"/' ':1: "kex": no member of an entry'
	broken jsonl "2s/:/:$(printf '%5000s' '')/" ':2: no entry of this map is so long'
	broken json 's/"format":1/"format":2/' \
		': "format": not one that this version knows'
	broken json 's/"mode":"0600"/"mode":"0700"/' \
		': "mode": missing, or not right'
	broken json 's/"frozen":false,//' ': "frozen": missing, or not right'
	broken json 's/"frozen"/"more":1,"frozen"/' \
		': a member that this version does not know'
	broken json 's/"map":"m"/"map":"n"/' ': "map": not the name of the file'
	broken json '1s/./[/' ': not JSON at byte 13: a comma is missing'
	rm -rf dir good
	mkdir dir
	ln -s / dir/current
	t 1 "syncmapctl: dir: its 'current' is not one of a save" restore dir
	t 1 "syncmapctl: dir: its 'current' is not one of a save" save dir
	rm -r dir
}

# A map that has no room for one more who watches it cannot be saved
one_fails()
{
	for map in a w z; do
		"$tool" create "$map"
		"$tool" store "$map" k 1
	done
	t 0 'a: 1 entries, revision 1
w: 1 entries, revision 1
z: 1 entries, revision 1' save dir
	for map in a w z; do "$tool" store "$map" k 2; done
	watchers=
	for _ in $(seq 64); do
		"$tool" watch w >/dev/null 2>&1 &
		watchers="$watchers $!"
	done
	until "$tool" -j stats w | grep -q '"watchers":64,'; do sleep 0.1; done
	"$tool" save dir >got 2>&1
	status=$?
	[ $status -eq 1 ] && [ "$(grep -c "^syncmapctl: map 'w': " got)" = 1 ] &&
		[ "$(sed /syncmapctl/d got)" = 'a: 1 entries, revision 2
z: 1 entries, revision 2' ]
	judge 'a map that cannot be saved is told, and the others are saved' $?
	is 'what was saved of it last stays' says '2 1 2' \
		sh -c "sed -E 's/.*\"value\":\"([0-9]).*/\\1/' dir/current/[awz].jsonl | xargs"
	t 1 "syncmapctl: map 'w': the map has too many watchers: 64 of at most 64" \
		save dir w
	kill $watchers
	wait $watchers
	remove_all
	t 0 'a: 1 entries
w: 1 entries
z: 1 entries' restore dir
	is 'it is restored as it was saved last' says '2 1 2' \
		sh -c "for m in a w z; do $tool load \$m k; done | xargs"
	remove_all
	rm -r dir
}

full_disk()
{
	mkdir small
	mount -t tmpfs -o size=64k tmpfs small
	"$tool" create m
	printf 'a\t1\n' | "$tool" import m >/dev/null
	t 0 'm: 1 entries, revision 1' save small/dir
	awk 'BEGIN { for (i = 0; i < 5000; i++) printf "k%d\t%d\n", i, i }' |
		"$tool" import m >/dev/null
	t 1 'syncmapctl: small/dir: No space left on device' save small/dir
	is 'a full disk leaves what was saved' says '{"key":"a","value":"1","ttl_ns":"never"}' \
		cat small/dir/current/m.jsonl
	is 'and nothing else' says 2 sh -c 'ls small/dir | wc -l'
	umount small
	"$tool" remove m
}

applied()
{
	cat >good.conf <<-'EOF'
	# comment
	; another

	[numbers]
	type = u64
	values-are=u64
	mode = 640
	group = 1000
	ttl = 1h
	stale = never
	entries = 50
	evict = yes
	entry = {"key":7,"value_hex":"2a00000000000000"}
	entry = {"key":8,"value":"x","ttl_ns":"never","kept":true}

	  [theirs]
	owner = nobody
	group = nogroup
	mapped = yes
	EOF
	t 0 '' apply --check good.conf
	t 1 "syncmapctl: there is no map 'numbers'" count numbers
	t 0 'numbers: made, 2 entries
theirs: made, 0 entries' apply good.conf
	is 'an entry is there' says 42 "$tool" load -f u64 numbers 7
	is 'it has the time of the map' test "$(ttl_of numbers 7)" -gt 3500
	is 'but where it says never' says '' ttl_of numbers 8
	is 'the map evicts' sh -c "$tool -j info numbers | grep '\"evicts\":true'"
	is 'but what is kept' says '{"key":8,"value_hex":"78","ttl_ns":"never","kept":true}' \
		sh -c "$tool export -l numbers | grep kept"
	is 'stale is as declared' sh -c "$tool -j info numbers | grep '\"stale_ns\":\"never\"'"
	is 'owner, group and mode are as declared' says \
		'"mode":"0640" "uid":0 "gid":1000 "mode":"0600" "uid":65534 "gid":65534' \
		sh -c "for m in numbers theirs; do $tool -j info \$m; done |
			grep -oE '\"(mode|uid|gid)\":[^,]*' | xargs -0 echo | tr '\n' ' ' | sed 's/ *\$//'"
	"$tool" delete numbers 7
	t 0 'numbers: as declared
theirs: as declared' apply good.conf
	is 'a map that is there gets no entries' says 1 "$tool" count numbers
	sed -i 's/entries = 50/entries = 60/; s/mode = 640/mode = 600/; s/mapped = yes/mapped = no/
		s/evict = yes/evict = no/' good.conf
	t 0 'numbers: changed: mode entries evict
theirs: changed: mapped' apply good.conf
	t 0 '[{"map":"numbers","made":false,"changed":[]},
{"map":"theirs","made":false,"changed":[]}]' -j apply good.conf
	"$tool" remove theirs
	"$tool" create theirs
	t 1 "numbers: as declared
syncmapctl: map 'theirs' is there, and user 0's" apply good.conf
	"$tool" remove numbers
	"$tool" create numbers
	t 1 "syncmapctl: map 'numbers' is there, with keys of type string
syncmapctl: map 'theirs' is there, and user 0's" apply good.conf
	remove_all
}

# wrong LINE TEXT: an error of the last line; what is right in the file is not done
wrong()
{
	printf '%b\n' "[good]\n$1" >bad.conf
	t 1 "syncmapctl: bad.conf:$(wc -l <bad.conf): $2" apply bad.conf
	t 1 "syncmapctl: there is no map 'good'" count good
}

misdeclared()
{
	wrong '[bad' "no ] at the end of '[bad'"
	wrong '[b/d]' "'b/d': a name has 1 to 63 characters of A-Z a-z 0-9 . _ : -"
	wrong 'mode = 640\n[bad]\nmode = 888' "'888': a mode is octal, at most 666"
	wrong 'mode = 640\nmode = 600' "'mode' is there twice"
	wrong '[good]' "this map is declared at bad.conf:1, too"
	wrong 'colour = red' "'colour' is nothing that a map has"
	wrong 'replace = any' "'replace' is nothing that a map has"
	wrong 'word' "'word': neither [MAP] nor NAME = VALUE"
	wrong 'mapped = perhaps' "'perhaps': neither yes nor no"
	wrong 'evict = perhaps' "'perhaps': neither yes nor no"
	wrong 'ttl = soon' "'soon': a time is like 90s, 1h30m, 500ms or never"
	wrong 'ttl = 0' "entries that live for no time; 'never' is without an end"
	wrong 'owner = nobodyatall' "'nobodyatall': not a number"
	wrong 'entry = {"key":1,"value":"x"}' 'entry: a number, but the format is not u64'
	wrong 'entry = {"key":"k"}' 'entry: no "value"'
	wrong 'entry = {"key":"k","event":"delete"}' 'entry: not one that a map can begin with'
	wrong 'entry = {"key":"k","value":"1"}\nentry = {"key":"k","value":"2"}' \
		'entry: the key is there twice'
	head -c 20000000 /dev/zero >endless
	t 1 'syncmapctl: endless:1: longer than any entry of a map' apply endless
	rm endless
	echo 'mode = 600' >bad.conf
	t 1 "syncmapctl: bad.conf:1: 'mode = 600': there is no [MAP] before it" \
		apply bad.conf
	printf '[good]\nentries = 1\nentry = {"key":"a","value":"1"}\nentry = {"key":"b","value":"1"}\n' \
		>bad.conf
	t 1 "syncmapctl: bad.conf:4: entry: the map is full: 1 of 1 entries" apply bad.conf
	t 1 "syncmapctl: there is no map 'good'" count good
	sed -i '2s/^/evict = yes\n/' bad.conf
	t 1 "syncmapctl: bad.conf:5: entry: the map is full: 1 of 1 entries" apply bad.conf
	mkfifo late
	{
		printf '[good]\nmode = 640\nmode = 6'
		sleep 1
		echo 00
	} >late &
	t 1 "syncmapctl: late:3: 'mode' is there twice" apply late
	wait
	rm late
	t 1 'syncmapctl: nosuch.conf: No such file or directory' apply nosuch.conf
	echo 'mode = 888' >>bad.conf
	t 1 '[{"error":"bad.conf:6: '"'888'"': a mode is octal, at most 666"}]' \
		-j apply bad.conf
	echo no >worse.conf
	t 1 '[{"error":"bad.conf:6: '"'888'"': a mode is octal, at most 666"},
{"error":"worse.conf:1: '"'no'"': neither [MAP] nor NAME = VALUE"}]' \
		-j apply bad.conf worse.conf
}

# Files of the system: one in /etc hides that of the same name; a bad one is left out
directories()
{
	etc=/etc/syncmap/maps.d lib=/usr/lib/syncmap/maps.d
	mkdir -p $etc $lib
	t 0 '' apply
	echo '[a]' >$etc/20-a.conf
	echo '[hidden]' >$lib/20-a.conf
	echo '[b]' >$lib/10-b.conf
	echo 'no' >$etc/30-bad.conf
	echo '[c]' >$etc/not-one
	t 1 "syncmapctl: $etc/30-bad.conf:1: 'no': neither [MAP] nor NAME = VALUE
b: made, 0 entries
a: made, 0 entries" apply
	rm -r $etc $lib
	remove_all
}

comes_back
remove_all
applied
misdeclared
directories
is_one_revision
large
is_full
is_another
leaves_out
clocks
damaged
one_fails
full_disk
echo "1..$n"
exit $failed
