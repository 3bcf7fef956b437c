"""Start of reading reports, within their retention."""

from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

from tap_freshchat.reports.catalog import report_retention_start

# A small desk that has been open for longer than reports reach back.
URL = (
    "sandbox://?conversations_per_day=1&opened=2024-01-01"
    "&report_jobs_per_minute=60&report_jobs_per_day=1000"
)
TIMES = {
    "agent_activity": "created_time",
    "conversations": "activity_time",
    "messages": "created_time",
    "report_message_sent": "created_time",
}


@pytest.mark.parametrize("stream", TIMES)
def test_a_backfill_from_before_the_first_reports_is_shortened_with_a_warning(stream, caplog):
    earliest = report_retention_start(NOON)
    start, end = earliest - timedelta(days=40), earliest + timedelta(days=20)
    run = run_tap(
        NOON,
        streams=(stream,),
        url=URL,
        start_date=start.isoformat(),
        end_date=end.isoformat(),
        report_jobs_per_minute=60,
    )
    times = [each[TIMES[stream]] for each in run.records[stream]]
    assert earliest.isoformat() <= min(times) < (earliest + timedelta(days=3)).isoformat()
    assert run.state["bookmarks"][stream]["replication_key_value"].startswith(str(end.date()))
    assert sum("15-month" in each for each in caplog.messages) == 1


@pytest.mark.parametrize("stream", ["agent_activity", "users"])
def test_without_a_start_date_a_pause_of_ten_days_loses_nothing(stream):
    before = run_tap(NOON - timedelta(days=10), streams=(stream,))
    after = run_tap(NOON, before.state, streams=(stream,))
    whole = run_tap(NOON, streams=(stream,), start_date=before.since.isoformat())
    reported = [{each["id"] for each in run.records[stream]} for run in (before, after, whole)]
    assert reported[0] | reported[1] >= reported[2]


def test_a_start_date_that_has_passed_a_bookmark_is_warned_of_once(caplog):
    before = run_tap(NOON - timedelta(days=9), streams=("users", "messages"))
    assert "start_date" not in caplog.text
    start = (NOON - timedelta(days=1)).isoformat()
    run_tap(NOON, before.state, streams=("users", "messages"), start_date=start)
    [line] = [each for each in caplog.messages if "before start_date" in each]
    assert "2026-11-13" in line
    assert "to 2026-11-21 12:00 is not read" in line
