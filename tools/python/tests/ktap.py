# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What pytest finds, as KTAP: -p tests.ktap. A file is a suite."""
from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest


class Reporter:
    def __init__(self) -> None:
        self.planned: dict[str, int] = {}
        self.ran = 0
        self.failed = False

    def pytest_collection_finish(self, session):
        for path, items in groupby(session.items, lambda item: item.path.stem):
            self.planned[path] = len(list(items))

    def pytest_collectreport(self, report):
        if report.failed:
            print(report.longreprtext, flush=True)

    def pytest_runtest_logreport(self, report):
        """A test has three phases, and has passed if each has."""
        suite = Path(report.location[0]).stem
        if report.when == "setup":
            if not self.ran:
                print(f"    # Subtest: {suite}\n    1..{self.planned[suite]}")
            self.outcome, self.text, self.took = "passed", "", 0.0
        self.took += report.duration
        if report.outcome != "passed" and self.outcome == "passed":
            self.outcome = report.outcome
            self.text = "\n".join([report.longreprtext, report.capstdout,
                                   report.capstderr])
        if report.when == "teardown":
            self.end(suite, report.location[2])

    def end(self, suite: str, name: str) -> None:
        self.ran += 1
        self.failed |= self.outcome != "passed"
        for line in self.text.splitlines():
            print("    #", line)
        word = "not ok" if self.outcome == "failed" else "ok"
        skip = " # SKIP" if self.outcome == "skipped" else ""
        print(f"    {word} {self.ran} {name} {self.took:.1f} s{skip}", flush=True)
        if self.ran == self.planned[suite]:
            print("not ok" if self.failed else "ok", 1, suite, flush=True)
            self.ran, self.failed = 0, False


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Reporter())
