"""Tracking plan: rules that every event sent satisfies, and no other."""

import copy
import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from fakes.runs import run_tap
from jsonschema import Draft7Validator, FormatChecker

from tap_freshchat.tap import TapFreshchat
from target_segment.mapping.compiler import compile_mapping
from target_segment.mapping.message_ids import message_ids
from target_segment.mapping.properties import PrivacyRules
from target_segment.mapping.property_schemas import TEXT, schema_of_properties
from target_segment.mapping.stream_mapping import Mapped, SharedRules, StreamInfo, StreamMapping
from target_segment.preview.explanation import describe_mapping
from target_segment.sdk import ConfigInput
from target_segment.target import TargetSegment

NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)
STYLES = ("camel_case", "title_case", "live_chat")
FORMATS = FormatChecker(())
FORMATS.checks("date-time", raises=ValueError)(
    lambda value: not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
)


@pytest.fixture(scope="module")
def tapped():
    """All messages of the tap for two days of the sandbox."""
    return run_tap(
        NOW,
        start_date="2026-11-18T00:00:00Z",
        url="sandbox://?conversations_per_day=12&report_jobs_per_minute=30",
        streams=(
            *("agent_activity", "conversation_events", "message_events", "users"),
            *("csat_events", "label_events", "first_response_events"),
        ),
    ).messages


def mapping_of(config, stream, rules=None):
    """Compile the settings of a stream that is not skipped."""
    ids = message_ids("key", stream.name)
    mapping = compile_mapping(config, stream, rules or SharedRules(), ids)
    assert isinstance(mapping, StreamMapping)
    return mapping


def entry(stream, properties, *, selected=None, required=()):
    """Build a stream of a catalog."""
    schema = {"type": "object", "properties": properties, "required": list(required)}
    metadata = [{"breadcrumb": [], "metadata": {} if selected is None else {"selected": selected}}]
    return {"tap_stream_id": stream, "stream": stream, "schema": schema, "metadata": metadata}


@pytest.fixture(scope="module")
def freshchat(tmp_path_factory):
    """The catalog that tap-freshchat discovers."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.json"
    path.write_text(json.dumps(TapFreshchat(config={"api_url": "sandbox://"}).catalog_dict))
    return path


@pytest.fixture
def plan(capsys, tmp_path):
    """Print the plan of some settings and return its rules by call and event."""

    def printed(*entries, catalog=None, **config):
        if entries:
            catalog = tmp_path / "catalog.json"
            catalog.write_text(json.dumps({"streams": entries}))
        with pytest.raises(SystemExit) as end:
            TargetSegment.invoke(
                config=ConfigInput(config=config),
                tracking_plan=True,
                catalog_path=catalog and str(catalog),
            )
        out, err = capsys.readouterr()
        assert (end.value.code, err) == (0, "")
        rules = json.loads(out)
        for rule in rules:
            assert set(rule) == {"key", "type", "version", "jsonSchema"}
            Draft7Validator.check_schema(rule["jsonSchema"])
        return {(rule["type"].lower(), rule["key"]): rule["jsonSchema"] for rule in rules}

    return printed


@pytest.fixture
def sent(run, settings, tapped):
    """Write the tap's records in a dry run with some settings, and return the events."""

    def written(**config):
        finished = run({**settings, "preset": "freshchat", "dry_run": True, **config}, *tapped)
        assert finished.status == 0
        assert not Path(settings["dead_letter_path"]).exists()
        files = Path(settings["output_path"]).glob("*.jsonl")
        return [
            event
            for file in files
            for body in file.read_text().splitlines()
            for event in json.loads(body)["batch"]
        ]

    return written


def errors(rules, event):
    """Validate an event as Protocols does; return the errors."""
    schema = rules.get((event["type"], event.get("event")))
    if schema is None:
        return ["unplanned"]
    return [e.message for e in Draft7Validator(schema, format_checker=FORMATS).iter_errors(event)]


