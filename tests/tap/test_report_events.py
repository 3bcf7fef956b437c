"""Ratings, labels and first responses as events, compared with the sandbox's ground truth."""

import json
from datetime import timedelta
from typing import Any

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

import freshchat_sandbox as sandbox
from freshchat_sandbox.account.account import SandboxAccount
from freshchat_sandbox.account.conversation_events import AGENT, LABELLED, PRIVATE, RATED
from freshchat_sandbox.account.durations import first_responses
from freshchat_sandbox.account.timestamps import format_iso, from_datetime, to_datetime
from tap_freshchat.activity.first_responses import find_first_response
from tap_freshchat.activity.message_history import MessageHistory
from tap_freshchat.errors import ReportError
from tap_freshchat.times import parse_time

CSAT, LABELS, RESPONSES = STREAMS = ("csat_events", "label_events", "first_response_events")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
URL = "sandbox://?conversations_per_day=20&report_jobs_per_minute=60"
TWO_DAYS = {"start_date": (NOON - 2 * DAY).isoformat()}
# Readings under which the interaction of a row, or of a message, is known in another way or not.
READINGS = (
    *("report_interactions=blank", "report_interactions=absent", "interaction_id=opaque"),
    *("rest_interactions=false", "report_interactions=absent&interaction_id=opaque"),
    *("rest_message_type=detailed", "message_order=oldest", "header_style=title"),
)


def account_of(url):
    return SandboxAccount(sandbox.Options.from_url(url))


def happened(url, since, until):
    """Return what happened, by stream, as (conversation, time, customer, agent, details)."""
    account = account_of(url)
    start, end = from_datetime(since), from_datetime(until)
    found: dict[str, set[Any]] = {stream: set() for stream in STREAMS}
    for timeline in account.conversations(start, end):
        customer = account.customers.get(timeline.customer_key).reference_id

        def add(stream, event, *details, timeline=timeline, customer=customer):
            if start <= event.at < end:
                ids = account.conversation_id(timeline.key), to_datetime(event.at)
                person = account.user_id(timeline.customer_key), customer
                agent = account.agent_id(event.state.agent)
                found[stream].add((*ids, *person, agent, *details))

        for event in timeline.events:
            if event.kind == RATED:
                add(CSAT, event, float(event.detail[0]), event.detail[1] or None)
            elif event.kind == LABELLED:
                add(LABELS, event, *event.detail)
        for event, waited in first_responses(timeline):
            add(RESPONSES, event, account.message_id(timeline, event), waited / 1000)
    return found


DETAILS = {
    CSAT: ("rating", "csat_response"),
    LABELS: ("label_category", "label_subcategory"),
    RESPONSES: ("message_id", "response_seconds"),
}


def reported(run):
    """Return the events of a run, in the form of `happened`."""
    ids = ("user_id", "user_reference_id", "agent_id")
    return {
        stream: {
            (
                record["conversation_id"],
                parse_time(record["created_time"]),
                *(record[name] for name in (*ids, *DETAILS[stream])),
            )
            for record in run.records[stream]
        }
        for stream in STREAMS
    }


def assert_exact(run, url):
    assert reported(run) == happened(url, run.since, run.until)
    for stream in STREAMS:
        records = run.records[stream]
        assert len(records) == len({record["id"] for record in records}) > 0
        assert not any(record["time_is_approximate"] for record in records)


@pytest.fixture(scope="module")
def days():
    return run_tap(NOON, url=URL, streams=STREAMS, **TWO_DAYS)


def test_every_rating_label_and_first_response_is_an_event_of_its_customer(days):
    assert_exact(days, URL)


@pytest.mark.parametrize("reading", [READINGS[0], READINGS[3]])
def test_the_events_are_exact_with_and_without_interactions(reading):
    url = f"{URL}&{reading}"
    assert_exact(run_tap(NOON, url=url, streams=STREAMS, start_date=(NOON - DAY).isoformat()), url)


@pytest.mark.e2e
@pytest.mark.parametrize("reading", READINGS)
def test_the_events_are_exact_under_each_reading(reading):
    url = f"{URL}&{reading}"
    assert_exact(run_tap(NOON, url=url, streams=STREAMS, **TWO_DAYS), url)


