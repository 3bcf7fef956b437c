"""HTTP client: one request to Segment."""

import http.client
import io
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import datetime, timezone
from http.server import ThreadingHTTPServer
from typing import cast

import pytest
import requests
import urllib3
from fakes.clock import StillClock
from fakes.http import Answer, ScriptedAdapter
from fakes.segment import Scripted
from fakes.services import LOOPBACK, QuietHandler, free_port, serving

from target_segment.clock import SystemClock
from target_segment.delivery.client import SegmentClient, check_write_key
from target_segment.delivery.connection_errors import permanent_cause
from target_segment.delivery.deadlines import DeadlineAdapter
from target_segment.delivery.responses import Outcome
from target_segment.errors import DeliveryError

NOW = datetime(2026, 11, 22, 10, 55, 22, 220_999, tzinfo=timezone.utc)
EVENT = b'{"type":"track","event":"e","userId":"u","messageId":"m"}'


@contextmanager
def client_of(api_url, *, timeout=5, clock=None, **options):
    with requests.Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, DeadlineAdapter())
        yield SegmentClient(
            session=session,
            api_url=api_url,
            write_key="key-1",
            timeout=timeout,
            clock=clock or SystemClock(),
            user_agent="target-segment/1",
            **options,
        )


@pytest.fixture
def client(segment):
    with client_of(segment.api_url) as client:
        yield client


def test_a_body_is_compressed_and_has_credentials_and_sent_at(client, segment):
    result = client.post([EVENT] * 50, 0)
    assert result.outcome is Outcome.ACCEPTED
    [received] = segment.received
    assert segment.complaints == []
    assert (result.body_bytes, result.sent_bytes) == (received.size, received.wire_size)
    assert result.sent_bytes < result.body_bytes / 5
    assert "x-retry-count" not in received.headers


def test_each_attempt_has_its_own_sent_at_and_is_counted(client, segment):
    for attempt in range(3):
        client.post([EVENT], attempt)
    counts = [received.headers.get("x-retry-count") for received in segment.received]
    assert counts == [None, "1", "2"]
    assert segment.complaints == []


def test_credentials_in_netrc_do_not_replace_the_write_key(client, segment, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client.post([EVENT], 0)
    assert segment.complaints == []


@pytest.mark.parametrize("stored", [True, False])
def test_a_broken_connection_is_retried(client, segment, stored):
    segment.next_answers.append(Scripted(status=0, stored=stored))
    result = client.post([EVENT], 0)
    assert result.outcome is Outcome.RETRY
    assert result.status == "ConnectionError"


def test_an_unreachable_host_is_retried():
    with client_of("http://127.0.0.1:9/v1") as client:
        assert client.post([EVENT], 0).outcome is Outcome.RETRY


def test_a_write_key_is_known_unknown_or_undetermined(segment):
    with requests.Session() as session:
        url = f"{segment.cdn_url}/v1/projects/%s/settings"
        assert check_write_key(session, url % "key-1", 5) is True
        assert check_write_key(session, url % "key-2", 5) is False
        assert check_write_key(session, "http://127.0.0.1:9/", 1) is None


def test_a_redirect_to_an_invalid_url_is_a_wrong_api_url(client, segment):
    segment.next_answers.append(Scripted(status=302, headers={"Location": "http://["}))
    with pytest.raises(DeliveryError, match="HTTP 302"):
        client.post([EVENT], 0)


class Endless(io.RawIOBase):
    """A body without an end."""

    def readable(self):
        return True

    def readinto(self, buffer):
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_an_endless_response_is_read_up_to_the_limit():
    with requests.Session() as session:
        session.mount("https://", ScriptedAdapter([Answer(503, Endless()), Answer(200, Endless())]))
        client = SegmentClient(
            session=session,
            api_url="https://api.segment.io/v1",
            write_key="key-1",
            timeout=5,
            clock=StillClock(NOW),
            user_agent="target-segment/1",
        )
        assert client.post([EVENT], 0).outcome is Outcome.RETRY
        assert check_write_key(session, "https://cdn.segment.com/v1", 5) is True


def test_extra_headers_are_sent_and_may_replace_the_credentials(segment):
    headers = {"X-Strict-Mode": "1", "Authorization": "Bearer token"}
    with client_of(segment.api_url, headers=headers) as client:
        client.post([EVENT], 0)
    [received] = segment.received
    assert received.headers["x-strict-mode"] == "1"
    assert received.headers["authorization"] == "Bearer token"
    assert received.headers["content-type"] == "application/json"


def test_a_response_without_an_acknowledgement_or_with_a_page_is_named_in_the_status(segment):
    segment.next_answers += [Scripted(status=200, json={}), Scripted(status=502, json="<html>")]
    with client_of(segment.api_url, at_segment=True) as client:
        assert client.post([EVENT], 0).status == "HTTP 200 without an acknowledgement"
        assert client.post([EVENT], 0).status == "HTTP 502 with a web page"


# Seconds between two pieces, and for an attempt.
PAUSE, TIMEOUT = 0.02, 0.2
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


class EndlessServer(ThreadingHTTPServer):
    """A server that sends a start, and then one piece after another until it has ended."""

    def __init__(self, start, piece):
        super().__init__((LOOPBACK, 0), EndlessHandler)
        self.start, self.piece = start, piece
        self.ended = threading.Event()


class EndlessHandler(QuietHandler):
    def do_POST(self):
        server = cast("EndlessServer", self.server)
        self.wfile.write(server.start)
        while not server.ended.wait(PAUSE):
            self.wfile.write(server.piece)
            self.wfile.flush()


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (HEAD, b" "),
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"H"),
    ],
)
def test_an_attempt_ends_with_its_timeout_however_slowly_the_response_arrives(start, piece):
    with (
        serving(EndlessServer(start, piece)) as server,
        client_of(f"http://{LOOPBACK}:{server.server_port}/v1", timeout=TIMEOUT) as client,
    ):
        assert client.post([EVENT], 0).outcome is Outcome.RETRY
        server.ended.set()


