"""What tells one occurrence from all others of its stream: the parts of its message id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from target_segment.encoding import encode_sorted
from target_segment.events import EventFault
from target_segment.values import Record, Value

# From the event's own name, the record and what the event says of it.
Occurrence: TypeAlias = Callable[[Any, Record, dict[str, Any]], list[Any]]


def compile_occurrence(
    given: Sequence[Value], version: Sequence[Value], keys: Sequence[str], *, is_event: bool
) -> Occurrence:
    """Turn the settings `message_id` and `version` into a function.

    Args:
        given: The parts that the user names; else the key does, else the whole record.
        version: More parts: each version of a row is an occurrence.
        keys: The stream's key properties.
        is_event: Whether the stream has events; otherwise, rows of persons or groups.
    """
    parts = _given(given) if given else _keyed(keys) if keys else _whole
    if version:
        return lambda name, record, payload: [
            *parts(name, record, payload),
            *[value(record) for value in version],
        ]
    if is_event:
        return parts
    # A person's or group's row is sent again when it changes: each state is one occurrence.
    return lambda name, record, payload: [
        *parts(name, record, payload),
        encode_sorted(payload).decode(),
    ]


def _given(values: Sequence[Value]) -> Occurrence:
    def given(_name: Any, record: Record, _payload: dict[str, Any]) -> list[Any]:
        parts = [value(record) for value in values]
        # The first look is enough for nearly all, and takes a tenth of the second's time.
        if not any(parts) and all(part is None or part == "" for part in parts):
            raise EventFault("bad_message_id", "all parts of message_id are empty")
        return parts

    return given


def _keyed(keys: Sequence[str]) -> Occurrence:
    if len(keys) == 1:
        (key,) = keys
        return lambda name, record, _: [name, record.get(key)]
    return lambda name, record, _: [name, *map(record.get, keys)]


def _whole(name: Any, record: Record, _payload: dict[str, Any]) -> list[Any]:
    return [name, record]
