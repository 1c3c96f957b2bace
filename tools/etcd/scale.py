# SPDX-License-Identifier: GPL-2.0-only
"""What many nodes with syncmap-etcd would cost the members of an etcd.

Measures, with three members on this machine, what each thing costs that the program asks
for: in time of processors, without what idle members take, and in bytes. Multiplies that.
"""

import argparse
import base64
import http.client
import json
import os
import selectors
import socket
import tempfile
import time

from cluster import Cluster, encode, prefix_end

PREFIX = b"/r/"
RANGE = {"key": encode(PREFIX), "range_end": encode(prefix_end(PREFIX))}
PAGE = 4000
WATCHES = 60
CHANGES = 300
TICK = os.sysconf("SC_CLK_TCK")


class Members:
    """Three of them"""

    def __init__(self, cluster):
        self.cluster = cluster
        self.ways = [http.client.HTTPConnection("127.0.0.1", member.port)
                     for member in cluster.members]
        self.idle = 0
        self.idle = self.cost(lambda: time.sleep(10)) / 10

    def used(self):
        """Seconds of processors"""
        ticks = 0
        for member in self.cluster.members:
            with open(f"/proc/{member.process.pid}/stat", encoding="ascii") as file:
                ticks += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))
        return ticks / TICK

    def cost(self, action):
        begun, before = time.monotonic(), self.used()
        action()
        return self.used() - before - self.idle * (time.monotonic() - begun)

    def ask(self, path, **request):
        """The next member, by a connection that stays"""
        self.ways.append(self.ways.pop(0))
        self.ways[0].request("POST", path, json.dumps(request))
        return self.ways[0].getresponse().read()

    def each(self, count, path, **request):
        """What one of so many costs, and the bytes of its answer"""
        answers = []

        def repeat():
            for _ in range(count):
                answers.append(len(self.ask(path, **request)))
        return self.cost(repeat) / count, sum(answers) / count


class Watches:
    """Streams, as each node has one, and the bytes that they have brought"""

    def __init__(self, members, count):
        self.selector = selectors.DefaultSelector()
        body = json.dumps({"create_request": {**RANGE, "progress_notify": True,
                                              "fragment": True}}).encode()
        for i in range(count):
            stream = socket.create_connection(
                ("127.0.0.1", members[i % len(members)].port))
            stream.sendall(b"POST /v3/watch HTTP/1.1\r\nHost: etcd\r\n"
                           b"Content-Type: application/json\r\n"
                           b"Grpc-Metadata-hasleader: true\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self.selector.register(stream, selectors.EVENT_READ)
        self.wait(b'"created":true', count)

    def wait(self, text, count):
        """Until that has come so many times; the bytes in which it has"""
        ends, received = {}, 0
        while count:
            ready = self.selector.select(30)
            assert ready, f"{count} times not told: {text}"
            for key, _ in ready:
                data = key.fileobj.recv(1 << 16)
                assert data, "a watch has ended"
                received += len(data)
                data = ends.get(key.fd, b"") + data
                count -= data.count(text)
                ends[key.fd] = data[1 - len(text):]
        return received

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def cost_of_events(members):
    """Of one event to one node, beside what the change itself costs"""
    def change():
        for i in range(CHANGES):
            members.ask("/v3/kv/put", key=encode(PREFIX + b"%012d" % i),
                        value=encode(b"%032d" % i))
    change()
    alone = members.cost(change)
    watches, received = Watches(members.cluster.members, WATCHES), []

    def change_and_wait():
        change()
        received.append(watches.wait(b'"mod_revision"', WATCHES * CHANGES))
    together = members.cost(change_and_wait)
    watches.close()
    return ((together - alone) / WATCHES / CHANGES, received[0] / WATCHES / CHANGES)


def cost_of_comparison(members):
    """Of all pages; each has etcd count all keys that are behind it"""
    request = {**RANGE, "limit": PAGE, "serializable": True,
               "revision": members.cluster.revision()}
    received = 0

    def read():
        nonlocal received
        more = True
        while more:
            answer = members.ask("/v3/kv/range", **request)
            received += len(answer)
            answer = json.loads(answer)
            more = answer.get("more")
            request["key"] = encode(base64.b64decode(answer["kvs"][-1]["key"]) + b"\0")
    return members.cost(read), received


def measure(members, keys):
    """Seconds and bytes of each thing, by its name"""
    for begin in range(0, keys, 100):
        members.cluster.txn([(PREFIX + b"%012d" % i, b"%032d" % i)
                             for i in range(begin, begin + 100)])
    lease = members.cluster.grant(60)
    return {
        "event to a node": cost_of_events(members),
        "comparison": cost_of_comparison(members),
        "beat": members.each(1000, "/v3/kv/range", key=encode(PREFIX), keys_only=True),
        "lease kept alive": members.each(1000, "/v3/lease/keepalive", ID=lease),
    }


def say_rate(what, rate, cost):
    """So many a second"""
    seconds, size = cost
    print(f"{what:36} {rate:9.2f}/s {rate * seconds:9.2f} {rate * size / 1e6:9.2f}")


def say_all(costs, nodes, keys, changes):
    event, comparison, beat, kept = costs.values()
    print(f"\n{f'{nodes} nodes, {keys} keys, {changes} changes/s':36} "
          f"{'rate':>11} {'CPUs':>9} {'MB/s':>9}")
    say_rate("watches", nodes * changes, event)
    say_rate("beats (--fresh 10s)", nodes * 4 / 10, beat)
    say_rate("beats (--fresh 1m)", nodes * 4 / 60, beat)
    for name, seconds in ("5m", 300), ("1h", 3600), ("1d", 86400):
        say_rate(f"comparisons (--compare {name})", nodes / seconds, comparison)
    say_rate("leases (--lease 10s)", nodes * 3 / 10, kept)
    print(f"a node receives {changes * event[1] / 1000:.0f} KB/s from its watch")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--keys", type=int, default=100000)
    parser.add_argument("--changes", type=int, default=100, help="in a second")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, Cluster(directory) as cluster:
        members = Members(cluster)
        costs = measure(members, args.keys)
    print(f"three members at rest take {members.idle:.3f} processors; each then costs:")
    for name, (seconds, size) in costs.items():
        print(f"{name:24} {seconds * 1e3:8.3f} ms of a processor {size:9.0f} bytes")
    say_all(costs, args.nodes, args.keys, args.changes)


if __name__ == "__main__":
    main()
