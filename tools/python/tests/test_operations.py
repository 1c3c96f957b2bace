# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What a map has that a dict has not."""
import subprocess
import sys
from datetime import timedelta

import pytest
import syncmap
from helpers import threads


def test_load_or_store(words):
    assert words.load_or_store("a", "1") == ("1", False)
    assert words.load_or_store("a", "2") == ("1", True)


def test_one_of_many_stores(words):
    results = threads(lambda i: words.load_or_store("leader", str(i)), 8)
    assert [loaded for _, loaded in results].count(False) == 1
    assert {value for value, _ in results} == {words["leader"]}


def test_swap(words):
    assert words.swap("a", "1") is None
    assert words.swap("a", "2") == "1"
    assert words["a"] == "2"


def test_compare_and_swap(words):
    assert not words.compare_and_swap("a", "", "1")
    words["a"] = "1"
    assert not words.compare_and_swap("a", "2", "3")
    assert words.compare_and_swap("a", "1", "3")
    assert words["a"] == "3"


def test_compare_and_delete(words):
    assert not words.compare_and_delete("a", "")
    words["a"] = "1"
    assert not words.compare_and_delete("a", "2")
    assert words.compare_and_delete("a", "1")
    assert "a" not in words


def test_revisions(words):
    first = words.store("a", "1")
    assert words.entry("a").revision == first
    second = words.store("a", "1")
    assert second > first
    assert not words.compare_and_swap_revision("a", first, "2")
    assert words.compare_and_swap_revision("a", second, "2")
    assert not words.compare_and_delete_revision("a", second)
    assert words.compare_and_delete_revision("a", words.entry("a").revision)
    assert not words.compare_and_delete_revision("a", second)


def test_add(numbers):
    with pytest.raises(KeyError):
        numbers.add("a")
    assert numbers.add("a", initial=0) == 1
    assert numbers.add("a", 41) == 42
    assert numbers.add("a", -2) == 40 == numbers["a"]
    assert numbers.add("a", 2, bound=42) == 42
    for wrong in (dict(number=1, bound=42), dict(number=-1, bound=42),
                  dict(number=-43), dict(number=2**64 - 42)):
        with pytest.raises(OverflowError):
            numbers.add("a", **wrong)
    assert numbers["a"] == 42
    assert numbers.add("b", initial=5, ttl=60) == 6
    assert 0 < numbers.entry("b").ttl <= 60


def test_each_addition_counts(numbers):
    threads(lambda i: [numbers.add("a", initial=0) for _ in range(100)], 4)
    assert numbers["a"] == 400


def test_ttl(words):
    words.store("a", "1", ttl=60)
    words.store("b", "2", ttl=timedelta(minutes=1))
    words.store("c", "3")
    for key in "ab":
        assert 0 < words.entry(key).ttl <= 60
    assert words.entry("c").ttl is None
    assert {entry.key: (entry.value, entry.ttl is None)
            for entry in words.entries()} == {"a": ("1", False), "b": ("2", False),
                                              "c": ("3", True)}
    assert words.touch("a", 600) == "1"
    assert 60 < words.entry("a").ttl <= 600
    assert words.touch("a", syncmap.NEVER) == "1"
    assert words.entry("a").ttl is None
    words["b"] = "2"
    assert words.entry("b").ttl is None
    for wrong in (0, -1, timedelta(0)):
        with pytest.raises(ValueError):
            words.store("a", "9", ttl=wrong)


def test_ttl_is_of_now(words):
    """Not of when a walk began."""
    words.store_many({"a": "1", "b": "2"}, ttl=60)
    walk = words.entries()
    first = next(walk)
    left = words.entry("b" if first.key == "a" else "a").ttl
    assert next(walk).ttl <= left


def test_what_has_expired_is_absent(words):
    for store in (lambda: words.store("a", "1", ttl=1e-9),
                  lambda: words.store_many({"a": "1"}, ttl=1e-9),
                  lambda: words.load_or_store("a", "1", ttl=1e-9),
                  lambda: words.swap("a", "1", ttl=1e-9)):
        store()
        assert "a" not in words and words.get("a") is None and not list(words)


def test_ttl_of_the_map():
    with syncmap.create(value=str, ttl=60) as map:
        assert map.info().ttl == 60
        map["a"] = "1"
        assert 0 < map.entry("a").ttl <= 60
        map.store("a", "1", ttl=syncmap.NEVER)
        assert map.entry("a").ttl is None


