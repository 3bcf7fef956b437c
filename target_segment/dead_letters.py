"""Dead letters: the file of undeliverable events and records, one JSON line each."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from target_segment.bounded_lines import MAX_LINE_BYTES, LineTooLongError, bounded_lines
from target_segment.errors import DeadLetterError
from target_segment.json_codec import (
    NotEncodableError,
    NotJSONError,
    decode,
    encode,
    encode_with_nan,
)
from target_segment.locked_file import LockedAppendFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from target_segment.clock import Clock
    from target_segment.segment_spec import Event, Reason

# A dead letter is a record or event and the reason.
_MAX_LINE_BYTES = 2 * MAX_LINE_BYTES


class DeadLetters:
    """Appends to the file of dead letters, which the first one creates.

    It is safe to share between threads. One run may write `limit` of them. `on_idle` is called
    while another process locks the file; it may raise to end the wait. Writing raises
    `DeadLetterError` if the file cannot be written, or there are too many.
    """

    def __init__(self, path: Path, limit: int, clock: Clock, on_idle: Callable[[], None]) -> None:
        self.path = path
        self._limit = limit
        self._clock = clock
        self._file = LockedAppendFile(path, on_idle)
        self._lock = threading.Lock()
        self.count = 0

    def write_event(self, event: Event, reason: Reason) -> None:
        """Write an event that cannot be sent."""
        self._keep(self._header(event.stream, reason) + b',"event":' + event.payload)

    def write_record(self, stream: str, keys: Sequence[str], record: Any, reason: Reason) -> None:
        """Write a record that cannot become an event."""
        try:
            marked = encode_with_nan(record)
        except NotEncodableError:
            raise DeadLetterError(
                f"A record of stream '{stream}' is nested too deeply for the dead-letter file"
            ) from None
        body = b',"key_properties":%b,"record":%b' % (encode(list(keys)), marked)
        self._keep(self._header(stream, reason) + body)

    def write_line(self, text: str, reason: Reason) -> None:
        """Write a line of the input that cannot be read; a replay leaves it out."""
        self._keep(self._header("", reason) + b',"line":' + encode(text))

    def close(self) -> None:
        """Close the file if it is open."""
        self._file.close()

    def _header(self, stream: str, reason: Reason) -> bytes:
        head = {
            "time": self._clock.now().isoformat(),
            "stream": stream,
            "reason": {"code": reason.code, "text": reason.text},
        }
        return encode(head)[:-1]

    def _keep(self, line: bytes) -> None:
        with self._lock:
            if self.count >= self._limit:
                where = f"; the last reasons are in {self.path}" if self.count else ""
                raise DeadLetterError(
                    f"More than {self._limit} events could not be sent (max_dead_letters){where}"
                )
            try:
                self._file.append(line + b"}\n")
            except OSError as error:
                raise DeadLetterError(
                    f"The dead-letter file {self.path} cannot be written: {error.strerror}; "
                    "change dead_letter_path or make room"
                ) from None
            self.count += 1


class DeadLetter(msgspec.Struct, frozen=True):
    """A line of the file, to be sent again: an event, or a record with its key properties."""

    stream: str
    event: dict[str, Any] | None = None
    record: dict[str, Any] | None = None
    keys: list[str] | None = msgspec.field(name="key_properties", default=None)
    # Of a Singer message, which has no key properties: its ids would be other ones.
    type: str | None = None

    @property
    def payload(self) -> bytes:
        """The event's bytes. Decimals keep their digits, so they are those of the first attempt."""
        return encode(self.event)


def read_dead_letters(path: Path) -> Iterator[DeadLetter | None]:
    """Read the file as it was at the start, line by line; None for a line that is no dead letter.

    Dead letters written meanwhile, perhaps to the same file, are not read. Raises
    `DeadLetterError` if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            end = os.fstat(file.fileno()).st_size
            position = 0
            for line in bounded_lines(file, _MAX_LINE_BYTES):
                position += len(line)
                if line.strip():
                    yield _parse(line)
                if position >= end:
                    return
    except OSError as error:
        raise DeadLetterError(f"The file {path} cannot be read: {error.strerror}") from None
    except LineTooLongError as error:
        raise DeadLetterError(f"The file {path} has a line {error}; take it out") from None


def _parse(text: bytes) -> DeadLetter | None:
    try:
        entry = msgspec.convert(decode(text), DeadLetter)
        encode(entry.event)
    except (NotJSONError, NotEncodableError, msgspec.ValidationError):
        return None
    is_empty = entry.event is None and entry.record is None
    return None if is_empty or entry.type is not None else entry
