"""What docs/scale-out.md promises, with Dagster and Meltano between fake services over HTTP.

The tests share one module fixture, because each compares its events with those of one whole run.
The last line of the output is a table of what was measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.checks import say
from e2e.dagster.scenarios import WORKERS, Scenarios

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.dagster


@pytest.fixture(scope="module")
def scenarios() -> Iterator[Scenarios]:
    made = Scenarios()
    made.whole()
    yield made
    say(made.table())


@pytest.mark.parametrize("slots", [1, WORKERS])
def test_a_backfill_by_windows_sends_the_events_of_a_single_run(
    scenarios: Scenarios,
    slots: int,
) -> None:
    scenarios.workers(slots)


def test_a_failed_window_is_retried_alone_while_another_account_runs(scenarios: Scenarios) -> None:
    scenarios.two_accounts()


def test_a_rate_limit_that_is_not_shared_is_exceeded(scenarios: Scenarios) -> None:
    scenarios.without_shares()
