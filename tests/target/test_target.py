"""Target: whole runs as Singer and a user see them."""

import gc
import json
import stat
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from fakes.malformed import malformed_host
from fakes.segment import Scripted

from target_segment.sdk import ConfigInput
from target_segment.sinks import SegmentSink
from target_segment.target import TargetSegment

TIME = "2026-11-22T10:55:22.220000+00:00"


def schema(stream="orders", properties=None, keys=("id",), **more):
    definition = {"type": "object", "properties": properties or {"id": {}}, **more}
    return {"type": "SCHEMA", "stream": stream, "schema": definition, "key_properties": list(keys)}


def record(stream="orders", **fields):
    return {"type": "RECORD", "stream": stream, "record": fields}


def state(value):
    return {"type": "STATE", "value": value}


def with_number(text):
    """Return a RECORD line with this text as a number."""
    return '{"type":"RECORD","stream":"orders","record":{"id":1,"user":"u","n":' + text + "}}"


def orders(count, start=0):
    return [record(id=number, user=f"u{number}") for number in range(start, start + count)]


def test_records_become_events_and_the_last_state_is_emitted(run, settings, segment):
    finished = run(settings, schema(), *orders(3), state({"bookmark": "b"}))
    assert finished.status == 0
    assert finished.states == [{"bookmark": "b"}]
    assert finished.errors == []
    assert segment.names == ["Order Placed"] * 3
    assert segment.swallowed == []
    assert segment.complaints == []


def test_an_event_looks_as_segment_documents_it(run, settings, segment):
    settings["streams"] = {
        "orders": {"user_id": "user", "anonymous_id": "device", "timestamp": "at"}
    }
    settings["integrations"] = {"All": False}
    settings["context"] = {"app": {"name": "shop"}}
    settings["historical"] = True
    run(settings, schema(), record(id=7, user=5, device="d", at=TIME, total=1.10))
    [event] = segment.accepted
    version = event["context"]["library"].pop("version")
    assert version
    assert event == {
        "type": "track",
        "event": "Orders",
        "userId": "5",
        "anonymousId": "d",
        "messageId": event["messageId"],
        "timestamp": TIME,
        "properties": {"record_id": 7, "user": 5, "device": "d", "at": TIME, "total": 1.1},
        "context": {
            "app": {"name": "shop"},
            "active": False,
            "library": {"name": "target-segment"},
        },
        "integrations": {"All": False},
    }


def test_running_again_sends_the_same_ids(run, settings, segment):
    run(settings, schema(), *orders(3))
    run(settings, schema(), *orders(3))
    assert len(segment.accepted) == 3
    assert [why for _, why in segment.swallowed] == ["duplicate"] * 3


def test_another_write_key_yields_other_ids(run, settings, segment):
    segment.write_keys.add("key-2")
    run(settings, schema(), *orders(2))
    run({**settings, "write_key": "key-2"}, schema(), *orders(2))
    assert len(set(segment.ids)) == 4


def test_events_of_all_streams_share_batches_in_the_order_of_the_input(run, settings, segment):
    settings["streams"] = {"*": {"user_id": "user"}}
    messages = [schema("a"), schema("b")]
    messages += [record("ab"[number % 2], id=number, user="u") for number in range(10)]
    run(settings, *messages)
    assert len(segment.received) == 1
    assert [event["properties"]["record_id"] for event in segment.accepted] == list(range(10))


def test_each_state_can_be_delivered_before_the_next_message(run, settings):
    settings["state_flush_seconds"] = 0
    finished = run(settings, schema(), *orders(2), state({"n": 1}), *orders(1, 2), state({"n": 2}))
    assert finished.states == [{"n": 1}, {"n": 2}]


def test_state_is_relayed_unchanged(run, settings):
    value = {"f": 1.5, "big": 123456789012345678901234567890, "text": "é", "none": None}
    assert run(settings, state(value)).states == [value]


def test_an_empty_state_is_not_relayed(run, settings):
    assert run(settings, schema(), *orders(1), state({})).states == []


@pytest.mark.parametrize(
    "number", ["0.1", "1.10", "-7", "12345678901234567890123", "0.30000000000000004", "3.0"]
)
def test_numbers_keep_their_digits(run, settings, number):
    settings["dry_run"] = True
    run(settings, schema(), with_number(number))
    [path] = Path(settings["output_path"]).glob("*.jsonl")
    assert f'"n":{number}' in path.read_text()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_nan_and_infinity_are_dead_letters_that_keep_their_text(run, settings, segment, number):
    finished = run(settings, schema(), with_number(number), *orders(1, 5))
    assert finished.status == 0
    assert len(segment.accepted) == 1
    entry = Path(settings["dead_letter_path"]).read_text()
    assert "not_a_number" in entry
    assert f'"n":{number}' in entry


