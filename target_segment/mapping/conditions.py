"""Conditions of the setting `when`: parsed from each form, merged with the preset's, compiled."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from target_segment.errors import MappingError
from target_segment.json_codec import NotJSONError, decode
from target_segment.mapping.expressions import Expression, compile_expression
from target_segment.mapping.stream_mapping import Condition, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_OPERATORS = ("in", "not", "exists")
_FORMS = (
    "{path: value}, {path: [values]}, {path: {not: value or values}}, {path: {exists: true}}, "
    "or a list of {path: …, in: [values]}, also with not or exists"
)
# Meltano 4.4 keeps only names without a dot of an object in a JSON variable.
_EMPTY = (
    "is empty; leave it out to have no condition. Meltano removes names with a dot from JSON: "
    "write [{path: actor.type, in: [user]}]"
)


class ParsedCondition(NamedTuple):
    """A condition as configured; `operator` is one of `in`, `not` and `exists`."""

    path: str
    operator: str
    operand: Any


def parse_conditions(spec: Any, where: str) -> list[ParsedCondition]:
    """Parse a `when` of any form; raises `MappingError`, which begins with `where`."""
    if spec in ({}, [], ""):
        raise MappingError(f"{where}: {_EMPTY}")
    if isinstance(spec, dict):
        return [each for name, below in spec.items() for each in _parse(str(name), below, where)]
    if isinstance(spec, list):
        return [each for item in spec for each in _parse_item(item, where)]
    raise MappingError(f"{where}: must be {_FORMS}")


def _parse_item(item: Any, where: str) -> Iterator[ParsedCondition]:
    operators = {*item} - {"path"} if isinstance(item, dict) else set()
    if not operators or not operators.issubset(_OPERATORS) or not isinstance(item.get("path"), str):
        raise MappingError(f"{where}: must be {_FORMS}")
    yield from _parse(item["path"], {name: item[name] for name in operators}, where)


def _parse(path: str, spec: Any, where: str) -> Iterator[ParsedCondition]:
    here = f"{where}.{path}"
    if not isinstance(spec, dict):
        yield ParsedCondition(path, "in", _values(spec, here))
        return
    if not spec:
        raise MappingError(f"{here}: is empty; must be {_FORMS}")
    if {*spec}.issubset(_OPERATORS):
        for operator in sorted(spec):
            operand = spec[operator]
            parsed = _boolean(operand, here) if operator == "exists" else _values(operand, here)
            yield ParsedCondition(path, operator, parsed)
        return
    if not {*spec}.isdisjoint(_OPERATORS):
        raise MappingError(f"{here}: has {', '.join(map(str, spec))}; must be {_FORMS}")
    # Meltano makes {plan: {kind: x}} of {plan.kind: x}.
    for name, below in spec.items():
        yield from _parse(f"{path}.{name}", below, where)


def _values(spec: Any, where: str) -> list[Any]:
    values = spec if isinstance(spec, list) else [spec]
    if not values or any(isinstance(value, (dict, list)) for value in values):
        raise MappingError(f"{where}: must have a value or a list of values; forms: {_FORMS}")
    return values


def _boolean(spec: Any, where: str) -> bool:
    # `meltano config set` makes text of a boolean.
    if spec in (True, "true"):
        return True
    if spec in (False, "false"):
        return False
    raise MappingError(f"{where}.exists: must be true or false")


def merge_conditions(
    preset: Any, own: Any, private: Mapping[str, Sequence[str]], where: str
) -> list[dict[str, Any]]:
    """Add the user's conditions to the preset's, as items of the list form.

    A condition of the user on the same path replaces the preset's. `private` has the values by
    path that are sent only if the user's condition lists them; raises `MappingError`.
    """
    base = [] if preset is None else parse_conditions(preset, where)
    added = [] if own is None else parse_conditions(own, where)
    replaced = {each.path for each in added}
    merged = [*(each for each in base if each.path not in replaced), *added]
    for path, values in private.items():
        # A list of values names all that are sent; no other condition names one.
        if (path, "in") not in {each[:2] for each in merged}:
            merged.append(ParsedCondition(path, "not", [*values]))
    return [{"path": each.path, each.operator: each.operand} for each in merged]


def compile_conditions(spec: Any, where: str) -> list[Condition]:
    """Compile a `when` of any form; raises `MappingError`, which begins with `where`."""
    return [
        _compile(condition, compile_expression(condition.path, f"{where}.{condition.path}"))
        for condition in (parse_conditions(spec, where) if spec is not None else ())
    ]


def _compile(condition: ParsedCondition, value: Expression) -> Condition:
    path, operator, operand = condition
    skipped = Skipped(f"left out by when: {path}")
    if operator == "exists":
        # An empty text is no value, as in a list of paths.
        return Condition(value, (None, ""), not_in=operand, skipped=skipped, path=path)
    values = tuple(dict.fromkeys(each for one in operand for each in (one, *_scalar_of(one))))
    return Condition(value, values, not_in=operator == "not", skipped=skipped, path=path)


def _scalar_of(value: Any) -> list[Any]:
    """Return the number or boolean in a text: Meltano makes text of both."""
    if not isinstance(value, str):
        return []
    try:
        scalar = decode(value)
    except NotJSONError:
        return []
    return [scalar] if isinstance(scalar, (bool, int, Decimal)) else []
