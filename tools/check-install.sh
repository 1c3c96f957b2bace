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

left()
{
	find "$root" -not -type d
}

echo 1..4
rm -rf "$root"
make -s OUT="$out" DESTDIR="$root" PREFIX=$prefix install && [ -z "$(outside)" ]
judge $? 'install keeps to DESTDIR and PREFIX'
program
judge $? 'a program is built and run with what is installed'
make -s OUT="$out" DESTDIR="$root" PREFIX=$prefix uninstall && [ -z "$(left)" ]
judge $? 'uninstall leaves no file'
grep -q "^PACKAGE_VERSION=\"$(sed -n 's/^VERSION := //p' Makefile)\"$" ../dkms.conf
judge $? 'DKMS has the version of the tool'
