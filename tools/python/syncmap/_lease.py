# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Leases: of all that find a value absent, one computes it."""
from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING, Generic, Optional, TypeVar

from ._errors import Stale
from ._syncmap import ffi, lib
from ._times import Seconds, to_ns
from ._wait import Steps, Wait, run, run_async, until

if TYPE_CHECKING:
    from ._map import Map

K = TypeVar("K")
V = TypeVar("V")


class Lease(Generic[K, V]):
    """The right to compute the value of a key, or that value: see Map.lease().

        with m.lease(key) as lease:
            if lease.held:
                lease.store(compute())
        use(lease.value)

    `held` says whether it is for the caller to compute it. `value` is what is there,
    or what the caller has stored, as others find it; None if there is none yet.
    `expired` says that it is one whose time is over: see `stale` of Map.lease().

    Who leaves the block without having stored gives the lease back, and so does who
    dies: then the next one in line has it.
    """

    def __init__(self, map: Map[K, V], key: K, timeout: Optional[Seconds],
                 lease_for: Optional[Seconds], stale: bool) -> None:
        self._map = map
        self._key = map._encode_key(key)
        self._timeout = timeout
        self._lease_for = to_ns(lease_for)
        self._flags = lib.SYNCMAP_FLAG_NOWAIT | lib.SYNCMAP_FLAG_STALE * stale
        self._token = 0
        self.value: Optional[V] = None
        self.expired = False

    @property
    def held(self) -> bool:
        """Whether the caller is to compute the value."""
        return self._token != 0

    def store(self, value: V, *, ttl: Optional[Seconds] = None,
              owned: bool = False, keep: bool = False) -> int:
        """Store the value, and end the lease: all that wait have it.

        Stale is raised, and nothing stored, if the lease has ended before: its time
        was over, or somebody has stored, deleted or cleared the key.
        """
        if not self._token:
            raise Stale(errno.ESTALE, "the lease is not held", self._map.name or None)
        try:
            revision = self._map._store(self._key, value, ttl, owned, keep,
                                        self._token)
        except Stale:
            self._token = 0
            raise
        self._token = 0
        self.value = self._map.through(value)
        self.expired = False
        return revision

    def release(self) -> None:
        """Give the lease back without a value. The next in line has it."""
        token, self._token = self._token, 0
        if token:
            self._map._unlease(self._key, token)

    def __enter__(self) -> Lease[K, V]:
        try:
            run(self._acquire(until(self._timeout)))
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    async def __aenter__(self) -> Lease[K, V]:
        try:
            await run_async(self._acquire(until(self._timeout)))
        except BaseException:
            self.release()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()

    def _acquire(self, end: Optional[float]) -> Steps[None]:
        while not self._ask():
            if end is not None and time.monotonic() >= end:
                raise self._map._failure(-errno.ETIMEDOUT)
            self._token = yield from self._stand_in_line(end)
            if self._token:
                return

    def _ask(self) -> bool:
        """Whether there is nothing to wait for."""
        answer = self._map._load_or_lease(self._key, self._flags, self._lease_for)
        if answer is None:
            return False
        self._token, self.value, self.expired = answer
        return True

    def _stand_in_line(self, end: Optional[float]) -> Steps[int]:
        """The token, or 0: there is nothing to wait for any more, or no time."""
        token = ffi.new("uint64_t *")
        place = self._map._await(self._key, self._lease_for)
        try:
            while True:
                yield Wait((place,), end)
                err = lib.libsyncmap_awaited(place.fd, token, ffi.NULL)
                if not err:
                    return int(token[0])
                if err != -errno.EAGAIN:
                    raise self._map._failure(err)
                if end is not None and time.monotonic() >= end:
                    return 0
        finally:
            place.cut_off()     # now, though a traceback may refer to it