@pytest.fixture
def no_proxy(monkeypatch):
    """An environment without settings of proxies or certificates."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("HTTPS_PROXY", "http://127.0.0.1:{closed}", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "http://127.0.0.1:{open}", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "socks9://127.0.0.1", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "http://[::1", "HTTPS_PROXY"),
        ("REQUESTS_CA_BUNDLE", "/does/not/exist.pem", "REQUESTS_CA_BUNDLE"),
    ],
)
def test_a_wrong_proxy_or_bundle_ends_the_run_and_names_the_variable(
    no_proxy, segment, variable, value, says
):
    port = segment.api_url.rsplit(":")[-1].removesuffix("/v1")
    no_proxy.setenv(variable, value.replace("{closed}", str(free_port())).replace("{open}", port))
    with (
        pytest.raises(DeliveryError, match=says),
        client_of("https://events.example/v1") as client,
    ):
        client.post([EVENT], 0)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ssl.SSLCertVerificationError(1, "self-signed certificate"), "REQUESTS_CA_BUNDLE"),
        (requests.exceptions.InvalidURL("bad"), "api_url"),
        (UnicodeError("label too long"), "api_url"),
        (requests.exceptions.InvalidSchema("socks"), "HTTPS_PROXY"),
    ],
)
def test_an_error_that_waiting_cannot_cure_names_the_setting(error, says):
    wrapped = requests.exceptions.SSLError(error) if isinstance(error, ssl.SSLError) else error
    assert says in permanent_cause(wrapped)


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ConnectTimeout("x"),
        requests.exceptions.ConnectionError("reset"),
        requests.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred")),
        requests.exceptions.ProxyError("Tunnel connection failed: 503 Service Unavailable"),
        requests.exceptions.ChunkedEncodingError("x"),
    ],
)
def test_a_passing_error_has_no_permanent_cause(error):
    assert permanent_cause(error) is None


class FailingAdapter(requests.adapters.BaseAdapter):
    """A transport that raises an error of the layers below requests."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def send(self, *_, **__):
        raise self.error

    def close(self):
        pass


@pytest.mark.parametrize(
    "error",
    [
        urllib3.exceptions.ProtocolError("broken"),
        urllib3.exceptions.ReadTimeoutError(None, "/", "slow"),
        ssl.SSLError(1, "bad record"),
        socket.gaierror(-3, "temporary failure in name resolution"),
        ConnectionResetError(104, "reset"),
        OSError(24, "too many open files"),
        http.client.IncompleteRead(b""),
        http.client.BadStatusLine("x"),
    ],
)
def test_an_error_of_a_layer_below_requests_is_retried_and_only_its_class_is_told(error):
    with client_of("https://events.example/v1") as client:
        client.session.mount("https://", FailingAdapter(error))
        result = client.post([EVENT], 0)
        assert (result.outcome, result.status) == (Outcome.RETRY, type(error).__name__)
        assert check_write_key(client.session, "https://cdn.example/key-1", 5) is None


@pytest.mark.usefixtures("no_proxy")
def test_https_to_a_server_without_tls_names_api_url(segment):
    with (
        client_of(segment.api_url.replace("http:", "https:")) as client,
        pytest.raises(DeliveryError, match="check scheme and port of api_url"),
    ):
        client.post([EVENT], 0)
