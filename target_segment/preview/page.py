"""Preview page of a dry run: one self-contained HTML text. Pure."""

from __future__ import annotations

from html import escape
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from target_segment.preview import tables
from target_segment.preview.chart import chart, series
from target_segment.preview.samples import samples_section
from target_segment.run_summary import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_segment.preview.statistics import Preview
    from target_segment.run_stats import RunStats
    from target_segment.run_summary import RunSummary

_WIDE, _NARROW = (1040, 300), (360, 260)


def render_page(preview: Preview, stats: RunStats, summary: RunSummary, version: str) -> str:
    """Return the page of a run, whose summary names the file of the bodies, as HTML."""
    text = resources.files("target_segment.preview").joinpath("page.html").read_text("utf-8")
    events = sum(stats.sent.values())
    heading = f"{events:,} event{'' if events == 1 else 's'} would be sent to Segment"
    where = "No file was made."
    if events and summary.output:
        file = f"<code>{escape(summary.output.name)}</code>"
        where = f"The exact bodies are beside this page in {file}."
    return Template(text).substitute(
        title=escape(f"{heading}, dry run of {preview.started:%Y-%m-%d %H:%M} UTC"),
        heading=escape(heading),
        lead=f"Dry run of {preview.started:%d %B %Y, %H:%M} UTC. Nothing was sent. {where}",
        notice="".join(
            f'<section class="notice" role="note"><p>{escape(text)}</p></section>\n'
            for text in _notices(stats, summary.outcome)
        ),
        tiles="\n".join(_tiles(stats)),
        sections="\n".join(_sections(preview, stats, summary)),
        version=escape(version),
    )


def _notices(stats: RunStats, outcome: str) -> Iterator[str]:
    if outcome != "done":
        yield f"The run did not reach its end ({outcome}): there may be more."
    if lost := sum(stats.dead_letters.values()):
        what = f"{lost:,} row{'' if lost == 1 else 's'} cannot become events"
        yield f"{what}; the reasons are below."
    for (stream, text), count in sorted(stats.warnings.items()):
        yield f"{stream}: {text} ({count:,})"


def _tiles(stats: RunStats) -> Iterator[str]:
    known = stats.identities["userId"]
    events = sum(stats.sent.values())
    for value, what in (
        (f"{events:,}", "events"),
        (f"{known / events:.0%}" if events else "-", "with a userId"),
        (f"{stats.requests:,}", "requests"),
        (format_size(stats.sent_bytes), f"gzipped, of {format_size(stats.body_bytes)}"),
        (f"{sum(stats.skipped.values()):,}", "rows skipped"),
        (f"{sum(stats.dead_letters.values()):,}", "rows rejected"),
    ):
        yield f"<li><b>{escape(value)}</b><span>{escape(what)}</span></li>"


def _sections(preview: Preview, stats: RunStats, summary: RunSummary) -> Iterator[str]:
    names = series({name: count.events for name, count in preview.names.items()})
    if preview.times.counts:
        yield _over_time(preview, names)
    if preview.names:
        yield tables.names_section(preview, names)
        pair = tables.identity_section(stats) + tables.sizes_section(preview)
        yield f'<div class="two">{pair}</div>'
    yield tables.reasons_section(
        "Rejected rows",
        "Segment would reject these or silently drop them. They are kept in "
        f"{summary.dead_letters}, with the reason.",
        stats.dead_letters,
        "None: every row that is an event can be sent.",
    )
    about = "The mapping skips these: they are not events."
    yield tables.reasons_section("Skipped rows", about, stats.skipped, "None.")
    if preview.names:
        yield tables.largest_section(preview)
        yield samples_section(preview)


def _over_time(preview: Preview, names: list[str]) -> str:
    label = "Events over time, a column for each span, stacked by event"
    drawings = "".join(
        f'<div class="{name}">'
        f"{chart(preview.times, names, width=width, height=height, label=label)}</div>"
        for name, (width, height) in (("wide", _WIDE), ("narrow", _NARROW))
    )
    keys = "".join(
        f"<li>{tables.with_legend_key(number, tables.truncate_name(name))}</li>"
        for number, name in enumerate(names)
    )
    missing = "".join(
        f'<p class="small soft">Not in the chart: {count:,} {what}.</p>'
        for count, what in (
            (preview.undated, "without a time; Segment gives them the time of receipt"),
            (preview.far_off, "with a time before 2000, or a day or more after this run"),
        )
        if count
    )
    content = f'<ul class="keys">{keys}</ul>{drawings}{missing}'
    return tables.section("Events over time", "", content)
