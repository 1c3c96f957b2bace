# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# For tests of syncmapctl, which has to be in PATH: they are in an empty directory
# then, and end with finish.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tool=$(command -v syncmapctl)
case $tool in /*) ;; *) tool=$PWD/$tool ;; esac
cd "$work" || exit 1
exec 3>&- # the first that is free for a map
n=0
failed=0
# shellcheck disable=SC2034 # for the tests
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

# a guest of the rig knows no users
grep -qs '^nobody:' /etc/passwd || {
	mkdir -p /etc
	echo 'root:x:0:0::/:/bin/sh' >>/etc/passwd
	echo 'nobody:x:65534:65534::/:/bin/sh' >>/etc/passwd
	echo 'root:x:0:' >>/etc/group
	echo 'nogroup:x:65534:' >>/etc/group
}

finish()
{
	echo "1..$n"
	exit $failed
}
