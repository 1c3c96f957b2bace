# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Maps, and what is done with their keys.

Any number of threads may use a map, and no lock is taken for that. The library's map is
closed when nobody refers to it any more, and a call that is under way does: Map.close()
lets its file go, and not its number.
"""
from __future__ import annotations

import errno
import os
import time
from array import array
from dataclasses import dataclass
from itertools import chain, islice
from typing import (Any, Dict, Generic, ItemsView, Iterable, Iterator, List, Mapping,
                    MutableMapping, Optional, Tuple, TypeVar, Union, ValuesView,
                    overload)

from . import _codecs
from ._codecs import Codec, CodecLike
from ._errors import Closed, Stale, failure
from ._lease import Lease
from ._records import Record, records
from ._syncmap import ffi, lib
from ._times import Seconds, to_ns, to_ttl
from ._wait import Descriptor
from ._watch import Watch

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

_BUFFER = 4096          # more than any value that comes from a mapping
_BUFFER_KEPT = 1 << 16
_RANGE_BUFFER = 1 << 16
_SLOT = 512             # of each value in a batch; longer ones are asked for again

_MISSING: Any = object()

_new = ffi.new_allocator(should_clear_after_alloc=False)
_load = lib.load
_unpack = ffi.unpack


class _Call:
    """Where an answer goes. Nobody else uses it meanwhile: no thread, no handler of a
    signal, and nothing that the collector calls."""

    __slots__ = ("buffer", "size", "answer")

    def __init__(self, size: int = _BUFFER) -> None:
        self.buffer = _new("char[]", size)
        self.size = size
        self.answer = ffi.new("struct syncmap_answer *")

    def value(self) -> bytes:
        return _unpack(self.buffer, self.answer.out_len)  # type: ignore[no-any-return]

    def is_set(self, bit: int) -> bool:
        return bool(self.answer.result & bit)


_calls: List[_Call] = []


def _get_call() -> _Call:
    try:
        return _calls.pop()
    except IndexError:
        return _Call()


def _put_call(call: _Call) -> None:
    if call.size <= _BUFFER_KEPT:
        _calls.append(call)


@dataclass(frozen=True)
class Entry(Generic[K, V]):
    """An entry: `ttl` is how many seconds it has left, None if there is no end, and
    `owned` whether it goes with somebody's open file."""

    key: K
    value: V
    revision: int
    ttl: Optional[float]
    owned: bool


@dataclass(frozen=True)
class Info:
    """What a map is. Of `entries` and `bytes` there may be `max_entries` and
    `max_bytes`; `ttl` and `stale` are its defaults, in seconds, None for no end."""

    name: str
    id: int
    entries: int
    bytes: int
    max_entries: int
    max_bytes: int
    key_size: int
    value_size: int
    revision: int
    ttl: Optional[float]
    stale: Optional[float]
    uid: int
    gid: int
    mode: int
    mapped: bool
    evicts: bool
    frozen: bool


def _info(info: Any) -> Info:
    limits = info.limits
    return Info(
        name=ffi.string(info.name).decode(), id=info.id, entries=info.count,
        bytes=info.bytes, max_entries=limits.entries, max_bytes=limits.bytes,
        key_size=limits.key_size, value_size=limits.value_size,
        revision=info.revision, ttl=to_ttl(info.ttl), stale=to_ttl(info.stale),
        uid=info.uid, gid=info.gid, mode=info.mode, mapped=info.mapped != 0,
        evicts=bool(info.state & lib.SYNCMAP_MAP_EVICTS),
        frozen=bool(info.state & lib.SYNCMAP_MAP_FROZEN))


