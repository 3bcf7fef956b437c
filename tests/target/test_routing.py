"""Which mapping each stream has, and which names its events may have."""

import pytest

from target_segment.errors import MappingError
from target_segment.mapping.routing import (
    Routing,
    check_event_names,
    check_streams,
    merge_event_names,
    merge_stream_settings,
)
from target_segment.mapping.stream_mapping import SharedRules, Skipped, StreamInfo
from target_segment.presets import Preset

PRESET = Preset(
    streams={"chats": {"event": "kind", "user_id": "user"}},
    stream_events={"chats": ["onOpen", "onClose"]},
    event_names={"onOpen": "Chat Opened"},
)


def routing(streams, *, skip=False, write_key="key-1", names=None):
    rules = SharedRules(names=names or {})
    return Routing(streams=streams, skip_unmapped=skip, rules=rules, write_key=write_key)


def test_a_stream_has_its_own_mapping_or_that_for_all_others():
    streams = {"orders": {"user_id": "buyer"}, "*": {"user_id": "anyone"}}
    record = {"buyer": "b", "anyone": "a", "id": 1}
    for name, user in (("orders", "b"), ("others", "a")):
        mapped = routing(streams).mapping_of(StreamInfo(name=name, keys=("id",))).map(record)
        assert mapped.event["userId"] == user


def test_a_stream_without_a_mapping_is_skipped_or_an_error_as_the_setting_says():
    assert routing({}, skip=True).mapping_of(StreamInfo(name="orders")) == Skipped("no mapping")
    with pytest.raises(MappingError, match="^Stream 'orders' has no mapping"):
        routing({}).mapping_of(StreamInfo(name="orders"))


def test_ids_depend_on_the_destination_and_the_stream():
    streams = {"*": {"user_id": "user", "event": {"value": "E"}}}
    ids = {
        routing(streams, write_key=key)
        .mapping_of(StreamInfo(name=name, keys=("id",)))
        .map({"user": "u", "id": 1})
        .event["messageId"]
        for key in ("key-1", "key-2", None)
        for name in ("orders", "others")
    }
    assert len(ids) == 6


def test_the_users_settings_override_the_presets_key_by_key():
    preset = {"chats": {"event": "kind", "user_id": "user"}, "users": {"call": "skip"}}
    merged = merge_stream_settings(
        preset, {"chats": {"user_id": "mail"}, "orders": {"event": "name"}}
    )
    assert merged == {
        "chats": {"event": "kind", "user_id": "mail"},
        "users": {"call": "skip"},
        "orders": {"event": "name"},
    }
    assert preset["chats"]["user_id"] == "user"


def test_null_removes_a_setting_of_the_preset():
    preset = {"users": {"call": "skip", "reason": "no event"}}
    merged = merge_stream_settings(preset, {"users": {"call": None, "user_id": "id", "drop": None}})
    assert merged == {"users": {"reason": "no event", "user_id": "id"}}
    check_event_names(routing(merged), PRESET, {"include_events": ["Users"]})


def test_settings_of_a_stream_must_be_an_object():
    with pytest.raises(MappingError, match=r"^streams\.orders: must be an object"):
        merge_stream_settings({}, {"orders": "user"})


def test_an_event_can_be_renamed_by_either_name():
    assert merge_event_names(PRESET, {}) == {"onOpen": "Chat Opened"}
    assert merge_event_names(PRESET, {"onOpen": "Hello"})["onOpen"] == "Hello"
    assert merge_event_names(PRESET, {"Chat Opened": "Hello"})["onOpen"] == "Hello"
    assert merge_event_names(PRESET, {"onClose": "Bye"}) == {
        "onOpen": "Chat Opened",
        "onClose": "Bye",
    }


KNOWN = {
    **PRESET.streams,
    "refunds": {"event": {"value": "Money Back"}},
    "visits": {"event": {"path": "kind", "map": {"in": "Entered", "out": 5}}},
    "order_lines": {},
    "people": {"call": "identify"},
}


@pytest.mark.parametrize(
    "name",
    ["onOpen", "onClose", "Chat Opened", "Hello", "Money Back", "Entered", "5", "Order Lines"],
)
def test_a_name_can_be_included_if_some_event_has_it_in_either_style(name):
    known = routing(KNOWN, names={"onOpen": "Hello"})
    check_event_names(known, PRESET, {"include_events": [name]})


@pytest.mark.parametrize("name", ["onopen", "People", "Refunds", "Kind", "*"])
def test_an_unknown_event_name_is_an_error_that_lists_the_known_ones(name):
    known = routing(KNOWN, names={"onOpen": "Hello"})
    with pytest.raises(MappingError) as refusal:
        check_event_names(known, PRESET, {"event_names": [], "include_events": ["Entered", name]})
    assert str(refusal.value) == (
        f"include_events: unknown event '{name}'; known events: "
        "5, Entered, Hello, Money Back, Order Lines, onClose"
    )


@pytest.mark.parametrize(
    "streams",
    [
        {"orders": {"event": "name"}},
        {"orders": {"event": ["name", "kind"]}},
        {"orders": {"event": {"path": "kind", "map": None}}},
        {"people": {"call": "identify"}, "*": {}},
        {"chats": {"event": "other"}},
    ],
)
def test_any_name_can_be_included_if_records_bring_names(streams):
    check_event_names(routing(streams), PRESET, {"include_events": ["Whatever"]})


def test_streams_without_track_calls_have_no_event_names():
    for call in ("identify", "group", "skip"):
        with pytest.raises(MappingError, match="unknown event"):
            check_event_names(
                routing({"people": {"call": call}}), PRESET, {"include_events": ["People"]}
            )


def test_every_mapping_is_compiled_before_anything_is_sent():
    good = {"user_id": "user"}
    check_streams(routing({"orders": good, "*": good}), PRESET)
    for name in ("chats", "*"):
        with pytest.raises(MappingError, match="needs user_id or anonymous_id, or call: skip$"):
            check_streams(routing({"orders": good, name: {}}), PRESET)
    with pytest.raises(MappingError, match="call: skip$"):
        check_streams(routing({"chat": {}}), Preset())


def test_a_stream_unknown_to_the_preset_may_be_misspelt():
    with pytest.raises(MappingError, match=r"skip \('chat' is not a .*; did you mean chats\?\)$"):
        check_streams(routing({"chat": {}}), PRESET)
    with pytest.raises(MappingError, match=r"skip \('orders' is not a stream of the preset\)$"):
        check_streams(routing({"orders": {}}), PRESET)
