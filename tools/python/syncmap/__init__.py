# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Maps in the kernel that processes share, with the semantics of Go's sync.Map.

    import syncmap

    flags = syncmap.create("flags", value=str, exist_ok=True)
    flags["color"] = "blue"
    flags.compare_and_swap("color", "blue", "red")
    hits = syncmap.create("hits", value=int, exist_ok=True)
    hits.add("index.html", initial=0)

A Map is a MutableMapping, and has what processes need besides: load_or_store(), swap(),
compare_and_swap(), add(), a time to live, leases, by which one of many computes what
is absent, entries that go with who stored them, batches, and watches, that tell of
each change. memoize() makes a cache of it.

It needs the module syncmap: NotLoaded says that there is none.
"""
from ._codecs import BYTES, INT, JSON, STR, Codec
from ._errors import (Closed, Error, Frozen, Full, Invalid, Limited, NotANumber,
                      NotLoaded, OutOfRange, Stale, TooLong, WrongMode)
from ._lease import Lease
from ._map import Entry, Info, Map, create, maps, open, remove
from ._memoize import Memoized, memoize
from ._records import Kind
from ._times import NEVER
from ._watch import Event, Watch

__all__ = [
    "BYTES", "INT", "JSON", "NEVER", "STR", "Closed", "Codec", "Entry", "Error",
    "Event", "Frozen", "Full", "Info", "Invalid", "Kind", "Lease", "Limited", "Map",
    "Memoized", "NotANumber", "NotLoaded", "OutOfRange", "Stale", "TooLong", "Watch",
    "WrongMode", "create", "maps", "memoize", "open", "remove",
]
