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


def test_requests_go_as_fast_as_the_ceiling_allows_and_no_faster(waits):
    pacer = RateLimiter(50, waits, waits.wait)
    for events in (100, 25, 1):
        pacer.acquire(events)
    assert waits.all == [2.0, 0.5]


def test_time_that_passed_meanwhile_is_not_waited_for_nor_saved_up(waits):
    pacer = RateLimiter(50, waits, waits.wait)
    pacer.acquire(100)
    waits.now += 1.5
    pacer.acquire(100)
    waits.now += 1000
    for _ in range(2):
        pacer.acquire(100)
    assert waits.all == [0.5, 2.0]


def test_without_a_ceiling_nobody_waits(waits):
    pacer = RateLimiter(0, waits, waits.wait)
    for _ in range(3):
        pacer.acquire(2500)
    assert waits.all == []


def test_a_pause_holds_up_all_and_a_shorter_one_does_not_end_it(waits):
    pacer = RateLimiter(0, waits, waits.wait)
    pacer.pause(30)
    pacer.pause(5)
    pacer.acquire(1)
    pacer.acquire(1)
    assert waits.all == [30]


def test_the_longer_of_ceiling_and_pause_counts(waits):
    pacer = RateLimiter(50, waits, waits.wait)
    pacer.acquire(100)
    pacer.pause(0.5)
    pacer.acquire(50)
    pacer.pause(7)
    pacer.acquire(1)
    assert waits.all == [2.0, 7.0]


def test_a_pause_that_begins_while_somebody_waits_holds_for_them_too(waits):
    def wait(seconds):
        waits.wait(seconds)
        if len(waits.all) == 1:
            pacer.pause(3)

    pacer = RateLimiter(50, waits, wait)
    pacer.acquire(100)
    pacer.acquire(1)
    assert waits.all == [2.0, 3.0]


@settings(deadline=None)
@given(st.lists(st.integers(1, 2500), min_size=1, max_size=50), st.integers(1, 5000))
def test_the_rate_is_never_above_its_ceiling(sizes, rate):
    clock = Waits()
    pacer = RateLimiter(rate, clock, clock.wait)
    started = []
    for size in sizes:
        pacer.acquire(size)
        started.append(clock.now)
    # Whatever starts between two requests fits into the time between them.
    for first in range(len(sizes)):
        for last in range(first, len(sizes)):
            seconds = started[last] - started[first]
            assert sum(sizes[first:last]) <= seconds * rate + 1e-6
