# SPDX-License-Identifier: GPL-2.0-only
"""syncmap-etcd with real members of etcd, and with maps that are files.

Usage: test_files.py PROGRAM DIRECTORY [PATTERN]

PROGRAM is syncmap-etcd-on-files. Prints KTAP.
"""

import base64
import contextlib
import fnmatch
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import time
import traceback

from cluster import (Cluster, Gate, Proxy, Slow, change_all, encode, fill, free_ports,
                     wait_for, write_at_random)

PROGRAM, TOP = sys.argv[1], sys.argv[2]
SLOT = struct.Struct("<IIQII")
SLOT_SIZE = 512
SLOTS = 1 << 14
FRESH = 2


class Map:
    """A file that test-map.c takes for a map."""

    def __init__(self, directory, name="m"):
        self.path = f"{directory}/{name}"

    def slots(self):
        with contextlib.suppress(FileNotFoundError), open(self.path, "rb") as file:
            content = file.read()
            for at in range(0, len(content), SLOT_SIZE):
                state, owner, expires, key, value = SLOT.unpack_from(content, at)
                begin = at + SLOT.size
                if state == 1 and self.is_there(owner, expires):
                    yield (at, content[begin:begin + key],
                           content[begin + key:begin + key + value])

    @staticmethod
    def is_there(owner, expires):
        if expires and expires <= time.clock_gettime_ns(time.CLOCK_BOOTTIME):
            return False
        with contextlib.suppress(PermissionError):
            try:
                if owner:
                    os.kill(owner, 0)
            except ProcessLookupError:
                return False
        return True

    def all(self):
        return {key: value for _, key, value in self.slots()}

    def expires(self, key, ends):
        """Add the time when it does, if it is there."""
        for at, other, _ in self.slots():
            if other == key:
                with open(self.path, "rb") as file:
                    file.seek(at)
                    ends.append(SLOT.unpack(file.read(SLOT.size))[2] / 1e9)
                return True
        return False

    def load(self):
        """What is etcd's."""
        return {key: value for key, value in self.all().items()
                if not key.startswith(b"@")}

    def write(self, key, state, value=None):
        """Behind the back of whoever keeps the map."""
        for at, other, _ in self.slots():
            if other != key:
                continue
            with open(self.path, "r+b") as file:
                file.seek(at)
                file.write(struct.pack("<I", state))
                if value is not None:
                    file.seek(at + 20)
                    file.write(struct.pack("<I", len(value)))
                    file.seek(at + SLOT.size + len(key))
                    file.write(value)
            return
        raise KeyError(key)


    def make(self):
        """Empty, as whoever has the services would"""
        with open(self.path, "wb") as file:
            file.truncate(SLOTS * SLOT_SIZE)

    def store(self, key, value, owner):
        """As long as the process @owner lives; 0: for ever"""
        self.write_free(key, value, owner)
        self.tell(3, key)

    def write_free(self, key, value, owner):
        hashed = 2166136261
        for byte in key:
            hashed = ((hashed ^ byte) * 16777619) & 0xffffffff
        with open(self.path, "r+b") as file:
            while True:
                at = hashed % SLOTS * SLOT_SIZE
                file.seek(at)
                state, _, _, length, _ = SLOT.unpack(file.read(SLOT.size))
                if state != 1 or file.read(length) == key:
                    break
                hashed += 1
            file.seek(at)
            file.write(SLOT.pack(1, owner, 0, len(key), len(value)) + key + value)

    def delete(self, key):
        self.write(key, 2)
        self.tell(4, key)

    def tell(self, kind, key=b""):
        """An event, to who watches"""
        with contextlib.suppress(FileNotFoundError):
            pipe = os.open(self.path + ".events", os.O_RDWR | os.O_NONBLOCK)
            os.write(pipe, b"%d%s\n" % (kind, key))
            os.close(pipe)


class Daemon:
    """The program, with one map of the prefix /r/."""

    def __init__(self, where, endpoints, *options, maps=("-d", "m=/r/"), **environment):
        self.directory = where
        self.metrics_file = f"{where}/metrics"
        self.log = f"{where}/log"
        self.command = [PROGRAM, "-e", endpoints, *maps, "--timeout", "1s",
                        "--fresh", f"{FRESH}s", "--metrics", self.metrics_file,
                        *options]
        self.environment = dict(os.environ, SYNCMAP_TEST_MAPS=where, **environment)
        self.process = None
        self.map = Map(where)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stderr=log,
                                            stdin=subprocess.DEVNULL,
                                            env=self.environment)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def end(self):
        """As systemd does it; it has to have found no fault with itself."""
        self.process.terminate()
        status = self.process.wait(90)
        self.process = None
        assert status == 0, f"exit status {status}"

    def status(self):
        return self.process.wait(90)

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def metric(self, name):
        """Newer than this call."""
        begun = time.time()
        wait_for(lambda: os.path.exists(self.metrics_file) and
                 os.stat(self.metrics_file).st_mtime > begun, "metrics")
        with open(self.metrics_file, encoding="utf-8") as file:
            for line in file:
                if line.startswith((f"syncmap_etcd_{name}" + "{", f"syncmap_etcd_{name} ")):
                    return int(line.split()[-1])
        raise KeyError(name)


