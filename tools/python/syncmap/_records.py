# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What the kernel writes of entries and events: struct syncmap_record."""
from __future__ import annotations

import enum
import struct
from typing import Iterator, NamedTuple, Optional

from ._syncmap import lib

_record = struct.Struct("=IHHIIIIQQ")


class Kind(enum.Enum):
    """What an event tells."""

    ENTRY = 1
    """Of a dump: this is there."""
    DUMPED = 2
    """The dump is complete."""
    STORE = 3
    """The key has a new value."""
    DELETE = 4
    """The key is absent."""
    CLEAR = 5
    """All keys are absent, whatever the filter."""
    OVERFLOW = 6
    """The reader was too slow, and events are lost. A dump is made anew."""
    REMOVED = 7
    """The map has lost its name."""


_KINDS = {kind.value: kind for kind in Kind}


class Record(NamedTuple):
    kind: Kind
    flags: int
    reason: int
    key: bytes
    value: Optional[bytes]
    revision: int
    expires: int


def records(data: bytes) -> Iterator[Record]:
    """Those of a buffer, one behind the other. What a newer kernel has besides is
    nothing for who does not know it."""
    at = 0
    while at < len(data):
        (size, begin, number, flags, reason, key_len, value_len, revision,
         expires) = _record.unpack_from(data, at)
        key = at + begin
        value = key + key_len
        at += size
        kind = _KINDS.get(number)
        if kind is not None:
            yield Record(kind, flags, reason, data[key:value],
                         data[value:value + value_len]
                         if flags & lib.SYNCMAP_RECORD_VALUE else None,
                         revision, expires)