def test_nan_where_the_schema_requires_a_number_is_a_dead_letter_too(run, settings, segment, dead):
    typed = schema(properties={"id": {}, "n": {"type": "number"}})
    finished = run(settings, typed, with_number("NaN"), *orders(1, 5))
    assert finished.status == 0
    assert len(segment.accepted) == 1
    assert "NaN" in dead()[0]["reason"]["text"]


def test_an_invalid_record_is_a_dead_letter_that_names_the_field(run, settings, segment, dead):
    typed = schema(
        properties={
            "id": {},
            "user": {"type": "string"},
            "a": {"type": "object", "properties": {"b": {"type": "integer"}}},
        }
    )
    finished = run(settings, typed, record(id=1, user="u", a={"b": "secret text"}), *orders(1, 2))
    assert finished.status == 0
    assert len(segment.accepted) == 1
    [entry] = dead()
    assert entry["reason"] == {
        "code": "invalid_record",
        "text": "a.b breaks the schema's 'type'",
    }
    assert entry["record"]["a"] == {"b": "secret text"}
    assert "secret text" not in finished.table


@pytest.mark.parametrize(
    ("definition", "value", "expected"),
    [
        ({"additionalProperties": {"type": "integer"}}, {"jane@x.com": "a"}, "a.*: type"),
        ({"patternProperties": {"^j": {"type": "null"}}}, {"jane": 1}, "a.^j: type"),
        ({"items": {"type": "integer"}}, [*range(617), "jane"], "a.*: type"),
        ({"items": [{"type": "integer"}]}, ["jane"], "a.*: type"),
        ({"properties": {"properties": False}}, {"properties": 1}, "a.properties: properties"),
        ({"propertyNames": {"maxLength": 1}}, {"jane": 1}, "a: maxLength"),
        ({"$ref": "#/definitions/name"}, "jane", "name: type"),
    ],
)
def test_the_reason_of_a_dead_letter_quotes_only_the_schema(
    run, settings, dead, *, definition, value, expected
):
    typed = schema(properties={"a": definition}, definitions={"name": {"type": "integer"}})
    finished = run(settings, typed, record(user="u", id=1, a=value))
    [entry] = dead()
    place, keyword = expected.split(": ")
    assert entry["reason"]["text"] == f"{place} breaks the schema's '{keyword}'"
    for content in ("jane", "617"):
        assert content not in finished.table


def test_validation_can_be_turned_off(run, settings, segment):
    settings["validate_records"] = False
    run(settings, schema(properties={"id": {"type": "string"}}), *orders(1))
    assert len(segment.accepted) == 1


def test_an_event_without_identity_is_a_dead_letter(run, settings, segment, dead):
    finished = run(settings, schema(), record(id=1, user=None), record(id=2, user=""))
    assert finished.status == 0
    assert segment.received == []
    assert [entry["reason"]["code"] for entry in dead()] == ["no_identity"] * 2


def test_an_event_of_32_kb_is_sent_and_a_larger_one_is_a_dead_letter(run, settings, segment, dead):
    run(settings, schema(), record(id=1, user="u", text="x" * 31_600))
    run(settings, schema(), record(id=2, user="u", text="x" * 32_000), *orders(1, 5))
    assert len(segment.accepted) == 2
    [entry] = dead()
    assert entry["reason"]["code"] == "too_large"
    assert entry["event"]["properties"]["record_id"] == 2


def test_text_counts_in_bytes_as_utf8_and_is_not_escaped(run, settings, segment):
    run(settings, schema(), record(id=1, user="u", text="汉" * 10_000))
    assert segment.accepted[0]["properties"]["text"] == "汉" * 10_000


def test_one_rejected_event_among_many_is_the_only_one_not_delivered(run, settings, segment, dead):
    segment.is_poison = lambda event: event["properties"]["record_id"] == 617
    finished = run(settings, schema(), *orders(1000), state({"done": True}))
    assert finished.status == 0
    assert finished.states == [{"done": True}]
    assert len(segment.accepted) == 999
    [entry] = dead()
    assert entry["event"]["userId"] == "u617"
    assert "HTTP 400" in entry["reason"]["text"]


@pytest.mark.e2e
def test_one_rejected_event_in_100_000_leaves_99_999_delivered(run, settings, segment, dead):
    segment.is_poison = lambda event: event["userId"] == "u61700"
    finished = run(settings, schema(), *orders(100_000), state({"done": True}))
    assert finished.status == 0
    assert finished.states == [{"done": True}]
    assert len(set(segment.ids)) == len(segment.accepted) == 99_999
    [entry] = dead()
    assert entry["event"]["userId"] == "u61700"
    # Some sixty bodies, and what it takes to find one event in a body of 2,500.
    assert len(segment.received) < 70 + 2 * 13


