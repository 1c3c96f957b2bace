#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What syncmapctl says to those who begin: slips, maps that there are or are not,
# who has them, what to do about an error. Needs the module and root. Prints TAP.
set -u

# shellcheck source=tools/selftest/harness/tool.sh
. "$(dirname "$0")/tool.sh"

usage()	# prints what ends an error in the usage of verb $1, with arguments $2
{
	echo "Usage: syncmapctl $1 $2"
	echo "Try 'syncmapctl help $1'."
}

# Told what is meant, which is not done
words_of_others()
{
	t 0 '' create m
	t 2 "syncmapctl: unknown verb 'get'
Did you mean 'load'?
$(usage load 'MAP KEY...|-')" get m k
	t 2 "syncmapctl: unknown verb 'put'
Did you mean 'store'?
$(usage store 'MAP KEY VALUE')" put m k v
	t 2 "syncmapctl: unknown verb 'incr'
Did you mean 'add --initial 0'?
$(usage add 'MAP KEY [N]')" incr m k
	for pair in del:delete ls:list rm:remove keys:'range --keys-only' \
		mk:create; do
		t 2 '{"error":"unknown verb '"'${pair%%:*}'"'","advice":"Did you mean '"'${pair#*:}'"'?"}' \
			-j "${pair%%:*}"
	done
	t 2 '{"error":"unknown verb '"'rm'"'","advice":"Did you mean '"'delete'"'?"}' \
		-j rm m k
	t 2 "syncmapctl: set: too many arguments
Did you mean 'store'? What is set is what the map is.
$(usage set MAP)" set m k v
	t 2 "syncmapctl: remove: too many arguments
Did you mean 'delete'? What is removed is a map.
$(usage remove MAP)" remove m k
	t 2 "syncmapctl: delete: too few arguments
Did you mean 'remove', or 'clear'? What is deleted is keys.
$(usage delete 'MAP KEY...|--prefix PREFIX')" delete m
	t 0 0 count m
	t 0 '' remove m
}

typing_errors()
{
	t 2 "syncmapctl: unknown verb 'stroe'
Did you mean 'store'?
$(usage store 'MAP KEY VALUE')" stroe m k v
	t 2 "syncmapctl: unknown verb 'mix'
Did you mean 'min' or 'max'?
Try 'syncmapctl help'." mix m k 1
	t 2 "syncmapctl: unknown option '--entires'
Did you mean '--entries'?
$(usage create 'NAME [COMMAND...]')" create --entires 5 m
	t 2 "syncmapctl: unknown option '--versoin'
Did you mean '--version'?
Try 'syncmapctl help'." --versoin
	dashes="Put '--' before arguments that begin with a dash: syncmapctl"
	t 2 "syncmapctl: unknown option '-5'
$dashes store -- MAP KEY VALUE
$(usage store 'MAP KEY VALUE')" store m k -5
	t 2 "syncmapctl: store: takes no option --count
$dashes store -- MAP KEY VALUE
$(usage store 'MAP KEY VALUE')" store m k -c5
	t 2 "syncmapctl: option '-x' needs an argument
$dashes store -- MAP KEY VALUE
$(usage store 'MAP KEY VALUE')" store m k -x
}

versions()
{
	"$tool" version >want
	for words in --version 'store --version' '--version load m'; do
		# shellcheck disable=SC2086 # a list of words
		t 0 "$(cat want)" $words
	done
	"$tool" -j version >want
	t 0 "$(cat want)" -j --version
}

# sizes MEMBER SIZE WANT: exactly so many
sizes()
{
	t 0 '' create "--$1" "$2" m
	"$tool" -j info m | grep -o '"limits":{[^}]*}' |
		grep -o "\"$(echo "$1" | tr - _)\":[0-9]*" >got
	judge "$1 of $2" 0 0 "\"$(echo "$1" | tr - _)\":$3"
	t 0 '' remove m
}

