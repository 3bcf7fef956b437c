"""Reader of report files: saved to disk within limits, unzipped and read row by row."""

from __future__ import annotations

import csv
import gzip
import io
import os
import struct
import zipfile
import zlib
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, TextIO

from tap_freshchat.errors import ReportError, RetryableError
from tap_freshchat.reports.csv_rows import MAX_FIELD_CHARACTERS, MAX_TITLE_LINES, csv_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_freshchat.reports.csv_rows import ColumnNames, Reject

    ReadRows = Callable[[TextIO, ColumnNames, Reject], Iterator[tuple[int, dict[str, str]]]]

# Against ZIP bombs.
MAX_CSV_BYTES = 32 * 1024**3
# Text packs 5:1 to 30:1; deflate cannot exceed 1032:1, and only padding comes near.
MAX_RATIO = 250
SMALL_BYTES = 1024**2
# Of members of an archive; a report has one or a few. A list of millions would fill the memory.
MAX_MEMBERS = 10_000

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
_TEXT: dict[str, Any] = {"errors": "replace", "newline": ""}
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_GZIP_MAGIC = b"\x1f\x8b"
_END_RECORD = b"PK\x05\x06"
_ONES_16, _ONES_32 = 0xFFFF, 0xFFFFFFFF
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_RECORD = b"PK\x06\x06"
# The record and the longest comment after it; the longest entry of the directory (APPNOTE 4.3).
_END_RECORD_BYTES = 22 + 65_535
_LONGEST_ENTRY = 46 + 3 * 1024
# End of a long file that is looked at: some hundred rows.
_END_CHARACTERS = 128 * 1024
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


def rows(
    path: Path, names: ColumnNames, reject: Reject, *, read: ReadRows = csv_rows
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of all CSVs in a file, a ZIP of them or a bare one; memory does not grow with it.

    The arguments and what is yielded are those of `csv_rows`, for each CSV. ReportError if a file
    cannot be read.
    """
    # The limit belongs to the module csv, the same for all its users in this process.
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        with path.open("rb") as file:
            magic = file.read(2)
            file.seek(0)
            if magic == _ZIP_MAGIC:
                yield from _zip_rows(file, names, reject, read)
            else:
                is_gzip = magic == _GZIP_MAGIC
                content = gzip.GzipFile(fileobj=file) if is_gzip else file
                yield from _text_rows(content, names, reject, read)
    except _UNREADABLE as error:
        raise ReportError(
            f"A report file cannot be read ({type(error).__name__}). The next run requests it "
            f"again."
        ) from None


def last_rows(path: Path, names: ColumnNames) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows at the end of each CSV in a file, as `rows`, and perhaps a few of the first ones.

    It is for a look at a long file: a few rows may be missing or be pieces of two.
    """
    return rows(path, names, lambda *_: None, read=_rows_at_end)


def _zip_rows(
    file: IO[bytes], names: ColumnNames, reject: Reject, read: ReadRows
) -> Iterator[tuple[int, dict[str, str]]]:
    _check_member_count(file)
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
            with archive.open(member) as content:
                yield from _text_rows(content, names, reject, read)


def _check_member_count(file: IO[bytes]) -> None:
    """Refuse an archive of millions of members before `zipfile` lists them in memory."""
    if any(
        count > MAX_MEMBERS or size > MAX_MEMBERS * _LONGEST_ENTRY
        for count, size in _directory_sizes(file)
    ):
        raise ReportError(
            f"The archive of a report has more than {MAX_MEMBERS:,} files. It is not a report and "
            f"was not read."
        )
    file.seek(0)


def _directory_sizes(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Members and bytes of the directory, by each end record that `zipfile` may go by."""
    size = file.seek(0, os.SEEK_END)
    first = file.seek(max(0, size - _END_RECORD_BYTES))
    end = file.read()
    at = end.rfind(_END_RECORD)
    while at >= 0:
        count, length = struct.unpack_from("<10xHI", end[at:].ljust(22))
        # The ZIP64 record is where its locator says, or directly before the locator.
        file.seek(max(0, first + at - 20))
        signature, offset = struct.unpack("<4s4xQ4x", file.read(20).ljust(20))
        has_record = False
        if signature == _ZIP64_LOCATOR and first + at >= 20 + 56:
            for place in {min(offset, size), first + at - 20 - 56}:
                file.seek(place)
                record = file.read(56).ljust(56)
                if record.startswith(_ZIP64_RECORD):
                    has_record = True
                    yield struct.unpack("<32xQQ8x", record)
        # All ones mean that the ZIP64 record has the value.
        yield (count % _ONES_16, length % _ONES_32) if has_record else (count, length)
        at = end.rfind(_END_RECORD, 0, at)


def _text_rows(
    content: Any, names: ColumnNames, reject: Reject, read: ReadRows
) -> Iterator[tuple[int, dict[str, str]]]:
    buffered = io.BufferedReader(content)
    encoding = "utf-16" if buffered.peek(2)[:2] in _UTF_16_MARKS else "utf-8-sig"
    with io.TextIOWrapper(buffered, encoding=encoding, **_TEXT) as text:
        yield from read(text, names, reject)


def _rows_at_end(
    text: TextIO, names: ColumnNames, reject: Reject
) -> Iterator[tuple[int, dict[str, str]]]:
    # The header is in the first lines, if it is not after many blank ones.
    start = "".join(text.readline(_END_CHARACTERS) for _ in range(MAX_TITLE_LINES))
    end = ""
    while piece := text.read(_END_CHARACTERS):
        end = (end + piece)[-_END_CHARACTERS:]
    with suppress(ReportError):
        yield from csv_rows(io.StringIO(start + end.partition("\n")[2]), names, reject)
