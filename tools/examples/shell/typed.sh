#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A typed map: it says what its keys are, which the kernel sees to, and what its
# values are, which is for those who write and show them.
#
# Output:
#	user 7 is {"name":"ann","age":34}
#	a name is no key
#	what is not JSON is not stored
#	ann has had a birthday: 35
set -eu

syncmapctl create --type u64 --values-are json users
trap 'syncmapctl remove users' EXIT

syncmapctl store users 7 '{ "name": "ann", "age": 34 }'
echo "user 7 is $(syncmapctl load users 7)"
syncmapctl store users ann '{ "age": 34 }' 2>/dev/null || echo "a name is no key"
syncmapctl store users 8 'bob, 41' 2>/dev/null || echo "what is not JSON is not stored"
[ "$(syncmapctl count users)" -eq 1 ]

# By revision: nobody else has changed anything of her meanwhile
revision=$(syncmapctl -j load users 7 | grep -o '"revision":[0-9]*' | cut -d : -f 2)
syncmapctl compare-and-swap --revision "$revision" users 7 '{"name":"ann","age":35}'
echo "ann has had a birthday: $(syncmapctl load users 7 | grep -o '[0-9]*')"
