#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: tools/cli/fuzz.sh PROGRAM SECONDS
#
# Fuzz what fuzz-record.c tests, beginning with the lines of fuzz-lines. A finding
# is printed as the command that shows it again.
set -eu -o pipefail

program=$(realpath "$1")
seconds=$2
inputs=$program.inputs

rm -rf "$inputs"
mkdir -p "$inputs"
# No line's end is part of an input
awk -v dir="$inputs" '{ printf "%s", $0 >(dir "/" NR) }' \
	"$(dirname "$0")/fuzz-lines"
"$program" -seed=1 -max_total_time="$seconds" -max_len=200 \
	-artifact_prefix="$program." "$inputs" >"$program.log" 2>&1 || {
	grep -a -E '^WRONG|^SUMMARY' "$program.log"
	echo "# again by: $program $(sed -n 's/.*written to //p' "$program.log")"
	echo "1..1"
	echo "not ok 1 - fuzz-record"
	exit
}
grep -a '^Done' "$program.log" | sed 's/^/# /'
echo "1..1"
echo "ok 1 - fuzz-record"