class Map(MutableMapping[K, V]):
    """A map that processes share: see open() and create().

    It is a dict as far as that goes, and each of its operations on one key takes
    effect at one instant, for all processes. What a dict does in two steps, as setting
    what is absent, has a method here. Keys are in no order; there may be other ones,
    and less or more, from one look to the next. A walk shows no key twice, and each
    that is there throughout.

    Threads may share it. A child of fork() has it open for itself: what one of them
    owns and leases goes with that one. Closed beside a call in another thread, that
    call is done or raises Closed.
    """

    def __init__(self, map: Any, key: Optional[CodecLike[K]],
                 value: Optional[CodecLike[V]]) -> None:
        self._map = map
        info = self._ask_info()
        self._name: str = ffi.string(info.name).decode()
        key = _codecs.of_key_type(info.key_type) if key is None else _codecs.find(key)
        value = _codecs.of_kind(info.value_kind) if value is None else \
            _codecs.find(value)
        if info.key_type == lib.SYNCMAP_KEY_U64 and key is not _codecs.INT:
            raise TypeError(f"the keys of map {self._name!r} are integers")
        self._key: Codec[K] = key
        self._value: Codec[V] = value
        self._encode_key = key.encode
        self._encode = value.encode
        self._decode = value.decode

    @classmethod
    def from_fd(cls, fd: int, key: Optional[CodecLike[K]] = None,
                value: Optional[CodecLike[V]] = None) -> Map[K, V]:
        """A map that was inherited, or came over a socket. The descriptor is the
        map's from now on."""
        out = ffi.new("struct libsyncmap **")
        err = lib.adopt_map(fd, out)
        if err < 0:
            raise failure(err, "")
        return cls(_adopt(out), key, value)

    def __getattr__(self, name: str) -> Any:
        # What close() has deleted
        if name == "_map":
            raise Closed
        raise AttributeError(name)

    def __repr__(self) -> str:
        state = " (closed)" if self.closed else ""
        return f"<syncmap.Map {self._name!r}{state}>"

    # The map as a whole

    @property
    def name(self) -> str:
        """Its name, which it may have lost meanwhile; empty if it never had one."""
        return self._name

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return "_map" not in self.__dict__

    @property
    def mapped(self) -> bool:
        """Whether loads make no system call."""
        return not lib.libsyncmap_mapped(self._map)

    def fileno(self) -> int:
        """Its descriptor, for who is to have it, too: it stays the map's."""
        return lib.libsyncmap_fd(self._map)  # type: ignore[no-any-return]

    def through(self, value: V) -> V:
        """What a value is when it comes back from the map: a tuple in JSON is a
        list."""
        return self._decode(self._encode(value))

    def info(self) -> Info:
        """What it is, and how much is in it."""
        return _info(self._ask_info())

    def close(self) -> None:
        """Close it, and let go what it owns and leases. Twice is no error."""
        map = self.__dict__.pop("_map", None)
        if map is not None:
            lib.cut_off(lib.libsyncmap_fd(map))

    def __enter__(self) -> Map[K, V]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def clear(self) -> None:
        """Delete all entries, at one instant."""
        self._check(lib.libsyncmap_clear(self._map, 0))

    def freeze(self) -> None:
        """Let nobody write any more, for good: see Frozen. For who has made it, or
        opened it with mode "a"."""
        self._check(lib.libsyncmap_freeze(self._map))

    def retire(self) -> None:
        """Let nobody use it any more, for good: it is frozen, empty, and has no
        name. For who has made it, or opened it with mode "a"."""
        self._check(lib.libsyncmap_retire(self._map))

    def publish(self, name: str, *, replace: bool = False) -> None:
        """Give it a name, if it has none; with `replace` the one of another map, at
        one instant."""
        self._check(lib.libsyncmap_publish(
            self._map, _encode_name(name), lib.SYNCMAP_PUBLISH_REPLACE * replace, 0))
        self._name = name

    # Loads

    def __getitem__(self, key: K) -> V:
        data = self._load(self._encode_key(key))
        if data is None:
            raise KeyError(key)
        return self._decode(data)

    @overload
    def get(self, key: K) -> Optional[V]: ...
    @overload
    def get(self, key: K, default: Union[V, T]) -> Union[V, T]: ...

    def get(self, key: K, default: Any = None) -> Any:
        """The value, or the default if the key is absent."""
        data = self._load(self._encode_key(key))
        return default if data is None else self._decode(data)

    def __contains__(self, key: object) -> bool:
        return self._load(self._encode_key(key)) is not None  # type: ignore[arg-type]

    def entry(self, key: K) -> Entry[K, V]:
        """The value with its revision, and the time that it has left."""
        call = self._operate(lib.SYNCMAP_OP_LOAD, self._encode_key(key),
                             expect=errno.ENOENT)
        if call is None:
            raise KeyError(key)
        answer = call.answer
        entry = Entry(key, self._decode(call.value()), answer.revision,
                      to_ttl(answer.expires), call.is_set(lib.SYNCMAP_RESULT_OWNED))
        _put_call(call)
        return entry

    def load_many(self, keys: Iterable[K]) -> Dict[K, V]:
        """The values of those keys that are there, in as few calls as possible. Each
        is loaded at an instant of its own."""
        found = {}
        for part in _parts(keys):
            out = _new("char[]", len(part) * _SLOT)
            view = ffi.buffer(out)
            answers, _ = self._batch(lib.SYNCMAP_OP_LOAD, 0, part, None, 0, out)
            for i, key in enumerate(part):
                status = answers[i].error.status
                if not status:
                    data = view[i * _SLOT:i * _SLOT + answers[i].out_len]
                    found[key] = self._decode(data)
                elif status == -errno.EMSGSIZE:
                    if (long := self._load(self._encode_key(key))) is not None:
                        found[key] = self._decode(long)
                elif status != -errno.ENOENT:
                    raise self._failure(status, answers[i].error)
        return found

    # Stores

    def __setitem__(self, key: K, value: V) -> None:
        self._store(self._encode_key(key), value)

    def store(self, key: K, value: V, *, ttl: Optional[Seconds] = None,
              owned: bool = False, keep: bool = False) -> int:
        """Set the value, and get its revision.

        `ttl`: how long it stays, in seconds or as a timedelta; NEVER; None: as long
        as the map has it. With `owned` it goes when this map is closed or the process
        ends, however it ends, unless somebody else has stored another one. With `keep`
        a map that evicts never does so with it, until it is stored without.
        """
        return self._store(self._encode_key(key), value, ttl, owned, keep)

    def load_or_store(self, key: K, value: V, *, ttl: Optional[Seconds] = None,
                      owned: bool = False, keep: bool = False) -> Tuple[V, bool]:
        """The value that there is, and True; else store this one: it, and False. Of
        all that find the key absent, exactly one stores."""
        call = self._set(lib.SYNCMAP_OP_LOAD_OR_STORE, key, value, ttl, owned, keep)
        loaded = call.is_set(lib.SYNCMAP_RESULT_LOADED)
        if loaded:
            value = self._decode(call.value())
        _put_call(call)
        return value, loaded

    def swap(self, key: K, value: V, default: Optional[V] = None, *,
             ttl: Optional[Seconds] = None, owned: bool = False,
             keep: bool = False) -> Optional[V]:
        """Set the value, and get the one before; the default if there was none."""
        call = self._set(lib.SYNCMAP_OP_SWAP, key, value, ttl, owned, keep)
        if call.is_set(lib.SYNCMAP_RESULT_LOADED):
            default = self._decode(call.value())
        _put_call(call)
        return default

    def compare_and_swap(self, key: K, old: V, new: V, *,
                         ttl: Optional[Seconds] = None, owned: bool = False,
                         keep: bool = False) -> bool:
        """Set the value if it is `old`. An absent key has none that is."""
        return self._compare(lib.SYNCMAP_OP_COMPARE_AND_SWAP, key,
                             value=self._encode(new), old=self._encode(old),
                             flags=_flags(owned, keep), deadline=to_ns(ttl))

    def compare_and_swap_revision(self, key: K, revision: int, new: V, *,
                                  ttl: Optional[Seconds] = None,
                                  owned: bool = False, keep: bool = False) -> bool:
        """Set the value if it is still the one of a revision: see entry(). One that
        was changed, and changed back, is another one."""
        return self._compare(lib.SYNCMAP_OP_COMPARE_AND_SWAP, key,
                             value=self._encode(new), expected=revision,
                             flags=lib.SYNCMAP_FLAG_BY_REVISION | _flags(owned, keep),
                             deadline=to_ns(ttl))

    def setdefault(self, key: K, default: V = None) -> V:  # type: ignore[assignment]
        """The value that there is, or else this one, by load_or_store()."""
        found = self._load(self._encode_key(key))
        return self.load_or_store(key, default)[0] if found is None else \
            self._decode(found)

    def touch(self, key: K, ttl: Optional[Seconds] = None) -> V:
        """Get the value, and set anew how long it stays."""
        call = self._operate(lib.SYNCMAP_OP_TOUCH, self._encode_key(key),
                             deadline=to_ns(ttl), expect=errno.ENOENT)
        if call is None:
            raise KeyError(key)
        value = self._decode(call.value())
        _put_call(call)
        return value

    def add(self, key: K, number: int = 1, *, initial: Optional[int] = None,
            bound: Optional[int] = None, ttl: Optional[Seconds] = None) -> int:
        """Add to a value of codec INT, and get the sum. Of any number of callers each
        counts.

        A negative number is subtracted. `initial` is what an absent key counts as,
        which is a KeyError otherwise, and `ttl` is for such a one. `bound` is the
        highest sum, or the lowest one: what would pass it is OutOfRange, and changes
        nothing.
        """
        flags = 0
        if initial is not None:
            flags |= lib.SYNCMAP_FLAG_INITIAL
        if bound is not None:
            flags |= lib.SYNCMAP_FLAG_BOUNDED
        call = self._operate(
            lib.SYNCMAP_OP_ADD if number >= 0 else lib.SYNCMAP_OP_SUB,
            self._encode_key(key), flags=flags, operand=abs(number),
            initial=initial or 0, bound=bound or 0, deadline=to_ns(ttl), want=False,
            expect=errno.ENOENT)
        if call is None:
            raise KeyError(key)
        total: int = call.answer.after
        _put_call(call)
        return total

    def store_many(self, items: Union[Mapping[K, V], Iterable[Tuple[K, V]]], *,
                   ttl: Optional[Seconds] = None, owned: bool = False,
                   keep: bool = False) -> None:
        """Store one after the other, in as few calls as possible. If one fails, those
        behind it are not stored."""
        pairs = items.items() if isinstance(items, Mapping) else items
        for part in _parts(pairs):
            self._batch(lib.SYNCMAP_OP_STORE, _flags(owned, keep),
                        [key for key, _ in part], [value for _, value in part],
                        to_ns(ttl))

    def update(self, other: Any = (), /, **kwargs: Any) -> None:
        """As that of a dict, by store_many()."""
        if not isinstance(other, Mapping):
            other = dict(other)
        self.store_many(chain(other.items(), kwargs.items()))  # type: ignore[arg-type]

    # Deletions

    def __delitem__(self, key: K) -> None:
        call = self._operate(lib.SYNCMAP_OP_DELETE, self._encode_key(key), want=False)
        previous = call.answer.previous
        _put_call(call)
        if not previous:
            raise KeyError(key)

    @overload
    def pop(self, key: K) -> V: ...
    @overload
    def pop(self, key: K, default: Union[V, T]) -> Union[V, T]: ...

    def pop(self, key: K, default: Any = _MISSING) -> Any:
        """Take the value: of any number of callers exactly one gets it."""
        call = self._operate(lib.SYNCMAP_OP_LOAD_AND_DELETE, self._encode_key(key),
                             expect=errno.ENOENT)
        if call is None:
            if default is _MISSING:
                raise KeyError(key)
            return default
        value = self._decode(call.value())
        _put_call(call)
        return value

    def popitem(self) -> Tuple[K, V]:
        """Take any entry."""
        for key in self:
            try:
                return key, self.pop(key)
            except KeyError:
                continue
        raise KeyError("the map is empty")

    def compare_and_delete(self, key: K, old: V) -> bool:
        """Delete the key if its value is `old`."""
        return self._compare(lib.SYNCMAP_OP_COMPARE_AND_DELETE, key,
                             old=self._encode(old))

    def compare_and_delete_revision(self, key: K, revision: int) -> bool:
        """Delete the key if its value is still the one of a revision."""
        return self._compare(lib.SYNCMAP_OP_COMPARE_AND_DELETE, key,
                             expected=revision, flags=lib.SYNCMAP_FLAG_BY_REVISION)

    def delete_many(self, keys: Iterable[K]) -> int:
        """Delete one after the other, in as few calls as possible; how many there
        were."""
        count = 0
        for part in _parts(keys):
            answers, done = self._batch(lib.SYNCMAP_OP_DELETE, 0, part, None, 0)
            count += sum(1 for i in range(done) if answers[i].previous)
        return count

    # All keys

    def __len__(self) -> int:
        return self._ask_info().count  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[K]:
        decode = self._key.decode
        for record in self._range(lib.SYNCMAP_RANGE_KEYS_ONLY):
            yield decode(record.key)

    def copy(self) -> Dict[K, V]:
        """What is there, as a dict. dict() of a map asks for each key that it has
        found, which may be absent then."""
        return dict(self.items())

    def items(self) -> ItemsView[K, V]:
        """Keys with their values, which come along in a walk."""
        return _Items(self)

    def values(self) -> ValuesView[V]:
        """Values, likewise."""
        return _Values(self)

    def entries(self) -> Iterator[Entry[K, V]]:
        """All entries, with revisions and the time that they have left."""
        for record in self._range(0):
            now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            expires = record.expires
            left = None if expires == lib.SYNCMAP_NEVER else \
                max(0, expires - now) / 1_000_000_000
            yield Entry(self._key.decode(record.key), self._decode_value(record),
                        record.revision, left,
                        bool(record.flags & lib.SYNCMAP_RECORD_OWNED))

    # Leases and watches

    def lease(self, key: K, *, timeout: Optional[Seconds] = None,
              lease_for: Optional[Seconds] = None, stale: bool = False) -> Lease[K, V]:
        """Get the value, or become the one who computes it: for `with`, or `async
        with`; see Lease.

        Who finds that somebody else computes it waits, for `timeout` at most
        (TimeoutError). A lease ends after `lease_for`; None: when the map is closed,
        or the process dies. With `stale` one does not wait while there is a value
        that has expired, if the map keeps such.
        """
        return Lease(self, key, timeout, lease_for, stale)

    def watch(self, *, prefix: Optional[K] = None, key: Optional[K] = None,
              values: bool = True, dump: bool = False, since: int = 0,
              queue_size: int = 0) -> Watch[K, V]:
        """Every change from now on, as an iterator: of all keys, of those that begin
        with a prefix, or of one key.

        With `dump` first what is there, if its revision is above `since`; whoever
        applies all events has what is in the map. `values`: with their values.
        `queue_size`: bytes that events wait in, before there is an OVERFLOW.
        """
        if prefix is not None and key is not None:
            raise TypeError("a prefix or a key, not both")
        params = ffi.new("struct syncmap_watch *")
        params.since = since
        params.queue_size = queue_size
        params.flags = lib.SYNCMAP_WATCH_VALUES * values | \
            lib.SYNCMAP_WATCH_DUMP * dump
        wanted = prefix if key is None else key
        if wanted is not None:
            data = self._encode_key(wanted)
            filter = ffi.from_buffer(data)
            params.flags |= lib.SYNCMAP_WATCH_PREFIX if key is None else \
                lib.SYNCMAP_WATCH_KEY
            params.filter = int(ffi.cast("uintptr_t", filter))
            params.filter_len = len(data)
        fd = lib.watch(self._map, params)
        if fd < 0:
            raise self._failure(fd, params.error)
        return Watch(Descriptor(fd), params.record_size, self._key, self._value)

    # What all of it is made of

    def _failure(self, err: int, error: Optional[Any] = None) -> Exception:
        return Closed() if self.closed else failure(err, self._name, error)

    def _check(self, err: int) -> None:
        if err:
            raise self._failure(err)

    def _ask_info(self) -> Any:
        info = ffi.new("struct syncmap_map_info *")
        self._check(lib.libsyncmap_info(self._map, info, ffi.sizeof(info[0])))
        return info

    def _load(self, key: bytes) -> Optional[bytes]:
        """The shortest way. What else may happen than these two, _operate() tells."""
        try:
            call = _calls.pop()
        except IndexError:
            call = _Call()
        length = _load(self._map, key, len(key), call.buffer, call.size)
        if length >= 0:
            data: bytes = _unpack(call.buffer, length)
            _calls.append(call)
            return data
        _calls.append(call)
        if length == -errno.ENOENT:
            return None
        asked = self._operate(lib.SYNCMAP_OP_LOAD, key, expect=errno.ENOENT)
        return None if asked is None else asked.value()

    def _operate(self, code: int, key: bytes, *, value: bytes = b"", old: bytes = b"",
                 flags: int = 0, deadline: int = 0, expected: int = 0, token: int = 0,
                 lease_for: int = 0, operand: int = 0, initial: int = 0,
                 bound: int = 0, want: bool = True, expect: int = 0) -> Any:
        """The call, which is the caller's to put back; None after the error that is
        expected. `want`: the value that is found."""
        call = _get_call()
        while True:
            err = lib.operate(
                self._map, code, flags, key, len(key), value, len(value), old,
                len(old), deadline, expected, token, lease_for, operand, initial,
                bound, call.buffer, call.size if want else 0, call.answer)
            if not err:
                return call
            if err != -errno.EMSGSIZE:
                break
            call = _Call(call.answer.out_len)
        if -err != expect:
            raise self._failure(err, call.answer.error)
        _put_call(call)
        return None

    def _set(self, code: int, key: K, value: V, ttl: Optional[Seconds],
             owned: bool, keep: bool) -> _Call:
        return self._operate(  # type: ignore[no-any-return]
            code, self._encode_key(key), value=self._encode(value),
            flags=_flags(owned, keep), deadline=to_ns(ttl))

    def _store(self, key: bytes, value: V, ttl: Optional[Seconds] = None,
               owned: bool = False, keep: bool = False, token: int = 0) -> int:
        call = self._operate(lib.SYNCMAP_OP_STORE, key, value=self._encode(value),
                             flags=_flags(owned, keep), deadline=to_ns(ttl),
                             token=token, want=False)
        revision: int = call.answer.revision
        _put_call(call)
        return revision

    def _compare(self, code: int, key: K, **what: Any) -> bool:
        """Whether the value was the one that is meant."""
        try:
            call = self._operate(code, self._encode_key(key), want=False,
                                 expect=errno.EBUSY, **what)
        except FileNotFoundError:
            return False
        if call is None:
            return False
        _put_call(call)
        return True

    def _load_or_lease(self, key: bytes, flags: int, lease_for: int
                       ) -> Optional[Tuple[int, Optional[V], bool]]:
        """Token, value, and whether that has expired; None: somebody else has the
        lease."""
        call = self._operate(lib.SYNCMAP_OP_LOAD_OR_LEASE, key, flags=flags,
                             lease_for=lease_for, expect=errno.EAGAIN)
        if call is None:
            return None
        token = call.answer.leased
        expired = call.is_set(lib.SYNCMAP_RESULT_EXPIRED)
        try:
            value = None if token and not expired else self._decode(call.value())
        except BaseException:
            if token:
                self._unlease(key, token)   # nobody else knows of it
            raise
        _put_call(call)
        return token, value, expired

    def _unlease(self, key: bytes, token: int) -> None:
        """No error if it has ended, by whatever way."""
        try:
            _put_call(self._operate(lib.SYNCMAP_OP_UNLEASE, key, token=token,
                                    want=False))
        except (Closed, Stale):
            pass

    def _await(self, key: bytes, lease_for: int) -> Descriptor:
        error = ffi.new("struct syncmap_error *")
        fd = lib.stand_in_line(self._map, key, len(key), lease_for, error)
        if fd < 0:
            raise self._failure(fd, error[0])
        return Descriptor(fd)

    def _batch(self, code: int, flags: int, keys: List[K], values: Optional[List[V]],
               deadline: int, out: Any = None) -> Tuple[Any, int]:
        """The answers, and how many there are. Without `out` the first failure is the
        last answer, and raised."""
        encoded = [self._encode_key(key) for key in keys]
        data = [] if values is None else [self._encode(value) for value in values]
        answers = ffi.new("struct syncmap_answer[]", len(keys))
        done = ffi.new("size_t *")
        err = lib.batch(
            self._map, code, flags, len(keys), b"".join(encoded), _lengths(encoded),
            b"".join(data), ffi.NULL if values is None else _lengths(data), deadline,
            ffi.NULL if out is None else out, 0 if out is None else _SLOT, answers,
            done)
        if err:
            raise self._failure(err, answers[done[0] - 1].error if done[0] else None)
        return answers, done[0]

    def _range(self, flags: int) -> Iterator[Record]:
        size = _RANGE_BUFFER
        buffer = _new("char[]", size)
        arg = ffi.new("struct syncmap_range *")
        while arg.cursor != lib.SYNCMAP_END:
            arg.flags = flags
            arg.size = size
            arg.buffer = int(ffi.cast("uintptr_t", buffer))
            err = lib.libsyncmap_range_next(self._map, arg, ffi.sizeof(arg[0]))
            if err == -errno.EMSGSIZE:
                size = arg.needed
                buffer = _new("char[]", size)
                continue
            self._check(err)
            yield from records(ffi.buffer(buffer, arg.used)[:])

    def _decode_value(self, record: Record) -> V:
        assert record.value is not None     # asked for, and a range has room
        return self._decode(record.value)


