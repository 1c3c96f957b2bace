# SPDX-License-Identifier: GPL-2.0-only
"""syncmap-etcd in guests that have the module, with members of etcd on this machine.

Usage: test_guest.py DIRECTORY SIZE RUN...

RUN boots a guest that has a network, syncmap.ko and the programs, and runs the script
that is appended to it. SIZE: short; or long, with a second guest. Prints KTAP.
"""

import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import traceback

from cluster import Cluster, Gate, change_all, fill, wait_for, write_at_random

TOP, SIZE, RUN = sys.argv[1], sys.argv[2], sys.argv[3:]
LONG = SIZE == "long"
HERE = "10.0.2.2"
FRESH = 6

# Seconds by which the clock of a guest may differ from ours meanwhile
CLOCKS = 0.5

# A guest gives its shell to who listens here.
SCRIPT = """#!/bin/sh
. ./network.sh
insmod syncmap.ko && join_network || exit 1
export ETCDCTL_API=3
exec 3>&1
nc {here} {port} -e /bin/sh
rmmod syncmap
"""


class Guest:
    """One node: a machine with a shell that does as it is told"""

    def __init__(self, name):
        self.directory = f"{TOP}/{name}"
        os.mkdir(self.directory)
        self.count = 0
        with socket.create_server(("127.0.0.1", 0)) as listener:
            script = f"{self.directory}/script"
            with open(script, "w", encoding="utf-8") as file:
                file.write(SCRIPT.format(here=HERE, port=listener.getsockname()[1]))
            with open(f"{self.directory}/run.log", "wb") as log:
                self.process = subprocess.Popen(
                    [*RUN, script], stdout=log, stderr=log,
                    stdin=subprocess.DEVNULL)
            self.shell = self.accept(listener)
        self.lines = self.shell.makefile("rb")

    def accept(self, listener):
        listener.settimeout(1)
        while True:
            try:
                shell = listener.accept()[0]
                shell.settimeout(600)
                return shell
            except TimeoutError:
                assert self.process.poll() is None, "the guest does not come up"

    def run(self, command, check=True):
        """What the command has printed"""
        self.count += 1
        mark = f"end-of-{self.count}"
        self.shell.sendall(f"echo {self.count} >&3\n{{ {command}\n}} 2>&1 </dev/null\n"
                           f"status=$?; echo; echo {mark} $status\n".encode())
        output = []
        while not (line := self.lines.readline()).startswith(mark.encode()):
            assert line, "the guest has gone"
            output.append(line)
        text = b"".join(output)[:-1].decode()
        assert not check or line.split()[1] == b"0", f"{command}: {text}"
        return text

    def end(self):
        """Whether the guest had nothing to complain of"""
        self.shell.sendall(b"exit 0\n")
        self.lines.close()
        self.shell.close()
        return self.process.wait() == 0


class Daemon:
    """The program in a guest"""

    def __init__(self, guest, endpoints, *options, name="m", maps="-d m=/r/"):
        self.guest, self.name = guest, name
        self.files = f"/tmp/{name}"
        self.command = (f"syncmap-etcd -e {endpoints} {maps} --timeout 3s --fresh {FRESH}s "
                        f"--metrics {self.files}.metrics {' '.join(options)}")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        self.guest.run(f"{self.command} >>{self.files}.log 2>&1 & echo $! >{self.files}.pid")

    def kill(self, signal="KILL"):
        """What was open is closed then, too."""
        self.guest.run(f"kill -{signal} $(cat {self.files}.pid); "
                       f"wait $(cat {self.files}.pid)", check=False)

    def all(self):
        answer = json.loads(self.guest.run(f"syncmapctl -j range {self.name}", False))
        if isinstance(answer, dict):    # an error: there is no map yet
            return {}
        return {entry["key"].encode(): entry["value"].encode() for entry in answer}

    def load(self):
        return {key: value for key, value in self.all().items()
                if not key.startswith(b"@")}

    def has(self, key):
        return '"loaded":true' in self.guest.run(
            f"syncmapctl -j load {self.name} {key}", False)

    def time_left(self, key):
        """Seconds; none if it is absent"""
        found = re.search(r'"ttl_ns":(\d+)', self.guest.run(
            f"syncmapctl -j load {self.name} {key}", False))
        return int(found[1]) / 1e9 if found else 0

    def said(self):
        return self.guest.run(f"cat {self.files}.log")

    def metric(self, name):
        self.guest.run(f"rm -f {self.files}.metrics")
        found = []

        def read():
            text = self.guest.run(f"cat {self.files}.metrics", False)
            found[:] = re.findall(rf"^syncmap_etcd_{name}\S* (\d+)$", text, re.M)
            return found
        wait_for(read, "metrics")
        return int(found[0])


