"""Beginnings that no row tells, and which of them are reopenings."""

from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap, truth

from tap_freshchat.activity.beginnings import (
    CREATION_SKEW,
    REOPENING,
    Begun,
    judged,
    spoken_of_before,
)
from tap_freshchat.activity.dialogue import Dialogue
from tap_freshchat.activity.occurrences import Occurrence
from tap_freshchat.activity.timelines import Changes, Timeline
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
CHANGES = Changes(pairs={}, previous_known=False)


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def inferred(kind="created"):
    began = Occurrence(kind=kind, time=at(0), conversation_id="c", inferred_from=at(5))
    return began, CHANGES, Timeline(created_time=at(0))


def dialogue(*minutes, complete):
    messages = [{"id": str(each), "created_time": format_time(at(each))} for each in minutes]
    return Dialogue(messages, complete=complete)


def kind_by(conversation, said):
    return judged(*inferred(), conversation, said)[0].kind


def beginnings_of(run):
    told = run.records["conversation_events"]
    return [each for each in told if each["type"] in {"created", "reopened"}]


@pytest.mark.e2e
@pytest.mark.parametrize("enrich", [True, False])
def test_a_reopening_without_a_row_is_one_in_every_window_of_a_back_fill(enrich):
    url = f"{QUICK}&reopened_rows=false"
    run = run_tap(NOON, url=url, enrich_conversations=enrich, **BACK_FILL)
    happened = {
        each.interaction_id: each.kind
        for each in truth(url, run.since, run.until)
        if each.kind in {"created", "reopened"}
    }
    told = beginnings_of(run)
    assert {each["type"] for each in told} == {"created", "reopened"}
    assert [each for each in told if each["type"] != happened[each["interaction_id"]]] == []


@pytest.mark.e2e
def test_a_beginning_without_a_row_is_told_once_wherever_windows_end():
    url = f"{QUICK}&missing_created_rows=1&reopened_rows=false"
    run = run_tap(NOON, url=url, **BACK_FILL)
    occurrences = truth(url, run.since, run.until)
    spoken_of = {}
    for each in occurrences:
        if each.kind in {"assigned_to_agent", "assigned_to_group", "resolved"}:
            spoken_of.setdefault(each.interaction_id, each.time)
    due = {
        each.interaction_id
        for each in occurrences
        if each.kind in {"created", "reopened"}
        and each.interaction_id in spoken_of
        and spoken_of[each.interaction_id] - each.time <= timedelta(days=1)
    }
    # Some begin on one side of a window's end and are first spoken of on the other.
    edge = run.since.time()
    across = [
        each
        for each in occurrences
        if each.interaction_id in due
        and each.kind in {"created", "reopened"}
        and each.time.time() < edge <= spoken_of[each.interaction_id].time()
    ]
    assert across
    told = [each["interaction_id"] for each in beginnings_of(run)]
    assert len(set(told)) == len(told)
    assert due <= set(told)
    everything = {each.interaction_id for each in truth(url, run.since - DAY, run.until)}
    assert set(told) <= everything


def test_a_beginning_is_new_once_and_anything_else_always():
    begun = Begun(max_known=2)
    first, second, third = (
        Occurrence(kind="created", time=at(0), conversation_id="c", interaction_id=each)
        for each in "abc"
    )
    assert [begun.is_new(each) for each in (first, second, first, second)] == [1, 1, 0, 0]
    resolved = Occurrence(kind="resolved", time=at(0), conversation_id="c", interaction_id="a")
    bare = Occurrence(kind="created", time=at(0), conversation_id="c")
    assert all(begun.is_new(each) for each in (resolved, resolved, bare, bare))
    # The oldest is forgotten, and would be told again.
    assert [begun.is_new(each) for each in (third, second, first)] == [1, 0, 1]


def test_a_conversation_with_messages_from_before_was_reopened():
    assert kind_by({}, dialogue(-60, 1, complete=True)) == "reopened"
    assert kind_by({}, dialogue(1, complete=False)) == "reopened"
    assert kind_by({}, dialogue(0.01, 1, complete=True)) == "created"
    assert kind_by({}, dialogue(-0.05, 1, complete=True)) == "created"
    assert kind_by({}, dialogue(complete=False)) == "created"


def test_what_lies_as_far_apart_as_it_may_is_no_reopening():
    edge = -CREATION_SKEW.total_seconds() / 60
    assert kind_by({"created_time": format_time(at(edge))}, dialogue(complete=False)) == "created"
    assert kind_by({}, dialogue(edge, complete=True)) == "created"


def test_its_own_record_tells_first_whether_a_conversation_is_older():
    assert kind_by({"created_time": format_time(at(-1))}, dialogue(1, complete=True)) == "reopened"
    assert kind_by({"created_time": format_time(at(0))}, dialogue(1, complete=False)) == "created"


@pytest.mark.parametrize("odd", [None, "", "long ago", 1763805600000, {"at": "noon"}, "2026-13-01"])
def test_a_record_that_cannot_tell_when_it_was_created_leaves_it_to_the_messages(odd):
    assert kind_by({"created_time": odd}, dialogue(-60, 1, complete=True)) == "reopened"
    assert kind_by({"created_time": odd}, dialogue(1, complete=True)) == "created"


def test_a_beginning_found_to_be_a_reopening_says_what_it_changed():
    occurrence, changes, timeline = judged(*inferred(), {}, dialogue(1, complete=False))
    assert occurrence.id == inferred()[0].id
    assert changes is REOPENING
    assert (timeline.created_time, timeline.reopened_time) == (None, at(0))


def test_what_a_row_tells_is_not_judged():
    for each in (
        Occurrence(kind="created", time=at(0), conversation_id="c"),
        inferred("reopened")[0],
    ):
        found = judged(each, CHANGES, Timeline(), {}, dialogue(1, complete=False))
        assert found == (each, CHANGES, Timeline())
        assert spoken_of_before(each, Timeline()) is each


def test_a_conversation_that_earlier_windows_spoke_of_was_reopened():
    assert spoken_of_before(inferred()[0], Timeline(time=at(-60))).kind == "reopened"
    assert spoken_of_before(inferred()[0], None).kind == "created"
