# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What changes in a map, event by event."""
from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass
from typing import Deque, Generic, Optional, TypeVar

from ._codecs import Codec
from ._records import Kind, Record, records
from ._syncmap import lib
from ._times import Seconds
from ._wait import Descriptor, Steps, Wait, run, run_async, until

K = TypeVar("K")
V = TypeVar("V")

_READ_SIZE = 1 << 16


@dataclass(frozen=True)
class Event(Generic[K, V]):
    """A change, or an entry that is there.

    `key` is there with ENTRY, STORE and DELETE. `value` may be missing with a STORE,
    too, if there was no room for it in the queue. `expired`, `orphaned` and `evicted` say
    why an entry went if nobody deleted it: its time was over, its owner closed the map,
    or there was no room for it any more.
    """

    kind: Kind
    key: Optional[K]
    value: Optional[V]
    revision: int
    expired: bool = False
    orphaned: bool = False
    evicted: bool = False


_WITH_KEY = {Kind.ENTRY, Kind.STORE, Kind.DELETE}


class Watch(Generic[K, V]):
    """The events of a map, as an iterator, or with `async for`: see Map.watch().

    It ends when it is closed, by whichever thread, and when nobody can change the map
    any more. In a child of fork() it is closed.
    """

    def __init__(self, descriptor: Descriptor, record_size: int, key: Codec[K],
                 value: Codec[V]) -> None:
        self._descriptor = descriptor
        self._wakeup = Descriptor(lib.wakeup())
        self._size = max(record_size, _READ_SIZE)
        self._key = key
        self._value = value
        self._events: Deque[Record] = deque()
        self._closed = False

    def fileno(self) -> int:
        """For select and the like: it can be read when there are events."""
        return self._descriptor.fd

    def close(self) -> None:
        """Watch no longer. Whoever waits for an event is woken."""
        self._closed = True
        os.write(self._wakeup.fd, (1).to_bytes(8, "little"))
        self._descriptor.cut_off()

    def __enter__(self) -> Watch[K, V]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Watch[K, V]:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Watch[K, V]:
        return self

    def __next__(self) -> Event[K, V]:
        event = run(self._next(None))
        if event is None:
            raise StopIteration
        return event

    def __aiter__(self) -> Watch[K, V]:
        return self

    async def __anext__(self) -> Event[K, V]:
        event = await run_async(self._next(None))
        if event is None:
            raise StopAsyncIteration
        return event

    def poll(self, timeout: Seconds = 0) -> Optional[Event[K, V]]:
        """The next event, or None if none comes in time, or will come at all."""
        return run(self._next(until(timeout)))

    def _next(self, end: Optional[float]) -> Steps[Optional[Event[K, V]]]:
        while not self._closed:
            if self._events:
                try:
                    return self._event(self._events.popleft())
                except IndexError:
                    continue    # another thread was faster
            try:
                data = os.read(self._descriptor.fd, self._size)
            except BlockingIOError:
                if end is not None and time.monotonic() >= end:
                    break
                yield Wait((self._descriptor, self._wakeup), end)
                continue
            if not data:
                break
            self._events.extend(records(data))
        return None

    def _event(self, record: Record) -> Event[K, V]:
        return Event(
            record.kind,
            self._key.decode(record.key) if record.kind in _WITH_KEY else None,
            None if record.value is None else self._value.decode(record.value),
            record.revision,
            record.reason == lib.SYNCMAP_REASON_EXPIRED,
            record.reason == lib.SYNCMAP_REASON_ORPHANED,
            record.reason == lib.SYNCMAP_REASON_EVICTED)
