"""Checks of configured paths: whether a stream's schema and a record have them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from target_segment.errors import MappingError
from target_segment.mapping.expressions import Record, compile_expression
from target_segment.mapping.paths import split_field, split_path
from target_segment.mapping.properties import includes_whole_record
from target_segment.mapping.reserved_names import expand_new_names, reserved_renames

if TYPE_CHECKING:
    from target_segment.mapping.stream_mapping import StreamMapping

ID_SETTINGS = ("user_id", "anonymous_id", "group_id", "message_id", "version", "timestamp")
# Parts of a schema that may declare more than its properties.
_OPEN = ("$ref", "anyOf", "oneOf", "allOf", "patternProperties", "additionalProperties")

_SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})


class ConfiguredPath(NamedTuple):
    """A path of a setting, for one stream.

    `in_schema` is None if the schema leaves it open; `is_in` looks for the path in a record.
    """

    setting: str
    path: str
    in_schema: bool | None
    is_in: Callable[[Record], bool]


def list_paths(mapping: StreamMapping) -> list[ConfiguredPath]:
    """List the paths in `when`, ids, `drop`, `rename` and the privacy rules of a mapping."""
    config, schema = mapping.config, mapping.stream.schema
    where = f"streams.{mapping.stream.name}"
    own = [(f"{where}.when", condition.path) for condition in mapping.when]
    for name in ID_SETTINGS:
        paths = [*expression_paths(config.get(name))]
        # One of several paths is enough.
        if all(has_path(schema, path) is False for path in paths):
            own += [(f"{where}.{name}", path) for path in paths]
    listed = [
        ConfiguredPath(setting, path, has_path(schema, path), _finder(path))
        for setting, path in own
    ]
    privacy = mapping.rules.privacy
    for setting, sent in (
        (f"{where}.drop", config.get("drop") or ()),
        (f"{where}.rename", config.get("rename") or ()),
        ("drop_properties", privacy.drop),
        ("hash_properties", privacy.hashed),
    ):
        listed += [_sent_path(mapping, setting, path) for path in sent]
    return listed


def explicit_names(config: Mapping[str, Any]) -> Iterable[str]:
    """List the properties and traits that a mapping names."""
    for payload in ("properties", "traits"):
        spec = config.get(payload)
        yield from spec if isinstance(spec, (dict, list)) else ()
    yield from (config.get("rename") or {}).values()


def check_flattening(mapping: StreamMapping, separator: str) -> None:
    """Raise `MappingError` if a field that the preset's mapping needs has been flattened."""
    if mapping.stream.name not in mapping.rules.preset_streams:
        return
    fields = mapping.stream.schema.get("properties") or {}
    flattened = {name.partition(separator)[0]: name for name in fields if separator in name}
    spec = mapping.config.get(mapping.payload_name)
    needed = [condition.path for condition in mapping.when]
    for part in (
        *(spec.values() if isinstance(spec, dict) else ()),
        *map(mapping.config.get, ID_SETTINGS),
    ):
        needed += expression_paths(part)
    roots = {split_field(path)[0] for path in needed}
    if lost := sorted(root for root in roots if root in flattened and root not in fields):
        raise MappingError(
            f"streams.{mapping.stream.name}: the preset needs {', '.join(lost)}, which flattening "
            f"has renamed ({flattened[lost[0]]}); set flattening_enabled: false"
        )


def has_path(schema: Any, path: str) -> bool | None:
    """Return whether a JSON Schema declares a path; None if it leaves that open."""
    if not isinstance(schema, dict):
        return None
    return _has(schema, split_path(path, schema.get("properties") or {}))


def _has(schema: Any, steps: Sequence[str]) -> bool | None:
    if not steps:
        return True
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    if isinstance(properties, dict) and steps[0] in properties:
        return _has(properties[steps[0]], steps[1:])
    if any(schema.get(keyword) for keyword in _OPEN):
        return None
    if "items" in schema:
        # An index is a step; without one, a path means each item.
        return _has(schema["items"], steps[1:] if steps[0].isdecimal() else steps)
    return False if properties or _is_scalar(schema) else None


def _is_scalar(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type", "object")
    return {types} <= _SCALARS if isinstance(types, str) else {*types} <= _SCALARS


def expression_paths(spec: Any) -> Iterable[str]:
    """List the paths in an expression, or in an object of expressions."""
    if isinstance(spec, str):
        yield spec
    elif isinstance(spec, list):
        for item in spec:
            yield from expression_paths(item)
    elif isinstance(spec, dict):
        for name, part in spec.items():
            if name not in ("value", "map", "key"):
                yield from expression_paths(part)


def _sent_path(mapping: StreamMapping, setting: str, path: str) -> ConfiguredPath:
    """Look for a path of sent properties, under their names before and after renaming."""
    config, schema = mapping.config, mapping.stream.schema
    spec = config.get(mapping.payload_name, "*")
    named = dict(zip(spec, spec, strict=True)) if isinstance(spec, list) else spec
    named = named if isinstance(named, dict) else {}
    own_names = {new: name for name, new in reserved_renames(schema).items()}
    findings: list[bool | None] = []
    finders: list[Callable[[Record], bool]] = []
    for each in expand_new_names([path], config.get("rename") or {}):
        name, below = split_field(each, {**named, **(schema.get("properties") or {})})
        source = named.get(name)
        if source is None and includes_whole_record(spec):
            source = own_names.get(name, name)
        if isinstance(source, str):
            findings.append(has_path(schema, source + below))
            finders.append(_finder(source + below))
        elif source is not None:
            findings.append(None)
            finders.append(_finder_below(source, below))
    finding = True if True in findings else None if None in findings else False
    return ConfiguredPath(
        setting, path, finding, lambda record: any(is_in(record) for is_in in finders)
    )


def _finder(path: str) -> Callable[[Record], bool]:
    steps = split_path(path)
    return lambda record: path in record or _is_at(record, steps)


def _finder_below(spec: Any, below: str) -> Callable[[Record], bool]:
    value, steps = compile_expression(spec, ""), split_path(below[1:]) if below else []

    def is_in(record: Record) -> bool:
        found = value(record)
        return found is not None and _is_at(found, steps)

    return is_in


def _is_at(value: Any, steps: Sequence[str]) -> bool:
    if not steps:
        return True
    if isinstance(value, list):
        if steps[0].isdecimal() and int(steps[0]) < len(value):
            return _is_at(value[int(steps[0])], steps[1:])
        return any(_is_at(item, steps) for item in value)
    return isinstance(value, Mapping) and steps[0] in value and _is_at(value[steps[0]], steps[1:])