def wait_equal(daemon, cluster, patience=90):
    end = time.monotonic() + patience
    while True:
        want, got = cluster.load(b"/r/"), daemon.map.load()
        if want == got:
            return
        assert daemon.process.poll() is None, "the program has ended"
        if time.monotonic() > end:
            odd = sorted(set(want.items()) ^ set(got.items()))
            raise AssertionError(f"{len(odd)} differ: {odd[:4]}; {daemon.said()}")
        time.sleep(0.05)


def wait_synced(daemon, patience=90):
    wait_for(lambda: b"@synced" in daemon.map.all(), "@synced", patience)


def wait_renewed(daemon):
    """All is well, later than now"""
    before = daemon.map.all().get(b"@synced")
    wait_for(lambda: daemon.map.all().get(b"@synced") not in (None, before), "@synced")


def test_snapshot_and_watch(cluster, where):
    fill(cluster, 2500)
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
        for i in range(100):
            cluster.put(b"/r/%06d" % random.randrange(200), b"new %d" % i)
        cluster.txn([(b"/r/000001", None), (b"/r/000002", b"both"), (b"/r/x", b"")])
        cluster.put(b"/s/elsewhere", b"no")
        lease = cluster.grant(1)
        cluster.put(b"/r/short", b"lived", lease)
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        wait_for(lambda: b"short" not in daemon.map.load(), "the lease to end")
        wait_equal(daemon, cluster)
        assert daemon.metric("snapshots_total") == 1
        assert daemon.metric("repaired_total") == 0
        assert daemon.metric("pages_total") == 2
        daemon.end()
        assert b"@synced" not in daemon.map.all()


def test_marks_tell_the_revision(cluster, where):
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
        revision = cluster.put(b"/r/a", b"1")
        wait_equal(daemon, cluster)
        mark = daemon.map.all()[b"@revision"]
        assert b'"revision":%d,"dirty":false' % revision in mark, mark
        revision = cluster.put(b"/s/a", b"1")
        wait_for(lambda: b'"revision":%d,"time":' % revision in
                 daemon.map.all().get(b"@synced", b""), "@synced to tell it")


def test_killed_it_resumes(cluster, where):
    fill(cluster, 1500)
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        daemon.kill()
        assert b"@synced" not in daemon.map.all()
        for i in range(100):
            cluster.delete(b"/r/%06d" % i)
            cluster.put(b"/r/%06d" % (i + 100), b"meanwhile")
        daemon.start()
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        assert daemon.metric("snapshots_total") == 0


def test_killed_in_a_batch_it_begins_anew(cluster, where):
    fill(cluster, 300)
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        daemon.kill()
        mark = daemon.map.all()[b"@revision"]
        daemon.map.write(b"@revision", 1,
                         mark.replace(b'"dirty":false', b'"dirty":true '))
        daemon.start()
        wait_synced(daemon)
        assert daemon.metric("snapshots_total") == 1


def test_compacted_it_begins_anew(cluster, where):
    fill(cluster, 500)
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        daemon.kill()
        for i in range(200):
            cluster.delete(b"/r/%06d" % i)
        cluster.compact(cluster.revision())
        daemon.start()
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        assert daemon.metric("snapshots_total") == 1
        assert daemon.metric("deleted_total") == 200


def test_members_are_killed(cluster, where):
    fill(cluster, 200)
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
        for i, member in enumerate(cluster.members):
            member.kill()
            cluster.put(b"/r/killed", b"%d" % i)
            wait_equal(daemon, cluster)
            member.start()
            cluster.wait()
        wait_synced(daemon)
        assert daemon.metric("failovers_total") > 0
        assert daemon.metric("snapshots_total") == 1


def test_members_are_cut_off(cluster, where):
    fill(cluster, 200)
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
        for i, member in enumerate(cluster.members):
            member.freeze()
            cluster.put(b"/r/frozen", b"%d" % i)
            wait_equal(daemon, cluster)
            member.thaw()
        wait_synced(daemon)
        assert daemon.metric("snapshots_total") == 1


