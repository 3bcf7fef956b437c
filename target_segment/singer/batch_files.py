"""The records of a BATCH message: read line by line from the files that it names."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from singer_sdk.singerlib.exceptions import InvalidInputLine

from target_segment.bounded_lines import LINES_BETWEEN_CHECKS, LineTooLongError, bounded_lines
from target_segment.json_codec import NotJSONError, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def batch_records(message: Mapping[str, Any], on_idle: Callable[[], None]) -> Iterator[Any]:
    """Read the records of a BATCH message, one a line, in the order of its files.

    Args:
        message: Has a stream, an encoding and a manifest.
        on_idle: Called now and then; it may raise to end reading.

    Raises:
        InvalidInputLine: The message, or a file, is not what it must be; the text names the file.
    """
    if not isinstance(message["stream"], str):
        raise InvalidInputLine("A BATCH message's stream must be a text")
    where = f"BATCH of stream '{message['stream']}'"
    encoding, manifest = message["encoding"], message["manifest"]
    how = encoding if isinstance(encoding, dict) else {}
    compression = how.get("compression")
    if how.get("format") != "jsonl" or compression not in (None, "none", "gzip"):
        raise InvalidInputLine(f"{where}: its files must be jsonl, plain or gzip; change the tap's")
    if not isinstance(manifest, list):
        raise InvalidInputLine(f"{where}: its manifest must be a list of files")
    for number, url in enumerate(manifest, start=1):
        path = _path(url)
        if path is None:
            # Without the URL: a signed one is a key.
            raise InvalidInputLine(f"{where}: file {number} of its manifest is none of this host")
        if path.exists() and not path.is_file():
            # Opening a pipe would wait for whoever writes to it, deaf to signals.
            raise InvalidInputLine(f"{where}: {path} is no file")
        yield from _records(path, where, on_idle, packed=compression == "gzip")


def _path(url: Any) -> Path | None:
    if not isinstance(url, str) or "\0" in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if not parts.scheme:
        return Path(url)
    here = parts.scheme == "file" and parts.netloc in ("", "localhost")
    return Path(url2pathname(parts.path)) if here else None


def _records(path: Path, where: str, on_idle: Callable[[], None], *, packed: bool) -> Iterator[Any]:
    for number, line in enumerate(_lines(path, where, packed=packed), start=1):
        if not number % LINES_BETWEEN_CHECKS:
            on_idle()
        if not line.strip():
            continue
        try:
            record = decode(line)
        except NotJSONError:
            record = None
        if not isinstance(record, dict):
            raise InvalidInputLine(f"{where}: line {number} of {path} is not a JSON object")
        yield record


def _lines(path: Path, where: str, *, packed: bool) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from bounded_lines(gzip.GzipFile(fileobj=file) if packed else file)
    except LineTooLongError as error:
        raise InvalidInputLine(f"{where}: {path} has a line {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is cut, or no gzip"
        raise InvalidInputLine(f"{where}: {path} cannot be read: {reason}") from None
