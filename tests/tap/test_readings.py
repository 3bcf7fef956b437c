"""Whole runs of the tap under each reading of Freshchat, compared with the ground truth."""

from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from fakes.clock import NOON
from fakes.runs import posted_message_id, run_tap, truth

from freshchat_sandbox.readings import Readings, values_by_belief
from tap_freshchat.errors import FreshchatError
from tap_freshchat.times import parse_time

DAY = timedelta(days=1)
# A small account, so that a run takes about a second; its day has reopenings and unassignments.
ACCOUNT = {"seed": 2, "conversations_per_day": 12, "opened": "2026-11-12"}
KINDS = {"message": None, "availability": "General", "intelliassign": "Intelliassign"}
# Settings with which a reading is exact; the run without them names them.
SETTINGS = {
    ("report_zone", "America/New_York"): {"report_time_zone": "America/New_York"},
    ("report_zone", "Asia/Kolkata"): {"report_time_zone": "Asia/Kolkata"},
}
READINGS = [
    pytest.param({name: value}, id=f"{name}={value}", marks=pytest.mark.e2e)
    for name, values in values_by_belief().items()
    for value in values
    if value != getattr(Readings(), name)
]


def run_under(readings, **config):
    url = "sandbox://?" + urlencode({**ACCOUNT, **readings})
    return run_tap(NOON, url=url, start_date=(NOON - DAY).isoformat(), **config), url


def settings_for(readings):
    found: dict[str, Any] = {}
    for reading in readings.items():
        found |= SETTINGS.get(reading, {})
    return found


def reported(record):
    event = record["event"]
    activity = record.get("agent_activity", {})
    is_message = event == "onMessageCreate"
    [message] = record["message"]["messages"] if is_message else [{}]
    return (
        event,
        record.get("type") or activity.get("availability_event_type"),
        parse_time(record["created_time"]),
        record.get("conversation_id"),
        posted_message_id(record),
        record["agent_id"] if activity else record["user_id"],
        record.get("message_type"),
        message.get("message_type"),
        message.get("actor_id"),
        record["actor"]["type"] if is_message else None,
        activity.get("status"),
    )


def happened(event):
    is_activity = event.event == "onAgentActivityCreate"
    is_message = event.kind == "message"
    return (
        event.event,
        KINDS.get(event.kind, event.kind),
        event.time,
        event.conversation_id,
        event.message_id,
        event.agent_id if is_activity else event.user_id,
        event.message_type,
        event.message_type,
        event.actor_id if is_message else None,
        event.actor_type if is_message else None,
        event.status if is_activity else None,
    )


def shown_by_transcripts(readings):
    """Whether a status row in a transcript shows a resolution or a reopening, with its id."""
    reading = Readings(**readings)
    has_interaction = reading.rest_interactions or reading.transcript_interactions == "filled"
    return (
        reading.status_rows
        and reading.detailed_message_type == "export"
        and reading.report_interactions == "filled"
        and has_interaction
    )


def shown_by_later_rows(readings, events):
    """The interactions of which a later row than that of their start has the start time."""
    reading = Readings(**readings)
    if (reading.interaction_id, reading.report_interactions) != ("time", "filled"):
        return set()
    kinds = {"assigned_to_agent", "assigned_to_group", "resolved"}
    if reading.missing_rows != "none":
        kinds = {kind for kind in kinds if not kind.startswith(reading.missing_rows)}
    return {event.interaction_id for event in events if event.kind in kinds}


def may_be_missing(event, readings, shown):
    """Whether the reading's reports lack the row of an event, and nothing else shows the event."""
    reading = Readings(**readings)
    if event.kind.startswith("assigned"):
        return reading.missing_rows == "assigned"
    if event.kind == "resolved":
        return reading.missing_rows == "resolved" and not shown_by_transcripts(readings)
    if event.kind == "reopened" and not reading.reopened_rows:
        return not shown_by_transcripts(readings) and event.interaction_id not in shown
    return False


def expected(run, url, readings):
    """What happened and must be reported; and what happened and may be."""
    reading = Readings(**readings)
    events = [
        each
        for each in truth(url, run.since, run.until)
        if (each.kind != "unassigned" or reading.unassigned_rows)
        and (each.message_type != "system" or reading.status_rows)
    ]
    shown = shown_by_later_rows(readings, events)
    required = [each for each in events if not may_be_missing(each, readings, shown)]
    return set(map(happened, required)), set(map(happened, events))