def test_quorum_lost(cluster, where):
    fill(cluster, 100)
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        for member in cluster.members[:2]:
            member.freeze()
        lost = time.clock_gettime(time.CLOCK_BOOTTIME)
        ends = []
        wait_for(lambda: not daemon.map.expires(b"@synced", ends), "@synced to go")
        assert max(ends) <= lost + FRESH, f"@synced has stayed for {max(ends) - lost} s"
        assert len(daemon.map.load()) == 100
        for member in cluster.members[:2]:
            member.thaw()
        wait_synced(daemon)
        wait_equal(daemon, cluster)


def test_old_data_is_cleared(cluster, where):
    fill(cluster, 100)
    with Daemon(where, cluster.endpoints(), "--clear-after", "3s") as daemon:
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        for member in cluster.members[:2]:
            member.freeze()
        wait_for(lambda: not daemon.map.load(), "the map to be cleared")
        for member in cluster.members[:2]:
            member.thaw()
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        assert daemon.metric("cleared_total") == 1


def test_lost_events_are_found(cluster, where):
    """Planted: a value, a key and a deletion that the watch has not brought"""
    fill(cluster, 1200)
    with Daemon(where, cluster.endpoints(), "--compare", "never") as daemon:
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        daemon.map.write(b"000007", 1, b"old value")
        daemon.map.write(b"000008", 2)
        cluster.put(b"/r/gone", b"1")
        wait_equal(daemon, Offset(cluster, {b"000007": b"old value", b"000008": None}))
        daemon.process.send_signal(10)
        wait_equal(daemon, cluster)
        assert daemon.metric("repaired_total") == 2
        assert daemon.metric("snapshots_total") == 1
        assert "2 keys were not what etcd has" in daemon.said()


class Offset:
    """A cluster, as a map shows it that differs."""

    def __init__(self, cluster, other):
        self.cluster, self.other = cluster, other

    def load(self, prefix):
        found = self.cluster.load(prefix)
        for key, value in self.other.items():
            found[key] = value
            if value is None:
                del found[key]
        return found


def drops_deletes():
    text = subprocess.run(["etcd", "--version"], check=True, capture_output=True,
                          text=True).stdout
    release = tuple(int(part) for part in text.split()[2].split("."))
    return release < (3, 4, 34) or (3, 5) <= release < (3, 5, 16)


def test_delete_that_etcd_drops(cluster, where):
    """One that is compacted last, by the member that is asked; see drops_deletes()"""
    fill(cluster, 50)
    member = cluster.members[0]
    with Daemon(where, member.endpoint(), "--compare", "10s") as daemon:
        wait_equal(daemon, cluster)
        for i in range(3):
            cluster.put(b"/r/victim", b"%d" % i)
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        daemon.kill()
        deleted = cluster.delete(b"/r/victim")
        cluster.put(b"/r/other", b"1")
        member.compact(deleted)
        daemon.start()
        wait_equal(daemon, cluster)
        wait_for(lambda: daemon.metric("comparisons_total"), "a comparison")
        dropped = daemon.metric("repaired_total")
        print(f"    # this etcd has {'dropped' if dropped else 'told'} the delete")
        assert dropped == drops_deletes()
        assert daemon.metric("snapshots_total") == 0


def test_comparison_beside_changes(cluster, where):
    """What changes while a comparison runs is not taken for lost."""
    fill(cluster, 1500)
    with Daemon(where, cluster.endpoints(), "--compare", "never") as daemon:
        wait_equal(daemon, cluster)
        for _ in range(3):
            wait_synced(daemon)
            daemon.process.send_signal(10)
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                key = b"/r/%06d" % random.randrange(1500)
                if random.random() < 0.3:
                    cluster.delete(key)
                else:
                    cluster.put(key, b"%d" % random.randrange(1000))
        wait_equal(daemon, cluster)
        wait_for(lambda: daemon.metric("comparisons_total") >= 2, "comparisons")
        assert daemon.metric("repaired_total") == 0


def test_answers_that_a_watch_overtakes(cluster, where):
    """What a beat says may be old when it comes; it is no reason for anything."""
    fill(cluster, 50)
    slow = Slow(cluster.members[0].port, 0.3)
    with Daemon(where, slow.endpoint(), "--compare", "never") as daemon:
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        for i in range(200):
            if i % 20 == 0:
                daemon.process.send_signal(10)
            cluster.put(b"/r/%06d" % (i % 50), b"%d" % i)
            time.sleep(0.02)
        wait_equal(daemon, cluster)
        wait_for(lambda: daemon.metric("comparisons_total") >= 2, "comparisons")
        assert daemon.metric("snapshots_total") == 1
        assert daemon.metric("repaired_total") == 0


@contextlib.contextmanager
def half_read(cluster, where, *options):
    """One of two pages has come."""
    gate = Gate(cluster.members[0].port)
    with Daemon(where, gate.endpoint(), *options) as daemon:
        wait_for(lambda: daemon.metric("pages_total") == 1, "the first page")
        yield daemon, gate.opened.set


