#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the shared library exports, its header declares, its version script lists
# and its manual pages show must be the same functions, with the same prototypes;
# the examples of the pages and a C++ program must compile. Prints TAP.
# Usage: check-library.sh LIBRARY
set -u

library=$(realpath "$1")
cd "$(dirname "$0")" || exit 1
failed=0
pages=$(ls ../man/libsyncmap*.3.scd)

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

# Declarations, one a line, of structs what is between their braces, too
declarations()
{
	sed 's,/\*.*\*/,,' | awk '
	/^#|^\/\*/ { comment = /^\/\*/ && !/\*\// }
	comment { comment = !/\*\//; next }
	/^[a-z].*libsyncmap_/ { all = ""; open = 1 }
	open { all = all " " $0 }
	open && /;$/ && (all !~ /{/ || /^}/) {
		gsub(/[ \t]+/, " ", all)
		gsub(/\( /, "(", all)
		print all
		open = 0
	}' | grep -v '^ struct [a-z_]*;$' | sort
}

# SECTION..., on standard input what is in a literal block there
# shellcheck disable=SC2016 # backquotes of the page
literal()
{
	sed -n "/^# $1/,/^# $2/{/^\`\`\`/,/^\`\`\`/p}" | grep -v '^```'
}

shown()	# lines of "PAGE FUNCTION" for what each SYNOPSIS shows
{
	local page name

	for page in $pages; do
		name=$(basename "$page" .3.scd)
		literal SYNOPSIS DESCRIPTION <"$page" | declarations |
			sed -nE "s/^[^(]*(libsyncmap_[a-z_]+)\\(.*/$name \\1/p"
	done | sort
}

# shellcheck disable=SC2317 # called by check
examples()
{
	local page bad=0

	for page in $pages; do
		literal EXAMPLES SEE <"$page" | compile c ||
			{ echo "^ $page"; bad=1; }
	done
	return "$bad"
}

# A program that goes on with a map when it has given up the library: threads may be in
# it, and of what it has mapped there is to be no second one
# shellcheck disable=SC2317 # called by check
give_up()
{
	local dir status=0

	dir=$(mktemp -d)
	gcc -x c -Wall -Werror -I. -I../../include/uapi -o "$dir/plugin" - \
		<<-'END' && "$dir/plugin" "$library" || status=$?
		#include <dlfcn.h>
		#include <libsyncmap.h>
		int main(int argc, char **argv)
		{
			void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : 0;
			void (*close)(struct libsyncmap *map) = library ?
				dlsym(library, "libsyncmap_close") : 0;

			if (!close || dlclose(library))
				return 2;
			close(0);
			return dlsym(dlopen(argv[1], RTLD_NOW),
				     "libsyncmap_close") != close;
		}
	END
	rm -r "$dir"
	return "$status"
}

echo 1..12
same 1 'exports what the header declares' "$(nm -D --defined-only "$library" |
	sed -nE 's/.* T ([A-Za-z_]+)(@.*)?/\1/p')"
same 2 'version script lists what the header declares' \
	"$(sed -nE 's/^\t(libsyncmap_[a-z_]+);/\1/p' libsyncmap.map)"
# shellcheck disable=SC2086 # a list of pages
check 3 'manual pages have the declarations of the header' \
	diff <(declarations <libsyncmap.h) \
	<(cat $pages | literal SYNOPSIS DESCRIPTION | declarations)
# shellcheck disable=SC2086 # a list of pages
check 4 'manual pages are named after what they show' diff <(shown) \
	<(../man/names $pages | grep -v ' libsyncmap$' | sort)
same 5 'header has a comment on what it declares' \
	"$(sed -nE 's/^ \* (libsyncmap_[a-z_]+) - .*/\1/p' libsyncmap.h)"
check 6 'examples of the manual pages compile' examples
check 7 'header is good for C++' compile c++ <<<'#include <libsyncmap.h>'
n=7
for compiler in gcc clang; do
	check $((n += 1)) "the reader is strict C11 for $compiler" \
		compile_reader $compiler c -std=c11
	check $((n += 1)) "and C++17" compile_reader $compiler c++ -std=c++17
done
check 12 'dlclose() leaves it where it is' give_up
exit $failed
