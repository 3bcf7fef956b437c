"""Conversion of raw objects to records of a stream's schema: every field, in its type. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tap_freshchat.api.responses import decode_json
from tap_freshchat.enumerations import read_flag
from tap_freshchat.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    Properties = Mapping[str, Mapping[str, Any]]


def conform_record(values: Mapping[str, Any], properties: Properties) -> dict[str, Any]:
    """The declared fields of an object, null where it says nothing; then what is not declared.

    A value that cannot be brought to its field's type is left as it is: losing it would be worse.
    """
    record: dict[str, Any] = dict.fromkeys(properties)
    for name, value in values.items():
        try:
            record[name] = cast_value(value, properties.get(name, {}))
        except ValueError:  # noqa: PERF203 - a function call for each field costs more
            record[name] = value
    return record


def conform_row(values: Mapping[str, str], properties: Properties) -> dict[str, Any]:
    """The declared fields of a row of texts; all other texts, and misfits, under `extra`."""
    record: dict[str, Any] = dict.fromkeys(properties)
    extra = {}
    for name, text in values.items():
        if name == "extra" or name not in properties:
            extra[name] = text
        elif text:
            try:
                record[name] = cast_value(text, properties[name])
            except ValueError:
                extra[name] = text
    record["extra"] = extra or None
    return record


def cast_value(value: Any, declared: Mapping[str, Any]) -> Any:
    """A value in the type that a schema declares for it.

    Ids come as numbers in some places, flags and figures as texts in others; times come in
    several forms and leave in one. ValueError if a value cannot be brought to its type.
    """
    types = declared.get("type", ())
    types = {types} if isinstance(types, str) else set(types) - {"null"}
    if value is None or len(types) != 1:
        return value
    if "string" in types:
        if isinstance(value, (dict, list)):
            raise ValueError("not a text")
        if declared.get("format") == "date-time":
            return format_time(parse_time(str(value)))
        return str(value).lower() if isinstance(value, bool) else str(value)
    if "boolean" in types:
        if (flag := read_flag(value)) is None:
            raise ValueError("not a flag")
        return flag
    if types & {"integer", "number"}:
        return _number(value, whole="number" not in types)
    if isinstance(value, str):
        value = decode_json(value)
    if not isinstance(value, (dict if "object" in types else list)):
        raise ValueError("not of the declared type")  # noqa: TRY004 - untrusted data, not code
    return value


def _number(value: Any, *, whole: bool) -> float:
    try:
        number = float(value) if isinstance(value, (str, int, float)) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or (whole and number != int(number)):
        # Without the value, which may be what a person wrote.
        raise ValueError("not a number")
    # An integer may be longer than a float is exact.
    return int(value) if isinstance(value, int) or whole else number
