# SPDX-License-Identifier: GPL-2.0-only
# Type a line into a zsh that completes, and a tab; print what the line is then.
# Usage: check.zsh DIRECTORY LINE
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner "PS1= RPS1=; stty -echo; unset zle_bracketed_paste
	fpath=($1 \$fpath); autoload -U compinit; compinit -u -D
	show() { print -r -- \"<\$BUFFER>\"; exit }
	zle -N show; bindkey '^X' show; print rea''dy"
zpty -r -m inner out '*ready*'
zpty -w -n inner "$2"$'\t\x18'
zpty -r -m inner out '*<*>*' || exit
out=${${out##*<}%%>*}
print -r -- ${out% }
