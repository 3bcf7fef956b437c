"""Readable schema: a tap's JSON Schema as Draft 7, without the parts that cannot be read.

Taps write bounds of Draft 4, names of types that do not exist, keywords with odd values, and
references to other documents. Each such part is rewritten or left out, so that the rest can still
check records. Nothing is fetched.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from target_segment.json_codec import NotEncodableError, encode

# Keywords that hold schemas (JSON Schema Draft 7, "Applying subschemas").
_SCHEMA = {"additionalItems", "additionalProperties", "contains", "else", "if", "not"}
_SCHEMA |= {"propertyNames", "then"}
_SCHEMA_LISTS = {"allOf", "anyOf", "oneOf"}
_SCHEMAS_BY_NAME = {"patternProperties", "properties"}

# Draft 4: `exclusiveMinimum: true` makes `minimum` exclusive. From Draft 6 on, both are numbers.
_DRAFT_4_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}

# The library checks the first two, which are annotations (Draft 7, section 8 of the validation
# specification), and takes the next two for addresses. Definitions are kept if something refers to
# them.
_LEFT_OUT = {"contentEncoding", "contentMediaType", "$id", "id", "$schema", "$defs", "definitions"}
# Keywords of Draft 2019-09 and 2020-12 with another name or form in Draft 7.
_LATER = {"prefixItems", "dependentRequired", "dependentSchemas", "minContains"}
# A schema with none of these words, and valid as it is, needs no reading.
_MARKS = tuple(f'"{each}"'.encode() for each in _LATER | {"contentEncoding", "contentMediaType"})

# Python's dictionaries and the library nest only so deep; no tap's schema comes near.
_MAX_DEPTH = 100

_UNREADABLE: Any = object()


def readable_schema(schema: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the schema of a record as an object with properties, and the keywords left out.

    A property whose schema is true, or no schema at all, takes any value.
    """
    ignored: set[str] = set()
    readable = schema if _is_readable(schema) else _Reader(schema, ignored).read_record()
    if not _is_valid(readable):
        # All keywords are valid, and still the library cannot compile the whole.
        ignored.add("the whole schema")
        readable = {}
    record = dict(_as_object(readable))
    fields = record.get("properties") or {}
    record["properties"] = {name: _as_object(each) for name, each in fields.items()}
    return record, sorted(ignored)


def _is_readable(schema: Any) -> bool:
    try:
        text = encode(schema)
    except NotEncodableError:
        return False
    # A reference of the record itself is replaced by what it refers to.
    is_plain = isinstance(schema, dict) and "$ref" not in schema
    return is_plain and not any(mark in text for mark in _MARKS) and _is_valid(schema)


def _as_object(schema: Any) -> dict[str, Any]:
    if isinstance(schema, dict):
        return schema
    return {} if schema else {"not": {}}


def _is_valid(schema: Any) -> bool:
    try:
        jsonschema_rs.Draft7Validator(schema, validate_formats=False, offline=True)
    except (ValueError, TypeError):
        return False
    return True


