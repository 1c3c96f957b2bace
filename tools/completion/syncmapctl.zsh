#compdef syncmapctl
# SPDX-License-Identifier: GPL-2.0-only
# zsh completion for syncmapctl(8), which says itself what may stand where

local -a candidates lines
local line

lines=("${(@f)$(_call_program candidates \
	"${(q)words[1]}" complete -- "${(@q)words[2,CURRENT]}")}")
for line in $lines; do
	case $line in
	:files) _files ;;
	:directories) _files -/ ;;
	:commands) _command_names -e ;;
	# a colon would end the word
	*) candidates+=("${${line%%$'\t'*}//:/\\:}${${(M)line%%$'\t'*}:+:${line#*$'\t'}}") ;;
	esac
done
(( ! $#candidates )) || _describe -V 'syncmapctl' candidates
