"""Summary of a run: the table, one line for the log, and the totals as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from target_segment.errors import TargetSegmentError
from target_segment.log_text import escape_controls

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from target_segment.run_stats import RunStats

Row: TypeAlias = "tuple[str, str, str]"


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """The parts of the summary beside the counts; `output` and `page` are of a dry run."""

    outcome: str
    seconds: float
    output: Path | None
    page: Path | None = None
    dead_letters: Path
    exit_code: int = 0


def summary_table(stats: RunStats, summary: RunSummary) -> str:
    """Return the summary as one table of three columns, for a terminal or a log.

    Each line is complete by itself, and none begins with a blank: logs cut and prefix lines.
    """
    # Names of streams come from the input.
    rows = [tuple(map(escape_controls, row)) for row in _rows(stats, summary)]
    heads, whats, counts = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [f"{head:<{heads}}  {what:<{whats}}  {count:>{counts}}" for head, what, count in rows]
    title = f"target-segment: {summary.outcome}"
    rule = "-" * max(map(len, [title, *lines]))
    return "\n".join([title, rule, *map(str.rstrip, lines)]) + "\n"


def summary_line(stats: RunStats, summary: RunSummary) -> str:
    """Return the summary as one line of text."""
    verb = "sent" if summary.output is None else "written"
    return (
        f"Run {summary.outcome}: {sum(stats.sent.values()):,} events {verb}, "
        f"{sum(stats.skipped.values()):,} records skipped, "
        f"{sum(stats.dead_letters.values()):,} dead letters, {summary.seconds:,.1f} s"
    )


def run_totals(stats: RunStats, summary: RunSummary) -> dict[str, Any]:
    """Return all counts of a run as a JSON object."""
    return {
        "outcome": summary.outcome,
        "exit_code": summary.exit_code,
        "seconds": round(summary.seconds, 1),
        "events": {
            "total": sum(stats.sent.values()),
            "by_name": _sorted(stats.sent),
            "by_stream": _sorted(stats.streams),
            "identified_by": dict(sorted(stats.identities.items(), key=user_id_first)),
        },
        "skipped": _by_stream(stats.skipped),
        "dead_letters": {**_by_stream(stats.dead_letters), "path": str(summary.dead_letters)},
        "warnings": _by_stream(stats.warnings),
        "merged": stats.merged,
        "requests": {
            "total": stats.requests,
            "retries": stats.retries,
            "bytes": stats.body_bytes,
            "compressed_bytes": stats.sent_bytes,
        },
        "dry_run": None
        if summary.output is None
        else {"output": str(summary.output), "preview": summary.page and str(summary.page)},
    }


def write_totals(path: Path, totals: dict[str, Any]) -> None:
    """Replace the file by these totals; raises `TargetSegmentError` if it cannot be written."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(msgspec.json.format(msgspec.json.encode(totals)) + b"\n")
        # A reader sees the totals of one run, whole.
        part.replace(path)
    except OSError as error:
        raise TargetSegmentError(
            f"The file {path} cannot be written: {error.strerror}; change summary_path"
        ) from None


def _rows(stats: RunStats, summary: RunSummary) -> Iterator[Row]:
    dry = summary.output is not None
    verb = "written" if dry else "sent"
    yield verb, "events", f"{sum(stats.sent.values()):,}"
    yield from _lines(verb, sorted(stats.sent.items()))
    yield from _lines("identified by", sorted(stats.identities.items(), key=user_id_first))
    yield from _lines("skipped", _named(stats.skipped))
    yield from _lines("dead letters", _named(stats.dead_letters))
    yield from _lines("warnings", _named(stats.warnings))
    if stats.merged:
        yield "merged", "same message id in one request", f"{stats.merged:,}"
    if stats.requests:
        size = f"{format_size(stats.body_bytes)}, {format_size(stats.sent_bytes)} compressed"
        retries = f", {stats.retries:,} of them retries" if stats.retries else ""
        yield "bodies" if dry else "requests", f"{size}{retries}", f"{stats.requests:,}"
    yield "seconds", "", f"{summary.seconds:,.1f}"
    if dry and stats.requests:
        yield "written to", str(summary.output), ""
    if summary.page is not None:
        yield "preview", str(summary.page), ""
    if stats.dead_letters:
        yield "kept in", str(summary.dead_letters), ""


def _lines(head: str, parts: Iterable[tuple[str, int]]) -> Iterator[Row]:
    for what, count in parts:
        yield head, what, f"{count:,}"


def _named(counts: Counter[tuple[str, str]]) -> list[tuple[str, int]]:
    return sorted((f"{stream}: {reason}", count) for (stream, reason), count in counts.items())


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _by_stream(counts: Counter[tuple[str, str]]) -> dict[str, Any]:
    streams: dict[str, dict[str, int]] = {}
    for (stream, reason), count in sorted(counts.items()):
        streams.setdefault(stream, {})[reason] = count
    return {"total": sum(counts.values()), "by_stream": streams}


def user_id_first(item: tuple[str, int]) -> tuple[bool, str]:
    """Sort key of what identifies events: users first."""
    return item[0] != "userId", item[0]


def format_size(count: int) -> str:
    """Format a size for people."""
    # Segment counts in thousands, not in 1024s.
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:,.1f} {unit}"
    return f"{count} bytes"
