"""One run of the pair: two processes, a real pipe between them, and all that they wrote."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fault_injection.programs import WHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fault_injection.fork_server import Nursery

# Far beyond any run of the campaign: who is not done by then hangs.
PATIENCE_SECONDS = 60.0
# To say where it stands takes milliseconds.
LAST_WORDS_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Start:
    """How one program is started.

    Attributes:
        arguments: Of its command line.
        environ: The whole environment.
        most_bytes: The largest file that it may write; None for no limit.
    """

    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    most_bytes: int | None = None


@dataclass
class PairRun:
    """A tap and a target under way, or alone a target that reads no input.

    Attributes:
        statuses: Exit statuses by program, once it has ended; None for one that hung.
        logs: What each wrote to standard error; of one that hung, where its threads stood.
        command_lines: As the process list showed them.
        torn: What came after the last whole STATE line.
        patience: Seconds after which a program hangs.
    """

    nursery: Nursery
    folder: Path
    on_state: Callable[[bytes], None]
    execute: bool
    statuses: dict[str, int | None] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    command_lines: list[str] = field(default_factory=list)
    torn: bytes = b""
    patience: float = PATIENCE_SECONDS
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
        """Send a signal to `tap`, `target` or `both`, as far as they still run; whether any did."""
        victims = [
            process
            for name, process in self._processes.items()
            if victim in {name, "both"} and self.nursery.wait(process, 0) is None
        ]
        for process in victims:
            self.nursery.signal(process, number)
        return bool(victims)

    def wait(self) -> None:
        """Return when both have ended, of themselves or because they hung."""
        for name, process in self._processes.items():
            status = self.nursery.wait(process, self.patience)
            self.statuses[name] = status
            if status is None:
                for last in (WHERE, signal.SIGKILL):
                    self.nursery.signal(process, last)
                    if self.nursery.wait(process, LAST_WORDS_SECONDS) is not None:
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
            "most_bytes": start.most_bytes,
            "execute": self.execute,
        }
        files = (standard_in, standard_out, errors)
        self._processes[name] = self.nursery.start(order, files)
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