@pytest.mark.parametrize("style", STYLES)
def test_every_event_of_the_sandbox_is_valid_by_the_plan(style, plan, sent, freshchat):
    settings = {"streams": {"users": {"call": "identify"}}, "event_style": style}
    rules = plan(catalog=freshchat, **settings)
    events = sent(**settings)
    assert {(event["type"], event.get("event")) for event in events} == set(rules)
    assert len(rules) == 5
    assert [found for event in events for found in errors(rules, event)] == []


@pytest.mark.parametrize("style", STYLES)
def test_the_plan_has_the_optional_events_that_are_included(style, plan, sent, freshchat):
    optional = ["onCsatSubmit", "onConversationLabel", "onFirstResponse"]
    rules = plan(catalog=freshchat, include_events=optional, event_style=style)
    events = sent(include_events=optional, event_style=style)
    assert {(event["type"], event["event"]) for event in events} == set(rules)
    assert len(rules) == 3
    assert [found for event in events for found in errors(rules, event)] == []


def test_dropped_hashed_and_renamed_fields_are_so_in_the_plan(plan, sent, freshchat):
    settings = {
        "streams": {"users": {"call": "identify", "rename": {"email": "mail"}}},
        "drop_properties": ["message_text", "associations.user", "message.messages.message_parts"],
        "hash_properties": ["actor.email", "associations.channel.tags", "phone"],
        "event_names": {"onMessageCreate": "Message Posted"},
        "include_events": ["Message Posted", "onConversationCreate"],
    }
    rules = plan(catalog=freshchat, **settings)
    assert set(rules) == {
        ("track", "Message Posted"),
        ("track", "onConversationCreate"),
        ("identify", None),
    }
    assert [found for event in sent(**settings) for found in errors(rules, event)] == []
    message = rules["track", "Message Posted"]["properties"]["properties"]["properties"]
    assert "message_text" not in message
    assert "user" not in message["associations"]["properties"]
    assert message["actor"]["properties"]["email"]["pattern"] == "^[0-9a-f]{64}$"
    assert "mail" in rules["identify", None]["properties"]["traits"]["properties"]


@pytest.mark.parametrize("style", STYLES)
def test_an_unknown_property_and_a_wrong_type_are_found(style, plan, sent, freshchat):
    rules = plan(catalog=freshchat, event_style=style)
    changes = (
        lambda properties: properties.update(surprise=1),
        lambda properties: properties.update(dict.fromkeys(properties, 17.5)),
    )
    examples = {event["event"]: event for event in sent(event_style=style)}
    for event in examples.values():
        for change in changes:
            changed = copy.deepcopy(event)
            change(changed["properties"])
            assert errors(rules, changed)


def test_a_wrong_type_is_found_in_every_property_and_below(plan, sent, freshchat):
    rules = plan(catalog=freshchat)
    for event in {event["event"]: event for event in sent()}.values():
        for name in event["properties"]:
            changed = copy.deepcopy(event)
            changed["properties"][name] = 17.5
            assert errors(rules, changed), name
    for name, wrong in (("created_time", "yesterday"), ("assigned_agent_id", 5), ("messages", {})):
        changed = copy.deepcopy(next(e for e in sent() if e["event"] == "onMessageCreate"))
        changed["properties"]["message"][name] = wrong
        assert errors(rules, changed)


def test_every_property_of_the_preset_is_described(plan, freshchat):
    for (_, name), schema in plan(catalog=freshchat).items():
        for field, found in schema["properties"]["properties"]["properties"].items():
            assert found.get("description") or "enum" in found, (name, field)


def test_a_missing_property_that_every_record_has_is_found(plan):
    streams = {"orders": {"user_id": "user", "properties": ["total", "note"]}}
    fields = {"total": {"type": "number"}, "note": {"type": "string"}, "user": {"type": "string"}}
    rules = plan(
        entry("orders", fields, required=["total", "user"]), preset="none", streams=streams
    )
    order = {"type": "track", "event": "Orders", "properties": {"total": 5}}
    assert not errors(rules, order)
    assert errors(rules, {**order, "properties": {"note": "x"}})


