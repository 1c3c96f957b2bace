#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What "make install" puts below DESTDIR is enough to build and run a program
# by pkg-config, and what "make uninstall" takes away is all of it. Prints TAP.
# Usage: tools/check-install.sh OUT
set -u

out=$(realpath "$1")
cd "$(dirname "$0")" || exit 1
root=$out/root
prefix=/usr/local
n=0

judge()	# STATUS NAME
{
	n=$((n + 1))
	[ "$1" -eq 0 ] || printf 'not '
	echo "ok $n - $2"
}

program()
{
	local flags

	flags=$(PKG_CONFIG_SYSROOT_DIR=$root \
		PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig \
		pkg-config --cflags --libs libsyncmap) || return
	# shellcheck disable=SC2086 # a list of words
	gcc -x c -o "$out/installed" - $flags <<-'END' || return
	#include <libsyncmap.h>
	#include <syncmap_mapped.h>
	int main(void) { return !libsyncmap_strerror(0); }
	END
	LD_LIBRARY_PATH=$root$prefix/lib "$out/installed"
}

outside()	# what is not below the prefix
{
	find "$root" -not -type d -not -path "$root$prefix/*"
}

functions_without_manual()
{
	sed -nE 's/^\t(libsyncmap_[a-z_]+);/\1/p' lib/libsyncmap.map |
		while read -r name; do
			[ -e "$root$prefix/share/man/man3/$name.3" ] || echo "$name"
		done
}

missing_pages()	# that the pages refer to
{
	sed 's/\\//g' man/*.scd | grep -oE '\<(lib)?syncmap[a-z_-]*\([1-8]\)' |
		sort -u | tr '()' '  ' | while read -r name section; do
		[ -e "$root$prefix/share/man/man$section/$name.$section" ] ||
			echo "$name($section)"
	done
}

left()
{
	find "$root" -not -type d
}

# Whatever OUT is called, what a header is part of is built anew with it
depends()	# OUT
{
	make -n -W cli/cli.h OUT="$1" all | grep -q -- ' -o .*/cli/main\.o '
}

# The module is built by the compiler of its kernel, for whom DKMS calls make, too
compiler_of_kernel()
{
	mkdir -p "$out/kernel" && echo "$1" >"$out/kernel/.config" &&
		make -n -C .. KDIR="$out/kernel" modules 2>/dev/null |
		grep -c "$2" >/dev/null
}

echo 1..9
rm -rf "$root"
make -s OUT="$out" DESTDIR="$root" PREFIX=$prefix install && [ -z "$(outside)" ]
judge $? 'install keeps to DESTDIR and PREFIX'
program
judge $? 'a program is built and run with what is installed'
[ -z "$(functions_without_manual)" ]
judge $? 'each function of the library has a manual page'
[ -z "$(missing_pages)" ]
judge $? 'manual pages refer to pages that are there'
make -s OUT="$out" DESTDIR="$root" PREFIX=$prefix uninstall && [ -z "$(left)" ]
judge $? 'uninstall leaves no file'
grep -q "^PACKAGE_VERSION=\"$(sed -n 's/^VERSION := //p' Makefile)\"$" ../dkms.conf
judge $? 'DKMS has the version of the tool'
depends "$out" && depends "$(realpath --relative-to=. "$out")"
judge $? 'what is built knows its headers, whatever OUT is called'
[ "$(grep -c '^ExecStart=.* apply$' system/syncmap.service.in)" = 1 ] &&
	grep -q '^ExecStart=-.* apply$' system/syncmap.service.in
judge $? 'what cannot be applied does not keep the unit from saving'
compiler_of_kernel CONFIG_CC_IS_CLANG=y ' LLVM=1 modules$' &&
	compiler_of_kernel CONFIG_CC_IS_GCC=y 'M=[^ ]* *modules$'
judge $? 'a kernel of clang has its module built by clang'
