"""Mapping of one stream: record to event."""

import copy
import sys
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_segment.errors import MappingError
from target_segment.json_codec import NotEncodableError, decode, encode
from target_segment.mapping.compiler import compile_mapping
from target_segment.mapping.message_ids import message_ids
from target_segment.mapping.properties import PrivacyRules, includes_whole_record
from target_segment.mapping.stream_mapping import SharedRules, Skipped, StreamInfo
from target_segment.segment_spec import InvalidEvent, validate_event

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def mapping(keys=("id",), schema=None, rules=None, **config):
    config = {"user_id": "user", **config}
    stream = StreamInfo(name="order_lines", keys=keys, schema=schema or {})
    return compile_mapping(config, stream, rules or SharedRules(), message_ids("key", "s"))


def event(record, **config):
    """Map a record; return its event as Segment receives it."""
    return decode(encode(mapping(**config).map({"user": "u", "id": 1, **record}).event))


def properties(record, **config):
    return event(record, **config)["properties"]


def test_an_event_is_named_after_its_stream_unless_configured():
    assert event({})["event"] == "Order Lines"
    assert event({}, event={"value": "Ordered"})["event"] == "Ordered"
    assert event({"kind": "Bought"}, event="kind")["event"] == "Bought"


def test_an_event_name_can_be_looked_up_and_unlisted_values_are_skipped():
    table = {"path": "type", "map": {"in": "Entered", "out": "Left"}}
    assert event({"type": "out"}, event=table)["event"] == "Left"
    assert isinstance(mapping(event=table).map({"user": "u", "id": 1, "type": "x"}), Skipped)


@pytest.mark.parametrize(
    ("kind", "name"), [(1, "1"), (True, "true"), (Decimal("1.50"), "1.50"), (0.5, "0.5")]
)
def test_numbers_and_booleans_are_looked_up_as_json_text(kind, name):
    table = {"path": "type", "map": {name: "Entered", "": "Never"}}
    assert event({"type": kind}, event=table)["event"] == "Entered"


def test_a_look_up_takes_names_with_dots_also_as_nested_names():
    for table in ({"invoice.paid": "Paid", "x": 1}, {"invoice": {"paid": "Paid"}, "x": 1}):
        assert (
            event({"type": "invoice.paid"}, event={"path": "type", "map": table})["event"] == "Paid"
        )


@pytest.mark.parametrize(
    "result", [{}, {"value": "Paid"}, {"path": "a", "map": {"b": "c"}}, {"join": ["a"]}]
)
def test_an_object_as_the_result_of_a_look_up_is_an_error_that_names_it(result):
    with pytest.raises(
        MappingError, match=r"^streams\.order_lines\.event\.map\.in: must be a text"
    ):
        mapping(event={"path": "type", "map": {"in": result}})


def test_an_empty_look_up_is_an_error_that_names_it():
    with pytest.raises(MappingError, match=r"^streams\.order_lines\.user_id\.map: is empty"):
        mapping(user_id={"path": "type", "map": {}})


@pytest.mark.parametrize("kind", [None, 5, True, ["in"], {"in": 1}])
def test_a_look_up_of_other_types_or_unlisted_values_finds_nothing(kind):
    table = {"path": "type", "map": {"in": "Entered", "null": "Never", '["in"]': "Never"}}
    assert isinstance(mapping(event=table).map({"user": "u", "id": 1, "type": kind}), Skipped)


@pytest.mark.parametrize("kind", [["in"], {"in": 1}])
def test_a_list_or_an_object_as_an_event_name_is_invalid(kind):
    with pytest.raises(InvalidEvent) as fault:
        mapping(event="kind").map({"user": "u", "id": 1, "kind": kind})
    assert fault.value.reason.code == "no_event_name"


def test_a_missing_or_non_string_event_name_is_invalid():
    for kind in (None, 5, ""):
        mapped = mapping(event="kind").map({"user": "u", "id": 1, "kind": kind})
        assert validate_event(mapped.event).code == "no_event_name"


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ("u", "u"),
        (5, "5"),
        (0, "0"),
        (Decimal("7.0"), "7.0"),
        (12345678901234567890, "12345678901234567890"),
    ],
)
def test_ids_are_sent_as_strings(user, sent):
    assert event({"user": user})["userId"] == sent


