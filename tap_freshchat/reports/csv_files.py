"""Reader of report files: saved to disk within limits, unzipped and read row by row."""

from __future__ import annotations

import csv
import io
import os
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any, TextIO

from tap_freshchat.errors import ReportError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    ColumnNames = Callable[[Sequence[str]], Sequence[str]]

# Against ZIP bombs.
MAX_CSV_BYTES = 32 * 1024**3
# Text packs 5:1 to 30:1; deflate cannot exceed 1032:1, and only padding comes near.
MAX_RATIO = 250
SMALL_BYTES = 1024**2
# A message with all its parts; Python's own default is 131,072 characters.
MAX_FIELD_CHARACTERS = 16 * 1024**2
# All columns of a row; more would be a file without ends of lines.
MAX_ROW_CHARACTERS = 2 * MAX_FIELD_CHARACTERS

_ZIP_MAGIC = b"PK"
# What reading a damaged or encrypted archive, or a broken CSV, can raise: zipfile raises a
# RuntimeError for a password, and a NotImplementedError, which is one, for an unknown ZIP version.
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, csv.Error),
    *(RuntimeError, ValueError, OSError, OverflowError, IndexError),
)
# Freshchat packs as everybody does; others unpack to any size at once.
_COMPRESSION_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# A byte that is not UTF-8 shows as U+FFFD: a text cut inside a character must not stop a sync.
_TEXT: dict[str, Any] = {"encoding": "utf-8-sig", "errors": "replace", "newline": ""}
_MARKUP = (b"<", b"\xef\xbb\xbf<")


def save(chunks: Iterator[bytes], path: Path) -> None:
    """Write a download to `path`; RetryableError if it is markup or a truncated archive."""
    with path.open("wb") as file:
        file.writelines(chunks)
    with path.open("rb") as file:
        start = file.read(4)
        if start.startswith(_MARKUP):
            raise RetryableError("The download link of a report returned markup instead of a file.")
        if start.startswith(_ZIP_MAGIC) and not zipfile.is_zipfile(file):
            raise RetryableError("The archive of a report is truncated.")


def rows(path: Path, names: ColumnNames) -> Iterator[dict[str, str]]:
    """Rows of all CSVs in a file, a ZIP of them or a bare one; memory does not grow with it.

    `names` turns the headers of a CSV into column names. ReportError if a file cannot be read.
    """
    # The limit belongs to the module csv, the same for all its users in this process.
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        with path.open("rb") as file:
            is_zip = file.read(2) == _ZIP_MAGIC
            if is_zip:
                yield from _zip_rows(file, names)
        if not is_zip:
            with path.open(**_TEXT) as text:
                yield from _csv_rows(text, names)
    except _UNREADABLE as error:
        raise ReportError(
            f"A report file cannot be read ({type(error).__name__}). The next run requests it "
            f"again."
        ) from None


def _zip_rows(file: IO[bytes], names: ColumnNames) -> Iterator[dict[str, str]]:
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        unpacked = sum(member.file_size for member in members)
        # What the archive says of itself may count the same bytes many times.
        packed = os.fstat(file.fileno()).st_size
        if unpacked > MAX_CSV_BYTES or unpacked > SMALL_BYTES + MAX_RATIO * packed:
            raise ReportError(
                f"The archive of a report unpacks from {packed:,} to {unpacked:,} bytes. It is "
                f"not a report and was not read."
            )
        if any(member.compress_type not in _COMPRESSION_METHODS for member in members):
            raise ReportError(
                "The archive of a report uses an unknown compression method and was not read."
            )
        for member in members:
            with archive.open(member) as content, io.TextIOWrapper(content, **_TEXT) as text:
                yield from _csv_rows(text, names)


def _csv_rows(text: TextIO, names: ColumnNames) -> Iterator[dict[str, str]]:
    row_characters = 0

    def bounded_lines() -> Iterator[str]:
        nonlocal row_characters
        while line := text.readline(MAX_ROW_CHARACTERS):
            row_characters += len(line)
            if row_characters >= MAX_ROW_CHARACTERS:
                raise ReportError(
                    f"A row of a report has more than {MAX_ROW_CHARACTERS:,} characters: not a "
                    f"report."
                )
            yield line

    lines = csv.reader(bounded_lines(), strict=True)
    # Blank lines may stand before the header; a line of empty columns is none.
    headers = next((line for line in lines if len(line) > 1 or any(map(str.strip, line))), None)
    if headers is None:
        return
    if not any(map(str.strip, headers)):
        raise ReportError(
            f"The header of a report has {len(headers)} columns without names, so the file is not "
            f"a report. The next run requests it again."
        )
    columns = names(headers)
    width = len(columns)
    for line in lines:
        row_characters = 0
        if len(line) == width:
            yield dict(zip(columns, line))  # noqa: B905 - just compared, and once a row
        elif line:
            raise ReportError(
                f"Line {lines.line_num} of a report has {len(line)} columns instead of {width}: "
                f"the file is truncated or damaged. The next run requests it again."
            )
