#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run syncmap-tutorial(7) from the first line to the last. Prints TAP.
set -u

here=$(cd "$(dirname "$0")" && pwd)
tool=$(command -v syncmapctl)
case $tool in /*) ;; *) PATH=$PWD:$PATH ;; esac
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
cd "$place" || exit 1
# It waits for what a watcher writes
timeout 900 "$here/examples.sh" "$here/syncmap-tutorial.7.scd"
