# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Waiting in a loop of asyncio."""
from __future__ import annotations

import asyncio

from ._syncmap import lib
from ._wait import Descriptor, Wait


async def readable(wait: Wait) -> None:
    """The loop has a descriptor of its own for each, as it knows a number once."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    own = [Descriptor(lib.duplicate(descriptor.fd)) for descriptor in wait.descriptors]

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    try:
        for descriptor in own:
            loop.add_reader(descriptor.fd, wake)
        # Not wait_for(), which forgets that it is cancelled when it is also ready
        await asyncio.wait({ready}, timeout=wait.left())
    except PermissionError:
        pass    # one was cut off: that can be read, and epoll knows no such thing
    finally:
        for descriptor in own:
            loop.remove_reader(descriptor.fd)
            descriptor.cut_off()