def test_half_a_snapshot_is_seen(cluster, where):
    """By who does not look at @revision; see the next one"""
    change_all(cluster, b"1")
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
    change_all(cluster, b"2")
    with half_read(cluster, where) as (daemon, go_on):
        assert set(daemon.map.load().values()) == {b"1", b"2"}
        assert b'"dirty":true' in daemon.map.all()[b"@revision"]
        go_on()
        wait_equal(daemon, cluster)


def test_snapshots_are_exchanged(cluster, where):
    revision = change_all(cluster, b"1")
    with half_read(cluster, where, "--exchange") as (daemon, go_on):
        assert not os.path.exists(daemon.map.path)
        go_on()
        wait_equal(daemon, cluster)
    os.chmod(daemon.map.path, 0o640)
    os.link(daemon.map.path, f"{where}/old")
    change_all(cluster, b"2")
    with half_read(cluster, where, "--exchange") as (daemon, go_on):
        cluster.put(b"/r/000110", b"3")
        wait_for(lambda: daemon.metric("events_total"), "the watch")
        assert set(daemon.map.load().values()) == {b"1"}
        assert (b'"revision":%d,"dirty":false' % revision in
                daemon.map.all()[b"@revision"])
        go_on()
        wait_equal(daemon, cluster)
        assert b'"dirty":false' in daemon.map.all()[b"@revision"]
    assert Map(where, "old").load() == {b"%06d" % i: b"1" for i in range(120)}
    assert os.stat(daemon.map.path).st_mode & 0o777 == 0o640


def test_what_was_exchanged_tells_so(cluster, where):
    """And once much of it is wrong, it is exchanged, too."""
    fill(cluster, 1100)
    with Daemon(where, cluster.endpoints(), "--exchange", "--compare", "never") as daemon:
        wait_synced(daemon)
        os.link(daemon.map.path, f"{where}/old")
        with open(daemon.map.path, "r+b") as file:
            file.write(bytes(SLOTS * SLOT_SIZE))
        wait_synced(daemon)
        daemon.process.send_signal(10)
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        old = Map(where, "old").all()
        assert old.keys() == {b"@revision"} and b'"dirty":true' in old[b"@revision"]
        assert daemon.metric("snapshots_total") == 2


def test_somebody_takes_the_name_meanwhile(cluster, where):
    change_all(cluster, b"1")
    with half_read(cluster, where, "--exchange") as (daemon, go_on):
        daemon.map.make()
        go_on()
        assert daemon.status() == 1
        assert not daemon.map.all()


def test_what_has_no_room(cluster, where):
    fill(cluster, 60)
    cluster.put(b"/r/000001", b"x" * 300)
    with Daemon(where, cluster.endpoints(), "--compare", "never",
                SYNCMAP_TEST_ENTRIES="52", SYNCMAP_TEST_VALUE="200") as daemon:
        wait_for(lambda: len(daemon.map.all()) == 52, "the map to be full")
        assert daemon.metric("refused_total") >= 9
        assert b"000001" not in daemon.map.load()
        assert "not stored: " in daemon.said()
        # What is refused is no event that the watch has lost
        watches = daemon.metric("watches_total")
        daemon.process.send_signal(10)
        wait_for(lambda: daemon.metric("comparisons_total") == 1, "a comparison")
        assert daemon.metric("watches_total") == watches
        cluster.put(b"/r/000002", b"short")
        wait_for(lambda: daemon.map.load()[b"000002"] == b"short", "the watch")
        cluster.put(b"/r/000002", b"y" * 300)
        wait_for(lambda: b"000002" not in daemon.map.load(), "the old value to go")
        cluster.put(b"/r/000001", b"fits")
        for i in range(20, 40):
            cluster.delete(b"/r/%06d" % i)
        cluster.put(b"/r/000002", b"short")
        wait_for(lambda: b"000002" in daemon.map.load(), "the value to come")
        daemon.process.send_signal(10)
        wait_equal(daemon, cluster)
        wait_synced(daemon)


def test_keys_that_no_map_can_have(cluster, where):
    cluster.put(b"/r/@synced", b"a lie")
    cluster.put(b"/r/nul\0", b"1")
    cluster.put(b"/r/good", b"1")
    cluster.put(b"/r/", b"the prefix itself")
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_for(lambda: daemon.map.load() == {b"good": b"1",
                                               b"": b"the prefix itself"}, "two keys")
        cluster.put(b"/r/@other", b"1")
        cluster.put(b"/r/good", b"2")
        wait_for(lambda: daemon.map.load()[b"good"] == b"2", "the watch")
        assert b"@other" not in daemon.map.all()
        assert daemon.metric("unfit_total") == 3
        wait_synced(daemon)