class _Items(ItemsView[K, V]):
    _mapping: Map[K, V]

    def __iter__(self) -> Iterator[Tuple[K, V]]:
        map = self._mapping
        for record in map._range(0):
            yield map._key.decode(record.key), map._decode_value(record)


class _Values(ValuesView[V]):
    _mapping: Map[Any, V]

    def __iter__(self) -> Iterator[V]:
        map = self._mapping
        for record in map._range(0):
            yield map._decode_value(record)

    def __contains__(self, value: object) -> bool:
        return any(each is value or each == value for each in self)


def _flags(owned: bool, keep: bool) -> int:
    return int(lib.SYNCMAP_FLAG_OWNED * owned | lib.SYNCMAP_FLAG_KEEP * keep)


def _lengths(data: List[bytes]) -> Any:
    return ffi.from_buffer("uint32_t[]", array("I", map(len, data)))


def _parts(items: Iterable[T]) -> Iterator[List[T]]:
    """As many as a call takes."""
    rest = iter(items)
    while part := list(islice(rest, lib.SYNCMAP_BATCH_MAX)):
        yield part


def _adopt(out: Any) -> Any:
    return ffi.gc(out[0], lib.close_map)


_ACCESS: Dict[str, int] = {
    "r": lib.SYNCMAP_ACCESS_READ,
    "w": lib.SYNCMAP_ACCESS_WRITE,
    "a": lib.SYNCMAP_ACCESS_ADMIN,
}


