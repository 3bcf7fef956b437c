"""Conversion of transcript rows to messages."""

import pytest
from fakes.clock import NOON

from tap_freshchat.activity.transcript_rows import message_from_row

ROW = {"message_id": "m", "conversation_id": "c", "created_time": "2026-11-22 12:00:00"}


def message_of(row):
    return message_from_row(row, NOON, message_type=row.get("message_type") or None, app_id="app")


def parts_of(**columns):
    return message_of({**ROW, **columns})["message_parts"]


def test_a_message_has_the_field_names_of_rest_and_null_for_blank_or_missing_cells():
    cells = {
        name: name
        for name in (
            *("channel_id", "interaction_id", "actor_type", "actor_id", "customer_id"),
            *("message_type", "message_source"),
        )
    }
    ids = {"id": "m", "conversation_id": "c", "app_id": "app"}
    ends = {"created_time": "2026-11-22T12:00:00.000000+00:00", "message_parts": []}
    reported = {("user_id" if name == "customer_id" else name): name for name in cells}
    assert message_of({**ROW, **cells}) == {**ids, **reported, **ends}
    for blank in (ROW, {**ROW, **dict.fromkeys(cells, "")}):
        assert message_of(blank) == {
            **ids,
            **dict.fromkeys(reported),
            **ends,
        }


def test_images_and_videos_follow_the_text():
    assert parts_of(message="hi", video_url="https://x/v", image_url="https://x/i") == [
        {"text": {"content": "hi"}},
        {"image": {"url": "https://x/i"}},
        {"video": {"url": "https://x/v"}},
    ]


def test_the_parts_of_a_message_are_those_of_the_parts_column():
    assert parts_of(message_parts='[{"text":{"content":"hi"}}]', message="other") == [
        {"text": {"content": "hi"}}
    ]


@pytest.mark.parametrize(
    "parts", ["", "[{", "{}", '["text"]', "[1]", "\ud800", "[" * 5000 + "]" * 5000]
)
def test_without_a_valid_parts_column_text_and_images_become_parts(parts):
    assert parts_of(message_parts=parts, message="hi", image_url="https://x/i") == [
        {"text": {"content": "hi"}},
        {"image": {"url": "https://x/i"}},
    ]


@pytest.mark.parametrize("message", [{}, {"message": ""}])
def test_text_that_only_the_parts_column_contains_is_not_lost(message):
    said = "[Order 7] where is it?"
    assert parts_of(message_parts=said, **message) == [{"text": {"content": said}}]
    picture = {"image": {"url": "https://x/i"}}
    reported = parts_of(message_parts=said, image_url="https://x/i", **message)
    assert reported == [{"text": {"content": said}}, picture]
    assert parts_of(message_parts="", **message) == []
    assert parts_of(message_parts="[]", **message) == []


def test_one_unreadable_character_costs_only_itself():
    text = r'[{"text":{"content":"hi \ud83d"}}]'
    assert parts_of(message_parts=text) == [{"text": {"content": "hi \ufffd"}}]
