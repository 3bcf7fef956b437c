"""Fields for Segment's Live Chat spec: duration and message, exact or absent."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

from freshchat_sandbox import Options
from freshchat_sandbox.account.account import SandboxAccount
from freshchat_sandbox.account.conversation_events import MESSAGE, NORMAL, SYSTEM_MESSAGE
from freshchat_sandbox.account.timestamps import from_datetime, to_datetime
from tap_freshchat.times import parse_time

DAY = timedelta(days=1)
URL = "sandbox://?conversations_per_day=12&report_jobs_per_minute=60"
STREAMS = ("conversation_events", "message_events")
# Readings that hide the start of an interaction from some rows or messages, or all.
READINGS = (
    *("report_interactions=blank", "report_interactions=absent", "interaction_id=opaque"),
    *("rest_interactions=false", "transcript_interactions=filled", "flags=none"),
    *("rest_message_type=detailed", "status_rows=false", "reopened_rows=false"),
)


def starts_of(url, run):
    """Return the start of the interaction of each event, by conversation and time."""
    account = SandboxAccount(Options.from_url(url))
    found: dict[Any, Any] = {}
    for timeline in account.conversations(from_datetime(run.since), from_datetime(run.until)):
        for event in timeline.events:
            key = account.conversation_id(timeline.key), to_datetime(event.at)
            found.setdefault(key, set()).add(to_datetime(event.interaction_start))
    return found


def messages_of(url, run):
    """Return the first message of each conversation, and those that post a change, by time."""
    account = SandboxAccount(Options.from_url(url))
    first: dict[str, str] = {}
    system: dict[Any, str] = {}
    for timeline in account.conversations(from_datetime(run.since), from_datetime(run.until)):
        conversation = account.conversation_id(timeline.key)
        for event in timeline.events:
            if event.kind == MESSAGE:
                message_id = account.message_id(timeline, event)
                if event.message_type == NORMAL:
                    first.setdefault(conversation, message_id)
                elif event.message_type == SYSTEM_MESSAGE:
                    system[conversation, to_datetime(event.at)] = message_id
    return first, system


def check(url, run):
    """Check that what is there is exact; return the records without a duration or a message."""
    starts, (first, system) = starts_of(url, run), messages_of(url, run)
    lacking = []
    for record in run.records[STREAMS[0]] + run.records[STREAMS[1]]:
        time = parse_time(record["created_time"])
        key = record["conversation_id"], time
        if (seconds := record["interaction_seconds"]) is not None:
            [start] = starts[key]
            assert seconds == round((time - start).total_seconds(), 3)
        if record["event"] == "onMessageCreate":
            lacking += [record] if seconds is None else []
            continue
        lacking += [record] if None in (seconds, record["message_id"]) else []
        if record["message_id"] is not None:
            assert record["type"] in {"created", "resolved", "reopened"}
            expected = first[key[0]] if record["type"] == "created" else system[key]
            assert record["message_id"] == expected
    return lacking


@pytest.fixture(scope="module")
def days():
    return run_tap(NOON, url=URL, streams=STREAMS, start_date=(NOON - 2 * DAY).isoformat())


def test_every_start_end_and_message_has_an_exact_duration_and_message(days):
    lacking = check(URL, days)
    assert {each.get("type") for each in lacking} <= {"assigned_to_agent", "assigned_to_group"}
    assert all(each["interaction_seconds"] is not None for each in lacking)
    assert {each["type"] for each in days.records[STREAMS[0]]} >= {"created", "resolved"}
    for each in days.records[STREAMS[0]]:
        assert each["type"] != "created" or each["interaction_seconds"] == 0


@pytest.mark.e2e
@pytest.mark.parametrize("source", ["reports", "rest"])
@pytest.mark.parametrize("reading", READINGS)
def test_under_each_reading_duration_and_message_are_exact_or_absent(reading, source):
    url = f"{URL}&{reading}"
    config = {"activity_source": source, "start_date": (NOON - 2 * DAY).isoformat()}
    check(url, run_tap(NOON, url=url, streams=STREAMS, user_scope="all", **config))


def test_without_messages_only_the_ids_of_rows_tell_the_duration():
    config = {"enrich_conversations": False, "start_date": (NOON - DAY).isoformat()}
    run = run_tap(NOON, url=URL, streams=STREAMS, **config)
    check(URL, run)
    assert {each["message_id"] for each in run.records[STREAMS[0]]} == {None}
    assert {each["interaction_seconds"] for each in run.records[STREAMS[1]]} == {None}
    assert None not in {each["interaction_seconds"] for each in run.records[STREAMS[0]]}
