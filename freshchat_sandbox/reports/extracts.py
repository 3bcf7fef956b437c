"""The files behind report links: ZIPs of one or more CSVs, bare CSVs, and empty ones."""

from __future__ import annotations

import csv
import io
import zipfile
from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from freshchat_sandbox.desk.dice import Dice

ROWS_AT_A_TIME = 500
ROWS_A_MEMBER = 200_000
_BOM = b"\xef\xbb\xbf"


def title_case(column: str) -> str:
    """Spell a column as accounts with the other header style do: `Conversation Id`."""
    return column.replace("_", " ").title()


def pack(
    name: str, header: tuple[str, ...], rows: Iterator[tuple[object, ...]], dice: Dice
) -> Iterator[bytes]:
    """Yield the file in pieces; how it is packed is up to the dice."""
    first = next(rows, None)
    if first is None:
        return _pack_nothing(name, header, dice.between(0, 2))
    rows = chain((first,), rows)
    form = dice.between(0, 9)
    start = _BOM if form % 3 == 0 else b""
    if form >= 8:  # noqa: PLR2004 - two in ten are not zipped
        return chain((start,), _lines(header, rows))
    sizes = [dice.between(5, 60)] if form >= 5 else []  # noqa: PLR2004 - three have members
    return _zip(name, _members(header, rows, sizes, start))


def _pack_nothing(name: str, header: tuple[str, ...], form: int) -> Iterator[bytes]:
    if form == 0:
        return _zip(name, iter([_lines(header, ())]))
    if form == 1:
        return _zip(name, iter([iter((b"",))]))
    return iter((b"",))


def _members(
    header: tuple[str, ...], rows: Iterator[tuple[object, ...]], sizes: list[int], start: bytes
) -> Iterator[Iterator[bytes]]:
    """Yield CSVs, each with the header again: of the given sizes first, then large ones."""
    for size in chain(sizes, iter(lambda: ROWS_A_MEMBER, None)):
        first = next(rows, None)
        if first is None:
            return
        yield chain((start,), _lines(header, chain((first,), islice(rows, size - 1))))


def _lines(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[bytes]:
    rows = chain((header,), rows)
    while batch := list(islice(rows, ROWS_AT_A_TIME)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(batch)
        yield text.getvalue().encode()


def _zip(name: str, members: Iterator[Iterator[bytes]]) -> Iterator[bytes]:
    spout = _Spout()
    with zipfile.ZipFile(spout, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, member in enumerate(members, start=1):
            entry = zipfile.ZipInfo(f"{name}-{number}.csv")  # dated 1980: same rows, same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                for piece in member:
                    file.write(piece)
                    yield spout.drain()
            yield spout.drain()
    yield spout.drain()


class _Spout(io.RawIOBase):
    """A file that only ever flows out: cannot seek, and forgets what was drained."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # any buffer
        self._held += piece
        return len(piece)

    def drain(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held
