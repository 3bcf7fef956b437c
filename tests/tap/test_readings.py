"""Whole runs of the tap under each reading of Freshchat, compared with the ground truth."""

from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap, truth

from freshchat_sandbox.readings import Readings, values_by_belief
from tap_freshchat.errors import FreshchatError
from tap_freshchat.times import parse_time

DAY = timedelta(days=1)
# A small account, so that a run takes about a second.
ACCOUNT = {"conversations_per_day": 8, "opened": "2026-11-12"}
KINDS = {"message": None, "availability": "General", "intelliassign": "Intelliassign"}
# Settings with which a reading is exact; the run without them names them.
SETTINGS = {
    ("report_zone", "America/New_York"): {"report_time_zone": "America/New_York"},
    ("report_zone", "Asia/Kolkata"): {"report_time_zone": "Asia/Kolkata"},
}
READINGS = [
    pytest.param({name: value}, id=f"{name}={value}")
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
        record.get("message_id"),
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


def expected(run, url, readings):
    """What happened, as far as the reading's reports have it."""
    listed = truth(url, run.since, run.until)
    if not readings.get("unassigned_rows", False):
        listed = [each for each in listed if each.kind != "unassigned"]
    if not readings.get("status_rows", True):
        listed = [each for each in listed if each.message_type != "system"]
    if not readings.get("reopened_rows", True):
        # The first later row of its interaction shows a reopening.
        shown = {
            each.interaction_id
            for each in listed
            if each.kind in {"assigned_to_agent", "assigned_to_group", "resolved"}
        }
        listed = [
            each for each in listed if each.kind != "reopened" or each.interaction_id in shown
        ]
    return sorted(map(happened, listed), key=str)


def check_exact(readings):
    run, url = run_under(readings, **settings_for(readings))
    assert len({record["id"] for record in run.events}) == len(run.events)
    assert sorted(map(reported, run.events), key=str) == expected(run, url, readings)


@pytest.mark.parametrize("readings", [pytest.param({}, id="default"), *READINGS])
def test_events_under_each_reading_are_those_that_happened(readings):
    check_exact(readings)


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