def test_a_run_of_which_every_event_is_rejected_ends_soon(run, settings, segment):
    segment.is_poison = lambda _: True
    finished = run(settings, schema(), *orders(20_000), state({"done": True}))
    assert finished.status == 1
    assert finished.states == []
    assert "check api_url" in finished.errors[0]
    assert not Path(settings["dead_letter_path"]).exists()
    # Halving four bodies at once down to single events, and two requests for each further one.
    assert len(segment.received) < 4 * 13 + 2 * 10 + 4


def test_a_run_of_which_every_event_but_one_is_rejected_fails_at_the_limit_without_state(
    run, settings, segment, dead
):
    segment.is_poison = lambda event: event["userId"] != "u0"
    settings["max_dead_letters"] = 20
    settings["max_concurrency"] = 1
    finished = run(settings, schema(), *orders(20_000), state({"done": True}))
    assert finished.status == 1
    assert finished.states == []
    assert len(dead()) == 20
    assert "max_dead_letters" in finished.errors[0]
    assert len(segment.received) < 13 + 2 * 20 + 4


def test_an_unknown_write_key_stops_the_run_before_anything_is_sent(run, settings, segment):
    finished = run({**settings, "write_key": "key-9"}, schema(), *orders(1), state({"n": 1}))
    assert finished.status == 1
    assert finished.states == []
    assert segment.received == []
    assert len(finished.errors) == 1
    assert "write_key" in finished.errors[0]
    assert "key-9" not in finished.errors[0] + finished.table


def test_a_failed_write_key_check_is_a_warning(run, settings, caplog):
    settings["cdn_url"] = "http://127.0.0.1:9"
    assert run(settings, schema(), *orders(1)).status == 0
    assert "no response from cdn_url" in caplog.text
    assert "key-1" not in caplog.text


def test_a_malformed_header_in_the_write_key_check_does_not_log_the_key(run, settings, caplog):
    caplog.set_level("DEBUG", logger="urllib3")
    with malformed_host() as settings["cdn_url"]:
        finished = run(settings, schema(), *orders(1))
    assert finished.status == 0
    assert "key-1" not in caplog.text + finished.table


def test_the_write_key_check_can_be_turned_off(run, settings, segment):
    run({**settings, "check_write_key": False}, schema(), *orders(1))
    assert segment.looked_up == []


def test_nothing_is_requested_before_the_first_stream(run, settings, segment):
    assert run(settings).status == 0
    assert segment.looked_up == []


def test_a_dry_run_writes_the_request_bodies_and_sends_nothing(run, settings, segment):
    settings.update(dry_run=True, write_key=None)
    finished = run(settings, schema(), *orders(3), state({"n": 1}))
    assert finished.status == 0
    assert finished.states == [{"n": 1}]
    assert segment.received == segment.looked_up == []
    [path] = Path(settings["output_path"]).glob("*.jsonl")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [body] = map(json.loads, path.read_text().splitlines())
    assert sorted(body) == ["batch", "sentAt"]
    assert [event["userId"] for event in body["batch"]] == ["u0", "u1", "u2"]
    assert str(path) in finished.table


def test_a_dry_run_warns_once_that_state_is_emitted(run, settings, caplog):
    for dry_run, warnings in ((True, 1), (False, 0)):
        run({**settings, "dry_run": dry_run}, schema(), *orders(1), schema("refunds"))
        assert sum("STATE is emitted" in each for each in caplog.messages) == warnings


def test_a_stream_without_mapping_is_an_error_that_says_what_to_add(run, settings):
    finished = run(settings, schema("refunds"), state({"n": 1}))
    assert finished.status == 1
    assert finished.states == []
    assert "streams.refunds" in finished.errors[0]


def test_streams_without_mapping_can_be_skipped_and_are_counted(run, settings):
    settings["unmapped_streams"] = "skip"
    finished = run(settings, schema("refunds"), record("refunds", id=1), record("refunds", id=2))
    assert finished.status == 0
    assert "refunds: no mapping" in finished.table


def test_a_mapped_stream_that_is_not_in_the_input_is_logged(run, settings, caplog):
    run(settings, schema("orders"))
    assert "never" not in caplog.text
    settings["streams"] = {**settings["streams"], "oders": settings["streams"]["orders"]}
    run(settings, schema("orders"))
    assert "oders" in caplog.text


def test_the_stream_of_an_optional_event_that_is_not_in_the_input_is_logged(run, settings, caplog):
    asked = {**settings, "preset": "freshchat", "streams": {}, "unmapped_streams": "skip"}
    run(asked, schema("orders"))
    assert "not in the input" not in caplog.text
    run({**asked, "include_events": ["onCsatSubmit"]}, schema("orders"))
    [warning] = [each for each in caplog.messages if "not in the input" in each]
    assert warning.endswith(": csat_events")