def test_batches(words):
    there = {f"{i}": f"value {i}" for i in range(2500)}
    words.store_many(there)
    words.store_many(((key, value) for key, value in [("x", "y" * 5000)]), ttl=60)
    assert 0 < words.entry("x").ttl <= 60
    assert words.load_many([]) == {}
    assert words.load_many(["x", "absent", "7"]) == {"x": "y" * 5000, "7": "value 7"}
    assert words.load_many(there) == there
    assert words.delete_many(key for key in ["x", "absent", "7"]) == 2
    assert words.delete_many(there) == 2499
    assert not words


def test_batch_ends_with_the_first_that_fails():
    with syncmap.create(value=str, entries=2) as map:
        with pytest.raises(syncmap.Full) as caught:
            map.store_many([(key, "1") for key in "abcd"])
        assert (caught.value.limited, caught.value.used, caught.value.limit) == \
            ("entries", 2, 2)
        assert sorted(map) == ["a", "b"]


def test_owned(name):
    with syncmap.create(name, value=str) as map:
        with syncmap.open(name) as owner:
            owner.store("mine", "1", owned=True)
            owner.store_many({"batch": "2"}, owned=True)
            owner.store("ours", "3")
            assert map.entry("mine").owned and not map.entry("ours").owned
            map["batch"] = "4"
        assert dict(map) == {"ours": "3", "batch": "4"}


def test_evict():
    """What is not used makes room, and what is kept stays: each but one."""
    kept = dict(kept="1", loaded="2", swapped="3", compared="4", revised="5", batch="6",
                leased="7")
    with syncmap.create(value=str, entries=len(kept) + 1, evict=True) as map:
        map.store("kept", "1", keep=True)
        map.load_or_store("loaded", "2", keep=True)
        map.swap("swapped", "3", keep=True)
        map["compared"] = ""
        assert map.compare_and_swap("compared", "", "4", keep=True)
        revision = map.store("revised", "")
        assert map.compare_and_swap_revision("revised", revision, "5", keep=True)
        map.store_many({"batch": "6"}, keep=True)
        with map.lease("leased") as lease:
            lease.store("7", keep=True)
        for i in range(100):
            map[f"{i}"] = "x"
        assert len(map) == len(kept) + 1 and "99" in map
        assert map.load_many(kept) == kept


def test_full_of_what_is_kept():
    with syncmap.create(value=str, entries=2, evict=True) as map:
        map.store_many({"a": "1", "b": "2"}, keep=True)
        with pytest.raises(syncmap.Full):
            map["c"] = "3"
        map["a"] = "1"
        map["c"] = "3"
        assert dict(map) == {"b": "2", "c": "3"}


def test_publish(name):
    with syncmap.create(name, value=str) as old, syncmap.create(value=str) as new:
        new["a"] = "new"
        with pytest.raises(FileExistsError):
            new.publish(name)
        new.publish(name, replace=True)
        assert new.name == name
        with syncmap.open(name) as map:
            assert map["a"] == "new" and "a" not in old


def test_info(name):
    with syncmap.create(name, entries=10, mode=0o640, ttl=1.5, stale=3) as map:
        map["a"] = b"1"
        info = map.info()
        assert (info.name, info.entries, info.max_entries) == (name, 1, 10)
        assert (info.ttl, info.stale, info.frozen, info.evicts) == \
            (1.5, 3, False, False)
        assert info in syncmap.maps() or name in [m.name for m in syncmap.maps()]
        map.freeze()
        assert map.info().frozen
    with syncmap.create(evict=True) as map:
        assert map.info().evicts


def test_maps_write_no_code(name):
    """Where memory may not be both written and executed, maps() works, too."""
    program = """
import syncmap, sys
with syncmap.create(sys.argv[1]):
    print(sys.argv[1] in [map.name for map in syncmap.maps()])
with open("/proc/self/maps") as maps:
    print([line for line in maps if {"w", "x"} <= set(line.split()[1])])
"""
    assert subprocess.run([sys.executable, "-c", program, name], check=True, text=True,
                          capture_output=True).stdout == "True\n[]\n"


def test_mapped_loads():
    with syncmap.create(value=str, mapped=True) as map:
        while not map.mapped:
            pass
        map["a"] = "1"
        assert map["a"] == "1" and map.load_many(["a", "b"]) == {"a": "1"}
        map["a"] = "2" * 5000
        assert map["a"] == "2" * 5000
        map.store("a", "3", ttl=1e-9)
        assert "a" not in map
        map["b"] = "4"
        map.clear()
        assert map.get("b") is None
    with syncmap.create(value=str) as map:
        assert not map.mapped