def test_later_runs_emit_nothing_again_and_a_new_run_gives_the_same_ids(days):
    later = run_tap(NOON + HOUR, days.state, url=URL, streams=STREAMS)
    again = run_tap(NOON + HOUR, url=URL, streams=STREAMS, **TWO_DAYS)
    for stream in STREAMS:
        before, added, whole = (
            [record["id"] for record in run.records[stream]] for run in (days, later, again)
        )
        assert sorted([*before, *added]) == sorted(whole)


def test_each_stream_requests_its_own_report_only():
    for stream in STREAMS:
        run = run_tap(NOON, url=URL, streams=(stream,), start_date=(NOON - HOUR).isoformat())
        assert run.requests.count("POST /v2/reports/raw") == 1


def test_each_shard_has_its_part(days):
    parts = [
        run_tap(NOON, url=URL, streams=STREAMS, shard_count=2, shard_index=index, **TWO_DAYS)
        for index in (0, 1)
    ]
    for stream in STREAMS:
        ids = [record["id"] for run in parts for record in run.records[stream]]
        assert sorted(ids) == sorted(record["id"] for record in days.records[stream])
        assert all(run.records[stream] for run in parts)


def test_the_actor_of_a_rating_is_the_customer_and_of_a_response_the_agent(days):
    for record in days.records[CSAT]:
        assert (record["actor"]["type"], record["actor"]["id"]) == ("user", record["user_id"])
    for record in days.records[RESPONSES]:
        assert (record["actor"]["type"], record["actor"]["id"]) == ("agent", record["agent_id"])
        assert record["associations"]["agent"]["id"] == record["agent_id"]


def test_without_messages_the_time_of_a_first_response_is_marked_as_approximate(days):
    config = {"enrich_conversations": False, **TWO_DAYS}
    run = run_tap(NOON, url=URL, streams=(RESPONSES,), **config)
    by_id = {each["id"]: each for each in days.records[RESPONSES]}
    assert by_id.keys() == {each["id"] for each in run.records[RESPONSES]}
    for record in run.records[RESPONSES]:
        exact = by_id[record["id"]]
        assert record["time_is_approximate"]
        assert record["message_id"] is None
        names = ("user_id", "user_reference_id", "conversation_id", "response_seconds")
        assert [record[name] for name in names] == [exact[name] for name in names]


def with_file(text):
    """Faults that put another file in the place of every report's."""

    def faults(request):
        return sandbox.Response(200, {}, text.encode()) if "/extracts/" in request.path else None

    return faults


def notes_before_responses():
    """Yield private notes of agents, each with the first response that comes after it."""
    account = account_of(URL)
    start, end = from_datetime(NOON - DAY), from_datetime(NOON - HOUR)
    for timeline in account.conversations(start, end):
        responses = {event.interaction_start: event for event, _ in first_responses(timeline)}
        for note in timeline.between(start, end):
            if note.actor_type == AGENT and note.message_type == PRIVATE:
                response = responses.get(note.interaction_start)
                if response and note.at < response.at < end:
                    yield account, timeline, note, response


def row_of(account, timeline, event):
    ids = account.conversation_id(timeline.key), account.interaction_id(timeline, event)
    return ",".join((format_iso(event.at), *ids, "5"))


HEADER = "created_at,conversation_id,interaction_id,value_in_seconds"


def test_a_private_note_is_never_the_first_response_even_if_the_report_counts_it():
    account, timeline, note, response = next(notes_before_responses())
    faults = with_file(f"{HEADER}\n{row_of(account, timeline, note)}\n")
    run = run_tap(NOON, url=URL, streams=(RESPONSES,), faults=faults, **TWO_DAYS)
    [record] = run.records[RESPONSES]
    assert record["message_id"] == account.message_id(timeline, response)
    assert parse_time(record["created_time"]) == to_datetime(response.at)
    assert not record["time_is_approximate"]


def message(second, kind="normal", who="agent", interaction="i"):
    return {
        "id": f"m{second}",
        "created_time": (NOON + timedelta(seconds=second)).isoformat(),
        "actor_type": who,
        "message_type": kind,
        "interaction_id": interaction,
    }


