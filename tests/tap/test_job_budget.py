"""Periods that need more report jobs than an account has in a day."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

from tap_freshchat.reports.catalog import CONVERSATION_CREATED, TRANSCRIPT
from tap_freshchat.reports.job_limit import JobLimit
from tap_freshchat.windows import Window

DAY = timedelta(days=1)
# Windows of more than a day are too long, so that a job for ten days becomes 16.
ACCOUNT = "sandbox://?seed=2&conversations_per_day=6&opened=2026-11-10&longest_report=day"
STREAM = ("conversation_events",)


def end_of(run):
    reports = run.state.get("bookmarks", {}).get("conversation_events", {}).get("reports", {})
    return reports.get("end") or ""


@pytest.mark.e2e
def test_runs_get_further_when_one_window_takes_more_jobs_than_a_day_has():
    start = (NOON - 8 * DAY).isoformat()
    whole = run_tap(
        NOON, url=f"{ACCOUNT}&report_jobs_per_day=10000", streams=STREAM, start_date=start
    )
    runs: list[Any] = []
    while not runs or runs[-1].failures:
        assert len(runs) < 6
        runs.append(
            run_tap(
                NOON + len(runs) * DAY,
                runs[-1].state if runs else None,
                url=f"{ACCOUNT}&job_limit=shared&report_jobs_per_day=65",
                streams=STREAM,
                start_date=start,
                keep_failures=True,
            )
        )
        # A failed run ends with one line that names the limit.
        assert all("the job limit is reached" in text for text in runs[-1].failures.values())
    ends = [end_of(run) for run in runs]
    # The first one learns the length of window that is accepted.
    assert runs[0].failures
    assert ends[1:] == sorted(set(ends[1:]))
    assert all(ends[1:])
    ids = [record["id"] for run in runs for record in run.events]
    assert len(ids) == len(set(ids))
    assert {record["id"] for record in whole.events} <= set(ids)
    assert "accepted_window_minutes" in str(runs[0].state)
    assert "accepted_window_minutes" not in str(runs[-1].state)


@pytest.mark.parametrize(
    ("learned", "other"), [(TRANSCRIPT, CONVERSATION_CREATED), (CONVERSATION_CREATED, TRANSCRIPT)]
)
def test_the_accepted_length_of_transcripts_and_of_other_reports_is_learned_apart(learned, other):
    limit = JobLimit(_Clock(), 1)
    for length in (4 * DAY, 2 * DAY, 3 * DAY):
        limit.learn_window(learned, Window(NOON, NOON + length))
    assert limit.longest_window(learned, 28 * DAY) == 2 * DAY
    assert limit.longest_window(learned, DAY) == DAY
    assert limit.longest_window(other, 28 * DAY) == 28 * DAY


class _Clock:
    """A clock that stands still."""

    def now(self):
        return NOON

    def monotonic(self):
        return 0.0

    def sleep(self, seconds):
        raise AssertionError(seconds)
