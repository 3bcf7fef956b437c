"""Reports in a zone whose offset changes: daylight saving time begins or ends."""

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fakes.clock import NOON
from fakes.runs import posted_message_id, run_tap, truth
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.settling import SettlingPass
from tap_freshchat.times import before_zone_change, parse_time, parse_time_in, read_time_in
from tap_freshchat.windows import plan_windows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# When the offset of each zone changes (IANA): the local time is repeated, or skipped.
REPEATED = {
    "America/New_York": "2026-11-01T06:00Z",
    "Australia/Sydney": "2026-04-04T16:00Z",
    "Australia/Lord_Howe": "2026-04-04T15:00Z",
}
SKIPPED = {
    "America/New_York": "2026-03-08T07:00Z",
    "Australia/Sydney": "2026-10-03T16:00Z",
    "Australia/Lord_Howe": "2026-10-03T15:30Z",
}
CHANGES = [
    pytest.param(zone, parse_time(time), id=f"{zone}-{kind}")
    for kind, times in (("repeated", REPEATED), ("skipped", SKIPPED))
    for zone, time in times.items()
]
# Shorter than the hour by which a time can be off.
LOOK_BACK = {"lookback_minutes": 20, "report_delay_minutes": 15}
STEADY = [timezone.utc, ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")]


def as_read(zone, time):
    """A time as it is read from a report in a zone."""
    return parse_time_in(zone, f"{time.astimezone(zone):%Y-%m-%dT%H:%M:%S.%f}")


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_a_time_within_two_hours_of_a_zone_change_is_moved_to_before_it(name, change):
    zone = ZoneInfo(name)
    for minutes in range(-300, 300, 7):
        time = change + minutes * MINUTE
        is_near = -2 * HOUR <= time - change < 2 * HOUR
        assert before_zone_change(time, zone) == (change - 2 * HOUR if is_near else time)


@pytest.mark.parametrize("zone", STEADY, ids=str)
@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(timezone.utc)))
def test_nothing_moves_in_a_zone_without_changes(zone, time):
    if zone is timezone.utc or time.year > 1946:  # Kolkata had changes until then.
        assert before_zone_change(time, zone) == time


@pytest.mark.parametrize(("name", "change"), CHANGES)
@pytest.mark.parametrize("longest", [HOUR, 6 * HOUR, DAY])
def test_every_row_is_read_as_of_its_own_window_across_a_zone_change(name, change, longest):
    zone = ZoneInfo(name)
    for minutes in range(0, 300, 15):
        start = change - 6 * HOUR + minutes * MINUTE
        windows = plan_windows(start, change + 12 * HOUR, longest, zone)
        assert [w.start for w in windows[1:]] == [w.end for w in windows[:-1]]
        assert windows[0].start <= start
        assert windows[-1].end == change + 12 * HOUR
        for window in windows:
            time = window.start
            while time < window.end:
                assert window.start <= as_read(zone, time) < window.end
                time += 10 * MINUTE


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_only_a_time_that_the_zone_repeats_or_skips_is_approximate(name, change):
    zone = ZoneInfo(name)
    local = change.astimezone(zone).replace(tzinfo=None)
    length = HOUR / 2 if "Lord_Howe" in name else HOUR
    start = local if change == parse_time(REPEATED[name]) else local - length
    for minutes in range(-90, 90, 5):
        wall = start + minutes * MINUTE
        time, is_approximate = read_time_in(zone, wall.isoformat())
        assert is_approximate == (start <= wall < start + length)
        # As before the change, so that ids stay the same.
        assert time == wall.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)
        assert read_time_in(zone, f"{wall.isoformat()}Z")[1] is False
        assert read_time_in(timezone.utc, wall.isoformat())[1] is False


def test_what_is_settled_never_ends_near_a_zone_change():
    zone, change = ZoneInfo("America/New_York"), parse_time(REPEATED["America/New_York"])
    for minutes in range(-180, 240, 30):
        now = change + 22 * HOUR + minutes * MINUTE
        settling = SettlingPass({}, now=now, end=now, zone=zone)
        settling.start_time(change - DAY, None)
        state: dict[str, Any] = {}
        settling.save(state, now)
        settled = parse_time(state["settled_until"])
        assert settled == before_zone_change(change + minutes * MINUTE, zone)


