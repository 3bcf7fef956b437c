"""Rows of one report window: what sets a row aside, and what stops the stream."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from fakes.clock import NOON

from tap_freshchat.errors import ReportError
from tap_freshchat.reports.columns import map_columns
from tap_freshchat.reports.window_rows import WindowRows
from tap_freshchat.set_aside import SetAside
from tap_freshchat.times import format_time, parse_time, parse_time_in
from tap_freshchat.windows import Window

REPORT = "Conversation-Resolved"
DAY = Window(NOON - timedelta(days=1), NOON)
MINUTE = timedelta(minutes=1)


def written(time):
    return time.strftime("%Y-%m-%d %H:%M:%S.%f")


def rows_of(tmp_path, times, *, zone="UTC", is_raw=False, window=DAY, texts=()):
    """The times of the rows that come out of a file with these times, and what was set aside."""
    lines = [f"c{number},{text}" for number, text in enumerate([*map(written, times), *texts])]
    file = tmp_path / "file.csv"
    file.write_text("\n".join(["conversation_id,created_at", *lines]))
    aside = SetAside(tmp_path / "rejected.jsonl")
    checked = WindowRows(REPORT, window, ZoneInfo(zone), aside, is_raw=is_raw)

    def names(headers):
        return map_columns(REPORT, headers, stream="s", extra={}, required=("created_at",))

    twin = WindowRows(REPORT, window, ZoneInfo(zone), aside, is_raw=is_raw)
    twin.check_times([file], names)
    return [row["created_at"] for row in checked.rows(file, names)], aside


def every(minutes, window=DAY):
    count = (window.end - window.start) // (minutes * MINUTE)
    return [window.start + number * minutes * MINUTE for number in range(count)]


def test_a_row_without_what_its_event_needs_is_set_aside_and_costs_no_other(tmp_path):
    texts = ("", "yesterday", "2026-13-01")
    found, aside = rows_of(tmp_path, every(60), texts=texts)
    assert found == list(map(written, every(60)))
    kept = [json.loads(line) for line in aside.path.read_text().splitlines()]
    assert [row["reason"].split(" that")[0] for row in kept] == [
        "has no created_at",
        "has a created_at",
        "has a created_at",
    ]
    assert [row["line"] for row in kept] == [26, 27, 28]


@pytest.mark.parametrize(("good", "bad"), [(0, 5), (300, 21)])
def test_a_file_of_which_too_many_rows_cannot_be_used_stops_the_stream(tmp_path, good, bad):
    times = every(4)[:good]
    with pytest.raises(ReportError, match=f"{bad} of {good + bad} rows.*report_columns"):
        rows_of(tmp_path, times, texts=["never"] * bad)
    few, _ = rows_of(tmp_path, every(1), texts=["never"] * 21)
    assert len(few) == 1440


@pytest.mark.parametrize("hours", [-8, -5, 1, 5.5, 12])
@pytest.mark.parametrize("days", [0.05, 1, 14])
def test_times_of_another_zone_stop_the_stream_and_name_the_setting(tmp_path, hours, days):
    window = Window(NOON - timedelta(days=days), NOON)
    times = [time + timedelta(hours=hours) for time in every(5, window)]
    with pytest.raises(ReportError, match="report_time_zone"):
        rows_of(tmp_path, times, window=window)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_with_the_setting_the_times_are_those_of_the_occurrence(tmp_path, zone):
    local = [time.astimezone(ZoneInfo(zone)) for time in every(60)]
    found, aside = rows_of(tmp_path, local, zone=zone)
    assert found == list(map(format_time, every(60)))
    assert not aside.counts


def test_a_time_with_an_offset_of_its_own_is_in_no_other_zone():
    zone = ZoneInfo("Asia/Kolkata")
    for text in ("2026-11-22T12:00:00Z", "2026-11-22 14:00:00+0200", "2026-11-22 12:00:00 UTC"):
        assert parse_time_in(zone, text) == NOON
    assert parse_time_in(zone, "2026-11-22 17:30:00") == NOON


def test_a_few_rows_outside_are_read_with_a_warning(tmp_path, caplog):
    found, aside = rows_of(tmp_path, [NOON - timedelta(days=9)])
    assert len(found) == 1
    assert aside.counts == {"report rows outside of their period": 1}
    assert "report_time_zone" in caplog.text


def test_three_of_five_rows_outside_stop_the_stream(tmp_path):
    times = [NOON - timedelta(days=5)] * 3 + [NOON - 2 * MINUTE] * 2
    with pytest.raises(ReportError, match="3 of 5 rows"):
        rows_of(tmp_path, times)


def test_plain_rows_are_all_read_wherever_their_times_lie(tmp_path):
    times = [time - timedelta(days=3) for time in every(60)]
    found, aside = rows_of(tmp_path, times, is_raw=True)
    assert len(found) == len(times)
    assert aside.counts["report rows outside of their period"] > 0


def test_rows_in_the_window_or_a_moment_outside_are_no_sign_of_another_zone(tmp_path):
    times = [DAY.start - MINUTE, *every(60), DAY.end + MINUTE]
    found, aside = rows_of(tmp_path, times)
    assert len(found) == len(times)
    assert not aside.counts


def test_a_zone_that_shows_for_one_stream_shows_for_the_next_reader_of_the_report_too(tmp_path):
    times = [time - timedelta(hours=5) for time in every(5)]
    for _ in range(2):
        with pytest.raises(ReportError, match="report_time_zone"):
            rows_of(tmp_path, times)


def test_fewer_than_five_rows_moved_out_of_a_long_window_are_a_warning(tmp_path):
    window = Window(NOON - timedelta(days=14), NOON)
    times = [time - timedelta(hours=5) for time in every(120, window)]
    found, aside = rows_of(tmp_path, times, window=window)
    assert len(found) == len(times)
    assert aside.counts == {"report rows outside of their period": 1}


@pytest.mark.parametrize("order", [1, -1])
def test_the_ends_of_a_long_file_show_a_wrong_zone(tmp_path, order):
    window = Window(NOON - timedelta(days=10), NOON)
    late = [time + timedelta(hours=5) for time in every(1, window)][::order]
    lines = [f"c{number},{written(time)}" for number, time in enumerate(late)]
    file = tmp_path / "file.csv"
    file.write_text("\n".join(["conversation_id,created_at", *lines]))
    checked = WindowRows(REPORT, window, ZoneInfo("UTC"), SetAside(tmp_path), is_raw=False)

    def names(headers):
        return map_columns(REPORT, headers, stream="s", extra={})

    with pytest.raises(ReportError, match=r"298 of 14,400 rows .* \+5\.0 hours"):
        checked.check_times([file], names, limit=50)


def test_a_long_file_in_its_window_is_not_read_to_the_end_before_its_rows_are_used(tmp_path):
    lines = [f"c{number},{written(time)}" for number, time in enumerate(every(0.1))]
    file = tmp_path / "file.csv"
    file.write_text("\n".join(["conversation_id,created_at", *lines]))
    checked = WindowRows(REPORT, DAY, ZoneInfo("UTC"), SetAside(tmp_path), is_raw=False)
    count = checked.check_times([file], lambda headers: headers, limit=50)
    assert 50 < count < len(lines)


@pytest.mark.e2e
def test_a_file_without_end_of_rows_that_cannot_be_used_is_not_read_to_its_end(tmp_path):
    file = tmp_path / "file.csv"
    file.write_text("conversation_id,created_at\n" + "c,\n" * 110_000)
    aside = SetAside(tmp_path / "rejected.jsonl")
    checked = WindowRows(REPORT, DAY, ZoneInfo("UTC"), aside, is_raw=False)
    with pytest.raises(ReportError, match="100,001 of 100,001 rows"):
        list(checked.rows(file, lambda headers: headers))
    assert aside.counts == {"report rows rejected": 100_001}


def test_times_after_clocks_go_forward_in_a_zone_that_had_no_offset_are_read_in_that_zone(tmp_path):
    zone, change = ZoneInfo("Europe/London"), parse_time("2026-03-29T01:00Z")
    times = [change + number * MINUTE for number in range(-60, 120)]
    texts = [written(time.astimezone(zone)) for time in times]
    window = Window(times[0], times[-1] + MINUTE)
    found, _ = rows_of(tmp_path, [], texts=texts, zone=zone.key, window=window)
    assert [parse_time(text) for text in found] == times