units()
{
	sizes entries 1M 1048576
	sizes entries 10k 10240
	sizes entries 1MB 1000000
	sizes bytes 64M 67108864
	sizes bytes 64MiB 67108864
	sizes bytes 0x100000 1048576
	sizes key-size 1K 1024
	sizes value-size 64KB 64000
	t 0 '' create m
	t 0 '' set --entries 2K --bytes 256M m
	"$tool" -j info m | grep -o '"entries":2048,"bytes":268435456' >got
	judge 'set with units' 0 0 '"entries":2048,"bytes":268435456'
	t 0 '' remove m
	unit="a number may end in K, M, G or T, of 1024, or in KB, MB, GB or TB, of 1000"
	t 2 '{"error":"'"'1.5M': $unit"'"}' -j create --entries 1.5M m
	t 2 '{"error":"'"'16E'"': too large"}' -j create --bytes 16E m
	t 2 '{"error":"'"'4G'"': too large"}' -j create --key-size 4G m
}

# What is known before there is anything
nothing_yet()
{
	t 0 "There is no map yet. To begin:

  syncmapctl create flags
  syncmapctl store flags color blue
  syncmapctl load flags color

'syncmapctl help' tells of all verbs, 'man syncmapctl' of all there is."
	# and what it says can be done
	grep '^  ' got >steps
	t 0 '[]' -j
	sed -i "s|syncmapctl|$tool|" steps
	sh -eu steps >got 2>&1
	judge 'the first steps' $? 0 blue
	"$tool" >got
	grep '^flags  *string  *1 ' got >line
	judge 'a map is there' $? 0 "$(cat got)"
	t 0 '' remove flags
}

listing()
{
	t 0 '' create --entries 4 --mode 644 --values-are u64 b
	t 0 '' create --type u64 --mapped --ttl 1h a
	t 0 '' store b k 0
	t 0 '' freeze b
	"$tool" list | tr -s ' ' >got
	judge 'list' 0 0 "a u64 0 0 0% 0600 root - mapped,ttl
b string 1 $("$tool" -j info b | sed 's/.*"bytes":\([0-9]*\),"rev.*/\1/') 25% 0644 root u64 frozen"
	"$tool" -j list >got
	{ "$tool" -j info a; "$tool" -j info b; } | sed 's/"access":"[a-z-]*",//
		s/,"found":.*}$/}/' | tr '\n' , | sed 's/},{/},\
{/; s/^/[/; s/,$/]/' >want
	judge 'list in JSON is what info tells' 0 0 "$(cat want)"
	t 0 '' remove a
	t 0 '' remove b
}

# Maps without a name are found with those who have them
nameless()
{
	t 0 '' create named
	mkfifo hold
	# shellcheck disable=SC2016 # for the inner shell
	"$tool" create --entries 10 --values-are text '' -- sh -c '
		"$0" store "/dev/fd/$SYNCMAP_FD" k v; echo >made; read -r _
		printf "x\377" >/proc/$$/comm; echo >renamed; read -r _' \
		"$tool" <hold &
	holder=$!
	exec 4>hold
	until [ -e made ]; do sleep 0.1; done
	"$tool" list | tr -s ' ' >got
	judge 'list without it' 0 0 "named string 0 0 0% 0600 root - -"
	"$tool" list --all | sed 's/#[0-9]*/#N/; s/  */ /g; s/ 1 [0-9]* / 1 B /' >got
	judge 'list --all' 0 0 "named string 0 0 0% 0600 root - - -
#N string 1 B 10% 0600 root text nameless sh ($holder)"
	"$tool" -j list --all | grep -o '"nameless".*\|"holders".*' >got
	judge 'list --all in JSON' 0 0 '"holders":[]},
"nameless":true,"holders":[{"pid":'$holder',"fd":3,"command":"sh"}]}]'
	echo >&4
	until [ -e renamed ]; do sleep 0.1; done
	"$tool" -j list --all | grep -o '"command".*' >got
	judge 'the name of a command that is no text' 0 0 '"command":"x\\xff"}]}]'
	exec 4>&-
	wait $holder
	t 0 '' remove named
}

