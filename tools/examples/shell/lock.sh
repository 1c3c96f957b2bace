#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Locks of two kinds. For as long as a program runs, by an entry that is the
# program's: who comes second is told who has it. And with a lease: who takes too
# long loses it to the next in line, and is not told (his is the catch: what he does
# then has to be refused, here because his value is not stored).
#
# Output:
#	the backup runs: pid ... has the lock
#	when it has ended, the lock is free
#	one took too long: the next has computed, and his value stays
set -eu

work=$(mktemp -d)
syncmapctl create locks
trap 'syncmapctl remove locks; rm -rf "$work"' EXIT

mkfifo "$work/end"
# shellcheck disable=SC2016 # for the shell that becomes the backup
sh -c 'exec syncmapctl hold --if-absent locks backup $$ -- cat "$0"' "$work/end" &
backup=$!
until syncmapctl load locks backup >/dev/null 2>&1; do sleep 0.1; done
syncmapctl hold --if-absent locks backup $$ -- false >"$work/holder" || [ $? -eq 3 ]
[ "$(cat "$work/holder")" -eq $backup ]
echo "the backup runs: pid $(cat "$work/holder") has the lock"
: >"$work/end"
wait $backup
syncmapctl hold --if-absent locks backup $$ -- true
echo "when it has ended, the lock is free"

# shellcheck disable=SC2016 # for the shell that computes
syncmapctl load-or-compute --lease-for 100ms locks plan -- \
	sh -c ': >"$0/begun"; cat "$0/end"; echo slow' "$work" >"$work/slow" &
slow=$!
until [ -e "$work/begun" ]; do sleep 0.1; done
[ "$(syncmapctl load-or-compute locks plan -- echo next)" = next ]
: >"$work/end"
wait $slow || :
[ "$(syncmapctl load locks plan)" = next ]
echo "one took too long: the next has computed, and his value stays"
