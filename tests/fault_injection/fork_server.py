"""Fork server: a process with both programs loaded, which forks one of them on request.

It has one thread only, so that a fork behaves like a newly started program; a start takes
milliseconds instead of the second that imports take. A forked program exits through the end of
the interpreter, as any program does.
"""

from __future__ import annotations

import json
import os
import queue
import random
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fault_injection import programs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TESTS = Path(__file__).resolve().parents[1]
MAX_MESSAGE_BYTES = 1 << 17
# No bytecode: a program whose files may not grow writes half of a module's, which no other program
# can load afterwards.
PYTHON = (sys.executable, "-B")
STANDARD_FILES = 3


class ForkServer:
    """Client of the fork server; leaving the context ends all programs.

    Enter it before the process has other children to wait for.
    """

    def __enter__(self) -> ForkServer:  # noqa: PYI034 - Self needs Python 3.11
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environ = {**os.environ, "PYTHONPATH": str(TESTS)}
        with theirs:
            self._process = subprocess.Popen(
                [*PYTHON, "-m", "fault_injection.fork_server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environ,
                # Ctrl-C goes to the client, which then closes the socket.
                start_new_session=True,
            )
        self._started: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._ended: dict[int, int] = {}
        self._change = threading.Condition()
        self._ordering = threading.Lock()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._control.shutdown(socket.SHUT_RDWR)
        self._process.wait()
        self._listener.join()
        self._control.close()

    def start(self, order: Mapping[str, Any], files: Sequence[int]) -> int:
        """Start a program; its process id.

        Args:
            order: program, arguments, folder, environ, max_file_bytes of a file (or None), and
                whether to execute it from scratch.
            files: Descriptors of its standard input, output and error.
        """
        with self._ordering:
            message = json.dumps({"start": order}).encode()
            socket.send_fds(self._control, [message], files)
            return self._started.get(timeout=30)

    def signal(self, process: int, number: int) -> None:
        """Send a signal, unless the process has ended."""
        with suppress(OSError):
            self._control.send(json.dumps({"signal": [process, number]}).encode())

    def wait(self, process: int, seconds: float) -> int | None:
        """The exit status of a process, as in `subprocess`; None while it runs."""
        with self._change:
            self._change.wait_for(lambda: process in self._ended, seconds)
            return self._ended.get(process)

    def _listen(self) -> None:
        while message := self._control.recv(MAX_MESSAGE_BYTES):
            news = json.loads(message)
            if "started" in news:
                # Process ids are reused.
                self._ended.pop(news["started"], None)
                self._started.put(news["started"])
                continue
            with self._change:
                self._ended[news["ended"]] = os.waitstatus_to_exitcode(news["status"])
                self._change.notify_all()


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork on request until the socket closes; in a child, return what it is to run."""
    waking, woken = os.pipe()
    os.set_blocking(waking, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    children: set[int] = set()
    watched: list[Any] = [control, waking]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if waking in ready:
            os.read(waking, 512)
            _report_ended(control, children)
        if control not in ready:
            continue
        message, files, _, _ = socket.recv_fds(control, MAX_MESSAGE_BYTES, STANDARD_FILES)
        if not message:
            for child in children:
                os.kill(child, signal.SIGKILL)
            return None
        asked = json.loads(message)
        if "signal" in asked:
            process, number = asked["signal"]
            if process in children:
                os.kill(process, number)
            continue
        child = os.fork()
        if not child:
            control.close()
            os.close(waking)
            os.close(woken)
            order: dict[str, Any] = asked["start"]
            _enter_child(order, files)
            return order
        children.add(child)
        for descriptor in files:
            os.close(descriptor)
        control.send(json.dumps({"started": child}).encode())


def _report_ended(control: socket.socket, children: set[int]) -> None:
    while children:
        process, status = os.waitpid(-1, os.WNOHANG)
        if not process:
            return
        children.discard(process)
        with suppress(OSError):
            control.send(json.dumps({"ended": process, "status": status}).encode())


def _enter_child(order: Mapping[str, Any], files: Sequence[int]) -> None:
    """Set up a new fork as the requested process, up to running the program."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, descriptor in enumerate(files):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    tempfile.tempdir = None
    random.seed()
    if order["max_file_bytes"] is not None:
        limit = (order["max_file_bytes"], resource.RLIM_INFINITY)
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    if order["execute"]:
        module = ["-m", programs.__name__, order["program"], *order["arguments"]]
        os.execv(sys.executable, [*PYTHON, *module])  # noqa: S606 - no shell is needed


if __name__ == "__main__":
    found = serve(socket.socket(fileno=int(sys.argv[1])))
    if found is not None:
        programs.main(found["program"], *found["arguments"])
