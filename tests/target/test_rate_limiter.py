"""When the next request may go."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_segment.delivery.rate_limiter import RateLimiter


class Waits:
    """Time that passes only by waiting."""

    def __init__(self):
        self.now = 0.0
        self.all = []

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.all.append(seconds)
        self.now += seconds


@pytest.fixture
def waits():
    return Waits()


def test_requests_start_as_fast_as_the_rate_limit_allows_and_no_faster(waits):
    limiter = RateLimiter(50, waits, waits.wait)
    for events in (100, 25, 1):
        limiter.acquire(events)
    assert waits.all == [2.0, 0.5]


def test_elapsed_time_shortens_the_wait_and_is_not_saved_up(waits):
    limiter = RateLimiter(50, waits, waits.wait)
    limiter.acquire(100)
    waits.now += 1.5
    limiter.acquire(100)
    waits.now += 1000
    for _ in range(2):
        limiter.acquire(100)
    assert waits.all == [0.5, 2.0]


def test_without_a_rate_limit_no_thread_waits(waits):
    limiter = RateLimiter(0, waits, waits.wait)
    for _ in range(3):
        limiter.acquire(2500)
    assert waits.all == []


def test_a_pause_delays_all_threads_and_a_shorter_one_does_not_end_it(waits):
    limiter = RateLimiter(0, waits, waits.wait)
    limiter.pause(30)
    limiter.pause(5)
    limiter.acquire(1)
    limiter.acquire(1)
    assert waits.all == [30]


def test_the_longer_of_rate_limit_and_pause_applies(waits):
    limiter = RateLimiter(50, waits, waits.wait)
    limiter.acquire(100)
    limiter.pause(0.5)
    limiter.acquire(50)
    limiter.pause(7)
    limiter.acquire(1)
    assert waits.all == [2.0, 7.0]


def test_a_pause_that_starts_during_a_wait_extends_it(waits):
    def wait(seconds):
        waits.wait(seconds)
        if len(waits.all) == 1:
            limiter.pause(3)

    limiter = RateLimiter(50, waits, wait)
    limiter.acquire(100)
    limiter.acquire(1)
    assert waits.all == [2.0, 3.0]


@settings(deadline=None)
@given(st.lists(st.integers(1, 2500), min_size=1, max_size=50), st.integers(1, 5000))
def test_the_rate_never_exceeds_the_limit(sizes, rate):
    clock = Waits()
    limiter = RateLimiter(rate, clock, clock.wait)
    started = []
    for size in sizes:
        limiter.acquire(size)
        started.append(clock.now)
    # What starts between two requests fits into the time between them.
    for first in range(len(sizes)):
        for last in range(first, len(sizes)):
            seconds = started[last] - started[first]
            assert sum(sizes[first:last]) <= seconds * rate + 1e-6
