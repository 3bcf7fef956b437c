"""BATCH files: the records of the files that a BATCH message names."""

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
    """Yield the records of a BATCH message in the order of its files.

    `on_idle` is called every `LINES_BETWEEN_CHECKS` lines; it may raise to end reading. Raises
    `InvalidInputLine` if the message or a file, which it names, is invalid.
    """
    if not isinstance(message["stream"], str):
        raise InvalidInputLine("The stream of a BATCH message must be a string")
    where = f"BATCH of stream '{message['stream']}'"
    encoding, manifest = message["encoding"], message["manifest"]
    options = encoding if isinstance(encoding, dict) else {}
    compression = options.get("compression")
    if options.get("format") != "jsonl" or compression not in (None, "none", "gzip"):
        raise InvalidInputLine(
            f"{where}: the files must be jsonl, plain or gzip; change the batch_config of the tap"
        )
    if not isinstance(manifest, list):
        raise InvalidInputLine(f"{where}: the manifest must be a list of files")
    for number, url in enumerate(manifest, start=1):
        path = _path(url)
        if path is None:
            # Without the URL, which may be signed.
            raise InvalidInputLine(f"{where}: file {number} of the manifest is not on this host")
        if path.exists() and not path.is_file():
            # Opening a pipe would block.
            raise InvalidInputLine(f"{where}: {path} is not a file")
        yield from _records(path, where, on_idle, is_gzip=compression == "gzip")


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


def _records(
    path: Path, where: str, on_idle: Callable[[], None], *, is_gzip: bool
) -> Iterator[Any]:
    for number, line in enumerate(_lines(path, where, is_gzip=is_gzip), start=1):
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


def _lines(path: Path, where: str, *, is_gzip: bool) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from bounded_lines(gzip.GzipFile(fileobj=file) if is_gzip else file)
    except LineTooLongError as error:
        raise InvalidInputLine(f"{where}: {path} has a line {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is truncated or not gzip"
        raise InvalidInputLine(f"{where}: {path} cannot be read: {reason}") from None
