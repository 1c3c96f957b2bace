#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run the examples of a manual page, and compare what they print with what the
# page says; a line "..." is any text. Needs the module. Prints TAP.
# Usage: examples.sh [PAGE.scd]
set -u

page=${1:-$(dirname "$0")/syncmapctl.8.scd}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0
failed=0
command=
: >"$work/want"

matches()
{
	[ "$(cat "$work/want")" = ... ] || cmp -s "$work/want" "$work/got"
}

run()	# the command that has been collected, against the lines behind it
{
	[ -n "$command" ] || return
	n=$((n + 1))
	eval "$command" >"$work/got" 2>&1 3>&-
	if matches; then
		echo "ok $n - $command"
	else
		echo "not ok $n - $command"
		sed 's/^/# got:  /' "$work/got"
		sed 's/^/# want: /' "$work/want"
		failed=1
	fi
	command=
	: >"$work/want"
}

# shellcheck disable=SC2016 # backquotes of the page
sed -n '/^# EXAMPLES/,/^# SEE/{/^```/,/^```/p}' "$page" >"$work/page"
# the commands get no standard input, or they would read the page
while IFS= read -r line <&9; do
	case $line in
	'```') run ;;
	'$ '*)
		run
		command=${line#??}
		;;
	*) printf '%s\n' "$line" >>"$work/want" ;;
	esac
done 9<"$work/page" </dev/null
[ "$n" -gt 0 ] || failed=1
echo "1..$n"
exit $failed
