"""Locked append-only file that several processes share; a line is on disk or fails."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# The lines hold personal data: only the owner may read them.
_OWNER_ONLY = 0o600


class LockedAppendFile:
    """Appends lines to a file, which the first one creates; for one thread at a time.

    `on_idle` is called while another process locks the file; it may raise to end the wait.
    """

    def __init__(self, path: Path, on_idle: Callable[[], None]) -> None:
        self._path = path
        self._on_idle = on_idle
        self._descriptor: int | None = None

    def append(self, line: bytes) -> None:
        """Write a line to disk; `OSError` if it cannot be, and then no part of it stays."""
        while True:
            if self._descriptor is None:
                self._descriptor = _open(self._path)
            descriptor = self._descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                _write(descriptor, line)
                return
            with _exclusive_lock(descriptor, self._on_idle):
                if _is_same_file(self._path, descriptor):
                    _append(descriptor, line)
                    return
            # The file was moved away for a replay: a line in it would be lost.
            self.close()

    def close(self) -> None:
        """Close the file if it is open."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _is_same_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _append(descriptor: int, line: bytes) -> None:
    size = os.fstat(descriptor).st_size
    try:
        # A crash may have left half a line.
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            _write(descriptor, b"\n")
        _write(descriptor, line)
        os.fsync(descriptor)
    except OSError:
        # Half a line would break the next one.
        os.ftruncate(descriptor, size)
        raise


def _write(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


@contextmanager
def _exclusive_lock(descriptor: int, on_idle: Callable[[], None]) -> Iterator[None]:
    # Some file systems have no locks: there, each process needs its own file.
    with suppress(OSError):
        while True:
            # A blocking call would not react to signals.
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                on_idle()
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _OWNER_ONLY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        # A link may lead to a file that others read by intent.
        if not path.is_symlink():
            os.fchmod(descriptor, _OWNER_ONLY)
        if is_new:
            _sync_folder(path.parent)
    return descriptor


def _sync_folder(folder: Path) -> None:
    """Write a new file's name to disk, without which a crash could lose the file."""
    # Not every system can open or sync a folder.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
