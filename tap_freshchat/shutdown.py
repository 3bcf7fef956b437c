"""Shutdown of a run: one line for any error, signals, and the removal of temporary files."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import signal
import sqlite3
import stat
import sys
import tempfile
import threading
import traceback
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError

from tap_freshchat.errors import FreshchatError, StreamsFailedError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator
    from types import FrameType

# Signals that do not end a process by default, or that no handler can serve: those of faults in
# the program itself, and those that Python turns into an OSError.
_OTHER_SIGNALS = {
    *("SIGKILL", "SIGSTOP", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGTSTP"),
    *("SIGTTIN", "SIGTTOU", "SIGINFO", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"),
    *("SIGIOT", "SIGTRAP", "SIGPIPE", "SIGXFSZ"),
}
# Signals that end the tap.
TERMINATION_SIGNALS = tuple(
    number
    for number in signal.Signals
    if number.name not in _OTHER_SIGNALS and number.name not in {"SIGRTMIN", "SIGRTMAX"}
)
_PREFIX = "tap-freshchat-"
# File in a temporary directory that its run keeps locked.
_LOCK = "lock"


class TempDir:
    """Temporary directory of a run, removed at interpreter exit at the latest.

    Only its owner can open it. Directories of runs that died without removing theirs are removed.
    """

    def __init__(self) -> None:
        remove_orphans(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        # Held until the process ends, however it ends: other containers can share the directory,
        # and cannot see this process.
        lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        weakref.finalize(self, os.close, lock)
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
        # Exit functions run in reverse order: no signal interrupts the removal at exit.
        atexit.register(_ignore_signals)

    def remove(self) -> None:
        """Remove it now; a second call, in a signal handler during the first, completes it."""
        shutil.rmtree(self.path, ignore_errors=True)


def remove_orphans(folder: Path) -> None:
    """Remove the temporary directories of this user's dead processes from a folder."""
    for path in folder.glob(f"{_PREFIX}*-*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            found = path.lstat()
            owned = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
            if not (owned and pid.isascii() and pid.isdigit()) or _is_alive(int(pid)):
                continue
            with (path / _LOCK).open("r+") as lock:
                # BlockingIOError if a run in another container holds it.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def handle_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    """Let a handler serve all signals that would end the process without removing its files.

    A signal that is ignored, as under nohup, or has a handler already, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in TERMINATION_SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, handler)


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Block termination signals within the `with` block; threads started in it keep that."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINATION_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ignore_signals() -> None:
    for number in TERMINATION_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def report_errors_and_exit(logger: logging.Logger) -> Iterator[None]:
    """Log any exception as one line, invalid settings as one line each, and exit with status 1.

    No line contains record content, which the text of an unexpected error or the SDK's traceback
    might.
    """
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
        # The command line reports these itself, or ends quietly: the reader of a broken pipe
        # reports why it is gone.
        raise
    except ConfigValidationError as error:
        for line in error.errors:
            logger.error(line)  # noqa: TRY400 - no traceback
        sys.exit(1)
    except StreamsFailedError as error:
        # Each stream has its line already.
        logger.warning("%s", error)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - each becomes a line
        logger.critical("%s", format_error(error))
        sys.exit(1)


def format_error(error: Exception) -> str:
    """One line for any error: what happened and what to change, without record content."""
    if isinstance(error, (FreshchatError, SingerSDKError)):
        return " ".join(str(error).split())
    if isinstance(error, BlockingIOError):
        return "stdout is non-blocking and full; pipe the tap into a blocking reader."
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        return (
            "The system refuses more memory or threads. Raise its limits, or lower setting "
            "max_concurrency."
        )
    if isinstance(error, (OSError, sqlite3.OperationalError)):
        # The client replaces the errors of requests, so this is a file.
        return (
            f"A file cannot be written or read ({getattr(error, 'strerror', None) or error}). Free "
            f"disk space, or set TMPDIR to a folder that has space for temporary files."
        )
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__
    ]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:]]
    return (
        f"Unexpected {type(error).__name__} at {' > '.join(places)}. This is a bug in "
        f"tap-freshchat. Completed windows are saved in STATE."
    )
