"""Validator of records against their stream's schema; errors without content."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_segment.mapping.sent_fields import SentFields


class RecordValidator:
    """Validates the part of a stream's records that is `sent` against a readable schema.

    Draft 7, no formats.
    """

    def __init__(self, schema: dict[str, Any], sent: SentFields) -> None:
        self._schema = schema
        self._sent = sent
        self._validator = _compile(schema)

    @cached_property
    def _rules(self) -> jsonschema_rs.Draft7Validator:
        # Few streams have records that need it.
        return _compile(self._sent.rules(self._schema))

    def is_valid(self, record: Mapping[str, Any]) -> bool:
        """Return whether the part of a record that is sent is valid."""
        try:
            if self._validator.is_valid(record):
                return True
        except ValueError:
            # A `NonFiniteNumber` where the schema has a rule.
            pass
        try:
            return self._rules.is_valid(self._sent.of(record))
        except ValueError:
            return False

    def describe_error(self, record: Mapping[str, Any]) -> str:
        """Name the field and the rule that an invalid record breaks, without its content.

        The library's message quotes the value, and the path within the record holds names that
        only the record has; the path within the schema holds the schema's words only.
        """
        try:
            error = next(iter(self._rules.iter_errors(self._sent.of(record))))
        except ValueError:
            # The library cannot name the place of a `NonFiniteNumber`.
            return "the record contains NaN or Infinity where its schema does not allow it"
        return f"{_field_path(error.schema_path)} breaks the schema's '{error.schema_path[-1]}'"


def _compile(schema: dict[str, Any]) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(schema, validate_formats=False, offline=True)


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
