#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Check the table of exit statuses and answers of syncmapctl(8), row by row; "..."
# is any text, at the end of a line or alone. Needs the module. Prints TAP.
set -u

page=$(realpath "$(dirname "$0")")/syncmapctl.8.scd
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
n=0
failed=0
row=

# What the manual says that there is, of what the row names
begin()
{
	for map in m c one d; do
		case " $row " in
		*" $map "* | *" $map; "*) syncmapctl remove $map 2>/dev/null ;;
		*) continue ;;
		esac
		case $map in
		m)
			syncmapctl create m
			syncmapctl store m a 1 ;;
		c)
			syncmapctl create --values-are u64 c
			syncmapctl store c n 5
			syncmapctl store -f text c t abc ;;
		one)
			syncmapctl create --entries 1 one
			syncmapctl store one a 1 ;;
		esac
	done
}

matches()
{
	[ "$(cat "$work/want")" = ... ] && return
	# A line ends in any way where it should end in dots
	awk 'NR == FNR { want[NR] = $0; wanted = NR; next }
		{ line = want[FNR]; last = FNR
		  if (sub(/\.\.\.$/, "", line))
			bad += substr($0, 1, length(line)) != line
		  else
			bad += $0 != line }
		END { exit bad || last != wanted }' "$work/want" "$work/got"
}

run()
{
	[ -n "$row" ] || return
	begin
	n=$((n + 1))
	eval "$row" >"$work/got" 2>&1
	status=$?
	if [ "$status" -eq "$want" ] && matches; then
		echo "ok $n - $row"
	else
		echo "not ok $n - $row"
		sed 's/^/# got:  /' "$work/got"
		echo "# got:  status $status"
		sed 's/^/# want: /' "$work/want"
		failed=1
	fi
	row=
	: >"$work/want"
}

# shellcheck disable=SC2016 # backquotes of the page
sed -n '/^# EXIT STATUS/,/^# EXAMPLES/{/^```/,/^```/p}' "$page" >"$work/page"
: >"$work/want"
while IFS= read -r line <&9; do
	case $line in
	'```') run ;;
	[0-9]' $ '*)
		run
		want=${line%% *}
		row=${line#????}
		;;
	*) printf '%s\n' "$line" >>"$work/want" ;;
	esac
done 9<"$work/page" </dev/null
for map in m c one d; do syncmapctl remove $map 2>/dev/null; done
[ "$n" -gt 0 ] || failed=1
echo "1..$n"
exit $failed
