# SPDX-License-Identifier: GPL-2.0-only
"""Members of etcd on loopback, for tests: they are killed, frozen and started again.

Their data is in a directory of the caller's. All that has been started ends with
the Cluster, by its process id.
"""

import base64
import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time


def free_ports(count):
    """As many ports of loopback that nobody listens at."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Failed(Exception):
    """What a member answers that is no success."""


class Member:
    """One process, and what it takes to start it again."""

    def __init__(self, name, directory, port, peer, args):
        self.name = name
        self.port = port
        self.log = f"{directory}/{name}.log"
        self.process = None
        self.command = [
            "etcd", "--name", name, "--data-dir", f"{directory}/{name}",
            "--listen-client-urls", f"http://127.0.0.1:{port}",
            "--advertise-client-urls", f"http://127.0.0.1:{port}",
            "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--heartbeat-interval", "100", "--election-timeout", "1000",
            "--unsafe-no-fsync", *args]

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)

    def kill(self):
        """End it at once; what it has written stays."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self):
        """To others it is cut off: it neither hears nor answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def endpoint(self, host="127.0.0.1"):
        return f"http://{host}:{self.port}"

    def call(self, path, timeout=5, **request):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=timeout)
        try:
            connection.request("POST", path, json.dumps(request))
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if "error" in answer or "code" in answer:
            raise Failed(answer.get("message", str(answer)))
        return answer

    def compact(self, revision):
        """What is forgotten is gone from its disk, too; others may not be so far."""
        self.call("/v3/kv/compaction", 90, revision=revision, physical=True)


def encode(data):
    return base64.b64encode(data).decode()


def prefix_end(prefix):
    """The first key behind all with a prefix, whose last byte is not 0xff."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


class Cluster:
    """Members, and calls to whichever answers."""

    def __init__(self, directory, count=3, args=()):
        ports = free_ports(2 * count)
        peers = ",".join(f"m{i}=http://127.0.0.1:{ports[count + i]}"
                         for i in range(count))
        args = ["--initial-cluster", peers, *args]
        self.members = [Member(f"m{i}", directory, ports[i], ports[count + i], args)
                        for i in range(count)]
        self.members_by_luck = list(self.members)

    def __enter__(self):
        # Who is told to end takes along what it has started
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        for member in self.members:
            member.start()
        self.wait()
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.kill()

    def endpoints(self, host="127.0.0.1"):
        return ",".join(member.endpoint(host) for member in self.members)

    def call(self, path, patience=90, timeout=2, **request):
        """Of the first member that answers, beginning with the one that did last."""
        end = time.monotonic() + patience
        while True:
            for member in list(self.members_by_luck):
                try:
                    answer = member.call(path, timeout, **request)
                    self.members_by_luck.remove(member)
                    self.members_by_luck.insert(0, member)
                    return answer
                except (OSError, http.client.HTTPException, ValueError):
                    pass
                except Failed as failed:
                    if "compacted" in str(failed) or "not found" in str(failed):
                        raise
            if time.monotonic() > end:
                raise TimeoutError(path)
            time.sleep(0.1)

    def wait(self):
        """Until a quorum answers."""
        self.call("/v3/kv/range", key=encode(b"x"))

    def change(self, path, **request):
        """The revision that it has made"""
        return int(self.call(path, **request)["header"]["revision"])

    def put(self, key, value, lease=0):
        return self.change("/v3/kv/put", key=encode(key), value=encode(value),
                         lease=lease)

    def delete(self, key):
        return self.change("/v3/kv/deleterange", key=encode(key))

    def delete_all(self, prefix):
        return self.change("/v3/kv/deleterange", key=encode(prefix),
                           range_end=encode(prefix_end(prefix)))

    def txn(self, operations):
        """Pairs of key and value, or None for one that is deleted."""
        return self.change("/v3/kv/txn", success=[
            {"request_delete_range": {"key": encode(key)}} if value is None else
            {"request_put": {"key": encode(key), "value": encode(value)}}
            for key, value in operations])

    def grant(self, seconds):
        return self.call("/v3/lease/grant", TTL=seconds)["ID"]

    def compact(self, revision):
        self.call("/v3/kv/compaction", revision=revision, physical=True)

    def revision(self):
        return int(self.call("/v3/kv/range", key=encode(b"x"))["header"]["revision"])

    def load(self, prefix):
        """All keys below a prefix, without it, and their values."""
        answer = self.call("/v3/kv/range", key=encode(prefix), timeout=30,
                           range_end=encode(prefix_end(prefix)))
        return {base64.b64decode(one["key"])[len(prefix):]:
                base64.b64decode(one.get("value", ""))
                for one in answer.get("kvs", [])}


class Way(threading.Thread):
    """A way to a member, on which something is kept waiting, or does not get through"""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.start()

    def endpoint(self, host="127.0.0.1"):
        return f"http://{host}:{self.listener.getsockname()[1]}"

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                try:
                    member = socket.create_connection(("127.0.0.1", self.port))
                except ConnectionRefusedError:
                    client.close()
                    continue
                for ends in ((client, member, False), (member, client, True)):
                    threading.Thread(target=self.pass_on, args=ends,
                                     daemon=True).start()

    def pass_on(self, source, target, answers):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(self.pass_through(data, answers))
            target.shutdown(socket.SHUT_WR)


class Slow(Way):
    """Answers, but not watches, take their time."""

    def __init__(self, port, delay):
        self.delay = delay
        super().__init__(port)

    def pass_through(self, data, answers):
        if answers and b'{"result"' not in data:
            time.sleep(self.delay)
        return data


class Gate(Way):
    """When the first page has come nothing is asked until it is opened."""

    def __init__(self, port):
        self.opened, self.last, self.full = threading.Event(), b"", False
        super().__init__(port)

    def pass_through(self, data, answers):
        if answers:
            self.last = self.last[-20:] + data
            self.full = self.full or b'"more":true' in self.last
        elif self.full:
            self.opened.wait()
        return data


class Proxy(Way):
    """It knows of no status."""

    def pass_through(self, data, answers):
        return data if answers else data.replace(b"/status", b"/absent")


def wait_for(condition, what, patience=90):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.05)


def fill(cluster, count, prefix=b"/r/"):
    """So many keys, a hundred in a transaction"""
    for begin in range(0, count, 100):
        cluster.txn([(prefix + b"%06d" % i, b"value %d" % i)
                     for i in range(begin, min(begin + 100, count))])


def change_all(cluster, value):
    """What happens before the revision that is returned is forgotten."""
    cluster.txn([(b"/r/%06d" % i, value) for i in range(120)])
    revision = cluster.put(b"/r/000000", value)
    cluster.compact(revision)
    return revision


def write_at_random(cluster, rng, count):
    for _ in range(count):
        keys = [b"/r/%03d" % rng.randrange(400) for _ in range(rng.choice([1, 1, 5]))]
        value = b"%d" % rng.randrange(1 << 30)
        kind = rng.random()
        if kind < 0.2:
            cluster.delete(keys[0])
        elif kind < 0.25:
            cluster.put(keys[0], value, cluster.grant(1))
        else:
            cluster.txn([(key, rng.choice([None, value])) for key in sorted(set(keys))])
