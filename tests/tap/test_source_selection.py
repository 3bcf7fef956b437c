"""Activity source of a run, and the change from one source to the other."""

from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import EVENT_STREAMS, run_tap

from freshchat_sandbox import Response
from tap_freshchat.errors import AuthorizationError

HOUR = timedelta(hours=1)
STREAMS = (*EVENT_STREAMS, "conversations", "messages")
SET = {
    "url": "sandbox://?opened=2026-11-18&report_jobs_per_minute=60",
    "report_jobs_per_minute": 60,
    "start_date": (NOON - 24 * HOUR).isoformat(),
    "streams": STREAMS,
}


def refused(request):
    """Reject report requests, as for a plan without reports."""
    return Response(403) if request.path == "/v2/reports/raw" else None


def ids(*runs):
    """Return the ids of all records, by stream."""
    return {
        (stream, record.get("id") or (record["conversation_id"], record["activity_time"]))
        for run in runs
        for stream, records in run.records.items()
        for record in records
    }


@pytest.fixture(scope="module")
def reported():
    return run_tap(NOON, **SET)


@pytest.fixture(scope="module")
def uninterrupted(reported):
    """Return the ids that reports give for the whole period."""
    return ids(reported, run_tap(NOON + 20 * HOUR, reported.state, **SET))


def test_an_account_that_loses_reports_gets_an_error_with_its_choices_and_loses_no_event(
    reported, uninterrupted
):
    with pytest.raises(AuthorizationError) as error:
        run_tap(NOON + 15 * HOUR, reported.state, faults=refused, **SET)
    assert "plan" in str(error.value)
    assert "set activity_source to rest" in str(error.value)
    assert ids(reported, run_tap(NOON + 20 * HOUR, reported.state, **SET)) == uninterrupted


def test_a_stream_added_later_does_not_use_rest_if_others_used_reports(reported):
    state = {"bookmarks": {"messages": reported.state["bookmarks"]["messages"]}}
    with pytest.raises(AuthorizationError, match="activity_source"):
        run_tap(NOON + HOUR, state, faults=refused, **SET)


@pytest.mark.e2e
@pytest.mark.parametrize("source", ["auto", "reports"])
def test_reports_continue_where_they_ended_before_rest_replaced_them(
    reported, uninterrupted, source, caplog
):
    state = reported.state
    walked = []
    for hours in (15, 16):
        walked.append(run_tap(NOON + hours * HOUR, state, **SET, activity_source="rest"))
        state = walked[-1].state
    assert any(each["source"] == "rest" for each in walked[0].events)
    again = run_tap(NOON + 20 * HOUR, state, **SET, activity_source=source)
    reported = ids(reported, *walked, again)
    assert reported >= {each for each in uninterrupted if each[0] != "conversations"}
    [warning] = [each for each in caplog.messages if "read again" in each]
    assert "from 2026-11-22T10:45" in warning
    assert "start_date" in warning
    caplog.clear()
    last = run_tap(NOON + 20 * HOUR, again.state, **SET, activity_source=source)
    assert last.events == []
    assert not [each for each in caplog.messages if "read again" in each]
    for bookmark in again.state["bookmarks"].values():
        assert bookmark.keys() == {"replication_key", "replication_key_value", "reports"}
        assert bookmark["reports"].keys() <= {
            *("end", "overlap_ids", "reports_read", "start"),
            *("settled_until", "emitted_hashes"),
        }


def test_reports_that_rest_replaced_are_read_from_a_later_start_date(reported):
    walked = run_tap(NOON + 15 * HOUR, reported.state, **SET, activity_source="rest")
    later = {**SET, "start_date": (NOON + 16 * HOUR).isoformat()}
    again = run_tap(NOON + 20 * HOUR, walked.state, **later)
    assert again.events
    assert min(each["created_time"] for each in again.events) >= later["start_date"]


def test_an_account_without_reports_uses_rest_and_reads_the_whole_period_once_it_has_reports(
    uninterrupted,
):
    walked = run_tap(NOON, **SET, faults=refused)
    later = run_tap(NOON + HOUR, walked.state, **SET, faults=refused)
    assert {each["source"] for run in (walked, later) for each in run.events} == {"rest"}
    assert not ids(walked) & {each for each in ids(later) if each[0] == "messages"}
    reported = run_tap(NOON + 20 * HOUR, later.state, **SET)
    reported = ids(walked, later, reported)
    assert reported >= {each for each in uninterrupted if each[0] != "conversations"}


@pytest.mark.e2e
def test_first_reports_without_a_start_date_leave_no_gap_after_rest():
    options = {name: value for name, value in SET.items() if name != "start_date"}
    options["url"] = "sandbox://?opened=2026-11-18&report_jobs_per_minute=60"
    options["streams"] = ("messages",)
    first = run_tap(NOON, faults=refused, user_scope="all", **options)
    later = run_tap(NOON + 240 * HOUR, first.state, **options)
    since = (NOON - HOUR).isoformat()
    whole = run_tap(NOON + 240 * HOUR, **{**options, "start_date": since})
    assert ids(first, later) >= ids(whole)


def test_a_report_that_is_left_out_costs_no_further_job_of_the_others():
    def without_intelliassign(request):
        is_job = request.path == "/v2/reports/raw"
        return Response(403) if is_job and b"Intelliassign" in request.body else None

    whole = run_tap(NOON, **SET)
    partly = run_tap(NOON, faults=without_intelliassign, **SET)
    jobs = [run.requests.count("POST /v2/reports/raw") for run in (whole, partly)]
    assert jobs[1] <= jobs[0]
    kinds = {
        each["agent_activity"]["availability_event_type"]
        for each in partly.records["agent_activity"]
    }
    assert kinds == {"General"}
    assert ids(partly) < ids(whole)
