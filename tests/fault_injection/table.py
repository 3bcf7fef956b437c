"""The campaign's table, from its results; pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from fault_injection.fault_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = ("Fault", "Schedules", "Fired", "Not fired", "Runs needed, mean", "Violations")


def table_of(results: Sequence[dict[str, Any]]) -> str:
    """A Markdown table, a row each kind of fault, and a line of totals below."""
    rows = [_row(kind, results) for kind in KINDS]
    text = [_line(HEAD), _line(["---", *["---:"] * (len(HEAD) - 1)]), *map(_line, rows)]
    total = Counter()
    for each in results:
        for name in ("runs", "occurrences", "received_again", "dead_letters", "states"):
            total[name] += each[name]
        total["log_bytes"] += each["log_bytes"]
        total["faults"] += len(each["fired"])
        total["violated"] += bool(each["violations"])
    text.append(
        f"\n{len(results):,} schedules, {total['runs']:,} runs of the pair, "
        f"{total['faults']:,} faults that struck; {total['occurrences']:,} occurrences, "
        f"{total['received_again']:,} events received once more under the same message id, "
        f"{total['dead_letters']:,} dead letters, {total['states']:,} STATE lines judged, "
        f"{total['log_bytes'] / 1e6:,.0f} MB of logs searched; "
        f"{total['violated']:,} schedules with a violation."
    )
    return "\n".join(text) + "\n"


def _row(kind: str, results: Sequence[dict[str, Any]]) -> list[str]:
    having = [each for each in results if kind in each["drawn"]]
    drawn = sum(each["drawn"].count(kind) for each in having)
    fired = sum(each["fired"].count(kind) for each in having)
    runs = sum(each["runs"] for each in having) / len(having) if having else 0
    violations = sum(len(each["violations"]) for each in having)
    return [
        f"`{kind}`",
        *(f"{len(having):,}", f"{fired:,}", f"{drawn - fired:,}", f"{runs:.1f}", f"{violations:,}"),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
