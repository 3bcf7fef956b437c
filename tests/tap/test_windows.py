"""Windows of time for which reports are requested."""

from datetime import datetime, timedelta

import pytest
from fakes.clock import NOON
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.reports.catalog import max_window, report_retention_start
from tap_freshchat.windows import Window, plan_windows

DAY = timedelta(days=1)


@given(
    st.timedeltas(timedelta(0), timedelta(days=500)), st.timedeltas(timedelta(hours=1), 40 * DAY)
)
def test_windows_tile_the_period_without_gap_or_overlap(period, longest):
    windows = plan_windows(NOON, NOON + period, longest)
    assert [w.start for w in windows] == [NOON, *(w.end for w in windows)][: len(windows)]
    assert not period or windows[-1].end == NOON + period
    assert all(timedelta(0) < w.end - w.start <= longest for w in windows)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))
def test_reports_are_requested_for_the_last_15_months_only(now):
    earliest = report_retention_start(now)
    assert 450 * DAY <= now - earliest < 456 * DAY
    assert (now.year - earliest.year) * 12 + now.month - earliest.month in {14, 15}


@given(st.timedeltas(timedelta(hours=1), 28 * DAY))
def test_the_halves_of_a_window_meet_at_a_whole_millisecond(length):
    first, second = Window(NOON, NOON + length).halves()
    assert (first.start, first.end, second.end) == (NOON, second.start, NOON + length)
    assert first.end.microsecond % 1000 == 0


def test_the_longest_window_is_the_users_within_the_services():
    assert max_window("Chat-Transcript", None) == DAY
    assert max_window("Conversation-Created", None) == 28 * DAY
    assert max_window("Conversation-Created", 7 * DAY) == 7 * DAY
    assert max_window("Chat-Transcript", 7 * DAY) == DAY


@pytest.mark.parametrize(
    ("now", "earliest"),
    [
        # Fifteen months, less the margin of three days.
        ("2026-11-22", "2025-08-25"),
        ("2026-12-31", "2025-10-03"),
        ("2026-04-10", "2025-01-13"),
        ("2026-03-10", "2024-12-13"),
        ("2026-01-01", "2024-10-04"),
        # A month without a 31st, and Februaries of both kinds.
        ("2026-12-30", "2025-10-03"),
        ("2026-05-31", "2025-03-03"),
        ("2025-05-31", "2024-03-03"),
    ],
)
def test_the_earliest_report_is_of_the_same_day_fifteen_months_before(now, earliest):
    assert report_retention_start(datetime.fromisoformat(now)) == datetime.fromisoformat(earliest)


def test_windows_have_the_maximum_length_and_the_last_one_the_rest():
    windows = plan_windows(NOON, NOON + 2.5 * DAY, DAY)
    assert [window.end - window.start for window in windows] == [DAY, DAY, DAY / 2]
    assert plan_windows(NOON, NOON, DAY) == []


def test_a_window_is_split_in_the_middle():
    assert Window(NOON, NOON + timedelta(hours=3)).halves() == (
        Window(NOON, NOON + timedelta(hours=1.5)),
        Window(NOON + timedelta(hours=1.5), NOON + timedelta(hours=3)),
    )
    assert Window(NOON, NOON + timedelta(seconds=1)).halves()[0].end == NOON + DAY / 172_800
    cut = Window(NOON, NOON + timedelta(microseconds=2_005_998)).halves()[0].end
    assert cut == NOON + timedelta(microseconds=1_002_000)


def test_a_window_is_reported_by_its_minutes():
    assert str(Window(NOON, NOON + DAY)) == "2026-11-22 12:00 to 2026-11-23 12:00"
