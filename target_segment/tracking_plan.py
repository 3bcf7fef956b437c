"""The tracking plan: Protocols rules for the events that the settings yield."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_segment.mapping.compiler import SKIP
from target_segment.mapping.property_schemas import (
    ANYTHING,
    Schema,
    schema_of_properties,
    schema_of_value,
)
from target_segment.mapping.routing import ANY_STREAM
from target_segment.segment_spec import default_name, payload_field_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_segment.mapping.routing import Routing
    from target_segment.mapping.stream_mapping import SharedRules

# What Segment's Protocols take (segment.com docs, "Create a tracking plan").
_DRAFT = "http://json-schema.org/draft-07/schema#"
# Rules start at 1; `context.protocols.event_version` picks a later one.
_FIRST_VERSION = 1


def tracking_plan(
    routing: Routing, records: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """List the rules, as Segment's Public API and its Terraform provider take them.

    Args:
        routing: The compiled settings.
        records: JSON Schema of the records of each stream, as far as known.

    Returns:
        One rule for each event name, one for all identify calls and one for all group calls. An
        event whose name is taken from records of unknown kind has none.
    """
    schemas: dict[tuple[str, str | None], Schema] = {}
    for stream, config in routing.streams.items():
        for key, schema in _events(stream, config, routing.rules, records.get(stream, ANYTHING)):
            schemas[key] = _merge_schemas(schemas[key], schema) if key in schemas else schema
    return [
        {
            "key": name,
            "type": call.upper(),
            "version": _FIRST_VERSION,
            "jsonSchema": _rule(call, schema),
        }
        for (call, name), schema in schemas.items()
    ]


def _events(
    stream: str, config: Mapping[str, Any], rules: SharedRules, record: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, str | None], Schema]]:
    call = config.get("call", "track")
    if call == SKIP:
        return
    spec = config.get(payload_field_names(call)[0], "*")
    schema = schema_of_properties(
        config, spec, record, drop=rules.privacy.drop, hashed=rules.privacy.hashed
    )
    if call != "track":
        yield (call, None), schema
        return
    for occurrence in _names(stream, config.get("event"), record):
        name = rules.names.get(occurrence, occurrence)
        if rules.only is None or name in rules.only or occurrence in rules.only:
            yield (call, name), schema


def _names(stream: str, spec: Any, record: Mapping[str, Any]) -> list[str]:
    """List the names that a stream's events can have; none if any can."""
    if spec is None:
        return [] if stream == ANY_STREAM else [default_name(stream)]
    return [*schema_of_value(spec, record).get("enum", ())]


def _merge_schemas(one: Schema, other: Schema) -> Schema:
    """Allow what either of two streams yields under one name."""
    properties = {**one["properties"], **other["properties"]}
    for name in one["properties"].keys() & other["properties"].keys():
        if one["properties"][name] != other["properties"][name]:
            properties[name] = ANYTHING
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in one["required"] if name in other["required"]],
        "additionalProperties": one["additionalProperties"] or other["additionalProperties"],
    }


def _rule(call: str, schema: Schema) -> Schema:
    """Wrap a payload's schema as Protocols' own editor does."""
    payload, other = payload_field_names(call)
    return {
        "$schema": _DRAFT,
        "type": "object",
        "properties": {"context": {}, other: {}, payload: schema},
        "required": [payload],
    }
