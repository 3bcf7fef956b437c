"""Readable schemas: what is left of a schema that is not valid Draft 7."""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_segment.singer.readable_schema import readable_schema
from target_segment.singer.validation import RecordValidator

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=3)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["integer", "string", "null", ["string", "null"], "boolean"]),
        "minimum": st.integers(-2, 2),
        "exclusiveMinimum": st.booleans(),
        "maximum": st.integers(-2, 2),
        "exclusiveMaximum": st.booleans(),
        "maxLength": st.integers(0, 2),
        "enum": st.lists(st.text("ab", max_size=3), min_size=1, unique=True),
    },
)


@given(field=FIELDS, value=SCALARS)
def test_a_draft_4_schema_judges_records_as_python_jsonschema_does(field, value):
    schema = {"type": "object", "properties": {"a": field}}
    readable, ignored = readable_schema(schema)
    assert ignored == []
    expected = jsonschema.Draft4Validator(schema).is_valid({"a": value})
    assert RecordValidator(readable, "s").is_valid({"a": value}) == expected


@pytest.mark.parametrize(
    ("field", "keyword"),
    [
        ({"type": ["date-time", "null"]}, "type"),
        ({"pattern": "("}, "pattern"),
        ({"properties": []}, "properties"),
        ({"required": "id"}, "required"),
    ],
)
def test_an_invalid_part_is_left_out_and_named(field, keyword):
    readable, ignored = readable_schema({"properties": {"a": {**field, "title": "A"}}})
    assert readable == {"properties": {"a": {"title": "A"}}}
    assert ignored == [keyword]


def test_a_schema_without_properties_and_boolean_schemas_are_schemas():
    assert readable_schema({"type": "object"}) == ({"type": "object", "properties": {}}, [])
    assert readable_schema(True) == ({"properties": {}}, [])
    fields = {"a": True, "b": False}
    assert readable_schema({"properties": fields})[0]["properties"] == {"a": {}, "b": {"not": {}}}


def test_an_encoding_is_an_annotation():
    readable, _ = readable_schema({"properties": {"a": {"contentEncoding": "base64"}}})
    assert RecordValidator(readable, "s").is_valid({"a": "!"})
