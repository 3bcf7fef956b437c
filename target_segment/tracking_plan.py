"""Tracking plan: Segment Protocols rules for the events that the settings yield."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from target_segment.errors import TargetSegmentError
from target_segment.json_codec import NotJSONError, decode, encode
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
    from pathlib import Path

    from target_segment.config import Config
    from target_segment.mapping.stream_mapping import SharedRules
    from target_segment.presets import Preset

# What Segment's Protocols take (segment.com docs, "Create a tracking plan").
_DRAFT = "http://json-schema.org/draft-07/schema#"
# Rules start at 1; `context.protocols.event_version` picks a later one.
_FIRST_VERSION = 1


def print_tracking_plan(config: Config, catalog_path: Path | None) -> None:
    """Print the tracking plan as indented JSON, typed by the tap's catalog if there is one."""
    schemas = read_catalog(catalog_path) if catalog_path else {}
    streams = dict(config.routing.streams)
    if ANY_STREAM in streams:
        streams = {**dict.fromkeys(schemas, streams[ANY_STREAM]), **streams}
    plan = tracking_plan(streams, config.routing.rules, config.preset, schemas)
    click.echo(msgspec.json.format(encode(plan), indent=2))


def read_catalog(path: Path) -> dict[str, Schema]:
    """Read each selected stream's schema, with its selected fields, from a Singer catalog.

    Raises `TargetSegmentError` if the file is not one or cannot be read.
    """
    try:
        streams = decode(path.read_bytes())["streams"]
        return {
            entry.get("stream") or entry["tap_stream_id"]: _selected_schema(entry)
            for entry in streams
            if _metadata(entry).get((), {}).get("selected") is not False
        }
    except OSError as error:
        raise TargetSegmentError(f"The catalog {path} cannot be read: {error.strerror}") from None
    except (NotJSONError, LookupError, TypeError, AttributeError):
        raise TargetSegmentError(
            f"The file {path} is not a Singer catalog; write one with the tap's --discover"
        ) from None


def _metadata(entry: Mapping[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {tuple(item["breadcrumb"]): item["metadata"] for item in entry.get("metadata") or ()}


def _selected_schema(entry: Mapping[str, Any]) -> Schema:
    schema, metadata = entry["schema"], _metadata(entry)
    fields = {
        name: field
        for name, field in (schema.get("properties") or {}).items()
        if metadata.get(("properties", name), {}).get("selected") is not False
    }
    return {**schema, "properties": fields}


def tracking_plan(
    streams: Mapping[str, Mapping[str, Any]],
    rules: SharedRules,
    preset: Preset,
    schemas: Mapping[str, Schema],
) -> list[dict[str, Any]]:
    """List the rules as Segment's Public API and its Terraform provider take them.

    There is one rule for each event name, one for all identify calls and one for all group calls.
    An event whose name comes from records has a rule only if the preset or schema lists the name.
    `schemas` are those of the records by stream, as far as known.
    """
    found: dict[tuple[str, str | None], Schema] = {}
    for stream, config in streams.items():
        record = schemas.get(stream, ANYTHING)
        names = _event_names(stream, config, record, preset)
        for key, schema in _events(config, rules, record, names):
            found[key] = _merge_schemas(found[key], schema) if key in found else schema
    return [
        {
            "key": name,
            "type": call.upper(),
            "version": _FIRST_VERSION,
            "jsonSchema": _rule(call, schema),
        }
        for (call, name), schema in found.items()
    ]


def _events(
    config: Mapping[str, Any], rules: SharedRules, record: Mapping[str, Any], names: list[str]
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
    for own_name in names:
        name = rules.names.get(own_name, own_name)
        if rules.only is None or name in rules.only or own_name in rules.only:
            yield (call, name), schema


def _event_names(
    stream: str, config: Mapping[str, Any], record: Mapping[str, Any], preset: Preset
) -> list[str]:
    """List the names that a stream's events can have; none if records bring them."""
    spec = config.get("event")
    if spec is None:
        return [] if stream == ANY_STREAM else [default_name(stream)]
    names = schema_of_value(spec, record).get("enum")
    if names is None and spec == preset.streams.get(stream, {}).get("event"):
        names = preset.stream_events.get(stream)
    return [*(names or ())]


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
