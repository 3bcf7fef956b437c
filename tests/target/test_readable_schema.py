"""Readable schemas: what is left of a tap's schema, compared with python-jsonschema."""

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_segment.json_codec import decode
from target_segment.mapping.sent_fields import SentFields
from target_segment.singer.readable_schema import readable_schema
from target_segment.singer.validation import RecordValidator

ALL_FIELDS = SentFields(read=frozenset(), whole=True)
NAMES = st.sampled_from("abc")
TEXTS = st.sampled_from(["", "a", "ab", "abc", "2026-01-02T03:04:05Z", "a@b.example", "é"])
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.5, 1e3])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
REFERENCES = st.sampled_from(["#/definitions/text", "#/definitions/a~1b", "#/definitions/tree"])
DEFINITIONS = {
    "text": {"type": "string"},
    "a/b": {"type": ["integer", "null"]},
    "tree": {"properties": {"a": {"$ref": "#/definitions/tree"}, "b": {"type": "integer"}}},
}
COMMON = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "format": st.sampled_from(["date-time", "email", "uuid", "singer.decimal"]),
    "minimum": st.integers(-2, 2),
    "maximum": st.integers(-2, 2),
    "multipleOf": st.sampled_from([1, 2, 0.5]),
    "minLength": st.integers(0, 2),
    "maxLength": st.integers(0, 2),
    "pattern": st.sampled_from(["^a", "b$", "[0-9]+"]),
    "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 2),
    "uniqueItems": st.booleans(),
    "required": st.lists(NAMES, min_size=1, max_size=2, unique=True),
    "minProperties": st.integers(0, 2),
    "maxProperties": st.integers(0, 2),
    "description": TEXTS,
    "x-vendor": VALUES,
}
DRAFT_4 = {
    **COMMON,
    "exclusiveMinimum": st.booleans(),
    "exclusiveMaximum": st.booleans(),
    "id": st.just("#field"),
}
DRAFT_7 = {
    **COMMON,
    "const": VALUES,
    "exclusiveMinimum": st.integers(-2, 2),
    "exclusiveMaximum": st.integers(-2, 2),
    "contentEncoding": st.sampled_from(["base64", "base16"]),
    "contentMediaType": st.just("application/json"),
    "propertyNames": st.just({"maxLength": 1}) | st.just({"enum": ["a", "b"]}),
}
DRAFT_2020 = {**DRAFT_7, "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, unique=True))}

# Since Draft 6, `1.0` is an integer. Taps write it for one, whatever draft their schema has.
Draft4Validator = jsonschema.validators.extend(
    jsonschema.Draft4Validator, type_checker=jsonschema.Draft7Validator.TYPE_CHECKER
)


def schemas(keywords, *, tuples="items", booleans=True):
    """Schemas of up to a few levels, with some of the keywords."""

    def some(more):
        every = {**keywords, **more}
        # With all keywords, hardly a value would be valid.
        names = st.lists(st.sampled_from(sorted(every)), max_size=3, unique=True)
        return names.flatmap(
            lambda kept: st.fixed_dictionaries({name: every[name] for name in kept})
        )

    def nested(inner):
        any_schema = inner | st.booleans() if booleans else inner
        several = st.lists(any_schema, min_size=1, max_size=3)
        by_name = st.dictionaries(NAMES, any_schema, min_size=1, max_size=3)
        parts = {
            "properties": by_name,
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "."]), any_schema),
            "additionalProperties": inner | st.booleans(),
            "items": any_schema,
            tuples: several,
            "anyOf": several,
            "oneOf": several,
            "allOf": several,
            "not": any_schema,
            "dependencies": st.dictionaries(NAMES, st.lists(NAMES, min_size=1, unique=True)),
        }
        if booleans:
            parts |= {"if": any_schema, "then": any_schema, "else": any_schema}
            parts |= {"contains": any_schema}
        if tuples != "items":
            # In this draft, what is beside a reference has an effect, and `dependencies` has none.
            del parts["dependencies"]
        return some(parts) | st.builds(lambda to: {"$ref": to}, REFERENCES)

    return st.recursive(some({}), nested, max_leaves=8)


def check(validator_class, field, record):
    """Check that a record is as valid to the target as to python-jsonschema."""
    schema = {"type": "object", "properties": {"a": field}, "definitions": DEFINITIONS}
    # As both come out of a line.
    schema, record = decode(json.dumps(schema)), decode(json.dumps(record))
    plain = json.loads(json.dumps(schema, default=float))
    expected = validator_class(plain).is_valid(json.loads(json.dumps(record, default=float)))
    readable, ignored = readable_schema(schema)
    assert ignored == []
    assert RecordValidator(readable, ALL_FIELDS).is_valid(record) == expected


RECORDS = st.fixed_dictionaries({}, optional={"a": VALUES})


@settings(deadline=None)
@given(schemas(DRAFT_4, booleans=False), RECORDS)
def test_a_draft_4_schema_accepts_what_python_jsonschema_accepts(field, record):
    check(Draft4Validator, field, record)


@settings(deadline=None)
@given(schemas(DRAFT_7) | st.booleans(), RECORDS)
def test_a_draft_7_schema_accepts_what_python_jsonschema_accepts(field, record):
    check(jsonschema.Draft7Validator, field, record)


@settings(deadline=None)
@given(schemas(DRAFT_2020, tuples="prefixItems") | st.booleans(), RECORDS)
def test_a_draft_2020_schema_accepts_what_python_jsonschema_accepts(field, record):
    check(jsonschema.Draft202012Validator, field, record)


@pytest.mark.parametrize(
    ("field", "keyword"),
    [
        ({"type": ["date-time", "null"]}, "type"),
        ({"pattern": "("}, "pattern"),
        ({"properties": []}, "properties"),
        ({"required": "id"}, "required"),
        ({"$ref": "https://json-schema.org/draft-07/schema"}, "$ref"),
        ({"$ref": "#/definitions/none"}, "$ref"),
        ({"$ref": "#anchor"}, "$ref"),
        ({"$ref": 5}, "$ref"),
        ({"anyOf": []}, "anyOf"),
        ({"items": "string"}, "items"),
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


def test_a_reference_leads_to_any_part_of_the_schema_and_that_part_is_read_too():
    parts = {"schemas": {"A/b c": {"type": "strin", "maxLength": 3}}}
    fields = {"a": {"$ref": "#/components/schemas/A~1b%20c"}, "b": {"$ref": "#/properties/b"}}
    readable, ignored = readable_schema({"properties": fields, "components": parts})
    assert ignored == ["type"]
    validator = RecordValidator(readable, ALL_FIELDS)
    assert validator.is_valid({"a": "abc", "b": 5})
    assert not validator.is_valid({"a": "abcd"})


def test_a_record_that_is_a_reference_has_the_properties_of_what_it_leads_to():
    order = {"properties": {"id": {"type": "integer"}, "parent": {"$ref": "#/definitions/Order"}}}
    readable, ignored = readable_schema(
        {"$ref": "#/definitions/Order", "definitions": {"Order": order}}
    )
    assert ignored == []
    assert readable["properties"]["id"] == {"type": "integer"}
    assert not RecordValidator(readable, ALL_FIELDS).is_valid({"parent": {"id": "x"}})


def test_references_in_a_circle_allow_anything():
    circle = {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}
    for fields in ({"x": {"$ref": "#/definitions/a"}}, {}):
        schema = {"$ref": "#/definitions/a", "properties": fields, "definitions": circle}
        readable, _ = readable_schema(schema)
        assert RecordValidator(readable, ALL_FIELDS).is_valid({"x": 1})