def test_large_values_make_small_pages(cluster, where):
    for i in range(20):
        cluster.put(b"/r/%06d large" % i, b"x" * 500000)
    fill(cluster, 300)
    with Daemon(where, cluster.endpoints(), "--compare", "never") as daemon:
        wait_for(lambda: len(daemon.map.load()) == 300, "all that fits")
        wait_synced(daemon)
        assert daemon.metric("refused_total") == 20
        assert daemon.metric("pages_total") > 2


def test_whose_map_it_is(cluster, where):
    cluster.put(b"/r/a", b"1")
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_equal(daemon, cluster)
        with Daemon(where, cluster.endpoints()) as other:
            assert other.status() == 1
            assert "another process keeps it" in other.said()
        daemon.end()
        daemon.command[4] = "m=/other/"
        daemon.start()
        assert daemon.status() == 1
        assert "it is kept equal to another prefix" in daemon.said()
        daemon.map.write(b"@revision", 2)
        daemon.start()
        assert daemon.status() == 1
        assert "it has entries that are not etcd's" in daemon.said()
    with Daemon(where, cluster.endpoints(), "--exchange",
                SYNCMAP_TEST_OWNER="12345") as daemon:
        assert daemon.status() == 1
        assert "it is another user's, and so cannot be exchanged" in daemon.said()


def test_another_map_has_the_name(cluster, where):
    cluster.put(b"/r/a", b"1")
    with Daemon(where, cluster.endpoints()) as daemon:
        wait_synced(daemon)
        os.unlink(f"{where}/m")
        assert daemon.status() == 1
        assert "the map has lost its name" in daemon.said()
        daemon.start()
        wait_equal(daemon, cluster)


def test_nobody_answers_at_first(cluster, where):
    """One who takes connections and says nothing, one who is not there"""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        [closed] = free_ports(1)
        endpoints = (f"http://127.0.0.1:{silent.getsockname()[1]},"
                     f"http://127.0.0.1:{closed},{cluster.endpoints()}")
        cluster.put(b"/r/a", b"1")
        with Daemon(where, endpoints) as daemon:
            wait_equal(daemon, cluster)
            wait_synced(daemon)
            daemon.end()


def published(cluster, want, patience=90):
    """Await that this, and a claim, is below the prefix, and has a lease."""
    def holds():
        found = cluster.call("/v3/kv/range", key=encode(b"/s/node/"),
                             range_end=encode(b"/s/node0")).get("kvs", [])
        got = {base64.b64decode(one["key"])[8:]: base64.b64decode(one["value"])
               for one in found}
        got.pop(b"@syncmap-etcd", None)
        return got == want and all("lease" in one for one in found)
    wait_for(holds, f"{want} below /s/node/", patience)


def test_services_are_published(cluster, where):
    cluster.put(b"/s/node/left", b"by somebody")
    cluster.put(b"/s/other/b", b"2")
    services, me = Map(where, "s"), os.getpid()
    with Daemon(where, cluster.endpoints(), "--lease", "3s", "--compare", "never",
                maps=("-u", "s=/s/node/", "-d", "m=/s/")) as daemon:
        published(cluster, {})
        services.make()
        services.store(b"web", b"10.0.0.1", me)
        services.store(b"mine", b"not owned", 0)
        published(cluster, {b"web": b"10.0.0.1"})
        wait_for(lambda: daemon.map.load() == {b"node/web": b"10.0.0.1",
                                               b"other/b": b"2"}, "the way down")
        services.store(b"web", b"10.0.0.2", me)
        services.store(b"db", b"x" * 300, me)
        published(cluster, {b"web": b"10.0.0.2", b"db": b"x" * 300})
        services.delete(b"db")
        published(cluster, {b"web": b"10.0.0.2"})
        # Somebody writes there who should not, and events are lost
        cluster.put(b"/s/node/web", b"a lie")
        cluster.put(b"/s/node/lie", b"1")
        services.write_free(b"more", b"1", me)
        services.tell(6)
        published(cluster, {b"web": b"10.0.0.2", b"more": b"1"})
        for i in range(250):
            services.store(b"%d" % i, b"value %d" % i, me)
        want = {b"%d" % i: b"value %d" % i for i in range(250)}
        published(cluster, {**want, b"web": b"10.0.0.2", b"more": b"1"})
        assert cluster.load(b"/s/other/") == {b"b": b"2"}
        daemon.kill()
        published(cluster, {})


