# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Results of functions that processes share."""
from __future__ import annotations

import functools
import hashlib
import inspect
import os
import re
import sys
from contextlib import AsyncExitStack, ExitStack
from types import MethodType
from typing import Any, Callable, Dict, Generic, Optional, TypeVar

from ._codecs import JSON, CodecLike
from ._errors import Frozen, Full, Stale, TooLong
from ._lease import Lease
from ._map import Map, create
from ._times import Seconds

R = TypeVar("R")

_LONGEST = 200
_NAME = 63
# What each script is called, by itself and by its processes that multiprocessing spawns
_SCRIPT = ("__main__", "__mp_main__")
_ABSENT = object()
_NO_ROOM = (Full, Frozen, TooLong)


def key_of(args: Any, kwargs: Any) -> str:
    """Arguments in one spelling; a digest if that is long.

    Only of types of which equal ones look the same in each process, and others do not.
    """
    spelt = ", ".join([_spell(arg) for arg in args] +
                      [f"{name}={_spell(kwargs[name])}" for name in sorted(kwargs)])
    if len(spelt) <= _LONGEST and spelt.isprintable():
        return spelt
    return hashlib.blake2b(spelt.encode("utf-8", "surrogatepass"),
                           digest_size=32).hexdigest()


def _spell(arg: Any) -> str:
    if type(arg) is tuple:
        return "(" + "".join(_spell(part) + "," for part in arg) + ")"
    if arg is None or type(arg) in (bool, int, float, str, bytes):
        return repr(arg)
    raise TypeError(f"an argument of type {type(arg).__name__} is no key: see `key`")


def name_of(function: Callable[..., Any]) -> str:
    """A name for the map of a function."""
    module, file = function.__module__, ""
    if module in _SCRIPT:
        module = "__main__"
        file = getattr(sys.modules[module], "__file__", "")
    name = f"{module}.{function.__qualname__}"
    plain = re.sub(r"[^A-Za-z0-9._:-]", "-", name)
    if plain == name and not file and len(name) <= _NAME:
        return name
    digest = hashlib.blake2b(os.fsencode(file + name), digest_size=8).hexdigest()
    return f"{plain[:_NAME - 17]}-{digest}"


class Memoized(Generic[R]):
    """A function whose results are in a map: see memoize()."""

    def __init__(self, function: Callable[..., R], map: Optional[Map[str, Any]],
                 options: Dict[str, Any], ttl: Optional[Seconds],
                 lease: Dict[str, Any], key: Optional[Callable[..., str]]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._map = map
        self._options = options
        self._ttl = ttl
        self._lease = lease
        self._key = key
        self._call: Callable[..., Any] = \
            self._run_async if inspect.iscoroutinefunction(function) else self._run

    @property
    def map(self) -> Map[str, Any]:
        """Where the results are; it is opened, or made, when it is used first."""
        if self._map is None:
            self._map = create(exist_ok=True, **self._options)
        return self._map

    def key(self, *args: Any, **kwargs: Any) -> str:
        """What the result for these arguments is called in the map."""
        return key_of(args, kwargs) if self._key is None else \
            self._key(*args, **kwargs)

    def invalidate(self, *args: Any, **kwargs: Any) -> bool:
        """Forget the result for these arguments. Whether there was one."""
        return self.map.delete_many([self.key(*args, **kwargs)]) == 1

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        return self._call(*args, **kwargs)  # type: ignore[no-any-return]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        key = self.key(*args, **kwargs)
        found = self._find(key)
        if found is not _ABSENT:
            return found
        with ExitStack() as stack:
            try:
                lease = stack.enter_context(self.map.lease(key, **self._lease))
            except _NO_ROOM:
                return self.map.through(self._function(*args, **kwargs))
            if lease.held:
                self._keep(lease, self._function(*args, **kwargs))
            return lease.value

    async def _run_async(self, *args: Any, **kwargs: Any) -> Any:
        key = self.key(*args, **kwargs)
        found = self._find(key)
        if found is not _ABSENT:
            return found
        function: Callable[..., Any] = self._function
        async with AsyncExitStack() as stack:
            try:
                lease = await stack.enter_async_context(
                    self.map.lease(key, **self._lease))
            except _NO_ROOM:
                return self.map.through(await function(*args, **kwargs))
            if lease.held:
                self._keep(lease, await function(*args, **kwargs))
            return lease.value

    def _find(self, key: str) -> Any:
        """Where there is no room for a key the lease says so, too."""
        try:
            return self.map.get(key, _ABSENT)
        except _NO_ROOM:
            return _ABSENT

    def _keep(self, lease: Lease[str, Any], result: Any) -> None:
        """What cannot be kept is a result nevertheless."""
        try:
            lease.store(result, ttl=self._ttl)
        except (Stale, *_NO_ROOM):
            lease.value = self.map.through(result)


def memoize(*, ttl: Optional[Seconds] = None, stale: Optional[Seconds] = None,
            lease_for: Optional[Seconds] = None, name: Optional[str] = None,
            map: Optional[Map[str, Any]] = None, value: CodecLike[Any] = JSON,
            key: Optional[Callable[..., str]] = None, entries: int = 0,
            evict: bool = False) -> Callable[[Callable[..., R]], Memoized[R]]:
    """Have the results of a function in a map: whoever asks first computes it, in
    whichever process, the others wait for that, and all that come later find it.

        @syncmap.memoize(ttl=60)
        def price(article: str) -> int: ...

        price("pear")
        price.invalidate("pear")

    `ttl`: how long a result is good. `stale`: so much longer it is given to those who
    would have to wait while one computes it anew. `lease_for`: who computes longer than
    this is taken to have failed, and the next one tries. What the function raises goes
    to who has called it, and the next one tries. Where the map is full, each computes
    for itself; with `evict` results that were not asked for lately make room. `entries`:
    how many there may be, 0 for the default.

    The map is the user's own, made for all processes that memoize a function of this
    module and name, or of a script this file and name; `name` is another name, and
    `map` one that is open, with keys that are str. Arguments are None, bool, int,
    float, str, bytes and tuples of these, or what `key` makes a str of. `value` is the
    codec of results: as they come back from it, they are given to the first one, too. A
    coroutine function becomes one.
    """
    def decorate(function: Callable[..., R]) -> Memoized[R]:
        options = dict(name=name or name_of(function), value=value, stale=stale,
                       mapped=True, entries=entries, evict=evict)
        return Memoized(function, map, options, ttl,
                        dict(lease_for=lease_for, stale=stale is not None), key)
    return decorate
