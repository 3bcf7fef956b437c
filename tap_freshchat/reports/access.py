"""Access of the account to each raw report: skipped, left out, refused. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_freshchat.errors import FreshchatError

# What a run lacks without a report.
CONTENT: Mapping[str, str] = {
    "Conversation-Created": "the starts of conversations that no other report shows",
    "Conversation-Agent-Assigned": "assignments to agents",
    "Conversation-Group-Assigned": "assignments to groups",
    "Conversation-Resolved": "resolutions",
    "Conversation-Resolution-Label": "labels of resolutions",
    "Agent-Activity": "changes of agents' availability",
    "Agent-Intelliassign-Activity": "changes of agents' IntelliAssign status",
    "Chat-Transcript": "messages",
    "CSAT-Score": "ratings",
    "First-Response-Time": "first responses",
}


@dataclass
class ReportAccess:
    """Reports that a run does without, and reports that make a stream fail.

    Args:
        skipped: the reports of setting `skip_reports`.
        left_out: refused, and the account never had them.
        refused: refused, although the account had them before; with the error.
    """

    skipped: frozenset[str] = frozenset()
    left_out: set[str] = field(default_factory=set, init=False)
    refused: dict[str, FreshchatError] = field(default_factory=dict, init=False)

    def is_absent(self, report: str) -> bool:
        """Whether the run does without a report."""
        return report in self.skipped or report in self.left_out

    def available(self, reports: Iterable[str]) -> list[str]:
        """Those of some reports that the run reads."""
        return [report for report in reports if not self.is_absent(report)]

    def require(self, reports: Iterable[str]) -> None:
        """Raise the error of the first of some reports that is refused."""
        for report in reports:
            if report in self.refused:
                raise self.refused[report]