def test_publisher_goes_on(cluster, where):
    """Killed, cut off so long that the lease ends, and with members that die"""
    services, me = Map(where, "s"), os.getpid()
    services.make()
    services.write_free(b"web", b"1", me)
    with Daemon(where, cluster.endpoints(), "--lease", "3s",
                maps=("-u", "s=/s/node/")) as daemon:
        published(cluster, {b"web": b"1"})
        daemon.kill()
        services.write_free(b"web", b"2", me)
        services.write_free(b"db", b"1", me)
        daemon.start()
        published(cluster, {b"web": b"2", b"db": b"1"})
        daemon.process.send_signal(19)
        published(cluster, {})
        daemon.process.send_signal(18)
        published(cluster, {b"web": b"2", b"db": b"1"})
        for i, member in enumerate(cluster.members):
            member.kill()
            services.store(b"web", b"killed %d" % i, me)
            published(cluster, {b"web": b"killed %d" % i, b"db": b"1"})
            member.start()
            cluster.wait()
        assert daemon.metric("leases_total") == 2
        daemon.end()


def publisher(cluster, where, node, *options):
    """With a directory of its own"""
    return Daemon(where, cluster.endpoints(), "--lease", "3s", *options,
                  maps=("-u", "s=/s/node/"), SYNCMAP_TEST_NODE=node)


def test_two_nodes_with_one_prefix(cluster, where):
    """The one that has it publishes; the other says so, and comes after it."""
    maps = []
    for name in "ab":
        os.mkdir(f"{where}/{name}")
        maps.append(Map(f"{where}/{name}", "s"))
        maps[-1].make()
        maps[-1].write_free(b"of-" + name.encode(), b"1", os.getpid())
    with publisher(cluster, f"{where}/a", "node-a", "--compare", "1s") as first:
        published(cluster, {b"of-a": b"1"})
        with publisher(cluster, f"{where}/b", "node-b", "--compare", "1s") as second:
            wait_for(lambda: "another node 'node-a' publishes below the prefix" in
                     second.said(), "a complaint")
            maps[1].store(b"of-b", b"2", os.getpid())
            maps[0].store(b"more", b"1", os.getpid())
            published(cluster, {b"of-a": b"1", b"more": b"1"})
            assert first.metric("claimed") == 1
            assert second.metric("claimed") == 0
            assert second.metric("published_total") == 0
            first.kill()
            published(cluster, {b"of-b": b"2"})
            assert "published from now on" in second.said()
            assert second.metric("withdrawn_total") == 0


def test_two_processes_with_one_prefix(cluster, where):
    """Of one node: the later one has it, as if it had been started again."""
    services = Map(where, "s")
    services.make()
    services.write_free(b"web", b"1", os.getpid())
    os.mkdir(f"{where}/b")
    os.symlink(services.path, f"{where}/b/s")
    with publisher(cluster, where, "node", "--compare", "1s") as first:
        published(cluster, {b"web": b"1"})
        with publisher(cluster, f"{where}/b", "node", "--compare", "1s") as second:
            wait_for(lambda: "another process of this node 'node' publishes" in
                     first.said(), "a complaint")
            assert first.metric("claimed") == 0
            assert second.metric("claimed") == 1
            published(cluster, {b"web": b"1"})
        wait_for(lambda: "published from now on" in first.said(), "the first one")
        published(cluster, {b"web": b"1"})


def test_chaos(cluster, where):
    """All that can happen, at random; the map is right after each round."""
    seed = random.randrange(1 << 32)
    print(f"    # seed {seed}")
    rng = random.Random(seed)
    with Daemon(where, cluster.endpoints(), "--compare", "5s") as daemon:
        for _ in range(CHAOS):
            chaos_round(cluster, daemon, rng)
            wait_equal(daemon, cluster)
        wait_synced(daemon)
        assert daemon.metric("refused_total") == 0


def chaos_round(cluster, daemon, rng):
    member = rng.choice(cluster.members)
    event = rng.choice(["kill", "freeze", "compact", "daemon", "daemon", "none"])
    before = {"kill": member.kill, "freeze": member.freeze,
              "daemon": daemon.kill}.get(event)
    after = {"kill": member.start, "freeze": member.thaw,
             "daemon": daemon.start}.get(event)
    write_at_random(cluster, rng, 20)
    if before:
        before()
    write_at_random(cluster, rng, 40)
    if event == "compact":
        cluster.compact(cluster.revision())
    if after:
        after()
    write_at_random(cluster, rng, 20)


def own_cluster(*args, name="own"):
    """For tests that make more of a member than others can bear"""
    directory = f"{TOP}/{name}"
    shutil.rmtree(directory, ignore_errors=True)
    os.mkdir(directory)
    return Cluster(directory, 1, args)


