# SPDX-License-Identifier: GPL-2.0-only
#
# Judge KTAP: suites at the outer level, their cases indented by four spaces.
#
#	awk -v want="SUITE..." -f ktap.awk
#
# Each wanted suite has to report, with as many cases as it announced and at
# least one, and others do not count. A skipped case has shown nothing and counts
# as failed. What failed comes last, with what the case had said.

function fail(what) {
	failures = failures "not ok: " what "\n"
	failed++
}

BEGIN {
	count = split(want, names)
	for (i = 1; i <= count; i++)
		wanted[names[i]] = 1
	if (!count)
		fail("no suite expected")
}

/^    # Subtest: / {
	suite = $3
	planned[suite] = cases[suite] = 0
	said = ""
	next
}

/^    1\.\.[0-9]+/ {
	sub(/^ *1\.\./, "")
	planned[suite] = $1
	next
}

/^    (not )?ok [0-9]+/ {
	cases[suite]++
	if (!(suite in wanted))
		next
	if ($1 == "not" || /# SKIP/)
		fail(suite ":" $0 (said ? "\n" said : ""))
	else
		passed++
	said = ""
	next
}

/^    / {
	said = said (said ? "\n" : "") $0
	next
}

/^(not )?ok [0-9]+/ {
	if ($1 == "not")
		bad[suite] = 1
	ended[suite] = 1
}

END {
	for (i = 1; i <= count; i++) {
		name = names[i]
		if (!(name in ended))
			fail("suite " name " did not run to its end" \
			     (name == suite && said ? "\n" said : ""))
		else if (!cases[name] || cases[name] != planned[name])
			fail("suite " name " ran " cases[name] " of " \
			     planned[name] " cases")
		else if (name in bad)
			fail("suite " name)
		else
			print "ok: " name ", " cases[name] " cases"
	}
	printf "%s", failures
	print passed + 0 " passed, " failed + 0 " failed"
	exit failed > 0
}
