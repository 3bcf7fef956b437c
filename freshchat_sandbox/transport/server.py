"""HTTP server of a sandbox, for clients other than `requests`."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from freshchat_sandbox.http_messages import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freshchat_sandbox.http_messages import Response
    from freshchat_sandbox.sandbox import Sandbox


def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """Return a server bound to an address; the caller runs `serve_forever`.

    Signed links of report files name another host of the same server: `localhost` when the
    API is called as `127.0.0.1`, and the reverse.

    Args:
        sandbox: The sandbox to serve.
        host: Address to listen on.
        port: Port to listen on; 0 selects a free one, see `server_port`.
    """
    return _Server((host, port), type("Handler", (_Handler,), {"sandbox": sandbox}))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect; report other errors as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Handler that passes HTTP requests to the sandbox and sends its responses."""

    protocol_version = "HTTP/1.1"
    server_version = "FreshchatSandbox"
    wbufsize = 1 << 16  # a response in one packet, without waiting for the acknowledgement
    disable_nagle_algorithm = True  # of the client: otherwise 40 ms are lost at times
    sandbox: Sandbox

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Log nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = f"http://{self.headers.get('Host', '')}{self.path}"
        request = Request.of(self.command, url, dict(self.headers.items()), body)
        self._send(self.sandbox.respond(request))

    def _send(self, response: Response) -> None:
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        given = {name.lower() for name in response.headers}
        if "date" not in given:
            self.send_header("Date", self.date_time_string())
        if response.rest is not None:
            self.send_header("Transfer-Encoding", "chunked")
        elif "content-length" not in given:
            self.send_header("Content-Length", str(len(response.body)))
        elif response.headers.get("Content-Length") != str(len(response.body)):
            self.close_connection = True  # a cut body: the client must see it end
        self.end_headers()
        if response.rest is None:
            self.wfile.write(response.body)
        else:
            self._send_chunks(response.body, response.rest)

    def _send_chunks(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._send_chunk(first)
        for piece in rest:
            if piece:  # an empty chunk would end the body
                self._send_chunk(piece)
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