def test_a_stream_that_stream_maps_rename_counts_as_in_the_input(run, settings, caplog):
    settings["stream_maps"] = {"raw": {"__alias__": "orders"}}
    settings["streams"] = {**settings["streams"], "raw": settings["streams"]["orders"]}
    run(settings, schema("raw"))
    [warning] = [each for each in caplog.messages if "not in the input" in each]
    assert warning.endswith(": raw")


def test_a_record_before_its_schema_is_one_error_line(run, settings):
    finished = run(settings, record(id=1, user="secret"))
    assert finished.status == 1
    assert len(finished.errors) == 1
    assert "schema" in finished.errors[0]
    assert "secret" not in finished.errors[0]


@pytest.mark.parametrize(
    "broken",
    ['{"type":"RECORD","stream":"orders","record":{"secret"', "[1]", '{"secret":1}', '"secret"'],
)
def test_a_malformed_line_is_one_error_line_with_its_number_only(run, settings, broken):
    finished = run(settings, schema(), *orders(1), broken, state({"n": 1}))
    assert finished.status == 1
    assert finished.states == []
    [error] = finished.errors
    assert "Line 3" in error
    assert "secret" not in error


def in_latin_1(message):
    return json.dumps(message, ensure_ascii=False).encode("latin-1")


def test_a_record_whose_line_is_not_utf_8_is_a_dead_letter(run, settings, segment, dead, caplog):
    finished = run(
        settings, schema(), in_latin_1(record(id=1, user="André")), *orders(1, 2), state({"n": 1})
    )
    assert finished.status == 0
    assert finished.states == [{"n": 1}]
    assert len(segment.accepted) == 1
    [entry] = dead()
    assert entry["reason"]["code"] == "not_utf_8"
    assert entry["record"] == {"id": 1, "user": "Andr\ufffd"}
    warnings = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert "Line 2 of the input is not UTF-8" in warnings
    assert any(each.startswith("Lines of the input: 1 not UTF-8") for each in warnings)
    assert "not UTF-8" in finished.table
    assert "Andr" not in caplog.text + finished.table


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"RECORD","stream":"orders","record":{"user":"Andr\xe9"',
        b'{"type":"RECORD","stream":"orders","record":"Andr\xe9"}',
        b'{"type":"BATCH","stream":"orders","encoding":{},"manifest":["Andr\xe9"]}',
    ],
)
def test_a_line_whose_records_cannot_be_read_is_kept(run, settings, segment, dead, line):
    finished = run(settings, schema(), line, *orders(1), state({"n": 1}))
    assert finished.status == 0
    assert len(segment.accepted) == 1
    [entry] = dead()
    assert entry["line"] == line.decode(errors="replace")
    assert "dead letters" in finished.table
    assert "Andr" not in finished.table


def test_a_schema_that_is_not_utf_8_is_used(run, settings, segment):
    described = schema(properties={"id": {"description": "clé"}})
    assert run(settings, in_latin_1(described), *orders(1)).status == 0
    assert len(segment.accepted) == 1


def test_control_characters_of_a_stream_name_reach_neither_logs_nor_the_summary(
    run, settings, segment, caplog
):
    caplog.set_level("DEBUG")
    name = "a\x1b[31m\r\nERROR b\u202e"
    settings["streams"] = {"*": {"user_id": "user"}}
    odd = schema(name, properties={"id": {"type": "x"}})
    finished = run(settings, odd, record(name, id=1, user="u"), record(name, id=2))
    assert len(segment.accepted) == 1
    assert "\\x1b[31m\\r\\nERROR b\\u202e" in finished.table
    assert all(line.isprintable() for line in finished.table.split("\n"))
    shown = [text for each in caplog.records for text in (each.name, each.getMessage())]
    assert any("\\x1b" in each for each in shown)
    assert all(each.isprintable() for each in shown)


@pytest.mark.parametrize("missing", ["stream", "record"])
def test_an_incomplete_record_message_is_named_by_its_line_number(run, settings, missing):
    message = record(id=1, user="secret")
    del message[missing]
    [error] = run(settings, schema(), message).errors
    assert missing in error
    assert "secret" not in error


def test_a_run_without_stdin_is_one_error_line(settings, monkeypatch, caplog):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SystemExit) as end:
        TargetSegment.invoke(config=ConfigInput(config=settings))
    assert end.value.code == 1
    [error] = [each.message for each in caplog.records if each.levelname == "ERROR"]
    assert "stdin is closed" in error


