# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A cache that processes share."""
import asyncio
import os
import sys

import pytest
import syncmap
from helpers import Child, threads
from syncmap._memoize import name_of


@pytest.fixture
def calls(numbers):
    """How often something was computed, by whichever process."""
    numbers["calls"] = 0
    return numbers


def test_one_process_computes(calls, name):
    @syncmap.memoize(ttl=60, name=name)
    def square(number):
        calls.add("calls")
        return [number * number, os.getpid()]

    def ask(child):
        for _ in range(10):
            assert square(7) == square(7)
        child.tell(b"%d" % square(7)[1])

    children = [Child(ask) for _ in range(4)]
    pids = {int(child.hear(20)) for child in children}
    assert [child.wait() for child in children] == [0] * 4
    assert pids == {square(7)[1]} and square(7)[0] == 49
    assert calls["calls"] == 1
    assert 0 < square.map.entry("7").ttl <= 60


def test_invalidate(calls, name):
    @syncmap.memoize(name=name)
    def double(text, times=2):
        calls.add("calls")
        return text * times

    assert double("a") == double("a") == "aa"
    assert double("a", times=3) == "aaa"
    assert calls["calls"] == 2
    assert double.invalidate("a") and not double.invalidate("a")
    assert double("a") == "aa" and double("a", times=3) == "aaa"
    assert calls["calls"] == 3
    assert double.__name__ == "double" and double.map.name == name


def test_what_comes_back_is_alike():
    with syncmap.create(value=syncmap.JSON) as map:
        @syncmap.memoize(map=map)
        def pair():
            return (1, None)

        @syncmap.memoize(map=map)
        def nothing(_):
            return None

        assert pair() == pair() == [1, None]
        assert nothing(1) is nothing(1) is None and len(map) == 2


def test_errors_are_not_kept(calls, name):
    @syncmap.memoize(name=name)
    def fail(number):
        calls.add("calls")
        return 1 / number

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail(0)
    assert calls["calls"] == 2


def test_where_there_is_no_room(calls):
    with syncmap.create(value=syncmap.JSON, entries=1, key_size=16,
                        value_size=8) as map:
        @syncmap.memoize(map=map)
        def echo(what):
            calls.add("calls")
            return what

        assert [echo("a long text"), echo("a long text")] == ["a long text"] * 2
        assert echo("1") == echo("1") == "1"
        assert calls["calls"] == 3
        assert echo("2") == echo("2") == "2"
        assert calls["calls"] == 5
        assert echo("x" * 190) == "x" * 190
        map.freeze()
        assert echo("1") == "1" and echo("3") == "3"


def test_what_is_not_kept_comes_back_alike():
    """Whether it is too long, or the map is full."""
    with syncmap.create(value=syncmap.JSON, entries=1, value_size=8) as map:
        @syncmap.memoize(map=map)
        def pair(what):
            return (what, what)

        @syncmap.memoize(map=map)
        async def later(what):
            return (what, what)

        assert pair("long") == asyncio.run(later("long")) == ["long", "long"]
        map["other"] = 1
        assert pair("a") == asyncio.run(later("a")) == ["a", "a"]


def test_what_is_not_asked_for_makes_room(calls, name):
    @syncmap.memoize(name=name, entries=10, evict=True)
    def double(number):
        calls.add("calls")
        return number * 2

    assert [double(i) for i in range(100)] == [2 * i for i in range(100)]
    assert double(99) == 198 and calls["calls"] == 100
    assert 0 < len(double.map) <= 10 and double.map.info().evicts


def test_stale_while_it_is_computed(calls, name):
    @syncmap.memoize(ttl=1e-9, stale=3600, name=name)
    def number():
        total = calls.add("calls")
        return (total, threads(lambda _: number(), 1)[0] if total == 2 else None)

    assert number() == [1, None]
    assert number() == [2, [1, None]]


def test_arguments(name):
    @syncmap.memoize(name=name)
    def echo(*args, **kwargs):
        return [repr(args), kwargs]

    different = [((1,), {}), ((True,), {}), ((1.0,), {}), (("1",), {}), ((b"1",), {}),
                 ((1, 2), {}), (((1, 2),), {}), (((1,), 2), {}), ((), {"a": 1}),
                 (("a=1",), {}), ((None,), {}), (("x" * 5000,), {}), (("\n\0",), {}),
                 (("x" * 5001,), {}), ((), {})]
    keys = [echo.key(*args, **kwargs) for args, kwargs in different]
    assert len(set(keys)) == len(different)
    assert echo.key(a=1, b=2) == echo.key(b=2, a=1)
    for args, kwargs in different:
        assert echo(*args, **kwargs) == echo(*args, **kwargs) == [repr(args), kwargs]
    for wrong in ([1], {1: 2}, object(), (1, [2])):
        with pytest.raises(TypeError):
            echo(wrong)


def test_methods_with_a_key(name):
    class Article:
        number = 7

        @syncmap.memoize(name=name, key=lambda self, currency: f"{self.number} {currency}")
        def price(self, currency):
            return f"{self.number * 3} {currency}"

    assert Article().price("EUR") == Article().price("EUR") == "21 EUR"
    assert list(Article.price.map) == ["7 EUR"]


def test_names():
    def function():
        pass

    names = set()
    for module in ("app", "app.views", "x" * 100, "x" * 101):
        function.__module__ = module
        made = name_of(function)
        assert len(made) <= 63
        with syncmap.create(made):
            names.add(made)
        syncmap.remove(made)
    assert len(names) == 4


def test_names_in_scripts(monkeypatch):
    """Two that are called the same are not the same; a process that was spawned is."""
    def function():
        pass

    names = set()
    for file in ("/srv/one.py", "/srv/two.py"):
        monkeypatch.setattr(sys.modules["__main__"], "__file__", file)
        for function.__module__ in ("__main__", "__mp_main__"):
            names.add(name_of(function))
    assert len(names) == 2


def test_coroutines(calls, name):
    @syncmap.memoize(name=name)
    async def slow(what):
        calls.add("calls")
        await asyncio.sleep(0)
        if what == "fail":
            raise ValueError(what)
        return what

    async def main():
        with pytest.raises(ValueError):
            await slow("fail")
        return await asyncio.gather(*[slow("a") for _ in range(10)])

    assert asyncio.run(main()) == ["a"] * 10
    assert calls["calls"] == 2
