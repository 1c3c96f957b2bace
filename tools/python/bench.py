#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What caches between processes of a server take: syncmap and what people use today.

Usage: bench.py [ROUNDS]

It needs the module, and what `tools/deps bench` installs; in a guest that has both:

    tools/check/python -x 'python3 bench.py' "$(tools/vm/kernel stock-6.1)" build/python

Workers are forked, as gunicorn and uwsgi do it, and get and set values of 100 bytes
under 1000 keys. All take turns in each round; a cell is the median of the rounds, in
microseconds of one operation of one worker, with the least and the most. Files are on a
tmpfs, so no disk is waited for.
"""
import fcntl
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time

import diskcache
import redis
import syncmap
from machine import machine

KEYS = [f"key {i}" for i in range(1000)]
VALUE = b"x" * 100
SECONDS = 0.4


class Syncmap:
    mapped = False

    def __init__(self, directory):
        map = syncmap.create(mapped=self.mapped)
        self.get = map.__getitem__
        self.set = map.__setitem__
        self.end = map.close

    def connect(self):
        """In a worker."""


class SyncmapMapped(Syncmap):
    mapped = True


class Manager:
    """The dict of another process of Python."""

    def __init__(self, directory):
        self.manager = multiprocessing.Manager()
        shared = self.manager.dict()
        self.get = shared.__getitem__
        self.set = shared.__setitem__
        self.end = self.manager.shutdown

    def connect(self):
        pass


class DiskCache:
    """SQLite."""

    def __init__(self, directory):
        self.path = f"{directory}/diskcache"
        self.connect()

    def connect(self):
        cache = diskcache.Cache(self.path)
        self.get = cache.__getitem__
        self.set = cache.__setitem__
        self.end = cache.close


class Files:
    """A file for each key, which who reads or writes it locks."""

    def __init__(self, directory):
        self.path = f"{directory}/files"
        os.mkdir(self.path)

    def connect(self):
        pass

    def get(self, key):
        with open(f"{self.path}/{key}", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return file.read()

    def set(self, key, value):
        with open(f"{self.path}/{key}", "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(0)
            file.write(value)

    def end(self):
        pass


class Redis:
    """A server, by a Unix socket."""

    def __init__(self, directory):
        self.path = f"{directory}/redis"
        self.server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "",
             "--dir", directory], stdout=subprocess.DEVNULL)
        while not os.path.exists(self.path):
            time.sleep(0.01)
        self.connect()

    def connect(self):
        client = redis.Redis(unix_socket_path=self.path)
        self.get = client.get
        self.set = client.set

    def end(self):
        self.server.terminate()
        self.server.wait()


CONTENDERS = {
    "syncmap, mapped": SyncmapMapped,
    "syncmap": Syncmap,
    "files with flock": Files,
    "diskcache": DiskCache,
    "Redis": Redis,
    "Manager().dict()": Manager,
}

# How many workers there are, and every how many operations one is a set
WORKLOADS = {
    "get": (1, 0),
    "set": (1, 1),
    "get, 4 workers": (4, 0),
    "5 % set, 4 workers": (4, 20),
}


def work(cache, every, start, results):
    """Tell the microseconds of an operation."""
    cache.connect()
    get, set = cache.get, cache.set
    count = 0
    start.wait()
    begun = now = time.perf_counter()
    while now - begun < SECONDS:
        for key in KEYS[count % len(KEYS):][:20]:
            count += 1
            if every and not count % every:
                set(key, VALUE)
            elif get(key) != VALUE:
                raise ValueError(key)
        now = time.perf_counter()
    results.put((now - begun) / count * 1e6)


def run(cache, workers, every):
    """The mean of the workers, which begin at the same time."""
    start = multiprocessing.Barrier(workers)
    results = multiprocessing.SimpleQueue()
    processes = [multiprocessing.Process(target=work, args=(cache, every, start, results))
                 for _ in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise ChildProcessError(f"a worker with {type(cache).__name__} failed")
    return statistics.mean(results.get() for _ in processes)


def cell(times):
    return f"{statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f})"


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    times = {(name, load): [] for name in CONTENDERS for load in WORKLOADS}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        caches = {name: made(directory) for name, made in CONTENDERS.items()}
        for cache in caches.values():
            for key in KEYS:
                cache.set(key, VALUE)
        for _ in range(rounds):
            for load, (workers, every) in WORKLOADS.items():
                for name, cache in caches.items():
                    times[name, load].append(run(cache, workers, every))
        for cache in caches.values():
            cache.end()
    print(machine())
    print(f"microseconds per operation, median of {rounds} rounds (least to most)\n")
    print("| |", " | ".join(WORKLOADS), "|")
    print("|---|" + "--:|" * len(WORKLOADS))
    for name in CONTENDERS:
        print(f"| {name} |", " | ".join(cell(times[name, load])
                                        for load in WORKLOADS), "|", flush=True)


if __name__ == "__main__":
    main()
