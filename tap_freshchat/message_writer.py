"""Singer message writer to stdout: buffers records and flushes every other message at once."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib import Message, RecordMessage
from singer_sdk.singerlib.encoding import GenericSingerWriter
from typing_extensions import override

from tap_freshchat.errors import FreshchatError

if TYPE_CHECKING:
    from collections.abc import Callable


class BufferedMessageWriter(GenericSingerWriter[bytes, Message]):
    """Writer that leaves records in stdout's own buffer, so that not each costs a system call.

    Each line enters the buffer whole, and a STATE is flushed after the records before it. Whenever
    the process dies, its reader has lines in order, the last one perhaps cut, and no STATE that
    covers a record that was not written. FreshchatError means that stdout is closed.
    """

    def __init__(self) -> None:
        # Python's sign of a descriptor that was closed before the start.
        if sys.stdout is None:
            raise FreshchatError("stdout is closed; pipe the tap into a target.")
        self._encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode
        self._in_a_line = False
        self._between_lines: Callable[[], None] | None = None

    def run_between_lines(self, act: Callable[[], None]) -> None:
        """Call `act` now; or, from a signal handler in the middle of a line, once that is whole."""
        self._between_lines = act
        if not self._in_a_line:
            act()

    @override
    def serialize_message(self, message: Message) -> bytes:
        return self._encode(message.to_dict()) + b"\n"

    def write_record(self, stream: str, record: dict[str, Any]) -> None:
        """Write a record as `write_message` would write its message."""
        message = {
            "type": "RECORD",
            "stream": stream,
            "record": record,
            "time_extracted": datetime.now(timezone.utc),
        }
        self._write(self._encode(message) + b"\n")

    @override
    def write_message(self, message: Message) -> None:
        self._write(self.serialize_message(message), flushed=not isinstance(message, RecordMessage))

    def _write(self, line: bytes, *, flushed: bool = False) -> None:
        self._in_a_line = True
        try:
            # Without a buffer (PYTHONUNBUFFERED), a signal can leave a write incomplete.
            while (count := sys.stdout.buffer.write(line)) != len(line):
                if count is None:
                    raise BlockingIOError
                line = line[count:]
            if flushed:
                sys.stdout.buffer.flush()
        finally:
            self._in_a_line = False
            if self._between_lines is not None:
                self._between_lines()
