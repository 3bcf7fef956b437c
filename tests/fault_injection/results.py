"""File of results: one JSON line for each schedule that was run, and the table of all of them."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from fault_injection.fault_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fault_injection.schedule_result import ScheduleResult

HEAD = ("Fault", "Schedules", "Injected", "Not injected", "Runs needed, mean", "Violations")


def read(path: Path) -> list[dict[str, Any]]:
    """The results of a file; none if there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def append(path: Path, result: ScheduleResult) -> None:
    """Add a result to a file."""
    with path.open("a") as file:
        file.write(json.dumps(result.as_json()) + "\n")


def pending(path: Path, first: int, count: int) -> list[int]:
    """The seeds of a range whose results a file does not hold."""
    done = {result["seed"] for result in read(path)}
    return [seed for seed in range(first, first + count) if seed not in done]


def log_path(path: Path, seed: int) -> Path:
    """Where the logs of a schedule are kept: beside its results."""
    return path.with_suffix(f".{seed}.log")


def table(results: Sequence[dict[str, Any]]) -> str:
    """A Markdown table with one row for each kind of fault, and a line of totals."""
    rows = [_row(kind, results) for kind in KINDS]
    text = [_line(HEAD), _line(["---", *["---:"] * (len(HEAD) - 1)]), *map(_line, rows)]
    total: Counter[str] = Counter()
    for each in results:
        for name in ("runs", "events", "received_again", "dead_letters", "states"):
            total[name] += each[name]
        total["log_bytes"] += each["log_bytes"]
        total["faults"] += len(each["injected"])
        total["violated"] += bool(each["violations"])
    text.append(
        f"\n{len(results):,} schedules, {total['runs']:,} runs, "
        f"{total['faults']:,} faults injected; {total['events']:,} events, "
        f"{total['received_again']:,} events received again under the same message id, "
        f"{total['dead_letters']:,} dead letters, {total['states']:,} STATE lines checked, "
        f"{total['log_bytes'] / 1e6:,.0f} MB of logs searched; "
        f"{total['violated']:,} schedules with a violation.",
    )
    return "\n".join(text) + "\n"


def _row(kind: str, results: Sequence[dict[str, Any]]) -> list[str]:
    having = [each for each in results if kind in each["drawn"]]
    drawn = sum(each["drawn"].count(kind) for each in having)
    injected = sum(each["injected"].count(kind) for each in having)
    runs = sum(each["runs"] for each in having) / len(having) if having else 0
    violations = sum(len(each["violations"]) for each in having)
    return [
        f"`{kind}`",
        *(
            f"{len(having):,}",
            f"{injected:,}",
            f"{drawn - injected:,}",
            f"{runs:.1f}",
            f"{violations:,}",
        ),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
