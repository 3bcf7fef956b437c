"""Compiler of one stream's mapping settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from target_segment.errors import MappingError
from target_segment.json_codec import encode
from target_segment.mapping.conditions import compile_conditions
from target_segment.mapping.expressions import (
    Expression,
    compile_expression,
    compile_expressions,
    compile_nested,
)
from target_segment.mapping.message_ids import compile_id_parts
from target_segment.mapping.properties import compile_properties
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

    user_id, group_id = value("user_id"), value("group_id")
    anonymous_ids = _anonymous_ids(config.get("anonymous_id"), f"{where}.anonymous_id", stream.keys)
    if not user_id and not anonymous_ids:
        raise MappingError(f"{where}: needs user_id or anonymous_id, or call: skip")
    if call == "group" and not group_id:
        raise MappingError(f"{where}.group_id: a group call needs it")
    payload, other = payload_field_names(call)
    if other in config:
        raise MappingError(f"{where}.{other}: a call of type {call} has {payload} instead")
    own_name, timestamp = default_name(stream.name), value("timestamp")
    shared = rules.context_of(stream.name)
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
        when=compile_conditions(config.get("when"), f"{where}.when"),
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


def _anonymous_ids(spec: Any, where: str, keys: Sequence[str]) -> list[tuple[Expression, str]]:
    """Compile `anonymous_id`: the first expression is the identity, the others are fallbacks."""
    fallbacks = spec[1:] if isinstance(spec, list) else []
    labels = ["anonymousId", *(f"anonymousId from {fallback}" for fallback in fallbacks)]
    return list(zip(compile_expressions(spec, where, keys), labels, strict=False))


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
