"""Which mapping each stream has, and which names its events may have."""

from typing import Any

import pytest

from target_segment.errors import MappingError
from target_segment.mapping.merging import merge_stream_settings, streams_of_preset
from target_segment.mapping.routing import (
    Routing,
    check_event_names,
    check_streams,
    merge_event_names,
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


def merged(preset, own, **optional):
    return merge_stream_settings(Preset(streams=preset, optional=optional), own)


def test_the_users_settings_override_the_presets_key_by_key():
    preset = {"chats": {"event": "kind", "user_id": "user"}, "users": {"call": "skip"}}
    assert merged(preset, {"chats": {"user_id": "mail"}, "orders": {"event": "name"}}) == {
        "chats": {"event": "kind", "user_id": "mail"},
        "users": {"call": "skip"},
        "orders": {"event": "name"},
    }
    assert preset["chats"]["user_id"] == "user"


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_or_empty_text_removes_a_setting_of_the_preset(nothing):
    preset = {"chats": {"event": "kind", "user_id": "user"}}
    assert merged(preset, {"chats": {"user_id": nothing, "drop": nothing}}) == {
        "chats": {"event": "kind"}
    }


SKIPPED = {"users": {"call": "skip", "reason": "no event"}}
USERS = {"call": "identify", "user_id": "id", "traits": ["email"]}


@pytest.mark.parametrize(
    "own", [{"user_id": "id"}, {"call": "track", "user_id": "id"}, {"call": None, "user_id": "id"}]
)
def test_a_mapping_of_the_user_beats_the_presets_skip_and_takes_nothing_of_the_preset(own):
    preset = Preset(streams=SKIPPED, optional={"users": USERS})
    kept = {name: value for name, value in own.items() if value}
    assert merge_stream_settings(preset, {"users": own}) == {"users": kept}
    assert streams_of_preset(preset, {"users": own}) == frozenset()
    check_event_names(routing({"users": kept}), PRESET, {"include_events": ["Users"]})


def test_the_call_of_an_optional_mapping_of_the_preset_turns_it_on():
    preset = Preset(streams=SKIPPED, optional={"users": USERS})
    own = {"users": {"call": "identify", "traits": ["name"]}}
    assert merge_stream_settings(preset, own) == {"users": {**USERS, "traits": ["name"]}}
    assert streams_of_preset(preset, own) == {"users"}


@pytest.mark.parametrize("own", [{}, {"call": "skip"}, {"reason": "mine"}, {"drop": None}])
def test_a_stream_stays_skipped_if_the_user_maps_nothing(own):
    assert merged(SKIPPED, {"users": own}, users=USERS)["users"]["call"] == "skip"


def test_a_mapping_that_lacks_an_identity_names_the_optional_mapping_of_the_preset():
    preset = Preset(streams=SKIPPED, optional={"users": USERS})
    with pytest.raises(MappingError, match=r"\(call: identify uses the preset's mapping\)$"):
        check_streams(routing(merge_stream_settings(preset, {"users": {"drop": ["x"]}})), preset)


def test_settings_of_a_stream_must_be_an_object():
    with pytest.raises(MappingError, match=r"^streams\.orders: must be an object"):
        merged({}, {"orders": "user"})


@pytest.mark.parametrize(
    ("base", "sum_"),
    [
        ({"a": "b"}, {"a": "b", "x": "y"}),
        (["a"], {"a": "a", "x": "y"}),
        ("*", {"*": "*", "x": "y"}),
        (None, {"*": "*", "x": "y"}),
    ],
)
def test_added_properties_and_traits_add_to_what_is_sent_without_them(base, sum_):
    for payload in ("properties", "traits"):
        preset: dict[str, Any] = {"user_id": "user", **({payload: base} if base else {})}
        own = {"chats": {f"add_{payload}": {"x": "y"}}}
        assert merged({"chats": preset}, own) == {"chats": {"user_id": "user", payload: sum_}}
        both = {payload: base or "*", f"add_{payload}": {"x": "y"}}
        assert merged({"chats": {payload: ["z"]}}, {"chats": both}) == {"chats": {payload: sum_}}
    assert merged({}, {"s": {"properties": ["a"], "add_properties": ["x"]}}) == {
        "s": {"properties": {"a": "a", "x": "x"}}
    }


@pytest.mark.parametrize("added", [{}, [], "x", ["a.b"], 5])
def test_added_properties_of_another_form_are_an_error_that_names_the_setting(added):
    with pytest.raises(
        MappingError, match=r"^streams\.chats\.add_properties: must be {name: value}"
    ):
        merged({}, {"chats": {"add_properties": added}})


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
