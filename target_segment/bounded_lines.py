"""Bounded lines: reads untrusted files line by line with a limit on their length."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

# Segment takes 32 KB an event, but a record may hold a file that the mapping leaves out, and a
# STATE may have megabytes of partitions. Longer lines are a file without line ends.
MAX_LINE_BYTES = 64 * 1024**2
# How many lines are read between two calls of `on_idle`.
LINES_BETWEEN_CHECKS = 500


class LineTooLongError(ValueError):
    """A line exceeds the limit; the message continues a sentence that names the line."""

    def __init__(self, most: int = MAX_LINE_BYTES) -> None:
        super().__init__(f"longer than {most:,} bytes")


def bounded_lines(file: io.BufferedIOBase, most: int = MAX_LINE_BYTES) -> Iterator[bytes]:
    """Yield lines with their line ends; raises `LineTooLongError` over `most` bytes."""
    while line := file.readline(most):
        if len(line) == most and not line.endswith(b"\n"):
            raise LineTooLongError(most)
        yield line
