"""Polls: the runs of a schedule, by their start and by the end of what they read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fakes.clock import NOON

if TYPE_CHECKING:
    from datetime import datetime

    from fault_injection.schedules import Environment


@dataclass(frozen=True)
class Poll:
    """A series of runs that starts at a time and reads everything before an end."""

    begins: datetime
    end: datetime


# A past period: all rows are there, and the second poll reads the overlap again.
_PAST = tuple(Poll(NOON, NOON - timedelta(hours=hours)) for hours in (20, 2))
# The present: rows arrive between the polls; at the last poll even late rows are there.
_LIVE = tuple(Poll(NOON + timedelta(minutes=minutes), NOON) for minutes in (-60, -25, 5, 75))
# A settling pass, when all rows are there.
_SETTLING = Poll(NOON + timedelta(hours=18), NOON + timedelta(hours=12))


def polls_of(environment: Environment) -> tuple[Poll, ...]:
    """Return the polls of an environment, in order."""
    if environment.row_delay:
        return (*_LIVE, _SETTLING)
    return _LIVE if environment.live else _PAST[-environment.polls :]
