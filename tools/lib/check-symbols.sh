#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the shared library exports, its header declares, its version script lists
# and its manual page names must be the same functions. Prints TAP.
# Usage: check-symbols.sh LIBRARY
set -u

library=$(realpath "$1")
cd "$(dirname "$0")" || exit 1
failed=0

header=$(sed -nE 's/^[a-z].*[ *](libsyncmap_[a-z_]+)\(.*/\1/p' libsyncmap.h | sort)

same()	# NUMBER NAME LIST
{
	local wrong

	if wrong=$(diff <(echo "$header") <(sort -u <<<"$3")); then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		printf '%s\n' "$wrong" | sed 's/^/# /'
		failed=1
	fi
}

echo 1..4
same 1 'exports what the header declares' "$(nm -D --defined-only "$library" |
	sed -nE 's/.* T ([A-Za-z_]+)(@.*)?/\1/p')"
same 2 'version script lists what the header declares' \
	"$(sed -nE 's/^\t(libsyncmap_[a-z_]+);/\1/p' libsyncmap.map)"
same 3 'manual page names what the header declares' \
	"$(sed '/^# EXAMPLES/,$d' ../man/libsyncmap.3.scd |
		grep -oE 'libsyncmap_[a-z_]+' | grep -v '_result_*$')"
same 4 'header has a comment on what it declares' \
	"$(sed -nE 's/^ \* (libsyncmap_[a-z_]+) - .*/\1/p' libsyncmap.h)"
exit $failed