@pytest.mark.parametrize(
    ("written", "sent"),
    [("1e3", "1000"), ("1E16", "10000000000000000"), ("-2.50E1", "-25.0"), ("1e-7", "0.0000001")],
)
def test_an_id_never_has_a_power_of_ten(written, sent):
    assert event({"user": decode(written)})["userId"] == sent
    assert event({"id": decode(written)}, user_id={"key": True})["userId"] == sent


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0", "\u200b", "\0"])
def test_a_blank_text_is_no_id(blank):
    with pytest.raises(InvalidEvent, match="every key property is empty"):
        mapping().map({"user": "u", "id": blank})
    found = event({"mail": blank, "phone": " 5 "}, user_id=["mail", "phone"])
    assert found["userId"] == " 5 "
    found = event({"mail": blank, "phone": "5"}, user_id={"join": ["mail", "phone"]})
    assert found["userId"] == "5"
    found = event({"mail": blank, "phone": "5"}, user_id="mail", anonymous_id=["phone"])
    assert (found.get("userId"), found["anonymousId"]) == (None, "5")


def test_an_id_of_too_many_digits_is_invalid():
    with pytest.raises(InvalidEvent):
        mapping().map({"user": decode("1e99999"), "id": 1})


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("integer", "5"),
        (["null", "integer"], "5"),
        ("number", "5.0"),
        (["integer", "number"], "5.0"),
        ("string", "5.0"),
    ],
)
def test_an_integer_written_with_a_fraction_is_an_id_without_it(kind, sent):
    names = ("user", "device", "other", "company")
    schema = {"properties": {name: {"type": kind} for name in names}}
    config = {"user_id": ["user"], "anonymous_id": ["device", "other"], "group_id": "company"}
    record = dict.fromkeys(names, Decimal("5.0"))
    mapped = mapping(schema=schema, call="group", **config).map({"id": 1, **record}).event
    assert [mapped[name] for name in ("userId", "anonymousId", "groupId")] == [sent] * 3
    assert mapping(schema={"properties": {"user": True}}).map({"id": 1, "user": 5})
    half = mapping(schema=schema).map({"id": 1, "user": Decimal("5.5")}).event
    assert half["userId"] == "5.5"


@pytest.mark.parametrize("user", [True, ["u"], {"id": "u"}])
def test_an_id_that_is_neither_string_nor_number_is_invalid(user):
    with pytest.raises(InvalidEvent):
        mapping().map({"user": user, "id": 1})


def test_the_first_id_that_is_set_is_used():
    config = {"user_id": ["a", "b"], "anonymous_id": ["c", "d"]}
    assert (
        event({"a": "", "b": "2", "c": "3", "d": "4"}, **config).items()
        >= {
            "userId": "2",
            "anonymousId": "3",
        }.items()
    )


def test_a_fallback_identity_is_labelled_and_never_used_beside_a_user_id():
    config = {"anonymous_id": ["device", "basket"]}
    alone = mapping(**config).map({"id": 1, "basket": "b"})
    assert alone.event["anonymousId"] == "b"
    assert alone.identity == "anonymousId from basket"
    assert "anonymousId" not in event({"basket": "b"}, **config)


@pytest.mark.parametrize(
    ("record", "identity"),
    [
        ({"user": "u"}, "userId"),
        ({"user": "u", "device": "d"}, "userId"),
        ({"device": "d"}, "anonymousId"),
        ({"basket": "b"}, "anonymousId from basket"),
        ({"user": "u", "basket": "b"}, "userId"),
    ],
)
def test_an_event_has_the_identity_that_it_is_counted_by(record, identity):
    mapped = mapping(anonymous_id=["device", "basket"]).map({"id": 1, **record})
    assert mapped.identity == identity


def test_integrations_are_in_the_event_if_configured():
    rules = SharedRules(integrations={"Mixpanel": False})
    assert event({}, rules=rules)["integrations"] == {"Mixpanel": False}
    assert "integrations" not in event({})


def test_all_conditions_must_hold():
    config = {"when": {"status": ["paid", "sent"], "a.b": 1}}
    assert event({"status": "sent", "a": {"b": 1}}, **config)
    for record in ({"status": "open", "a": {"b": 1}}, {"status": "paid"}, {}):
        skipped = mapping(**config).map({"user": "u", "id": 1, **record})
        assert isinstance(skipped, Skipped)


@pytest.mark.parametrize(
    ("time", "sent"),
    [
        ("2026-11-22T10:55:22.220000+00:00", "2026-11-22T10:55:22.220000+00:00"),
        ("2026-11-22T10:55:22.220Z", "2026-11-22T10:55:22.220Z"),
        ("2026-11-22T10:55:22.123456789Z", "2026-11-22T10:55:22.123456789Z"),
        ("2026-11-22T12:55:22+02:00", "2026-11-22T12:55:22+02:00"),
        ("2026-11-22T10:55:22", "2026-11-22T10:55:22+00:00"),
        ("2026-11-22 10:55:22", "2026-11-22T10:55:22+00:00"),
        ("2026-11-22", "2026-11-22T00:00:00+00:00"),
    ],
)
def test_a_timestamp_gets_a_zone_and_is_otherwise_unchanged(time, sent):
    try:
        found = event({"at": time}, timestamp="at")
    except InvalidEvent:
        # Python 3.10 reads fewer forms; an event is then a dead letter, and no such time leaves.
        assert sys.version_info < (3, 11)
    else:
        assert found["timestamp"] == sent