def wait_equal(daemon, cluster, patience=120):
    end = time.monotonic() + patience
    while (want := cluster.load(b"/r/")) != (got := daemon.load()):
        if time.monotonic() > end:
            odd = sorted(set(want.items()) ^ set(got.items()))
            raise AssertionError(f"{len(odd)} differ: {odd[:4]}; {daemon.said()}")
        time.sleep(0.2)


def test_rounds(cluster, guests):
    """Whatever happens, the map is right after each round, and on each node."""
    rounds, writes = (20, 500) if LONG else (6, 100)
    seed = random.randrange(1 << 32)
    print(f"    # seed {seed}", flush=True)
    rng = random.Random(seed)
    daemons = [Daemon(guest, cluster.endpoints(HERE), "--compare", "20s")
               for guest in guests]
    for daemon in daemons:
        daemon.start()
    events = ["kill", "freeze", "daemon", "compact"]
    for i in range(rounds):
        one_round(cluster, daemons[0], rng, writes, events[i % len(events)])
        for daemon in daemons:
            wait_equal(daemon, cluster)
    for daemon in daemons:
        wait_for(lambda daemon=daemon: daemon.has("@synced"), "@synced")
        assert daemon.metric("refused_total") == 0
    print(f"    # {rounds * writes} changes in {rounds} rounds")
    quorum_lost(cluster, daemons[0])
    for daemon in daemons:
        daemon.kill("TERM")