def test_a_run_without_stdout_is_one_error_line(run, settings, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    finished = run(settings, schema(), *orders(1), state({"n": 1}))
    assert finished.status == 1
    assert finished.errors == ["STATE cannot be written: stdout is closed"]


def test_a_record_without_its_key_is_a_dead_letter(run, settings, segment):
    finished = run(settings, schema(), record(user="secret"), *orders(1))
    assert finished.status == 0
    assert "'id' is missing" in finished.table
    assert "secret" not in finished.table
    assert len(segment.accepted) == 1


def test_an_invalid_part_of_a_schema_is_ignored_with_a_warning(run, settings, segment, caplog):
    wrong = schema(properties={"id": {"type": 5, "description": "long " * 500}})
    finished = run(settings, wrong, *orders(1))
    assert finished.status == 0
    assert len(segment.accepted) == 1
    [warning] = [each.message for each in caplog.records if "cannot be read" in each.message]
    assert "'orders'" in warning
    assert warning.endswith(": type")


def test_the_schema_of_a_skipped_stream_may_be_invalid(run, settings, segment):
    settings["unmapped_streams"] = "skip"
    odd = schema("others", properties={"id": {"exclusiveMaximum": True}})
    finished = run(settings, odd, record("others", id=1), schema(), *orders(1))
    assert finished.status == 0
    assert len(segment.accepted) == 1


def test_a_reference_elsewhere_is_ignored_with_one_warning_and_not_fetched(
    run, settings, segment, caplog
):
    elsewhere = schema(properties={"id": {"$ref": f"{segment.cdn_url}/schema.json"}})
    wider = {**elsewhere, "key_properties": []}
    finished = run({**settings, "check_write_key": False}, elsewhere, *orders(1), wider, elsewhere)
    assert finished.status == 0
    assert len(segment.accepted) == 1
    [warning] = [each.message for each in caplog.records if "cannot be read" in each.message]
    assert warning == "SCHEMA of stream 'orders': ignored, because it cannot be read: $ref"
    assert segment.looked_up == []


@pytest.mark.parametrize(
    ("mapping", "is_sent"),
    [
        ({"user_id": "user"}, True),
        ({"user_id": "user", "properties": ["a"], "drop": ["a.b"]}, False),
        (
            {"user_id": "user", "properties": {"m": {"path": "n", "map": {"1": 1}}}},
            True,
        ),
        ({"user_id": "user", "drop": ["n", "extra", "a.b"]}, False),
        ({"user_id": "user", "drop": ["m"], "rename": {"n": "m"}}, True),
        ({"user_id": "user", "properties": ["a"], "drop": ["a.b"], "context": {"n": "n"}}, True),
        (
            {
                "user_id": "user",
                "properties": ["a"],
                "drop": ["a.b"],
                "timestamp": "at",
                "event": "name",
            },
            False,
        ),
    ],
)
def test_only_a_fault_in_a_field_that_is_sent_rejects_the_record(
    run, settings, segment, mapping, is_sent
):
    settings["streams"] = {"orders": mapping}
    typed = schema(
        properties={
            "id": {"type": "integer"},
            "user": {"type": "string"},
            "n": {"type": "integer"},
            "at": {},
            "name": {},
            "a": {"properties": {"b": {"type": "null"}}, "required": ["b"]},
        },
        required=["id", "n", "extra"],
        additionalProperties=False,
        oneOf=[{"required": ["n"]}, {"required": ["user"]}],
    )
    faulty = record(id=1, user="u", n="x", extra=1, a={"b": 1}, at=TIME, name="N")
    assert run(settings, typed, faulty).status == 0
    assert len(segment.accepted) == (0 if is_sent else 1)


def test_nan_in_a_field_that_is_not_sent_does_not_reject_the_record(run, settings, segment):
    settings["drop_properties"] = ["n"]
    typed = schema(properties={"id": {}, "n": {"type": "number"}})
    run(settings, typed, with_number("NaN"))
    assert len(segment.accepted) == 1


@pytest.mark.parametrize(
    ("stream_map", "is_sent"),
    [
        ({"double": "n * 2"}, True),
        ({"double": "id * 2"}, True),
        ({"n": None}, False),
        ({"__else__": None, "id": "id", "user": "user", "m": "n"}, True),
        ({"__else__": None, "id": "id", "user": "user"}, False),
    ],
)
def test_a_record_is_checked_before_stream_maps_if_they_send_the_field(
    run, settings, segment, stream_map, is_sent
):
    settings["stream_maps"] = {"orders": stream_map}
    typed = schema(properties={"id": {"type": "integer"}, "user": {}, "n": {"type": "integer"}})
    faulty = record(id=1, user="u", n="x")
    run(settings, typed, faulty)
    assert len(segment.accepted) == (0 if is_sent else 1)


def test_what_flattening_makes_is_not_checked(run, settings, segment):
    settings["flattening_enabled"] = True
    settings["flattening_max_depth"] = 2
    # The SDK flattens a list to text, and declares what it was.
    typed = schema(
        properties={
            "id": {},
            "a": {"type": "object", "properties": {"b": {"type": "array", "items": {}}}},
        }
    )
    run(settings, typed, record(id=1, user="u", a={"b": [1]}), record(id=2, user="u", a=5))
    [event] = segment.accepted
    assert event["properties"]["a__b"] == "[1]"


def test_singers_own_columns_do_not_change_the_id_of_a_record_without_key(run, settings, segment):
    for time in ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"):
        run(settings, schema(keys=()), record(n=1, user="u", _sdc_batched_at=time))
    assert len(segment.accepted) == 1
    assert [why for _, why in segment.swallowed] == ["duplicate"]


def test_streams_with_the_same_alias_keep_their_own_schemas_and_keys(run, settings, segment):
    settings["stream_maps"] = {"a": {"__alias__": "orders"}, "b": {"__alias__": "orders"}}
    one = schema("a", properties={"id": {"type": "integer"}})
    other = schema("b", properties={"code": {"type": "string"}}, keys=["code"])
    finished = run(
        settings,
        one,
        other,
        record("a", id=1, user="u"),
        record("b", code="x", user="u"),
        one,
        record("b", code="y", user="u"),
        record("a", id="not a number", user="u"),
    )
    assert finished.status == 0
    assert [event["properties"].get("code") for event in segment.accepted] == [None, "x", "y"]
    assert "id breaks the schema's 'type'" in finished.table


def test_lines_may_end_in_crlf_and_be_blank(run, settings, segment):
    messages = [json.dumps(each) for each in (schema(), *orders(2), state({"n": 1}))]
    finished = run(settings, *(f"{each}\r\n \t\r\n\n" for each in messages))
    assert finished.states == [{"n": 1}]
    assert len(segment.accepted) == 2


def test_stream_maps_and_flattening_work(run, settings, segment):
    settings["stream_maps"] = {"orders": {"user": "user", "id": "id", "loud": "user.upper()"}}
    settings["flattening_enabled"] = True
    settings["flattening_max_depth"] = 2
    typed = schema(properties={"id": {"type": "integer"}, "user": {"type": "string"}})
    run(settings, typed, record(id=1, user="ada"))
    assert segment.accepted[0]["properties"]["loud"] == "ADA"


def test_nan_as_text_is_its_literal(run, settings, segment):
    settings["stream_maps"] = {"orders": {"as_text": "str(n)", "as_list": "str([n])", "n": None}}
    settings["flattening_enabled"] = True
    settings["flattening_max_depth"] = 1
    typed = schema(properties={"id": {"type": "integer"}, "n": {}, "list": {"type": "array"}})
    run(settings, typed, with_number('NaN,"list":[-Infinity]'))
    sent = segment.accepted[0]["properties"]
    assert (sent["as_text"], sent["as_list"], sent["list"]) == ("NaN", "[NaN]", '["-Infinity"]')


def test_a_date_from_stream_maps_is_text_and_can_be_the_timestamp(run, settings, segment):
    settings["stream_maps"] = {
        "orders": {
            "day": "datetime.date.fromisoformat(text)",
            "at": "datetime.datetime.fromisoformat(text)",
        }
    }
    settings["streams"] = {"orders": {"user_id": "user", "timestamp": "at"}}
    typed = schema(properties={"id": {}, "text": {"type": "string"}})
    run(settings, typed, record(id=1, user="u", text="2026-11-22"))
    [event] = segment.accepted
    assert event["timestamp"] == "2026-11-22T00:00:00+00:00"
    assert event["properties"]["day"] == "2026-11-22"
    assert event["properties"]["at"] == "2026-11-22T00:00:00"


@pytest.mark.parametrize(
    ("expression", "kind"),
    [("n * 1.1", "TypeError"), ("sha256(nothing)", "AttributeError"), ("nothing.lower()", "Attr")],
)
def test_a_failed_stream_map_is_named_by_its_stream_and_error(run, settings, expression, kind):
    settings["stream_maps"] = {"orders": {"new": expression}}
    finished = run(settings, schema(), with_number('1.5,"nothing":null,"text":"secret"'))
    assert finished.status == 1
    [error] = finished.errors
    assert error.startswith("stream_maps.orders: ")
    assert kind in error
    assert "secret" not in error
    assert "bug" not in error


def test_stream_maps_can_make_several_streams_of_one(run, settings, segment):
    settings["stream_maps"] = {"copies": {"__source__": "orders", "id": "id", "user": "user"}}
    settings["streams"] = {"*": {"user_id": "user"}}
    typed = schema(properties={"id": {"type": "integer"}, "user": {"type": "string"}})
    run(settings, typed, record(id=1, user="ada"))
    assert sorted(segment.names) == ["Copies", "Orders"]


def test_a_record_becomes_the_same_event_in_a_line_of_any_form_and_in_a_file(
    run, settings, segment, tmp_path
):
    typed = schema(
        properties={
            "id": {"type": "integer"},
            "user": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "_sdc_sequence": {"type": "integer"},
        }
    )
    records = [
        record(id=1, user="u", at=TIME, _sdc_sequence=5),
        record(id=2, user="v", at="2026-01-01"),
    ]
    # NaN anywhere in a line takes it from the fast decoder.
    slow = [json.dumps({**each, "version": float("nan")}) for each in records]
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(json.dumps(each["record"]) for each in records))
    encoding = {"format": "jsonl", "compression": "none"}
    batch = {"type": "BATCH", "stream": "orders", "encoding": encoding, "manifest": [str(file)]}
    for messages in (records, slow, [batch]):
        assert run(settings, typed, *messages).status == 0
    first, second, third = (received.body["batch"] for received in segment.received)
    assert [event["properties"] for event in first] == [
        {"record_id": 1, "user": "u", "at": TIME},
        {"record_id": 2, "user": "v", "at": "2026-01-01"},
    ]
    assert first == second == third


