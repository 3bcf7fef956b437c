"""Sent fields: which fields of a record its event takes, and a schema's rules for them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from target_segment.mapping.path_checks import ID_SETTINGS, expression_paths
from target_segment.mapping.paths import split_field, split_path
from target_segment.mapping.properties import SINGER_COLUMN_PREFIX, includes_whole_record
from target_segment.mapping.reserved_names import expand_new_names, reserved_renames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from target_segment.mapping.expressions import Record
    from target_segment.mapping.stream_mapping import StreamMapping

# Rules of a record as a whole.
_WHOLE = {"const", "enum", "maxProperties", "minProperties"}
# Rules that join the rules of several fields; without one of the fields they mean something else.
_JOINT = {"dependencies", "else", "if", "not", "oneOf", "then"}
# Schemas may refer to themselves.
_MAX_DEPTH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class SentFields:
    """The fields that an event takes: `read` by name, and if `whole` all but the `dropped` ones.

    `below` are the paths of dropped values within a field.
    """

    read: frozenset[str]
    whole: bool = False
    dropped: frozenset[str] = frozenset()
    below: Sequence[Sequence[str]] = ()

    def includes(self, name: str) -> bool:
        """Return whether a field is sent."""
        return name in self.read or (
            self.whole and name not in self.dropped and not name.startswith(SINGER_COLUMN_PREFIX)
        )

    def of(self, record: Record) -> dict[str, Any]:
        """Return the part of a record that is sent."""
        return {name: value for name, value in record.items() if self.includes(name)}

    def rules(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the rules of a schema of records for the part that is sent.

        A rule over several fields is left out if one of them is not sent.
        """
        definitions = schema.get("definitions", {})
        rules = _rules(schema, definitions, self.includes)
        for steps in self.below:
            rules = _without(rules, definitions, steps)
        return rules


def sent_fields(mapping: StreamMapping) -> SentFields:
    """Return the fields that a mapping sends."""
    config, schema = mapping.config, mapping.stream.schema
    spec = config.get(mapping.payload_name, "*")
    whole = includes_whole_record(spec)
    drop = expand_new_names(
        [*(config.get("drop") or ()), *mapping.rules.privacy.drop], config.get("rename") or {}
    )
    own = {new: name for name, new in reserved_renames(schema).items()} if whole else {}
    named = dict(zip(spec, spec, strict=True)) if isinstance(spec, list) else spec
    named = named if isinstance(named, dict) else {}
    parts = [config.get(name) for name in (*ID_SETTINGS, "event", "context")]
    parts += [value for name, value in named.items() if name != "*" and name not in drop]
    if config.get("message_id") is None:
        parts += mapping.stream.keys
    read = Counter(
        root
        for part in parts
        for root in {root for path in expression_paths(part) for root in _roots(path)}
    )
    dropped = {*drop, *(own.get(field, field) + rest for field, rest in map(split_field, drop))}
    # What else takes a field may take it as a whole.
    below = [path for path in dropped if whole and split_field(path)[0] not in read]
    for field, rest in map(split_field, drop):
        source = named.get(field)
        if not whole and isinstance(source, str) and read[split_field(source)[0]] == 1:
            below.append(source + rest)
    return SentFields(
        read=frozenset(read),
        whole=whole,
        dropped=frozenset(dropped),
        below=[split_path(path) for path in below],
    )


def _roots(path: str) -> tuple[str, str]:
    """Return the fields that a path may begin with: a field's own name may hold a dot."""
    return path, split_field(path)[0]


def sent_through(
    sent: SentFields, fields: Iterable[str], mapped: Iterable[str], expressions: str, separator: str
) -> SentFields:
    """Return which of a tap's `fields` are sent when stream maps make the fields `mapped` of them.

    A field is sent under its own name, as the start of a flattened one, or if the text of the
    `expressions` mentions it.
    """
    names = [name for name in mapped if sent.includes(name)]
    kept = {name.split(separator)[0] for name in names}.union(names)

    def is_sent(field: str) -> bool:
        in_text = rf"(?<!\w){re.escape(field)}(?!\w)"
        return field in kept or re.search(in_text, expressions) is not None

    return SentFields(read=frozenset(filter(is_sent, fields)))


def _rules(
    schema: Any, definitions: Mapping[str, Any], includes: Callable[[str], bool], depth: int = 0
) -> dict[str, Any]:
    schema = _resolved(schema, definitions) if depth < _MAX_DEPTH else {}
    if not isinstance(schema, dict):
        return {} if schema else {"not": {}}
    rules: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _WHOLE or (keyword in _JOINT and not all(map(includes, _names(value)))):
            continue
        if keyword == "required":
            rules[keyword] = [*filter(includes, value)]
        elif keyword in ("allOf", "anyOf"):
            rules[keyword] = [_rules(each, definitions, includes, depth + 1) for each in value]
        else:
            rules[keyword] = value
    return rules


def _names(rule: Any) -> Iterator[str]:
    """List the fields that a rule names, at any depth; a reference counts as one of no name."""
    if isinstance(rule, list):
        for each in rule:
            yield from _names(each)
    elif isinstance(rule, dict):
        for keyword, value in rule.items():
            if keyword in ("dependencies", "properties", "required"):
                yield from value
            elif keyword == "$ref":
                yield ""
            yield from _names(value)


def _without(
    schema: Any, definitions: Mapping[str, Any], steps: Sequence[str], depth: int = 0
) -> Any:
    """Leave out the rules of a schema for what is at a path, lists item by item."""
    schema = _resolved(schema, definitions) if depth < _MAX_DEPTH else True
    if not isinstance(schema, dict):
        return schema
    first, *rest = steps
    rules = dict(schema)
    fields = rules.get("properties", {})
    if not rest:
        rules["properties"] = {**fields, first: {}}
        rules["required"] = [each for each in rules.get("required", ()) if each != first]
    elif first in fields:
        rules["properties"] = {
            **fields,
            first: _without(fields[first], definitions, rest, depth + 1),
        }
    for keyword in ("allOf", "anyOf", "items", "oneOf"):
        if keyword in rules:
            value = rules[keyword]
            parts = value if isinstance(value, list) else [value]
            parts = [_without(each, definitions, steps, depth + 1) for each in parts]
            rules[keyword] = parts if isinstance(value, list) else parts[0]
    return rules


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Follow the references of a schema, each of which leads to a definition."""
    for _ in range(_MAX_DEPTH):
        if not isinstance(schema, dict) or "$ref" not in schema:
            break
        name = schema["$ref"].removeprefix("#/definitions/")
        schema = definitions.get(unquote(name).replace("~1", "/").replace("~0", "~"), True)
    return schema
