"""Readable schema: a tap's JSON Schema without the parts that are not valid Draft 7.

Taps write bounds of Draft 4, names of types that do not exist, and keywords with odd values. Each
such part is rewritten or left out, so that the rest can still check records.
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs

# Keywords that hold schemas (JSON Schema Draft 7, "Applying subschemas").
_SCHEMA = {"additionalItems", "additionalProperties", "contains", "else", "if", "not"}
_SCHEMA |= {"propertyNames", "then"}
_SCHEMA_LISTS = {"allOf", "anyOf", "oneOf"}
_SCHEMAS_BY_NAME = {"$defs", "definitions", "patternProperties", "properties"}

# Draft 4: `exclusiveMinimum: true` makes `minimum` exclusive. From Draft 6 on, both are numbers.
_DRAFT_4_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}

# Python's dictionaries and the library nest only so deep; no tap's schema comes near.
_MAX_DEPTH = 100


def readable_schema(schema: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the schema of a record as an object with properties, and the keywords left out.

    A property whose schema is true, or no schema at all, takes any value.
    """
    ignored: set[str] = set()
    readable = _read(schema, ignored, 0)
    record = dict(_as_object(readable))
    fields = record.get("properties") or {}
    record["properties"] = {name: _as_object(each) for name, each in fields.items()}
    return record, sorted(ignored)


def _as_object(schema: Any) -> dict[str, Any]:
    if isinstance(schema, dict):
        return schema
    return {} if schema else {"not": {}}


def _read(schema: Any, ignored: set[str], depth: int) -> Any:
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        ignored.add("schema that is no object")
        return True
    readable: dict[str, Any] = {}
    for keyword, value in _draft_7_bounds(schema).items():
        part = _read_part(keyword, value, ignored, depth + 1)
        if part is None and value is not None:
            ignored.add(keyword if keyword.isidentifier() else "unknown keyword")
        elif part is not None or keyword in ("const", "default"):
            readable[keyword] = part
    return readable


def _read_part(keyword: str, value: Any, ignored: set[str], depth: int) -> Any:
    """Read a keyword's value; None if it is not valid."""
    if keyword in _SCHEMA or (keyword == "items" and not isinstance(value, list)):
        return _read(value, ignored, depth) if isinstance(value, (dict, bool)) else None
    if keyword in _SCHEMA_LISTS or keyword == "items":
        is_list = isinstance(value, list) and value
        return [_read(each, ignored, depth) for each in value] if is_list else None
    if keyword in _SCHEMAS_BY_NAME:
        return _read_by_name(keyword, value, ignored, depth)
    # Only the whole schema shows whether a reference leads anywhere.
    is_valid = isinstance(value, str) if keyword == "$ref" else _is_valid(keyword, value)
    return value if is_valid else None


def _read_by_name(keyword: str, value: Any, ignored: set[str], depth: int) -> Any:
    if not isinstance(value, dict):
        return None
    readable = {}
    for name, each in value.items():
        if keyword == "patternProperties" and not _is_valid("pattern", name):
            ignored.add(keyword)
        else:
            readable[name] = _read(each, ignored, depth)
    return readable


def _draft_7_bounds(schema: dict[str, Any]) -> dict[str, Any]:
    if not any(isinstance(schema.get(each), bool) for each in _DRAFT_4_BOUNDS):
        return schema
    rewritten = dict(schema)
    for exclusive, inclusive in _DRAFT_4_BOUNDS.items():
        if isinstance(schema.get(exclusive), bool):
            del rewritten[exclusive]
            if schema[exclusive] and inclusive in schema:
                rewritten[exclusive] = rewritten.pop(inclusive)
    return rewritten


def _is_valid(keyword: str, value: Any) -> bool:
    try:
        jsonschema_rs.Draft7Validator({keyword: value}, validate_formats=False, offline=True)
    except (ValueError, TypeError):
        return False
    return True
