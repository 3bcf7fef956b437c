"""Division of the limits of an account."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.dagster.accounts import Account
from deploy.dagster.shares import ShareError, share_of


def account(requests, jobs):
    return Account(
        name="acme",
        tap="tap-a",
        target="target-a",
        start=date(2026, 1, 1),
        requests_per_minute=requests,
        report_jobs_per_minute=jobs,
    )


@given(st.integers(1, 10_000), st.integers(1, 100), st.integers(1, 100))
def test_all_slots_together_stay_within_both_limits_and_each_gets_some(requests, jobs, slots):
    try:
        share = share_of(account(requests, jobs), slots)
    except ShareError:
        assert slots > min(requests, jobs)
        return
    assert 1 <= share.requests_per_minute * slots <= requests
    assert 1 <= share.report_jobs_per_minute * slots <= jobs


def test_more_slots_than_jobs_a_minute_are_an_error_that_says_what_to_change():
    with pytest.raises(ShareError, match="give the pool at most 1"):
        share_of(account(600, 1), 2)


def test_a_slot_is_occupied_until_the_next_job_of_a_report_is_allowed():
    assert share_of(account(600, 1), 1).cooldown_seconds == 60
    assert share_of(account(600, 12), 4).cooldown_seconds == 20
