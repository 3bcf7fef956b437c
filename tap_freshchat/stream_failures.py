"""Register of the streams that failed in a run, and of the errors that end a run as a whole."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from singer_sdk.exceptions import SingerSDKError

from tap_freshchat.errors import (
    AuthorizationError,
    FreshchatError,
    RetryableError,
    StreamsFailedError,
)
from tap_freshchat.shutdown import format_error

if TYPE_CHECKING:
    from collections.abc import Callable

# Of this machine, not of a stream: disk, memory, threads, stdout; and the SDK's own endings.
_OF_THE_RUN = (OSError, MemoryError, sqlite3.OperationalError, SingerSDKError)


@dataclass
class StreamFailures:
    """Streams that failed, with their errors.

    `check_service` makes the cheapest request; it raises if the service as a whole is down.
    """

    check_service: Callable[[], object]
    errors: dict[str, Exception] = field(default_factory=dict, init=False)
    _log: ClassVar = logging.getLogger("tap-freshchat")

    def add(self, stream: str, error: Exception) -> None:
        """Log the error of a stream as one line; raises an error that concerns the whole run.

        The run ends if the token or host is wrong, the service is down, or this machine lacks
        something. Any other error costs one stream.
        """
        if isinstance(error, _OF_THE_RUN) or "can't start new thread" in str(error):
            raise error
        if isinstance(error, AuthorizationError) and not error.forbidden:
            raise error
        if isinstance(error, RetryableError):
            try:
                self.check_service()
            except AuthorizationError as refused:
                # A token of another scope may not read this and still reads all else.
                if not refused.forbidden:
                    raise error from None
            except FreshchatError:
                raise error from None
        self.errors[stream] = error
        self._log.error(
            "Stream %s failed: %s",
            stream,
            format_error(error),
        )

    def raise_if_any(self) -> None:
        """Raise StreamsFailedError if a stream failed."""
        if self.errors:
            raise StreamsFailedError(self.errors)
