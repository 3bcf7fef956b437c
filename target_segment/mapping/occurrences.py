"""What tells one occurrence from all others of its stream: the parts of its message id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from target_segment.encoding import encode_sorted
from target_segment.events import EventFault
from target_segment.mapping.values import Record, Value

# From the event's own name, the record and what the event says of it.
Occurrence: TypeAlias = Callable[[Any, Record, dict[str, Any]], list[Any]]

_NO_KEY = "every key property is empty"


def compile_occurrence(  # noqa: PLR0913 - keywords, one for each thing it needs
    given: Sequence[Value],
    version: Sequence[Value],
    keys: Sequence[str],
    *,
    telling: Sequence[Value],
    is_event: bool,
    moment: Value | None,
) -> Occurrence:
    """Turn the settings `message_id` and `version` into a function.

    Args:
        given: The parts that the user names; else the key does, else the whole record.
        version: More parts: each version of a row is an occurrence.
        keys: The stream's key properties.
        telling: Of the parts that the user names, those that differ from record to record.
        is_event: Whether the stream has events; otherwise, rows of persons or groups.
        moment: When it was, if the mapping says so.
    """
    parts = _given(given, telling) if given else _keyed(keys) if keys else _whole
    if version:
        return lambda name, record, payload: [
            *parts(name, record, payload),
            *[value(record) for value in version],
        ]
    if is_event:
        return parts
    # A person's or group's row is sent again when it changes: each state is one occurrence, and so
    # is each return to an earlier one, if there is a time to tell it by.
    times = [moment] if moment else []
    return lambda name, record, payload: [
        *parts(name, record, payload),
        encode_sorted(payload).decode(),
        *[value(record) for value in times],
    ]


def _given(values: Sequence[Value], telling: Sequence[Value]) -> Occurrence:
    def given(_name: Any, record: Record, _payload: dict[str, Any]) -> list[Any]:
        # The first look is enough for nearly all.
        for value in telling:
            part = value(record)
            if part is not None and part != "":
                return [value(record) for value in values]
        raise EventFault("bad_message_id", "every field of message_id is empty")

    return given


def _keyed(keys: Sequence[str]) -> Occurrence:
    if len(keys) == 1:
        (only,) = keys

        def keyed_by_one(name: Any, record: Record, _: dict[str, Any]) -> list[Any]:
            value = record.get(only)
            if value is None or value == "":
                raise EventFault("bad_message_id", _NO_KEY)
            return [name, value]

        return keyed_by_one

    def keyed(name: Any, record: Record, _: dict[str, Any]) -> list[Any]:
        values = [*map(record.get, keys)]
        # The first look is enough for nearly all, and takes a tenth of the second's time.
        if not any(values) and all(value is None or value == "" for value in values):
            raise EventFault("bad_message_id", _NO_KEY)
        return [name, *values]

    return keyed


def _whole(name: Any, record: Record, _payload: dict[str, Any]) -> list[Any]:
    return [name, record]