def key(record):
    activity = record.get("agent_activity", {})
    return (
        record["event"],
        record.get("type") or activity.get("availability_event_type"),
        record.get("conversation_id"),
        posted_message_id(record),
        record["agent_id"] if activity else None,
        activity.get("status"),
    )


def key_of_truth(event):
    is_activity = event.event == "onAgentActivityCreate"
    kinds = {"message": None, "availability": "General", "intelliassign": "Intelliassign"}
    return (
        event.event,
        kinds.get(event.kind, event.kind),
        event.conversation_id,
        event.message_id,
        event.agent_id if is_activity else None,
        event.status if is_activity else None,
    )


def check_runs(name, change, *, times, conversations_per_day):
    """Runs at some times around a zone change emit each event once, as it is read from a report."""
    zone = ZoneInfo(name)
    opened = f"{change - 5 * DAY:%Y-%m-%d}"
    url = (
        f"sandbox://?seed=2&conversations_per_day={conversations_per_day}&opened={opened}&report_zone={name}"
        f"&report_jobs_per_minute=60&report_jobs_per_day=10000"
    )
    start = change - 5 * HOUR
    settings = {"report_time_zone": name, "start_date": start.isoformat(), **LOOK_BACK}
    runs: list[Any] = []
    for time in times:
        state = runs[-1].state if runs else None
        runs.append(run_tap(time, state, url=url, **settings))
    ids = Counter(record["id"] for run in runs for record in run.events)
    assert {each: count for each, count in ids.items() if count > 1} == {}
    found = Counter(
        (key(record), parse_time(record["created_time"]), record["time_is_approximate"])
        for run in runs
        for record in run.events
    )
    unclear = []
    for event in truth(url, start, runs[-1].until):
        if event.kind == "unassigned":
            continue
        read = as_read(zone, event.time)
        wall = f"{event.time.astimezone(zone):%Y-%m-%dT%H:%M:%S.%f}"
        is_unclear = read_time_in(zone, wall)[1]
        exact, approximate = (
            (key_of_truth(event), event.time, False),
            (
                *(key_of_truth(event), read),
                is_unclear,
            ),
        )
        # The id of an interaction has the exact time of its start.
        [match] = [each for each in dict.fromkeys((exact, approximate)) if found[each]]
        found[match] -= 1
        if is_unclear:
            unclear.append(match)
    assert +found == Counter()
    return unclear


def test_a_repeated_hour_is_emitted_once_and_its_times_are_approximate():
    change = parse_time(REPEATED["America/New_York"])
    times = [change + hours * HOUR for hours in (0.6, 1.4, 3)]
    unclear = check_runs("America/New_York", change, times=times, conversations_per_day=80)
    assert len(unclear) > 10
    assert {event for (event, *_), _, approximate in unclear if approximate} >= {
        "onMessageCreate",
        "onConversationUpdate",
    }


# The zone in which the sandbox can write reports.
@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "change"), [each for each in CHANGES if "New_York" in str(each.id)]
)
def test_runs_every_15_minutes_across_a_zone_change_emit_each_event_once(name, change):
    quarters = [change + number * HOUR / 4 for number in range(-9, 18)]
    times = [*quarters, change + 25 * HOUR, change + 48 * HOUR]
    unclear = check_runs(name, change, times=times, conversations_per_day=150)
    assert bool(unclear) == (change == parse_time(REPEATED[name]))


def test_a_zone_without_changes_moves_no_window_and_marks_no_time():
    url = "sandbox://?seed=2&conversations_per_day=12&opened=2026-11-12&report_zone=Asia/Kolkata"
    start = (NOON - DAY).isoformat()
    there = run_tap(NOON, url=url, report_time_zone="Asia/Kolkata", start_date=start)
    here = run_tap(NOON, url=url.partition("&report_zone")[0], start_date=start)
    assert [each["id"] for each in there.events] == [each["id"] for each in here.events]
    assert there.state == here.state
    assert not any(each["time_is_approximate"] for each in there.events)
