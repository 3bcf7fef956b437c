"""Properties and traits of an event: chosen, renamed, dropped, hashed; the record stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from target_segment.errors import MappingError
from target_segment.mapping.expressions import Expression, Record, compile_expression, is_path
from target_segment.mapping.redaction import RedactionTree, apply_redactions, build_redactions
from target_segment.mapping.reserved_names import (
    expand_renamed_paths,
    has_reserved_prefix,
    is_reserved,
    reserved_renames,
)

Properties: TypeAlias = Callable[[Record], dict[str, Any]]
# What of the whole record is sent, under the names it has there, and the edits by those names.
Selection: TypeAlias = "Callable[[Record], tuple[dict[str, Any], RedactionTree]]"

# Columns that Singer tools add to records for their own use (sdk.meltano.com, "Record metadata").
_SINGER_COLUMN_PREFIX = "_sdc_"
# How many sets of undeclared fields a stream's records may have before names are made up anew.
_MAX_CACHED_LAYOUTS = 64
# How many names of undeclared fields are remembered as harmless or not.
_MAX_CACHED_FIELDS = 1024


@dataclass(frozen=True, kw_only=True)
class PrivacyRules:
    """Which properties leave the company, for every stream.

    Attributes:
        drop: Dotted paths to remove.
        hashed: Dotted paths whose values are replaced by their SHA-256, in hexadecimal.
        salt: Text put before each value that is hashed.
    """

    drop: Sequence[str] = ()
    hashed: Sequence[str] = ()
    salt: str = field(default="", repr=False)


def includes_whole_record(spec: Any) -> bool:
    """Tell whether properties (or traits) are the whole record, or that and more."""
    return spec == "*" or (isinstance(spec, dict) and "*" in spec)


def compile_properties(  # noqa: PLR0913 - keywords, one for each thing it needs
    config: Mapping[str, Any],
    spec: Any,
    where: str,
    *,
    schema: Mapping[str, Any],
    keys: Sequence[str],
    privacy: PrivacyRules,
) -> Properties:
    """Turn a mapping's properties (or traits) into a function of the record.

    Args:
        config: The stream's mapping, for `drop` (dotted paths) and `rename` ({old: new}).
        spec: `"*"`, a list of fields, or {name: value}, in which `"*": "*"` adds the whole record.
        where: Stream and setting, for errors.
        schema: The stream's JSON Schema.
        keys: The stream's key properties.
        privacy: What is dropped and hashed in every stream.

    Returns:
        A function that gives a new dict and leaves the record untouched. Null values at the top
        are left out: they make no column, and may erase a trait.

    Raises:
        MappingError: The specification cannot work.
    """
    stream = where.rpartition(".")[0]
    whole, pairs = _parse_spec(spec, where, keys)
    rename = config.get("rename") or {}
    if not isinstance(rename, dict) or not all(isinstance(new, str) for new in rename.values()):
        raise MappingError(f"{stream}.rename: must be {{old name: new name}}")
    # An own rename of a reserved name is the better answer, so it is not refused.
    for name in [*(rename.get(name, name) for name, _ in pairs), *rename.values()]:
        if is_reserved(name):
            raise MappingError(f"{where}: '{name}' is a column of Segment's own; rename it")
    drop = [*_paths(config.get("drop"), f"{stream}.drop"), *privacy.drop]

    usual = reserved_renames(schema)

    def edits_of(renamed: Mapping[str, str]) -> RedactionTree:
        return build_redactions(
            drop=expand_renamed_paths(drop, renamed, usual),
            hashed=expand_renamed_paths(privacy.hashed, renamed, usual),
            salt=privacy.salt,
        )

    if whole:
        return _compose(_whole_record(schema, edits_of), pairs, rename)
    edits = edits_of({})
    return _compose(lambda _: ({}, edits), pairs, rename)


def _parse_spec(
    spec: Any, where: str, keys: Sequence[str]
) -> tuple[bool, list[tuple[str, str | Expression]]]:
    """Say whether the whole record is wanted, and which (name, field or value) pairs."""
    if spec == "*":
        return True, []
    if isinstance(spec, list):
        if not all(is_path(item) for item in spec):
            raise MappingError(f"{where}: a list holds names of fields; for a path, {{name: path}}")
        return False, [(item, item) for item in spec]
    if isinstance(spec, dict):
        chosen = {name: value for name, value in spec.items() if name != "*"}
        if "*" in spec and spec["*"] != "*":
            raise MappingError(f'{where}: the only value of "*" is "*", the whole record')
        return "*" in spec, [
            (name, value if is_path(value) else compile_expression(value, f"{where}.{name}", keys))
            for name, value in chosen.items()
        ]
    raise MappingError(f'{where}: must be "*", a list of fields, or {{name: value}}')


def _whole_record(
    schema: Mapping[str, Any], edits_of: Callable[[Mapping[str, str]], RedactionTree]
) -> Selection:
    declared = schema.get("properties") or {}

    def layout_with(more: Iterable[str]) -> tuple[dict[str, str | None], RedactionTree]:
        """Name the property of each field, None for Singer's own columns; and find its edits."""
        fields = {**declared, **dict.fromkeys(more)}
        renamed = reserved_renames({"properties": fields})
        names = {name: name for name in fields} | renamed
        return {
            name: None if name.startswith(_SINGER_COLUMN_PREFIX) else new
            for name, new in names.items()
        }, edits_of(renamed)

    names, edits = layout_with(())

    @lru_cache(_MAX_CACHED_FIELDS)
    def needs_thought(name: str) -> bool:
        """Tell whether a field that the schema lacks cannot simply be sent under its own name."""
        singers = name.startswith(_SINGER_COLUMN_PREFIX)
        return name not in names and (singers or is_reserved(name) or has_reserved_prefix(name))

    # Records mostly have the same of these.
    other_layout = lru_cache(_MAX_CACHED_LAYOUTS)(layout_with)

    def select(record: Record) -> tuple[dict[str, Any], RedactionTree]:
        try:
            return _named(record, names.__getitem__), edits
        except KeyError:
            more = frozenset(filter(needs_thought, record))
        others, other_edits = other_layout(more) if more else (names, edits)
        return _named(record, lambda name: others.get(name, name)), other_edits

    return select


def _named(record: Record, name_of: Callable[[str], str | None]) -> dict[str, Any]:
    return {
        new: value
        for name, value in record.items()
        if (new := name_of(name)) is not None and value is not None
    }


def _compose(
    select: Selection, pairs: Sequence[tuple[str, str | Expression]], rename: Mapping[str, str]
) -> Properties:
    fields = [(name, value) for name, value in pairs if isinstance(value, str)]
    values = [(name, value) for name, value in pairs if not isinstance(value, str)]

    def properties(record: Record) -> dict[str, Any]:
        result, edits = select(record)
        # Before Python 3.12, a loop is faster than a comprehension of the same.
        for name, source in fields:
            value = record.get(source)
            if value is not None:
                result[name] = value
        for name, value_of in values:
            value = value_of(record)
            if value is not None:
                result[name] = value
        if edits:
            result = apply_redactions(result, edits)
        if rename:
            # All out before any goes in: a new name may be another's old one.
            result.update({new: result.pop(old) for old, new in rename.items() if old in result})
        return result

    return properties


def _paths(spec: Any, where: str) -> list[str]:
    if spec is None:
        return []
    if not isinstance(spec, list) or not all(isinstance(path, str) and path for path in spec):
        raise MappingError(f"{where}: must be a list of dotted paths")
    return spec
