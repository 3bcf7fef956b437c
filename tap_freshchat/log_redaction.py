"""Filter of log handlers that removes secrets and control characters, in any configuration."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_freshchat.log_text import printable, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

# A line of the tap or of a library is far shorter.
MAX_LINE_CHARACTERS = 10_000


class RedactingFilter(logging.Filter):
    """Filter that redacts the token, Authorization headers and signed queries of every record.

    It is for handlers, because the filter of a logger does not see the records of its children.
    """

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self._clean(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            # Formatters use this text instead of their own.
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._clean(record.exc_text)
            record.exc_info = None
        return True

    def _clean(self, text: str) -> str:
        return printable(redact(text[:MAX_LINE_CHARACTERS], self._token))


def redact_logs(token: str) -> None:
    """Attach the filter to every handler of this process, in place of an earlier one."""
    for handler in _handlers():
        for old in [each for each in handler.filters if isinstance(each, RedactingFilter)]:
            handler.removeFilter(old)
        handler.addFilter(RedactingFilter(token))


def _handlers() -> Iterator[logging.Handler]:
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    handlers = {
        handler
        for logger in loggers
        if isinstance(logger, logging.Logger)
        for handler in logger.handlers
    }
    yield from handlers
    if logging.lastResort is not None:
        yield logging.lastResort