@pytest.mark.parametrize(
    ("time", "sent", "hour"),
    [
        ("2026-11-22T12:55:22+02:00", "2026-11-22T12:55:22+02:00", 10),
        ("2026-11-22T10:55:22", "2026-11-22T10:55:22+00:00", 10),
        ("2026-11-22 12:55:22+02:00", "2026-11-22T12:55:22+02:00", 10),
        (datetime(2026, 11, 22, 10, 55, 22), "2026-11-22T10:55:22+00:00", 10),
        (
            datetime(2026, 11, 22, 12, 55, 22, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-22T12:55:22+02:00",
            10,
        ),
        (date(2026, 11, 22), "2026-11-22T00:00:00+00:00", 0),
    ],
)
def test_a_timestamp_is_read_in_every_iso_form(time, sent, hour):
    mapped = mapping(timestamp="at").map({"user": "u", "id": 1, "at": time})
    assert mapped.event["timestamp"] == sent
    assert mapped.time.astimezone(timezone.utc).hour == hour


@pytest.mark.parametrize(
    ("time", "sent"),
    [
        ("2026-01-02T03:04:05+00", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05+0530", "2026-01-02T03:04:05+05:30"),
        ("2026-01-02T03:04:05+05:30:15", "2026-01-01T21:33:50+00:00"),
        ("2026-01-02T03:04Z", "2026-01-02T03:04:00+00:00"),
        ("2026-W01-5T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("20260102T030405Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05.500000+00:00"),
        ("2026-01-02T03:04:05 Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05.Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02 03:04:05.1234567+00", "2026-01-02T03:04:05.1234567+00:00"),
        ("2026-01-02T03:04:05.123456789", "2026-01-02T03:04:05.123456789+00:00"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z"),
        ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05-00:00"),
    ],
)
def test_a_time_in_another_form_is_rewritten_in_rfc_3339_with_all_its_digits(time, sent):
    try:
        found = event({"at": time}, timestamp="at")
    except InvalidEvent:
        # Python 3.10 reads fewer forms; an event is then a dead letter, and no such time leaves.
        assert sys.version_info < (3, 11)
    else:
        assert found["timestamp"] == sent


@pytest.mark.parametrize(
    "time",
    ["2026-01-02T03:04:05:123Z", "2026-01-02T03:04:05T+00:00", "2026-01-02T03:04:052+00:00"],
)
def test_a_time_that_python_reads_and_rfc_3339_does_not_have_is_not_sent_as_it_is(time):
    # Whether Python reads these depends on its version; if it does not, they are dead letters.
    with suppress(InvalidEvent):
        assert event({"at": time}, timestamp="at")["timestamp"] != time


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-02T03:04:05:522",
        "2026-01-02T03:04:05:522Z",
        "2026-01-02503:04:05",
        "2026-01-02T03.5",
    ],
)
def test_a_time_that_only_python_reads_is_invalid(time):
    with pytest.raises(InvalidEvent, match="is not an ISO 8601 time"):
        mapping(timestamp="at").map({"user": "u", "id": 1, "at": time})


def test_a_time_that_has_no_rfc_3339_form_is_invalid():
    for time in ("0001-01-01T00:00:00+05:30:15", "2026-01-02T03:04:05 UTC", "10000-01-01"):
        with pytest.raises(InvalidEvent):
            mapping(timestamp="at").map({"user": "u", "id": 1, "at": time})


def test_an_event_without_a_time_has_no_timestamp():
    mapped = mapping().map({"user": "u", "id": 1})
    assert mapped.time is None
    assert "timestamp" not in mapped.event


@pytest.mark.parametrize(
    ("time", "says"), [(None, "is missing$"), ("soon", "not an ISO 8601 time$")]
)
def test_the_error_of_a_timestamp_distinguishes_missing_from_invalid(time, says):
    with pytest.raises(InvalidEvent, match=says) as fault:
        mapping(timestamp="at").map({"user": "u", "id": 1, "at": time})
    assert fault.value.reason.code == "bad_timestamp"


@pytest.mark.parametrize("time", ["17111123123", "1711112312345", "171111231234556"])
def test_epoch_milliseconds_as_text_are_not_read_as_a_date(time):
    with pytest.raises(InvalidEvent, match="is not an ISO 8601 time"):
        mapping(timestamp="at").map({"user": "u", "id": 1, "at": time})


@pytest.mark.parametrize("time", [None, "", "yesterday", "2026-13-01", 1795344922, "1795344922"])
def test_an_invalid_timestamp_is_never_replaced_by_the_time_of_sending(time):
    with pytest.raises(InvalidEvent, match="time"):
        mapping(timestamp="at").map({"user": "u", "id": 1, "at": time})


def test_a_whole_record_is_sent_without_nulls_and_singer_columns():
    record = {"a": 1, "b": None, "c": {"d": None}, "_sdc_sequence": 1}
    assert properties(record) == {"record_id": 1, "user": "u", "a": 1, "c": {"d": None}}


@pytest.mark.parametrize(
    "name", ["user_id", "userId", "UserID", "USER_ID", "User ID", "user-id", "user.id", "user  id "]
)
def test_a_reserved_name_is_prefixed_or_an_error_in_any_spelling(name):
    assert properties({name: 1})["record_" + name] == 1
    with pytest.raises(MappingError, match="is a reserved column"):
        mapping(properties={name: "id"})


def test_reserved_names_are_prefixed():
    record = {"event": "e", "timestamp": "t", "userId": "x", "receivedAt": "r", "eventual": 1}
    schema = {"properties": dict.fromkeys(record, True)}
    assert properties(record, schema=schema) == {
        "record_id": 1,
        "user": "u",
        "record_event": "e",
        "record_timestamp": "t",
        "record_userId": "x",
        "record_receivedAt": "r",
        "eventual": 1,
    }


def test_a_prefixed_name_never_replaces_a_field_of_that_name():
    schema: dict[str, Any] = {"properties": {"id": {}, "record_id": {}}}
    assert properties({"record_id": 2}, schema=schema) == {
        "record_record_id": 1,
        "record_id": 2,
        "user": "u",
    }


def test_an_undeclared_field_replaces_no_other_and_gets_no_reserved_name():
    schema: dict[str, Any] = {"properties": {"id": {}, "user": {}}}
    assert properties({"record_id": 2, "userId": "x", "_sdc_table": "t"}, schema=schema) == {
        "record_record_id": 1,
        "record_id": 2,
        "user": "u",
        "record_userId": "x",
    }


def test_properties_can_be_listed_named_computed_and_added_to_the_record():
    record = {"a": 1, "b": {"c": [10, 20]}, "d": "x", "e": "y"}
    assert properties(record, properties=["a", "d"]) == {"a": 1, "d": "x"}
    chosen = {"n": "b.c.1", "plan": {"value": "gold"}, "full": {"join": ["d", "e", "f"]}}
    assert properties(record, properties=chosen) == {"n": 20, "plan": "gold", "full": "x y"}
    assert properties(record, properties={"*": "*", "plan": {"value": 1}}) == {
        **record,
        "record_id": 1,
        "user": "u",
        "plan": 1,
    }


def test_properties_can_be_dropped_renamed_and_hashed():
    record = {"a": 1, "b": {"c": 2, "d": [{"mail": "x"}, {"mail": "y", "e": 1}]}, "mail": "x"}
    rules = SharedRules(privacy=PrivacyRules(hashed=["mail", "b.d.mail"], drop=["b.c"]))
    changed = properties(
        record, rules=rules, properties=["a", "b", "mail"], drop=["b.d.e"], rename={"a": "A"}
    )
    x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert changed["A"] == 1
    assert "a" not in changed
    assert changed["mail"] == x
    assert changed["b"]["d"][0] == {"mail": x}
    assert set(changed["b"]) == {"d"}
    assert set(changed["b"]["d"][1]) == {"mail"}


@pytest.mark.parametrize("schema", [{}, {"properties": {"id": {}, "userId": {}, "event": {}}}])
@pytest.mark.parametrize("prefix", ["", "record_"])
def test_a_renamed_reserved_field_is_dropped_and_hashed_by_either_name(schema, prefix):
    rules = SharedRules(
        privacy=PrivacyRules(
            hashed=[f"{prefix}userId", f"{prefix}event.mail", "userId"], drop=[f"{prefix}id"]
        )
    )
    record = {"userId": "x", "event": {"mail": "x", "kind": "k"}}
    x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    expected = {"record_userId": x, "record_event": {"mail": x, "kind": "k"}, "user": "u"}
    assert properties(record, rules=rules, schema=schema) == expected
    dropped = properties(record, schema=schema, drop=[f"{prefix}userId"])
    assert "record_userId" not in dropped


def test_a_field_is_hashed_by_its_usual_new_name_even_if_the_record_has_that_name():
    schema: dict[str, Any] = {"properties": {"id": {}}}
    rules = SharedRules(privacy=PrivacyRules(hashed=["record_id"]))
    found = properties({"id": "x", "record_id": "x"}, rules=rules, schema=schema)
    x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert found == {"record_record_id": x, "record_id": x, "user": "u"}


@pytest.mark.parametrize("declared", [{}, {"a": {}, "id": {}}])
def test_undeclared_fields_are_sent_with_any_other_fields(declared):
    schema = {"properties": declared}
    for fields in ({"b": 1}, {"a": 1, "b": 2}, {"b": 1, "_sdc_x": 2}, {"c": 3}):
        expected = {name: value for name, value in fields.items() if name != "_sdc_x"}
        assert properties(fields, schema=schema) == {**expected, "record_id": 1, "user": "u"}


def test_a_field_named_like_a_renamed_field_is_not_dropped_with_it():
    schema: dict[str, Any] = {"properties": {"id": {}, "record_id": {}}}
    assert properties({"record_id": 2}, schema=schema, drop=["id"]) == {"record_id": 2, "user": "u"}


@pytest.mark.parametrize("spec", ["*", ["email", "list"], {"email": "email", "list": "list"}])
@pytest.mark.parametrize("name", ["email", "mail"])
def test_a_renamed_property_is_dropped_and_hashed_by_either_name(spec, name):
    record = {"email": "ada@example.com", "list": [1]}
    rename = {"email": "mail"}
    kept = properties(record, properties=spec, rename=rename, drop=[name])
    assert not {"email", "mail"} & {*kept}
    rules = SharedRules(privacy=PrivacyRules(hashed=[name]))
    hashed = properties(record, rules=rules, properties=spec, rename=rename)
    assert hashed["mail"] == sha256(b"ada@example.com").hexdigest()
    rules = SharedRules(privacy=PrivacyRules(drop=[f"{name}.x"]))
    nested = {"email": {"x": 1, "y": 2}}
    assert properties(nested, rules=rules, properties=spec, rename=rename)["mail"] == {"y": 2}


@pytest.mark.parametrize(
    ("rename", "renamed"),
    [
        ({"name": "title", "title": "heading"}, {"title": "N", "heading": "T"}),
        ({"title": "heading", "name": "title"}, {"title": "N", "heading": "T"}),
        ({"name": "title", "title": "name"}, {"title": "N", "name": "T"}),
    ],
)
def test_a_new_name_may_be_the_old_name_of_another_field(rename, renamed):
    record = {"name": "N", "title": "T"}
    assert properties(record, properties=["name", "title"], rename=rename) == renamed


def test_a_salt_changes_every_hash_and_null_stays_null():
    plain, salted = (
        properties(
            {"a": "x", "b": {"c": None}},
            rules=SharedRules(privacy=PrivacyRules(hashed=["a", "b.c"], salt=salt)),
        )
        for salt in ("", "pepper")
    )
    assert plain["a"] != salted["a"]
    assert plain["b"] == {"c": None}


def test_a_hash_is_of_salt_and_text_or_json_and_of_each_item_of_a_list():
    rules = SharedRules(privacy=PrivacyRules(hashed=["a"], salt="pepper"))
    for value, texts in (("x", ["x"]), (7, ["7"]), (True, ["true"]), (["x", 7, None], ["x", "7"])):
        hashed = properties({"a": value}, rules=rules)["a"]
        expected = [sha256(f"pepper{text}".encode()).hexdigest() for text in texts]
        assert (hashed[:2] if isinstance(hashed, list) else [hashed]) == expected
    assert properties({"a": [None]}, rules=rules)["a"] == [None]


def test_a_path_below_a_hashed_field_has_no_effect():
    rules = SharedRules(privacy=PrivacyRules(hashed=["a", "a.b"]))
    assert isinstance(properties({"a": {"b": 1}}, rules=rules)["a"], str)


def test_a_path_through_a_non_object_changes_nothing():
    rules = SharedRules(privacy=PrivacyRules(hashed=["a.b"], drop=["a.c.d"]))
    for value in (1, "text", [2], {"c": "text"}):
        assert properties({"a": value}, rules=rules)["a"] == value


def test_the_key_can_be_a_property():
    assert properties({"b": 2}, keys=("id", "b"), properties={"key": {"key": True}}) == {
        "key": "1:2"
    }


@pytest.mark.parametrize("drop", ["a", [""], ["a", 5], [None], {"a": 1}])
def test_drop_must_be_a_list_of_paths(drop):
    with pytest.raises(MappingError, match=r"^streams\.order_lines\.drop: must be"):
        mapping(drop=drop)


def test_dropping_wins_over_hashing_below():
    rules = SharedRules(privacy=PrivacyRules(hashed=["b.c"], drop=["b"]))
    assert "b" not in properties({"b": {"c": 1}}, rules=rules)


def test_identify_and_group_have_traits_and_a_changed_row_has_a_new_id():
    for config in ({"call": "identify"}, {"call": "group", "group_id": "team"}):
        first, again, changed = (
            event({"team": 7, "plan": plan}, traits=["plan"], **config) for plan in "aab"
        )
        assert first["traits"] == {"plan": "a"}
        assert first["messageId"] == again["messageId"] != changed["messageId"]
        assert "event" not in first
    assert first["groupId"] == "7"


@pytest.mark.parametrize("config", [{"call": "identify"}, {"call": "group", "group_id": "user"}])
def test_a_row_that_returns_to_an_earlier_state_has_a_new_id(config):
    states = [("a", 1), ("b", 2), ("a", 3), ("a", 3)]
    first, changed, back, again = (
        event({"plan": plan, "at": f"2026-11-2{day}"}, traits=["plan"], timestamp="at", **config)
        for plan, day in states
    )
    assert first["traits"] == back["traits"]
    assert len({each["messageId"] for each in (first, changed, back)}) == 3
    assert again["messageId"] == back["messageId"]


def test_a_configured_version_replaces_traits_and_time_in_the_id():
    config = {"call": "identify", "traits": ["plan"], "timestamp": "at", "version": "v"}
    ids = {event({"v": 1, "at": f"2026-11-2{day}"}, **config)["messageId"] for day in (1, 2)}
    assert len(ids) == 1


def test_a_group_call_without_a_group_id_is_invalid():
    mapped = mapping(call="group", group_id="team").map({"user": "u", "id": 1})
    assert validate_event(mapped.event).code == "no_group"


def test_the_message_id_depends_on_key_and_version_only():
    same = event({"x": 1, "e": "E"}, event="e")["messageId"]
    assert event({"x": 2, "e": "E"}, event="e")["messageId"] == same
    assert event({"x": 1, "e": "F"}, event="e")["messageId"] == same
    assert event({"x": 1, "e": "E", "id": 2}, event="e")["messageId"] != same
    versions = {event({"v": v}, version="v")["messageId"] for v in (1, 2, 2)}
    assert len(versions) == 2


@pytest.mark.parametrize("more", [{}, {"version": "v"}, {"keys": ()}, {"message_id": "v"}])
def test_the_message_id_does_not_depend_on_the_event_name(more):
    names = [{"value": name} for name in "EF"]
    ids = {event({"v": 1}, event=name, **more)["messageId"] for name in names}
    assert len(ids) == 1


@pytest.mark.parametrize("more", [{}, {"version": "v"}, {"message_id": "id", "version": "v"}])
def test_the_calls_of_one_record_never_share_a_message_id(more):
    calls = [{"call": "identify"}, {"call": "group", "group_id": "id"}, {}]
    assert len({event({"v": 1}, **call, **more)["messageId"] for call in calls}) == 3


def test_a_join_skips_empty_strings_and_an_empty_key_is_invalid():
    assert properties({"a": "", "b": "x"}, properties={"p": {"join": ["a", "b"]}}) == {"p": "x"}
    with pytest.raises(InvalidEvent):
        mapping().map({"user": "u", "id": ""})


def test_a_field_whose_name_has_a_dot_is_found_by_it():
    record = {"by.mail": "m", "by.id": 5, "by": {"id": 6, "name": "n"}}
    chosen = {"p": "by.id", "q": "by.name"}
    sent = event(record, user_id="by.id", when={"by.mail": "m"}, properties=chosen)
    assert (sent["userId"], sent["properties"]) == ("5", {"p": 5, "q": "n"})


def test_a_name_with_a_dot_is_dropped_and_hashed_as_field_and_as_path():
    privacy = PrivacyRules(drop=["a.email"], hashed=["a.key"])
    record = {"a.email": "m", "a.key": "x", "a": {"email": "m", "key": "x"}}
    x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    sent = properties(
        record, rules=SharedRules(privacy=privacy), properties={"*": "*"}, drop=["id"]
    )
    assert sent == {"a.key": x, "a": {"key": x}, "user": "u"}


def test_a_name_selects_no_item_of_a_list():
    assert properties({"a": ["x"]}, properties={"p": "a.name", "q": "a.0"}) == {"q": "x"}
    assert properties({"a": ["x"]}, properties={"p": "a.1", "q": "a.0"}) == {"q": "x"}


@pytest.mark.parametrize(
    ("spec", "all_of_it"),
    [("*", True), ({"*": "*"}, True), ({"a": "a"}, False), (["a"], False), ("a", False)],
)
def test_a_star_includes_the_whole_record(spec, all_of_it):
    assert includes_whole_record(spec) == all_of_it


def test_a_skipped_event_has_a_reason():
    only = mapping(rules=SharedRules(only=frozenset({"Other"}))).map({"user": "u", "id": 1})
    assert only == Skipped("not among the events to send")
    looked_up = mapping(event={"path": "e", "map": {"a": "A"}}).map({"user": "u", "id": 1, "e": 1})
    assert looked_up == Skipped("no event name is mapped to its value")


def test_a_renamed_event_keeps_its_message_id():
    renamed = SharedRules(names={"Order Lines": "Lines"})
    assert event({}, rules=renamed)["event"] == "Lines"
    assert event({}, rules=renamed)["messageId"] == event({})["messageId"]


def test_without_a_key_the_whole_record_distinguishes_events():
    ids = {event({"x": x}, keys=())["messageId"] for x in (1, 2, 2)}
    assert len(ids) == 2


def test_the_fields_of_message_id_are_configurable_and_must_be_set():
    first = event({"id": 1, "y": 0, "z": None}, message_id=["y", "z"])["messageId"]
    assert event({"id": 2, "y": 0, "z": None}, message_id=["y", "z"])["messageId"] == first
    with pytest.raises(InvalidEvent):
        mapping(message_id=["y", "z"]).map({"user": "u", "id": 1, "z": ""})


@pytest.mark.parametrize(
    ("config", "record"),
    [
        ({}, {"id": None}),
        ({"keys": ("id", "b")}, {"id": "", "b": None}),
        ({"version": "at"}, {"id": None, "at": 1}),
        ({"call": "identify"}, {"id": None}),
        ({"message_id": [{"value": "x"}, "idd"]}, {}),
        ({"message_id": ["event", "id"], "event": "event"}, {"event": "E", "id": None}),
        ({"message_id": [["idd", {"value": "x"}]]}, {}),
        ({"message_id": {"value": "x"}, "version": "at"}, {"at": None}),
    ],
)
def test_a_record_that_nothing_distinguishes_is_invalid_and_shares_no_id(config, record):
    with pytest.raises(InvalidEvent) as fault:
        mapping(**config).map({"user": "u", "id": 1, **record})
    assert fault.value.reason.code == "bad_message_id"


@pytest.mark.parametrize(
    ("config", "record"),
    [
        ({"keys": ("id", "b")}, {"id": None, "b": 0}),
        ({"message_id": ["event", "id"], "event": "event"}, {"event": "E"}),
        ({"message_id": {"value": "x"}, "version": "at"}, {"at": 5}),
    ],
)
def test_one_set_field_is_enough_to_distinguish_a_record(config, record):
    assert event(record, **config)["messageId"]


def test_only_included_events_are_sent_under_either_name():
    for only in ("Order Lines", "Lines"):
        rules = SharedRules(names={"Order Lines": "Lines"}, only=frozenset({only}))
        assert event({}, rules=rules)["event"] == "Lines"
    rules = SharedRules(only=frozenset({"Other"}))
    assert isinstance(mapping(rules=rules).map({"user": "u", "id": 1}), Skipped)


EXTERNAL_ID = {
    "id": "crm_id",
    "type": {"value": "crm"},
    "collection": {"value": "users"},
    "encoding": {"value": "none"},
}


@pytest.mark.parametrize("name", [{"traits.email": "mail"}, {"traits": {"email": "mail"}}])
def test_context_takes_nested_names_and_lists_of_objects(name):
    context = {**name, "externalIds": [EXTERNAL_ID], "agent": ["bo", "agent"], "locale": "lang"}
    rules = SharedRules(context={"traits": {"plan": "pro"}, "locale": "en"})
    record = {"mail": "ada@example.com", "crm_id": "7", "agent": {"id": "a"}}
    assert event(record, rules=rules, context=context)["context"] == {
        "traits": {"plan": "pro", "email": "ada@example.com"},
        "externalIds": [{"id": "7", "type": "crm", "collection": "users", "encoding": "none"}],
        "agent": {"id": "a"},
        "locale": "en",
    }
    assert event({}, rules=rules, context=context)["context"] == rules.context


@pytest.mark.parametrize(
    ("context", "where"),
    [
        ({"traits": {}}, "context.traits: is empty"),
        ({"ids": [{"id": {}}]}, "context.ids.0.id: is empty"),
        ({"ids": [{"id": 5}]}, "context.ids.0.id: must be a dotted path"),
        ({"ids": []}, "context.ids: must be a dotted path"),
    ],
)
def test_a_part_of_context_of_no_known_form_is_an_error_that_names_it(context, where):
    with pytest.raises(MappingError) as refusal:
        mapping(context=context)
    assert str(refusal.value).startswith(f"streams.order_lines.{where}")


def test_context_from_the_record_overrides_the_configured_context():
    rules = SharedRules(context={"library": {"name": "x"}, "locale": "en"})
    got = event({"lang": "de"}, rules=rules, context={"locale": "lang", "ip": "none"})["context"]
    assert got == {"library": {"name": "x"}, "locale": "de"}


def test_the_key_is_allowed_wherever_an_expression_is():
    key = {"key": True}
    sent = event({"b": 2}, keys=("id", "b"), anonymous_id=[key], context={"ip": key})
    assert (sent["anonymousId"], sent["context"]["ip"]) == ("1:2", "1:2")
    ids = {
        event({"b": b}, keys=("id", "b"), **{name: key, "message_id": key})["messageId"]
        for name in ("message_id", "version")
        for b in (1, 2)
    }
    assert len(ids) == 4


@pytest.mark.parametrize("n", ["NaN", '{"deep": [Infinity]}'])
@pytest.mark.parametrize("value", [{"join": ["n", "id"]}, {"key": True}])
def test_nan_and_infinity_are_not_joined_to_text(value, n):
    made = mapping(keys=("id", "n"), message_id="id", properties={"a": value})
    with pytest.raises(NotEncodableError):
        made.map(decode('{"user": "u", "id": 1, "n": ' + n + "}"))


def test_lists_and_objects_are_joined_as_json():
    record = decode('{"a": ["x", 1.50], "b": {"c": null}}')
    assert properties(record, properties={"j": {"join": ["a", "b", "id"]}})["j"] == (
        '["x",1.50] {"c":null} 1'
    )


def test_a_skipped_stream_has_a_reason():
    assert mapping(call="skip") == Skipped("not an event")
    assert mapping(call="skip", reason="kept elsewhere") == Skipped("kept elsewhere")


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"traits": ["a"]}, "traits: a call of type track has properties instead"),
        (
            {"call": "identify", "properties": ["a"]},
            "properties: a call of type identify has traits instead",
        ),
        ({"call": "page"}, "call: must be one of track, identify, group, skip"),
        ({"call": "group"}, "group_id: a group call needs it"),
        ({"when": ["paid"]}, "when: must be {path: value}, {path: [values]}, {path: {not"),
        ({"context": ["ip"]}, "context: must be {name: value}"),
        (
            {"propertys": ["a"]},
            "propertys: unknown setting; known settings: add_properties, add_traits, anonymous_id",
        ),
        ({"context": {"ip": "a..b"}}, "context.ip: 'a..b' is not a dotted path"),
        ({"when": {"a.": 1}}, "when.a.: 'a.' is not a dotted path"),
        ({"anonymous_id": ["a."]}, "anonymous_id: 'a.' is not a dotted path"),
        ({"version": [""]}, "version: '' is not a dotted path"),
        ({"message_id": [""]}, "message_id: '' is not a dotted path"),
        ({"message_id": {"value": "x"}}, "message_id: must name a field that differs"),
        ({"message_id": ["kind"], "event": "kind"}, "message_id: must name a field that differs"),
        ({"timestamp": ""}, "timestamp: '' is not a dotted path"),
    ],
)
def test_a_mapping_error_names_stream_and_setting(config, says):
    with pytest.raises(MappingError) as refusal:
        mapping(**config)
    assert str(refusal.value).startswith(f"streams.order_lines.{says}")


