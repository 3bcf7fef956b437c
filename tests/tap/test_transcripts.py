"""Rows of transcripts become messages."""

import pytest
from fakes.clock import NOON

from tap_freshchat.errors import ReportError
from tap_freshchat.transcripts import message_of, message_time

ROW = {"message_id": "m", "conversation_id": "c", "created_time": "2026-11-22 12:00:00"}


def parts_of(**columns):
    return message_of({**ROW, **columns}, NOON, app_id=None)["message_parts"]


def test_parts_come_as_the_column_of_parts_has_them():
    assert parts_of(message_parts='[{"text":{"content":"hi"}}]', message="other") == [
        {"text": {"content": "hi"}}
    ]


@pytest.mark.parametrize(
    "parts", ["", "[{", "{}", '["text"]', "[1]", "\ud800", "[" * 5000 + "]" * 5000]
)
def test_without_a_readable_column_of_parts_they_are_made_of_text_and_pictures(parts):
    assert parts_of(message_parts=parts, message="hi", image_url="https://x/i") == [
        {"text": {"content": "hi"}},
        {"image": {"url": "https://x/i"}},
    ]
    assert parts_of(message_parts=parts) == []


def test_a_row_without_a_time_names_the_setting_that_says_which_column_has_it():
    with pytest.raises(ReportError, match="Chat-Transcript.*report_columns"):
        message_time({**ROW, "created_time": "yesterday"})
    assert message_time(ROW) == NOON