def _access(mode: str) -> int:
    access = 0
    for letter in mode:
        if letter not in _ACCESS:
            raise ValueError(f"a mode is of r, w and a, not {mode!r}")
        access |= _ACCESS[letter]
    return access


@overload
def open(name: str, mode: str = "rw", *,
         owner: Optional[int] = None) -> Map[Any, Any]: ...
@overload
def open(name: str, mode: str = "rw", *, key: CodecLike[K],
         owner: Optional[int] = None) -> Map[K, Any]: ...
@overload
def open(name: str, mode: str = "rw", *, value: CodecLike[V],
         owner: Optional[int] = None) -> Map[Any, V]: ...
@overload
def open(name: str, mode: str = "rw", *, key: CodecLike[K], value: CodecLike[V],
         owner: Optional[int] = None) -> Map[K, V]: ...


def open(name: str, mode: str = "rw", *, key: Optional[CodecLike[Any]] = None,
         value: Optional[CodecLike[Any]] = None,
         owner: Optional[int] = None) -> Map[Any, Any]:
    """Open a map that there is.

    `mode`: what for: r to read, w to write, a for what is the owner's. `key` and
    `value`: bytes, str, int, JSON, or another Codec; None: what the map says of itself.
    `owner`: the uid that has to own it, or else it is Stale: anybody may have made a map
    of this name. FileNotFoundError if there is no such map, PermissionError if it is not
    for the caller.
    """
    out = ffi.new("struct libsyncmap **")
    params = ffi.new("struct syncmap_open *")
    params.access = _access(mode)
    params.name = _encode_name(name)
    if owner is not None:
        params.flags = lib.SYNCMAP_OPEN_OWNER
        params.uid = owner
    err = lib.open_map(params, out)
    if err < 0:
        raise failure(err, name, params.error)
    return Map(_adopt(out), key, value)


