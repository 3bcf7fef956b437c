"""Log text: control characters of external names as escapes, in any configuration of logging."""

from __future__ import annotations

import logging

from typing_extensions import override


def escape_controls(text: str) -> str:
    """Return one line of printable characters; any other becomes its Python escape."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


class EscapingFilter(logging.Filter):
    """Filter that escapes control characters: names of streams come from the input.

    It is for handlers, because the filter of a logger does not see the records of its children.
    """

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        # The SDK names a logger after each stream.
        record.name = escape_controls(record.name)
        text = record.getMessage()
        if not text.isprintable():
            record.msg, record.args = escape_controls(text), None
        return True


def escape_logs() -> None:
    """Attach the filter to every handler of this process that has none yet."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    handlers = {
        handler
        for logger in loggers
        if isinstance(logger, logging.Logger)
        for handler in [*logger.handlers, logging.lastResort]
        if handler is not None
    }
    for handler in handlers:
        if not any(isinstance(each, EscapingFilter) for each in handler.filters):
            handler.addFilter(EscapingFilter())
