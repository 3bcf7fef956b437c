"""What became of the records of a run: counts, and the closing table they make."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from target_segment.events import CALLS, default_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from target_segment.events import Event

Row: TypeAlias = "tuple[str, str, str]"


@dataclass(kw_only=True)
class Report:
    """Counts that grow during a run.

    Attributes:
        sent: Events acknowledged, by name; those whose names records brought, by stream.
        identities: The same events, by what identifies them.
        skipped: Records that are no events, by stream and reason.
        dead_letters: What could not be sent, by stream and reason.
        warnings: Events that are sent but look wrong, by stream and what is wrong.
        merged: Events left out because one of the same id was already in the request.
        requests: Requests made, retries included.
        retries: Those among them that repeated another.
        body_bytes: Bytes of the bodies.
        sent_bytes: The same, compressed.
    """

    sent: Counter[str] = field(default_factory=Counter)
    identities: Counter[str] = field(default_factory=Counter)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead_letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: Counter[tuple[str, str]] = field(default_factory=Counter)
    merged: int = 0
    requests: int = 0
    retries: int = 0
    body_bytes: int = 0
    sent_bytes: int = 0

    def count_sent(self, events: Collection[Event], spelled: AbstractSet[str]) -> None:
        """Count events as acknowledged.

        Args:
            events: The events.
            spelled: The names to count one by one. Any other comes from a record: it is content,
                and there may be as many as there are events.
        """
        self.identities.update([event.identity for event in events])
        names = Counter([event.name for event in events])
        if names.keys() <= spelled:
            self.sent.update(names)
        else:
            self.sent.update([_shown_name(event, spelled) for event in events])

    def add(self, other: Report) -> None:
        """Add another report's counts to these."""
        self.sent.update(other.sent)
        self.identities.update(other.identities)
        self.skipped.update(other.skipped)
        self.dead_letters.update(other.dead_letters)
        self.warnings.update(other.warnings)
        self.merged += other.merged
        self.requests += other.requests
        self.retries += other.retries
        self.body_bytes += other.body_bytes
        self.sent_bytes += other.sent_bytes


@dataclass(frozen=True, kw_only=True)
class Closing:
    """What the closing table says beside the counts.

    Attributes:
        outcome: How the run ended, a few words.
        seconds: How long it took.
        output: A dry run's file, None when events were really sent.
        page: The page that shows what is in it.
        dead_letters: The file of dead letters.
    """

    outcome: str
    seconds: float
    output: Path | None
    page: Path | None = None
    dead_letters: Path


def closing_table(report: Report, closing: Closing) -> str:
    """Print a report as one table of three columns, for a terminal or a log."""
    rows = list(_rows(report, closing))
    heads, whats, counts = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [f"{head:<{heads}}  {what:<{whats}}  {count:>{counts}}" for head, what, count in rows]
    title = f"target-segment: {closing.outcome}"
    rule = "-" * max(map(len, [title, *lines]))
    return "\n".join([title, rule, *map(str.rstrip, lines)]) + "\n"


def _shown_name(event: Event, spelled: AbstractSet[str]) -> str:
    name = event.name
    if name in spelled or name in CALLS or name == default_name(event.stream):
        return name
    return f"{event.stream}: names from a field"


def _rows(report: Report, closing: Closing) -> Iterator[Row]:
    dry = closing.output is not None
    sent = sum(report.sent.values())
    yield from _group("written" if dry else "sent", "events", sent, sorted(report.sent.items()))
    yield from _lines("identified by", sorted(report.identities.items(), key=identity_first))
    yield from _lines("skipped", _named(report.skipped))
    yield from _lines("dead letters", _named(report.dead_letters))
    yield from _lines("warnings", _named(report.warnings))
    if report.merged:
        yield "merged", "same message id in one request", f"{report.merged:,}"
    if report.requests:
        size = f"{in_bytes(report.body_bytes)}, {in_bytes(report.sent_bytes)} compressed"
        retries = f", {report.retries:,} of them retries" if report.retries else ""
        yield "bodies" if dry else "requests", f"{size}{retries}", f"{report.requests:,}"
    yield "seconds", "", f"{closing.seconds:,.1f}"
    if dry and report.requests:
        yield "written to", str(closing.output), ""
    if closing.page is not None:
        yield "preview", str(closing.page), ""
    if report.dead_letters:
        yield "kept in", str(closing.dead_letters), ""


def _group(head: str, total: str, count: int, parts: Iterable[tuple[str, int]]) -> Iterator[Row]:
    yield head, total, f"{count:,}"
    yield from _lines("", ((f"  {what}", count) for what, count in parts))


def _lines(head: str, parts: Iterable[tuple[str, int]]) -> Iterator[Row]:
    for index, (what, count) in enumerate(parts):
        yield "" if index else head, what, f"{count:,}"


def _named(counts: Counter[tuple[str, str]]) -> list[tuple[str, int]]:
    return sorted((f"{stream}: {reason}", count) for (stream, reason), count in counts.items())


def identity_first(item: tuple[str, int]) -> tuple[bool, str]:
    """Sort what identifies events: known users, then the rest."""
    return item[0] != "userId", item[0]


def in_bytes(count: int) -> str:
    """Write a size for people."""
    # Segment counts in thousands, not in 1024s.
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:,.1f} {unit}"
    return f"{count} bytes"
