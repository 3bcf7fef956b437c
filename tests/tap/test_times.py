"""How moments are read and written."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.times import (
    format_request_time,
    format_time,
    from_epoch_ms,
    interaction_time,
    parse_time,
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
        ("2026-05-22T19:22:25.639861", "2026-05-22T19:22:25.639861+00:00"),
    ],
)
def test_every_spelling_that_freshchat_uses_is_read(text, expected):
    assert format_time(parse_time(text)) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2025-13-01", "10/07/2025", "2025-07-10T25:00"])
def test_what_is_no_moment_is_refused_without_being_repeated(text):
    with pytest.raises(ValueError) as error:
        parse_time(text)
    assert not text or text not in str(error.value)


@given(MOMENTS)
def test_a_written_moment_reads_back_as_itself(moment):
    assert parse_time(format_time(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_written_moments_sort_as_moments(one, other):
    assert (format_time(one) < format_time(other)) == (one < other)


@given(MOMENTS)
def test_a_request_carries_milliseconds(moment):
    assert abs(parse_time(format_request_time(moment)) - moment) < timedelta(milliseconds=1)


def test_an_interaction_id_hides_when_it_began():
    began = interaction_time("681406910844650-1669114522220")
    assert format_time(began) == "2022-11-22T10:55:22.220000+00:00"


@pytest.mark.parametrize("text", [None, "", "681406910844650", "a-b", "1-12", "x-16691145222²0"])
def test_an_interaction_id_of_another_form_hides_nothing(text):
    assert interaction_time(text) is None


def test_epoch_milliseconds_are_exact():
    assert format_time(from_epoch_ms(1669114522229)).startswith("2022-11-22T10:55:22.229000")
