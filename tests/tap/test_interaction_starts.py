"""Interaction starts: those without a row, and which of them reopened their conversation."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap, truth

from tap_freshchat.activity.events import ConversationEvent
from tap_freshchat.activity.interaction_starts import (
    CREATION_TIME_TOLERANCE,
    classify_starts,
    messages_needed,
)
from tap_freshchat.activity.message_history import MessageHistory, Snapshot
from tap_freshchat.times import format_time

DAY = timedelta(days=1)
# Ten windows of a day of an account whose conversations have no creation time.
QUICK = "sandbox://?report_jobs_per_minute=60&sparse_conversations=all"
BACK_FILL = {
    "streams": ("conversation_events",),
    "start_date": (NOON - timedelta(days=10)).isoformat(),
    "report_window_days": 1,
    "report_jobs_per_minute": 60,
}


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def started(minutes=0, *, has_row=False, kind="started"):
    return ConversationEvent(
        kind=kind,
        time=at(minutes),
        conversation_id="c",
        inferred_from=None if has_row else at(minutes + 5),
    )


def history(*minutes, complete, cut=False):
    """Messages loaded for an interaction that started at noon."""
    messages = [{"id": str(each), "created_time": format_time(at(each))} for each in minutes]
    return MessageHistory(messages, complete=complete, back_to=at(0), cut=cut)


NO_MESSAGES = MessageHistory(complete=False)


def snapshot(conversation=None, messages=NO_MESSAGES):
    return Snapshot(conversation=conversation or {}, user_id=None, time=NOON, history=messages)


def kind_by(conversation, messages, *events):
    classified = classify_starts(events or [started()], snapshot(conversation, messages))
    return classified[-1].kind


def starts_in(run):
    reported = run.records["conversation_events"]
    return [each for each in reported if each["type"] in {"created", "reopened"}]


@pytest.mark.e2e
@pytest.mark.parametrize("enrich", [True, False])
def test_a_reopening_without_a_row_is_one_in_every_window_of_a_backfill(enrich):
    url = f"{QUICK}&reopened_rows=false"
    run = run_tap(NOON, url=url, enrich_conversations=enrich, **BACK_FILL)
    happened = {
        each.interaction_id: each.kind
        for each in truth(url, run.since, run.until)
        if each.kind in {"created", "reopened"}
    }
    reported = starts_in(run)
    assert {each["type"] for each in reported} == {"created", "reopened"}
    assert [each for each in reported if each["type"] != happened[each["interaction_id"]]] == []


@pytest.mark.e2e
def test_an_interaction_start_without_a_row_is_reported_once_wherever_windows_end():
    url = f"{QUICK}&missing_created_rows=1&reopened_rows=false"
    run = run_tap(NOON, url=url, **BACK_FILL)
    events = truth(url, run.since, run.until)
    named: dict[str, Any] = {}
    for each in events:
        if each.kind in {"assigned_to_agent", "assigned_to_group", "resolved"}:
            named.setdefault(each.interaction_id, each.time)
    due = {
        each.interaction_id
        for each in events
        if each.kind in {"created", "reopened"}
        and each.interaction_id in named
        and named[each.interaction_id] - each.time <= timedelta(days=1)
    }
    # Some start before the end of a window and are first named by a row after it.
    edge = run.since.time()
    across = [
        each
        for each in events
        if each.interaction_id in due
        and each.kind in {"created", "reopened"}
        and each.time.time() < edge <= named[each.interaction_id].time()
    ]
    assert across
    reported = [each["interaction_id"] for each in starts_in(run)]
    assert len(set(reported)) == len(reported)
    assert due <= set(reported)
    everything = {each.interaction_id for each in truth(url, run.since - DAY, run.until)}
    assert set(reported) <= everything


def test_a_conversation_with_older_messages_was_reopened():
    assert kind_by({}, history(-60, 1, complete=True)) == "reopened"
    assert kind_by({}, history(1, complete=False)) == "reopened"
    assert kind_by({}, history(0.01, 1, complete=True)) == "created"
    assert kind_by({}, history(-0.05, 1, complete=True)) == "created"


def test_a_difference_within_the_tolerance_is_no_reopening():
    edge = -CREATION_TIME_TOLERANCE.total_seconds() / 60
    assert kind_by({"created_time": format_time(at(edge))}, NO_MESSAGES) == "created"
    assert kind_by({}, history(edge, complete=True)) == "created"


def test_a_conversations_own_creation_time_decides_first():
    assert kind_by({"created_time": format_time(at(-1))}, history(1, complete=True)) == "reopened"
    assert kind_by({"created_time": format_time(at(0))}, history(1, complete=False)) == "created"


@pytest.mark.parametrize("odd", [None, "", "long ago", 1763805600000, {"at": "noon"}, "2026-13-01"])
def test_without_a_readable_creation_time_the_messages_decide(odd):
    assert kind_by({"created_time": odd}, history(-60, 1, complete=True)) == "reopened"
    assert kind_by({"created_time": odd}, history(1, complete=True)) == "created"


@pytest.mark.parametrize("messages", [NO_MESSAGES, history(1, complete=False, cut=True)])
def test_without_any_evidence_a_first_start_with_a_row_created_its_conversation(messages):
    assert kind_by({}, messages, started(has_row=True)) == "created"
    assert kind_by({}, messages, started()) == "reopened"


def test_without_any_evidence_a_start_after_other_events_reopened_its_conversation():
    for has_row in (True, False):
        assert kind_by({}, NO_MESSAGES, started(-9), started(has_row=has_row)) == "reopened"


def test_without_any_evidence_events_outside_of_its_context_do_not_classify_a_start():
    long_before = ConversationEvent(kind="resolved", time=NOON - 4 * DAY, conversation_id="c")
    start = started(has_row=True)
    assert kind_by({}, NO_MESSAGES, start) == "created"
    assert kind_by({}, NO_MESSAGES, long_before, start) == "created"


def test_a_start_that_its_row_classifies_stays_as_it_is():
    for kind in ("created", "reopened", "resolved"):
        reported = started(has_row=True, kind=kind)
        for messages in (history(1, complete=False), history(1, complete=True)):
            assert classify_starts([reported], snapshot({}, messages)) == [reported]


def test_a_classified_start_keeps_its_id():
    [found] = classify_starts([started()], snapshot({}, history(1, complete=False)))
    assert found.id == started().id == started(kind="created").id


def test_messages_are_needed_only_for_starts_that_neither_record_nor_loaded_messages_classify():
    events = [started(3), started(1), started(0, kind="created")]
    there = {"conversation_id": "c"}
    assert messages_needed(events, snapshot(there)) == at(1) - CREATION_TIME_TOLERANCE
    assert messages_needed(events[2:], snapshot(there)) is None
    assert messages_needed(events, snapshot()) is None
    dated = {**there, "created_time": format_time(at(0))}
    assert messages_needed(events, snapshot(dated)) is None
    assert messages_needed(events, snapshot(there, history(0, 4, complete=False))) is None
    cut = history(2, 4, complete=False, cut=True)
    assert messages_needed(events, snapshot(there, cut)) == at(1) - CREATION_TIME_TOLERANCE
