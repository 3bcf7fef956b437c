"""Reader of the totals that the target writes to its `summary_path`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(kw_only=True)
class TargetSummary:
    """Counts of one run.

    Attributes:
        outcome: The outcome that the target states; None if it never started to send.
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


def read_summary(path: Path) -> TargetSummary:
    """Read the totals of a run; an empty summary without a file, as after a run without streams."""
    try:
        totals = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return TargetSummary()
    return TargetSummary(
        outcome=totals["outcome"],
        events=totals["events"]["total"],
        by_name=totals["events"]["by_name"],
        skipped=totals["skipped"]["total"],
        dead_letters=totals["dead_letters"]["total"],
        seconds=totals["seconds"],
    )
