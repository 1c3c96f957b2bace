# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""As far as a map is a dict."""
import collections.abc

import pytest
import syncmap


def test_is_a_mapping(words):
    assert isinstance(words, collections.abc.MutableMapping)


def test_items(words):
    words["color"] = "blue"
    assert words["color"] == "blue"
    words["color"] = "red"
    assert words["color"] == "red"
    del words["color"]
    for absent in (lambda: words["color"], lambda: words.__delitem__("color"),
                   lambda: words.pop("color"), lambda: words.touch("color"),
                   lambda: words.entry("color"), words.popitem):
        with pytest.raises(KeyError):
            absent()


def test_defaults(words):
    assert words.get("a") is None
    assert words.get("a", "z") == "z"
    assert words.pop("a", None) is None
    assert words.setdefault("a", "b") == "b"
    assert words.setdefault("a", "c") == "b"
    assert words.pop("a", "z") == "b"
    assert "a" not in words


def test_walks(words):
    there = {f"key{i}": "v" * i for i in range(300)}
    words.update(there)
    assert len(words) == 300
    assert sorted(words) == sorted(words.keys()) == sorted(there)
    assert words.copy() == dict(words.items()) == there and words == there
    assert sorted(words.values()) == sorted(there.values())
    assert ("key7", "v" * 7) in words.items() and "v" * 299 in words.values()
    assert dict(words.popitem() for _ in range(300)) == there
    assert not words


def test_walks_beside_changes(words):
    """No key twice, and each that is there throughout."""
    words.update({str(i): "stays" for i in range(2000)})
    seen = []
    for key in words:
        seen.append(key)
        words[f"new {key}"] = "comes"
        words.pop(f"new {key}")
    assert set(seen) >= {str(i) for i in range(2000)}
    assert len(seen) == len(set(seen))


def test_update(words):
    words.update(a="1")
    words.update([("b", "2")], c="3")
    words.update({})
    assert words == {"a": "1", "b": "2", "c": "3"}


def test_walks_that_look_up_nothing(words, monkeypatch):
    """For what was seen may be gone by then."""
    words.update(a="1", b="2")
    monkeypatch.delattr(syncmap.Map, "__getitem__")
    with syncmap.create(value=str) as other:
        other.update(words, c="3")
        assert sorted(other.items()) == [("a", "1"), ("b", "2"), ("c", "3")]
        assert "3" in other.values() and "4" not in other.values()


def test_setdefault(words):
    assert words.setdefault("a", "1") == "1"
    assert words.setdefault("a", "2") == words.setdefault("a") == "1"
    with pytest.raises(TypeError):
        words.setdefault("b")
    with syncmap.create(value=syncmap.JSON) as map:
        assert map.setdefault("a") is None and "a" in map


def test_clear(words):
    words.update(a="1", b="2")
    words.clear()
    assert len(words) == 0 and list(words) == []


def test_long_values():
    """Longer than any buffer that is there before."""
    with syncmap.create(value=str, value_size=1 << 20) as words:
        long = "x" * 100_000
        words["a"] = long
        assert words["a"] == words.entry("a").value == words.touch("a") == long
        assert words.load_or_store("a", "b") == (long, True)
        assert words.swap("a", long + "y") == long
        assert words.load_many(["a"]) == words.copy() == {"a": long + "y"}
        assert not words.compare_and_swap("a", long, "b")
        assert words.pop("a") == long + "y"


@pytest.mark.parametrize("codec, key, value", [
    (bytes, b"\0\xff", b""), (str, "päth\udcff", "\n"), (int, 2**64 - 1, 0),
    (syncmap.JSON, [1, {"a": None}], {"b": [1.5, "ü", True]}),
])
def test_codecs(codec, key, value):
    with syncmap.create(key=codec, value=codec) as map:
        map[key] = value
        assert map[key] == value and list(map.items()) == [(key, value)]
        assert map.compare_and_swap(key, value, key)
        assert map.pop(key) == key


def test_own_codec():
    codec = syncmap.Codec(lambda point: b"%d,%d" % point,
                          lambda data: tuple(map(int, data.split(b","))))
    with syncmap.create(value=codec) as points:
        points["a"] = (1, -2)
        assert points["a"] == (1, -2)


@pytest.mark.parametrize("codec, wrong, error", [
    (bytes, "text", TypeError), (bytes, 5, TypeError), (str, b"bytes", TypeError),
    (int, "1", TypeError), (int, -1, OverflowError), (int, 2**64, OverflowError),
    (syncmap.JSON, {1, 2}, TypeError), (syncmap.JSON, [{"a": {9: 1}}], TypeError),
    (syncmap.JSON, float("nan"), ValueError),
])
def test_what_is_no_value(codec, wrong, error):
    with syncmap.create(value=codec) as map:
        with pytest.raises(error):
            map["a"] = wrong
        with pytest.raises(error):
            map.load_or_store("a", wrong)
        assert not map


def test_equal_json_is_equal_bytes():
    with syncmap.create(value=syncmap.JSON) as map:
        map["a"] = {"x": 1, "y": 2}
        assert map.compare_and_swap("a", {"y": 2, "x": 1}, None)
        assert map["a"] is None and "a" in map
        assert map.swap("a", 1, "absent") is None
        assert map.swap("b", 1, "absent") == "absent"


def test_what_a_map_says_of_itself(name):
    with syncmap.create(name, key=int, value=syncmap.JSON) as made, \
            syncmap.open(name) as map:
        made[7] = ["x"]
        assert map[7] == ["x"]
        with pytest.raises(TypeError):
            syncmap.open(name, key=str)
        with pytest.raises(TypeError):
            syncmap.open(name, value=list)
