"""Reader of Singer messages from stdin: exact numbers, errors without content."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from singer_sdk.io_base import GenericSingerReader
from singer_sdk.singerlib.exceptions import InvalidInputLine
from typing_extensions import override

from target_segment.bounded_lines import LINES_BETWEEN_CHECKS, MAX_LINE_BYTES, LineTooLongError
from target_segment.json_codec import NotJSONError, decode, decode_record_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Handler: TypeAlias = "Callable[[dict[str, Any]], None]"

# A pipe gives 64 KB at most at a time; a file gives what is asked.
_CHUNK_BYTES = 1 << 17

# How long to wait for input before `on_idle` is called.
_IDLE_SECONDS = 1.0

# After so many lines, and none that is UTF-8, the whole input is of another encoding.
_MAX_UNREADABLE_STARTS = 10
_NOT_UTF_8 = "No line of the input is UTF-8; change the encoding of the tap's output"

# Keys that the target reads (Singer specification and the SDK's BATCH message).
_REQUIRED_KEYS = {
    "SCHEMA": {"stream", "schema"},
    "RECORD": {"stream", "record"},
    "BATCH": {"stream", "encoding", "manifest"},
    "STATE": {"value"},
}


class MessageReader(GenericSingerReader[bytes]):
    """Reads messages and passes them to the target.

    Attributes:
        handlers: By type, what takes its messages, before the SDK's own callback for them.
        record_handlers: By stream, what takes its records directly.
        on_unreadable: Takes the number of each line that is not UTF-8, its text with U+FFFD in
            place of such bytes, and the message in that; None if it is no JSON.
        unreadable_lines: How many lines were not UTF-8.
        on_idle: Called between chunks of input and while there is none; may raise to end reading.
    """

    def __init__(self, on_idle: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.handlers: dict[str, Handler] = {}
        self.record_handlers: dict[str, Handler] = {}
        self.on_idle = on_idle
        self.on_unreadable: Callable[[int, str, Any], None] = lambda *_: None
        self.unreadable_lines = 0
        self._has_read = False
        self._line_number = 0

    @property
    @override
    def default_input(self) -> IO[bytes]:
        if sys.stdin is None:
            raise InvalidInputLine("stdin is closed; pipe a tap into the target")
        return sys.stdin.buffer

    @override
    def process_lines(
        self, file_input: IO[bytes] | None, callbacks: dict[str, Handler]
    ) -> Counter[str]:
        handlers = {**callbacks, **self.handlers}
        counts: Counter[str] = Counter()
        taken = 0
        record_handlers = self.record_handlers
        for line in self._lines(file_input or self.default_input):
            self._line_number += 1
            if not line:
                continue
            short = decode_record_line(line)
            if short is not None and short.stream in record_handlers:
                record_handlers[short.stream](short.record)
                taken += 1
                continue
            if not line.strip():
                continue
            message = self._readable(line)
            if message is None:
                continue
            kind = message.get("type")
            if not isinstance(kind, str) or kind not in handlers:
                raise InvalidInputLine(
                    f"Line {self._line_number}: unknown or missing Singer message type"
                )
            if missing := sorted(_REQUIRED_KEYS.get(kind, set()) - message.keys()):
                raise InvalidInputLine(f"Line {self._line_number} lacks {', '.join(missing)}")
            handlers[kind](message)
            counts[kind] += 1
        counts["RECORD"] += taken
        if self.unreadable_lines and not self._has_read:
            raise InvalidInputLine(_NOT_UTF_8)
        return counts

    def _readable(self, line: bytes) -> dict[str, Any] | None:
        """Decode a line; None if it was not UTF-8 and has been passed to `on_unreadable`.

        A SCHEMA can be used all the same.
        """
        try:
            message = self.deserialize_json(line)
        except InvalidInputLine:
            if _is_utf_8(line):
                raise
        else:
            self._has_read = True
            return message
        self.unreadable_lines += 1
        if not self._has_read and self.unreadable_lines == _MAX_UNREADABLE_STARTS:
            raise InvalidInputLine(_NOT_UTF_8)
        text = line.decode(errors="replace").rstrip("\r\n")
        try:
            replaced = decode(text)
        except NotJSONError:
            replaced = None
        self.on_unreadable(self._line_number, text, replaced)
        if not isinstance(replaced, dict) or replaced.get("type") != "SCHEMA":
            return None
        self._has_read = True
        return replaced

    @override
    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        try:
            message = decode(line)
        except NotJSONError:
            message = None
        if not isinstance(message, dict):
            raise InvalidInputLine(
                f"Line {self._line_number} of the input is not a JSON object; "
                "check that the tap writes only Singer messages to stdout"
            )
        return message

    def _lines(self, source: IO[Any]) -> Iterator[bytes]:
        try:
            descriptor = source.fileno()
        except (AttributeError, OSError):
            yield from self._lines_from_object(source)
            return
        unfinished: list[bytes] = []
        held = 0
        for chunk in self._chunks(descriptor):
            start = 0
            # Line by line rather than split at once: each line reuses the memory of the last.
            while (end := chunk.find(b"\n", start)) >= 0:
                line = chunk[start:end]
                start = end + 1
                if unfinished:
                    line = b"".join((*unfinished, line))
                    unfinished.clear()
                    held = 0
                yield line
            unfinished.append(chunk[start:])
            held += len(chunk) - start
            if held > MAX_LINE_BYTES:
                raise InvalidInputLine(
                    f"Line {self._line_number + 1} of the input is {LineTooLongError()}"
                )
        yield b"".join(unfinished)

    def _lines_from_object(self, source: IO[Any]) -> Iterator[bytes]:
        for number, line in enumerate(source):
            if not number % LINES_BETWEEN_CHECKS:
                self.on_idle()
            yield line

    def _chunks(self, descriptor: int) -> Iterator[bytes]:
        """Read input as it comes, and call `on_idle` at once on a signal.

        Reading resumes after a signal (PEP 475); waiting on a pipe that signals write to does not.
        """
        with _wakeup_pipe() as signals:
            while True:
                self.on_idle()
                ready, _, _ = select.select([descriptor, *signals], [], [], _IDLE_SECONDS)
                for pipe in signals:
                    if pipe in ready:
                        os.read(pipe, 64)
                if descriptor not in ready:
                    continue
                self.on_idle()
                chunk = os.read(descriptor, _CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk


def _is_utf_8(line: bytes | str) -> bool:
    try:
        # Input from an object may be text.
        _ = line if isinstance(line, str) else line.decode()
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _wakeup_pipe() -> Iterator[list[int]]:
    """Yield a descriptor that each signal makes readable; none outside the main thread."""
    with ExitStack() as stack:
        reading, writing = os.pipe()
        stack.callback(os.close, reading)
        stack.callback(os.close, writing)
        os.set_blocking(writing, False)
        try:
            previous = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        except ValueError:
            yield []
        else:
            stack.callback(signal.set_wakeup_fd, previous)
            yield [reading]
