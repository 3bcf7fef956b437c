"""Properties and traits of an event: selected, renamed, dropped, hashed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from target_segment.errors import MappingError
from target_segment.mapping.expressions import Expression, Record, compile_expression
from target_segment.mapping.paths import is_field_name
from target_segment.mapping.redaction import RedactionTree, apply_redactions, build_redactions
from target_segment.mapping.reserved_names import (
    RESERVED_PREFIX,
    expand_new_names,
    expand_renamed_paths,
    is_reserved,
    reserved_renames,
)

Properties: TypeAlias = Callable[[Record], dict[str, Any]]
# From a record to what of it is sent, by the names sent, and the redactions by those names.
Selection: TypeAlias = "Callable[[Record], tuple[dict[str, Any], RedactionTree]]"

# Columns that Singer tools add to records (sdk.meltano.com, "Record metadata").
SINGER_COLUMN_PREFIX = "_sdc_"
# Sets of undeclared fields whose names are cached, per stream.
_MAX_CACHED_LAYOUTS = 64
# Undeclared field names that are cached, per stream.
_MAX_CACHED_FIELDS = 1024


@dataclass(frozen=True, kw_only=True)
class PrivacyRules:
    """Paths that are dropped, and paths that are replaced by a salted SHA-256, in all streams."""

    drop: Sequence[str] = ()
    hashed: Sequence[str] = ()
    salt: str = field(default="", repr=False)


def includes_whole_record(spec: Any) -> bool:
    """Return whether properties (or traits) include the whole record."""
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
    """Compile a mapping's properties (or traits) into a function from a record to a new dict.

    `spec` is `"*"`, a list of fields, or {name: expression}; `"*": "*"` adds the whole record.
    `config` is the stream's mapping, for `drop` and `rename`. Null values at the top are left out:
    they make no column, and may erase a trait. Raises `MappingError`, which begins with `where`.
    """
    stream = where.rpartition(".")[0]
    whole, pairs = _parse_spec(spec, where, keys)
    rename = config.get("rename") or {}
    if not isinstance(rename, dict) or not all(isinstance(new, str) for new in rename.values()):
        raise MappingError(f"{stream}.rename: must be {{old name: new name}}")
    if len(set(rename.values())) < len(rename):
        raise MappingError(f"{stream}.rename: two fields have the same new name")
    # A rename by the user makes a reserved name valid.
    for name in [*(rename.get(name, name) for name, _ in pairs), *rename.values()]:
        if is_reserved(name):
            raise MappingError(
                f"{where}: '{name}' is a reserved column in Segment's warehouses; rename it"
            )
    own_drop = _paths(config.get("drop"), f"{stream}.drop")
    drop = expand_new_names([*own_drop, *privacy.drop], rename)
    hashed = expand_new_names(privacy.hashed, rename)
    usual = reserved_renames(schema)

    def redactions_for(renamed: Mapping[str, str]) -> RedactionTree:
        return build_redactions(
            drop=expand_renamed_paths(drop, renamed, usual),
            hashed=expand_renamed_paths(hashed, renamed, usual),
            salt=privacy.salt,
        )

    if whole:
        return _compose(_whole_record(schema, redactions_for), pairs, rename)
    redactions = redactions_for({})
    return _compose(lambda _: ({}, redactions), pairs, rename)


def _parse_spec(
    spec: Any, where: str, keys: Sequence[str]
) -> tuple[bool, list[tuple[str, str | Expression]]]:
    """Return whether the whole record is included, and the pairs (name, field or expression)."""
    if spec == "*":
        return True, []
    if isinstance(spec, list):
        if not all(is_field_name(item) for item in spec):
            raise MappingError(
                f"{where}: a list must hold field names; write a path as {{name: path}}"
            )
        return False, [(item, item) for item in spec]
    if isinstance(spec, dict):
        if spec.get("*", "*") != "*":
            raise MappingError(f'{where}: the value of "*" must be "*", the whole record')
        return "*" in spec, [
            (
                name,
                value
                if is_field_name(value)
                else compile_expression(value, f"{where}.{name}", keys),
            )
            for name, value in spec.items()
            if name != "*"
        ]
    raise MappingError(f'{where}: must be "*", a list of fields, or {{name: expression}}')


def _whole_record(
    schema: Mapping[str, Any], redactions_for: Callable[[Mapping[str, str]], RedactionTree]
) -> Selection:
    declared = schema.get("properties") or {}

    def layout_with(more: Iterable[str]) -> tuple[dict[str, str | None], RedactionTree]:
        """Return the name of each field, None for Singer's own columns, and the redactions."""
        fields = {**declared, **dict.fromkeys(more)}
        renamed = reserved_renames({"properties": fields})
        names = {name: name for name in fields} | renamed
        return {
            name: None if name.startswith(SINGER_COLUMN_PREFIX) else new
            for name, new in names.items()
        }, redactions_for(renamed)

    names, redactions = layout_with(())

    @lru_cache(_MAX_CACHED_FIELDS)
    def may_need_name(name: str) -> bool:
        """Return whether an undeclared field may need another name."""
        prefixes = (SINGER_COLUMN_PREFIX, RESERVED_PREFIX)
        return name not in names and (name.startswith(prefixes) or is_reserved(name))

    # Records mostly have the same undeclared fields.
    other_layout = lru_cache(_MAX_CACHED_LAYOUTS)(layout_with)

    def select(record: Record) -> tuple[dict[str, Any], RedactionTree]:
        try:
            return _named(record, names.__getitem__), redactions
        except KeyError:
            more = frozenset(filter(may_need_name, record))
        others, other_redactions = other_layout(more) if more else (names, redactions)
        return _named(record, lambda name: others.get(name, name)), other_redactions

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
        result, redactions = select(record)
        # Before Python 3.12, a loop is faster than a comprehension.
        for name, source in fields:
            value = record.get(source)
            if value is not None:
                result[name] = value
        for name, value_of in values:
            value = value_of(record)
            if value is not None:
                result[name] = value
        if redactions:
            result = apply_redactions(result, redactions)
        if rename:
            # All are removed first: a new name may be another field's old name.
            result.update({new: result.pop(old) for old, new in rename.items() if old in result})
        return result

    return properties


def _paths(spec: Any, where: str) -> list[str]:
    if spec is None:
        return []
    if not isinstance(spec, list) or not all(isinstance(path, str) and path for path in spec):
        raise MappingError(f"{where}: must be a list of dotted paths")
    return spec
