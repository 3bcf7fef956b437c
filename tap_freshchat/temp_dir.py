"""Temporary directory of a run, removed however the run ends."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import weakref
from pathlib import Path

# Signals that end the tap.
TERMINATION_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TempDir:
    """Folder in the system's temporary directory, removed at interpreter exit at the latest."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="tap-freshchat-"))
        weakref.finalize(self, _remove, self.path)

    def remove(self) -> None:
        """Remove it now; again, if that has begun.

        Whoever asks for it in a signal handler ends the process before the former could go on.
        """
        _remove(self.path)


def _remove(folder: Path) -> None:
    """Remove what a run kept on disk; a signal that comes now finds nothing else to end."""
    if threading.current_thread() is not threading.main_thread():
        shutil.rmtree(folder, ignore_errors=True)
        return
    before = [signal.signal(number, signal.SIG_IGN) for number in TERMINATION_SIGNALS]
    shutil.rmtree(folder, ignore_errors=True)
    for number, handler in zip(TERMINATION_SIGNALS, before, strict=True):
        if handler is not None:  # one that was not set by Python
            signal.signal(number, handler)
