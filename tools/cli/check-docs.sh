#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The ABI, the tool, its help, its manual page and the library's manual page must
# tell of the same things; completion asks the tool. Prints TAP.
# Usage: check-docs.sh SYNCMAPCTL
set -u

tool=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 1
abi=../include/uapi/linux/syncmap.h
man=man/syncmapctl.8.scd
statuses=$(sed -n '/^# EXIT STATUS/,/^# EXAMPLES/p' $man)
examples=$(sed -n '/^# EXAMPLES/,/^# SEE/p' $man)
# What only the tool has, and what in the ABI is not a verb
tool_only='load-or-compute count hold exec import export save restore apply doctor
	top biggest complete help version'
no_verb='open restrict op map-info load-or-lease unlease await'
n=0
failed=0

words()
{
	tr -s ' \t' '\n' | sed '/^$/d' | sort -u
}

option_names()	# in the JSON of help
{
	grep -oE '"--[a-z0-9-]+"' | tr -d '"' | words
}

check()	# NAME, and a diff or a list of what is wrong
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
		failed=1
	fi
}

same()	# NAME A B
{
	check "$1" "$(diff <(words <<<"$2") <(words <<<"$3"))"
}

missing()	# prints those of the words that a grep pattern (@ is the word) does not find
{
	local pattern=$1 text=$2 word

	shift 2
	for word; do
		grep -q -- "${pattern//@/$word}" <<<"$text" || echo "no $word"
	done
}

verbs=$("$tool" -j help | sed -nE 's/.*"verb":"([a-z-]+)".*/\1/p')
options=$("$tool" -j help | option_names)
abi_words=$( (sed -nE 's/^\tSYNCMAP_OP_([A-Z_]+)\s*= .*/\1/p' $abi
	sed -nE 's/^#define SYNCMAP_([A-Z_]+)\s+_IOWR?\(.*/\1/p' $abi) |
	tr 'A-Z_' 'a-z-')

echo 1..13
# shellcheck disable=SC2046,SC2086 # lists of words
{
same 'verbs are the operations of the ABI' "$verbs $no_verb" \
	"$abi_words $tool_only"
same 'manual page has all verbs' "$verbs" \
	"$(sed -n '/^# VERBS/,/^# OPTIONS/s/^\*\([a-z-]*\)\*.*/\1/p' $man)"
check 'manual page has an example of all verbs' "$(missing \
	'\$ .*syncmapctl.* @\( \|;\|$\)' "$examples" $verbs)"
check 'the table of statuses has all verbs' "$(missing \
	'^[0-9] \$ .*syncmapctl.* @\( \|;\|$\)' "$statuses" $verbs)"
same 'manual page has all options' \
	"$options --json --pretty --help --version" \
	"$(sed -n '/^# OPTIONS/,/^# FORMATS/{s/^\*-[a-zA-Z]\*, //
		s/^\*\(--[a-z0-9-]*\)\*.*/\1/p}' $man)"
check 'words of other tools are no verbs, and stand for some' "$(
	sed -nE 's/^\t\{ "/{ "/; /^\{ "/s/\}, /\n/gp' cli/guess.c |
	sed -nE 's/^\{ "([a-z]+)", "([a-z-]+).*/\1 \2/p' |
	while read -r word verb; do
		! grep -qx "$word" <<<"$verbs" || echo "$word is a verb"
		grep -qx "$verb" <<<"$verbs" || echo "$verb is none"
	done)"
same 'manual page has all verdicts' \
	"$(sed -nE 's/^\t\{ "([a-z-]+)", find_.*/\1/p' cli/verdict.c)" \
	"$(sed -n '/^# VERDICTS/,/^# ENVIRONMENT/s/^|  \*\([a-z-]*\)\*/\1/p' $man)"
check 'syncmap(4) has all commands' "$(missing '\*@\*' \
	"$(cat man/syncmap.4.scd)" \
	$(sed -nE 's/^#define (SYNCMAP_[A-Z_]+)\s+_IOWR.*/\1/p' $abi))"
check 'syncmap(4) has all statistics' "$(missing '\*@\*' \
	"$(sed -n '/^# STATISTICS/,/^# FILES/p' man/syncmap.4.scd)" \
	$(sed -n '/^static const struct number numbers/,/^};/s/^	[A-Z_]*(\([a-z_]*\).*/\1/p' \
		../module/store/info.c))"
check 'syncmap(4) has all parameters' "$(missing '\*@\*' \
	"$(sed -n '/^# PARAMETERS/,/^# STATISTICS/p' man/syncmap.4.scd)" \
	$(sed -n 's/^module_param(\(.*\), .*, .*/\1/p' ../module/*/*.c))"
check 'there are the tracepoints of syncmap(4)' "$(missing '_EVENT(\(.*, \)\?@,' \
	"$(cat ../module/*/trace.h)" \
	$(sed -n 's/tracepoint:syncmap:/\n&/gp' man/syncmap.4.scd |
		sed -nE 's/^tracepoint:syncmap:([a-z_]+).*/\1/p'))"
check 'syncmap(4) has each errno' "$(missing '\*@\*' \
	"$(sed -n '/^# ERRORS/,/^# PARAMETERS/p' man/syncmap.4.scd)" \
	$(sed -nE 's/^ \*\t(E[A-Z0-9]+)(, (E[A-Z]+))?\t.*/\1 \3/p' $abi))"
check 'the library has a text for each errno' "$(missing '{ @,' \
	"$(cat lib/error.c)" \
	$(sed -nE 's/^ \*\t(E[A-Z0-9]+)\t.*/\1/p' $abi | grep -v EFAULT))"
}
exit $failed
