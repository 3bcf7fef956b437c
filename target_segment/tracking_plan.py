"""Tracking plan: Segment Protocols rules for the events that the settings yield."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from target_segment.errors import TargetSegmentError
from target_segment.json_codec import NotJSONError, decode, encode
from target_segment.mapping.compiler import SKIP
from target_segment.mapping.property_schemas import ANYTHING, Schema, schema_of_properties
from target_segment.mapping.routing import ANY_STREAM, event_names
from target_segment.segment_spec import payload_field_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from target_segment.config import Config

# What Segment's Protocols take (segment.com docs, "Create a tracking plan").
_DRAFT = "http://json-schema.org/draft-07/schema#"
# Rules start at 1; `context.protocols.event_version` picks a later one.
_FIRST_VERSION = 1


def print_tracking_plan(config: Config, catalog_path: Path | None) -> None:
    """Print the tracking plan as indented JSON, typed by the tap's catalog if there is one."""
    schemas = read_catalog(catalog_path) if catalog_path else {}
    click.echo(msgspec.json.format(encode(tracking_plan(config, schemas)), indent=2))


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


def tracking_plan(config: Config, schemas: Mapping[str, Schema]) -> list[dict[str, Any]]:
    """List the rules as Segment's Public API and its Terraform provider take them.

    There is one rule for each event name, one for all identify calls and one for all group calls.
    An event whose name comes from records has a rule only if the preset or schema lists the name.
    `schemas` are those of the records by stream, as far as known.
    """
    streams = dict(config.routing.streams)
    if ANY_STREAM in streams:
        streams = {**dict.fromkeys(schemas, streams[ANY_STREAM]), **streams}
    found: dict[tuple[str, str | None], Schema] = {}
    for stream, mapping in streams.items():
        call = mapping.get("call", "track")
        if call == SKIP:
            continue
        record = schemas.get(stream, ANYTHING)
        spec = mapping.get(payload_field_names(call)[0], "*")
        privacy = config.routing.rules.privacy
        schema = schema_of_properties(
            mapping, spec, record, drop=privacy.drop, hashed=privacy.hashed
        )
        names: Iterable[str | None] = [None]
        if call == "track":
            names = _sent_names(stream, mapping, record, config)
        for name in names:
            old = found.get((call, name), schema)
            found[call, name] = _merge_schemas(old, schema)
    return [_rule(call, name, schema) for (call, name), schema in found.items()]


def _sent_names(
    stream: str, mapping: Mapping[str, Any], record: Mapping[str, Any], config: Config
) -> Iterator[str]:
    """List the names that a stream's events are sent under; none if records bring them."""
    rules, preset = config.routing.rules, config.preset
    names = event_names(stream, mapping, record)
    if names is None and mapping.get("event") == preset.streams.get(stream, {}).get("event"):
        names = preset.stream_events.get(stream)
    for own_name in names or ():
        name = rules.names.get(own_name, own_name)
        if rules.only is None or name in rules.only or own_name in rules.only:
            yield name


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


def _rule(call: str, name: str | None, schema: Schema) -> dict[str, Any]:
    """Wrap a payload's schema as Protocols' own editor does."""
    payload, other = payload_field_names(call)
    event = {
        "$schema": _DRAFT,
        "type": "object",
        "properties": {"context": {}, other: {}, payload: schema},
        "required": [payload],
    }
    return {"key": name, "type": call.upper(), "version": _FIRST_VERSION, "jsonSchema": event}
