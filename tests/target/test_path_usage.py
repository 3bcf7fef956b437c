"""Configured paths that the input does not have, and conditions that let nothing pass."""

from typing import Any

import pytest

from target_segment.mapping.path_checks import has_path

FIELDS = {"id": "string", "kind": "string", "email": ["null", "string"], "text": "string"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": kind} for name, kind in FIELDS.items()},
        "user": {"type": "object", "properties": {"name": {"type": "string"}}},
        "raw": {"type": "object"},
        "items": {
            "type": "array",
            "items": {"type": "object", "properties": {"sku": {"type": "string"}}},
        },
    },
}
RECORD = {
    "id": "1",
    "kind": "a",
    "email": "ada@example.com",
    "text": "Hello",
    "user": {"name": "Ada"},
    "raw": {"x": 1},
    "items": [{"sku": "s"}],
}


@pytest.fixture
def warnings(run, settings, caplog):
    """Run a stream `s` of some records; return the warnings and the table."""

    def warnings_of(*records, streams=None, stream="s", schema=SCHEMA, **config):
        mapping = {"user_id": "id", **config.pop("mapping", {})}
        finished = run(
            {**settings, "streams": {stream: mapping, **(streams or {})}, **config},
            {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["id"]},
            *({"type": "RECORD", "stream": stream, "record": record} for record in records),
        )
        assert finished.status == 0, finished.errors
        return [
            entry.getMessage()
            for entry in caplog.records
            if entry.levelname == "WARNING" and "not in the input" not in entry.getMessage()
        ], finished.table

    return warnings_of


@pytest.mark.parametrize(
    ("config", "setting", "path"),
    [
        ({"drop_properties": ["txt"]}, "drop_properties", "txt"),
        ({"hash_properties": ["user.mail"]}, "hash_properties", "user.mail"),
        ({"hash_properties": ["items.name"]}, "hash_properties", "items.name"),
        ({"mapping": {"drop": ["text.x"]}}, "streams.s.drop", "text.x"),
        ({"mapping": {"rename": {"mail": "email_"}}}, "streams.s.rename", "mail"),
        ({"mapping": {"anonymous_id": ["device", "cookie"]}}, "streams.s.anonymous_id", "cookie"),
        ({"mapping": {"when": {"kid": {"not": "x"}}}}, "streams.s.when", "kid"),
        ({"mapping": {"version": {"join": ["changed"]}}}, "streams.s.version", "changed"),
        (
            {"mapping": {"properties": {"mail": "email"}}, "drop_properties": ["email"]},
            "drop_properties",
            "email",
        ),
    ],
)
def test_a_path_that_the_schema_lacks_is_a_warning_at_schema_and_at_the_end(
    warnings, config, setting, path
):
    at_schema = f"{setting}: the schema of stream s has no {path}"
    at_end = f"{setting}: {path} matched nothing in this run"
    found, table = warnings(RECORD, **config)
    assert at_schema in found
    assert at_end in found
    assert at_end in table
    assert warnings(**config)[0].count(at_end) == 0, "no record, no verdict"


@pytest.mark.parametrize(
    "config",
    [
        {"drop_properties": ["text", "user.name", "items.sku", "items.0.sku", "raw.x"]},
        {"hash_properties": ["email", "record_id"], "mapping": {"drop": ["mail"]}}
        | {"mapping": {"rename": {"email": "mail"}, "drop": ["mail"]}},
        {"mapping": {"anonymous_id": ["device", "email"]}},
        {"mapping": {"when": {"kind": ["a"], "raw.x": 1, "email": {"exists": True}}}},
        {"mapping": {"properties": {"mail": "email"}}, "drop_properties": ["mail"]},
        {"mapping": {"properties": {"who": {"join": ["email", "id"]}}, "drop": ["who"]}},
    ],
)
def test_paths_that_the_input_has_are_no_warning(warnings, config):
    assert warnings(RECORD, **config)[0] == []


def test_a_path_that_only_records_have_is_no_warning_at_the_end(warnings):
    found, _ = warnings(RECORD, {**RECORD, "id": "2", "extra": 1}, drop_properties=["extra"])
    assert found == ["drop_properties: the schema of stream s has no extra"]


def test_a_path_that_a_schema_leaves_open_is_a_warning_only_if_no_record_has_it(warnings):
    found, _ = warnings(RECORD, drop_properties=["raw.y"])
    assert found == ["drop_properties: raw.y matched nothing in this run"]


def test_a_path_of_another_configured_stream_is_no_warning_at_schema(warnings):
    other = {"other": {"user_id": "id", "properties": {"message_text": "text"}}}
    found, _ = warnings(RECORD, streams=other, drop_properties=["message_text"])
    assert found == ["drop_properties: message_text matched nothing in this run"]


