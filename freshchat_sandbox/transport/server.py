"""Serves a sandbox over real HTTP, for other clients than `requests`."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from freshchat_sandbox.exchange import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freshchat_sandbox.exchange import Response
    from freshchat_sandbox.service import Sandbox


def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """Return a server bound to an address; the caller runs `serve_forever`.

    Signed links of report files name another host of the same server: `localhost` when the
    API is asked as `127.0.0.1`, and the other way round.

    Args:
        sandbox: Who answers.
        host: The address to listen on.
        port: The port; 0 takes a free one, to be read from `server_port`.
    """
    return _Server((host, port), type("Handler", (_Handler,), {"sandbox": sandbox}))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away; report the rest as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Turns a wire request into one of the sandbox, and the answer back into bytes."""

    protocol_version = "HTTP/1.1"
    server_version = "FreshchatSandbox"
    wbufsize = 1 << 16  # an answer in one packet, and no wait for the client's
    disable_nagle_algorithm = True  # acknowledgement: else 40 ms are lost at times
    sandbox: Sandbox

    def do_GET(self) -> None:
        self._exchange()

    def do_POST(self) -> None:
        self._exchange()

    def do_PUT(self) -> None:
        self._exchange()

    def do_PATCH(self) -> None:
        self._exchange()

    def do_DELETE(self) -> None:
        self._exchange()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Keep quiet."""

    def _exchange(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = f"http://{self.headers.get('Host', '')}{self.path}"
        request = Request.of(self.command, url, dict(self.headers.items()), body)
        self._send(self.sandbox.respond(request))

    def _send(self, answer: Response) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        given = {name.lower() for name in answer.headers}
        if "date" not in given:
            self.send_header("Date", self.date_time_string())
        if answer.rest is not None:
            self.send_header("Transfer-Encoding", "chunked")
        elif "content-length" not in given:
            self.send_header("Content-Length", str(len(answer.body)))
        elif answer.headers.get("Content-Length") != str(len(answer.body)):
            self.close_connection = True  # a cut body: the client must see it end
        self.end_headers()
        if answer.rest is None:
            self.wfile.write(answer.body)
        else:
            self._send_chunks(answer.body, answer.rest)

    def _send_chunks(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._send_chunk(first)
        for piece in rest:
            if piece:  # an empty chunk would end the body
                self._send_chunk(piece)
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
