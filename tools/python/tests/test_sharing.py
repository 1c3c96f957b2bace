# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Threads, forks, and processes that are killed: the others go on."""
import errno
import os
import signal
import time

import pytest
import syncmap
from helpers import Child, Thread, in_line, threads
from syncmap._syncmap import ffi, lib


def test_a_call_beside_close_meets_no_other_file(words):
    """What a call has when it begins, and close() comes in between."""
    under_way, fd = words._map, words.fileno()
    words["a"] = "old"
    words.close()
    with syncmap.create(value=str) as other:
        other["a"] = "other"
        assert other.fileno() != fd
        assert lib.load(under_way, b"a", 1, ffi.new("char[8]"), 8) == -errno.ENOTTY
    del under_way
    with pytest.raises(OSError):
        os.fstat(fd)


@pytest.mark.parametrize("mapped", [False, True])
def test_close_beside_calls(mapped):
    """Each of them is done, or raises Closed."""
    def use(map):
        try:
            while True:
                assert map["a"] == "right"
                map["a"] = "right"
                assert list(map.items()) == [("a", "right")]
        except syncmap.Closed:
            return "closed"

    for _ in range(10):
        map = syncmap.create(value=str, mapped=mapped)
        map["a"] = "right"
        users = [Thread(use, map) for _ in range(3)]
        while map.entry("a").revision < 10:
            pass
        map.close()
        with syncmap.create(value=str) as other:
            other["a"] = "wrong"
            assert [user.end() for user in users] == ["closed"] * 3


def test_a_closed_map_is_gone(name):
    """Though a call is under way: what it owned is let go."""
    with syncmap.create(name, value=str) as map:
        with syncmap.open(name) as owner:
            owner.store("a", "1", owned=True)
            under_way = owner._map
        assert "a" not in map
        del under_way


def test_fork_beside_calls(words):
    """A child of a process whose other threads are in the middle of calls."""
    def work(i):
        while not done:
            words[f"{i}"] = "1"
            assert words.get(f"{i}") == "1"
            with words.lease(f"lease {i}") as lease:
                if lease.held:
                    lease.store("1")
            words.pop(f"lease {i}")

    def child(_):
        signal.alarm(100)
        words["child"] = "1"
        assert words["child"] == "1" and words.copy()["child"] == "1"
        with words.lease("free") as lease:
            assert lease.held
        assert words.load_many(["child"]) == {"child": "1"}
        words.close()

    done = []
    workers = [Thread(work, i) for i in range(3)]
    for _ in range(20):
        assert Child(child).wait() == 0
    done.append(True)
    assert [worker.end() for worker in workers] == [None] * 3


def test_killed_while_it_writes(words):
    """Values are whole, and nothing is stuck."""
    size = 2000

    def write(child):
        child.tell(b"x")
        while True:
            for letter in "ab":
                words["a"] = letter * size
                words.store_many({"b": letter * size, "c": letter * size})

    for _ in range(10):
        writer = Child(write)
        assert writer.hear() == b"x"
        before = words.get("a")
        while words.get("a") == before:
            pass
        writer.kill()
        for key in "abc":
            value = words.get(key, "")
            assert value in ("", "a" * size, "b" * size)
            assert words.swap(key, "mine", "") == value
        words.clear()


def test_a_signal_interrupts_a_wait(words):
    """And nobody stands in line any more, nor does a child that was forked meanwhile."""
    class Interrupt(Exception):
        pass

    def interrupt(*_):
        raise Interrupt

    def fork_and_send():
        in_line()
        child = Child(lambda child: (child.tell(b"x"), os.read(block, 1)))
        assert child.hear() == b"x"
        os.kill(os.getpid(), signal.SIGUSR1)
        return child

    block, unblock = os.pipe()
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with words.lease("a"):
            sender = Thread(fork_and_send)
            with pytest.raises(Interrupt):
                words.lease("a").__enter__()
            child = sender.end()
        with words.lease("a", timeout=0) as lease:
            assert lease.held
    finally:
        signal.signal(signal.SIGUSR1, before)
    os.write(unblock, b"x")
    assert child.wait() == 0


def test_a_handler_uses_the_map(words):
    """Between two steps of a load: each has its own buffer."""
    def handle(*_):
        handled.append(words["other"])

    def send(_):
        while True:
            os.kill(os.getppid(), signal.SIGUSR1)
            time.sleep(0.02)

    handled = []
    words.update(a="a" * 3000, other="o" * 3000)
    before = signal.signal(signal.SIGUSR1, handle)
    try:
        sender = Child(send)
        while len(handled) < 10:
            assert words["a"] == "a" * 3000
        sender.kill()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert set(handled) == {"o" * 3000}


def test_threads_of_one_map(numbers):
    """Each has what it has stored."""
    def work(i):
        for n in range(100):
            numbers[f"{i}"] = n
            assert numbers[f"{i}"] == n
            numbers.store_many({f"{i} {n}": n for n in range(5)})
        return i

    assert threads(work, 4) == list(range(4))
    assert len(numbers) == 24


def test_a_descriptor_is_handed_over(words):
    words["a"] = "1"
    with syncmap.Map.from_fd(os.dup(words.fileno()), value=str) as same:
        assert same["a"] == "1" and same.name == ""
        words.close()
        assert same["a"] == "1"
