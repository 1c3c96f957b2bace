# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Waiting, once for threads and for asyncio.

What may have to wait is a generator that yields a Wait and goes on when something can
be read. run() polls meanwhile, and run_async() lets the loop do other things.
"""
from __future__ import annotations

import os
import select
import time
from typing import Generator, NamedTuple, Optional, Tuple, TypeVar

from ._syncmap import lib
from ._times import Seconds, to_seconds

T = TypeVar("T")


class Descriptor:
    """One that the extension has made, or failed to; closed when nobody uses it.

    cut_off() beside a use leaves the number to it, with nothing behind, so that no
    other file is met. So it is in a child of fork().
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        if fd < 0:
            raise OSError(-fd, os.strerror(-fd))

    def cut_off(self) -> None:
        lib.cut_off(self.fd)

    def __del__(self) -> None:
        if self.fd >= 0:
            lib.close_fd(self.fd)


class Wait(NamedTuple):
    """Until one of them can be read, or `until` of time.monotonic()."""

    descriptors: Tuple[Descriptor, ...]
    until: Optional[float] = None

    def left(self) -> Optional[float]:
        """Seconds, not more than poll() takes: who waits looks again."""
        if self.until is None:
            return None
        return min(max(0.0, self.until - time.monotonic()), 1e6)


def until(timeout: Optional[Seconds]) -> Optional[float]:
    """When so many seconds will be over; None: never."""
    return None if timeout is None else time.monotonic() + to_seconds(timeout)


Steps = Generator[Wait, None, T]


def run(steps: Steps[T]) -> T:
    """Wait in this thread. Signals are handled, and may raise."""
    try:
        while True:
            wait = next(steps)
            poll = select.poll()
            for descriptor in wait.descriptors:
                poll.register(descriptor.fd, select.POLLIN)
            left = wait.left()
            poll.poll(None if left is None else left * 1000)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        steps.close()


async def run_async(steps: Steps[T]) -> T:
    """Wait in the running loop."""
    from ._loop import readable     # asyncio takes longer than all else here

    try:
        while True:
            await readable(next(steps))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        steps.close()