# What may be seen of a process need not be what is in its descriptors
unseen()
{
	yama=/proc/sys/kernel/yama/ptrace_scope
	[ -e $yama ] || return
	before=$(cat $yama)
	nobody create '' -- sh -c 'echo; read -r _' <hold >ready &
	exec 4>hold
	until [ -s ready ]; do sleep 0.1; done
	echo 1 >$yama
	nobody list --all | sed 's/[0-9][0-9]*/N/g; s/  */ /g' >got
	judge 'list --all of what is not seen' 0 0 '#N - - - - - - - unseen sh (N)'
	nobody -j list --all | sed 's/[0-9][0-9]*/N/g' >got
	judge 'list --all in JSON of what is not seen' 0 0 \
		'[{"map":"","id":N,"holders":[{"pid":N,"fd":N,"command":"sh"}]}]'
	echo "$before" >$yama
	exec 4>&-
	wait
}

# Made once, whoever makes it
made_if_absent()
{
	made='create --if-absent --entries 1K --ttl 1h -m 644 m'
	# shellcheck disable=SC2016,SC2086 # lists of words
	{
		t 0 '' $made
		id=$("$tool" -j info m | grep -o '"id":[0-9]*')
		t 0 '' $made
		"$tool" -j $made >got
		grep -q "$id,.*\"created\":false}\$" got
		report 'it is the same' $?
		t 1 "syncmapctl: map 'm' exists already: entries is 1024, not 2048" \
			$made --entries 2K
		t 1 "syncmapctl: map 'm' exists already: key_type is string, not u64; key_size is 1024, not 8" \
			$made --type u64
		t 1 "syncmapctl: map 'm' exists already: values_are is not said, not json; mode is 0644, not 0600" \
			$made --values-are json -m 600
		t 1 "syncmapctl: map 'm' exists already: mapped is false, not true" \
			$made --mapped
		u 1 "syncmapctl: map 'm' exists already: uid is 0, not 65534" $made
		t 0 '' store m k v
		t 0 v $made -- sh -c '"$0" load "/dev/fd/$SYNCMAP_FD" k' "$tool"
		t 0 '' set --mode 600 m
		u 1 "syncmapctl: map 'm': permission denied by its mode
To read or write it takes a right that its owner can give by 'syncmapctl set --mode': owner root, group root, mode 0600." \
			$made
	}
	t 0 '' remove m
	"$tool" -j create --if-absent m | grep -o '"created":[a-z]*' >got
	judge 'it was made' 0 0 '"created":true'
	t 0 '' remove m
}

# While others make and remove it, each has it in the end
made_in_a_race()
{
	for i in 1 2 3 4; do
		for j in $(seq 8); do
			"$tool" create --if-absent m -- true || echo "$i $j"
			"$tool" remove m 2>/dev/null
		done >>missed 2>&1 &
	done
	wait
	t 0 '[]' -j list
	for i in $(seq 8); do
		"$tool" -j create --if-absent m | grep -o '"created":[a-z]*' &
	done >made
	wait
	sort made | uniq -c | tr -s ' ' | sed 's/^ //' >got
	judge 'one of eight has made it' 0 0 '7 "created":false
1 "created":true'
	cp missed got
	judge 'nobody has missed it' 0 0 ''
	t 0 '' remove m
}

deleting()
{
	t 0 '' create m
	printf '%s\t1\n' a/1 a/2 a/3 b/1 b/2 c >lines
	"$tool" import m lines >got
	t 0 '' delete m a/1 b/1
	t 3 "syncmapctl: map 'm': key 'x' is absent
syncmapctl: map 'm': key 'y' is absent" delete m x a/2 y
	t 0 '[{"key":"a/3","deleted":true,"revision":10,"previous_revision":3,"ttl_ns":"never"},
{"key":"c","deleted":true,"revision":11,"previous_revision":6,"ttl_ns":"never"}]' \
		-j delete m a/3 c
	t 3 '{"key":"a/3","deleted":false}' -j delete m a/3
	t 0 '1 entry would be deleted' delete -x b/ --dry-run m
	t 0 1 count m
	t 0 '{"map":"m","prefix":"b/","would_delete":1}' \
		-j delete -x b/ --dry-run m
	t 0 '{"map":"m","prefix":"b/","deleted":1}' -j delete -x b/ m
	t 3 '0 entries deleted' delete -x b/ m
	awk 'BEGIN { for (i = 0; i < 5000; i++)
		print (i % 5 ? "n" : "k") i "\t" i }' >lines
	"$tool" import m lines >got
	t 0 '1000 entries deleted' delete --prefix k m
	t 0 4000 count m
	t 0 '4000 entries deleted' delete --prefix '' m
	t 2 '{"error":"either keys or a prefix"}' -j delete -x b/ m k
	t 2 '{"error":"--dry-run is for a prefix"}' -j delete --dry-run m k
	t 0 '' store m k v
	t 0 '' set -m 622 m
	u 1 "syncmapctl: map 'm': permission denied by its mode
