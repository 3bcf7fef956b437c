"""The same events through Segment's own library and through this target, to one receiver."""

import json
from datetime import datetime

import pytest
from fakes.runs import run_tap
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from segment.analytics.client import Client

LIBRARY = {"name": "target-segment", "version": "0.1.0"}
# What each producer writes about itself and the time of sending.
OWN = ("messageId", "timestamp")


def by_library(segment, events):
    """Send events with segment-analytics-python and return what arrives."""
    before, complaints = len(segment.accepted), len(segment.complaints)
    failures = []
    client = Client(
        "key-1",
        host=segment.api_url.removesuffix("/v1"),
        on_error=lambda error, _: failures.append(error),
        max_queue_size=100_000,
        upload_interval=0.01,
        gzip=True,
    )
    for event in events:
        getattr(client, event["type"])(**arguments(event))
    client.shutdown()
    assert not failures
    # Its user agent is its own.
    del segment.complaints[complaints:]
    return segment.accepted[before:]


def arguments(event):
    """A batch item as the library's methods take it."""
    context = {name: value for name, value in event["context"].items() if name != "library"}
    names = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id"}
    return {
        **{names.get(k, k): v for k, v in event.items() if k not in ("type", "messageId")},
        "context": context,
        "timestamp": datetime.fromisoformat(event["timestamp"]),
    }


def comparable(event):
    """An event without empty parts and without what each producer writes about itself."""
    assert isinstance(event["messageId"], str)
    context = {name: value for name, value in event["context"].items() if name != "library"}
    rest = {
        name: value
        for name, value in event.items()
        # The library writes null or {} for what it was not given.
        if name not in OWN and value is not None and (name != "integrations" or value)
    }
    return {**rest, "context": context, "time": parse_time(event["timestamp"])}


def parse_time(text):
    """Parse a time to the millisecond, the precision of the library."""
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(time.timestamp() * 1000)


def checked_against_library(segment, ours):
    """Check that the library sends the same events as the target; return them."""
    assert segment.complaints == []
    assert segment.swallowed == []
    assert all(event["context"]["library"] == LIBRARY for event in ours)
    assert not any(None in event.values() for event in ours)
    theirs = by_library(segment, ours)
    assert len(ours) == len(theirs)
    for one, other in zip(map(comparable, ours), map(comparable, theirs), strict=True):
        assert one == other
    return ours


@pytest.mark.parametrize("style", ["camel_case", "title_case", "live_chat"])
def test_freshchats_events_are_what_segments_own_library_sends(run, settings, segment, style):
    tapped = run_tap(
        datetime.fromisoformat("2026-11-20T00:00:00+00:00"),
        start_date="2026-11-19T00:00:00Z",
        url="sandbox://?conversations_per_day=8&report_jobs_per_minute=30",
        streams=("agent_activity", "conversation_events", "message_events", "users"),
    )
    finished = run(
        {
            **settings,
            "preset": "freshchat",
            "event_style": style,
            "streams": {"users": {"call": "identify"}},
            "integrations": {"All": True},
            "context": {"locale": "en"},
        },
        *tapped.messages,
    )
    assert finished.status == 0
    ours = checked_against_library(segment, list(segment.accepted))
    assert {event["type"] for event in ours} == {"track", "identify"}
    assert len(ours) > 50


def test_groups_are_what_segments_own_library_sends(run, settings, segment):
    schema = {
        "type": "SCHEMA",
        "stream": "teams",
        "schema": {"properties": {"id": {}}},
        "key_properties": ["id"],
    }
    team = {"id": 7, "owner": 5, "at": "2026-11-20T10:00:00.123+02:00", "name": "Größe", "n": 1.5}
    mapping = {
        "call": "group",
        "user_id": "owner",
        "group_id": "id",
        "timestamp": "at",
        "traits": ["name", "n"],
    }
    run(
        {**settings, "streams": {"teams": mapping}},
        schema,
        {"type": "RECORD", "stream": "teams", "record": team},
    )
    [group] = checked_against_library(segment, list(segment.accepted))
    assert group["groupId"] == "7"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@hypothesis_settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=5))
def test_any_properties_are_what_segments_own_library_sends(run, settings, segment, properties):
    segment.accepted.clear()
    schema = {
        "type": "SCHEMA",
        "stream": "orders",
        "schema": {"properties": {"id": {}}},
        "key_properties": ["id"],
    }
    record = {
        "id": len(segment.received),
        "user": "u",
        "at": "2026-11-20T10:00:00Z",
        "content": properties,
    }
    mapping = {"user_id": "user", "timestamp": "at", "properties": ["content"]}
    finished = run(
        {**settings, "streams": {"orders": mapping}},
        schema,
        {"type": "RECORD", "stream": "orders", "record": record},
    )
    assert finished.status == 0
    [event] = checked_against_library(segment, list(segment.accepted))
    assert event["properties"]["content"] == json.loads(json.dumps(properties))
