# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What can go wrong, as exceptions.

Where Python has one it is that: KeyError for an absent key, FileNotFoundError for an
absent map, FileExistsError, PermissionError, TimeoutError, OSError with its errno.
"""
from __future__ import annotations

import errno
import io
from typing import Any, Dict, Optional, Type

from ._syncmap import ffi, lib

# Of enum syncmap_limited, in this order
_LIMITS = ("", "entries", "bytes", "key", "value", "leases", "user_leases", "watchers",
           "user_watchers", "maps", "user_maps", "user_bytes", "all_bytes",
           "user_map_watchers")


class Error(OSError):
    """An error for which Python has no exception of its own."""


class Limited(Error):
    """A limit was reached.

    `limited` says which one, "entries" or "bytes" for example, `used` how much there
    is without what was asked for, and `limit` how much there may be.
    """

    limited: str = ""
    used: int = 0
    limit: int = 0


class Full(Limited):
    """The map is full, or a user has too many maps, watchers, leases, or bytes."""


class TooLong(Limited, ValueError):
    """A key or value is longer than the map allows; `used` is its length."""


class Frozen(Error):
    """Nobody can write to the map any more."""


class Stale(Error):
    """It is another one by now: the lease, or the map of this name."""


class NotLoaded(Error):
    """There is no /dev/syncmap: the module is not loaded."""


class Invalid(Error, ValueError):
    """Something that no map takes, as a string with a NUL for a key."""


class OutOfRange(Error, OverflowError):
    """The number would pass its bound, or wrap around."""


class NotANumber(Error, ValueError):
    """The value is no number of eight bytes."""


class WrongMode(Error, io.UnsupportedOperation):
    """The map is not open for this: see the mode of open()."""


class Closed(ValueError):
    """The map is closed, as files say it."""

    def __init__(self) -> None:
        super().__init__("operation on a closed map")


_CLASSES: Dict[int, Type[OSError]] = {
    errno.ENOSPC: Full,
    errno.EDQUOT: Full,
    errno.EFBIG: TooLong,
    errno.EROFS: Frozen,
    errno.ESTALE: Stale,
    errno.ENODEV: NotLoaded,
    errno.EINVAL: Invalid,
    errno.ENAMETOOLONG: Invalid,
    errno.ERANGE: OutOfRange,
    errno.EILSEQ: NotANumber,
    errno.EBADF: WrongMode,
}


def failure(err: int, name: str, error: Optional[Any] = None) -> OSError:
    """The exception for what a function of the library returned."""
    text = ffi.new("char[128]")
    lib.libsyncmap_explain(err, ffi.NULL if error is None else ffi.addressof(error),
                           text, 128)
    made = _CLASSES.get(-err, OSError)(-err, ffi.string(text).decode(), name or None)
    if isinstance(made, Limited) and error is not None:
        made.limited = _LIMITS[error.limited] if error.limited < len(_LIMITS) else ""
        made.used = error.used
        made.limit = error.limit
    return made