def test_a_stream_that_stream_maps_remove_needs_no_mapping_and_is_counted(run, settings):
    settings["stream_maps"] = {"refunds": None}
    finished = run(settings, schema("refunds"), record("refunds", id=1), schema(), *orders(1))
    assert finished.status == 0
    assert "refunds: removed by stream_maps" in finished.table


def test_records_that_stream_maps_filter_out_are_counted(run, settings, segment):
    settings["stream_maps"] = {"orders": {"__filter__": "id > 1", "id": "id", "user": "user"}}
    typed = schema(properties={"id": {"type": "integer"}, "user": {"type": "string"}})
    finished = run(settings, typed, *orders(5))
    assert len(segment.accepted) == 3
    [line] = [line for line in finished.table.splitlines() if "filtered out" in line]
    assert " ".join(line.split()) == "skipped orders: filtered out by stream_maps 2"


def test_a_changed_schema_and_activate_version_lose_nothing(run, settings, segment):
    version = {"type": "ACTIVATE_VERSION", "stream": "orders", "version": 2}
    wider = schema(properties={"id": {}, "more": {}})
    finished = run(settings, schema(), *orders(2), wider, *orders(2, 2), version, state({"n": 1}))
    assert finished.states == [{"n": 1}]
    assert len(segment.accepted) == 4


