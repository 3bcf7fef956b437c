"""Result of a schedule: counts, injected faults and violations."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass
class ScheduleResult:
    """The result of a schedule.

    Attributes:
        runs: Number of starts of tap and target.
        injected: Kinds of the faults injected.
        endings: Counts of each combination of exit statuses.
        violations: What must not happen; empty if the schedule passes.
    """

    seed: int
    schedule: str
    drawn: list[str]
    runs: int = 0
    injected: list[str] = field(default_factory=list)
    endings: dict[str, int] = field(default_factory=dict)
    events: int = 0
    received_again: int = 0
    dead_letters: int = 0
    states: int = 0
    log_bytes: int = 0
    searched_texts: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def count_violations(self, texts: Iterable[str]) -> None:
        """Add violations, equal ones as one with their number."""
        self.violations += [f"{n} times: {text}" for text, n in Counter(texts).items()]

    def as_json(self) -> dict[str, Any]:
        """As an object for the file of results."""
        return asdict(self)
