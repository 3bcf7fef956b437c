"""Reader of the rows of one CSV, which repairs or sets aside what other exporters get wrong. Pure.

A well-formed file passes through Python's own reader. A row that this refuses, or that has another
number of cells than the header, is read again in the other usual ways; if none fits, the row is set
aside and reading continues on its second line, so that one stray quote costs one row.
"""

from __future__ import annotations

import csv
from collections import deque
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, TextIO

from tap_freshchat.errors import ReportError, RowError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    ColumnNames = Callable[[Sequence[str]], Sequence[str]]
    # Takes the number of a line, a reason without content, and the cells.
    Reject = Callable[[int, str, Sequence[str]], None]

# A message with all its parts; Python's own default is 131,072 characters.
MAX_FIELD_CHARACTERS = 16 * 1024**2
# All columns of a row; more would be a file without ends of lines.
MAX_ROW_CHARACTERS = 2 * MAX_FIELD_CHARACTERS
# Each line of a row counts as so many more, because memory holds it as an object of its own.
_LINE_OVERHEAD = 60
# Lines that may stand before the header: a title, a period, `sep=`.
MAX_TITLE_LINES = 10
# Lines over which a text without quotes is put together again.
_MAX_JOINED_LINES = 20
_MAX_COLUMNS = 10_000
_DELIMITERS = ",;\t|"
# Padding and end-of-file marks of other systems.
_BYTE_ORDER_MARK = "\ufeff"
_BLANK = " \t\r\n\x1a\ufffd\ufeff"
# The other usual ways to write a row, the likelier first.
_DIALECTS: tuple[dict[str, Any], ...] = (
    {"skipinitialspace": True},
    {},
    {"quoting": csv.QUOTE_NONE},
)
_BACKSLASH: dict[str, Any] = {"escapechar": "\\", "doublequote": False}


class _Lines:
    """Lines of a text, and those of the row at hand, which can be read again."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.row: list[str] = []
        self.number = 0
        self._characters = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(MAX_ROW_CHARACTERS)
        if not line:
            raise StopIteration
        self.number += 1
        self._characters += len(line) + _LINE_OVERHEAD
        if self._characters >= MAX_ROW_CHARACTERS:
            raise csv.Error("row too long")
        if "\0" in line:
            # Python 3.10 refuses it, and no database takes it.
            line = line.replace("\0", "\ufffd")
        self.row.append(line)
        return line

    def start_row(self) -> None:
        """Forget the lines of the row before."""
        self.row.clear()
        self._characters = 0

    def read_again(self, lines: Sequence[str]) -> None:
        """Return the last lines of the row, which belong to later rows."""
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)


def csv_rows(
    text: TextIO, names: ColumnNames, reject: Reject
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of its last line, and the cells by column name, of each row.

    `names` turns the headers into column names, and raises `ReportError` for what is no header.
    Blank lines, lines of commas and repeated headers are left out. `reject` gets what cannot be
    read.

    Raises:
        ReportError: there is no header.
    """
    lines = _Lines(text)
    header = _find_header(lines, names)
    if header is None:
        return
    headers, columns, delimiter = header
    width = len(columns)
    build = _first_filled if len(set(columns)) < width else _build
    # Files that were put together have a mark before each header.
    repeated = headers[0], f"{_BYTE_ORDER_MARK}{headers[0]}"
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    lines.start_row()
    while True:
        odd: list[str] | None = None
        # A loop in the loop, because entering `try` and calling `next` for each row cost more.
        with suppress(csv.Error):
            for cells in reader:
                if len(cells) != width or not cells[0] or cells[0] in repeated:
                    odd = cells
                    break
                yield lines.number, build(columns, cells)
                lines.start_row()
            else:
                return
        try:
            found = _repair(lines, odd, headers, width, delimiter)
        except RowError as error:
            reject(lines.number, str(error), lines.row[:1])
        else:
            if found:
                yield lines.number, build(columns, found)
        lines.start_row()


