"""Factory of log records without secrets and control characters, for all handlers."""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from target_segment.log_text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REDACTED = "[redacted]"
# A line of the target or of a library is far shorter.
MAX_LINE_CHARACTERS = 10_000
# A shorter key, which only a test has, is part of ordinary words.
_MIN_SECRET_CHARACTERS = 8
_AUTHORIZATION = re.compile(
    r"(authorization\W{1,9}(?:(?:bearer|basic)\s+)?|\b(?:bearer|basic)\s+)[^\s\"',;\\]+",
    re.IGNORECASE,
)


class RedactingFactory:
    """Factory that redacts secrets in every record, and writes control characters as escapes.

    Secrets are the write key, the values of `headers` and Authorization headers. All loggers make
    their records with it, so the redaction does not depend on which handlers, filters and levels a
    log configuration sets, now or later. A record without anything to remove stays as it is, for
    formatters that read its parts. Values of `extra` are not checked.
    """

    def __init__(self, base: Callable[..., logging.LogRecord]) -> None:
        self.base = base
        self.secrets: frozenset[str] = frozenset()

    def __call__(self, *args: Any, **options: Any) -> logging.LogRecord:
        """Make a record."""
        record = self.base(*args, **options)
        # The SDK names a logger after each stream, and names of streams come from the input.
        record.name = escape_controls(record.name)
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - of a library's call; the error would show its arguments
            text, record.args = str(record.msg), None
        clean = escape_controls(self._clean(text))
        if clean != text or record.args is None:
            record.msg, record.args = clean, None
        if record.exc_info:
            text = logging.Formatter().formatException(record.exc_info)
            # A structured formatter writes the causes too, also those that a traceback leaves out.
            texts = [text, *map(str, _with_causes(record.exc_info[1]))]
            if any(_escape_lines(self._clean(each)) != each for each in texts):
                record.exc_text, record.exc_info = _escape_lines(self._clean(text)), None
        return record

    def _clean(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, REDACTED)
        return _AUTHORIZATION.sub(rf"\1{REDACTED}", text)[:MAX_LINE_CHARACTERS]


def redact_logs(*secrets: str) -> None:
    """Let every log record of this process be made by the factory, and redact secrets in it."""
    current: Any = logging.getLogRecordFactory()
    factory = current
    # Another program in this process may have put its own factory before this one.
    while factory is not None and not isinstance(factory, RedactingFactory):
        factory = getattr(factory, "base", None)
    if factory is None:
        factory = RedactingFactory(current)
        logging.setLogRecordFactory(factory)
    for secret in secrets:
        if len(secret) >= _MIN_SECRET_CHARACTERS:
            # As it is, in a URL, and as the user name of Basic authentication.
            basic = b64encode(f"{secret}:".encode()).decode()
            factory.secrets |= {secret, quote(secret, safe=""), basic}


def _escape_lines(text: str) -> str:
    return "\n".join(map(escape_controls, text.split("\n")))


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
