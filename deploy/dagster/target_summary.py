"""Parser of the summary table at the end of the target's log; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TITLE = re.compile(r"target-segment: (?P<outcome>.+)")
# Three columns; a first one that is blank repeats the one above, and logs strip it.
_ROW = re.compile(r"(?:(?P<head>\S.*?)\s{2,})?(?P<what>\S.*?)\s{2,}(?P<count>[\d,.]+)")
_SECONDS = re.compile(r"seconds\s+(?P<seconds>[\d,.]+)")
_SENT = {"sent", "written"}


@dataclass(kw_only=True)
class TargetSummary:
    """Counts of one run.

    Attributes:
        outcome: The outcome that the target states; None if it printed no table.
        events: Number sent, or written by a dry run.
        by_name: The same by event name.
        skipped: Records that the mapping skips.
        dead_letters: Events that could not be sent.
        seconds: How long the target ran.
    """

    outcome: str | None = None
    events: int = 0
    by_name: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    dead_letters: int = 0
    seconds: float = 0.0


def parse_summary(lines: Iterable[str]) -> TargetSummary:
    """Parse the table in the target's log, which may have other lines before it."""
    summary = TargetSummary()
    head = ""
    for line in lines:
        text = line.strip()
        if title := _TITLE.fullmatch(text):
            summary, head = TargetSummary(outcome=title["outcome"]), ""
        elif seconds := _SECONDS.fullmatch(text):
            summary.seconds = float(seconds["seconds"].replace(",", ""))
            head = "seconds"
        elif summary.outcome is not None and (row := _ROW.fullmatch(text)):
            head = row["head"] or head
            _count(summary, head, row["what"], row["count"], first=row["head"] is not None)
    return summary


def _count(summary: TargetSummary, head: str, what: str, count: str, *, first: bool) -> None:
    number = int(count.replace(",", "").partition(".")[0])
    if head in _SENT and first:
        summary.events = number
    elif head in _SENT:
        summary.by_name[what] = number
    elif head == "skipped":
        summary.skipped += number
    elif head == "dead letters":
        summary.dead_letters += number
