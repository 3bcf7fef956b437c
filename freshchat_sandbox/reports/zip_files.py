"""Report files: ZIPs of one or more CSVs, plain CSVs, and empty files."""

from __future__ import annotations

import csv
import io
import zipfile
from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from freshchat_sandbox.account.rng import SeededRandom

ROWS_PER_CHUNK = 500
MAX_ROWS_PER_FILE = 200_000
_BOM = b"\xef\xbb\xbf"


def title_case(column: str) -> str:
    """Return a column name in the other header style: `Conversation Id`."""
    return column.replace("_", " ").title()


def pack_rows(
    name: str, header: tuple[str, ...], rows: Iterator[tuple[object, ...]], rng: SeededRandom
) -> Iterator[bytes]:
    """Yield the file in chunks; the packing is random."""
    first = next(rows, None)
    if first is None:
        return _pack_empty(name, header, rng.randint(0, 2))
    rows = chain((first,), rows)
    packing = rng.randint(0, 9)
    start = _BOM if packing % 3 == 0 else b""
    if packing >= 8:  # noqa: PLR2004 - two in ten are not zipped
        return chain((start,), _lines(header, rows))
    sizes = [rng.randint(5, 60)] if packing >= 5 else []  # noqa: PLR2004 - three in ten have several members
    return _zip(name, _members(header, rows, sizes, start))


def _pack_empty(name: str, header: tuple[str, ...], packing: int) -> Iterator[bytes]:
    if packing == 0:
        return _zip(name, iter([_lines(header, ())]))
    if packing == 1:
        return _zip(name, iter([iter((b"",))]))
    return iter((b"",))


def _members(
    header: tuple[str, ...], rows: Iterator[tuple[object, ...]], sizes: list[int], start: bytes
) -> Iterator[Iterator[bytes]]:
    """Yield CSVs, each with the header: first of the given sizes, then large ones."""
    for size in chain(sizes, iter(lambda: MAX_ROWS_PER_FILE, None)):
        first = next(rows, None)
        if first is None:
            return
        yield chain((start,), _lines(header, chain((first,), islice(rows, size - 1))))


def _lines(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[bytes]:
    rows = chain((header,), rows)
    while batch := list(islice(rows, ROWS_PER_CHUNK)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(batch)
        yield text.getvalue().encode()


def _zip(name: str, members: Iterator[Iterator[bytes]]) -> Iterator[bytes]:
    buffer = _StreamingBuffer()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, member in enumerate(members, start=1):
            entry = zipfile.ZipInfo(
                f"{name}-{number}.csv"
            )  # dated 1980, so that the same rows give the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                for piece in member:
                    file.write(piece)
                    yield buffer.drain()
            yield buffer.drain()
    yield buffer.drain()


class _StreamingBuffer(io.RawIOBase):
    """Write-only file that cannot seek; `drain` returns and removes what was written."""

    def __init__(self) -> None:
        self._content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # any buffer
        self._content += piece
        return len(piece)

    def drain(self) -> bytes:
        content = bytes(self._content)
        self._content.clear()
        return content
