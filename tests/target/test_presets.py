"""Preset freshchat in its three event styles."""

import json
import re
from importlib import resources
from typing import Any

import pytest
import yaml

from target_segment.json_codec import decode, encode
from target_segment.mapping.reserved_names import is_reserved
from target_segment.mapping.stream_mapping import Skipped, StreamInfo
from target_segment.presets import STYLES, preset_names
from target_segment.segment_spec import InvalidEvent
from target_segment.target import TargetSegment

TIME = "2026-11-22T10:55:22.220000+00:00"
COMMON = {
    "created_time": TIME,
    "user_id": "fc-user",
    "user_reference_id": "site-user",
    "source": "report",
    "time_is_approximate": False,
    "enriched_at": TIME,
    "account_id": "123456",
    "domain": "shop.freshchat.com",
    "region": "us",
    "version": "1.0.0",
}
PERSON = {"id": "p", "first_name": "Ada", "last_name": "Byron", "email": "ada@example.com"}
ASSOCIATIONS = {
    "user": {**PERSON, "reference_id": "site-user", "properties": [{"name": "a", "value": "b"}]},
    "agent": {**PERSON, "first_name": "Bo", "last_name": None, "groups": ["g"]},
    "group": {"id": "g", "name": "Support", "routing_type": "INTELLIASSIGN"},
    "channel": {"id": "ch", "name": "Web", "welcome_message": {"message_type": "normal"}},
}
TREE = {
    "conversation_id": "c",
    "channel_id": "ch",
    "app_id": "app",
    "user_id": "fc-user",
    "status": "assigned",
    "source": "WEBCHAT",
    "created_time": TIME,
    "properties": {"priority": "Low"},
    "messages": [{"id": "m", "message_parts": [{"text": {"content": "Hello"}}]}],
}
IDS = {
    "conversation_id": "c",
    "interaction_id": "i",
    "channel_id": "ch",
    "agent_id": "a",
    "group_id": "g",
}
UPDATES = ["assigned_to_agent", "assigned_to_group", "unassigned", "resolved", "reopened"]


def conversation(type_="created", **more):
    name = "onConversationCreate" if type_ == "created" else "onConversationUpdate"
    changes = {"model_changes": {"status": ["new", "assigned"]}}
    return {
        **COMMON,
        **IDS,
        "id": "occurrence-1",
        "event": name,
        "type": type_,
        "previous_values_known": True,
        "actor": {**PERSON, "type": "user"},
        "associations": ASSOCIATIONS,
        "conversation": TREE,
        **({} if type_ == "created" else {"changes": changes}),
        **more,
    }


def message(actor="user", kind="normal", **more):
    return {
        **COMMON,
        **IDS,
        "id": "occurrence-2",
        "event": "onMessageCreate",
        "message_id": "m",
        "message_type": kind,
        "message_text": "Hello",
        "actor": {**PERSON, "type": actor},
        "associations": ASSOCIATIONS,
        "message": TREE,
        **more,
    }


def activity(**more):
    return {
        **COMMON,
        "user_id": None,
        "user_reference_id": None,
        "id": "occurrence-3",
        "event": "onAgentActivityCreate",
        "agent_id": "a",
        "actor": {**PERSON, "type": "agent"},
        "agent_activity": {"status": "AVAILABLE", "prev_status": None, "email": "b@example.com"},
        **more,
    }


