"""Input of the target: Singer lines, records, settings, dead letters."""

from __future__ import annotations

import contextlib
import io
import logging
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.singerlib.exceptions import SingerError

from target_segment.errors import TargetSegmentError
from target_segment.json_codec import NotJSONError, decode
from target_segment.replay import replay
from target_segment.target import TargetSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# What `outcome_of` makes one line of that says what to do.
DOCUMENTED_ERRORS = (TargetSegmentError, SingerSDKError, SingerError)
MAPPED = {
    "streams": {
        "*": {
            "event": ["name", {"value": "Happened"}],
            "user_id": ["user.id", "id"],
            "timestamp": "time",
            "context": {"ip": "deep.0.ip"},
            "properties": {"*": "*", "joined": {"join": ["a", "b.c"]}},
        },
        "people": {"call": "identify", "user_id": "id", "version": "time"},
    },
    "preset": "freshchat",
    "hash_properties": ["email", "deep.email"],
    "drop_properties": ["secret"],
    "truncate_properties": ["text"],
}


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """What a target changes for its own process, and what it logs, is nothing to this one."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def dry_target(**settings: Any) -> Iterator[TargetSegment]:
    """A target that writes what it would send into a folder that goes away."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())),
        undisturbed(),
    ):
        target = TargetSegment(
            config={
                **settings,
                "dry_run": True,
                "output_path": folder,
                "dead_letter_path": f"{folder}/dead_letters.jsonl",
            },
        )
        try:
            yield target
        finally:
            if target.started_run is not None:
                target.started_run.delivery.end(10)
                target.started_run.dead_letters.close()
                target.started_run.session.close()


def lines(data: bytes) -> None:
    """Singer messages, line by line, from the first to the last STATE."""
    with dry_target(**MAPPED) as target, contextlib.suppress(*DOCUMENTED_ERRORS):
        target.listen(io.BytesIO(data))  # type: ignore[arg-type] # bytes, as from a pipe


SCHEMA = b'{"type":"SCHEMA","stream":"%b","schema":{"properties":{}},"key_properties":["id"]}\n'


def record(data: bytes) -> None:
    """One JSON text as the record of three mappings: events, people, the preset's messages."""
    messages = [
        SCHEMA % stream + b'{"type":"RECORD","stream":"%b","record":%b}' % (stream, data)
        for stream in (b"orders", b"people", b"message_events")
    ]
    lines(b"\n".join(messages))


def dead_letters(data: bytes) -> None:
    """A dead-letter file, replayed."""
    with dry_target(**MAPPED) as target, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dead_letters.jsonl"
        path.write_bytes(data)
        with contextlib.suppress(*DOCUMENTED_ERRORS):
            replay(path, target.settings.routing, target.start_run(), target.check_interrupt)


def settings(data: bytes) -> None:
    """A config, as JSON: refused in one line each, or good enough to map a record with."""
    with contextlib.suppress(NotJSONError):
        config = decode(data)
        if isinstance(config, dict):
            with (
                contextlib.suppress(ConfigValidationError, *DOCUMENTED_ERRORS),
                dry_target(**config) as target,
            ):
                target.listen(io.BytesIO(RECORDS))  # type: ignore[arg-type] # as above


RECORDS = b"".join(
    SCHEMA % stream
    + b'{"type":"RECORD","stream":"%b","record":{"id":"1","a":{"b":["x",2]},"t":"2026"}}\n' % stream
    for stream in (b"orders", b"people", b"message_events")
)

TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "lines": lines,
    "record": record,
    "dead_letters": dead_letters,
    "settings": settings,
}
