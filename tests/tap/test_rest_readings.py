"""Whole runs via REST under each reading of Freshchat, compared with the ground truth."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from fakes.clock import NOON
from fakes.runs import posted_message_id, run_tap, truth

from freshchat_sandbox.readings import Readings, values_by_belief
from tap_freshchat.times import parse_time

DAY = timedelta(days=1)
ACCOUNT = {"seed": 2, "conversations_per_day": 12, "opened": "2026-11-15"}
STREAMS = ("conversation_events", "message_events")
# The beliefs about what REST returns; `user_updates` has a test of its own.
BELIEFS = (
    *("sparse_conversations", "rest_actor_type", "rest_system_actor", "rest_message_type"),
    *("interaction_id", "rest_interactions", "flags", "agent_statuses_key", "link_form"),
    *("message_order", "message_pages", "list_pages", "list_cap", "user_filter", "properties"),
)
EXACT = {"created", "reopened", "resolved"}
# Without a time in interaction ids, an interaction starts with its first message.
FIRST_MESSAGE_WITHIN = timedelta(seconds=1)


def run_via_rest(readings, **config):
    url = "sandbox://?" + urlencode({**ACCOUNT, **readings})
    start = (NOON - DAY).isoformat()
    settings = {"activity_source": "rest", "user_scope": "all", "start_date": start, **config}
    return run_tap(NOON, url=url, **{"streams": STREAMS, **settings}), url


def reported(run):
    """Kind, conversation, message, customer, type and actor of each exact event, and its time."""
    return [
        (
            (
                record.get("type", "message"),
                record["conversation_id"],
                posted_message_id(record),
                record["user_id"],
                record.get("message_type"),
                record["actor"]["id"] if posted_message_id(record) else None,
            ),
            parse_time(record["created_time"]),
        )
        for record in run.events
        if record.get("type", "created") in EXACT
    ]


def happened(run, url):
    """The same of each event that happened."""
    return [
        (
            (
                event.kind,
                event.conversation_id,
                event.message_id,
                event.user_id,
                event.message_type,
                event.actor_id if event.message_id else None,
            ),
            event.time,
        )
        for event in truth(url, run.since, NOON)
        if event.kind in EXACT or event.message_id
    ]


def check_exact(readings, **config):
    run, url = run_via_rest(readings, **config)
    assert len({record["id"] for record in run.events}) == len(run.events)
    found, true = (sorted(each, key=str) for each in (reported(run), happened(run, url)))
    assert [key for key, _ in found] == [key for key, _ in true]
    for (key, time), (_, true_time) in zip(found, true, strict=True):
        within = timedelta(0) if key[0] in {"message", "resolved"} else FIRST_MESSAGE_WITHIN
        assert abs(time - true_time) <= within


READINGS = [
    pytest.param({name: value}, id=f"{name}={value}", marks=pytest.mark.e2e)
    for name, values in values_by_belief().items()
    for value in values
    if name in BELIEFS and value != getattr(Readings(), name) and (name, value) != ("flags", "none")
]


def warnings_in(caplog):
    return [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]


@pytest.mark.parametrize("readings", [pytest.param({}, id="default"), *READINGS])
def test_events_via_rest_under_each_reading_are_those_that_happened(readings):
    # Small pages, so that lists have more than the ten pages that a capped list ends after.
    check_exact(readings, page_size=5 if "list_cap" in readings else 50)


def test_resolutions_that_rest_does_not_date_are_counted_with_one_warning(caplog):
    run, url = run_via_rest({"flags": "none"})
    kinds = {key[0] for key, _ in happened(run, url)}
    assert "resolved" in kinds
    assert {record.get("type") for record in run.events} & EXACT == kinds - {"message", "resolved"}
    named = [line for line in warnings_in(caplog) if "isResolved" in line]
    assert len(named) == 1
    assert "activity_source" in named[0]


def test_a_type_that_rest_spells_in_detail_shows_resolutions_without_flags():
    check_exact({"flags": "none", "rest_message_type": "detailed"})


@pytest.mark.parametrize("moves", ["record", "message", "never"])
def test_user_records_that_do_not_move_with_every_message_cause_a_warning(moves, caplog):
    run_via_rest({"user_updates": moves}, user_scope="updated")
    named = [line for line in warnings_in(caplog) if "user_scope" in line]
    assert len(named) == 1


@pytest.mark.parametrize("moves", ["record", "message", "never"])
def test_with_all_users_read_every_event_is_found_however_user_records_move(moves, caplog):
    check_exact({"user_updates": moves})
    assert not [line for line in warnings_in(caplog) if "user_scope" in line]


def test_user_records_that_move_with_every_message_show_every_event(caplog):
    check_exact({"user_updates": "activity"}, user_scope="updated")
    assert warnings_in(caplog) == []


@pytest.mark.parametrize("spelling", ["upper", "lower", "title"])
def test_statuses_of_agents_via_rest_are_read_in_every_spelling(spelling):
    config = {"streams": ("agent_activity",), "activity_source": "rest"}
    url = "sandbox://?" + urlencode({**ACCOUNT, "rest_agent_status": spelling})
    first = run_tap(NOON, url=url, **config)
    later = run_tap(NOON + DAY / 3, first.state, url=url, **config)
    statuses = {
        status
        for record in later.events
        for status in (record["agent_activity"]["status"], record["agent_activity"]["prev_status"])
    }
    assert statuses == {"AVAILABLE", "UNAVAILABLE"}
