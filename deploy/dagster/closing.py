"""What the target's closing table says, as numbers. Pure."""

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
class Closing:
    """Counts of one run.

    Attributes:
        outcome: How the target says that the run ended; None if it never got to that.
        events: Sent, or written by a dry run.
        by_name: The same by the event's name.
        skipped: Records that are no events.
        dead_letters: Events that could not be sent.
        seconds: How long the target ran.
    """

    outcome: str | None = None
    events: int = 0
    by_name: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    dead_letters: int = 0
    seconds: float = 0.0


def read_closing(lines: Iterable[str]) -> Closing:
    """Read the table out of the target's log, which may say other things before it."""
    closing = Closing()
    head = ""
    for line in lines:
        text = line.strip()
        if title := _TITLE.fullmatch(text):
            closing, head = Closing(outcome=title["outcome"]), ""
        elif seconds := _SECONDS.fullmatch(text):
            closing.seconds = float(seconds["seconds"].replace(",", ""))
            head = "seconds"
        elif closing.outcome is not None and (row := _ROW.fullmatch(text)):
            head = row["head"] or head
            _count(closing, head, row["what"], row["count"], first=row["head"] is not None)
    return closing


def _count(closing: Closing, head: str, what: str, count: str, *, first: bool) -> None:
    number = int(count.replace(",", "").partition(".")[0])
    if head in _SENT and first:
        closing.events = number
    elif head in _SENT:
        closing.by_name[what] = number
    elif head == "skipped":
        closing.skipped += number
    elif head == "dead letters":
        closing.dead_letters += number