def test_the_catalog_types_every_stream_of_the_mapping_for_all_others(plan):
    number, text = {"type": "number"}, {"type": "string"}
    rules = plan(
        entry("orders", {"user": text, "total": number}),
        entry("carts", {"user": text, "sum": number}, selected=True),
        entry("logs", {"line": text}, selected=False),
        preset="none",
        streams={"*": {"user_id": "user"}},
    )
    assert set(rules) == {("track", "Orders"), ("track", "Carts")}
    for event, field in (("Orders", "total"), ("Carts", "sum")):
        for value, allowed in ((5, True), ("5", False)):
            properties = {"type": "track", "event": event, "properties": {field: value}}
            assert bool(errors(rules, properties)) != allowed


def test_a_field_that_is_not_selected_is_not_in_the_plan(plan):
    orders = entry("orders", {"user": {"type": "string"}, "card": {"type": "string"}})
    orders["metadata"].append(
        {"breadcrumb": ["properties", "card"], "metadata": {"selected": False}}
    )
    rules = plan(orders, preset="none", streams={"orders": {"user_id": "user"}})
    [schema] = rules.values()
    assert set(schema["properties"]["properties"]["properties"]) == {"user"}


def test_without_a_catalog_the_plan_names_the_presets_events_and_properties(plan):
    rules = plan()
    assert {name for _, name in rules} == {
        "onAgentActivityCreate",
        "onConversationCreate",
        "onConversationUpdate",
        "onMessageCreate",
    }
    assert (
        "message_text"
        in rules["track", "onMessageCreate"]["properties"]["properties"]["properties"]
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"streams": [1]}', '{"streams": [{"stream": "a"}]}'])
def test_an_invalid_catalog_is_one_error_line(run, tmp_path, text):
    path = tmp_path / "catalog.json"
    path.write_text(text)
    finished = run({}, tracking_plan=True, catalog_path=str(path))
    assert finished.status == 1
    [error] = finished.errors
    assert error == f"The file {path} is not a Singer catalog; write one with the tap's --discover"


def test_only_a_mapping_of_unknown_whole_records_allows_any_property(plan):
    rules = plan(
        preset="none",
        streams={
            "orders": {"user_id": "user"},
            "carts": {
                "user_id": "user",
                "event": {"path": "state", "map": {"open": "Cart Opened", "left": "Cart Left"}},
                "properties": {"total": "sum", "shop": {"value": "DE"}, "who": {"join": ["a"]}},
            },
            "teams": {"call": "group", "user_id": "owner", "group_id": "id"},
            "log": {"user_id": "user", "event": "kind"},
        },
    )
    assert set(rules) == {
        ("track", "Orders"),
        ("track", "Cart Opened"),
        ("track", "Cart Left"),
        ("group", None),
    }
    assert not errors(rules, {"type": "track", "event": "Orders", "properties": {"a": [1]}})
    cart = {"type": "track", "event": "Cart Left", "properties": {"total": 5, "shop": "DE"}}
    assert not errors(rules, cart)
    for wrong in ({"shop": "FR"}, {"shop": "DE", "more": 1}, {"shop": "DE", "who": 1}, {}):
        assert errors(rules, {**cart, "properties": wrong})
    assert "traits" in rules["group", None]["required"]


def test_two_streams_of_one_event_name_may_differ(plan):
    event = {"user_id": "u", "event": {"value": "Seen"}}
    rules = plan(
        preset="none",
        streams={
            "a": {**event, "properties": {"x": {"value": 1}, "at": {"value": 1}}},
            "b": {**event, "properties": {"y": {"value": 2}, "at": {"value": 1}}},
        },
    )
    for properties in ({"x": 1, "at": 1}, {"y": 2, "at": 1}):
        assert not errors(rules, {"type": "track", "event": "Seen", "properties": properties})
    assert errors(rules, {"type": "track", "event": "Seen", "properties": {"x": 1}})


def test_an_empty_list_of_properties_allows_none_and_null_allows_any(plan):
    rules = plan(
        preset="none",
        streams={
            "a": {"user_id": "u", "properties": []},
            "b": {"user_id": "u", "properties": None, "call": None},
        },
    )
    for name, may in (("A", False), ("B", True)):
        event = {"type": "track", "event": name, "properties": {}}
        assert not errors(rules, event)
        assert bool(errors(rules, {**event, "properties": {"x": 1}})) != may


