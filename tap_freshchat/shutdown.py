"""Early end of a run: one line for any error, and signals held back or ignored."""

from __future__ import annotations

import signal
import sqlite3
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError

from tap_freshchat.errors import FreshchatError
from tap_freshchat.temp_dir import TERMINATION_SIGNALS

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator


@contextmanager
def report_errors_and_exit(logger: logging.Logger) -> Iterator[None]:
    """Log any exception as one line and exit with status 1.

    The line never contains record content, which the text of an unexpected error or the SDK's
    traceback might.
    """
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit, ConfigValidationError):
        # Words about the command line or the settings, which the SDK tells itself.
        raise
    except BrokenPipeError:
        # The reader of stdout is gone and reports why; the command line ends quietly.
        raise
    except Exception as error:  # noqa: BLE001 - that is what it is for
        logger.critical("%s", _format_error(error))
        sys.exit(1)


def _format_error(error: Exception) -> str:
    if isinstance(error, (FreshchatError, SingerSDKError)):
        return " ".join(str(error).split())
    if isinstance(error, BlockingIOError):
        return "The output takes no more for now: pipe the tap to a reader that lets it wait."
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        return (
            "The system gives the tap no more memory or threads: raise its limits, or lower "
            "setting max_concurrency."
        )
    if isinstance(error, (OSError, sqlite3.OperationalError)):
        # Requests' own errors never come so far, which leaves the disk.
        return (
            f"A file cannot be written or read ({getattr(error, 'strerror', None) or error}): make "
            f"room, or set TMPDIR to a folder that has it for temporary files."
        )
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__
    ]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:]]
    return (
        f"Unforeseen {type(error).__name__} at {' > '.join(places)}; this is a bug of "
        f"tap-freshchat's. What whole windows gave stands in STATE."
    )


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Block termination signals within the `with` block; threads started in it keep that."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINATION_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_signals() -> None:
    """Ignore termination signals from now on."""
    for number in TERMINATION_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
