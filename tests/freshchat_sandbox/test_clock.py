"""Promises of the simulated clock."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

from freshchat_sandbox import SandboxClock

START = datetime(2026, 3, 1, 5, tzinfo=timezone.utc)


def test_a_clock_with_a_start_advances_only_when_it_sleeps():
    clock = SandboxClock(START)
    clock.sleep(90.5)
    assert clock.now() == START + timedelta(seconds=90.5)
    assert clock.monotonic() == 90.5


def test_a_clock_without_a_start_shows_real_time_plus_the_time_slept():
    clock = SandboxClock()
    before, started_at = datetime.now(timezone.utc), time.monotonic()
    clock.sleep(86_400)
    assert timedelta(days=1) <= clock.now() - before < timedelta(days=1, minutes=1)
    assert clock.monotonic() >= started_at + 86_400
    assert time.monotonic() - started_at < 60


def test_a_start_in_another_time_zone_is_shown_in_utc():
    zone = timezone(timedelta(hours=5, minutes=30))
    assert SandboxClock(START.astimezone(zone)).now().tzinfo is timezone.utc


def test_a_start_without_a_time_zone_and_a_negative_sleep_are_errors():
    with pytest.raises(ValueError, match="time zone"):
        SandboxClock(datetime(2026, 3, 1))
    with pytest.raises(ValueError, match="non-negative"):
        SandboxClock(START).sleep(-1)