def test_a_skipped_record_has_the_condition_that_did_not_hold():
    config = {"when": {"status": "paid", "kind": ["a", "b"]}}
    for record, path in (({"status": "open"}, "status"), ({"status": "paid"}, "kind")):
        skipped = mapping(**config).map({"user": "u", "id": 1, **record})
        assert skipped == Skipped(f"left out by when: {path}")


def test_the_key_can_be_the_identity():
    assert event({}, keys=("id", "user"), user_id={"key": True})["userId"] == "1:u"


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), json_values))
def test_mapping_does_not_change_the_record_and_its_event_is_valid(record):
    record = {**record, "id": 1, "user": "u"}
    before = copy.deepcopy(record)
    rules = SharedRules(privacy=PrivacyRules(drop=["a.b", "c"], hashed=["d", "e.f"]))
    mapped = mapping(rules=rules, drop=["g"], rename={"h": "i"}, properties="*").map(record)
    assert record == before
    assert validate_event(mapped.event) is None
    assert encode(mapped.event)


@settings(deadline=None)
@given(
    st.sampled_from(
        ["event", "user_id", "when", "properties", "drop", "rename", "context", "call"]
    ),
    json_values,
)
def test_any_setting_either_compiles_or_is_an_error_that_names_it(name, value):
    try:
        mapping(**{name: value})
    except MappingError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert not refusal or refusal.startswith("streams.order_lines")
