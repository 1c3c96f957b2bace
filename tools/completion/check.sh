#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What bash, zsh and fish offer is what the tool says that may stand there; of a
# verb all options of its help. No module is needed. Prints TAP.
# Usage: check.sh SYNCMAPCTL
set -u

tool=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
PATH=${tool%/*}:$PATH
touch file.tsv
mkdir folder zsh
cp "$here/syncmapctl.zsh" zsh/_syncmapctl
n=0
failed=0

same()	# NAME GOT WANTED, each a list of words
{
	local got want

	got=$(tr -s ' \t' '\n' <<<"$2" | sed '/^$/d' | sort)
	want=$(tr -s ' \t' '\n' <<<"$3" | sed '/^$/d' | sort)
	n=$((n + 1))
	if [ "$got" = "$want" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		diff <(echo "$got") <(echo "$want") | sed 's/^/# /'
		failed=1
	fi
}

# Each prints what may become of the last word of each line, behind the line

by_bash()
{
	# shellcheck disable=SC2016 # for the inner shell
	bash -c '. "$0/syncmapctl.bash"
		compopt() { :; }
		for line; do
			IFS=" " read -ra COMP_WORDS <<<"$line."
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			COMP_WORDS[COMP_CWORD]=${COMP_WORDS[COMP_CWORD]%.}
			_syncmapctl
			for word in "${COMPREPLY[@]}"; do
				echo "${line// /_}:$word"
			done
		done' "$here" "$@"
}

by_fish()
{
	# shellcheck disable=SC2016 # for the inner shell
	fish --no-config -c 'source $argv[1]/syncmapctl.fish
		for line in $argv[2..-1]
			for word in (complete -C "$line" | string replace -r "\t.*" "")
				echo (string replace -a " " _ "$line"):$word
			end
		end' "$here" "$@"
}

# What is on the line after a tab, which has to be one word more
by_zsh()
{
	zsh -f "$here/check.zsh" "$work/zsh" "$1"
}

verbs=$("$tool" -j help | sed -nE 's/.*"verb":"([a-z-]+)".*/\1/p')
options=$(for verb in $verbs; do
	{ "$tool" -j help "$verb" | grep -oE '"--[a-z0-9-]+"'
	printf '"--%s"\n' json pretty help version; } | tr -d '"' |
		sed "s/^/syncmapctl_$verb\_--:/"
done)
for shell in bash fish; do
	# shellcheck disable=SC2001 # of each line
	same "$shell: verbs" "$(by_$shell 'syncmapctl ')" \
		"$(sed 's/^/syncmapctl_:/' <<<"$verbs")"
	# shellcheck disable=SC2046,SC2086 # a list of words
	same "$shell: options of each verb" "$(IFS=$'\n'
		by_$shell $(printf 'syncmapctl %s --\n' $verbs))" "$options"
	same "$shell: words" "$(by_$shell 'syncmapctl load -f ' \
		'syncmapctl -j create --values-are j' 'syncmapctl help ra' \
		'syncmapctl exec -R --key-f' 'syncmapctl exec m --read' \
		'syncmapctl load -- m -' 'syncmapctl count m x' \
		'syncmapctl import m fi' 'syncmapctl exec m syncmapc' \
		'syncmapctl load -o roo' 'syncmapctl set -G roo')" '
		syncmapctl_load_-f_:text syncmapctl_load_-f_:raw
		syncmapctl_load_-f_:hex syncmapctl_load_-f_:u64
		syncmapctl_load_-f_:x64 syncmapctl_load_-f_:json
		syncmapctl_-j_create_--values-are_j:json
		syncmapctl_help_ra:range
		syncmapctl_exec_m_--read:--read-only
		syncmapctl_import_m_fi:file.tsv
		syncmapctl_exec_m_syncmapc:syncmapctl
		syncmapctl_load_-o_roo:root syncmapctl_set_-G_roo:root'
done
same 'bash: an equals sign' "$(by_bash 'syncmapctl load --format = h')" \
	syncmapctl_load_--format_=_h:hex
same 'fish: an equals sign' "$(by_fish 'syncmapctl load --format=h')" \
	syncmapctl_load_--format=h:--format=hex
same 'zsh: a verb' "$(by_zsh 'syncmapctl cr')" 'syncmapctl create'
same 'zsh: an option' "$(by_zsh 'syncmapctl load --new')" \
	'syncmapctl load --newer'
same 'zsh: the argument of an option' "$(by_zsh 'syncmapctl load -f h')" \
	'syncmapctl load -f hex'
same 'zsh: an equals sign' "$(by_zsh 'syncmapctl load --format=h')" \
	'syncmapctl load --format=hex'
same 'zsh: a file' "$(by_zsh 'syncmapctl import m fi')" \
	'syncmapctl import m file.tsv'
same 'zsh: a command' "$(by_zsh 'syncmapctl exec m syncmapc')" \
	'syncmapctl exec m syncmapctl'
echo "1..$n"
exit $failed
