"""Checks of events: what Segment would reject or silently drop."""

import pytest

from target_segment.segment_spec import (
    MAX_EVENT_BYTES,
    MAX_MESSAGE_ID_CHARS,
    InvalidEvent,
    validate_event,
    validate_size,
)

TRACK = {"type": "track", "event": "e", "userId": "u", "messageId": "m"}
GROUP = {"type": "group", "groupId": "g", "userId": "u", "messageId": "m"}
IDENTIFY = {"type": "identify", "userId": "u", "messageId": "m"}


def without(event, name):
    return {key: value for key, value in event.items() if key != name}


@pytest.mark.parametrize(
    "event",
    [
        TRACK,
        GROUP,
        IDENTIFY,
        {**without(TRACK, "userId"), "anonymousId": "a"},
        {**TRACK, "messageId": "m" * MAX_MESSAGE_ID_CHARS},
    ],
)
def test_an_event_as_segment_documents_it_is_valid(event):
    assert validate_event(event) is None


@pytest.mark.parametrize(
    ("event", "code", "says"),
    [
        (without(TRACK, "type"), "unknown_call", "'type' must be one of track, identify, group"),
        ({**TRACK, "type": "page"}, "unknown_call", "'type' must be"),
        (without(TRACK, "userId"), "no_identity", "neither userId nor anonymousId"),
        ({**TRACK, "userId": ""}, "no_identity", "neither userId nor anonymousId"),
        (without(TRACK, "event"), "no_event_name", "a track call needs an event name"),
        ({**TRACK, "event": ""}, "no_event_name", "a track call needs an event name"),
        ({**TRACK, "event": " "}, "no_event_name", "a track call needs an event name"),
        ({**TRACK, "userId": 5}, "bad_identity", "userId and anonymousId must be strings"),
        ({**TRACK, "anonymousId": ["a"]}, "bad_identity", "userId and anonymousId must be"),
        ({**TRACK, "event": 5}, "no_event_name", "a track call needs an event name"),
        (without(GROUP, "groupId"), "no_group", "a group call needs a groupId"),
        ({**GROUP, "groupId": None}, "no_group", "a group call needs a groupId"),
        (without(TRACK, "messageId"), "bad_message_id", "messageId must have 1 to 99 chars"),
        ({**TRACK, "messageId": ""}, "bad_message_id", "messageId must have"),
        ({**TRACK, "messageId": 7}, "bad_message_id", "messageId must have"),
        ({**TRACK, "messageId": "m" * 100}, "bad_message_id", "messageId must have"),
    ],
)
def test_an_invalid_event_has_a_code_and_a_sentence(event, code, says):
    error = validate_event(event)
    assert error.code == code
    assert error.text.startswith(says)


def test_an_event_may_be_as_large_as_the_limit_and_no_larger():
    assert validate_size(b"x" * MAX_EVENT_BYTES) is None
    error = validate_size(b"x" * (MAX_EVENT_BYTES + 1))
    assert error.code == "too_large"
    assert error.text.startswith("over Segment's limit of 32000 bytes")


def test_an_invalid_event_error_has_code_and_sentence():
    error = InvalidEvent("bad_identity", "an id must be text")
    assert (str(error), error.reason.code, error.reason.text) == (
        "an id must be text",
        "bad_identity",
        "an id must be text",
    )
