"""Number of requests of a run, as documented in docs/operations.md."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

from tap_freshchat.reports.scheduler import FIRST_POLL, MAX_POLL_INTERVAL, POLL_GROWTH

pytestmark = pytest.mark.e2e

ID = re.compile(r"/[^/]*-[^/]*-[^/]+")
QUARTER = timedelta(minutes=15)


def costs(run):
    """Requests by kind, ids apart."""
    return Counter(ID.sub("/{id}", each.removeprefix("GET ")) for each in run.requests)


def moved(run):
    return len({event["conversation_id"] for event in run.events if "conversation_id" in event})


@pytest.fixture(scope="module")
def first():
    return run_tap(NOON)


@pytest.fixture(scope="module")
def later(first):
    return run_tap(NOON + QUARTER, first.state)


def test_a_run_requests_each_of_eight_reports_once(later):
    assert costs(later)["POST /v2/reports/raw"] == 8


def test_a_first_run_requests_the_transcript_of_each_of_seven_days(first):
    assert costs(first)["POST /v2/reports/raw"] == 7 + 7


def test_a_changed_conversation_costs_two_requests_and_each_list_at_most_one(first, later):
    for run in (first, later):
        found = costs(run)
        assert found["/v2/conversations/{id}"] <= moved(run)
        assert found["/v2/conversations/{id}/messages"] <= moved(run)
        assert found["POST /v2/users/fetch"] <= 2 * (1 + moved(run) // 100)
        lists = ("accounts/configuration", "agents", "agents/status", "groups", "channels")
        assert all(found[f"/v2/{each}"] <= 1 for each in lists)


def test_a_job_that_is_pending_is_polled_six_times_in_its_first_minute():
    moments, wait = [FIRST_POLL], FIRST_POLL
    while moments[-1] < 60:
        wait = min(wait * POLL_GROWTH, MAX_POLL_INTERVAL)
        moments.append(moments[-1] + wait)
    assert len([each for each in moments if each < 60]) == 6


def test_without_enrichment_messages_are_requested_only_if_nothing_else_names_the_customer():
    named = run_tap(NOON, url="sandbox://?sparse_conversations=none", enrich_conversations=False)
    assert moved(named)
    assert costs(named)["/v2/conversations/{id}/messages"] == 0
