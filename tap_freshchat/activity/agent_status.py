"""Changes of agents' statuses, from report rows and from lists of all agents. Pure."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotation
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.enumerations import AGENT_STATUS
from tap_freshchat.ids import stable_id
from tap_freshchat.reports.catalog import AVAILABILITY, INTELLIASSIGN
from tap_freshchat.reports.columns import APPROXIMATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class AgentStatusChange(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One change of an agent's general availability or IntelliAssign switch.

    `observed_since`: of a change between two look-ups, the bookmark of the first of them, else
    None. `previous_status`: the status that the first look-up showed. `is_unclear`: whether the
    zone of the report repeats or skips the time, so that it may be an hour off. A row reports each
    change (`is_inferred` is False), and changes of the same time have no order (`rank` is 0).
    """

    rank: ClassVar[int] = 0
    is_inferred: ClassVar[bool] = False
    report: str
    time: datetime
    agent_id: str
    agent_email: str | None
    status: str
    observed_since: str | None = None
    previous_status: str | None = None
    is_unclear: bool = False

    @property
    def time_is_approximate(self) -> bool:
        """Whether the time is that of the look-up that found the change."""
        return self.observed_since is not None

    @property
    def key(self) -> str:
        """Key in the event log: the agent and the kind of status."""
        return f"{self.agent_id} {self.report}"

    @property
    def reported_at(self) -> datetime:
        """Time of the row that reports the change."""
        return self.time

    @property
    def id(self) -> str:
        """Id from report, agent, status and time; instead of an approximate time, the bookmark."""
        when = self.observed_since or self.time.isoformat()
        return stable_id(self.report, self.agent_id, when, self.status)


def status_change_from_row(report: str, row: Mapping[str, str]) -> AgentStatusChange:
    """The status change in a row of an agent report; ReportError if its time is unreadable."""
    return AgentStatusChange(
        report=report,
        time=parse_row_time(report, row["created_at"]),
        agent_id=row["agent_id"],
        agent_email=row.get("agent_email") or None,
        status=normalise_status(row["status"]),
        is_unclear=APPROXIMATE in row,
    )


def normalise_status(text: str) -> str:
    """`AVAILABLE` or `UNAVAILABLE` for the known names; a custom status unchanged."""
    return AGENT_STATUS.find(text) or text


def agent_statuses(agents: Iterable[Mapping[str, Any]]) -> Mapping[str, str]:
    """Current statuses of all agents, by `<agent id>` and `<agent id> intelliassign`."""
    statuses = {}
    for agent in agents:
        statuses[str(agent["id"])] = normalise_status(str(agent.get("availability_status") or ""))
        status = agent.get("agent_status")
        custom = str((status.get("name") if isinstance(status, dict) else status) or "")
        if "intelli" in custom.lower():
            statuses[f"{agent['id']} intelliassign"] = normalise_status(custom)
    return statuses


def diff_statuses(
    before: Mapping[str, str], current: Mapping[str, str], *, since: str, time: datetime
) -> Iterator[AgentStatusChange]:
    """Changes of agent status between two polls, the second at `time`.

    Agents missing from `before` are ignored. `since` is the bookmark of the previous poll; it stays
    until this one is finished, so that a repeated run emits the same ids.
    """
    for key, status in current.items():
        if key in before and before[key] != status:
            agent_id, _, kind = key.partition(" ")
            yield AgentStatusChange(
                report=INTELLIASSIGN if kind else AVAILABILITY,
                time=time,
                agent_id=agent_id,
                agent_email=None,
                status=status,
                observed_since=since,
                previous_status=before[key],
            )
