"""Parser of the two agent reports: rows become changes of agent status. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.ids import stable_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class AgentStatusChange:
    """One change of an agent's general availability or IntelliAssign switch."""

    report: str
    time: datetime
    agent_id: str
    agent_email: str | None
    status: str
    # Of a change inferred from two polls: the bookmark of the previous poll, and its status.
    observed_since: str | None = None
    previous_status: str | None = None

    @property
    def time_is_approximate(self) -> bool:
        """Whether the time is that of the poll, not of the change."""
        return self.observed_since is not None

    @property
    def id(self) -> str:
        """Stable id of report, agent, status and time; if inferred, time of the previous poll."""
        when = self.observed_since or self.time.isoformat()
        return stable_id(self.report, self.agent_id, when, self.status)


# What the two agent reports may call the two states; also seen as custom status names (a live
# account's IntelliAssign texts). Anything else is a custom status and passes as it is.
_AVAILABLE = {"available", "on", "online", "true", "1", "enabled", "active on intelli assign"}
_UNAVAILABLE = {
    *("unavailable", "off", "offline", "false", "0", "disabled"),
    "inactive on intelli assign",
}


def mentions_intelliassign(text: str) -> bool:
    """Whether a status name refers to the IntelliAssign switch."""
    return "intelli" in text.lower()


def normalise_status(text: str) -> str:
    """`AVAILABLE` or `UNAVAILABLE` from any known spelling; a custom status unchanged."""
    normalised = " ".join(text.lower().replace("_", " ").split())
    if normalised in _AVAILABLE:
        return "AVAILABLE"
    return "UNAVAILABLE" if normalised in _UNAVAILABLE else text


def parse_status_changes(
    rows: Mapping[str, Iterable[Mapping[str, str]]],
) -> list[AgentStatusChange]:
    """Parse the rows of the two agent reports into status changes, by time, each once.

    Raises:
        ReportError: a row has no readable time.
    """
    changes: dict[str, AgentStatusChange] = {}
    for report, report_rows in rows.items():
        for row in report_rows:
            change = AgentStatusChange(
                report=report,
                time=parse_row_time(report, row["created_at"]),
                agent_id=row["agent_id"],
                agent_email=row.get("agent_email") or None,
                status=normalise_status(row["status"]),
            )
            changes.setdefault(change.id, change)
    return sorted(changes.values(), key=lambda change: (change.time, change.id))