OPTIONAL: dict[str, Any] = {
    "csat_events": (
        {
            **COMMON,
            **IDS,
            "id": "occurrence-4",
            "event": "onCsatSubmit",
            "csat_id": "r",
            "rating": 4,
            "csat_response": "Thanks",
            "actor": {**PERSON, "type": "user"},
            "associations": ASSOCIATIONS,
        },
        {"csat_id": "r", "rating": 4, "comment": "Thanks"},
        ("onCsatSubmit", "On CSAT Submit", "Live Chat Rating Submitted"),
    ),
    "label_events": (
        {
            **COMMON,
            **IDS,
            "id": "occurrence-5",
            "event": "onConversationLabel",
            "label_category": "Orders",
            "label_subcategory": None,
            "actor": None,
            "associations": ASSOCIATIONS,
        },
        {"label_category": "Orders"},
        ("onConversationLabel", "On Conversation Label", "Live Chat Conversation Labeled"),
    ),
    "first_response_events": (
        {
            **COMMON,
            **IDS,
            "id": "occurrence-6",
            "event": "onFirstResponse",
            "message_id": "m",
            "response_seconds": 4.5,
            "actor": {**PERSON, "type": "agent"},
            "associations": ASSOCIATIONS,
        },
        {"message_id": "m", "response_seconds": 4.5},
        ("onFirstResponse", "On First Response", "Live Chat First Response Received"),
    ),
}


def mapped(stream, record, **config):
    target = TargetSegment(config={"dry_run": True, **config})
    result = target.settings.routing.mapping_of(StreamInfo(name=stream, keys=("id",))).map(record)
    return result if isinstance(result, Skipped) else decode(encode(result.event))


def columns(value, prefix=""):
    """Names as Segment's warehouses make them of nested objects."""
    for name, inner in value.items():
        column = f"{prefix}{name}"
        if isinstance(inner, dict):
            yield from columns(inner, f"{column}_")
        else:
            yield column


EVERY = [
    ("conversation_events", conversation()),
    *[("conversation_events", conversation(kind)) for kind in UPDATES],
    ("message_events", message()),
    ("agent_activity", activity()),
]


@pytest.mark.parametrize(("stream", "record"), EVERY)
def test_no_flat_copy_collides_with_a_nested_column_or_a_reserved_one(stream, record):
    properties = mapped(stream, record)["properties"]
    names = [re.sub(r"[^a-z0-9_]", "_", name) for name in columns(properties)]
    assert len(names) == len(set(names))
    assert not [name for name in properties if is_reserved(name)]


@pytest.mark.parametrize(("stream", "record"), EVERY)
def test_the_payload_keeps_its_nesting_and_names(stream, record):
    properties = mapped(stream, record)["properties"]
    trees = {"actor", "associations", "conversation", "message", "agent_activity", "changes"}
    for name in trees & set(record):
        assert properties[name] == record[name]


def test_an_event_is_complete():
    event = mapped("message_events", message())
    assert {name: value for name, value in event.items() if isinstance(value, str)} == {
        "type": "track",
        "event": "onMessageCreate",
        "userId": "site-user",
        "anonymousId": "fc-user",
        "messageId": event["messageId"],
        "timestamp": TIME,
    }
    assert event["context"]["integration"]["name"] == "freshchat"
    flat = {k: v for k, v in event["properties"].items() if not isinstance(v, dict)}
    assert flat == {
        **IDS,
        "message_id": "m",
        "message_type": "normal",
        "message_text": "Hello",
        "account_id": "123456",
        "domain": "shop.freshchat.com",
        "region": "us",
        "version": "1.0.0",
        "freshchat_source": "report",
        "time_is_approximate": False,
        "enriched_at": TIME,
    }


def test_only_updates_have_an_update_type():
    assert "update_type" not in mapped("conversation_events", conversation())["properties"]
    for kind in UPDATES:
        event = mapped("conversation_events", conversation(kind))
        assert event["event"] == "onConversationUpdate"
        assert event["properties"]["update_type"] == kind


@pytest.mark.parametrize(
    ("known", "sent"),
    [
        ({}, {"userId": "site-user", "anonymousId": "fc-user"}),
        ({"user_reference_id": None}, {"anonymousId": "fc-user"}),
        ({"user_reference_id": None, "user_id": None}, {"anonymousId": "c"}),
        ({"user_id": None}, {"userId": "site-user"}),
    ],
)
def test_the_customer_is_identified_by_the_best_available_id(known, sent):
    for stream, record in (
        ("message_events", message("agent", **known)),
        ("conversation_events", conversation(**known)),
    ):
        event = mapped(stream, record)
        assert {k: v for k, v in event.items() if k in ("userId", "anonymousId")} == sent


