#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What one load takes from Python: by the mapping, by ioctl, and of a dict.

Usage: load.py

It needs the module; in a guest that has it:

    tools/check/python -x 'python3 load.py' "$(tools/vm/kernel stock-6.1)" build/python

Keys and values are those that the benchmark of the package for Go has, and the lines as
it prints them; the least of rounds that take turns. tools/bench/calls/loads has them beside
each other.
"""
import math
import time

import syncmap
from machine import machine

NUMBERS = list(range(1024))
WORDS = [f"key {i:012}" for i in NUMBERS]
TEXT = "a value of thirty-two bytes, yes"
ROUNDS = 21


def filled(keys, value, **options):
    map = syncmap.create(key=type(keys[0]), value=type(value), **options)
    while map.info().mapped and not map.mapped:
        pass
    map.update(dict.fromkeys(keys, value))
    return map, keys


def measure(map, keys):
    """Nanoseconds of a load, and of the loop about it."""
    begun = time.perf_counter_ns()
    for key in keys:
        map[key]
    return (time.perf_counter_ns() - begun) / len(keys)


def main():
    kinds = {}
    for name, keys, value in ("number", NUMBERS, 1), ("text", WORDS, TEXT):
        kinds |= {
            f"{name}/mapped": filled(keys, value, mapped=True),
            f"{name}/mapped,_with_a_TTL": filled(keys, value, mapped=True, ttl=3600),
            f"{name}/ioctl": filled(keys, value),
            f"{name}/dict": (dict.fromkeys(keys, value), keys),
        }
    times = {kind: math.inf for kind in kinds}
    for _ in range(ROUNDS):
        for kind, what in kinds.items():
            times[kind] = min(times[kind], measure(*what))
    print(machine())
    for kind, least in times.items():
        print(f"BenchmarkLoad/{kind}\t{ROUNDS * len(NUMBERS)}\t{least:.0f} ns/op")


if __name__ == "__main__":
    main()
