"""Rate limiting: how long the tap waits."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from fakes.clock import NOON, StillClock
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.api.rate_limiting import (
    DEFAULT_PAUSE_SECONDS,
    MAX_PAUSE_SECONDS,
    RateLimiter,
    pause_after,
    retry_after,
    seconds_until_reset,
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        (format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOON - timedelta(seconds=90), usegmt=True), 0.0),
        ("-3", 0.0),
        ("nan", 0.0),
        ("1e9", MAX_PAUSE_SECONDS),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms_within_bounds(value, seconds):
    assert retry_after({"Retry-After": value}, NOON) == seconds


def test_a_429_without_retry_after_pauses_too():
    assert pause_after(429, {}, NOON) == DEFAULT_PAUSE_SECONDS


def test_a_429_may_name_the_reset_of_the_limit_instead():
    reset = str(int((NOON + timedelta(seconds=40)).timestamp()))
    assert pause_after(429, {"X-RateLimit-Reset": reset}, NOON) == 40


def test_a_response_that_uses_up_the_limit_pauses_until_its_reset():
    reset = str(int((NOON + timedelta(seconds=12)).timestamp()))
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    assert pause_after(200, headers, NOON) == 12
    assert pause_after(200, {**headers, "X-RateLimit-Remaining": "1"}, NOON) == 0


def reset_in(seconds):
    return {"X-RateLimit-Reset": f" {int(NOON.timestamp()) + seconds} "}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (reset_in(40), 40),
        (reset_in(-40), 0),
        (reset_in(10**6), MAX_PAUSE_SECONDS),
        ({"X-RateLimit-Reset": "9" * 5000}, MAX_PAUSE_SECONDS),
        ({"X-RateLimit-Reset": "soon"}, None),
        ({"X-RateLimit-Reset": "²"}, None),
        ({"X-RateLimit-Reset": "-5"}, None),
        ({"X-RateLimit-Reset": ""}, None),
        ({}, None),
    ],
)
def test_a_reset_is_a_time_within_bounds(headers, seconds):
    assert seconds_until_reset(headers, NOON) == seconds


def test_retry_after_can_be_read_up_to_another_bound():
    assert retry_after({"Retry-After": " 90 "}, NOON, 60) == 60
    assert retry_after({}, NOON) is None


def test_dates_of_the_service_are_read_by_its_own_clock():
    date = format_datetime(NOON + timedelta(seconds=602), usegmt=True)
    now = {"Date": format_datetime(NOON + timedelta(seconds=600), usegmt=True)}
    assert retry_after({"Retry-After": date, **now}, NOON) == 2
    assert seconds_until_reset({**reset_in(602), **now}, NOON) == 2


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("30", 30),
        ("0.5", 0.5),
        (str(int(NOON.timestamp()) + 30), 30),
        (str(int(NOON.timestamp() * 1000) + 30_000), 30),
    ],
)
def test_a_reset_is_read_in_every_unit(reset, seconds):
    assert seconds_until_reset({"X-RateLimit-Reset": reset}, NOON) == seconds


def test_retry_after_overrides_the_reset_on_a_429():
    assert pause_after(429, {"Retry-After": "7", **reset_in(40)}, NOON) == 7
    assert pause_after(429, {"Retry-After": "0", **reset_in(40)}, NOON) == 0


def test_any_response_may_ask_for_a_pause():
    assert pause_after(503, {"Retry-After": "7"}, NOON) == 7
    assert pause_after(200, reset_in(40), NOON) == 0
    assert pause_after(200, {"X-RateLimit-Remaining": " 0 ", **reset_in(40)}, NOON) == 40
    assert pause_after(200, {"X-RateLimit-Remaining": "0"}, NOON) == 0


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["Retry-After", "X-RateLimit-Remaining", "X-RateLimit-Reset"]),
        st.text(max_size=20),
    ),
)
def test_a_pause_is_never_negative_nor_above_the_ceiling(status, headers):
    assert 0 <= pause_after(status, headers, NOON) <= MAX_PAUSE_SECONDS


def test_the_gate_stays_shut_for_everyone_until_the_pause_is_over():
    clock = StillClock()
    limiter = RateLimiter(clock)
    limiter.update_from_response(429, {"Retry-After": "20"})
    limiter.acquire()
    limiter.acquire()
    assert clock.slept == [20]


def test_a_configured_ceiling_spaces_requests_evenly():
    clock = StillClock()
    limiter = RateLimiter(clock, requests_per_minute=30)
    for _ in range(4):
        limiter.acquire()
    assert clock.slept == [2, 2, 2]


def test_idle_time_saves_up_at_most_one_request():
    clock = StillClock()
    limiter = RateLimiter(clock, requests_per_minute=30)
    limiter.acquire()
    clock.sleep(60)
    for _ in range(3):
        limiter.acquire()
    assert clock.slept == [60, 2]


def test_without_a_ceiling_nobody_waits():
    clock = StillClock()
    limiter = RateLimiter(clock)
    limiter.update_from_response(200, {})
    for _ in range(3):
        limiter.acquire()
    assert clock.slept == []


def test_a_shorter_pause_does_not_open_the_gate_sooner():
    clock = StillClock()
    limiter = RateLimiter(clock)
    limiter.update_from_response(429, {"Retry-After": "20"})
    limiter.update_from_response(429, {"Retry-After": "0.5"})
    limiter.acquire()
    assert clock.slept == [20]
    limiter.update_from_response(429, {"Retry-After": "0.5"})
    limiter.acquire()
    assert clock.slept == [20, 0.5]
