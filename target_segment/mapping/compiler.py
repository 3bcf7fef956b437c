"""Compiler of one stream's mapping settings."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from target_segment.errors import MappingError
from target_segment.json_codec import encode
from target_segment.mapping.conditions import compile_conditions
from target_segment.mapping.expressions import (
    Expression,
    Record,
    compile_expression,
    compile_expressions,
    compile_nested,
    decimal_text,
)
from target_segment.mapping.message_ids import compile_id_parts
from target_segment.mapping.properties import compile_properties
from target_segment.mapping.property_schemas import schema_of_value
from target_segment.mapping.stream_mapping import (
    MessageId,
    SharedRules,
    Skipped,
    StreamInfo,
    StreamMapping,
)
from target_segment.segment_spec import CALL_TYPES, default_name, payload_field_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SKIP = "skip"
SETTINGS = frozenset(
    {
        *("call", "event", "user_id", "anonymous_id", "group_id", "timestamp", "message_id"),
        *("version", "when", "properties", "traits", "drop", "rename", "context", "reason"),
        *("add_properties", "add_traits"),
    }
)


def compile_mapping(
    config: Mapping[str, Any], stream: StreamInfo, rules: SharedRules, message_id: MessageId
) -> StreamMapping | Skipped:
    """Compile a stream's settings, none of them null; raises `MappingError` that names one."""
    where = f"streams.{stream.name}"
    if unknown := sorted(set(config) - SETTINGS):
        raise MappingError(
            f"{where}.{unknown[0]}: unknown setting; known settings: {', '.join(sorted(SETTINGS))}"
        )
    call = config.get("call", "track")
    if call == SKIP:
        return Skipped(str(config.get("reason", "not an event")))
    if call not in CALL_TYPES:
        raise MappingError(f"{where}.call: must be one of {', '.join((*CALL_TYPES, SKIP))}")

    def value(name: str) -> Expression | None:
        spec = config.get(name)
        return None if spec is None else compile_expression(spec, f"{where}.{name}", stream.keys)

    user_id, group_id = (
        _as_id(value(name), config.get(name), stream) for name in ("user_id", "group_id")
    )
    anonymous_ids = _anonymous_ids(config.get("anonymous_id"), f"{where}.anonymous_id", stream)
    if not user_id and not anonymous_ids:
        raise MappingError(f"{where}: needs user_id or anonymous_id, or call: skip")
    if call == "group" and not group_id:
        raise MappingError(f"{where}.group_id: a group call needs it")
    payload, other = payload_field_names(call)
    if other in config:
        raise MappingError(f"{where}.{other}: a call of type {call} has {payload} instead")
    own_name, timestamp = default_name(stream.name), value("timestamp")
    shared = rules.context_of(stream.name)
    when = compile_conditions(config.get("when"), f"{where}.when")
    return StreamMapping(
        stream=stream,
        config=config,
        call=call,
        rules=rules,
        payload_name=payload,
        event=value("event") or (lambda _: own_name),
        event_is_optional=isinstance(config.get("event"), dict) and "map" in config["event"],
        user_id=user_id,
        anonymous_ids=anonymous_ids,
        group_id=group_id,
        timestamp=timestamp,
        message_id=message_id,
        id_parts=compile_id_parts(config, where, stream.keys, timestamp),
        when=when,
        checks=[(each.value, each.values, each.not_in, each.skipped) for each in when],
        payload=compile_properties(
            config,
            config.get(payload, "*"),
            f"{where}.{payload}",
            schema=stream.schema,
            keys=stream.keys,
            privacy=rules.privacy,
        ),
        context=_context(config.get("context"), f"{where}.context", stream.keys, shared),
        fixed_context=msgspec.Raw(encode(shared)),
        integrations=msgspec.Raw(encode(rules.integrations)) if rules.integrations else None,
    )


def _as_id(value: Expression | None, spec: Any, stream: StreamInfo) -> Expression | None:
    """Make an id of a field that the schema calls an integer an `int`: some taps write `5.0`."""
    if value is None:
        return None
    types = schema_of_value(spec, stream.schema).get("type", ())
    if "integer" not in types or "number" in types:
        return value

    def integer(record: Record) -> Any:
        found = value(record)
        is_whole = isinstance(found, Decimal) and decimal_text(found) and found == int(found)
        return int(found) if is_whole else found

    return integer


def _anonymous_ids(spec: Any, where: str, stream: StreamInfo) -> list[tuple[Expression, str]]:
    """Compile `anonymous_id`: the first expression is the identity, the others are fallbacks."""
    specs = spec if isinstance(spec, list) else [spec]
    labels = ["anonymousId", *(f"anonymousId from {fallback}" for fallback in specs[1:])]
    values = compile_expressions(spec, where, stream.keys)
    ids = [_as_id(value, each, stream) for value, each in zip(values, specs, strict=False)]
    return [(value, label) for value, label in zip(ids, labels, strict=False) if value]


def _context(
    spec: Any, where: str, keys: Sequence[str], shared: Mapping[str, Any]
) -> Expression | None:
    """Compile a stream's `context` into a function that merges it into the `shared` part."""
    if not spec and spec in (None, {}):
        return None
    if not isinstance(spec, dict):
        raise MappingError(f"{where}: must be {{name: value}}")
    build = compile_nested(spec, where, keys)
    return lambda record: _merge_objects(shared, build(record) or {})


def _merge_objects(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **more}
    for name, below in base.items():
        if isinstance(below, dict) and isinstance(more.get(name), dict):
            merged[name] = _merge_objects(below, more[name])
    return merged