To read and write it takes a right that its owner can give by 'syncmapctl set --mode': owner root, group root, mode 0622." \
		delete -x k m
	t 0 '' set -m 644 m
	u 0 '1 entry would be deleted' delete -x k --dry-run m
	t 0 '' freeze m
	t 1 "syncmapctl: map 'm': frozen: nobody can write any more" \
		delete -x k m
	t 0 '' remove m
	t 0 '' create -t u64 m
	t 1 "syncmapctl: map 'm': numbers have no prefix" delete -x 1 m
	t 0 '' remove m
}

ranges()
{
	t 0 '' create m
	t 0 '' store --ttl 1h m b 1
	t 0 '' store m a 2
	t 0 '' store --ttl 1m m ab 3
	t 0 '' store m c 4
	t 0 "a${tab}2
ab${tab}3
b${tab}1
c${tab}4" range --order key m
	t 0 "b${tab}1
a${tab}2
ab${tab}3
c${tab}4" range --order revision m
	t 0 "ab${tab}3
b${tab}1
a${tab}2
c${tab}4" range --order ttl m
	t 0 "c${tab}4
ab${tab}3" range --order revision --reverse --limit 2 m
	t 0 "a${tab}2
ab${tab}3" range --order key --limit 2 m
	t 0 'c
b' range --keys-only --reverse --limit 2 m
	t 0 "a${tab}2
ab${tab}3" range --prefix a --order key m
	t 0 '' range --prefix x m
	t 0 "c${tab}4" range --prefix c --limit 5 m
	"$tool" range --limit 3 m | wc -l >got
	judge 'range --limit without an order' 0 0 3
	"$tool" -j range --limit 3 m | grep -c '"key"' >got
	judge 'range --limit in JSON' 0 0 3
	t 2 '{"error":"'"'length'"': an order is key, revision, ttl or size"}' \
		-j range --order length m
	t 0 '' remove m
	t 0 '' create -t u64 m
	awk 'BEGIN { for (i = 0; i < 3000; i++) print i * 7919 % 3001 "\t" i }' >lines
	"$tool" import m lines >got
	for limit in 1 2 1000 2999 3000 4000; do
		"$tool" range --order key --limit $limit m >got
		sort -n lines | head -n $limit >want
		same "the first $limit" got want
		"$tool" range --reverse --limit $limit m >got
		sort -rn lines | head -n $limit >want
		same "the last $limit" got want
	done
	t 1 "syncmapctl: map 'm': numbers have no prefix" range --prefix 1 m
	t 0 '' remove m
}

# What the values of a map are is how they are shown and taken
numbers()
{
	t 0 '' create --values-are number m
	t 0 1 add --initial 0 m hits
	t 0 1 load m hits
	t 0 '' store m limit 0x10
	t 0 16 load m limit
	t 0 "hits${tab}1
limit${tab}16" range --order key m
	t 0 '[{"key":"hits","value":1,"revision":1,"ttl_ns":"never"},
{"key":"limit","value":16,"revision":2,"ttl_ns":"never"}]' -j range --order key m
	t 0 '\x01\x00\x00\x00\x00\x00\x00\x00' load -f text m hits
	t 1 "syncmapctl: value 'many': not a number; the values of map 'm' are u64, or say --format" \
		store m limit many
	t 0 42 load-or-compute m answer -- echo 42
	t 0 42 load m answer
	t 1 "syncmapctl: echo: not a number" load-or-compute m other -- echo no
	t 0 43 load-or-compute m other -- echo 43
	"$tool" export m | sort >lines
	t 0 '' create -y number n
	"$tool" import n lines >got
	"$tool" export n | sort >got
	same 'numbers are exported and imported' got lines
	t 0 '' remove n
	t 0 '' set --values-are text m
	t 0 '\x01\x00\x00\x00\x00\x00\x00\x00' load m hits
	t 0 '' set --values-are bytes m
	t 0 0100000000000000 load m hits
	t 0 '' set --values-are json m
	t 0 '' store m doc '{"a": [1, 2]}'
	t 0 '{"a":[1,2]}' load m doc
	t 1 "syncmapctl: value '{': not JSON at byte 2: the end is missing; the values of map 'm' are json, or say --format" \
		store m doc '{'
	t 0 '' remove m
}

