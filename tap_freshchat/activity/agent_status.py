"""Changes of agents' statuses, and how report rows become them. Pure."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotation
from typing import TYPE_CHECKING

import msgspec

from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.ids import stable_id

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the two agent reports may call the two states; also seen as custom status names (a live
# account's IntelliAssign texts). Any other text is a custom status and is kept.
_AVAILABLE = {"available", "on", "online", "true", "1", "enabled", "active on intelli assign"}
_UNAVAILABLE = {
    *("unavailable", "off", "offline", "false", "0", "disabled"),
    "inactive on intelli assign",
}


class AgentStatusChange(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One change of an agent's general availability or IntelliAssign switch.

    `observed_since`: of a change between two look-ups, the bookmark of the first of them, else
    None. `previous_status`: the status that the first look-up showed.
    """

    report: str
    time: datetime
    agent_id: str
    agent_email: str | None
    status: str
    observed_since: str | None = None
    previous_status: str | None = None

    @property
    def time_is_approximate(self) -> bool:
        """Whether the time is that of the look-up that found the change."""
        return self.observed_since is not None

    @property
    def key(self) -> str:
        """What has the status: the agent and the kind of status."""
        return f"{self.agent_id} {self.report}"

    @property
    def rank(self) -> int:
        """Position among changes of the same time: none."""
        return 0

    @property
    def reported_at(self) -> datetime:
        """Time of the row that reports the change."""
        return self.time

    @property
    def is_inferred(self) -> bool:
        """Whether no row of its own reports the change: never."""
        return False

    @property
    def id(self) -> str:
        """Id from report, agent, status and time; instead of an approximate time, the bookmark."""
        when = self.observed_since or self.time.isoformat()
        return stable_id(self.report, self.agent_id, when, self.status)


def status_change_from_row(report: str, row: Mapping[str, str]) -> AgentStatusChange:
    """The status change that a row of an agent report describes.

    Raises:
        ReportError: the row has no readable time.
    """
    return AgentStatusChange(
        report=report,
        time=parse_row_time(report, row["created_at"]),
        agent_id=row["agent_id"],
        agent_email=row.get("agent_email") or None,
        status=normalise_status(row["status"]),
    )


def mentions_intelliassign(text: str) -> bool:
    """Whether the name of a status is about the IntelliAssign switch."""
    return "intelli" in text.lower()


def normalise_status(text: str) -> str:
    """`AVAILABLE` or `UNAVAILABLE` from the spellings seen; a custom status unchanged."""
    plain = " ".join(text.lower().replace("_", " ").split())
    if plain in _AVAILABLE:
        return "AVAILABLE"
    return "UNAVAILABLE" if plain in _UNAVAILABLE else text
