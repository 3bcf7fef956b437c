"""Lines of foreign files, one at a time and none longer than any honest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

# Segment takes 32 KB an event. A record may hold a file that the mapping leaves out, a STATE what
# a tap remembers of each of its partitions: megabytes. More is a file without ends of lines.
MAX_LINE_BYTES = 64 * 1024**2
# How often whoever reads many lines looks after what is under way.
LINES_BETWEEN_CHECKS = 500


class LineTooLongError(ValueError):
    """A line has more bytes than it may; the text says so, to stand behind a line's place."""

    def __init__(self, most: int = MAX_LINE_BYTES) -> None:
        super().__init__(f"longer than {most:,} bytes")


def bounded_lines(file: io.BufferedIOBase, most: int = MAX_LINE_BYTES) -> Iterator[bytes]:
    """Lines with their ends, as iterating over the file gives them.

    Args:
        file: Open for reading.
        most: How many bytes a line may have.

    Raises:
        LineTooLongError: in place of a line that memory might not hold.
    """
    while line := file.readline(most):
        if len(line) == most and not line.endswith(b"\n"):
            raise LineTooLongError(most)
        yield line