def test_an_agent_is_never_a_user():
    event = mapped("agent_activity", activity(user_reference_id="x", user_id="y"))
    assert "userId" not in event
    assert event["anonymousId"] == "a"


@pytest.mark.parametrize(
    ("actor", "kind", "sent"),
    [
        ("user", "normal", True),
        ("agent", "normal", True),
        ("bot", "normal", True),
        ("system", "normal", False),
        ("agent", "private", False),
        ("system", "system", False),
    ],
)
def test_private_notes_and_system_messages_are_not_sent(actor, kind, sent):
    result = mapped("message_events", message(actor, kind))
    assert isinstance(result, Skipped) is not sent


def sent(record, when):
    streams = {"message_events": {"when": when}}
    return not isinstance(mapped("message_events", record, streams=streams), Skipped)


ONE_CHANNEL = {"channel_id": ["ch"]}


def test_a_condition_of_the_user_adds_to_the_presets():
    assert sent(message(), ONE_CHANNEL)
    assert sent(message("bot"), ONE_CHANNEL)
    assert not sent(message(channel_id="other"), ONE_CHANNEL)
    assert not sent(message("system", "system"), ONE_CHANNEL)
    streams = {"conversation_events": {"when": ONE_CHANNEL}}
    assert isinstance(
        mapped("conversation_events", conversation(channel_id="x"), streams=streams), Skipped
    )


@pytest.mark.parametrize(
    "when",
    [{"actor.type": {"not": "bot"}}, {"actor": {"type": ["user", "agent"]}}],
)
def test_a_condition_on_a_path_of_the_preset_replaces_that_one_condition(when):
    assert sent(message("agent"), when)
    assert not sent(message("bot"), when)
    assert not sent(message("agent", "private"), when)


@pytest.mark.parametrize(
    "when",
    [
        None,
        "",
        ONE_CHANNEL,
        {"message_type": {"not": "system"}},
        {"message_type": {"exists": True}},
        [{"path": "message_type", "not": ["normal"]}],
        {"message_type": ["normal", "system"]},
    ],
)
def test_private_notes_are_not_sent_unless_a_condition_lists_them(when):
    assert not sent(message("agent", "private"), when)


@pytest.mark.parametrize(
    "when",
    [
        {"message_type": "private"},
        {"message_type": ["normal", "private"]},
        [{"path": "message_type", "in": ["private"]}],
        '[{"path": "message_type", "in": ["private"]}]',
    ],
)
def test_private_notes_are_sent_if_a_condition_lists_them(when):
    assert sent(message("agent", "private"), when)


STREAMS = [
    *("account", "agent_statuses", "agents", "channels", "conversation_fields", "conversations"),
    *("groups", "historical_metrics", "instant_metrics", "messages", "outbound_messages", "roles"),
    *("user_conversations", "users", "report_conversation_created", "report_message_sent"),
    *("report_conversation_agent_assigned", "report_conversation_group_assigned"),
    *("report_conversation_resolved", "report_conversation_resolution_label"),
    *("report_first_response_time", "report_response_time", "report_resolution_time"),
    *("report_agent_activity", "report_agent_intelliassign_activity", "report_csat_score"),
    "report_chat_transcript",
]


@pytest.mark.parametrize("stream", STREAMS)
def test_every_other_stream_of_the_tap_is_skipped_as_not_an_event(stream):
    target = TargetSegment(config={"dry_run": True})
    assert target.settings.routing.mapping_of(StreamInfo(name=stream)) == Skipped("not an event")


USER = {
    "id": "fc-user",
    "reference_id": "site-user",
    **{name: PERSON[name] for name in ("first_name", "last_name", "email")},
    "created_time": TIME,
    "updated_time": None,
}