def one_round(cluster, daemon, rng, writes, event):
    member = rng.choice(cluster.members)
    write_at_random(cluster, rng, writes // 4)
    if event == "kill":
        member.kill()
    elif event == "freeze":
        member.freeze()
    elif event in ("daemon", "compact"):
        daemon.kill()
        assert not daemon.has("@synced"), "@synced outlives the daemon"
    write_at_random(cluster, rng, writes // 2)
    if event == "kill":
        member.start()
    elif event == "freeze":
        member.thaw()
    elif event == "compact":
        cluster.compact(cluster.revision())
    if event in ("daemon", "compact"):
        daemon.start()
    write_at_random(cluster, rng, writes // 4)


def quorum_lost(cluster, daemon):
    for member in cluster.members[:2]:
        member.freeze()
    lost = time.monotonic()
    while daemon.has("@synced"):
        before = time.monotonic()
        left = daemon.time_left("@synced")
        assert left <= FRESH - (before - lost) + CLOCKS, f"{left} s left"
    print(f"    # @synced has gone {time.monotonic() - lost:.1f} s after the quorum")
    for member in cluster.members[:2]:
        member.thaw()
    wait_for(lambda: daemon.has("@synced"), "@synced")


def published(cluster):
    """What is there beside the claim"""
    return {key: value for key, value in cluster.load(b"/s/node/").items()
            if key != b"@syncmap-etcd"}


def is_refused(cluster, guest):
    """Another node with the same prefix, as long as the first one has it"""
    before = published(cluster)
    guest.run("syncmapctl create services")
    guest.run("syncmapctl hold services theirs 1 & echo $! >/tmp/theirs")
    with Daemon(guest, cluster.endpoints(HERE), name="up",
                maps="-u services=/s/node/") as daemon:
        wait_for(lambda: "another node" in daemon.said(), "a complaint")
        assert daemon.metric("claimed") == 0
        assert published(cluster) == before
    guest.run("kill $(cat /tmp/theirs)")


def test_services(cluster, guests):
    """Published with their owner, gone with it, and with the node's daemon"""
    guest = guests[0]
    guest.run("syncmapctl create services")
    with Daemon(guest, cluster.endpoints(HERE), "--lease 5s", "--compare never",
                name="up", maps="-u services=/s/node/") as daemon:
        guest.run("syncmapctl hold services web 10.0.0.1 & echo $! >/tmp/web")
        guest.run("syncmapctl store services mine 1")
        web = {b"web": b"10.0.0.1"}
        wait_for(lambda: published(cluster) == web, "a service")
        guest.run("syncmapctl hold --ttl 8s services short 1 & echo $! >/tmp/s")
        wait_for(lambda: published(cluster) == {**web, b"short": b"1"},
                 "two services")
        wait_for(lambda: published(cluster) == web, "one to expire")
        for other in guests[1:]:
            is_refused(cluster, other)
        guest.run("kill -9 $(cat /tmp/web)")
        wait_for(lambda: not published(cluster), "it to go with its owner")
        guest.run("syncmapctl hold services db 1 & echo $! >/tmp/db")
        wait_for(lambda: published(cluster) == {b"db": b"1"}, "another one")
        daemon.kill()
        wait_for(lambda: not published(cluster), "the lease to end")
    guest.run("kill $(cat /tmp/db) $(cat /tmp/s)")


def test_exchange(cluster, guests):
    """Whoever opens the map has all of what was read anew, or nothing of it."""
    guest, everything = guests[0], {b"%06d" % i for i in range(120)}
    cluster.delete_all(b"/r/")
    guest.run("syncmapctl create --mode 640 --entries 1000 --mapped whole")
    for value in (b"1", b"2"):
        change_all(cluster, value)
        gate = Gate(cluster.members[0].port)
        with Daemon(guest, gate.endpoint(HERE), "--exchange", name="whole",
                    maps="-d whole=/r/") as daemon:
            # What is known of etcd changes, and @synced goes
            before = daemon.load()
            wait_for(lambda daemon=daemon: daemon.metric("pages_total") == 1,
                     "the first page")
            assert daemon.load() == before
            gate.opened.set()
            wait_equal(daemon, cluster)
            wait_for(lambda daemon=daemon: daemon.has("@synced"), "@synced")
        assert daemon.load() == dict.fromkeys(everything, value)
    info = json.loads(guest.run("syncmapctl -j info whole"))
    assert (info["mode"], info["limits"]["entries"]) == ("0640", 1000), info
    assert info["mapped"] and info["revision"] > 120, info


def test_many_keys(cluster, guests):
    """How long it takes, beside etcdctl, and how much memory"""
    guest, count = guests[0], 100000 if LONG else 20000
    cluster.delete_all(b"/r/")
    fill(cluster, count)
    guest.run("cp /proc/uptime /tmp/0; "
              f"etcdctl --endpoints {cluster.endpoints(HERE)} get --prefix /r/ "
              ">/tmp/keys; cp /proc/uptime /tmp/1; rm /tmp/keys")
    guest.run("syncmapctl create --mode 644 big")
    with Daemon(guest, cluster.endpoints(HERE), name="big", maps="-d big=/r/") as daemon:
        guest.run("cp /proc/uptime /tmp/2; until grep -q complete: /tmp/big.log; "
                  "do usleep 50000; done; cp /proc/uptime /tmp/3")
        times = [float(guest.run(f"cat /tmp/{i}").split()[0]) for i in range(4)]
        counted = int(guest.run("syncmapctl count big"))
        memory = guest.run("grep VmHWM /proc/$(cat /tmp/big.pid)/status").split()
        wait_for(lambda: daemon.has("@synced"), "@synced")
    theirs, ours = times[1] - times[0], times[3] - times[2]
    print(f"    # {count} keys: etcdctl {theirs:.1f} s, the daemon {ours:.1f} s, "
          f"{memory[1]} {memory[2]}")
    assert counted >= count
    assert ours <= 3 * theirs
    assert int(memory[1]) < 64 << 10


def run(name, test, cluster, guests):
    begun = time.monotonic()
    try:
        test(cluster, guests)
        return True
    except Exception:  # pylint: disable=broad-except
        for line in traceback.format_exc().splitlines():
            print(f"    # {line}")
        return False
    finally:
        print(f"    # {name}: {time.monotonic() - begun:.1f} s", flush=True)


def test_end(_, guests):
    """Nothing is left, and the kernel has reported nothing."""
    for guest in guests:
        guest.run("for map in $(syncmapctl list | cut -d ' ' -f 1); do "
                  "syncmapctl remove $map; done; sleep 1")
    assert all([guest.end() for guest in guests])


def main():
    tests = [(name[5:], test) for name, test in globals().items()
             if name.startswith("test_")]
    shutil.rmtree(TOP, ignore_errors=True)
    os.makedirs(TOP)
    print(f"    # Subtest: guest\n    1..{len(tests)}", flush=True)
    bad = 0
    with Cluster(TOP) as cluster:
        guests = [Guest(f"node{i}") for i in range(2 if LONG else 1)]
        for number, (name, test) in enumerate(tests, 1):
            good = run(name, test, cluster, guests)
            bad += not good
            print(f"    {'ok' if good else 'not ok'} {number} {name}", flush=True)
    print(f"{'not ok' if bad else 'ok'} 1 guest")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
