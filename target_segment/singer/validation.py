"""Validator of records against their stream's schema; errors without content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs
from singer_sdk.exceptions import InvalidJSONSchema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The library's messages can hold a whole schema.
_MAX_REASON_CHARS = 150


class RecordValidator:
    """Validates one stream's records (Draft 7, no formats, no references elsewhere).

    Raises `InvalidJSONSchema` if the schema itself is invalid.
    """

    def __init__(self, schema: dict[str, Any], stream: str) -> None:
        try:
            self._validator = jsonschema_rs.Draft7Validator(
                _without_annotations(schema), validate_formats=False, offline=True
            )
        except ValueError as error:
            raise InvalidJSONSchema(
                f"SCHEMA of stream '{stream}' is not valid JSON Schema ({_reason(error)}); "
                "fix it in the tap, or set validate_records to false"
            ) from None

    def is_valid(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record is valid."""
        try:
            return self._validator.is_valid(record)
        except ValueError:
            # A `NonFiniteNumber` where the schema has a rule.
            return False

    def describe_error(self, record: Mapping[str, Any]) -> str:
        """Name the field and the rule that an invalid record breaks, without its content.

        The library's message quotes the value, and the path within the record holds names that
        only the record has; the path within the schema holds the schema's words only.
        """
        try:
            error = next(iter(self._validator.iter_errors(record)))
        except ValueError:
            # The library cannot name the place of a `NonFiniteNumber`.
            return "the record contains NaN or Infinity where its schema does not allow it"
        return f"{_field_path(error.schema_path)} breaks the schema's '{error.schema_path[-1]}'"


def _without_annotations(schema: Any) -> Any:
    """Leave out what Draft 7 lets a validator ignore, and this one does not (section 8)."""
    if isinstance(schema, list):
        return [_without_annotations(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without_annotations(each)
        for name, each in schema.items()
        # A property may have such a name; its schema is no text.
        if name not in ("contentEncoding", "contentMediaType") or not isinstance(each, str)
    }


def _reason(error: ValueError) -> str:
    """Describe what is wrong with a schema without quoting it."""
    if isinstance(error, jsonschema_rs.ValidationError):
        where = ".".join(map(str, error.instance_path))
        # Without a place it is a broken reference, which the message names.
        return f"at {where}" if where else error.message[:_MAX_REASON_CHARS]
    return type(error).__name__


def _field_path(schema_path: Sequence[str | int]) -> str:
    """Name the field of a part of a schema; `*` is any item, and any undeclared name."""
    names: list[str] = []
    steps = iter(schema_path[:-1])
    for step in steps:
        if step in ("properties", "patternProperties", "definitions"):
            # The last step is the name itself where the rule forbids the property.
            names.append(str(next(steps, schema_path[-1])))
        elif step in ("items", "additionalItems", "additionalProperties"):
            names.append("*")
    return ".".join(names) or "the record"
