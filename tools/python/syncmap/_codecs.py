# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Objects as bytes, and back.

None of them runs what it reads, as pickle would: others write to a map, too.
"""
from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, Callable, Dict, Generic, Iterable, Type, TypeVar, Union, cast

from ._syncmap import lib

T = TypeVar("T")


@dataclass(frozen=True)
class Codec(Generic[T]):
    """How objects become keys or values.

    What is equal should become the same bytes, for it is bytes that are compared.
    `kind` is the note of a map that tells others how to show such values.
    """

    encode: Callable[[T], bytes]
    decode: Callable[[bytes], T]
    kind: int = lib.SYNCMAP_VALUE_UNSAID


CodecLike = Union[Codec[T], Type[T]]

_number = struct.Struct("=Q")


def _bytes(value: bytes) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"bytes are needed, not {type(value).__name__}")


def _text(value: str) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    raise TypeError(f"str is needed, not {type(value).__name__}")


def _from_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _int(value: int) -> bytes:
    try:
        return _number.pack(value)
    except struct.error:
        if isinstance(value, int):
            raise OverflowError(f"{value} is not within 0 and 2**64 - 1") from None
        raise TypeError(f"int is needed, not {type(value).__name__}") from None


def _from_int(data: bytes) -> int:
    if len(data) != 8:
        raise ValueError(f"a number has eight bytes, not {len(data)}")
    return cast(int, _number.unpack(data)[0])


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True,
                            separators=(",", ":"))


def _check_keys(value: Any) -> None:
    """JSON makes text of other keys, which is in another order when it is read."""
    parts: Iterable[Any] = ()
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"a key in JSON is str, not {type(key).__name__}")
        parts = value.values()
    elif isinstance(value, (list, tuple)):
        parts = value
    for part in parts:
        _check_keys(part)


def _json(value: Any) -> bytes:
    data = _encoder.encode(value)
    _check_keys(value)
    return data.encode("utf-8", "surrogatepass")


def _from_json(data: bytes) -> Any:
    return json.loads(data.decode("utf-8", "surrogatepass"))


BYTES: Codec[bytes] = Codec(_bytes, bytes, lib.SYNCMAP_VALUE_BYTES)
"""bytes as they are."""

STR: Codec[str] = Codec(_text, _from_text, lib.SYNCMAP_VALUE_TEXT)
"""Text as UTF-8; bytes that are none survive, as in names of files."""

INT: Codec[int] = Codec(_int, _from_int, lib.SYNCMAP_VALUE_U64)
"""0 to 2**64 - 1, in eight bytes of the machine: Map.add() adds to them."""

JSON: Codec[Any] = Codec(_json, _from_json, lib.SYNCMAP_VALUE_JSON)
"""What JSON has, in one spelling, whatever the order of the keys, which are str. 1, 1.0
and True are not the same."""

_OF_TYPE: Dict[Any, Codec[Any]] = {bytes: BYTES, str: STR, int: INT}

_OF_KIND: Dict[int, Codec[Any]] = {STR.kind: STR, INT.kind: INT, JSON.kind: JSON}

_OF_KEY_TYPE: Dict[int, Codec[Any]] = {
    lib.SYNCMAP_KEY_U64: INT,
    lib.SYNCMAP_KEY_STRING: STR,
    lib.SYNCMAP_KEY_BYTES: BYTES,
}


def find(codec: CodecLike[T]) -> Codec[T]:
    """The codec itself, or that of a type."""
    if isinstance(codec, Codec):
        return codec
    try:
        return _OF_TYPE[codec]
    except (KeyError, TypeError):
        raise TypeError(f"no codec for {codec!r}: bytes, str, int, JSON, or a Codec") \
            from None


def of_key_type(key_type: int) -> Codec[Any]:
    """What stands to reason for the keys of a map."""
    return _OF_KEY_TYPE[key_type]


def of_kind(kind: int) -> Codec[Any]:
    """What the map says that its values are; bytes if it says nothing."""
    return _OF_KIND.get(kind, BYTES)


def key_type(codec: Codec[Any]) -> int:
    """The type of a map whose keys are such."""
    if codec is INT:
        return cast(int, lib.SYNCMAP_KEY_U64)
    if codec is STR:
        return cast(int, lib.SYNCMAP_KEY_STRING)
    return cast(int, lib.SYNCMAP_KEY_BYTES)