def test_a_further_stream_costs_the_same_however_many_there_are(run, settings):
    def calls(streams):
        counted = 0

        def count(_, event, __):
            nonlocal counted
            counted += event == "call"

        names = [f"s{number}" for number in range(streams)]
        messages = [each for name in names for each in (schema(name), record(name, id=1, user="u"))]
        sys.setprofile(count)
        try:
            run({**settings, "dry_run": True, "streams": {"*": {"user_id": "user"}}}, *messages)
        finally:
            sys.setprofile(None)
        return counted

    calls(1)
    few, more, most = calls(20), calls(60), calls(100)
    assert most - more < 1.1 * (more - few)


def test_a_replaced_schema_is_not_held_in_memory(settings, segment):
    held = []

    def changing():
        for number in range(4):
            yield json.dumps(schema(properties={"id": {}, f"field_{number}": {}})).encode()
            yield json.dumps(record(id=number, user="u")).encode()
            gc.collect()
            held.append(sum(type(each) is SegmentSink for each in gc.get_objects()))

    with pytest.raises(SystemExit):
        TargetSegment.invoke(config=ConfigInput(config=settings), file_input=changing())
    assert held == held[:1] * 4
    assert len(segment.accepted) == 4


def test_a_full_disk_under_dead_letters_ends_the_run_without_state(run, settings):
    settings["dead_letter_path"] = "/dev/full"
    finished = run(settings, schema(), record(id=1, user=None), state({"n": 1}))
    assert finished.status == 1
    assert finished.states == []
    assert "dead_letter_path" in finished.errors[0]


def test_an_unexpected_error_names_its_place_and_quotes_nothing(settings, caplog, capsys):
    def broken_input():
        for message in (schema(), *orders(1), state({"n": 1})):
            yield json.dumps(message).encode() + b"\n"
        raise KeyError("secret")

    with pytest.raises(SystemExit) as end:
        TargetSegment.invoke(config=ConfigInput(config=settings), file_input=broken_input())
    assert end.value.code == 1
    assert capsys.readouterr().out == ""
    [error] = [each.message for each in caplog.records if each.levelname == "ERROR"]
    assert "secret" not in error
    assert "KeyError at test_target.py" in error


