"""Dotted paths: `a.b.0` is item 0 of field `b` of field `a`; parsed in this module only.

A field's own name may hold a dot: where a whole path is the name of a field, it means that field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence


def split_path(path: str, fields: Container[str] = ()) -> list[str]:
    """Split a path into its steps, unless it is the whole name of one of `fields`."""
    return [path] if path in fields else path.split(".")


def split_field(path: str, fields: Container[str] = ()) -> tuple[str, str]:
    """Split a path into its field and the rest, which begins with its dot or is empty."""
    if path in fields:
        return path, ""
    field, dot, rest = path.partition(".")
    return field, dot + rest


def unfold_names(table: Mapping[str, Any]) -> dict[str, Any]:
    """Join the names of nested objects by dots: Meltano makes `{a: {b: x}}` of `{a.b: x}`.

    Empty objects stay.
    """
    result: dict[str, Any] = {}
    for name, value in table.items():
        below = unfold_names(value) if isinstance(value, dict) and value else {"": value}
        result.update({f"{name}.{rest}" if rest else name: each for rest, each in below.items()})
    return result


def fold_names(table: Mapping[str, Any]) -> dict[str, Any]:
    """Make nested objects of the names with dots, by their first step: `{a: {b.c: x}}`."""
    result: dict[str, Any] = {}
    for name, value in table.items():
        first, dot, rest = name.partition(".")
        more = {rest: value} if dot else value
        below = result.get(first)
        result[first] = (
            {**below, **more} if isinstance(below, dict) and isinstance(more, dict) else more
        )
    return result


def is_field_name(spec: Any) -> bool:
    """Return whether a value of the mapping language names one field, not a path into it."""
    return isinstance(spec, str) and "." not in spec


def compile_path(path: str) -> Callable[[Mapping[str, Any]], Any]:
    """Compile a path into a function of the record; raises `ValueError` for an empty step."""
    steps = split_path(path)
    if not all(steps):
        raise ValueError(f"'{path}' is not a dotted path")
    if len(steps) == 1:
        return lambda record: record.get(path)

    def value_at(record: Mapping[str, Any]) -> Any:
        if path in record:
            return record[path]
        value: Any = record
        for step in steps:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value

    return value_at


def find_strings(value: Any, steps: Sequence[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each string at a path as the object that holds it and its name; lists item by item."""
    if isinstance(value, list):
        for item in value:
            yield from find_strings(item, steps)
    elif isinstance(value, dict) and steps[0] in value:
        if len(steps) > 1:
            yield from find_strings(value[steps[0]], steps[1:])
        elif isinstance(value[steps[0]], str):
            yield value, steps[0]
