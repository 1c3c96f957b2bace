# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Times: seconds and timedelta here, nanoseconds in the kernel."""
from __future__ import annotations

import math
from datetime import timedelta
from typing import Optional, Union, cast

from ._syncmap import lib

Seconds = Union[int, float, timedelta]

NEVER = math.inf
"""A time to live that does not end, whatever the default of the map is."""


def to_seconds(time: Seconds) -> float:
    """Of either kind."""
    return time.total_seconds() if isinstance(time, timedelta) else time


def to_ns(time: Optional[Seconds]) -> int:
    """None is 0, by which the kernel means its default."""
    if time is None:
        return 0
    if isinstance(time, timedelta):
        ns = time // timedelta(microseconds=1) * 1000
    elif time == NEVER:
        return cast(int, lib.SYNCMAP_NEVER)
    else:
        ns = int(time * 1_000_000_000)
    if ns <= 0:
        raise ValueError(f"a time to live is more than nothing, not {time!r}")
    return min(ns, int(lib.SYNCMAP_NEVER) - 1)


def to_ttl(ns: int) -> Optional[float]:
    """Of what the kernel tells; None: it does not end."""
    return None if ns in (0, lib.SYNCMAP_NEVER) else ns / 1_000_000_000
