"""Report files: archives, CSV, times, rows, and the texts in their cells."""

from __future__ import annotations

import contextlib
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.agent_status import status_change_from_row
from tap_freshchat.activity.events import event_from_row, infer_start, parse_row_time
from tap_freshchat.activity.message_types import RowTypes
from tap_freshchat.activity.transcript_rows import message_from_row
from tap_freshchat.conform import conform_row
from tap_freshchat.errors import ReportError, RetryableError
from tap_freshchat.reports import catalog
from tap_freshchat.reports import columns as report_columns
from tap_freshchat.reports import csv_files as report_files
from tap_freshchat.times import format_time, interaction_start_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A first byte chooses the report that the rest is the file of.
REPORTS = catalog.REPORTS
FORMATTED_CHARACTERS = len("2026-11-22T10:55:22.220000+00:00")
KINDS: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "moment": {"type": ["string", "null"], "format": "date-time"},
    "flag": {"type": ["boolean", "null"]},
    "count": {"type": ["integer", "null"]},
    "figure": {"type": ["number", "null"]},
    "object": {"type": ["object", "null"]},
    "list": {"type": ["array", "null"]},
}


def report(data: bytes) -> None:
    """A report's file, saved, unpacked, its columns named, its rows read as their streams do."""
    name = REPORTS[data[0] % len(REPORTS)] if data else REPORTS[0]
    names = partial(report_columns.map_columns, name, stream="fuzzed", extra={})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1.report"
        with contextlib.suppress(RetryableError, ReportError):
            report_files.save(iter([data[1:4], data[4:]]), path)
            for _, row in report_files.rows(path, names, lambda *_: None):
                _read(name, row)


def _read(name: str, row: Mapping[str, str]) -> None:
    conform_row(row, dict.fromkeys(row, KINDS["moment"]))
    if name == catalog.TRANSCRIPT:
        message_type, _ = RowTypes().of(row)
        time = parse_row_time(name, row["created_time"])
        message_from_row(row, time, message_type=message_type.name, app_id=None)
    elif name in {catalog.AVAILABILITY, catalog.INTELLIASSIGN}:
        _ = status_change_from_row(name, row).id
    elif "conversation_id" in row:
        with contextlib.suppress(KeyError):
            # Reports of figures, and files without the column of labels, tell no occurrence.
            event = event_from_row(name, row)
            _ = event.id, infer_start(event)


def cell(data: bytes) -> None:
    """One text of a cell, in every type that a schema can declare for it."""
    text = data.decode(errors="replace")
    conform_row(dict.fromkeys(KINDS, text), KINDS)
    if began := interaction_start_time(text):
        format_time(began)
    with contextlib.suppress(ValueError):
        written = format_time(parse_time(text))
        if len(written) != FORMATTED_CHARACTERS or format_time(parse_time(written)) != written:
            raise AssertionError(written)


TARGETS: Mapping[str, Callable[[bytes], None]] = {"report": report, "cell": cell}
