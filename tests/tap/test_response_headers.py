"""Clock skew between this host and the service."""

import pytest
from fakes.clock import NOON

from tap_freshchat.api.rate_limiting import seconds_ahead


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        ("Sun, 22 Nov 2026 11:59:00 GMT", 60),
        ("Sun, 22 Nov 2026 12:01:00 -0000", -60),
        ("Sun, 22 Nov 2026 12:59:00 +0100", 60),
        ("never", 0),
        ("Sun, 22 Nov 999999999999 11:59:00 GMT", 0),
        ("", 0),
    ],
)
def test_clock_skew_is_the_difference_to_a_valid_date_of_the_response(date, ahead):
    assert seconds_ahead({"Date": date}, NOON) == ahead


def test_a_response_without_a_date_shows_no_clock_skew():
    assert seconds_ahead({}, NOON) == 0
