# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Each error is an exception of its own."""
import errno
import io
import os
import resource

import pytest
import syncmap


def test_names(name):
    with pytest.raises(FileNotFoundError) as caught:
        syncmap.open(name)
    assert caught.value.filename == name
    with pytest.raises(FileNotFoundError):
        syncmap.remove(name)
    with syncmap.create(name):
        with pytest.raises(FileExistsError):
            syncmap.create(name)
        with syncmap.create(name, exist_ok=True) as again:
            assert again.name == name
    for wrong in ("x" * 64, "a/b", f"{name}\0b"):
        for use in (syncmap.create, syncmap.open, syncmap.remove):
            with pytest.raises(syncmap.Invalid):
                use(wrong)


def test_somebody_elses(name):
    """Who makes it unless it is there does not take one that is planted there."""
    os.seteuid(65534)
    try:
        syncmap.create(name, mode=0o666).close()
    finally:
        os.seteuid(0)
    with pytest.raises(syncmap.Stale):
        syncmap.create(name, exist_ok=True)
    with pytest.raises(syncmap.Stale):
        syncmap.open(name, owner=0)
    syncmap.open(name, owner=65534).close()
    syncmap.open(name).close()
    syncmap.remove(name)
    syncmap.create(name).close()
    os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            syncmap.open(name)
        with pytest.raises(PermissionError):
            syncmap.remove(name)
    finally:
        os.seteuid(0)


def test_modes(name):
    with syncmap.create(name, value=str) as map:
        map["a"] = "1"
        with syncmap.open(name, "r", value=str) as reader:
            assert reader["a"] == "1"
            with pytest.raises(io.UnsupportedOperation):
                reader["a"] = "2"
        with syncmap.open(name, "w", value=str) as writer:
            writer["a"] = "2"
            del writer["a"]
            with pytest.raises(syncmap.WrongMode):
                writer["a"]
            with pytest.raises(syncmap.WrongMode):
                writer.freeze()
    with pytest.raises(ValueError):
        syncmap.open(name, "x")


def test_full():
    with syncmap.create(value=str, entries=1) as map:
        map["a"] = "1"
        with pytest.raises(syncmap.Full) as caught:
            map["b"] = "2"
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.limited == "entries"
        assert (caught.value.used, caught.value.limit) == (1, 1)
        assert "1 of 1 entries" in str(caught.value)
        with pytest.raises(syncmap.Full):
            with map.lease("b"):
                pass


def test_too_long():
    with syncmap.create(value=str, key_size=4, value_size=8) as map:
        with pytest.raises(syncmap.TooLong) as caught:
            map["a"] = "123456789"
        assert (caught.value.limited, caught.value.used, caught.value.limit) == \
            ("value", 9, 8)
        for use in (lambda: map["12345"], lambda: map.store("12345", "1"),
                    lambda: "12345" in map, lambda: map.load_many(["12345"])):
            with pytest.raises(syncmap.TooLong) as caught:
                use()
            assert caught.value.limited == "key"


def test_invalid_key(words):
    for use in (lambda: words.get("a\0b"), lambda: words.store("a\0b", "1")):
        with pytest.raises(syncmap.Invalid):
            use()


def test_frozen(words):
    words["a"] = "1"
    words.freeze()
    for write in (lambda: words.store("a", "2"), lambda: words.pop("a"), words.clear,
                  lambda: words.store_many({"a": "2"}),
                  lambda: words.lease("b").__enter__()):
        with pytest.raises(syncmap.Frozen):
            write()
    assert words["a"] == "1"
    with words.lease("a") as lease:
        assert not lease.held and lease.value == "1"


def test_retired(name):
    with syncmap.create(name, value=str) as map:
        map["a"] = "1"
        map.retire()
        assert "a" not in map
        with pytest.raises(FileNotFoundError):
            syncmap.open(name)


def test_not_a_number():
    with syncmap.create(value=str) as words:
        words["a"] = "text"
        with pytest.raises(syncmap.NotANumber):
            words.add("a")


def test_closed(words):
    with words:
        pass
    words.close()
    assert words.closed
    for use in (lambda: words["a"], lambda: words.store("a", "1"), words.info,
                lambda: len(words), lambda: list(words), words.clear, words.fileno,
                lambda: words.load_many(["a"]), lambda: words.lease("a").__enter__(),
                words.watch, words.freeze, lambda: words.publish("x"),
                lambda: words.add("a"), lambda: words.mapped):
        with pytest.raises(syncmap.Closed):
            use()
    with pytest.raises(AttributeError):
        words.nothing


def test_wrong_descriptors():
    fd = os.open("/dev/null", os.O_RDONLY)
    with pytest.raises(OSError) as caught:
        syncmap.Map.from_fd(fd)
    assert caught.value.errno == errno.ENOTTY
    os.close(fd)
    with pytest.raises(OSError):
        syncmap.Map.from_fd(fd)


def test_too_many_descriptors(words):
    """What cannot be opened is told; and a map is closed all the same."""
    words["a"] = "1"
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(OSError) as caught:
            words.watch()
        assert caught.value.errno == errno.EMFILE
        with pytest.raises(OSError):
            syncmap.create()
        words["a"] = "2"
        words.close()
        assert words.closed
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
