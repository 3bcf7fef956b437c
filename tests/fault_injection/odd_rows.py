"""Odd rows: rows of report files that other exporters write badly, the same in every file."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fault_injection.checks import Key
    from fault_injection.schedules import Fault
    from freshchat_sandbox import GroundTruthEvent

BLANK, TORN, HEADER = "row-blank-cell", "row-torn", "row-repeated-header"
SURROGATE, QUOTE = "row-half-surrogate", "row-stray-quote"
# Kinds that may cost the event of the row.
ROW_KINDS = (BLANK, TORN, HEADER, SURROGATE, QUOTE)
_COSTLY = {BLANK, TORN, QUOTE}
# Letters of `2026-11` and half of the day: a time that nobody can read.
_TORN_AT = 9
# Half of a pair of surrogates, which is not UTF-8, in place of a letter that no text has.
_MARK, _HALF = "\ue000".encode(), b"\xed\xa0\xbd"
_TEXT_COLUMNS = ("actor_first_name", "agent_name", "channel_name", "group_name")
# Reports write milliseconds, or less.
_TICK = timedelta(seconds=1)


@dataclass(frozen=True)
class OddRow:
    """A row that is written badly.

    Attributes:
        kind: Of the fault.
        record: The row as a whole line.
        cells: Its cells by column name, before the fault.
        variant: Selects the cell that is hit.
    """

    kind: str
    record: str
    cells: Mapping[str, str]
    variant: int = 0

    @property
    def owner(self) -> str:
        """The conversation of the row, else the agent."""
        return self.cells.get("conversation_id") or self.cells["agent_id"]

    def events(self, truth: Mapping[Key, GroundTruthEvent]) -> Iterator[Key]:
        """The events that the row may cost: those of its owner at its time."""
        if self.kind not in _COSTLY:
            return
        # Reports write UTC without saying so.
        text = _time(self.cells).removesuffix("Z")
        time = datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
        for key, event in truth.items():
            owns = self.owner in {event.conversation_id, event.agent_id}
            if owns and abs(event.time - time) < _TICK:
                yield key

    def is_rejected(self, entries: Iterable[Mapping[str, Any]]) -> bool:
        """Whether the file of rejected rows has the row."""
        # A file doubles the quotes in a cell, and a rejected row may have its own around it.
        record = self.record.replace('"', "")
        for entry in entries:
            row = entry["row"]
            cells = list(row.values()) if isinstance(row, dict) else row
            if all(cell.replace('"', "").strip("\r\n") in record for cell in cells):
                return True
        return False

    def written(self, header: str) -> str:
        """The row as the file has it, with the header of the file at hand."""
        columns = list(self.cells)
        if self.kind == HEADER:
            return header + self.record
        if self.kind == TORN:
            return self.record[: self.record.index(_time(self.cells)) + _TORN_AT] + "\n"
        cells = dict(self.cells)
        if self.kind == BLANK:
            required = [name for name in ("conversation_id", _time_column(cells)) if name in cells]
            cells[required[self.variant % len(required)]] = ""
            return _line([cells[name] for name in columns])
        name = next(name for name in _TEXT_COLUMNS if cells.get(name))
        place = columns.index(name)
        if self.kind == SURROGATE:
            cells[name] += _MARK.decode()
            return _line([cells[name] for name in columns])
        before = _line([*(cells[name] for name in columns[:place]), "x"])[: -len("x\n")]
        return before + '"' + self.record[len(before) :]


class OddRows:
    """The rows of one account that are written badly from some time on.

    Attributes:
        rows: All of them.
    """

    def __init__(self) -> None:
        self.rows: list[OddRow] = []

    def add(self, fault: Fault, body: bytes) -> None:
        """Let a row of a file be odd from now on."""
        fitting = fitting_rows(fault.kind, body)
        self.rows.append(replace(fitting[fault.choice % len(fitting)], variant=fault.choice))

    def applied(self, body: bytes) -> bytes:
        """A file with its odd rows."""
        texts = list(_texts(body))
        if not any(row.record in text for row in self.rows for text in texts):
            return body
        files = []
        for header, records in map(_split, texts):
            odd = {row.record: row.written(header) for row in self.rows}
            text = header + "".join(odd.get(record, record) for record in records)
            files.append(text.encode().replace(_MARK, _HALF))
        if not _is_zip(body):
            return files[0]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, file in enumerate(files, 1):
                archive.writestr(f"{number}.csv", file)
        return packed.getvalue()


def fitting_rows(kind: str, body: bytes) -> list[OddRow]:
    """The rows of a file that a kind of fault can hit."""
    return [
        row
        for header, records in map(_split, _texts(body))
        for record in records
        if (row := _row(kind, header, record))
    ]


def _row(kind: str, header: str, record: str) -> OddRow | None:
    """A record as an odd row; None if the fault does not fit."""
    columns = [
        name.lower().replace(" ", "_") for name in next(csv.reader([header.lstrip("\ufeff")]))
    ]
    if record.count("\n") > 1:
        return None
    cells = dict(zip(columns, next(csv.reader([record])), strict=True))
    needs_text = kind in {SURROGATE, QUOTE}
    if needs_text and not any(cells.get(name) for name in _TEXT_COLUMNS):
        return None
    if not _time(cells) or not (cells.get("conversation_id") or cells.get("agent_id")):
        return None
    return OddRow(kind, record, cells)


def _time_column(cells: Mapping[str, str]) -> str:
    return "created_time" if "created_time" in cells else "created_at"


def _time(cells: Mapping[str, str]) -> str:
    return cells.get(_time_column(cells), "")


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _is_zip(body: bytes) -> bool:
    return body.startswith(b"PK")


def _texts(body: bytes) -> Iterator[str]:
    """The CSVs of a file."""
    if not _is_zip(body):
        yield body.decode()
        return
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for name in archive.namelist():
            yield archive.read(name).decode()


def _split(text: str) -> tuple[str, list[str]]:
    """The header and the records of a CSV; texts in quotes may have line breaks."""
    records: list[str] = []
    is_whole = True
    for line in text.removesuffix("\n").split("\n"):
        if is_whole:
            records.append(line + "\n")
        else:
            records[-1] += line + "\n"
        is_whole = records[-1].count('"') % 2 == 0
    return records[0], records[1:]