@overload
def create(name: Optional[str] = None, *, entries: int = 0, max_bytes: int = 0,
           key_size: int = 0, value_size: int = 0, ttl: Optional[Seconds] = None,
           stale: Optional[Seconds] = None, mode: int = 0o600, mapped: bool = False,
           evict: bool = False, exist_ok: bool = False) -> Map[str, bytes]: ...
@overload
def create(name: Optional[str] = None, *, key: CodecLike[K], entries: int = 0,
           max_bytes: int = 0, key_size: int = 0, value_size: int = 0,
           ttl: Optional[Seconds] = None, stale: Optional[Seconds] = None,
           mode: int = 0o600, mapped: bool = False,
           evict: bool = False, exist_ok: bool = False) -> Map[K, bytes]: ...
@overload
def create(name: Optional[str] = None, *, value: CodecLike[V], entries: int = 0,
           max_bytes: int = 0, key_size: int = 0, value_size: int = 0,
           ttl: Optional[Seconds] = None, stale: Optional[Seconds] = None,
           mode: int = 0o600, mapped: bool = False,
           evict: bool = False, exist_ok: bool = False) -> Map[str, V]: ...
@overload
def create(name: Optional[str] = None, *, key: CodecLike[K], value: CodecLike[V],
           entries: int = 0, max_bytes: int = 0, key_size: int = 0,
           value_size: int = 0, ttl: Optional[Seconds] = None,
           stale: Optional[Seconds] = None, mode: int = 0o600, mapped: bool = False,
           evict: bool = False, exist_ok: bool = False) -> Map[K, V]: ...


