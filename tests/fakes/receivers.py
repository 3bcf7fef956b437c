"""Fake receivers that are not Segment: each responds as its documentation or its code says."""

from __future__ import annotations

import base64
import gzip
import json
import re
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from fakes.services import LOOPBACK, LocalService, QuietHandler, serving

if TYPE_CHECKING:
    from contextlib import ExitStack
    from http.server import BaseHTTPRequestHandler

TEXT, JSON = "text/plain; charset=utf-8", "application/json"


class FakeReceiver(LocalService):
    """A receiver of batches under `/v1/batch`, on a free port of this host.

    Attributes:
        accepted: Events that it keeps, in order of arrival.
        requests: Headers of all batch requests, in lower case.
    """

    def __init__(self, write_key: str) -> None:
        self.write_key = write_key
        self.accepted: list[dict[str, Any]] = []
        self.requests: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())

    def _start(self, opened: ExitStack) -> None:
        opened.enter_context(serving(self._server))

    @property
    def host_url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def respond(self, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, str, str]:
        """Status, content type and body of the response to a batch."""
        raise NotImplementedError

    def basic(self, headers: dict[str, str]) -> str:
        """User and password of Basic auth."""
        kind, _, text = headers.get("authorization", "").partition(" ")
        return base64.b64decode(text).decode() if kind == "Basic" else ""

    def _handler(fake) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._send(404, TEXT, "404 page not found\n")

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/v1/batch":
                    self._send(404, TEXT, "404 page not found\n")
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                fake.requests.append(headers)
                self._send(*fake.respond(headers, json.loads(gzip.decompress(content))))

            def _send(self, status: int, kind: str, text: str) -> None:
                self.send_response_only(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

        return Handler


class FakeRudderStack(FakeReceiver):
    """rudder-server's gateway: Basic auth only; one event without an id refuses the whole batch."""

    def respond(self, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, str, str]:
        if self.basic(headers) != f"{self.write_key}:":
            return 401, TEXT, "Invalid Write Key\n"
        if not all(event.get("userId") or event.get("anonymousId") for event in body["batch"]):
            return 400, TEXT, "Request neither has anonymousId nor userId\n"
        self.accepted += body["batch"]
        return 200, TEXT, "OK"


class FakeJitsu(FakeReceiver):
    """Jitsu's ingest (jitsucom/bulker): keeps the valid events of a batch, and names the others."""

    def respond(self, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, str, str]:
        if self.basic(headers).split(":")[:2] != self.write_key.split(":"):
            return 401, JSON, json.dumps({"error": "stream not found"})
        errors = []
        for event in body["batch"]:
            if fault := self._fault(event):
                message_id = re.sub(r"[^a-zA-Z0-9._-]", "_", event["messageId"])[:64]
                errors.append(f"Message ID: {message_id}: {fault}")
            else:
                self.accepted.append(event)
        count = len(body["batch"])
        counts = {"receivedEvents": count, "okEvents": count - len(errors)}
        answer = {"ok": False, "errors": errors} if errors else {"ok": True}
        return 200, JSON, json.dumps({**answer, **counts})

    def _fault(self, event: dict[str, Any]) -> str:
        if event["type"] == "track" and re.search(r"--|;|=|/\*", event["event"]):
            return "event error: Invalid track event name"
        return ""


class FakeCustomerIo(FakeReceiver):
    """Customer.io's Pipelines API: reports errors only with `X-Strict-Mode: 1`."""

    def respond(self, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, str, str]:
        is_strict = headers.get("x-strict-mode") == "1"
        if self.basic(headers) != f"{self.write_key}:":
            return (401, JSON, '{"error": "unauthorized"}') if is_strict else (200, JSON, "{}")
        valid = [event for event in body["batch"] if event.get("event") or event["type"] != "track"]
        if len(valid) < len(body["batch"]) and is_strict:
            return 400, JSON, json.dumps({"error": "event is required"})
        self.accepted += valid
        return 200, JSON, '{"success": true}'
