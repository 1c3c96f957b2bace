# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Of many that find a value absent, one computes it."""
import asyncio
import ctypes
import os
from datetime import timedelta

import pytest
import syncmap
from helpers import Child, Thread, in_line, threads


def test_lease(words):
    with words.lease("a") as lease:
        assert lease.held and lease.value is None
        assert lease.store("1", ttl=60) == words.entry("a").revision
        assert not lease.held and lease.value == "1"
        with pytest.raises(syncmap.Stale):
            lease.store("2")
    assert 0 < words.entry("a").ttl <= 60
    with words.lease("a") as lease:
        assert not lease.held and lease.value == "1" and not lease.expired


def test_what_is_not_stored_is_given_back(words):
    with words.lease("a") as lease:
        lease.release()
        with words.lease("a", timeout=0) as other:
            assert other.held
    with pytest.raises(ZeroDivisionError):
        with words.lease("a"):
            1 / 0
    with words.lease("a", timeout=0) as lease:
        assert lease.held


def test_timeout(words):
    with words.lease("a"):
        for timeout in (0, 0.01, timedelta(milliseconds=10)):
            with pytest.raises(TimeoutError):
                with words.lease("a", timeout=timeout):
                    pass
    with words.lease("a", timeout=0) as lease:
        assert lease.held


def test_time_of_a_lease(words):
    with words.lease("a", lease_for=1e-6) as late:
        with words.lease("a") as lease:
            assert lease.held
            with pytest.raises(syncmap.Stale):
                late.store("late")
            lease.store("1")
    assert words["a"] == "1"


def test_who_waits_gets_the_value(words):
    def wait(i):
        with words.lease("a") as lease:
            if lease.held:
                computed.append(i)
                lease.store(f"by {i}")
            return lease.value

    computed = []
    results = threads(wait, 8)
    assert len(computed) == 1 and set(results) == {f"by {computed[0]}"}


def test_stale():
    with syncmap.create(value=str, stale=3600) as map:
        map.store("a", "old", ttl=1e-9)
        with map.lease("a", stale=True) as lease:
            assert lease.held and lease.expired and lease.value == "old"
            with map.lease("a", stale=True) as other:
                assert not other.held and other.expired and other.value == "old"
            lease.store("new")
            assert lease.value == "new" and not lease.expired


def test_a_stale_value_that_cannot_be_read():
    """No lease is left that nobody knows of."""
    codec = syncmap.Codec(str.encode, lambda data: readable and data.decode() or 1 / 0)
    with syncmap.create(value=codec, stale=3600) as map:
        map.store("a", "old", ttl=1e-9)
        readable = False
        with pytest.raises(ZeroDivisionError):
            map.lease("a", stale=True).__enter__()
        readable = True
        with map.lease("a", timeout=0, stale=True) as lease:
            assert lease.held and lease.value == "old"


@pytest.mark.parametrize("fork", [os.fork, ctypes.PyDLL(None).fork])
def test_the_next_one_takes_over_from_the_dead(words, fork):
    """Though all have had the map open before the fork, as workers do that a server
    has forked, with Python's knowledge or without."""
    block, _ = os.pipe()
    dying = Child(lambda child: (words.lease("a").__enter__(), child.tell(b"L"),
                                 os.read(block, 1)), fork)
    assert dying.hear() == b"L"
    sibling = Child(lambda child: (child.tell(b"L"), os.read(block, 1)), fork)
    assert sibling.hear() == b"L"
    with pytest.raises(TimeoutError):
        with words.lease("a", timeout=0):
            pass
    waiting = Thread(lambda: words.lease("a").__enter__().held)
    dying.kill()
    assert waiting.end() is True
    sibling.kill()


def test_a_child_holds_nothing_of_its_parent(words):
    block, unblock = os.pipe()
    lease = words.lease("a").__enter__()
    assert lease.held

    def child(self):
        with pytest.raises(syncmap.Stale):
            lease.store("by the child")
        self.tell(b"x")
        os.read(block, 1)

    child = Child(child)
    assert child.hear() == b"x"
    lease.release()
    with words.lease("a", timeout=0) as again:
        assert again.held
    os.write(unblock, b"x")
    assert child.wait() == 0


def test_owned_goes_with_the_process_that_stored_it(words):
    block, _ = os.pipe()
    with words.watch() as watch:
        owner = Child(lambda child: (words.store("a", "1", owned=True),
                                     os.read(block, 1)))
        assert next(watch).key == "a"
        owner.kill()
        assert "a" not in words
        event = next(watch)
        assert event.kind is syncmap.Kind.DELETE and event.orphaned


def test_close_ends_a_wait(words):
    with words.lease("a"):
        waiting = Thread(lambda: words.lease("a").__enter__())
        in_line()
        words.close()
        assert isinstance(waiting.end(), syncmap.Closed)


def test_async_lease(words):
    async def compute(i):
        async with words.lease("a") as lease:
            if lease.held:
                computed.append(i)
                await asyncio.sleep(0)
                lease.store(f"by {i}")
            return lease.value

    async def late():
        with words.lease("b"):
            async with words.lease("b", timeout=0.01):
                pass

    async def main():
        with pytest.raises(TimeoutError):
            await late()
        return await asyncio.gather(*map(compute, range(10)))

    computed = []
    assert set(asyncio.run(main())) == {f"by {computed[0]}"}
    assert len(computed) == 1


def test_async_lease_is_cancelled(words):
    async def main():
        with words.lease("a"):
            task = asyncio.create_task(words.lease("a").__aenter__())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with words.lease("a", timeout=0) as lease:
            assert lease.held

    asyncio.run(main())
