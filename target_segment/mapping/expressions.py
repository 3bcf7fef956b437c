"""Expressions of the mapping language: paths, constants, fallbacks, look-ups and joins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from target_segment.errors import MappingError
from target_segment.json_codec import NonFiniteNumber, encode_sorted
from target_segment.mapping.paths import compile_path, fold_names, unfold_names

Record: TypeAlias = Mapping[str, Any]
Expression: TypeAlias = Callable[[Record], Any]

EXPRESSION_FORMS = (
    "a dotted path, a list of paths (first one that is set), {value: constant}, "
    "{path: …, map: {from: to}}, {join: [paths]} or {key: true}"
)

# The exponent of a number in JSON has no limit.
_MAX_DIGITS = 1000
_FORMS = frozenset(map(frozenset, ({"value"}, {"path", "map"}, {"join"}, {"key"})))


def compile_expression(spec: Any, where: str, keys: Sequence[str] = ()) -> Expression:
    """Compile an expression into a function of the record.

    Raises `MappingError`, which begins with `where`, if it has none of the `EXPRESSION_FORMS`.
    """
    if isinstance(spec, str):
        try:
            return compile_path(spec)
        except ValueError as error:
            raise MappingError(f"{where}: {error}") from None
    if isinstance(spec, list) and spec:
        return _first([compile_expression(item, where, keys) for item in spec])
    if isinstance(spec, dict):
        return _compile_form(spec, where, keys)
    raise MappingError(f"{where}: must be {EXPRESSION_FORMS}")


def compile_expressions(spec: Any, where: str, keys: Sequence[str]) -> list[Expression]:
    """Compile a list of expressions, or one; none for None. Raises `MappingError`."""
    specs = spec if isinstance(spec, list) else [] if spec is None else [spec]
    return [compile_expression(item, where, keys) for item in specs]


def _compile_form(spec: dict[str, Any], where: str, keys: Sequence[str]) -> Expression:
    form = set(spec)
    if form == {"value"}:
        constant = spec["value"]
        return lambda _: constant
    if form == {"path", "map"} and isinstance(spec["map"], dict):
        table = _parse_table(spec["map"], f"{where}.map")
        return _look_up(compile_expression(spec["path"], where), table)
    if form == {"join"} and isinstance(spec["join"], list) and spec["join"]:
        return _join([compile_expression(item, where) for item in spec["join"]], " ")
    # `meltano config set` makes text of a boolean.
    if form == {"key"} and spec["key"] in (True, "true"):
        # A name of a key property is a name, not a path: it may hold a dot.
        return _join([_field(key) for key in keys], ":")
    raise MappingError(f"{where}: must be {EXPRESSION_FORMS}")


def _parse_table(table: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the results of a look-up by text; raises `MappingError` if one is an object."""
    if not table:
        raise MappingError(
            f"{where}: is empty. Meltano removes names with a dot from JSON variables: set it in "
            "meltano.yml"
        )
    for name, result in table.items():
        if isinstance(result, dict) and (not result or frozenset(result) in _FORMS):
            raise MappingError(f"{where}.{name}: must be a text, number or boolean")
    return unfold_names(table)


def compile_nested(spec: dict[str, Any], where: str, keys: Sequence[str] = ()) -> Expression:
    """Compile an object of expressions, objects and lists of objects, as of `context`.

    What a record lacks is left out, and so is an object all of whose fields the record lacks. A
    name with dots is the same as nested names. Raises `MappingError`, which begins with `where`.
    """
    if not spec:
        raise MappingError(f"{where}: is empty; must be {{name: value}}")
    spec = fold_names(spec)
    constants = {name: part["value"] for name, part in spec.items() if _is_constant(part)}
    parts = [
        (name, _compile_part(part, f"{where}.{name}", keys))
        for name, part in spec.items()
        if name not in constants
    ]

    def build(record: Record) -> dict[str, Any] | None:
        built = {name: found for name, part in parts if (found := part(record)) is not None}
        return {**constants, **built} if built or not parts else None

    return build


def _is_constant(spec: Any) -> bool:
    return isinstance(spec, dict) and {*spec} == {"value"}


def _is_nested(spec: Any) -> bool:
    return isinstance(spec, dict) and frozenset(spec) not in _FORMS


def _compile_part(spec: Any, where: str, keys: Sequence[str]) -> Expression:
    if _is_nested(spec):
        return compile_nested(spec, where, keys)
    if not isinstance(spec, list) or not any(map(_is_nested, spec)):
        return compile_expression(spec, where, keys)
    items = [_compile_part(item, f"{where}.{index}", keys) for index, item in enumerate(spec)]

    def build(record: Record) -> list[Any] | None:
        return [found for item in items if (found := item(record)) is not None] or None

    return build


def _field(name: str) -> Expression:
    return lambda record: record.get(name)


def is_blank(text: str) -> bool:
    """Return whether a text has no character that can be seen."""
    # The first character is enough for nearly all texts.
    return not text[:1].isalnum() and not any(
        each.isprintable() and not each.isspace() for each in text
    )


def _first(values: Sequence[Expression]) -> Expression:
    def first(record: Record) -> Any:
        for value in values:
            result = value(record)
            if result is not None and not (isinstance(result, str) and is_blank(result)):
                return result
        return None

    return first


def _look_up(value: Expression, table: Mapping[str, Any]) -> Expression:
    def look_up(record: Record) -> Any:
        found = value(record)
        if isinstance(found, str):
            return table.get(found)
        # The names in a JSON object are strings, so numbers and booleans are looked up as JSON.
        if isinstance(found, (int, float, Decimal)):
            return table.get(encode_sorted(found).decode())
        return None

    return look_up


def _join(values: Sequence[Expression], separator: str) -> Expression:
    def join(record: Record) -> str | None:
        parts = (value(record) for value in values)
        found = [
            part
            for part in parts
            if part is not None and not (isinstance(part, str) and is_blank(part))
        ]
        return separator.join(map(_text, found)) or None

    return join


def _text(part: Any) -> str:
    """Format a part of a joined text; raises `NotEncodableError` for NaN and Infinity."""
    if isinstance(part, Decimal):
        return decimal_text(part) or str(part)
    # Sorted, because the text may be part of a message id.
    is_json = isinstance(part, (NonFiniteNumber, dict, list))
    return encode_sorted(part).decode() if is_json else str(part)


def decimal_text(number: Decimal) -> str | None:
    """Write a number without a power of ten; None for one of very many digits."""
    return format(number, "f") if abs(number.adjusted()) <= _MAX_DIGITS else None
