"""State of conversations in records of whole runs, compared with the sandbox's ground truth."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap, truth

from tap_freshchat.times import format_time, parse_time

DAY = timedelta(days=1)
STREAMS = ("conversation_events", "message_events")
FIELDS = ("status", "assigned_agent_id", "assigned_group_id")


class Scenario(NamedTuple):
    """An account, settings, and the least share of values that messages have."""

    url: str
    known: float
    config: Mapping[str, Any] = {}


SCENARIOS = {
    "default": Scenario("sandbox://", 0.95),
    "sparse conversations": Scenario(
        "sandbox://?unassigned_rows=true&sparse_conversations=all", 0.95
    ),
    "starts without rows": Scenario("sandbox://?reopened_rows=false&missing_created_rows=1", 0.8),
    "no enrichment": Scenario("sandbox://", 0.9, {"enrich_conversations": False}),
    # The present conversation is all that shows an assignment.
    "REST": Scenario(
        "sandbox://?opened=2026-11-12", 0.15, {"activity_source": "rest", "user_scope": "all"}
    ),
}


# The others are for the e2e suite.
QUICK = ("default", "REST")
NAMES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.e2e) for name in SCENARIOS]


def url_of(name):
    url = SCENARIOS[name].url
    return f"{url}{'&' if '?' in url else '?'}conversations_per_day=12"


def run_in(name, state=None, *, now=NOON, streams=STREAMS, **options):
    """One run of a scenario, over two days."""
    config = SCENARIOS[name].config
    start = (NOON - 2 * DAY).isoformat()
    return run_tap(
        now, state, streams=streams, url=url_of(name), start_date=start, **config, **options
    )


@cache
def run_of(name, **options):
    return run_in(name, **options)


@cache
def truth_of(name):
    """Everything that happened to each conversation, in order."""
    happened = defaultdict(list)
    for each in truth(url_of(name), NOON - 12 * DAY, NOON + DAY):
        happened[each.conversation_id].append(each)
    return happened


def conversation_in(record):
    return record["message"] if record["event"] == "onMessageCreate" else record["conversation"]


def true_event(name, record):
    """The event of a record; for an assignment found by a look-up, the last one before it."""
    time = parse_time(record["created_time"])
    happened = truth_of(name)[record["conversation_id"]]
    if record["time_is_approximate"]:
        return [each for each in happened if each.time <= time][-1]
    if record["event"] == "onMessageCreate":
        [event] = [each for each in happened if each.message_id == record["message_id"]]
    else:
        [event] = [each for each in happened if (each.kind, each.time) == (record["type"], time)]
    return event


def true_values(event):
    return dict(zip(FIELDS, (event.status, event.agent_id, event.group_id), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_a_conversations_state_is_true_or_absent(name):
    wrong, known = [], 0
    for record in run_of(name).events:
        conversation, true = conversation_in(record), true_values(true_event(name, record))
        for field in FIELDS:
            if field in conversation:
                known += record["event"] == "onMessageCreate"
                if conversation[field] != true[field]:
                    wrong.append((field, conversation[field], true[field], record["id"]))
    assert wrong == []
    assert known > SCENARIOS[name].known * len(FIELDS) * len(run_of(name).records["message_events"])


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_old_value_is_always_marked_as_not_known(name):
    old_values = 0
    for record in run_of(name).records["conversation_events"]:
        if record["event"] == "onConversationCreate" or not record["previous_values_known"]:
            continue
        previous = true_event(name, record).previous
        changes = record["changes"]["model_changes"]
        old_values += len(changes)
        assert {field: old for field, (old, _) in changes.items()}.items() <= previous.items()
    # Too much is possible within the last day, and REST shows no assignments.
    assert old_values > 25 or name == "REST"


def content(record):
    """Return a record without its values of the present."""
    conversation = {**conversation_in(record), "properties": None}
    kept = {name: record[name] for name in record.keys() - {"enriched_at", "associations"}}
    return {
        **kept,
        "message" if record["event"] == "onMessageCreate" else "conversation": conversation,
    }


def contents(*runs):
    """Return the records of runs by id; check that no id has two contents."""
    found: dict[str, Any] = {}
    for run in runs:
        for record in run.events:
            assert found.setdefault(record["id"], content(record)) == content(record)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_alone_has_the_contents_that_it_has_beside_the_other(name):
    for stream in STREAMS:
        alone = run_in(name, streams=(stream,))
        both = {record["id"]: content(record) for record in run_of(name).records[stream]}
        assert contents(alone) == both


@pytest.mark.e2e
@pytest.mark.parametrize("part", ["first stream", "between the streams", "second stream"])
@pytest.mark.parametrize("name", ["sparse conversations", "starts without rows"])
def test_a_run_that_is_killed_and_resumed_has_the_contents_of_an_unbroken_one(name, part):
    whole = run_of(name, report_window_days=1)
    numbers = [
        number
        for number, message in enumerate(whole.messages)
        if message.get("stream") == STREAMS[part != "first stream"] and message["type"] == "RECORD"
    ]
    killed_at = numbers[0] if part == "between the streams" else numbers[len(numbers) // 2]
    killed = run_in(name, kill_after=killed_at, report_window_days=1)
    assert len(killed.messages) == killed_at
    resumed = run_in(name, killed.state, report_window_days=1)
    assert resumed.events
    assert contents(killed, resumed) == contents(whole)


def test_via_rest_the_contents_do_not_depend_on_where_a_run_starts():
    config = SCENARIOS["REST"].config
    start = NOON - DAY / 2
    late = run_tap(
        NOON, streams=STREAMS, url=url_of("REST"), start_date=start.isoformat(), **config
    )
    whole = contents(run_of("REST"))
    exact = [each for each in late.events if not each["time_is_approximate"]]
    reopened = [each for each in exact if conversation_in(each).get("reopened_time")]
    assert any(conversation_in(each).get("resolved_time") for each in reopened)
    assert {each["id"]: content(each) for each in exact} == {
        each["id"]: whole[each["id"]] for each in exact
    }


def test_a_state_that_a_later_run_corrects_is_marked_as_provisional():
    later = run_in("default", now=NOON + DAY / 2)
    known = {record["id"]: record for record in later.events}
    states = [
        (record, known[record["id"]])
        for record in run_of("default").events
        if record["id"] in known
    ]
    corrected = [
        record
        for record, fresh in states
        if any(conversation_in(record).get(f) != conversation_in(fresh).get(f) for f in FIELDS)
    ]
    assert [each for each in corrected if not each["state_is_provisional"]] == []
    settled = [each for each, _ in states if not each["state_is_provisional"]]
    assert len(settled) > len(states) / 4
    latest = format_time(NOON - DAY)
    assert max(each["created_time"] for each in settled) <= latest