def _build(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    return dict(zip(columns, cells))  # noqa: B905 - equal lengths, and once a row


def _first_filled(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells by column name; of two columns of one name, the first that is filled."""
    row: dict[str, str] = {}
    for name, cell in zip(columns, cells, strict=True):
        row[name] = row.get(name) or cell
    return row


def _find_header(lines: _Lines, names: ColumnNames) -> tuple[list[str], list[str], str] | None:
    """The headers as they stand in the file, their names, and the delimiter; None without lines."""
    error: ReportError | None = None
    separator = ""
    for _ in range(MAX_TITLE_LINES):
        lines.start_row()
        try:
            line = next((line for line in lines if line.strip(_BLANK)), "").lstrip("\ufeff")
            if not line:
                break
            if line.lower().startswith("sep=") and len(line.strip()) == len("sep=,"):
                separator = line.strip()[-1]
                continue
            delimiter = separator or max(_DELIMITERS, key=line.count)
            # A header may span lines as well.
            headers = next(csv.reader(chain([line], lines), delimiter=delimiter))
        except csv.Error:
            error = error or _no_header()
            continue
        while headers and not headers[-1].strip(_BLANK):
            headers.pop()
        if not headers:
            raise ReportError(
                f"The header of a report has {line.count(delimiter) + 1} columns without names, so "
                f"the file is not a report. The next run requests it again."
            )
        if len(headers) > _MAX_COLUMNS:
            raise ReportError(f"The header of a report has {len(headers):,} columns. Not a report.")
        try:
            return headers, list(names(headers)), delimiter
        except ReportError as found:
            # The first line is what people look at.
            error = error or found
    if error:
        raise error
    return None


def _no_header() -> ReportError:
    return ReportError(
        "The first line of a report is too long or not a line of CSV, so the file is not a report. "
        "The next run requests it again."
    )


def _repair(
    lines: _Lines, cells: list[str] | None, headers: list[str], width: int, delimiter: str
) -> list[str]:
    """The cells of a row that the strict reader refuses or that looks odd; none for no row.

    `cells` is None if the strict reader refuses the row. RowError if it cannot be read.
    """
    if cells is not None:
        first = cells[0].removeprefix(_BYTE_ORDER_MARK) if cells else ""
        if [first, *cells[1 : len(headers)]] == headers or not any(
            cell.strip(_BLANK) for cell in cells
        ):
            return []
        if len(cells) >= width and not any(cells[width:]):
            return cells[:width]
    if found := _in_another_dialect(lines, width, delimiter):
        return found
    if cells is None or len(lines.row) > 1:
        # A quote that nobody closed took in later rows.
        lines.read_again(lines.row[1:])
        raise RowError("has a quote that is not closed")
    if len(cells) > width:
        raise RowError(f"has {len(cells)} cells instead of {width}")
    return _joined(lines, cells, width, delimiter) or [*cells, *[""] * (width - len(cells))]


def _in_another_dialect(lines: _Lines, width: int, delimiter: str) -> list[str]:
    """The cells of the row at hand in another usual way of writing; none if no way fits.

    Lines that do not belong to it are left to be read again.
    """
    has_backslash = any('\\"' in line for line in lines.row)
    for count in dict.fromkeys((len(lines.row), 1)):
        for dialect in (_BACKSLASH, *_DIALECTS) if has_backslash else _DIALECTS:
            try:
                # Over several lines only with a closing quote, or it takes in later rows.
                read = csv.reader(
                    lines.row[:count], delimiter=delimiter, strict=count > 1, **dialect
                )
                found = list(read)
            except csv.Error:
                continue
            if len(found) == 1 and len(found[0]) >= width and not any(found[0][width:]):
                lines.read_again(lines.row[count:])
                del lines.row[count:]
                return found[0][:width]
    return []


def _joined(lines: _Lines, cells: list[str], width: int, delimiter: str) -> list[str]:
    """The cells of a row whose text has line breaks without quotes; none if it is just short."""
    joined = cells
    end = lines.row[0][len(lines.row[0].rstrip("\r\n")) :]
    for _ in range(_MAX_JOINED_LINES):
        try:
            following = next(csv.reader([next(lines)], delimiter=delimiter), [])
        except (StopIteration, csv.Error):
            break
        if len(following) >= width or len(joined) + len(following) - 1 > width:
            break
        joined = [*joined[:-1], joined[-1] + end + "".join(following[:1]), *following[1:]]
        if len(joined) == width:
            return joined
    lines.read_again(lines.row[1:])
    del lines.row[1:]
    return []
