"""A dry run's page: what was gathered, as one HTML text that needs nothing else. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from target_segment.preview.chart import chart, series
from target_segment.preview.samples import samples_section
from target_segment.preview.tables import (
    identity_section,
    keyed,
    largest_section,
    names_section,
    reasons_section,
    shortened,
    sizes_section,
)
from target_segment.report import in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from target_segment.preview.gathered import Preview
    from target_segment.report import Report

_WIDE, _NARROW = (1040, 300), (360, 260)


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """The run that a page is about.

    Attributes:
        time: When it began, in UTC.
        outcome: How it ended, as in the closing table.
        bodies: The file with the bodies.
        dead_letters: The file with what could not be sent.
        version: This package's version.
    """

    time: datetime
    outcome: str
    bodies: Path
    dead_letters: Path
    version: str


def page(preview: Preview, report: Report, occasion: Occasion) -> str:
    """Write the page.

    Args:
        preview: What was gathered of the events.
        report: The run's counts.
        occasion: The run.
    """
    text = resources.files("target_segment.preview").joinpath("page.html").read_text("utf-8")
    events = sum(report.sent.values())
    heading = f"{events:,} event{'' if events == 1 else 's'} would be sent to Segment"
    file = f"<code>{escape(occasion.bodies.name)}</code>"
    where = f"The exact bodies are beside this page in {file}." if events else "No file was made."
    return Template(text).substitute(
        title=escape(f"{heading}, dry run of {occasion.time:%Y-%m-%d %H:%M} UTC"),
        heading=escape(heading),
        lead=f"Dry run of {occasion.time:%d %B %Y, %H:%M} UTC. Nothing was sent. {where}",
        notice="".join(_notices(report, occasion)),
        tiles="\n".join(_tiles(report)),
        sections="\n".join(_sections(preview, report, occasion)),
        version=escape(occasion.version),
    )


def _notices(report: Report, occasion: Occasion) -> Iterator[str]:
    if occasion.outcome != "done":
        yield _notice(f"The run did not reach its end ({occasion.outcome}): there may be more.")
    if lost := sum(report.dead_letters.values()):
        what = f"{lost:,} row{'' if lost == 1 else 's'} cannot become events"
        yield _notice(f"{what}; the reasons are below.")
    for (stream, text), count in sorted(report.warnings.items()):
        yield _notice(f"{stream}: {text} ({count:,})")


def _notice(text: str) -> str:
    return f'<section class="notice" role="note"><p>{escape(text)}</p></section>\n'


def _tiles(report: Report) -> Iterator[str]:
    known = report.identities["userId"]
    events = sum(report.sent.values())
    for value, what in (
        (f"{events:,}", "events"),
        (f"{known / events:.0%}" if events else "-", "with a userId"),
        (f"{report.requests:,}", "requests"),
        (in_bytes(report.sent_bytes), f"gzipped, of {in_bytes(report.body_bytes)}"),
        (f"{sum(report.skipped.values()):,}", "rows skipped"),
        (f"{sum(report.dead_letters.values()):,}", "rows rejected"),
    ):
        yield f"<li><b>{escape(value)}</b><span>{escape(what)}</span></li>"


def _sections(preview: Preview, report: Report, occasion: Occasion) -> Iterator[str]:
    names = series({name: count.events for name, count in preview.names.items()})
    if preview.times.counts:
        yield _over_time(preview, names)
    if preview.names:
        yield names_section(preview, names)
        yield f'<div class="two">{identity_section(report)}{sizes_section(preview)}</div>'
    yield reasons_section(
        "Rejected rows",
        "Segment would refuse these, or drop them without a word. They are kept in "
        f"{occasion.dead_letters}, with the reason.",
        report.dead_letters,
        "None: every row that is an event can be sent.",
    )
    yield reasons_section(
        "Skipped rows",
        "These are no events, by the mapping's own decision.",
        report.skipped,
        "None.",
    )
    if preview.names:
        yield largest_section(preview)
        yield samples_section(preview)


def _over_time(preview: Preview, names: list[str]) -> str:
    label = "Events over time, a column for each span, stacked by event"
    drawings = "".join(
        f'<div class="{name}">'
        f"{chart(preview.times, names, width=width, height=height, label=label)}</div>"
        for name, (width, height) in (("wide", _WIDE), ("narrow", _NARROW))
    )
    keys = "".join(
        f"<li>{keyed(number, shortened(name))}</li>" for number, name in enumerate(names)
    )
    missing = "".join(
        f'<p class="small soft">Not in the chart: {count:,} {what}.</p>'
        for count, what in (
            (preview.undated, "without a time; Segment gives them the time of receipt"),
            (preview.far_off, "with a time before 2000, or a day or more after this run"),
        )
        if count
    )
    return (
        f'<section aria-labelledby="time"><h2 id="time">Events over time</h2>'
        f'<ul class="keys">{keys}</ul>{drawings}{missing}</section>'
    )
