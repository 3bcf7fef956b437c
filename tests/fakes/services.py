"""Services of this host that run until a `with` block ends: HTTP servers in threads, processes."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import ThreadingHTTPServer

    from typing_extensions import Self

    Server = TypeVar("Server", bound=ThreadingHTTPServer)

LOOPBACK = "127.0.0.1"


class LocalService(ABC):
    """Base of a service that runs until the `with` block ends."""

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._start(opened)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @abstractmethod
    def _start(self, opened: ExitStack) -> None:
        """Start everything, and register in `opened` what ends it, also if the start fails."""


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Serve requests in a thread; each connection has a thread of its own."""
    server.daemon_threads = True
    # The default, half a second, is how long every test would wait at its end.
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """The number of a free port."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port: int = free.getsockname()[1]
    return port


class QuietHandler(BaseHTTPRequestHandler):
    """Handler of requests from clients that may be killed at any time; logs nothing."""

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().finish()

    def log_message(self, *_: Any) -> None:
        pass
