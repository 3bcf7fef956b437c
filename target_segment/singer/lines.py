"""Lines of foreign files, one at a time and none longer than any honest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

# Segment takes 32 KB an event. A record may hold a file that the mapping leaves out, a STATE what
# a tap remembers of each of its partitions: megabytes. More is a file without ends of lines.
MAX_LINE_BYTES = 64 * 1024**2


class LineTooLongError(ValueError):
    """A line has more than `MAX_LINE_BYTES`; the text says so, to stand behind a line's place."""

    def __init__(self) -> None:
        super().__init__(f"longer than {MAX_LINE_BYTES:,} bytes")


def bounded_lines(file: io.BufferedIOBase) -> Iterator[bytes]:
    """Lines with their ends, as iterating over the file gives them.

    Raises:
        LineTooLongError: in place of a line that memory might not hold.
    """
    while line := file.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            raise LineTooLongError
        yield line