def test_a_stream_of_another_tap_with_the_name_of_a_skipped_one_is_sent_without_the_integration():
    own = {"users": {"user_id": "id", "event": {"value": "User Seen"}}}
    event = mapped("users", {"id": 1, "email": "ada@example.com"}, streams=own)
    assert (event["event"], event["userId"]) == ("User Seen", "1")
    assert "timestamp" not in event
    assert "integration" not in event["context"]
    for streams in (own, {}):
        event = mapped("message_events", message(), streams=streams)
        assert event["context"]["integration"]["name"] == "freshchat"


def test_users_are_identified_if_configured():
    event = mapped("users", USER, streams={"users": {"call": "identify"}})
    assert event["type"] == "identify"
    assert (event["userId"], event["anonymousId"]) == ("site-user", "fc-user")
    assert event["timestamp"] == TIME
    assert event["traits"] == {
        "email": "ada@example.com",
        "firstName": "Ada",
        "lastName": "Byron",
        "name": "Ada Byron",
        "createdAt": TIME,
    }


def test_the_title_case_style_is_that_of_segments_catalogue():
    names = {mapped(s, r, event_style="title_case")["event"] for s, r in EVERY}
    assert names == {
        "On Agent Activity Create",
        "On Conversation Create",
        "On Conversation Update",
        "On Message Create",
    }


LIVE_CHAT = {
    "conversation_id": "c",
    "agent_id": "a",
    "agent_name": "Bo",
    "agent_username": "ada@example.com",
}


@pytest.mark.parametrize(
    ("stream", "record", "name"),
    [
        ("conversation_events", conversation(), "Live Chat Conversation Started"),
        ("conversation_events", conversation("resolved"), "Live Chat Conversation Ended"),
        ("message_events", message(), "Live Chat Message Sent"),
        ("message_events", message("agent"), "Live Chat Message Received"),
        ("message_events", message("bot"), "Live Chat Message Received"),
    ],
)
def test_the_live_chat_style_has_flat_properties_only(stream, record, name):
    event = mapped(stream, record, event_style="live_chat")
    assert event["event"] == name
    assert event["userId"] == "site-user"
    body = {"message_body": "Hello"} if "Message" in name else {}
    unknown = {"message_id": "m", **LIVE_CHAT, **body} if body else {**LIVE_CHAT}
    assert event["properties"] == unknown
    known = {**record, "message_id": "m", "interaction_seconds": 0.0}
    event = mapped(stream, known, event_style="live_chat")
    duration = {"message_id": "m", "conversation_duration": 0.0}
    assert event["properties"] == {**LIVE_CHAT, **duration, **body}
    lost = {**known, "message_id": None, "interaction_seconds": None}
    event = mapped(stream, lost, event_style="live_chat")
    assert event["properties"] == {**LIVE_CHAT, **body}


@pytest.mark.parametrize("stream", OPTIONAL)
@pytest.mark.parametrize("style", STYLES)
def test_an_optional_event_is_sent_only_if_include_events_names_it(stream, style):
    record, _, names = OPTIONAL[stream]
    own_name, name = names[0], names[STYLES.index(style)]
    off = Skipped("optional event that include_events does not name")
    assert mapped(stream, record, event_style=style) == off
    others = {"camel_case": "onMessageCreate", "title_case": "On Message Create"}
    other = others.get(style, "Live Chat Message Sent")
    assert mapped(stream, record, event_style=style, include_events=[other]) == off
    for included in {own_name, name}:
        event = mapped(stream, record, event_style=style, include_events=[included, other])
        assert (event["type"], event["event"]) == ("track", name)
        assert (event["userId"], event["anonymousId"]) == ("site-user", "fc-user")
        assert event["timestamp"] == TIME
        assert event["context"]["integration"]["name"] == "freshchat"


