"""One deadline for a whole response, however slowly it comes."""

import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import cast

import pytest
import requests
from fakes.clock import StillClock
from fakes.services import LOOPBACK, QuietHandler, serving

from tap_freshchat.api.client import FreshchatClient
from tap_freshchat.api.deadlines import DeadlineAdapter, is_public
from tap_freshchat.api.rate_limiting import RateLimiter
from tap_freshchat.errors import ConnectionFailedError

# Seconds between two pieces, and for a whole response.
PAUSE, TIMEOUT = 0.02, 0.2
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
HEADER_LINE = b"HTTP/1.1 200 OK\r\nX-A: "
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Endless(ThreadingHTTPServer):
    """A server that sends a start, and then one piece after another until it has ended."""

    def __init__(self, script: tuple[bytes, bytes]) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.script = script
        self.ended = threading.Event()


class _Handler(QuietHandler):
    def do_GET(self) -> None:
        server = cast("_Endless", self.server)
        start, piece = server.script
        self.wfile.write(start)
        while not server.ended.wait(PAUSE):
            self.wfile.write(piece)
            self.wfile.flush()


@contextmanager
def client_of(start, piece):
    """A client of a server that sends `start`, and then one piece after another without end."""
    with serving(_Endless((start, piece))) as server:
        clock = StillClock()
        with requests.Session() as session:
            session.trust_env = False
            session.mount("http://", DeadlineAdapter())
            yield FreshchatClient(
                base_url=f"http://{LOOPBACK}:{server.server_port}/v2",
                token="t",
                session=session,
                limiter=RateLimiter(clock),
                clock=clock,
                timeout=TIMEOUT,
            )
        server.ended.set()


@pytest.mark.parametrize(
    ("start", "piece"), [(HEADERS, b" "), (HEADER_LINE, b"a"), (b"", CONTINUE), (b"", b"H")]
)
def test_a_response_that_drips_ends_with_the_deadline(start, piece):
    with client_of(start, piece) as client, pytest.raises(ConnectionFailedError):
        client.get("/agents", attempts=1)


def test_a_download_that_drips_ends_with_the_deadline():
    with client_of(HEADERS, b"P") as client, pytest.raises(ConnectionFailedError):
        client._with_retries(lambda: client._download("/file.zip", b"".join), 1)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *(("8.8.8.8", True), ("2001:4860:4860::8888", True), ("x.s3.amazonaws.com", True)),
        *(("127.0.0.1", False), ("10.1.2.3", False), ("192.168.0.1", False), ("::1", False)),
        *(("169.254.169.254", False), ("fe80::1%eth0", False), ("::ffff:127.0.0.1", False)),
        *(("0.0.0.0", False), ("fd00::1", False), ("100.64.0.1", False)),  # noqa: S104
    ],
)
def test_an_address_is_public_or_not(address, public):
    assert is_public(address) == public


def test_a_name_that_resolves_to_a_private_address_is_not_connected():
    with serving(ThreadingHTTPServer((LOOPBACK, 0), _Handler)) as server:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", DeadlineAdapter(public_only=True))
        with pytest.raises(requests.ConnectionError, match="no public address"):
            session.get(f"https://localhost:{server.server_port}/", timeout=5)
