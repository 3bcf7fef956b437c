"""Beginnings that no row tells, and which of them are reopenings."""

from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap, truth

from tap_freshchat.activity.conversation_state import Changes, ConversationState
from tap_freshchat.activity.events import ConversationEvent
from tap_freshchat.activity.interaction_starts import (
    CREATION_TIME_TOLERANCE,
    REOPENED_CHANGES,
    SeenInteractionStarts,
    as_reopened_if_known_earlier,
    reclassify_start,
)
from tap_freshchat.activity.message_history import MessageHistory
from tap_freshchat.times import format_time

DAY = timedelta(days=1)
# Ten windows of a day, at a desk that tells as little of beginnings as any does.
QUICK = "sandbox://?report_jobs_per_minute=60&sparse_conversations=all"
BACK_FILL = {
    "streams": ("conversation_events",),
    "start_date": (NOON - timedelta(days=10)).isoformat(),
    "report_window_days": 1,
    "report_jobs_per_minute": 60,
}
CHANGES = Changes(pairs={}, previous_values_known=False)


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def inferred(kind="created"):
    began = ConversationEvent(kind=kind, time=at(0), conversation_id="c", inferred_from=at(5))
    return began, CHANGES, ConversationState(created_time=at(0))


def history(*minutes, complete):
    messages = [{"id": str(each), "created_time": format_time(at(each))} for each in minutes]
    return MessageHistory(messages, complete=complete)


def kind_by(conversation, said):
    return reclassify_start(*inferred(), conversation, said)[0].kind


def beginnings_of(run):
    reported = run.records["conversation_events"]
    return [each for each in reported if each["type"] in {"created", "reopened"}]


@pytest.mark.parametrize("enrich", [True, False])
def test_a_reopening_without_a_row_is_one_in_every_window_of_a_backfill(enrich):
    url = f"{QUICK}&reopened_rows=false"
    run = run_tap(NOON, url=url, enrich_conversations=enrich, **BACK_FILL)
    happened = {
        each.interaction_id: each.kind
        for each in truth(url, run.since, run.until)
        if each.kind in {"created", "reopened"}
    }
    reported = beginnings_of(run)
    assert {each["type"] for each in reported} == {"created", "reopened"}
    assert [each for each in reported if each["type"] != happened[each["interaction_id"]]] == []


def test_an_interaction_start_without_a_row_is_reported_once_wherever_windows_end():
    url = f"{QUICK}&missing_created_rows=1&reopened_rows=false"
    run = run_tap(NOON, url=url, **BACK_FILL)
    events = truth(url, run.since, run.until)
    spoken_of = {}
    for each in events:
        if each.kind in {"assigned_to_agent", "assigned_to_group", "resolved"}:
            spoken_of.setdefault(each.interaction_id, each.time)
    due = {
        each.interaction_id
        for each in events
        if each.kind in {"created", "reopened"}
        and each.interaction_id in spoken_of
        and spoken_of[each.interaction_id] - each.time <= timedelta(days=1)
    }
    # Some begin on one side of a window's end and are first spoken of on the other.
    edge = run.since.time()
    across = [
        each
        for each in events
        if each.interaction_id in due
        and each.kind in {"created", "reopened"}
        and each.time.time() < edge <= spoken_of[each.interaction_id].time()
    ]
    assert across
    reported = [each["interaction_id"] for each in beginnings_of(run)]
    assert len(set(reported)) == len(reported)
    assert due <= set(reported)
    everything = {each.interaction_id for each in truth(url, run.since - DAY, run.until)}
    assert set(reported) <= everything


def test_an_interaction_start_is_new_once_and_anything_else_always():
    begun = SeenInteractionStarts(max_known=2)
    first, second, third = (
        ConversationEvent(kind="created", time=at(0), conversation_id="c", interaction_id=each)
        for each in "abc"
    )
    assert [begun.is_new(each) for each in (first, second, first, second)] == [1, 1, 0, 0]
    resolved = ConversationEvent(
        kind="resolved", time=at(0), conversation_id="c", interaction_id="a"
    )
    bare = ConversationEvent(kind="created", time=at(0), conversation_id="c")
    assert all(begun.is_new(each) for each in (resolved, resolved, bare, bare))
    # The oldest is forgotten, and would be told again.
    assert [begun.is_new(each) for each in (third, second, first)] == [1, 0, 1]


def test_a_conversation_with_messages_from_before_was_reopened():
    assert kind_by({}, history(-60, 1, complete=True)) == "reopened"
    assert kind_by({}, history(1, complete=False)) == "reopened"
    assert kind_by({}, history(0.01, 1, complete=True)) == "created"
    assert kind_by({}, history(-0.05, 1, complete=True)) == "created"
    assert kind_by({}, history(complete=False)) == "created"


def test_what_lies_as_far_apart_as_it_may_is_no_reopening():
    edge = -CREATION_TIME_TOLERANCE.total_seconds() / 60
    assert kind_by({"created_time": format_time(at(edge))}, history(complete=False)) == "created"
    assert kind_by({}, history(edge, complete=True)) == "created"


def test_its_own_record_reports_first_whether_a_conversation_is_older():
    assert kind_by({"created_time": format_time(at(-1))}, history(1, complete=True)) == "reopened"
    assert kind_by({"created_time": format_time(at(0))}, history(1, complete=False)) == "created"


@pytest.mark.parametrize("odd", [None, "", "long ago", 1763805600000, {"at": "noon"}, "2026-13-01"])
def test_a_record_that_cannot_tell_when_it_was_created_leaves_it_to_the_messages(odd):
    assert kind_by({"created_time": odd}, history(-60, 1, complete=True)) == "reopened"
    assert kind_by({"created_time": odd}, history(1, complete=True)) == "created"


def test_an_interaction_start_found_to_be_a_reopening_says_what_it_changed():
    event, changes, state = reclassify_start(*inferred(), {}, history(1, complete=False))
    assert event.id == inferred()[0].id
    assert changes is REOPENED_CHANGES
    assert (state.created_time, state.reopened_time) == (None, at(0))


def test_what_a_row_reports_is_not_judged():
    for each in (
        ConversationEvent(kind="created", time=at(0), conversation_id="c"),
        inferred("reopened")[0],
    ):
        found = reclassify_start(each, CHANGES, ConversationState(), {}, history(1, complete=False))
        assert found == (each, CHANGES, ConversationState())
        assert as_reopened_if_known_earlier(each, ConversationState()) is each


def test_a_conversation_that_earlier_windows_spoke_of_was_reopened():
    assert (
        as_reopened_if_known_earlier(inferred()[0], ConversationState(time=at(-60))).kind
        == "reopened"
    )
    assert as_reopened_if_known_earlier(inferred()[0], None).kind == "created"
