#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run the examples of a manual page, or all that is in one without examples, and
# compare what they print with what the page says; a line "..." is any text, and a
# command goes on in lines that begin with ">". Needs the module. Prints TAP.
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
	name=$(printf '%s' "$command" | tr -s '\n ' ' ')
	eval "$command" >"$work/got" 2>&1 3>&-
	if matches; then
		printf 'ok %d - %s\n' "$n" "$name"
	else
		printf 'not ok %d - %s\n' "$n" "$name"
		sed 's/^/# got:  /' "$work/got"
		sed 's/^/# want: /' "$work/want"
		failed=1
	fi
	command=
	: >"$work/want"
}

begin='^# EXAMPLES'
grep -q "$begin" "$page" || begin='^# DESCRIPTION'
sed -n "/$begin/,/^# SEE/{/^\`\`\`/,/^\`\`\`/p}" "$page" >"$work/page"
# the commands get no standard input, or they would read the page
while IFS= read -r line <&9; do
	case $line in
	'```') run ;;
	'$ '*)
		run
		command=${line#??}
		;;
	'> '*)
		command="$command
${line#??}"
		;;
	*) printf '%s\n' "$line" >>"$work/want" ;;
	esac
done 9<"$work/page" </dev/null
[ "$n" -gt 0 ] || failed=1
echo "1..$n"
exit $failed
