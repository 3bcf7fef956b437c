"""Property schemas: the JSON Schema of a mapping's properties, from that of its records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from target_segment.mapping.paths import split_path, unfold_names
from target_segment.mapping.properties import includes_whole_record
from target_segment.mapping.reserved_names import (
    expand_new_names,
    expand_renamed_paths,
    reserved_renames,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Schema: TypeAlias = "dict[str, Any]"

# A value of unknown type.
ANYTHING: Mapping[str, Any] = {}
TEXT: Mapping[str, Any] = {"type": "string"}

# SHA-256 in hexadecimal, as hash_properties writes it.
_DIGEST: Mapping[str, Any] = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}


def schema_of_properties(
    config: Mapping[str, Any],
    spec: Any,
    record: Mapping[str, Any],
    *,
    drop: Sequence[str],
    hashed: Sequence[str],
) -> Schema:
    """Return the JSON Schema of a mapping's properties (or traits), which `spec` selects.

    `record` is the JSON Schema of the stream's records, empty if unknown; `drop` and `hashed` are
    the paths of all streams.
    """
    known = record.get("properties") or {}
    whole = includes_whole_record(spec)
    renamed = reserved_renames(record) if whole else {}
    sources = {renamed.get(name, name): name for name in known} if whole else {}
    properties: Schema = {name: known[source] for name, source in sources.items()}
    if isinstance(spec, list):
        properties.update({name: _of_path(name, record) for name in spec})
    elif isinstance(spec, dict):
        properties.update(
            {name: schema_of_value(value, record) for name, value in spec.items() if name != "*"}
        )
    required = [name for name in properties if _is_required(name, sources, spec, record)]
    schema: Schema = {"type": "object", "properties": properties, "required": required}
    # A whole record of unknown schema may have any field.
    schema["additionalProperties"] = not known and whole
    rename = config.get("rename") or {}
    hashed = expand_new_names(hashed, rename)
    drop = expand_new_names([*(config.get("drop") or ()), *drop], rename)
    for path in expand_renamed_paths(hashed, renamed, renamed):
        _edit(schema, split_path(path, schema.get("properties") or {}), _DIGEST)
    for path in expand_renamed_paths(drop, renamed, renamed):
        _edit(schema, split_path(path, schema.get("properties") or {}), None)
    kept = schema["properties"]
    kept.update({new: kept.pop(old) for old, new in rename.items() if old in kept})
    schema["required"] = [*dict.fromkeys(rename.get(name, name) for name in schema["required"])]
    return schema


def schema_of_value(spec: Any, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON Schema of an expression."""
    if isinstance(spec, str):
        return _of_path(spec, record)
    if isinstance(spec, list):
        first, *others = [schema_of_value(item, record) for item in spec]
        return first if all(_kind(other) == _kind(first) for other in others) else ANYTHING
    if "value" in spec:
        return {"enum": [spec["value"]]}
    if isinstance(spec.get("map"), dict):
        # A value may be a list or an object, which no set can hold.
        values = list(unfold_names(spec["map"]).values())
        return {"enum": [value for i, value in enumerate(values) if value not in values[:i]]}
    # `join` or `key`: both join texts.
    return TEXT


def _kind(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    return schema.get("type"), schema.get("format"), schema.get("enum")


def _of_path(path: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = record
    for step in split_path(path, record.get("properties") or {}):
        if step.isdecimal() and isinstance(schema.get("items"), dict):
            schema = schema["items"]
        else:
            # A schema may also be true or false.
            below = (schema.get("properties") or {}).get(step)
            schema = below if isinstance(below, dict) else ANYTHING
    return schema


def _is_required(
    name: str, sources: Mapping[str, str], spec: Any, record: Mapping[str, Any]
) -> bool:
    """Return whether a property is a field that every record has."""
    required = record.get("required") or ()
    if isinstance(spec, dict) and name in spec:
        source = spec[name]
        return (isinstance(source, str) and source in required) or (
            isinstance(source, dict) and source.get("value") is not None
        )
    return sources.get(name, name) in required


def _edit(schema: Schema, path: Sequence[str], instead: Mapping[str, Any] | None) -> None:
    """Replace or remove the schema at a path; the schemas on the way are copied."""
    name, *below = path
    if "items" in schema:
        schema["items"] = dict(schema["items"])
        _edit(schema["items"], path, instead)
        return
    properties = dict(schema.get("properties") or {})
    if below and isinstance(properties.get(name), dict):
        properties[name] = dict(properties[name])
        _edit(properties[name], below, instead)
    elif not below and instead is not None:
        if name in properties:
            old = properties[name]
            # A list is hashed item by item.
            new = {"type": old["type"], "items": instead} if "items" in old else instead
            kept = {"description": old["description"]} if "description" in old else {}
            properties[name] = {**kept, **new}
    elif not below:
        properties.pop(name, None)
        schema["required"] = [each for each in schema.get("required", ()) if each != name]
    if "properties" in schema:
        schema["properties"] = properties