class _Reader:
    """Reads a schema and all that it refers to; adds to `ignored` the keywords it leaves out."""

    def __init__(self, schema: Any, ignored: set[str]) -> None:
        self._whole = schema
        self._ignored = ignored
        self._names: dict[str, str] = {}
        self._unread: list[tuple[str, Any]] = []

    def read_record(self) -> Any:
        schema, seen = self._whole, set[str]()
        while isinstance(schema, dict) and isinstance(to := schema.get("$ref"), str):
            target = _UNREADABLE if to in seen else self._find(to)
            if target is _UNREADABLE:
                break
            seen.add(to)
            schema = target
        record = self._read(schema, 0)
        definitions: dict[str, Any] = {}
        while self._unread:
            name, each = self._unread.pop()
            definitions[name] = self._read(each, 0)
        return {**_as_object(record), "definitions": definitions} if definitions else record

    def _read(self, schema: Any, depth: int) -> Any:
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict) or depth > _MAX_DEPTH:
            self._ignored.add("schema that is no object")
            return True
        if "$ref" in schema and (name := self._definition(schema["$ref"])):
            # Draft 7: what is beside a reference has no effect.
            return {"$ref": f"#/definitions/{name}"}
        readable: dict[str, Any] = {}
        for keyword, value in _as_draft_7(schema).items():
            if keyword in _LEFT_OUT:
                continue
            part = self._read_part(keyword, value, depth + 1)
            if part is _UNREADABLE:
                self._ignored.add(keyword)
            else:
                readable[keyword] = part
        return readable

    def _read_part(self, keyword: str, value: Any, depth: int) -> Any:
        if keyword in _SCHEMA or (keyword == "items" and not isinstance(value, list)):
            return self._read(value, depth) if isinstance(value, (dict, bool)) else _UNREADABLE
        if keyword in _SCHEMA_LISTS or keyword == "items":
            is_list = isinstance(value, list) and value
            return [self._read(each, depth) for each in value] if is_list else _UNREADABLE
        if keyword in _SCHEMAS_BY_NAME:
            return self._read_by_name(keyword, value, depth)
        if keyword == "dependencies" and isinstance(value, dict):
            # By name, a list of names or a schema.
            return {
                name: each if _is_valid({keyword: {name: each}}) else self._read(each, depth)
                for name, each in value.items()
            }
        return value if keyword != "$ref" and _is_valid({keyword: value}) else _UNREADABLE

    def _read_by_name(self, keyword: str, value: Any, depth: int) -> Any:
        if not isinstance(value, dict):
            return _UNREADABLE
        readable = {}
        for name, each in value.items():
            if keyword == "patternProperties" and not _is_valid({"pattern": name}):
                self._ignored.add(keyword)
            else:
                readable[name] = self._read(each, depth)
        return readable

    def _definition(self, reference: Any) -> str | None:
        """Return the name of the definition that a reference leads to; None if there is none."""
        if not isinstance(reference, str) or (target := self._find(reference)) is _UNREADABLE:
            return None
        if reference not in self._names:
            # As in a pointer; the name is part of one again.
            name = reference.rpartition("/")[2] if "/" in reference else "record"
            while name in self._names.values():
                name += "_"
            self._names[reference] = name
            self._unread.append((unquote(name).replace("~1", "/").replace("~0", "~"), target))
        return self._names[reference]

    def _find(self, reference: str) -> Any:
        """Find what a JSON pointer of this schema leads to (RFC 6901, section 6)."""
        start, *steps = reference.split("/")
        found = self._whole if start == "#" else _UNREADABLE
        for step in steps:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(name, _UNREADABLE)
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                return _UNREADABLE
        return found if isinstance(found, (dict, bool)) else _UNREADABLE


def _as_draft_7(schema: dict[str, Any]) -> dict[str, Any]:
    """Rewrite the keywords of a schema that have another form in an earlier or later draft."""
    rewritten = dict(schema)
    for exclusive, inclusive in _DRAFT_4_BOUNDS.items():
        if isinstance(schema.get(exclusive), bool):
            del rewritten[exclusive]
            if schema[exclusive] and inclusive in schema:
                rewritten[exclusive] = rewritten.pop(inclusive)
    if "prefixItems" in schema:
        rewritten.pop("items", None)
        rewritten["items"] = rewritten.pop("prefixItems")
        if "items" in schema:
            rewritten["additionalItems"] = schema["items"]
    if schema.get("minContains", 1) == 0:
        # `contains` then allows that nothing matches.
        rewritten.pop("contains", None)
    names = ("dependencies", "dependentRequired", "dependentSchemas")
    dependent = [each for name in names if isinstance(each := rewritten.pop(name, None), dict)]
    if dependent:
        rewritten["dependencies"] = {name: each[name] for each in dependent for name in each}
    return rewritten
