"""Run statistics: counts of what became of the records, and the summary table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, TypeAlias

from target_segment.segment_spec import CALL_TYPES, default_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from target_segment.segment_spec import Event

Row: TypeAlias = "tuple[str, str, str]"


@dataclass(kw_only=True)
class RunStats:
    """Counts that grow during a run.

    Acknowledged events are in `sent` by name, or by stream if records bring the name, in
    `identities` by what identifies them, and in `streams` by stream; `skipped`, `dead_letters` and
    `warnings` are by stream and reason. `merged` are events whose id was already in the same
    request. `requests` include retries; `sent_bytes` is the compressed size of the bodies.
    """

    sent: Counter[str] = field(default_factory=Counter)
    identities: Counter[str] = field(default_factory=Counter)
    streams: Counter[str] = field(default_factory=Counter)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead_letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: Counter[tuple[str, str]] = field(default_factory=Counter)
    merged: int = 0
    requests: int = 0
    retries: int = 0
    body_bytes: int = 0
    sent_bytes: int = 0

    def count_sent(self, events: Collection[Event], known_event_names: AbstractSet[str]) -> None:
        """Count acknowledged events; names other than `known_event_names` are record content."""
        self.identities.update([event.identity for event in events])
        self.streams.update([event.stream for event in events])
        names = Counter([event.name for event in events])
        if names.keys() <= known_event_names:
            self.sent.update(names)
        else:
            self.sent.update([_shown_name(event, known_event_names) for event in events])

    def failed_streams(self, minimum: int) -> Iterator[tuple[str, int, str]]:
        """Yield streams of which nothing was sent and so many records are dead letters.

        With each, the number of its dead letters and their most frequent reason.
        """
        failed: dict[str, Counter[str]] = {}
        for (stream, reason), count in self.dead_letters.items():
            failed.setdefault(stream, Counter())[reason] += count
        for stream, reasons in failed.items():
            total = sum(reasons.values())
            if total >= minimum and not self.streams[stream]:
                yield stream, total, reasons.most_common(1)[0][0]

    def add(self, other: RunStats) -> None:
        """Add other counts to these."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """The parts of the summary beside the counts; `output` and `page` are of a dry run."""

    outcome: str
    seconds: float
    output: Path | None
    page: Path | None = None
    dead_letters: Path


def summary_table(stats: RunStats, summary: RunSummary) -> str:
    """Return the summary as one table of three columns, for a terminal or a log."""
    rows = list(_rows(stats, summary))
    heads, whats, counts = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [f"{head:<{heads}}  {what:<{whats}}  {count:>{counts}}" for head, what, count in rows]
    title = f"target-segment: {summary.outcome}"
    rule = "-" * max(map(len, [title, *lines]))
    return "\n".join([title, rule, *map(str.rstrip, lines)]) + "\n"


def _shown_name(event: Event, known_event_names: AbstractSet[str]) -> str:
    name = event.name
    if name in known_event_names or name in CALL_TYPES or name == default_name(event.stream):
        return name
    return f"{event.stream}: names from a field"


def _rows(stats: RunStats, summary: RunSummary) -> Iterator[Row]:
    dry = summary.output is not None
    sent = sum(stats.sent.values())
    yield "written" if dry else "sent", "events", f"{sent:,}"
    yield from _lines("", ((f"  {name}", count) for name, count in sorted(stats.sent.items())))
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
    for index, (what, count) in enumerate(parts):
        yield "" if index else head, what, f"{count:,}"


def _named(counts: Counter[tuple[str, str]]) -> list[tuple[str, int]]:
    return sorted((f"{stream}: {reason}", count) for (stream, reason), count in counts.items())


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