# What is wrong, and what helps
advice()
{
	t 0 '' create flags
	t 1 "syncmapctl: there is no map 'flgas'
Did you mean 'flags'?" load flgas k
	t 1 '{"error":"there is no map '"'flag'"'","advice":"Did you mean '"'flags'"'?"}' \
		-j remove flag
	t 1 "syncmapctl: there is no map 'sessions'" load sessions k
	t 0 '' remove flags
	(umask 0 && "$tool" create --entries 1 -m 666 m)
	t 0 '' store m k v
	u 1 "syncmapctl: map 'm': key 'l': the map is full: 1 of 1 entries
Its owner, root, can make room: syncmapctl set --entries 2 m" store m l v
	"$tool" store m l v 2>&1 | sed -n 's/^To make room: syncmapctl //p' >got
	# shellcheck disable=SC2046 # a list of words
	t 0 '' $(cat got)
	t 0 '' store m l v
	t 0 '' remove m
	with_limit max_maps 0 "FAIL room    maps: 0 of at most 0: remove some, or have root raise /sys/module/syncmap/parameters/max_maps"
	"$tool" doctor | grep -E ' (room|names) ' | sed 's/most .*/most .../' >got
	judge 'doctor is content' 0 0 'ok   room    0 of at most ...
ok   names   all 0 maps have one'
}

# without STATUS TEXT DOCTOR: what list says, and doctor in the end
without()
{
	u "$1" "$2" list
	u "$1" "$2"
	nobody doctor >all
	tail -n 1 all >got
	judge 'doctor' 0 0 "$3"
}

# As if the module were not there, or its device were for others
no_device()
{
	mv /dev/syncmap /dev/elsewhere
	without 1 "syncmapctl: there is no /dev/syncmap: is the module loaded?
Try 'modprobe syncmap', as root; 'syncmapctl doctor' finds out more." \
		"FAIL node    /dev/syncmap: No such file or directory: is udev or devtmpfs running? 'mknod /dev/syncmap c 10 $(
		sed -n 's/ *\([0-9]*\) syncmap/\1/p' /proc/misc)'"
	mv /dev/elsewhere /dev/syncmap
	chmod 660 /dev/syncmap
	rule='its mode is 0660; it is 0666 unless a udev rule says otherwise'
	without 1 "syncmapctl: /dev/syncmap: permission denied
To have it: $rule." "FAIL rights  denied: $rule"
	chgrp 4242 /dev/syncmap
	group="join the group '4242' ('adduser USER 4242', as root, then log in again)"
	without 1 "syncmapctl: /dev/syncmap: permission denied
To have it: $group." "FAIL rights  denied: $group"
	chmod 666 /dev/syncmap
	chgrp 0 /dev/syncmap
}

# with_limit PARAMETER VALUE TEXT: the last that doctor says then
with_limit()
{
	parameter=/sys/module/syncmap/parameters/$1
	before=$(cat "$parameter")
	echo "$2" >"$parameter"
	"$tool" doctor | tail -n 1 >got
	judge "doctor: $1" 0 0 "$3"
	echo "$before" >"$parameter"
}

words_of_others
typing_errors
versions
units
nothing_yet
listing
nameless
unseen
made_if_absent
made_in_a_race
deleting
ranges
numbers
advice
no_device
t 0 '[]' -j list
finish
