"""Chart of the preview: events over time as inline SVG."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import datetime, timedelta, timezone
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_segment.preview.statistics import TimeBins

# Distinguishable colours; the style sheet of the page has as many.
MAX_SERIES = 6
REST = "all others"

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 12, 52
# Width of a label of the time axis, in units of the drawing.
_LABEL_ROOM = 92
# Half a character of such a label.
_HALF = 3.5
# Lines above the count axis that a small drawing can carry.
_MAX_LINES = 5
_DAY = 86_400


def series(events: Mapping[str, int]) -> list[str]:
    """Return the series of the chart: the most frequent events, and the rest together."""
    names = sorted(events, key=lambda name: (-events[name], name))
    if len(names) <= MAX_SERIES:
        return names
    return [*names[: MAX_SERIES - 1], REST]


def chart(times: TimeBins, names: Sequence[str], *, width: int, height: int, label: str) -> str:
    """Draw the columns, stacked by event; `names` as from `series`, `label` for screen readers."""
    first, last = min(times.counts), max(times.counts)
    columns = {bin_: _stacked(counts, names) for bin_, counts in times.counts.items()}
    top, step = _scale(max(sum(column.values()) for column in columns.values()))
    room = (width - _LEFT - _RIGHT) / (last - first + 1)
    depth = height - _TOP - _BOTTOM
    parts = [*_count_ticks(top, step, depth, width), *_time_ticks(times, room, width, height)]
    for bin_, column in sorted(columns.items()):
        start = _EPOCH + timedelta(seconds=bin_ * times.width)
        above = 0.0
        for number, name in enumerate(names):
            if not column[name]:
                continue
            tall = depth * column[name] / top
            above += tall
            parts.append(
                f'<rect class="s{number}" x="{_LEFT + (bin_ - first) * room:.2f}" '
                f'y="{_TOP + depth - above:.2f}" width="{max(room - 1, 0.8):.2f}" '
                f'height="{tall:.2f}"><title>{start:%Y-%m-%d %H:%M}, {escape(name)}: '
                f"{column[name]:,}</title></rect>"
            )
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )


def _stacked(counts: Counter[str], names: Sequence[str]) -> Counter[str]:
    column: Counter[str] = Counter()
    for name, count in counts.items():
        column[name if name in names else REST] += count
    return column


def _scale(highest: int) -> tuple[int, int]:
    """Return a round top of the count axis and a round step between its lines."""
    steps = (digit * 10**power for power in itertools.count() for digit in (1, 2, 5))
    step = next(step for step in steps if highest <= _MAX_LINES * step)
    return -(-highest // step) * step, step


def _count_ticks(top: int, step: int, depth: int, width: int) -> Iterator[str]:
    for count in range(0, top + 1, step):
        y = _TOP + depth - depth * count / top
        yield f'<line class="grid" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _tick(_LEFT - 8, y + 4, "end", f"{count:,}")
    middle = _TOP + depth / 2
    yield (
        f'<text class="axis" transform="translate(12 {middle:.0f}) rotate(-90)" '
        'text-anchor="middle">events</text>'
    )


def _tick(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _time_ticks(times: TimeBins, room: float, width: int, height: int) -> Iterator[str]:
    first, last = min(times.counts), max(times.counts)
    pattern = "%d %b %Y" if times.width >= 7 * _DAY else "%d %b"
    if times.width < _DAY and (last - first) * times.width < 2 * _DAY:
        pattern = "%d %b %H:%M"
    every = -(-_LABEL_ROOM // max(room, 0.1))
    if pattern == "%d %b" and times.width < _DAY:
        # Whole days only: a label within a day would repeat it.
        day = _DAY // times.width
        every = -(-every // day) * day
    y = height - _BOTTOM + 20
    for bin_ in range(first, last + 1):
        if bin_ % every:
            continue
        x = _LEFT + (bin_ - first) * room
        text = f"{_EPOCH + timedelta(seconds=bin_ * times.width):{pattern}}"
        yield f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 20}" y2="{y - 15}"/>'
        if x + _HALF * len(text) <= width:
            yield _tick(x, y, "middle", text)
    yield (
        f'<text class="axis" x="{(_LEFT + width - _RIGHT) / 2:.0f}" y="{height - 8}" '
        'text-anchor="middle">time of the event (UTC), '
        f"{width_in_words(times.width)} a column</text>"
    )


def width_in_words(seconds: int) -> str:
    """Describe a column's width, a minute or more."""
    units = ((_DAY, "day"), (3_600, "hour"), (60, "minute"))
    count, name = next((seconds // unit, name) for unit, name in units if seconds >= unit)
    return f"{count:,} {name}{'s' if count > 1 else ''}"
