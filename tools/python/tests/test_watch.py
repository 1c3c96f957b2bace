# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What changes, event by event."""
import asyncio
import os
import resource
import select
import struct
from itertools import islice

import pytest
import syncmap
from helpers import Child, Thread, open_files
from syncmap import Kind
from syncmap._records import records


def told(watch, count):
    return [(event.kind, event.key, event.value) for event in islice(watch, count)]


def test_changes(words):
    with words.watch() as watch:
        assert watch.poll() is None
        revision = words.store("a", "1")
        assert watch.poll().revision == revision
        words["a"] = "2"
        del words["a"]
        words.clear()
        words.store("b", "3", ttl=1e-9)
        events = [next(watch) for _ in range(4)]
        assert [(e.kind, e.key, e.value) for e in events] == [
            (Kind.STORE, "a", "2"), (Kind.DELETE, "a", None),
            (Kind.CLEAR, None, None), (Kind.STORE, "b", "3")]
        assert not events[1].expired
        last = next(watch)
        assert last.kind is Kind.DELETE and last.key == "b" and last.expired


def test_evicted():
    with syncmap.create(value=str, entries=1, evict=True) as map, map.watch() as watch:
        map["a"] = "1"
        map["b"] = "2"
        del map["b"]
        events = [next(watch) for _ in range(4)]
        gone = {e.key: (e.evicted, e.expired, e.orphaned) for e in events
                if e.kind is Kind.DELETE}
        assert gone == {"a": (True, False, False), "b": (False, False, False)}