def test_etcd_is_set_back(_, where):
    cluster = own_cluster()
    with cluster:
        fill(cluster, 300)
        with Daemon(where, cluster.endpoints()) as daemon:
            wait_equal(daemon, cluster)
            wait_synced(daemon)
            cluster.members[0].kill()
            shutil.rmtree(f"{TOP}/own/m0")
            cluster.members[0].start()
            cluster.wait()
            cluster.put(b"/r/another", b"history")
            wait_equal(daemon, cluster)
            wait_synced(daemon)
            assert daemon.metric("snapshots_total") == 2


def restore(cluster, backup):
    member = cluster.members[0]
    member.kill()
    shutil.rmtree(f"{TOP}/own/m0")
    subprocess.run(["etcdctl", "snapshot", "restore", backup, "--name=m0",
                    f"--data-dir={TOP}/own/m0",
                    *(f"--{option}={member.command[member.command.index('--' + option) + 1]}"
                      for option in ("initial-cluster", "initial-advertise-peer-urls"))],
                   env=dict(os.environ, ETCDCTL_API="3"), check=True,
                   stderr=subprocess.DEVNULL)
    member.start()
    cluster.wait()


def backup_has_grown(where, lose, find, proxy=False):
    """Restored, it has more revisions than before when the daemon hears of it."""
    with own_cluster() as cluster, contextlib.ExitStack() as stack:
        daemon = stack.enter_context(
            Daemon(where, Proxy(cluster.members[0].port).endpoint(), "--compare", "10s")
            if proxy else Daemon(where, cluster.endpoints(), "--compare", "never"))
        for i in range(50):
            cluster.put(b"/r/%06d" % i, b"1")
        etcdctl(cluster, "snapshot", "save", f"{where}/backup")
        for i in range(10):
            revision = cluster.put(b"/r/000001", b"lost %d" % i)
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        lose(daemon)
        restore(cluster, f"{where}/backup")
        while cluster.put(b"/r/000002", b"kept") <= revision:
            pass
        find(daemon)
        wait_equal(daemon, cluster)
        wait_synced(daemon)
        assert daemon.said().count("etcd has been set back") == (not proxy)


def test_backup_grows_before_a_start(_, where):
    backup_has_grown(where, Daemon.kill, Daemon.start)


def test_backup_grows_behind_a_watch(_, where):
    backup_has_grown(where, lambda daemon: daemon.process.send_signal(19),
                     lambda daemon: daemon.process.send_signal(18))


def test_backup_grows_behind_a_proxy(_, where):
    """Which withholds the status of members: a comparison finds it."""
    backup_has_grown(where, Daemon.kill, Daemon.start, proxy=True)


def test_status_that_is_withheld(_, where):
    """What it would prove is taken to be so."""
    with own_cluster() as cluster:
        fill(cluster, 50)
        member = cluster.members[0]
        way = Proxy(member.port)
        with Daemon(where, way.endpoint(), "--compare", "never") as daemon:
            wait_equal(daemon, cluster)
            wait_synced(daemon)
            member.kill()
            member.start()
            wait_renewed(daemon)
            cluster.put(b"/r/more", b"0")
            wait_equal(daemon, cluster)
            assert daemon.metric("snapshots_total") == 1
            assert daemon.metric("comparisons_total") == 0
            assert daemon.said().count("no status") == 1


def test_another_cluster(_, where):
    """Its revisions mean nothing here, even if they go on where ours have ended."""
    with own_cluster() as cluster, Daemon(where, cluster.endpoints()) as daemon:
        fill(cluster, 100)
        wait_equal(daemon, cluster)
        wait_synced(daemon)
    with own_cluster(name="other") as other:
        for i in range(20):
            other.put(b"/r/a", b"%d" % i)
        with Daemon(where, other.endpoints()) as daemon:
            wait_equal(daemon, other)
            wait_synced(daemon)
            assert daemon.metric("snapshots_total") == 1


def test_one_that_etcd_refuses(_, where):
    """What is too large does not keep others from being published."""
    services, me = Map(where, "s"), os.getpid()
    services.make()
    for i in range(20):
        services.write_free(b"%02d" % i, b"x" * (400 if i == 7 else 50), me)
    with own_cluster("--max-request-bytes", "400") as cluster, \
            Daemon(where, cluster.endpoints(), maps=("-u", "s=/s/node/")) as daemon:
        published(cluster, {b"%02d" % i: b"x" * 50 for i in range(20) if i != 7})
        assert daemon.metric("unpublished_total") == 1
        assert "not published: etcdserver: request is too large" in daemon.said()


def etcdctl(cluster, *args):
    member = cluster.members[0]
    subprocess.run(["etcdctl", "--endpoints", f"127.0.0.1:{member.port}", *args],
                   env=dict(os.environ, ETCDCTL_API="3"), check=True,
                   capture_output=True)


