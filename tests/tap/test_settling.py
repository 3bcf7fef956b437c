"""Settling pass: rows later than the look-back, each emitted once."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from fakes.clock import NOON
from fakes.runs import EVENT_STREAMS, run_tap

from tap_freshchat.bookmarks import REPORTS, Bookmark
from tap_freshchat.ids import stable_id
from tap_freshchat.settling import SETTLE_AGE, SettlingPass
from tap_freshchat.state_checks import check_state
from tap_freshchat.times import parse_time

HOUR = timedelta(hours=1)
LATE = "sandbox://?max_row_delay=195&report_jobs_per_minute=60&report_jobs_per_day=10000"
START = NOON - timedelta(days=2)
MIDNIGHT = NOON - timedelta(hours=12)
# Every four hours, and a day later the last settling pass.
TIMES = [START + 4 * HOUR * number for number in range(1, 10)] + [MIDNIGHT + timedelta(days=1)]
# All rows before it are there in the last run.
SETTLED = TIMES[-1] - timedelta(minutes=205)


def bookmark(state, now, *, end=None, max_hashes=100, **options):
    settling = SettlingPass(
        state.get(REPORTS, {}), now=now, end=end or now - HOUR / 4, max_hashes=max_hashes
    )
    return Bookmark(
        state, "created_time", REPORTS, **{"overlap": HOUR, "settling": settling, **options}
    )


def read(state, now, rows, *, advance=True, **options):
    """Read rows (`{name: time}`) up to a quarter of an hour ago; returns what is new."""
    present = bookmark(state, now, **options)
    start = present.start_time(START)
    new = [
        name
        for name, time in rows.items()
        if start <= time < now - HOUR / 4 and present.is_new(stable_id(name), time)
    ]
    if advance:
        present.advance(now - HOUR / 4)
    return new


def test_the_first_run_of_a_day_emits_a_row_that_came_after_the_look_back_once():
    state: dict[str, Any] = {}
    rows = {str(hour): NOON + HOUR * hour for hour in range(-20, 30)}
    late = {"late": NOON + HOUR / 2}
    assert "0" in read(state, NOON + HOUR, rows)
    assert read(state, NOON + 3 * HOUR, rows) == ["1", "2"]
    assert read(state, NOON + 6 * HOUR, rows | late) == ["3", "4", "5"]
    assert read(state, NOON + 12.5 * HOUR, rows | late)[-1] == "late"
    assert read(state, NOON + 13 * HOUR, rows | late) == []
    assert "late" not in read(state, NOON + 36.5 * HOUR, rows | late)


def test_a_row_that_is_22_hours_late_is_emitted_whenever_it_happened():
    for happened in range(24):
        state: dict[str, Any] = {}
        rows = {"late": NOON + HOUR * happened}
        emitted: list[str] = []
        for hour in range(72):
            arrived = hour >= happened + SETTLE_AGE / HOUR
            emitted += read(state, NOON + hour * HOUR, rows if arrived else {})
        assert emitted == ["late"]


def test_what_is_old_when_it_is_first_read_is_settled_and_not_remembered():
    state: dict[str, Any] = {}
    rows = {str(hour): NOON - HOUR * hour for hour in range(48)}
    read(state, NOON, rows)
    assert parse_time(state[REPORTS]["settled_until"]) == NOON - SETTLE_AGE
    [*remembered] = state[REPORTS]["emitted_hashes"]
    assert min(map(parse_time, remembered)) == NOON - SETTLE_AGE
    past: dict[str, Any] = {}
    for days in (9, 8):
        end = NOON - timedelta(days=days)
        present = bookmark(past, NOON, end=end)
        assert present.start_time(NOON - timedelta(days=10)) == max(
            NOON - timedelta(days=10), end - timedelta(days=1) - HOUR
        )
        present.is_new(stable_id("one"), end - HOUR / 2)
        present.advance(end)
    assert past[REPORTS]["emitted_hashes"] == {}


def test_a_record_that_is_forgotten_is_judged_again_in_the_settling_pass():
    state: dict[str, Any] = {}
    rows = {"one": NOON, "two": NOON}
    first = bookmark(state, NOON + HOUR)
    first.start_time(START)
    assert all(first.is_new(stable_id(name), NOON) for name in rows)
    first.forget(stable_id("one"))
    first.advance(NOON + HOUR)
    assert read(state, NOON + 13 * HOUR, rows) == ["one"]


def test_a_state_from_before_settling_passes_emits_nothing_twice():
    state: dict[str, Any] = {}
    rows = {str(hour): NOON + HOUR * hour for hour in range(-20, 40)}
    old = bookmark(state, NOON, settling=None)
    old.start_time(START)
    assert all(old.is_new(stable_id(str(hour)), rows[str(hour)]) for hour in range(-20, 0))
    old.advance(NOON - HOUR / 4)
    emitted = [
        name
        for hours in (1, 6, 13, 30, 38)
        for name in read(state, NOON + hours * HOUR, rows | {"late": NOON})
        if hours > 1 or name != "late"
    ]
    assert sorted(emitted) == sorted(str(hour) for hour in range(38))


def test_records_above_the_bound_are_emitted_again_rather_than_lost():
    state: dict[str, Any] = {}
    rows = {str(minute): NOON + HOUR / 60 * minute for minute in range(600)}
    for hours in range(1, 12):
        read(state, NOON + hours * HOUR, rows)
    assert parse_time(state[REPORTS]["emitted_since"]) == NOON + 9 * HOUR
    passing = bookmark(json.loads(json.dumps(state)), NOON + 13 * HOUR)
    start = passing.start_time(START)
    assert (passing.settling.repeated.start, passing.settling.repeated.end) == (
        start,
        NOON + 9 * HOUR,
    )
    late = {"late": NOON + 9.5 * HOUR}
    again = read(state, NOON + 13 * HOUR, rows | late)
    assert again == [*map(str, range(540)), "late"]
    later = bookmark(state, NOON + 14 * HOUR)
    later.start_time(START)
    assert later.settling.repeated is None


def test_a_bound_that_one_run_exceeds_costs_the_oldest_hours():
    state: dict[str, Any] = {}
    rows = {str(minute): NOON + HOUR / 60 * minute for minute in range(600)}
    assert len(read(state, NOON + 11 * HOUR, rows)) == 600
    assert len(state[REPORTS]["emitted_hashes"]) == 1
    assert len(read(state, NOON + 13 * HOUR, rows)) == 540


def test_a_bookmark_from_the_future_does_not_stop_settling():
    state: dict[str, Any] = {}
    read(state, NOON + timedelta(days=30), {})
    rows = {str(hour): NOON + HOUR * hour for hour in range(40)}
    emitted: list[str] = []
    for hours in (1, 13, 37, 61):
        now = NOON + hours * HOUR
        emitted += read(state, now, rows, latest=now)
    assert sorted(emitted) == sorted(rows)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("settled_until", "yesterday"),
        ("emitted_since", 5),
        ("emitted_hashes", []),
        ("emitted_hashes", {"noon": ""}),
        ("emitted_hashes", {"2026-11-22T11:00+00:00": 5}),
        ("emitted_hashes", {"2026-11-22T11:00+00:00": "?"}),
        ("emitted_hashes", {"2026-11-22T11:00+00:00": "AAAA"}),
    ],
)
def test_a_damaged_memory_is_one_line_that_names_stream_and_key(key, value):
    state = {"bookmarks": {"message_events": {"reports": {key: value}}}}
    with pytest.raises(Exception, match=f"State of stream message_events: reports.{key}"):
        check_state(state, ("message_events",))


# Whole runs.


def series(times=TIMES, state=None, **options):
    """One run after another, each from the last STATE of those before."""
    runs = []
    for now in times:
        runs.append(
            run_tap(now, state, **{"url": LATE, "start_date": START.isoformat(), **options})
        )
        state = runs[-1].state or state
    return runs


def emitted(runs, until=SETTLED):
    """How often each record was emitted, by stream and id, of those before a time."""
    return Counter(
        (stream, record.get("conversation_id"), record["id"])
        for run in runs
        for stream, records in run.records.items()
        for record in records
        if parse_time(record["created_time"]) < until
    )


def expected(**options):
    """Each record once: what one run finds long after all rows have arrived."""
    return emitted(series([NOON + timedelta(days=4)], end_date=SETTLED.isoformat(), **options))


@pytest.fixture(scope="module")
def regular():
    return series()


@pytest.fixture(scope="module")
def each_once():
    return expected()


@pytest.mark.e2e
def test_rows_up_to_200_minutes_late_are_emitted_exactly_once(regular, each_once):
    assert emitted(regular) == each_once
    # The look-back alone loses some: those that a settling pass found.
    before_last_run = TIMES[-2] - timedelta(minutes=75)
    assert emitted(regular[-1:], until=before_last_run)


@pytest.mark.e2e
@pytest.mark.parametrize(
    "options",
    [
        *({"streams": (stream,)} for stream in EVENT_STREAMS),
        {"streams": ("messages", "report_chat_transcript", "report_agent_activity")},
        {"lookback_minutes": 600},
        {"enrich_conversations": False},
    ],
    ids=str,
)
def test_late_rows_are_emitted_once_alone_raw_and_with_any_look_back(options):
    assert emitted(series(**options)) == expected(**options)


@pytest.mark.e2e
def test_late_rows_are_emitted_by_one_shard(each_once):
    shards = [series(shard_count=2, shard_index=index) for index in range(2)]
    assert emitted(shards[0]) + emitted(shards[1]) == each_once


@pytest.mark.e2e
def test_a_settling_pass_that_is_killed_loses_nothing_and_moves_no_bookmark_back(
    regular, each_once
):
    before, (whole,) = regular[:-1], regular[-1:]
    for count in range(9, len(whole.messages), max(1, len(whole.messages) // 4)):
        killed = series(TIMES[-1:], before[-1].state, kill_after=count)
        state = killed[-1].state or before[-1].state
        resumed = series([TIMES[-1] + HOUR / 4], state)
        found = emitted([*before, *killed, *resumed])
        assert set(found) == set(each_once)
        assert max(found.values()) <= 2
        for stream in EVENT_STREAMS:
            of_stream = [
                run.state["bookmarks"][stream]["reports"]["end"]
                for run in [*before, *killed, *resumed]
                if stream in run.state.get("bookmarks", {})
            ]
            assert of_stream == sorted(of_stream)


@pytest.mark.e2e
def test_a_settling_pass_costs_one_more_transcript_job_and_no_other(regular):
    def jobs_of(now, state):
        requested: Counter[str] = Counter()

        def count(request):
            if request.path == "/v2/reports/raw":
                requested[json.loads(request.body)["event"]] += 1

        run_tap(now, state, url=LATE, faults=count)
        return requested

    state = regular[4].state
    days_later = TIMES[4].replace(hour=23, minute=45)
    usual = jobs_of(days_later, state)
    passing = jobs_of(days_later + HOUR, series([days_later], state)[-1].state)
    assert set(usual.values()) == {1}
    assert passing - usual == {"Chat-Transcript": 1}


@pytest.mark.e2e
def test_records_that_the_state_does_not_remember_are_emitted_again_with_a_warning(
    regular, each_once, caplog
):
    state = json.loads(json.dumps(regular[-2].state))
    memory = state["bookmarks"]["message_events"]["reports"]
    hours = sorted(memory["emitted_hashes"])
    for hour in hours[:12]:
        del memory["emitted_hashes"][hour]
    memory["emitted_since"] = hours[12]
    [again] = series(TIMES[-1:], state)
    assert set(emitted([*regular[:-1], again])) == set(each_once)
    assert max(emitted([*regular[:-1], again]).values()) == 2
    [warning] = [record for record in caplog.records if "emitted again" in record.message]
    assert "message_events" in warning.message


@pytest.mark.e2e
def test_rest_settles_nothing():
    [first, second] = series([NOON, NOON + timedelta(days=1)], activity_source="rest")
    for run in (first, second):
        assert "settled_until" not in json.dumps(run.state)
