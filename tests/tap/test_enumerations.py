"""Tables of enumerations: every form of a value, and values that no table has."""

import logging

import pytest

from tap_freshchat.activity.agent_status import normalise_status
from tap_freshchat.enumerations import (
    ACTOR_TYPE,
    CONVERSATION_STATUS,
    DETAILED_MESSAGE_TYPE,
    MESSAGE_TYPE,
    UnknownValues,
)
from tap_freshchat.set_aside import SetAside


@pytest.mark.parametrize(
    ("table", "forms", "value"),
    [
        (MESSAGE_TYPE, ("normal", "NORMAL", " Normal ", "normal_message"), "normal"),
        (MESSAGE_TYPE, ("private", "PRIVATE", "Private note", "private-note"), "private"),
        (DETAILED_MESSAGE_TYPE, ("PRIVATE_NOTE", "private note"), "private"),
        (DETAILED_MESSAGE_TYPE, ("STATUS_CHANGE_RESOLVED", "status-change-resolved"), "system"),
        (DETAILED_MESSAGE_TYPE, ("AWAY_MESSAGE", "OfflineMessage"), "normal"),
        (ACTOR_TYPE, ("user", "USER", "Customer"), "user"),
        (CONVERSATION_STATUS, ("RESOLVED", "Resolved"), "resolved"),
    ],
)
def test_a_value_is_the_same_in_every_form(table, forms, value):
    assert {table.read(form) for form in forms} == {value}


@pytest.mark.parametrize("text", ["AVAILABLE", "Available", " available ", "online", "ON", "true"])
def test_an_agents_status_is_the_same_in_every_form(text):
    assert normalise_status(text) == "AVAILABLE"


def test_an_unknown_value_is_kept_and_logged_once_with_its_name(tmp_path, caplog):
    assert ACTOR_TYPE.read("Robot") == "Robot"
    unknown = UnknownValues(SetAside(tmp_path / "rows.jsonl"))
    for value in ("Robot", "Robot", "agent", None, ""):
        unknown.check(ACTOR_TYPE, value)
    warnings = [each.message for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "Robot" in warnings[0]


def test_an_unknown_value_that_a_person_may_have_written_is_not_logged(tmp_path, caplog):
    unknown = UnknownValues(SetAside(tmp_path / "rows.jsonl"))
    unknown.check(ACTOR_TYPE, "call me at +1 555 0100, please")
    assert "555" not in caplog.text
    assert caplog.records
