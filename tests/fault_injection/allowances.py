"""Allowances: what the faults of a schedule may cost, and whether the programs say that it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakes.pipeline import key_of_event

from fault_injection.refusals import CONVERSATION, SET_ASIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fault_injection.checks import Key
    from fault_injection.odd_rows import OddRow
    from fault_injection.refusals import Refusals
    from freshchat_sandbox import GroundTruthEvent

_SUMMARY = "Set aside in this run"
_REJECTED = "report rows rejected"


@dataclass(frozen=True)
class Allowances:
    """What may be lost or lack details, by the rows and items that were hit.

    Attributes:
        odd_rows: Rows of report files that are written badly.
        refusals: Conversations and users that are refused.
        has_reports: Whether events come from reports; else REST is their only source.
    """

    odd_rows: Sequence[OddRow]
    refusals: Refusals
    has_reports: bool

    @property
    def hit(self) -> frozenset[str]:
        """Ids of the conversations, users and agents whose events may lack details."""
        return self.refusals.ids | {row.owner for row in self.odd_rows}

    def unread(self, truth: Mapping[Key, GroundTruthEvent]) -> frozenset[Key]:
        """The events that may be lost."""
        lost = {key for row in self.odd_rows for key in row.events(truth)}
        if not self.has_reports:
            refused = self.refusals.ids
            lost |= {key for key, each in truth.items() if each.conversation_id in refused}
        return frozenset(lost)

    def violations(
        self,
        truth: Mapping[Key, GroundTruthEvent],
        arrived: Iterable[Mapping[str, Any]],
        rejected_rows: Iterable[Mapping[str, Any]],
        logs: Iterable[str],
    ) -> Iterator[str]:
        """What was lost or refused without being counted, one line each.

        Args:
            truth: By the identity of the event.
            arrived: Events that were received or are dead letters.
            rejected_rows: Entries of the file of rejected rows.
            logs: Of all runs.
        """
        summaries = [line for log in logs for line in log.splitlines() if _SUMMARY in line]
        for kind, item in self.refusals.counts:
            # The messages of a conversation count as a part of its details.
            kinds = [kind] + [CONVERSATION] * ((CONVERSATION, item) in self.refusals.items)
            names = [name for each in kinds for name in SET_ASIDE[each]]
            if not any(name in line for name in names for line in summaries):
                yield f"{kind} is in no summary"
        keys = {key_of_event(dict(event)) for event in arrived}
        entries = list(rejected_rows)
        for row in self.odd_rows:
            if set(row.events(truth)) <= keys:
                continue
            if not row.is_rejected(entries):
                yield f"{row.kind}: its event is lost, and the row is not in the rejected rows"
            if not any(_REJECTED in line for line in summaries):
                yield f"{row.kind} is in no summary"
