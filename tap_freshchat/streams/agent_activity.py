"""Stream `agent_activity`: changes of agents' statuses."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.activity.agent_status import agent_statuses, diff_statuses
from tap_freshchat.enumerations import AGENT_STATUS
from tap_freshchat.lookups.agent_changes import AgentChanges, status_context
from tap_freshchat.payloads.events import agent_event
from tap_freshchat.reports import catalog
from tap_freshchat.streams.windowed import ReportStream
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_freshchat.activity.agent_status import AgentStatusChange
    from tap_freshchat.windows import Window

# Part of the REST sub-state: the statuses of the last look-up.
STATUSES = "agent_statuses"


class AgentActivity(ReportStream):
    """Changes of agents' general availability and of their IntelliAssign switch."""

    name = "agent_activity"
    reports = catalog.AGENT_REPORTS
    supports_rest = True
    rest_needs_present = True

    @override
    def register_reports(self, start: datetime) -> None:
        self.run.agent_log.register(status_context(start))

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        directory = self.run.directory
        changes = self._from_rest(window) if self.uses_rest else self._changes.changes(window)
        for change, previous in changes:
            if self.is_new(change.id, change.time):
                custom = directory.agent_status_ids.get(change.status.lower())
                if not custom:
                    self.run.unknown_values.check(AGENT_STATUS, change.status)
                yield agent_event(
                    change,
                    previous,
                    configuration=directory.account,
                    agent=directory.agents.get(change.agent_id, {}),
                    custom_status_id=custom,
                )

    @cached_property
    def _changes(self) -> AgentChanges:
        return AgentChanges(self.run.agent_log)

    def _from_rest(self, window: Window) -> Iterator[tuple[AgentStatusChange, None]]:
        """Differences from the statuses of the last run's look-up."""
        if self.run.time_range.ends_in_the_past:
            return
        rest_state = self._bookmark.source_state
        before = rest_state.get(STATUSES, {})
        # The list is the source here, so its refusal is an error.
        present = agent_statuses(self.run.directory.items("agents").values())
        since = format_time(self._bookmark.value or window.start)
        for change in diff_statuses(before, present, since=since, time=window.end):
            if self.run.in_shard(change.agent_id):
                yield change, None
        rest_state[STATUSES] = dict(present)
