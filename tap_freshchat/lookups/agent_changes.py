"""Status changes of agents, each with the agent's change before it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from tap_freshchat.lookups.customers import BoundedCache
from tap_freshchat.times import floor_to
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tap_freshchat.activity.agent_status import AgentStatusChange

_DAY = timedelta(days=1)
# Age up to which an agent's previous status change is looked for: a week off work.
STATUS_CONTEXT = timedelta(days=7)
# Agents whose latest change is in memory, some 12 MB; that of any other is read from disk.
MAX_AGENTS = 20_000


class ChangeLog(Protocol):
    """The changes that reports show, on disk."""

    def reported_in(self, window: Window) -> Iterator[AgentStatusChange]:
        """The changes in a window, in order of time."""

    def of_keys(
        self, keys: Collection[str], window: Window
    ) -> Mapping[str, list[AgentStatusChange]]:
        """The changes in a window by key, in order of time."""


class AgentChanges:
    """Reads changes window by window; memory holds the latest changes of `max_agents` agents."""

    def __init__(self, log: ChangeLog, max_agents: int = MAX_AGENTS) -> None:
        self._log = log
        self._max_agents = max_agents
        self._latest: BoundedCache[AgentStatusChange] = BoundedCache(max_agents)

    def changes(
        self, window: Window
    ) -> Iterator[tuple[AgentStatusChange, AgentStatusChange | None]]:
        """The changes of a window, each with the one before it; None if that is too long ago."""
        if not self._latest:
            start = status_context(window.start)
            for change in self._log.reported_in(Window(start, window.start)):
                self._latest[change.key] = change
        for change in self._log.reported_in(window):
            yield change, self._before(change)
            self._latest[change.key] = change

    def _before(self, change: AgentStatusChange) -> AgentStatusChange | None:
        context = status_context(change.time)
        previous = self._latest.get(change.key)
        if previous is None and len(self._latest) == self._max_agents:
            earlier = self._log.of_keys([change.key], Window(context, change.time))[change.key]
            previous = earlier[-1] if earlier else None
        return previous if previous and previous.time >= context else None


def status_context(time: datetime) -> datetime:
    """From when on the change before one at a time is looked for."""
    return floor_to(time, _DAY) - STATUS_CONTEXT
