"""Rows of the two agent reports → occurrences: whose status became what, and when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_freshchat.activity.events import row_time
from tap_freshchat.ids import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class AgentOccurrence:
    """One change of an agent's general availability or IntelliAssign switch."""

    report: str
    time: datetime
    agent_id: str
    agent_email: str | None
    status: str
    # Of a change that was seen rather than told: the bookmark of the look before, and the status
    # that it found.
    observed_since: str | None = None
    previous_status: str | None = None

    @property
    def observed(self) -> bool:
        """Whether the time is that of the look."""
        return self.observed_since is not None

    @property
    def id(self) -> str:
        """Of report, agent, status and time; of one that was seen, the time of the look before."""
        when = self.observed_since or self.time.isoformat()
        return digest(self.report, self.agent_id, when, self.status)


# What the two agent reports may call the two states; also seen as custom status names (a live
# account's IntelliAssign texts). Anything else is a custom status and passes as it is.
_AVAILABLE = {"available", "on", "online", "true", "1", "enabled", "active on intelli assign"}
_UNAVAILABLE = {
    *("unavailable", "off", "offline", "false", "0", "disabled"),
    "inactive on intelli assign",
}


def is_intelliassign(text: str) -> bool:
    """Whether the name of a status tells of the IntelliAssign switch."""
    return "intelli" in text.lower()


def agent_status(text: str) -> str:
    """`AVAILABLE` or `UNAVAILABLE` from the spellings met; a custom status unchanged."""
    plain = " ".join(text.lower().replace("_", " ").split())
    if plain in _AVAILABLE:
        return "AVAILABLE"
    return "UNAVAILABLE" if plain in _UNAVAILABLE else text


def agent_occurrences(rows: Mapping[str, Iterable[Mapping[str, str]]]) -> list[AgentOccurrence]:
    """Occurrences told by the two agent reports, in order of time, each once.

    Raises:
        ReportError: a row has no readable time.
    """
    found: dict[str, AgentOccurrence] = {}
    for report, report_rows in rows.items():
        for row in report_rows:
            occurrence = AgentOccurrence(
                report=report,
                time=row_time(report, row["created_at"]),
                agent_id=row["agent_id"],
                agent_email=row.get("agent_email") or None,
                status=agent_status(row["status"]),
            )
            found.setdefault(occurrence.id, occurrence)
    return sorted(found.values(), key=lambda each: (each.time, each.id))
