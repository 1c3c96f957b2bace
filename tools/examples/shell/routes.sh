#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A route cache: the map is declared, made if it is not there, filled from a file,
# and looked up; who wants to hear of changes watches.
#
# Output:
#	/ is handled by root, /login by auth
#	/logout has no handler
#	told of: store /logout auth
#	now /logout is handled by auth
set -eu

work=$(mktemp -d)
trap 'syncmapctl remove handlers; rm -rf "$work"' EXIT
cat >"$work/handlers.conf" <<'CONF'
[handlers]
mode = 644
entries = 1000
mapped = yes
entry = {"key":"/","value":"root"}
CONF
syncmapctl apply "$work/handlers.conf" >"$work/applied"
printf '/login\tauth\n/static\tfiles\n' | syncmapctl import handlers >"$work/imported"

get()
{
	syncmapctl load handlers "$1" 2>/dev/null
}

echo "/ is handled by $(get /), /login by $(get /login)"
get /logout || echo "/logout has no handler"

syncmapctl watch --values --dump --count 5 handlers >"$work/events" &
until grep -qs dumped "$work/events"; do sleep 0.1; done
syncmapctl store handlers /logout auth
wait
echo "told of: $(grep ^store "$work/events" | tr '\t' ' ')"
echo "now /logout is handled by $(get /logout)"