TALK = [message(0, who="user"), message(1, "private"), message(2, who="bot"), message(3)]


@pytest.mark.parametrize("second", [0, 1, 3])
def test_the_first_message_of_an_agent_in_the_interaction_is_the_response(second):
    history = MessageHistory([*TALK, message(4)], complete=True)
    response, can_tell = find_first_response(history, "i", NOON + timedelta(seconds=second))
    assert response is not None
    assert (response.id, can_tell) == ("m3", True)


def test_a_whole_interaction_with_notes_only_has_no_response():
    history = MessageHistory(TALK[:3], complete=True)
    assert find_first_response(history, "i", NOON + timedelta(seconds=1)) == (None, True)


@pytest.mark.parametrize(
    ("interaction", "kept"), [(None, TALK), ("other", TALK), ("i", [{**TALK[3], "id": "m3"}])]
)
def test_of_an_unknown_interaction_only_the_message_at_the_time_of_the_row_counts(
    interaction, kept
):
    history = MessageHistory(kept, complete=len(kept) > 1)
    for second, found in ((3, "m3"), (1, None)):
        response, can_tell = find_first_response(
            history, interaction, NOON + timedelta(seconds=second)
        )
        assert (response.id if response else None) == found
        assert can_tell is (found is not None)


def test_a_first_response_without_a_message_is_omitted_and_counted(caplog):
    [conversation] = [row[0] for row in list(happened(URL, NOON - DAY, NOON)[RESPONSES])[:1]]

    def faults(request):
        if request.path == f"/v2/conversations/{conversation}/messages":
            mine = {**message(-3600, who="user"), "conversation_id": conversation}
            return sandbox.Response.of_json(200, {"messages": [mine]})
        text = f"{HEADER}\n{NOON - HOUR:%Y-%m-%dT%H:%M:%SZ},{conversation},i,5\n"
        return with_file(text)(request)

    run = run_tap(NOON, url=URL, streams=(RESPONSES,), faults=faults, **TWO_DAYS)
    assert run.records[RESPONSES] == []
    assert caplog.text.count("Counted as: first responses without a message.") == 1


def test_a_rating_that_is_no_number_is_counted_and_null(caplog):
    text = f"conversation_id,created_at,value\nc,{NOON - HOUR:%Y-%m-%dT%H:%M:%SZ},four\n"
    run = run_tap(NOON, url=URL, streams=(CSAT,), faults=with_file(text), **TWO_DAYS)
    [record] = run.records[CSAT]
    assert record["rating"] is None
    assert caplog.text.count("Counted as: figures that are not numbers.") == 1


def test_a_report_without_the_column_of_the_conversation_names_the_setting():
    faults = with_file("created_at,value\n2026-11-22T10:00:00Z,4\n")
    with pytest.raises(ReportError, match="conversation_id") as error:
        run_tap(NOON, url=URL, streams=(CSAT,), faults=faults, **TWO_DAYS)
    assert '{"csat_events": {"conversation_id": ["<header>"]}}' in str(error.value)


def test_without_personal_data_no_comment_is_left_even_if_freshchat_sends_it(days):
    assert any(record["csat_response"] for record in days.records[CSAT])
    private = run_tap(NOON, url=URL, streams=STREAMS, exclude_pii=True, **TWO_DAYS)
    assert len(private.records[CSAT]) == len(days.records[CSAT])
    assert {record["csat_response"] for record in private.records[CSAT]} == {None}
    assert [record["rating"] for record in private.records[CSAT]] == [
        record["rating"] for record in days.records[CSAT]
    ]
    time = f"{NOON - HOUR:%Y-%m-%dT%H:%M:%SZ}"
    faults = with_file(f"conversation_id,created_at,value,comment\nc,{time},4,my card\n")
    run = run_tap(NOON, url=URL, streams=(CSAT,), faults=faults, exclude_pii=True, **TWO_DAYS)
    assert run.records[CSAT][0]["rating"] == 4
    assert "my card" not in json.dumps(run.messages)
