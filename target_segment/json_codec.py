"""JSON in and out with exact numbers: decimals stay decimal, NaN and Infinity never leave."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec


class RecordLine(msgspec.Struct, gc=False):
    """What of a RECORD message matters here; nothing else of it is built."""

    type: Literal["RECORD"]
    stream: str
    record: dict[str, Any]


# msgspec objects are immutable and safe to share between threads.
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_LINE_DECODER = msgspec.json.Decoder(RecordLine, float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_SORTED_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")


class NonFiniteNumber:
    """A `NaN` or `Infinity` found in the input: kept for the dead letters, refused by `encode`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        # Stream maps and flattening make texts of values: Python's own would hold an address.
        return self.text


class NotEncodableError(TypeError):
    """A value holds a `NonFiniteNumber`, or something else that JSON has no word for."""


class NotJSONError(ValueError):
    """The text is not JSON, nor the JSON with NaN that some producers write."""


def decode(text: bytes | str) -> Any:
    """Read JSON; numbers with a point or exponent become `Decimal`.

    Raises:
        NotJSONError: The text cannot be read. The message carries none of it.
    """
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError, InvalidOperation):
        pass
    # Python's json module writes NaN and halves of characters, so taps built on it do too.
    try:
        return _replace_lone_surrogates(
            json.loads(text, parse_float=Decimal, parse_constant=NonFiniteNumber)
        )
    except (ValueError, RecursionError, InvalidOperation):
        raise NotJSONError("not valid JSON") from None


def decode_record_line(line: bytes) -> RecordLine | None:
    """Read a line of Singer messages if it is a sound RECORD; None if `decode` must."""
    try:
        return _LINE_DECODER.decode(line)
    except (ValueError, RecursionError, InvalidOperation):
        return None


def _replace_lone_surrogates(value: Any) -> Any:
    """Put U+FFFD in the place of half a character, which no JSON in UTF-8 can carry."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_replace_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {
            _replace_lone_surrogates(name): _replace_lone_surrogates(item)
            for name, item in value.items()
        }
    return value


def encode(value: Any) -> bytes:
    """Write compact JSON in UTF-8.

    Raises:
        NotEncodableError: The value holds a `NonFiniteNumber` or something foreign to JSON.
    """
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError):
        raise NotEncodableError("holds NaN, Infinity or a value foreign to JSON") from None


def encode_sorted(value: Any) -> bytes:
    """Write compact JSON with sorted keys, so that equal values give equal bytes.

    Raises:
        NotEncodableError: The value holds a `NonFiniteNumber` or something foreign to JSON.
    """
    try:
        return _SORTED_ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError):
        raise NotEncodableError("holds NaN, Infinity or a value foreign to JSON") from None


def encode_like_stdlib(value: Any) -> bytes:
    """Write JSON on one line, spaced as Python's own json module does.

    Raises:
        NotEncodableError: The value holds a `NonFiniteNumber` or something foreign to JSON.
    """
    return msgspec.json.format(encode(value), indent=0)


def encode_with_nan(value: Any) -> bytes:
    """Write JSON in which a `NonFiniteNumber` keeps its literal, so that `decode` finds it again.

    Raises:
        NotEncodableError: The value is nested too deeply.
    """
    try:
        return msgspec.json.Encoder(enc_hook=_mark, decimal_format="number").encode(value)
    except RecursionError:
        raise NotEncodableError("nested too deeply") from None


def _mark(value: object) -> msgspec.Raw | str:
    if isinstance(value, NonFiniteNumber):
        return msgspec.Raw(value.text.encode())
    return str(value)
