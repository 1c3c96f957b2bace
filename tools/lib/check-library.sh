#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the shared library exports, its header declares, its version script lists
# and its manual page names must be the same functions; the example of the page
# and a C++ program must compile. Prints TAP.
# Usage: check-library.sh LIBRARY
set -u

library=$(realpath "$1")
cd "$(dirname "$0")" || exit 1
failed=0

header=$(sed -nE 's/^[a-z].*[ *](libsyncmap_[a-z_]+)\(.*/\1/p' libsyncmap.h | sort)

check()	# NUMBER NAME COMMAND...
{
	local what="$1 - $2" wrong

	shift 2
	if wrong=$("$@" 2>&1); then
		echo "ok $what"
	else
		echo "not ok $what"
		printf '%s\n' "$wrong" | sed 's/^/# /'
		failed=1
	fi
}

same()	# NUMBER NAME LIST
{
	check "$1" "$2" diff <(echo "$header") <(sort -u <<<"$3")
}

# shellcheck disable=SC2317 # called by check
compile()	# LANGUAGE, and a program on standard input
{
	clang -x "$1" -Wall -Wextra -Werror -fsyntax-only -I. \
		-I../../include/uapi -
}

# All of the reader, which programs compile as they see fit
reader='#include <syncmap_mapped.h>
int load(struct syncmap_mapped *mapped, struct syncmap_mapped_item *item);
int load(struct syncmap_mapped *mapped, struct syncmap_mapped_item *item)
{
	if (syncmap_mapped_attach(mapped, item->buf, 4096))
		return 1;
	item->status = syncmap_mapped_load_u64(mapped, 1, item->buf, 8,
					       &item->result) +
		       syncmap_mapped_load(mapped, "key", 3, item->buf, 8,
					   &item->result);
	return (int)syncmap_mapped_load_batch(mapped, item, 1);
}'

# shellcheck disable=SC2317 # called by check
compile_reader()	# COMPILER LANGUAGE OPTION...
{
	local compiler=$1 language=$2

	shift 2
	"$compiler" -x "$language" -Wall -Wextra -Wpedantic -Werror -O2 \
		-S -o /dev/null -I. -I../../include/uapi "$@" - <<<"$reader"
}

echo 1..10
same 1 'exports what the header declares' "$(nm -D --defined-only "$library" |
	sed -nE 's/.* T ([A-Za-z_]+)(@.*)?/\1/p')"
same 2 'version script lists what the header declares' \
	"$(sed -nE 's/^\t(libsyncmap_[a-z_]+);/\1/p' libsyncmap.map)"
same 3 'manual page names what the header declares' \
	"$(sed '/^# EXAMPLES/,$d' ../man/libsyncmap.3.scd |
		grep -oE 'libsyncmap_[a-z_]+' | grep -vE '_(result|options)_*$')"
same 4 'header has a comment on what it declares' \
	"$(sed -nE 's/^ \* (libsyncmap_[a-z_]+) - .*/\1/p' libsyncmap.h)"
# shellcheck disable=SC2016 # backquotes of the page
check 5 'example of the manual page compiles' compile c < <(
	sed -n '/^# EXAMPLES/,/^# SEE/{/^```/,/^```/p}' ../man/libsyncmap.3.scd |
		grep -v '^```')
check 6 'header is good for C++' compile c++ <<<'#include <libsyncmap.h>'
n=6
for compiler in gcc clang; do
	check $((n += 1)) "the reader is strict C11 for $compiler" \
		compile_reader $compiler c -std=c11
	check $((n += 1)) "and C++17" compile_reader $compiler c++ -std=c++17
done
exit $failed