def test_the_plan_has_the_names_sent_of_reserved_fields():
    record = {"properties": {"id": {"type": "integer"}, "record_id": TEXT}, "required": ["id"]}
    planned = schema_of_properties({}, "*", record, drop=(), hashed=())
    stream = StreamInfo(name="orders", schema=record, keys=("id",))
    config = {"user_id": "user"}
    mapping = mapping_of(config, stream)
    sent = mapping.map({"id": 1, "record_id": "r", "user": "u"})
    assert isinstance(sent, Mapped)
    assert sent.event["properties"] == {"record_record_id": 1, "record_id": "r", "user": "u"}
    assert planned["properties"] == {"record_record_id": {"type": "integer"}, "record_id": TEXT}
    assert planned["required"] == ["record_record_id"]
    explanation = describe_mapping(mapping)
    assert explanation.of_property("record_record_id") == "field id"
    assert explanation.of_property("record_id") == "field record_id"


def test_a_plan_needs_no_write_key_and_names_an_invalid_setting(plan, run):
    assert plan()
    finished = run({"event_style": "shouting"}, tracking_plan=True)
    assert finished.status == 1
    assert "event_style" in finished.errors[0]


def test_the_explanation_of_an_identify_id_names_its_parts():
    stream = StreamInfo(name="people", keys=("id",))
    for more, says in (
        ({}, ", the call, the key (id), the traits"),
        ({"timestamp": "at"}, ", the call, the key (id), the traits, the time"),
    ):
        config = {"call": "identify", "user_id": "id", **more}
        explanation = describe_mapping(mapping_of(config, stream))
        assert explanation.parts["messageId"].endswith(says)


def test_the_plan_supports_a_new_name_that_is_the_old_name_of_another():
    record = {"properties": {"n": {"type": "integer"}, "t": TEXT}, "required": ["n"]}
    config = {"rename": {"n": "t", "t": "n"}}
    planned = schema_of_properties(config, "*", record, drop=(), hashed=())
    assert planned["properties"] == {"t": {"type": "integer"}, "n": TEXT}
    assert planned["required"] == ["t"]


@pytest.mark.parametrize("prefix", ["", "record_"])
def test_plan_and_explanation_apply_privacy_rules_by_either_name(prefix):
    record = {"properties": {"id": {"type": "integer"}, "user_id": TEXT}, "required": ["id"]}
    drop, hashed = [f"{prefix}id"], [f"{prefix}user_id"]
    planned = schema_of_properties({}, "*", record, drop=drop, hashed=hashed)
    assert list(planned["properties"]) == ["record_user_id"]
    assert "pattern" in planned["properties"]["record_user_id"]
    assert planned["required"] == []
    rules = SharedRules(privacy=PrivacyRules(drop=drop, hashed=hashed))
    stream = StreamInfo(name="orders", schema=record)
    explanation = describe_mapping(mapping_of({"user_id": "user_id"}, stream, rules))
    assert explanation.of_property("record_user_id") == "field user_id; hashed"


def test_plan_and_explanation_support_a_name_with_a_dot():
    record = {"properties": {"a.mail": TEXT, "a.key": TEXT}}
    config = {"user_id": "a.key", "properties": {"*": "*", "copy": "a.key"}}
    privacy = PrivacyRules(drop=["a.mail"], hashed=["a.key"])
    planned = schema_of_properties(
        config, config["properties"], record, drop=privacy.drop, hashed=privacy.hashed
    )
    assert sorted(planned["properties"]) == ["a.key", "copy"]
    assert "pattern" in planned["properties"]["a.key"]
    assert planned["properties"]["copy"] == TEXT
    stream = StreamInfo(name="orders", schema=record)
    explanation = describe_mapping(mapping_of(config, stream, SharedRules(privacy=privacy)))
    assert explanation.of_property("a.key") == "field a.key; hashed"
