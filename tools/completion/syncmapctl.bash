# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# bash completion for syncmapctl(8), which says itself what may stand where

_syncmapctl()
{
	local cur words cword candidate

	if declare -F _get_comp_words_by_ref >/dev/null; then
		# names of maps may have a colon
		_get_comp_words_by_ref -n =: cur words cword
	else
		words=("${COMP_WORDS[@]}")
		cword=$COMP_CWORD
		cur=${words[cword]}
	fi
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		case $candidate in
		:files)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		:directories)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
		:commands) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
		*) COMPREPLY+=("$candidate") ;;
		esac
	done < <("${words[0]}" complete -- "${words[@]:1:cword}" 2>/dev/null)
	! declare -F __ltrim_colon_completions >/dev/null ||
		__ltrim_colon_completions "$cur"
}

complete -F _syncmapctl syncmapctl
