"""When agents are at work: every flip of availability and of the IntelliAssign switch."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from freshchat_sandbox.desk.dice import Dice
from freshchat_sandbox.desk.instants import DAY, HOUR, MINUTE, SECOND, midnight
from freshchat_sandbox.desk.staff import AGENTS, LUNCH_STATUS, TEA_STATUS, UNAVAILABLE_STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator

AVAILABILITY, INTELLIASSIGN = "availability", "intelliassign"
_CACHED = 16384


class Flip(NamedTuple):
    """One change of one agent's state; `at` is in epoch milliseconds.

    Attributes:
        kind: AVAILABILITY or INTELLIASSIGN.
        on: Whether the agent is available, or takes part in IntelliAssign, from now on.
        status: Index of the status shown while away.
    """

    at: int
    agent: int
    kind: str
    on: bool
    status: int = UNAVAILABLE_STATUS


class Roster:
    """Everybody's shifts, each day drawn when asked for. Before their first shift all are away.

    Args:
        seed: Which desk.
        opened: The UTC day the desk opened.
    """

    def __init__(self, seed: int, opened: date) -> None:
        self._seed = seed
        self._opened = opened
        self._origin = midnight(opened)
        self.shift = lru_cache(maxsize=_CACHED)(self._draw)

    def employed(self, agent: int, at: int) -> bool:
        """Tell whether an agent's account is open; it closes a day after the last shift."""
        leaves = AGENTS[agent].leaves
        return leaves is None or at < self._origin + (leaves + 1) * DAY

    def latest(self, agent: int, kind: str, at: int) -> Flip | None:
        """Return an agent's last flip of a kind up to an instant, or None before the first."""
        day = self._local_day(agent, at)
        for back in range(8):  # there is a shift in any week; who left has none any more
            flips = [flip for flip in self.shift(agent, day - back) if flip.kind == kind]
            reached = bisect_right(flips, at, key=lambda flip: flip.at)
            if reached:
                return flips[reached - 1]
        return None

    def available(self, agent: int, at: int) -> bool:
        """Tell whether an agent is available at an instant."""
        flips = self.shift(agent, self._local_day(agent, at))
        on = False  # nobody's shift reaches over local midnight
        for flip in flips:
            if flip.at > at:
                break
            if flip.kind == AVAILABILITY:
                on = flip.on
        return on

    def between(self, start: int, end: int) -> Iterator[Flip]:
        """Yield all flips in [start, end), agent by agent."""
        for agent in range(len(AGENTS)):
            first, last = self._local_day(agent, start), self._local_day(agent, end)
            for day in range(first, last + 1):
                for flip in self.shift(agent, day):
                    if start <= flip.at < end:
                        yield flip

    def _local_day(self, agent: int, at: int) -> int:
        return (at + AGENTS[agent].offset * MINUTE - self._origin) // DAY

    def _draw(self, agent: int, day: int) -> tuple[Flip, ...]:
        person = AGENTS[agent]
        # On the opening day everybody is new: no flip can lie before the desk opened.
        if day < 1 or (self._opened + timedelta(days=day)).weekday() in person.free:
            return ()
        if person.leaves is not None and day >= person.leaves:
            return ()
        dice = Dice(self._seed, "shift", agent, day)
        local_midnight = self._origin + day * DAY - person.offset * MINUTE
        start = local_midnight + person.starts * HOUR + dice.between(-10 * MINUTE, 25 * MINUTE)
        lunch = start + dice.between(3 * HOUR, 4 * HOUR)
        back = lunch + dice.between(25 * MINUTE, 55 * MINUTE)
        tea = back + dice.between(90 * MINUTE, 150 * MINUTE)
        tea_over = tea + dice.between(4 * MINUTE, 20 * MINUTE)
        end = start + dice.between(8 * HOUR, 9 * HOUR)
        away = [(lunch, back, LUNCH_STATUS)]
        if dice.chance(0.7):
            away.append((tea, tea_over, TEA_STATUS))
        flips = [Flip(start, agent, AVAILABILITY, on=True)]
        for left, returned, status in away:
            flips.append(Flip(left, agent, AVAILABILITY, on=False, status=status))
            flips.append(Flip(returned, agent, AVAILABILITY, on=True))
        flips.append(Flip(end, agent, AVAILABILITY, on=False))
        if person.routing == "INTELLIASSIGN":
            # Some clients throw both switches at once, hence the same millisecond.
            joins = start if dice.chance(0.4) else start + dice.between(SECOND, 9 * MINUTE)
            flips.append(Flip(joins, agent, INTELLIASSIGN, on=True))
            if dice.chance(0.5):
                pause = back + dice.between(SECOND, 50 * MINUTE)
                flips.append(Flip(pause, agent, INTELLIASSIGN, on=False))
                flips.append(Flip(pause + 20 * MINUTE, agent, INTELLIASSIGN, on=True))
            flips.append(Flip(end - dice.between(0, 4 * MINUTE), agent, INTELLIASSIGN, on=False))
        return tuple(sorted(flips, key=lambda flip: flip.at))
