"""Message id parts: what distinguishes an event from all others of its stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from target_segment.json_codec import encode_sorted
from target_segment.mapping.expressions import Expression, Record
from target_segment.segment_spec import InvalidEvent

# From the event's own name, the record and the event's payload to the parts.
IdPartsFunction: TypeAlias = Callable[[Any, Record, dict[str, Any]], list[Any]]

_NO_KEY = "every key property is empty"


def compile_id_parts(  # noqa: PLR0913 - keywords, one for each thing it needs
    given: Sequence[Expression],
    version: Sequence[Expression],
    keys: Sequence[str],
    *,
    distinguishing_fields: Sequence[Expression],
    is_event: bool,
    moment: Expression | None,
) -> IdPartsFunction:
    """Compile the settings `message_id` and `version`.

    Args:
        given: The parts that the user names; default is the key, else the whole record.
        version: More parts: each version of a row is an event.
        keys: The stream's key properties.
        distinguishing_fields: Those of `given` that differ from record to record.
        is_event: Whether the stream has track calls; otherwise rows of users or groups.
        moment: The time, if it is mapped.
    """
    parts = (
        _explicit_parts(given, distinguishing_fields)
        if given
        else _key_parts(keys)
        if keys
        else _whole_record_parts
    )
    if version:
        return lambda name, record, payload: [
            *parts(name, record, payload),
            *[value(record) for value in version],
        ]
    if is_event:
        return parts
    # The row of a user or group is sent again when it changes: each state has its own id, and so
    # has each return to an earlier state, if there is a time.
    times = [moment] if moment else []
    return lambda name, record, payload: [
        *parts(name, record, payload),
        encode_sorted(payload).decode(),
        *[value(record) for value in times],
    ]


def _explicit_parts(
    values: Sequence[Expression], distinguishing_fields: Sequence[Expression]
) -> IdPartsFunction:
    def given(_name: Any, record: Record, _payload: dict[str, Any]) -> list[Any]:
        # The first field is enough for nearly all records.
        for value in distinguishing_fields:
            part = value(record)
            if part is not None and part != "":
                return [value(record) for value in values]
        raise InvalidEvent("bad_message_id", "every field of message_id is empty")

    return given


def _key_parts(keys: Sequence[str]) -> IdPartsFunction:
    if len(keys) == 1:
        (only,) = keys

        def keyed_by_one(name: Any, record: Record, _: dict[str, Any]) -> list[Any]:
            value = record.get(only)
            if value is None or value == "":
                raise InvalidEvent("bad_message_id", _NO_KEY)
            return [name, value]

        return keyed_by_one

    def with_legend_key(name: Any, record: Record, _: dict[str, Any]) -> list[Any]:
        values = [*map(record.get, keys)]
        # `any` is enough for nearly all records, and takes a tenth of the time.
        if not any(values) and all(value is None or value == "" for value in values):
            raise InvalidEvent("bad_message_id", _NO_KEY)
        return [name, *values]

    return with_legend_key


def _whole_record_parts(name: Any, record: Record, _payload: dict[str, Any]) -> list[Any]:
    return [name, record]
