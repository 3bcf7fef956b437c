"""Tables of the preview page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from target_segment.preview.chart import REST
from target_segment.preview.statistics import SIZE_BOUNDS, read_timestamp
from target_segment.run_summary import format_size, user_id_first
from target_segment.segment_spec import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Sequence

    from target_segment.preview.statistics import Preview
    from target_segment.run_stats import RunStats

# Characters of a name before it is truncated.
_LONGEST_NAME = 60
# Classes of the columns of a table, by the sign before the name.
_COLUMN_CLASSES = {"#": "n", "?": "optional", "+": "n optional", "=": "wide-cell"}


def truncate_name(name: str) -> str:
    """Return the HTML of a name; a long one is truncated, with the whole name as its title."""
    if len(name) <= _LONGEST_NAME:
        return escape(name)
    return f'<span title="{escape(name)}">{escape(name[: _LONGEST_NAME - 1])}…</span>'


def with_legend_key(number: int, content: str) -> str:
    """Return HTML with the colour of a series before it."""
    return f'<span class="keyed"><span class="key s{number}"></span>{content}</span>'


def section(title: str, about: str, content: str) -> str:
    """Return a section; `title` and `about` are plain text, `content` is HTML."""
    anchor = title.lower().replace(" ", "-")
    about = f'<p class="small soft">{escape(about)}</p>' if about else ""
    return (
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{escape(title)}</h2>'
        f"{about}{content}</section>"
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are HTML, and the first of each row is its header.

    A column name with `#` marks numbers, with `?` what phones leave out, with `+` both, and with
    `=` a wide column.
    """
    classes = [_COLUMN_CLASSES.get(name[:1]) for name in columns]
    styles = [f' class="{each}"' if each else "" for each in classes]
    head = "".join(
        f'<th scope="col"{style}>{escape(name.lstrip("#?+="))}</th>'
        for name, style in zip(columns, styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{style}>{cell}</td>" if index else f'<th scope="row"{style}>{cell}</th>'
            for index, (cell, style) in enumerate(zip(row, styles, strict=True))
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )


def names_section(preview: Preview, names: Sequence[str]) -> str:
    """Return the table of events by name."""
    total = sum(count.events for count in preview.names.values())
    rows = [
        (
            with_legend_key(names.index(name if name in names else REST), truncate_name(name)),
            f"{count.events:,}",
            f"{count.events / total:.1%}",
            f"{count.with_user / count.events:.0%}",
            format_size(count.bytes // count.events),
            format_size(count.largest),
        )
        for name, count in sorted(preview.names.items(), key=lambda item: -item[1].events)
    ]
    columns = ("Event", "#Events", "+Share", "#With userId", "+Mean size", "+Largest")
    return section("Events by name", "", table(columns, rows))


def identity_section(stats: RunStats) -> str:
    """Return the table of what identifies the events."""
    total = sum(stats.identities.values()) or 1
    found = sorted(stats.identities.items(), key=user_id_first)
    bar = "".join(
        f'<span class="s{min(number, 5)}" style="flex:{count}"></span>'
        for number, (_, count) in enumerate(found)
    )
    rows = [
        (
            with_legend_key(min(number, 5), escape(_identity(name))),
            f"{count:,}",
            f"{count / total:.1%}",
        )
        for number, (name, count) in enumerate(found)
    ]
    return section(
        "Identity",
        "Segment bills and joins by these ids: a fallback is one more anonymous user a month.",
        f'<div class="share" aria-hidden="true">{bar}</div>'
        + table(("Known by", "#Events", "#Share"), rows),
    )


def _identity(name: str) -> str:
    if name == "userId":
        return "userId: a known user"
    if name == "anonymousId":
        return "anonymousId only"
    return name.replace("anonymousId from ", "fallback: ", 1)


def sizes_section(preview: Preview) -> str:
    """Return the table of event sizes."""
    most = max(preview.sizes.values(), default=1)
    largest = max(preview.sizes, default=0)
    rows = []
    for bound in SIZE_BOUNDS:
        count = preview.sizes[bound]
        share = 100 * count / most
        bar = f'<span class="bar s0" style="width:{share:.1f}%"></span>' if count else ""
        rows.append((f"to {format_size(bound)}", bar, f"{count:,}"))
        if bound >= largest:
            break
    return section(
        "Sizes",
        f"As JSON, before compression. Segment takes at most {MAX_EVENT_BYTES:,} bytes an event.",
        table(("Size", "=Spread", "#Events"), rows),
    )


def largest_section(preview: Preview) -> str:
    """Return the table of the largest events."""
    rows = [
        (
            truncate_name(event.name),
            f"{len(event.payload):,}",
            f"{len(event.payload) / MAX_EVENT_BYTES:.0%}",
            escape(read_timestamp(event) or ""),
            f"<code>{escape(event.message_id)}</code>",
        )
        for event in preview.largest
    ]
    columns = ("Event", "#Bytes", "#Of the limit", "?Time", "?Message id")
    return section("Largest events", "", table(columns, rows))


def reasons_section(title: str, about: str, counts: Counter[tuple[str, str]], none: str) -> str:
    """Return the table of rows by stream and reason."""
    if not counts:
        return section(title, none, "")
    rows = [
        (truncate_name(stream), escape(reason), f"{count:,}")
        for (stream, reason), count in sorted(counts.items())
    ]
    return section(title, about, table(("Stream", "Reason", "#Rows"), rows))
