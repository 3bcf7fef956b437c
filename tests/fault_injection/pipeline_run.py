"""Pipeline run: tap and target as two processes with a pipe between them, and their output."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fault_injection.programs import DUMP_STACKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fault_injection.fork_server import ForkServer

# Much longer than any run takes: a program that is not done by then hangs.
HANG_SECONDS = 60.0
# A stack dump takes milliseconds.
STACK_DUMP_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Start:
    """How one program is started.

    Attributes:
        arguments: Of its command line.
        environ: The whole environment.
        max_file_bytes: The largest file that it may write; None for no limit.
    """

    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    max_file_bytes: int | None = None


@dataclass
class PipelineRun:
    """A running tap and target, or a target alone that reads no input.

    Attributes:
        statuses: Exit statuses by program, once it has ended; None for one that hung.
        logs: Standard error by program; with a stack dump of every thread if it hung.
        command_lines: As shown in the process list.
        torn: Output after the last complete STATE line.
        hang_seconds: Seconds after which a program counts as hung.
    """

    fork_server: ForkServer
    folder: Path
    on_state: Callable[[bytes], None]
    execute: bool
    statuses: dict[str, int | None] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    command_lines: list[str] = field(default_factory=list)
    torn: bytes = b""
    hang_seconds: float = HANG_SECONDS
    _processes: dict[str, int] = field(default_factory=dict)
    _readers: list[threading.Thread] = field(default_factory=list)

    def start(self, starts: Mapping[str, Start]) -> None:
        """Start `tap` and `target`, or `target` alone."""
        reading, writing = os.pipe()
        if "tap" in starts:
            nothing = os.open(os.devnull, os.O_RDONLY)
            self._start("tap", starts["tap"], nothing, writing)
        else:
            os.close(writing)
        out, states = os.pipe()
        self._start("target", starts["target"], reading, states)
        self._read(self._read_states, out)
        for name, process in self._processes.items():
            self.command_lines.append(f"{name}: {_command_line(process)}")

    def signal(self, victim: str, number: int) -> bool:
        """Send a signal to `tap`, `target` or `both`, if they still run; whether any does."""
        victims = [
            process
            for name, process in self._processes.items()
            if victim in {name, "both"} and self.fork_server.wait(process, 0) is None
        ]
        for process in victims:
            self.fork_server.signal(process, number)
        return bool(victims)

    def wait(self) -> None:
        """Wait until both have ended; kill those that hang."""
        for name, process in self._processes.items():
            status = self.fork_server.wait(process, self.hang_seconds)
            self.statuses[name] = status
            if status is None:
                for number in (DUMP_STACKS, signal.SIGKILL):
                    self.fork_server.signal(process, number)
                    if self.fork_server.wait(process, STACK_DUMP_SECONDS) is not None:
                        break
        for reader in self._readers:
            reader.join()

    def _start(self, name: str, start: Start, standard_in: int, standard_out: int) -> None:
        log, errors = os.pipe()
        order = {
            "program": name,
            "arguments": start.arguments,
            "folder": str(self.folder),
            "environ": dict(start.environ),
            "max_file_bytes": start.max_file_bytes,
            "execute": self.execute,
        }
        files = (standard_in, standard_out, errors)
        self._processes[name] = self.fork_server.start(order, files)
        for descriptor in files:
            os.close(descriptor)
        self._read(lambda file: self.logs.update({name: file.read()}), log)

    def _read(self, read: Callable[[Any], None], descriptor: int) -> None:
        def run() -> None:
            with closing(os.fdopen(descriptor, "rb")) as file:
                read(file)

        reader = threading.Thread(target=run, daemon=True)
        reader.start()
        self._readers.append(reader)

    def _read_states(self, file: Any) -> None:
        for line in file:
            if line.endswith(b"\n"):
                self.on_state(line)
            else:
                self.torn = line


def _command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
