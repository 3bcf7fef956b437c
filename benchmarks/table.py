"""One table of measures, and the chart that goes with it, both as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = "| What | Ours | Against | Ratio | Target |\n| --- | ---: | --- | ---: | ---: |"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One measure.

    Attributes:
        what: What was measured.
        ours: Our figure, with its unit.
        against: The other one, with its unit and what it is.
        ratio: Of the two, as text.
        asked: The required ratio, as text.
        name: Its name in the chart; empty when there is nothing to draw.
        score: How far it got: 1 is the required ratio, more is better.
    """

    what: str
    ours: str
    against: str = ""
    ratio: str = ""
    asked: str = ""
    name: str = ""
    score: float = 0.0

    def __str__(self) -> str:
        cells = (self.what, self.ours, self.against, self.ratio, self.asked)
        return f"| {' | '.join(cells)} |"


def chart(lines: Iterable[Line]) -> Iterator[str]:
    """Draw how far each measure got, as a Mermaid chart, which GitHub and GitLab show."""
    drawn = [line for line in lines if line.name]
    names = ", ".join(f'"{line.name}"' for line in drawn)
    scores = ", ".join(f"{line.score:.2f}" for line in drawn)
    yield from (
        "```mermaid",
        "xychart-beta horizontal",
        '    title "Reached, as a multiple of the target"',
        f"    x-axis [{names}]",
        f'    y-axis "1 = target" 0 --> {max(2.0, *(line.score for line in drawn)):.1f}',
        f"    bar [{scores}]",
        f"    line [{', '.join('1' for _ in drawn)}]",
        "```",
    )