def test_a_condition_that_lets_no_record_pass_names_path_and_values(warnings):
    records = [
        {**RECORD, "id": str(n), "kind": kind} for n, kind in enumerate(["A", "A", "B_C", "B_C"])
    ]
    when = {"kind": ["normal"], "email": {"exists": True}}
    said = "streams.s.when: kind let no record pass; it had A (2), B_C (2)"
    found, table = warnings(*records, mapping={"when": when})
    assert found == [said]
    assert said in table
    passed = {**RECORD, "id": "9", "kind": "normal"}
    assert warnings(*records, passed, mapping={"when": when})[0] == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ada@example.com", "a text"),
        ("Ada", "a text"),
        ("ada", "a text"),
        ("two words", "a text"),
        ("Normal", "Normal"),
        (None, "no value"),
        (False, "false"),
        (4711, "a number"),
        ({"a": 1}, "an object"),
        (["a"], "a list"),
    ],
)
def test_a_value_that_may_be_personal_is_not_shown(warnings, value, shown):
    record = {**RECORD, "raw": {"x": value}}
    found, _ = warnings(record, mapping={"when": {"raw.x": "normal"}})
    assert found == [f"streams.s.when: raw.x let no record pass; it had {shown} (1)"]


def test_a_word_is_shown_if_two_records_have_it_or_the_schema_lists_it(run, settings, caplog):
    listed = {"type": "string", "enum": ["LISTED", "other"]}
    run(
        {**settings, "streams": {"s": {"user_id": "id", "when": {"kind": "normal"}}}},
        {
            "type": "SCHEMA",
            "stream": "s",
            "schema": {"properties": {"id": {}, "kind": listed}},
            "key_properties": ["id"],
        },
        *(
            {"type": "RECORD", "stream": "s", "record": {"id": str(n), "kind": kind}}
            for n, kind in enumerate(["LISTED", "other"])
        ),
    )
    assert "kind let no record pass; it had LISTED (1), other (1)" in caplog.text


def test_values_without_number_are_not_shown(warnings):
    names = [f"{a}{b}" for a in "abcd" for b in "abcd"]
    records = [{**RECORD, "id": name, "kind": name} for name in names]
    found, _ = warnings(*records, mapping={"when": {"kind": "normal"}})
    assert found == ["streams.s.when: kind let no record pass; it had many different values"]


def test_another_schema_of_a_stream_continues_what_was_seen_before(run, settings, caplog):
    wider = {"properties": {**SCHEMA["properties"], "more": {}}}
    run(
        {**settings, "streams": {"s": {"user_id": "id", "when": {"kind": "a"}}}},
        {"type": "SCHEMA", "stream": "s", "schema": SCHEMA, "key_properties": ["id"]},
        {"type": "RECORD", "stream": "s", "record": RECORD},
        {"type": "SCHEMA", "stream": "s", "schema": wider, "key_properties": ["id"]},
        {"type": "RECORD", "stream": "s", "record": {**RECORD, "kind": "b"}},
    )
    assert "let no record pass" not in caplog.text


def test_flattening_of_fields_that_the_preset_needs_is_an_error_at_schema(run, settings):
    schema = {
        "properties": {
            "id": {"type": "string"},
            "message_type": {"type": "string"},
            "actor": {"type": "object", "properties": {"type": {"type": "string"}}},
        }
    }
    config = {**settings, "preset": "freshchat", "streams": {}}
    message = {
        "type": "SCHEMA",
        "stream": "message_events",
        "schema": schema,
        "key_properties": ["id"],
    }
    assert run(config, message).status == 0
    flat = {"flattening_enabled": True, "flattening_max_depth": 2}
    finished = run({**config, **flat}, message)
    assert finished.status == 1
    [error] = finished.errors
    assert error == (
        "streams.message_events: the preset needs actor, which flattening has renamed "
        "(actor__type); set flattening_enabled: false"
    )


@pytest.mark.parametrize(
    ("schema", "path", "has"),
    [
        (True, "a", None),
        ({}, "a", None),
        ({"properties": {"a.b": {}}}, "a.b", True),
        ({"properties": {"a": True}}, "a.b", None),
        ({"properties": {"a": {"anyOf": [{}]}}}, "a.b", None),
        ({"properties": {"a": {"type": ["null", "string"]}}}, "a.b", False),
        ({"properties": {"a": {"items": {"properties": {"b": {}}}}}}, "a.0.b", True),
        ({"properties": {"a": {"items": {"properties": {"b": {}}}}}}, "a.c", False),
        ({"properties": {"a": {}}, "additionalProperties": True}, "b", None),
        ({"properties": {"a": {}}, "additionalProperties": False}, "b", False),
    ],
)
def test_a_schema_has_a_path_or_lacks_it_or_does_not_tell(schema, path, has):
    assert has_path(schema, path) is has
