"""Server whose responses have one malformed header line, as some proxies send."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

from fakes.services import LOOPBACK, QuietHandler, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b"{}"


class _Handler(QuietHandler):
    def do_GET(self) -> None:
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nno colon here\r\nX-More: 1\r\n\r\n%b"
            % (len(BODY), BODY)
        )


@contextmanager
def malformed_host() -> Iterator[str]:
    """Serve on a free port of this host; yields its URL, without a slash at the end."""
    with serving(ThreadingHTTPServer((LOOPBACK, 0), _Handler)) as server:
        yield f"http://{LOOPBACK}:{server.server_port}"