def record(number, key, value):
    """One as a kernel of tomorrow may have it: of any type, and with more fields."""
    head, begin = struct.Struct("=IHHIIIIQQ"), 64
    size = -(-(begin + len(key) + len(value)) // 8) * 8
    known = head.pack(size, begin, number, 1, 0, len(key), len(value), 7, 0)
    return (known.ljust(begin, b"\xff") + key + value).ljust(size, b"\xff")


def test_unknown_records():
    data = b"".join([record(999, b"x", b"1"), record(1, b"a", b"2"),
                     record(8, b"yy", b"3"), record(3, b"bcd", b"4"),
                     record(0, b"", b"")])
    assert [(r.kind, r.key, r.value) for r in records(data)] == \
        [(Kind.ENTRY, b"a", b"2"), (Kind.STORE, b"bcd", b"4")]


def test_filters(words):
    with words.watch(prefix="user/") as users, words.watch(key="b") as one, \
            words.watch(values=False) as all:
        words.update({"user/1": "x", "b": "y", "bb": "z"})
        assert told(users, 1) == [(Kind.STORE, "user/1", "x")]
        assert told(one, 1) == [(Kind.STORE, "b", "y")]
        assert told(all, 3) == [(Kind.STORE, key, None) for key in ("user/1", "b", "bb")]
        assert users.poll() is one.poll() is all.poll() is None
    with pytest.raises(TypeError):
        words.watch(prefix="a", key="b")


def test_dump(words):
    first = words.store("a", "1")
    words["b"] = "2"
    with words.watch(dump=True) as watch, words.watch(dump=True, since=first) as newer:
        events = [next(watch) for _ in range(3)]
        assert {(e.kind, e.key, e.value) for e in events} == {
            (Kind.ENTRY, "a", "1"), (Kind.ENTRY, "b", "2"), (Kind.DUMPED, None, None)}
        assert [e.key for e in (next(newer), next(newer))] == ["b", None]
        del words["a"]
        assert told(watch, 1) == [(Kind.DELETE, "a", None)]


def test_overflow(words):
    with words.watch(queue_size=1) as watch:
        for i in range(1000):
            words[f"{i}"] = "x" * 100
        assert any(event.kind is Kind.OVERFLOW for event in watch)


def test_the_end(name):
    map = syncmap.create(name, value=str)
    with map.watch() as watch:
        map["a"] = "1"
        syncmap.remove(name)
        map.close()
        assert [event.kind for event in watch] == [Kind.STORE, Kind.REMOVED]
        assert list(watch) == [] and watch.poll() is None


def test_close(words):
    """Whoever waits in another thread is woken, and it stays closed."""
    watch = words.watch()
    waiting = Thread(lambda: list(watch))
    fd = watch.fileno()
    watch.close()
    assert waiting.end() == []
    words["a"] = "1"
    assert list(watch) == [] and watch.poll() is None
    with words.watch() as other:
        assert other.fileno() != fd
    watch.close()


def test_poll(words):
    with words.watch() as watch:
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        assert poll.poll(0) == []
        words["a"] = "1"
        assert poll.poll(0)
        assert watch.poll(60).key == "a"
        assert watch.poll(0.01) is None


def test_threads_share_the_events(words):
    def read():
        for event in watch:
            seen.append(event.key)
            if len(seen) == 500:
                watch.close()

    seen = []
    watch = words.watch()
    readers = [Thread(read) for _ in range(4)]
    for i in range(500):
        words[f"{i}"] = "1"
    assert [reader.end() for reader in readers] == [None] * 4
    assert sorted(seen) == sorted(words)


def test_a_child_has_none(words):
    with words.watch() as watch:
        def child(_):
            assert list(watch) == []
            watch.close()
            with words.watch() as own:
                words["a"] = "by the child"
                assert next(own).value == "by the child"

        assert Child(child).wait() == 0
        assert next(watch).value == "by the child"
        words["a"] = "1"
        assert next(watch).value == "1"


def test_a_child_keeps_none(words):
    """Nor does it keep the file open: there is room for many watches."""
    block, unblock = os.pipe()
    with words.watch():
        child = Child(lambda child: (child.tell(b"x"), os.read(block, 1)))
        assert child.hear() == b"x"
        assert "anon_inode:[syncmap-watch]" in open_files(os.getpid())
        assert "anon_inode:[syncmap-watch]" not in open_files(child.pid)
        os.write(unblock, b"x")
        assert child.wait() == 0


def test_a_child_keeps_none_at_the_limit(words):
    """Though it can open nothing."""
    def fork():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
        taken = []
        try:
            while True:
                taken.append(os.dup(block))
        except OSError:
            return os.fork()
        finally:
            for fd in taken:
                os.close(fd)
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    block, unblock = os.pipe()
    with words.watch():
        child = Child(lambda child: (child.tell(b"x"), os.read(block, 1)), fork)
        assert child.hear() == b"x"
        assert "anon_inode:[syncmap-watch]" not in open_files(child.pid)
        os.write(unblock, b"x")
        assert child.wait() == 0


def test_async(words):
    async def follow(watch, last):
        keys = []
        async for event in watch:
            keys.append(event.key)
            if event.key == last:
                watch.close()
        return keys

    async def main():
        tasks = [asyncio.create_task(follow(words.watch(), "c")),
                 asyncio.create_task(follow(words.watch(key="b"), "b"))]
        for key in "abc":
            await asyncio.sleep(0)
            words[key] = "1"
        return [await task for task in tasks]

    assert asyncio.run(main()) == [["a", "b", "c"], ["b"]]


def test_async_close(words):
    async def main():
        watch = words.watch()
        task = asyncio.create_task(watch.__anext__())
        await asyncio.sleep(0)
        watch.close()
        with pytest.raises(StopAsyncIteration):
            await task

    asyncio.run(main())


def test_async_is_cancelled(words):
    async def main():
        async with words.watch() as watch:
            task = asyncio.create_task(watch.__anext__())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            words["a"] = "1"
            assert (await watch.__anext__()).key == "a"

    asyncio.run(main())


def test_async_is_cancelled_as_an_event_comes(words):
    async def main():
        loop = asyncio.get_running_loop()
        async with words.watch() as watch:
            task = asyncio.create_task(watch.__anext__())
            await asyncio.sleep(0)
            loop.add_reader(watch.fileno(), task.cancel)
            words["a"] = "1"
            with pytest.raises(asyncio.CancelledError):
                await task
            loop.remove_reader(watch.fileno())
            assert (await watch.__anext__()).key == "a"

    asyncio.run(main())