def test_user_and_password(_, where):
    with own_cluster() as cluster:
        fill(cluster, 100)
        want = cluster.load(b"/r/")
        for command in ("user add root:r", "user grant-role root root",
                        "user add reader:secret", "role add reader",
                        "role grant-permission --prefix=true reader read /r/",
                        "user grant-role reader reader"):
            etcdctl(cluster, *command.split())
        with open(f"{where}/password", "w", encoding="utf-8") as file:
            file.write("secret\n")
        options = ["--user", "reader", "--password-file", f"{where}/password"]
        with Daemon(where, cluster.endpoints(), *options) as daemon:
            wait_for(lambda: daemon.map.load() == want, "what is there")
            wait_synced(daemon)
            # From now on a token is needed
            etcdctl(cluster, "auth", "enable")
            etcdctl(cluster, "--user", "root:r", "put", "/r/more", "0")
            wait_for(lambda: b"more" in daemon.map.load(), "the watch")
            wait_renewed(daemon)
            # A member that is started again knows no tokens
            cluster.members[0].kill()
            cluster.members[0].start()
            wait_renewed(daemon)
            etcdctl(cluster, "--user", "root:r", "put", "/r/more", "1")
            wait_for(lambda: daemon.map.load() == {**want, b"more": b"1"}, "the watch")
            daemon.end()
        os.mkdir(f"{where}/denied")
        with Daemon(f"{where}/denied", cluster.endpoints()) as daemon:
            wait_for(lambda: "no member has answered" in daemon.said(), "a complaint")
            assert not daemon.map.load()
            daemon.end()


def make_certificates(where):
    run = lambda *words: subprocess.run(["openssl", *words], check=True, cwd=where,
                                        stderr=subprocess.DEVNULL)
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test",
        "-keyout", "ca.key", "-out", "ca.pem", "-days", "2")
    run("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=member",
        "-keyout", "key.pem", "-out", "request.pem")
    with open(f"{where}/names", "w", encoding="utf-8") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    run("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-extfile", "names", "-out", "cert.pem", "-days", "2")


def test_tls(_, where):
    make_certificates(where)
    tls = [f"--ca={where}/ca.pem", f"--cert={where}/cert.pem", f"--key={where}/key.pem"]
    with own_cluster() as cluster:
        member = cluster.members[0]
        fill(cluster, 100)
        want = cluster.load(b"/r/")
        member.kill()
        url = f"https://127.0.0.1:{member.port}"
        member.command += ["--listen-client-urls", url, "--advertise-client-urls", url,
                           "--cert-file", f"{where}/cert.pem", "--client-cert-auth",
                           "--key-file", f"{where}/key.pem", "--trusted-ca-file",
                           f"{where}/ca.pem"]
        member.start()
        with Daemon(where, url, *tls) as daemon:
            wait_for(lambda: daemon.map.load() == want, "what is there")
            wait_synced(daemon)
            daemon.end()
        for i, some in enumerate((tls[1:], tls[:1])):
            os.mkdir(f"{where}/{i}")
            with Daemon(f"{where}/{i}", url, *some) as daemon:
                wait_for(lambda: "no member has answered" in daemon.said(), "a complaint")
                assert not daemon.map.load()
                daemon.end()


CHAOS = int(os.environ.get("CHAOS", "5"))


def run(name, test, cluster):
    where = f"{TOP}/{name}"
    os.mkdir(where)
    begun = time.monotonic()
    try:
        cluster.delete_all(b"/r/")
        cluster.delete_all(b"/s/")
        test(cluster, where)
        return True
    except Exception:  # pylint: disable=broad-except
        for line in traceback.format_exc().splitlines():
            print(f"    # {line}")
        with contextlib.suppress(FileNotFoundError), \
                open(f"{where}/log", encoding="utf-8") as log:
            for line in log.read().splitlines()[-20:]:
                print(f"    # {line}")
        return False
    finally:
        print(f"    # {name}: {time.monotonic() - begun:.1f} s", flush=True)


def main():
    pattern = sys.argv[3] if len(sys.argv) > 3 else "*"
    tests = [(name[5:], test) for name, test in globals().items()
             if name.startswith("test_") and fnmatch.fnmatch(name[5:], pattern)]
    shutil.rmtree(TOP, ignore_errors=True)
    os.makedirs(TOP)
    print(f"    # Subtest: files\n    1..{len(tests)}", flush=True)
    bad = 0
    with Cluster(TOP) as cluster:
        for number, (name, test) in enumerate(tests, 1):
            good = run(name, test, cluster)
            bad += not good
            print(f"    {'ok' if good else 'not ok'} {number} {name}", flush=True)
    print(f"{'not ok' if bad else 'ok'} 1 files")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
