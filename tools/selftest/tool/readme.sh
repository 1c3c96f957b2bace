#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run what README.md shows of a terminal, in one shell, and compare what that
# prints with what README.md says; * there is any text, and spaces are as good as
# one. Needs the module. Prints TAP.
# Usage: readme.sh [README.md]
set -u

readme=$(realpath "${1:-$(dirname "$0")/README.md}")
# shellcheck source=tools/selftest/harness/tool.sh
. "$(dirname "$0")/tool.sh"

PATH=${tool%/*}:$PATH

# Its words, whatever they hold
plain()
{
	tr -s ' ' | sed 's/ $//'
}

# wanted and got, line by line; the former has the pattern
compare()
{
	[ "$(wc -l <want)" -eq "$(wc -l <got)" ] || return
	# shellcheck disable=SC2094 # nothing is written
	while IFS= read -r want <&5 && IFS= read -r have <&6; do
		# shellcheck disable=SC2254 # it is a pattern
		case $have in
		$want) ;;
		*) return 1 ;;
		esac
	done 5<want 6<got
}

run()	# the command that has been collected, against the lines behind it
{
	[ -n "$command" ] || return
	plain <said | sed 's/[][?\\]/\\&/g' >want
	eval "$command" >all 2>&1
	plain <all >got
	compare
	wrong=$?
	report "$command" $wrong
	[ $wrong -eq 0 ] || sed 's/^/# got: /' all
	command=
	: >said
}

command=
: >said
# shellcheck disable=SC2016 # backquotes of the page
sed -n '/^```console$/,/^```$/p' "$readme" >blocks
# the commands get no standard input, or they would read the page
while IFS= read -r line <&9; do
	case $line in
	'```') run ;;
	'```console') ;;
	'$ '*)
		run
		command=${line#??}
		;;
	*) printf '%s\n' "$line" >>said ;;
	esac
done 9<blocks </dev/null
[ "$n" -gt 20 ]
report 'README.md has a transcript' $?
t 0 '[]' -j list
finish