def test_the_summary_table_counts_everything_once(run, settings):
    settings["streams"] = {
        "orders": {
            "event": {"value": "Order Placed"},
            "user_id": "user",
            "anonymous_id": ["device", "basket"],
            "when": {"status": "paid"},
        }
    }
    paid = {"status": "paid"}
    finished = run(
        settings,
        schema(),
        record(id=1, user="u", device="d", **paid),
        record(id=2, device="d", **paid),
        record(id=3, basket="b", **paid),
        record(id=3, basket="b", **paid),
        record(id=4, **paid),
        record(id=5, user="u", status="open"),
    )
    counts = {
        " ".join(line.split()[:-1]): line.split()[-1]
        for line in finished.table.splitlines()
        if line.split()
    }
    assert counts["sent events"] == "3"
    assert counts["sent Order Placed"] == "3"
    assert counts["identified by userId"] == "1"
    assert counts["identified by anonymousId"] == "1"
    assert counts["identified by anonymousId from basket"] == "1"
    assert counts["skipped orders: left out by when: status"] == "1"
    assert counts["merged same message id in one request"] == "1"
    assert any("neither userId nor anonymousId" in what for what in counts)
    assert settings["dead_letter_path"] in finished.table


def test_event_names_from_records_are_one_line_of_the_table_and_not_shown(run, settings):
    settings["streams"] = {
        "orders": {"event": "kind", "user_id": "user"},
        "visits": {"event": {"path": "kind", "map": {"in": "Entered"}}, "user_id": "user"},
        "*": {"user_id": "user"},
        "people": {"call": "identify", "user_id": "user"},
    }
    settings["event_names"] = {"Bought": "Order Paid"}
    kinds = [*(f"what a person wrote {number}" for number in range(300)), "Bought"]
    finished = run(
        settings,
        *map(schema, ("orders", "visits", "other_things", "people")),
        *(record(id=number, user="u", kind=kind) for number, kind in enumerate(kinds)),
        *(record(stream, id=1, user="u", kind="in") for stream in ("visits", "other_things")),
        record("people", id=1, user="u"),
    )
    rows = [line.split(None, 1)[1].rsplit(None, 1) for line in finished.table.splitlines()[3:8]]
    assert dict(rows) == {
        "Entered": "1",
        "Order Paid": "1",
        "Other Things": "1",
        "identify": "1",
        "orders: names from a field": "300",
    }
    assert "person" not in finished.table


def test_nothing_secret_is_ever_logged(run, settings, segment, caplog, monkeypatch):
    monkeypatch.setenv("TARGET_SEGMENT_LOGLEVEL", "DEBUG")
    caplog.set_level("DEBUG")
    segment.is_poison = lambda _: True
    settings["hash_salt"] = "pepper-and-salt"
    finished = run(settings, schema(), record(id=1, user="ada@example.com", text="my secret"))
    seen = caplog.text + finished.table
    for secret in ("key-1", "ada@example.com", "my secret", "pepper-and-salt"):
        assert secret not in seen


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (Scripted(status=401), "write_key"),
        (Scripted(status=403), "write_key"),
        (Scripted(status=400, json={"message": "An invalid write key was provided"}), "write_key"),
        (Scripted(status=301, headers={"Location": "https://elsewhere.example"}), "api_url"),
        (Scripted(status=404, json="<html>"), "api_url"),
        (Scripted(status=405), "api_url"),
        (Scripted(status=200, json="<html>A portal</html>"), "api_url"),
    ],
)
def test_a_permanent_error_is_one_error_line_without_state(run, settings, segment, response, says):
    segment.next_answers.append(response)
    finished = run(settings, schema(), *orders(3), state({"n": 1}))
    assert finished.status == 1
    assert finished.states == []
    assert segment.accepted == []
    [error] = finished.errors
    assert says in error
    assert "failed" in finished.table


@pytest.mark.parametrize("status", [408, 410, 429, 460, 500, 503, 529])
def test_a_temporary_error_loses_nothing(run, settings, segment, status):
    soon = {"Retry-After": "0.01"}
    segment.next_answers.extend(
        [Scripted(status=status, headers=soon), Scripted(status=status, headers=soon, stored=True)]
    )
    finished = run(settings, schema(), *orders(3), state({"n": 1}))
    assert finished.states == [{"n": 1}]
    assert len(segment.accepted) == 3
    assert {why for _, why in segment.swallowed} == {"duplicate"}
    assert "2 of them retries" in finished.table


def test_no_more_requests_are_in_flight_than_allowed_and_all_are_used(run, settings, segment):
    settings.update(max_concurrency=3, batch_max_events=1)
    segment.gate.clear()
    arrived: list[Any] = []

    def open_when_all_have_come():
        arrived.extend(segment.arrived.acquire(timeout=10) for _ in range(3))
        segment.gate.set()

    watcher = threading.Thread(target=open_when_all_have_come)
    watcher.start()
    run(settings, schema(), *orders(60))
    watcher.join()
    assert arrived == [True] * 3
    assert segment.most_at_once == 3
    assert len(segment.accepted) == 60


def test_a_wrong_clock_of_the_host_is_logged_once(run, settings, segment, caplog):
    segment.clock_ahead = 3600
    settings["batch_max_events"] = 1
    run(settings, schema(), *orders(3))
    [warning] = [entry for entry in caplog.messages if "clock" in entry]
    assert "behind" in warning
