"""Conversion of external values to the types of a schema."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.conform import cast_value, conform_record, conform_row

PROPERTIES: dict[str, dict[str, Any]] = {
    "id": {"type": "string"},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "on": {"type": ["boolean", "null"]},
    "count": {"type": ["integer", "null"]},
    "value": {"type": ["number", "null"]},
    "parts": {"type": ["array", "null"]},
    "tree": {"type": ["object", "null"]},
    "any": {"type": ["string", "number", "object", "null"]},
    "extra": {"type": ["object", "null"]},
}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("id", 12345678901234567890, "12345678901234567890"),
        ("at", "2026-11-22 10:55:22.22", "2026-11-22T10:55:22.220000+00:00"),
        ("on", "TRUE", True),
        ("on", 0, False),
        ("count", "12", 12),
        ("count", 9007199254740993, 9007199254740993),
        ("value", "12.50", 12.5),
        ("value", 3, 3),
        ("parts", '[{"text": 1}]', [{"text": 1}]),
        ("tree", {"a": 1}, {"a": 1}),
        ("any", 7, 7),
        ("id", None, None),
    ],
)
def test_a_value_is_cast_to_the_declared_type(name, value, expected):
    result = cast_value(value, PROPERTIES[name])
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", {"a": 1}),
        ("at", "yesterday"),
        ("on", "maybe"),
        ("count", "1.5"),
        ("value", "much"),
        ("value", "inf"),
        ("value", []),
        ("parts", "{}"),
        ("parts", "[1,"),
        ("tree", [1]),
    ],
)
def test_a_value_that_cannot_be_cast_is_an_error_without_the_value(name, value):
    with pytest.raises(ValueError) as error:
        cast_value(value, PROPERTIES[name])
    assert str(value) not in str(error.value)
    assert conform_record({name: value}, PROPERTIES)[name] == value


def test_every_declared_field_is_present_and_undeclared_fields_are_kept():
    record = conform_record({"id": 1, "new": [2]}, PROPERTIES)
    assert list(record) == [*PROPERTIES, "new"]
    assert record["id"] == "1"
    assert record["new"] == [2]
    assert record["at"] is None


def test_texts_of_another_type_and_undeclared_columns_are_kept_in_extra():
    row = {"id": "1", "value": "much", "on": "", "mood": "good", "extra": "x"}
    record = conform_row(row, PROPERTIES)
    assert record["extra"] == {"value": "much", "mood": "good", "extra": "x"}
    assert record["value"] is None
    assert record["on"] is None
    assert record.keys() == PROPERTIES.keys()


@given(st.dictionaries(st.sampled_from([*PROPERTIES, "new", "mood"]), st.text()))
def test_no_text_of_a_row_is_lost(row):
    record = conform_row(row, PROPERTIES)
    aside = record["extra"] or {}
    for name, text in row.items():
        if name in aside:
            assert aside[name] == text
        elif text:
            assert record[name] is not None
