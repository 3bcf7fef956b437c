"""The stream of conversations."""

from datetime import timedelta

from fakes.clock import NOON
from fakes.runs import run_tap, truth

HOUR = timedelta(hours=1)
DAY = {"start_date": (NOON - 24 * HOUR).isoformat()}


def moved(url, start, end):
    found = {}
    for each in truth(url, start, end):
        if each.conversation_id and each.kind != "unassigned":
            found[each.conversation_id] = each.time
    return found


def test_every_changed_conversation_is_reported_once_in_its_current_state():
    run = run_tap(NOON, streams=("conversations",), **DAY)
    records = run.records["conversations"]
    last = moved("sandbox://", run.since, run.until)
    reported = {each["conversation_id"]: each for each in records}
    # A deleted user's conversations remain, a deleted conversation has nothing to tell.
    assert reported.keys() == last.keys()
    assert len(reported) == len(records)
    for conversation_id, time in last.items():
        assert reported[conversation_id]["activity_time"] >= time.isoformat(timespec="microseconds")
        assert reported[conversation_id]["status"]
    assert all(isinstance(each["properties"], (dict, type(None))) for each in records)


def test_a_later_run_reports_only_conversations_changed_since():
    first = run_tap(NOON, streams=("conversations",), **DAY)
    later = run_tap(NOON + HOUR, first.state, streams=("conversations",), **DAY)
    again = run_tap(NOON + HOUR, later.state, streams=("conversations",), **DAY)
    reported = {each["conversation_id"] for each in later.records["conversations"]}
    assert reported == set(moved("sandbox://", first.until, later.until))
    assert again.records["conversations"] == []


def test_with_the_events_conversations_cost_no_further_job():
    both = run_tap(NOON, streams=("conversations", "conversation_events", "message_events"), **DAY)
    events = run_tap(NOON, streams=("conversation_events", "message_events"), **DAY)
    jobs = [run.requests.count("POST /v2/reports/raw") for run in (both, events)]
    assert jobs[0] == jobs[1]


def test_conversations_are_reported_without_reports():
    url = "sandbox://?opened=2026-11-18"
    run = run_tap(
        NOON, streams=("conversations",), url=url, activity_source="rest", user_scope="all", **DAY
    )
    last = moved(url, run.since, NOON)
    assert {each["conversation_id"] for each in run.records["conversations"]} == last.keys()