def check_exact(readings):
    run, url = run_under(readings, **settings_for(readings))
    assert len({record["id"] for record in run.events}) == len(run.events)
    found = set(map(reported, run.events))
    assert len(found) == len(run.events)
    required, possible = expected(run, url, readings)
    assert sorted(required - found, key=str) == []
    assert sorted(found - possible, key=str) == []
    return possible - found


@pytest.mark.parametrize("readings", [pytest.param({}, id="default"), *READINGS])
def test_events_under_each_reading_are_those_that_happened(readings):
    check_exact(readings)


def warnings_in(caplog):
    return [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]


def test_reports_that_lack_no_row_cause_no_warning(caplog):
    check_exact({})
    assert warnings_in(caplog) == []


@pytest.mark.parametrize(
    ("missing", "reading", "reports"),
    [
        (
            "assigned",
            {"missing_rows": "assigned"},
            ["Conversation-Agent-Assigned", "Conversation-Group-Assigned"],
        ),
        ("resolved", {"missing_rows": "resolved"}, ["Conversation-Resolved"]),
        (
            "reopened",
            {"reopened_rows": False, "interaction_id": "opaque"},
            ["Conversation-Created"],
        ),
    ],
)
@pytest.mark.parametrize("cells", ["filled", "blank"])
def test_a_report_that_lacks_rows_is_named_whether_transcripts_replace_it_or_not(
    missing, reading, reports, cells, caplog
):
    lacking = check_exact({**reading, "report_interactions": cells})
    # The id of an assignment has its time, and the id of anything without an interaction.
    assert {kind for _, kind, *_ in lacking} >= ({missing} if cells == "blank" else set()) - {
        "assigned"
    }
    named = [line for line in warnings_in(caplog) if all(report in line for report in reports)]
    assert any("Chat-Transcript" in line for line in named)


@pytest.mark.parametrize("source", [{"transcript_interactions": "filled"}, {}])
def test_an_event_that_only_a_transcript_shows_is_the_one_that_the_report_would_show(source):
    whole, _ = run_under(source)
    for missing in ({"missing_rows": "resolved"}, {"reopened_rows": False}):
        run, _ = run_under({**missing, **source})
        times = {record["id"]: record["created_time"] for record in run.events}
        assert times == {record["id"]: record["created_time"] for record in whole.events}


def test_an_event_that_a_transcript_showed_is_not_emitted_again_when_its_row_comes():
    lacking = {"missing_rows": "resolved"}
    first, _ = run_under(lacking, lookback_minutes=12 * 60)
    url = "sandbox://?" + urlencode(ACCOUNT)
    start = (NOON - DAY).isoformat()
    later = run_tap(
        NOON + DAY / 96, first.state, url=url, start_date=start, lookback_minutes=12 * 60
    )
    assert not {record["id"] for record in first.events} & {record["id"] for record in later.events}


@pytest.mark.parametrize(("reading", "settings"), SETTINGS.items())
def test_a_reading_that_needs_a_setting_stops_with_one_line_that_names_it(reading, settings):
    with pytest.raises(FreshchatError, match="|".join(settings)) as error:
        run_under(dict([reading]))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("message_type", ["blank", "part"])
@pytest.mark.parametrize("detailed", ["blank", "part"])
def test_without_a_type_in_transcripts_rest_has_the_type_of_every_message(message_type, detailed):
    check_exact({"message_type": message_type, "detailed_message_type": detailed})


def test_without_any_type_the_stream_stops_and_names_columns_and_settings():
    readings = {"message_type": "blank", "detailed_message_type": "part"}
    with pytest.raises(FreshchatError) as error:
        run_under(readings, enrich_conversations=False)
    line = str(error.value)
    names = ("message_type", "detailed_message_type", "enrich_conversations", "report_columns")
    assert [name for name in names if name not in line] == []
    assert "\n" not in line


@pytest.mark.parametrize("message_type", ["lower", "upper", "part", "blank"])
def test_one_column_with_the_type_is_enough_without_rest(message_type):
    run, url = run_under({"message_type": message_type}, enrich_conversations=False)
    types = {each.message_id: each.message_type for each in truth(url, run.since, run.until)}
    messages = run.records["message_events"]
    assert {each["message_id"] for each in messages} == types.keys() - {None}
    assert all(each["message_type"] == types[each["message_id"]] for each in messages)


@pytest.mark.readings
def test_events_under_random_combinations_of_readings_are_those_that_happened(combination):
    rng = Random(combination)
    readings = {name: rng.choice(values) for name, values in values_by_belief().items()}
    check_exact(readings)


def pytest_generate_tests(metafunc):
    if "combination" in metafunc.fixturenames:
        metafunc.parametrize("combination", range(metafunc.config.option.combinations))
