"""Truncation: events over 32 KB are cut where the user allows it, as little as needed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_segment.json_codec import decode, encode
from target_segment.truncation import truncate_to_limit

LIMIT = 32_000
SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"properties": {"id": {"type": "integer"}}},
    "key_properties": ["id"],
}


def order(number, **more):
    return {"type": "RECORD", "stream": "orders", "record": {"id": number, "user": "u", **more}}


def event(**properties):
    return {"type": "track", "event": "E", "messageId": "m", "properties": properties}


def test_only_an_event_that_is_too_large_is_truncated_and_marked(run, settings, segment):
    finished = run(
        {**settings, "truncate_properties": ["note"]},
        SCHEMA,
        order(1, note="é" * 40_000),
        order(2, note="é" * 1_000),
    )
    cut, whole = (each["properties"] for each in segment.accepted)
    assert cut["note_truncated"] is True
    assert 15_000 < len(cut["note"]) < 16_000
    assert whole["note"] == "é" * 1_000
    assert "note_truncated" not in whole
    assert "cut to fit" in finished.table


def test_without_truncate_properties_a_large_event_is_a_dead_letter(run, settings, segment, dead):
    run(settings, SCHEMA, order(1, note="x" * 40_000))
    assert segment.accepted == []
    assert dead()[0]["reason"]["code"] == "too_large"


def test_an_event_that_cannot_be_truncated_enough_is_a_whole_dead_letter(
    run, settings, segment, dead
):
    config = {**settings, "truncate_properties": ["note", "nothing.here"]}
    run(config, SCHEMA, order(1, note="x" * 5_000, other="y" * 40_000))
    assert segment.accepted == []
    assert dead()[0]["event"]["properties"]["note"] == "x" * 5_000


def test_a_large_dead_letter_can_be_replayed_with_truncation(run, settings, segment):
    run(settings, SCHEMA, order(1, note="x" * 40_000))
    config = {**settings, "truncate_properties": ["note"]}
    run(config, replay_path=settings["dead_letter_path"])
    [sent] = segment.accepted
    assert sent["properties"]["note_truncated"] is True


def test_a_text_whose_name_has_a_dot_is_truncated_by_it():
    cut = decode(truncate_to_limit(encode(event(**{"a.note": "x" * 40_000})), ["a.note"]))[
        "properties"
    ]
    assert 0 < len(cut["a.note"]) < 32_000
    assert cut["a.note_truncated"] is True


def test_texts_are_truncated_in_the_configured_order_and_as_little_as_needed():
    content = event(a="x" * 30_000, b="y" * 10_000, c="z" * 10_000)
    cut = decode(truncate_to_limit(encode(content), ["b", "a", "c"]))["properties"]
    assert cut["b"] == ""
    assert 0 < len(cut["a"]) < 30_000
    assert cut["c"] == "z" * 10_000
    assert len(truncate_to_limit(encode(content), ["b", "a", "c"])) == LIMIT


def test_traits_are_truncated_like_properties():
    content = {"type": "identify", "messageId": "m", "traits": {"note": "x" * 40_000}}
    traits = decode(truncate_to_limit(encode(content), ["note"]))["traits"]
    assert traits["note_truncated"] is True


@pytest.mark.parametrize("spare", [0, -1])
def test_an_event_that_fits_exactly_without_the_text_is_sent(spare):
    rest = len(encode(event(other="", note="", note_truncated=True)))
    content = event(other="y" * (LIMIT - rest - spare), note="x" * 50)
    cut = truncate_to_limit(encode(content), ["note"])
    assert (cut is None) is bool(spare)
    assert spare or len(cut) == LIMIT


def test_only_texts_are_truncated():
    for content in (event(note=5, more="x" * 40_000), event(more="x" * 40_000), event(note=["x"])):
        assert truncate_to_limit(encode(content), ["note", "note.deeper"]) is None


def test_texts_in_lists_are_truncated_one_by_one():
    content = event(parts=[{"text": "x" * 20_000}, {"text": "y" * 20_000}, {"text": 5}])
    cut = decode(truncate_to_limit(encode(content), ["parts.text"]))["properties"]["parts"]
    assert cut[0]["text_truncated"] is True
    assert cut[1:] == [{"text": "y" * 20_000}, {"text": 5}]


@given(st.text(min_size=1), st.integers(1, 3), st.dictionaries(st.text(max_size=4), st.integers()))
def test_a_truncated_text_is_a_prefix_and_its_event_within_the_limit(text, times, others):
    long = text * (40_000 * times // len(text.encode()))
    payload = encode(event(**{f"_{name}": value for name, value in others.items()}, note=long))
    cut = truncate_to_limit(payload, ["note"])
    assert LIMIT - 12 < len(cut) <= LIMIT
    assert json.loads(cut)["properties"].pop("note_truncated")
    assert long.startswith(json.loads(cut)["properties"]["note"])


@pytest.mark.parametrize("time", ["1969-12-31T23:59:59Z", "2999-01-01T00:00:00Z"])
def test_an_implausible_time_is_sent_and_counted_as_a_warning(run, settings, segment, time):
    mapping = {**settings["streams"]["orders"], "timestamp": "at"}
    settings["streams"] = {"orders": mapping}
    finished = run(settings, SCHEMA, order(1, at=time), order(2, at="2026-01-01T00:00:00Z"))
    assert len(segment.accepted) == 2
    [line] = [line for line in finished.table.splitlines() if line.startswith("warnings")]
    assert line.split()[-1] == "1"
    assert ("before 1970" if time < "1970" else "in the future") in line
