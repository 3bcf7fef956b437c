"""Factory of log records that removes secrets and control characters, in any log configuration."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tap_freshchat.log_text import printable, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A line of the tap or of a library is far shorter.
MAX_LINE_CHARACTERS = 10_000


class RedactingFactory:
    """Factory that redacts the tokens, Authorization headers and signed queries of every record.

    Every logger makes its records with the factory, before any filter, handler or formatter sees
    them. A filter of a logger would not see the records of its children, and a filter of a handler
    would not be on a handler that is added later. No log configuration replaces the factory.
    A record without anything to remove stays as it is, for formatters that read its parts. Values
    of `extra` are not checked.
    """

    def __init__(self, base: Callable[..., logging.LogRecord]) -> None:
        self.base = base
        self.tokens: frozenset[str] = frozenset()

    def __call__(self, *args: Any, **options: Any) -> logging.LogRecord:
        """Make a record."""
        record = self.base(*args, **options)
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - of a library's call; the error would show its arguments
            text, record.args = str(record.msg), None
        if (clean := self._clean(text)) != text or record.args is None:
            record.msg, record.args = clean, None
        if record.exc_info:
            text = logging.Formatter().formatException(record.exc_info)
            clean = self._clean(text)
            # Some formatters write the errors behind an error, also where `from None` hides them.
            if clean != text or not all(map(self._is_clean, _chain(record.exc_info[1]))):
                # Formatters use this text where there is no exception.
                record.exc_text, record.exc_info = clean, None
        return record

    def _is_clean(self, error: BaseException) -> bool:
        return self._clean(str(error)) == str(error)

    def _clean(self, text: str) -> str:
        return printable(redact(text, self.tokens)[:MAX_LINE_CHARACTERS])


def redact_logs(token: str) -> None:
    """Let every log record of this process be made by the factory, and redact a token in it."""
    current: Any = logging.getLogRecordFactory()
    found = current
    # Another program in this process may have put its own factory before this one.
    while found is not None and not isinstance(found, RedactingFactory):
        found = getattr(found, "base", None)
    if found is None:
        found = RedactingFactory(current)
        logging.setLogRecordFactory(found)
    found.tokens |= {token}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
