"""Message ids: the same event always gets the same id, per destination.

An event's name takes no part: a record keeps its id when its event is renamed or classified again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

from target_segment.errors import MappingError
from target_segment.json_codec import encode_sorted
from target_segment.mapping.expressions import (
    Expression,
    Record,
    compile_expressions,
    is_blank,
)
from target_segment.segment_spec import InvalidEvent

# From a record and its event's payload to what distinguishes the event in its stream.
IdParts: TypeAlias = Callable[[Record, dict[str, Any]], list[Any]]

# 40 hexadecimal characters, far below Segment's 100; collisions of 160 bits are negligible.
_DIGEST_BYTES = 20

# The destination when no write key is set, as in a dry run.
_NO_DESTINATION = "dry-run"


def message_ids(write_key: str | None, stream: str) -> Callable[[Sequence[Any]], str]:
    """Return a function from the parts that identify an event (JSON values) to its id.

    Segment deduplicates across all sources, so a digest of the write key is part of the id. Parts
    are encoded as a JSON array, so that different lists of parts never give the same text.
    """
    destination = blake2b((write_key or _NO_DESTINATION).encode(), digest_size=_DIGEST_BYTES)
    stem = blake2b(encode_sorted([destination.hexdigest(), stream]), digest_size=_DIGEST_BYTES)

    def message_id(parts: Sequence[Any]) -> str:
        digest = stem.copy()
        digest.update(encode_sorted(parts))
        return digest.hexdigest()

    return message_id


def compile_id_parts(
    config: Mapping[str, Any], where: str, keys: Sequence[str], timestamp: Expression | None
) -> IdParts:
    """Compile a stream's `message_id` (default: the key, else the whole record) and `version`.

    Raises `MappingError` if all records would have the same id.
    """
    given = compile_expressions(config.get("message_id"), f"{where}.message_id", keys)
    version = compile_expressions(config.get("version"), f"{where}.version", keys)
    fields = _distinguishing_fields(config, where, keys)
    parts = _given_parts(given, fields) if given else _key_parts(keys)
    call = config.get("call", "track")
    # The identify or group of a record is another event than its track.
    prefix = [] if call == "track" else [call]
    if version or not prefix:
        return lambda record, _: [*prefix, *parts(record), *[value(record) for value in version]]
    # The row of a user or group is sent again when it changes: each state has its own id, and so
    # has each return to an earlier state, if there is a time.
    times = [timestamp] if timestamp else []
    return lambda record, payload: [
        *prefix,
        *parts(record),
        encode_sorted(payload).decode(),
        *[value(record) for value in times],
    ]


def _distinguishing_fields(
    config: Mapping[str, Any], where: str, keys: Sequence[str]
) -> list[Expression]:
    """Compile the fields of `message_id` that differ from record to record."""
    if config.get("message_id") is None:
        return []
    for name in ("message_id", "version"):
        specs = _fields_of(config.get(name), config.get("event"))
        if specs:
            # With the key among them, the key alone distinguishes records.
            specs = [each for each in specs if each in keys] or specs
            return compile_expressions(specs, f"{where}.{name}", keys)
    raise MappingError(f"{where}.message_id: must name a field that differs from record to record")


def _fields_of(spec: Any, event: Any) -> list[Any]:
    """List the parts of an id that are fields, without constants and the event's name."""
    fields: list[Any] = []
    for part in spec if isinstance(spec, list) else [spec]:
        if part is None or part == event or (isinstance(part, dict) and set(part) == {"value"}):
            continue
        fallbacks = _fields_of(part, event) if isinstance(part, list) else part
        if fallbacks != []:
            fields.append(fallbacks)
    return fields


def _given_parts(
    values: Sequence[Expression], distinguishing_fields: Sequence[Expression]
) -> Callable[[Record], list[Any]]:
    def given(record: Record) -> list[Any]:
        # The first field is enough for nearly all records.
        for value in distinguishing_fields:
            part = value(record)
            if not _is_missing(part):
                return [value(record) for value in values]
        raise InvalidEvent("bad_message_id", "every field of message_id is empty")

    return given


def _key_parts(keys: Sequence[str]) -> Callable[[Record], list[Any]]:
    if not keys:
        return lambda record: [_own_columns(record)]

    def key(record: Record) -> list[Any]:
        try:
            values = [record[each] for each in keys]
        except KeyError as error:
            raise InvalidEvent("missing_key", f"the key property {error} is missing") from None
        if all(map(_is_missing, values)):
            raise InvalidEvent("bad_message_id", "every key property is empty")
        return values

    return key


def _is_missing(part: Any) -> bool:
    return part is None or (type(part) is str and is_blank(part))


def _own_columns(record: Record) -> Record:
    """Leave out `_sdc_` columns: taps write there when they read, which differs on each run."""
    return {name: each for name, each in record.items() if name[:5] != "_sdc_"} or record