@pytest.mark.parametrize("stream", OPTIONAL)
def test_an_optional_event_has_its_details_in_every_style(stream):
    record, details, names = OPTIONAL[stream]
    for style in STYLES:
        event = mapped(stream, record, event_style=style, include_events=[names[0]])
        flat = {k: v for k, v in event["properties"].items() if not isinstance(v, dict)}
        if style == "live_chat":
            assert event["properties"] == {**LIVE_CHAT, **details}
        else:
            assert flat.items() >= {**IDS, **details, "freshchat_source": "report"}.items()
            assert event["properties"]["associations"] == ASSOCIATIONS


def test_an_optional_event_can_be_renamed_and_included_by_its_new_name():
    record, _, _ = OPTIONAL["csat_events"]
    names = {"onCsatSubmit": "Rated"}
    for included in ("onCsatSubmit", "Rated"):
        config = {"event_names": names, "include_events": [included]}
        assert mapped("csat_events", record, **config)["event"] == "Rated"
    streams = {"csat_events": {"when": {"rating": ["1", "2"]}}}
    config = {"include_events": ["onCsatSubmit"], "streams": streams}
    assert isinstance(mapped("csat_events", record, **config), Skipped)
    assert mapped("csat_events", record, streams={"csat_events": {"call": "track"}})["event"]


@pytest.mark.parametrize("style", STYLES)
def test_messages_without_an_id_never_share_one_in_any_style(style):
    with pytest.raises(InvalidEvent) as fault:
        mapped("message_events", {**message(), "id": ""}, event_style=style)
    assert fault.value.reason.code == "bad_message_id"


@pytest.mark.parametrize(
    ("stream", "record"),
    [
        ("conversation_events", conversation("assigned_to_agent")),
        ("conversation_events", conversation("reopened")),
        ("message_events", message("agent", "private")),
    ],
)
def test_records_without_an_event_in_the_live_chat_spec_are_not_sent(stream, record):
    assert isinstance(mapped(stream, record, event_style="live_chat"), Skipped)
    target = TargetSegment(config={"dry_run": True, "event_style": "live_chat"})
    assert isinstance(
        target.settings.routing.mapping_of(StreamInfo(name="agent_activity")), Skipped
    )


@pytest.mark.parametrize(("stream", "record"), EVERY[:1] + EVERY[4:5] + EVERY[6:7])
def test_changing_the_event_style_sends_nothing_twice(stream, record):
    ids = {
        mapped(stream, record, event_style=style)["messageId"]
        for style in ("camel_case", "title_case", "live_chat")
    }
    ids.add(mapped(stream, record, event_names={"onMessageCreate": "Message"})["messageId"])
    assert len(ids) == 1


def test_an_interaction_start_has_one_message_id_as_created_or_reopened():
    created, reopened = conversation("created"), conversation("reopened")
    assert created["event"] != reopened["event"]
    ids = {
        mapped("conversation_events", {**each, "id": "start"})["messageId"]
        for each in (created, reopened)
    }
    assert len(ids) == 1


def test_events_can_be_renamed_and_included_by_either_name():
    for name in ("onMessageCreate", "On Message Create"):
        config = {"event_style": "title_case", "event_names": {name: "Message Posted"}}
        assert mapped("message_events", message(), **config)["event"] == "Message Posted"
        config = {"event_style": "title_case", "include_events": [name]}
        assert mapped("message_events", message(), **config)["event"] == "On Message Create"
        assert isinstance(mapped("conversation_events", conversation(), **config), Skipped)


def test_one_setting_of_a_stream_can_be_changed_without_the_others():
    less = {"agent_activity": {"drop": ["actor.email", "agent_activity.email"]}}
    properties = mapped("agent_activity", activity(), streams=less)["properties"]
    assert "ada@example.com" not in json.dumps(properties)
    assert "b@example.com" not in json.dumps(properties)
    assert properties["agent_activity"]["status"] == "AVAILABLE"


def test_every_preset_has_the_event_styles_that_the_setting_offers():
    for name in preset_names():
        file = resources.files("target_segment.presets").joinpath(f"{name}.yml")
        assert tuple(yaml.safe_load(file.read_text())["event_styles"]) == STYLES