def create(name: Optional[str] = None, *, key: CodecLike[Any] = str,
           value: CodecLike[Any] = bytes, entries: int = 0, max_bytes: int = 0,
           key_size: int = 0, value_size: int = 0, ttl: Optional[Seconds] = None,
           stale: Optional[Seconds] = None, mode: int = 0o600, mapped: bool = False,
           evict: bool = False, exist_ok: bool = False) -> Map[Any, Any]:
    """Make a map, and open it for all that there is.

    `name`: up to 63 of A-Z, a-z, 0-9, and ._:- ; None for a map that goes with its last
    descriptor. `key`, `value`: bytes, str, int, JSON, or another Codec. `entries`,
    `max_bytes`, `key_size`, `value_size`: what it may hold, 0 for defaults. `ttl`: how
    long an entry stays that is stored without; `stale`: how long an expired value is
    kept for leases. `mode`: as for a file. `mapped`: with a mirror, by which loads make
    no system call. `evict`: when it is full, what has not been used lately makes room,
    rather than Full; see `keep` of Map.store().

    FileExistsError if there is a map of this name; with `exist_ok` that one is opened,
    which has to be the caller's own (Stale), and keeps its limits.
    """
    key, value = _codecs.find(key), _codecs.find(value)
    params = ffi.new("struct syncmap_create *")
    params.flags = lib.SYNCMAP_CREATE_MAPPED * mapped | \
        lib.SYNCMAP_CREATE_EVICT * evict
    params.key_type = _codecs.key_type(key)
    params.value_kind = value.kind
    params.mode = mode
    params.limits.entries = entries
    params.limits.bytes = max_bytes
    params.limits.key_size = key_size
    params.limits.value_size = value_size
    params.ttl = to_ns(ttl)
    params.stale = to_ns(stale)
    params.name = _encode_name(name or "")
    while True:
        out = ffi.new("struct libsyncmap **")
        err = lib.create_map(params, out)
        if err >= 0:
            return Map(_adopt(out), key, value)
        if err != -errno.EEXIST or not exist_ok:
            raise failure(err, name or "", params.error)
        try:
            return open(name or "", "rwa", key=key, value=value, owner=os.geteuid())
        except FileNotFoundError:
            continue    # removed meanwhile


def _encode_name(name: str) -> bytes:
    """In C it would end with a NUL, or go on into what is behind it."""
    data = name.encode()
    if len(data) >= 64:
        raise failure(-errno.ENAMETOOLONG, name)
    if b"\0" in data:
        raise failure(-errno.EINVAL, name)
    return data


def remove(name: str) -> None:
    """Remove the name of a map. Who has the map open goes on using it."""
    err = lib.libsyncmap_remove(_encode_name(name))
    if err:
        raise failure(err, name)


def maps() -> List[Info]:
    """All maps that have a name."""
    found: List[Info] = []
    handle = ffi.new_handle(found)
    err = lib.libsyncmap_list(0, 0, lib.add_map, handle)
    if err:
        raise failure(err, "")
    return found


@ffi.def_extern(error=-errno.ENOMEM)  # type: ignore[misc]
def add_map(info: Any, handle: Any) -> int:
    """What the library calls for each."""
    ffi.from_handle(handle).append(_info(info))
    return 0
