"""Parser and formatter of times."""

import contextlib
import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.times import (
    floor_to,
    format_request_time,
    format_time,
    from_epoch_ms,
    interaction_start_time,
    parse_time,
    parse_time_or_none,
)

MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(timezone.utc)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-07-10T19:47:55.442Z", "2025-07-10T19:47:55.442000+00:00"),
        ("2025-07-10 19:47:55.44", "2025-07-10T19:47:55.440000+00:00"),
        ("2025-07-10 19:47:55.0", "2025-07-10T19:47:55.000000+00:00"),
        ("2025-07-10 19:47:55", "2025-07-10T19:47:55.000000+00:00"),
        ("2025-07-10T21:47:55+02:00", "2025-07-10T19:47:55.000000+00:00"),
        ("2025-07-10T14:17:55-0530", "2025-07-10T19:47:55.000000+00:00"),
        ("2025-07-10", "2025-07-10T00:00:00.000000+00:00"),
        ("2025-07-10t19:47", "2025-07-10T19:47:00.000000+00:00"),
        (" 2025-07-10 19:47:55,4 utc ", "2025-07-10T19:47:55.400000+00:00"),
        ("2025-07-10 19:47:55.123456789", "2025-07-10T19:47:55.123456+00:00"),
        ("2025-07-10T23:59:59-23:59", "2025-07-11T23:58:59.000000+00:00"),
        ("2025-07-10T00:00:00+23:59", "2025-07-09T00:01:00.000000+00:00"),
        ("2026-05-22T19:22:25.639861", "2026-05-22T19:22:25.639861+00:00"),
    ],
)
def test_every_time_format_of_freshchat_is_read(text, expected):
    assert format_time(parse_time(text)) == expected
    assert parse_time(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2025-13-01", "10/07/2025", "2025-07-10T25:00", "2025-07-10 19:47:55.9\0"],
)
def test_an_invalid_time_is_an_error_that_does_not_quote_it(text):
    with pytest.raises(ValueError) as error:
        parse_time(text)
    assert not text or text not in str(error.value)


@pytest.mark.parametrize("text", ["2025-07-10T10:00+24:00", "2025-07-10T10:00-99:59"])
def test_an_offset_of_a_day_or_more_is_rejected(text):
    with pytest.raises(ValueError, match="not a time of any zone"):
        parse_time(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00"])
def test_an_offset_that_leads_out_of_the_calendar_is_rejected(text):
    with pytest.raises(ValueError, match="outside of the years"):
        parse_time(text)


@pytest.fixture
def elsewhere(monkeypatch):
    """A host whose clock shows the time of another zone."""
    with monkeypatch.context() as host:
        host.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_a_time_of_any_zone_is_written_in_utc_in_any_time_zone_of_the_host():
    moment = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert format_time(moment) == "2026-11-22T10:00:00.000000+00:00"
    assert format_request_time(moment) == "2026-11-22T10:00:00.000Z"


@pytest.mark.parametrize(
    ("step", "start"),
    [
        (timedelta(days=1), "2026-11-22T00:00:00.000000+00:00"),
        (timedelta(hours=1), "2026-11-22T10:00:00.000000+00:00"),
        (timedelta(minutes=7), "2026-11-22T10:50:00.000000+00:00"),
    ],
)
def test_whole_steps_are_counted_from_1970(step, start):
    moment = datetime(2026, 11, 22, 10, 55, 22, tzinfo=timezone.utc)
    assert format_time(floor_to(moment, step)) == start
    assert floor_to(parse_time(start), step) == parse_time(start)


@given(st.from_regex(r"\A2025-07-1.[T ]1.:4.(:5.)?([.,]\d+)?.{0,2}(Z|[+-]0.:..)?\Z"))
def test_every_parsed_time_is_in_utc(text):
    with contextlib.suppress(ValueError):
        assert parse_time(text).utcoffset() == timedelta(0)


@given(MOMENTS)
def test_a_written_time_is_read_back_unchanged(moment):
    assert parse_time(format_time(moment)) == moment


def test_an_external_value_is_a_time_or_none():
    assert parse_time_or_none("2025-07-10 19:47:55") == parse_time("2025-07-10T19:47:55Z")
    assert [
        parse_time_or_none(value) for value in ("yesterday", 1752176875, None, ["2025-07-10"])
    ] == [None] * 4


@given(MOMENTS, MOMENTS)
def test_written_times_sort_as_times(one, other):
    assert (format_time(one) < format_time(other)) == (one < other)


@given(MOMENTS)
def test_a_request_carries_milliseconds(moment):
    assert abs(parse_time(format_request_time(moment)) - moment) < timedelta(milliseconds=1)


def test_an_interaction_id_contains_its_start_time():
    began = interaction_start_time("681406910844650-1669114522220")
    assert format_time(began) == "2022-11-22T10:55:22.220000+00:00"
    assert interaction_start_time("6814-0691-1669114522220") == began


@pytest.mark.parametrize("text", [None, "", "681406910844650", "a-b", "1-12", "x-16691145222²0"])
def test_an_interaction_id_of_another_form_has_no_start_time(text):
    assert interaction_start_time(text) is None


def test_epoch_milliseconds_are_exact():
    assert format_time(from_epoch_ms(1669114522229)).startswith("2022-11-22T10:55:22.229000")


@pytest.mark.parametrize("milliseconds", [10**15, -(10**15), 10**30])
def test_milliseconds_outside_the_calendar_are_rejected(milliseconds):
    with pytest.raises(ValueError, match="outside of the years"):
        from_epoch_ms(milliseconds)
