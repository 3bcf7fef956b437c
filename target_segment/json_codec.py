"""JSON codec with exact numbers: decimals stay decimal, NaN and Infinity are never sent."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec


class RecordLine(msgspec.Struct, gc=False):
    """The parts of a RECORD message that are decoded."""

    type: Literal["RECORD"]
    stream: str
    record: dict[str, Any]


# msgspec objects are immutable and safe to share between threads.
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_LINE_DECODER = msgspec.json.Decoder(RecordLine, float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_SORTED_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")


class NonFiniteNumber:
    """A `NaN` or `Infinity` in the input: kept for dead letters, rejected by `encode`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        # Stream maps and flattening make texts of values.
        return self.text


class NotEncodableError(TypeError):
    """A value holds a `NonFiniteNumber`, or something else that JSON cannot represent."""


class NotJSONError(ValueError):
    """The text is neither JSON nor JSON with NaN."""


def decode(text: bytes | str) -> Any:
    """Decode JSON, fractions as `Decimal`; raises `NotJSONError`, which quotes none of it."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError, InvalidOperation):
        pass
    # Python's json module, and so many a tap, writes NaN and lone surrogates.
    try:
        if isinstance(text, bytes):
            # Given bytes, it would guess UTF-16 and UTF-32.
            text = text.decode("utf-8-sig", "surrogatepass")
        return _replace_lone_surrogates(
            json.loads(text, parse_float=Decimal, parse_constant=NonFiniteNumber)
        )
    except (ValueError, RecursionError, InvalidOperation):
        raise NotJSONError("not valid JSON") from None


def decode_record_line(line: bytes) -> RecordLine | None:
    """Decode a line if it is a plain RECORD message; else None, for `decode`."""
    try:
        return _LINE_DECODER.decode(line)
    except (ValueError, RecursionError, InvalidOperation):
        return None


def _replace_lone_surrogates(value: Any) -> Any:
    """Replace lone surrogates, which UTF-8 cannot represent, by U+FFFD."""
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


def encode(value: Any, encoder: msgspec.json.Encoder = _ENCODER) -> bytes:
    """Encode compact JSON in UTF-8; raises `NotEncodableError`."""
    try:
        return encoder.encode(value)
    except (TypeError, ValueError, RecursionError):
        raise NotEncodableError(
            "holds NaN, Infinity or a value that JSON cannot represent"
        ) from None


def encode_sorted(value: Any) -> bytes:
    """Encode compact JSON with sorted keys, so that equal values give equal bytes."""
    return encode(value, _SORTED_ENCODER)


def encode_with_nan(value: Any) -> bytes:
    """Encode JSON in which a `NonFiniteNumber` keeps its literal, for `decode`."""
    try:
        return msgspec.json.Encoder(enc_hook=_mark, decimal_format="number").encode(value)
    except RecursionError:
        raise NotEncodableError("nested too deeply") from None


def _mark(value: object) -> msgspec.Raw | str:
    if isinstance(value, NonFiniteNumber):
        return msgspec.Raw(value.text.encode())
    return str(value)
