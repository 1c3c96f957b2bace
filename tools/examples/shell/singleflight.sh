#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Singleflight, between processes: of all that find a value absent, one runs the
# command, and the others wait for what it prints. If that fails, the next one's is
# run.
#
# Output:
#	10 wanted the value: the command ran 1 time, and all have got the same
#	the command of one failed: that of the next was run
set -eu

work=$(mktemp -d)
syncmapctl create answers
trap 'syncmapctl remove answers; rm -rf "$work"' EXIT

# shellcheck disable=SC2016 # for the shell that computes
for i in $(seq 10); do
	syncmapctl load-or-compute answers hello -- \
		sh -c 'echo >>"$0"; sleep 0.2; echo "$$"' "$work/runs" >"$work/got.$i" &
done
wait
[ "$(cat "$work"/got.* | wc -l)" -eq 10 ]
[ "$(cat "$work"/got.* | sort -u | wc -l)" -eq 1 ]
echo "10 wanted the value: the command ran $(wc -l <"$work/runs") time, and all have got the same"

if syncmapctl load-or-compute answers bye -- false 2>/dev/null; then
	exit 1
fi
[ "$(syncmapctl load-or-compute answers bye -- echo later)" = later ]
echo "the command of one failed: that of the next was run"
