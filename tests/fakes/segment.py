"""Fake Segment over HTTP, as strict and as silent as the documentation of the service.

It responds with 200 to almost everything, as Segment does, and separates what Segment would keep
(`accepted`) from what it would silently drop (`swallowed`). `complaints` lists what no correct
client does. Faults are scripted with `next_answers`, or decided by `is_poison` and `fault`.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from fakes.faulty_server import Form, send
from fakes.services import LOOPBACK, LocalService, QuietHandler, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from http.server import BaseHTTPRequestHandler

MAX_EVENT_BYTES = 32_000
MAX_BODY_BYTES = 500_000
MAX_BODY_EVENTS = 2_500
CALLS = {"track": "event", "identify": None, "group": "groupId"}
ACCEPTED = {"success": True}


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """One answer out of the ordinary.

    Attributes:
        status: HTTP status; 0 cuts the connection without an answer.
        stored: Whether the body is stored all the same.
        json: The answer's body; HTML if it is text.
        headers: More headers.
        form: How the answer leaves.
    """

    status: int
    stored: bool = False
    json: Any = field(default_factory=lambda: {"success": False})
    headers: dict[str, str] = field(default_factory=dict)
    form: Form = Form.WHOLE


@dataclass(frozen=True, kw_only=True)
class Received:
    """One batch request, as it came."""

    headers: dict[str, str]
    body: dict[str, Any]
    size: int
    wire_size: int


class FakeSegment(LocalService):
    """The service on a free port of this host, until the `with` block ends.

    Attributes:
        write_keys: The sources there are.
        accepted: Events that a debugger would show, in order of arrival.
        swallowed: (event, why) of those that were answered with 200 and dropped.
        received: All batch requests that were read.
        complaints: What no well-behaved client does.
        next_answers: Answers to the next batch requests, before it is as usual again.
        is_poison: Events for which a batch gets a 400.
        fault: Called when a batch request arrives; its response follows `next_answers`.
        gate: Requests wait here before they are answered; open at first.
        clock_ahead: Seconds by which the service's clock is ahead of this host's.
    """

    def __init__(self, write_keys: tuple[str, ...] = ("key-1",)) -> None:
        self.write_keys = set(write_keys)
        self.accepted: list[dict[str, Any]] = []
        self.swallowed: list[tuple[dict[str, Any], str]] = []
        self.received: list[Received] = []
        self.looked_up: list[str] = []
        self.complaints: list[str] = []
        self.next_answers: deque[Scripted] = deque()
        self.is_poison: Callable[[dict[str, Any]], bool] = lambda _: False
        self.fault: Callable[[], Scripted | None] = lambda: None
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        self.clock_ahead = 0.0
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._ids: set[str] = set()
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())

    def _start(self, opened: ExitStack) -> None:
        opened.enter_context(serving(self._server))
        opened.callback(self.gate.set)

    @property
    def cdn_url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_port}"

    @property
    def api_url(self) -> str:
        return f"{self.cdn_url}/v1"

    @property
    def names(self) -> list[str]:
        return [event.get("event", event["type"]) for event in self.accepted]

    @property
    def ids(self) -> list[str]:
        return [event["messageId"] for event in self.accepted]

    def _take(self, headers: dict[str, str], wire: bytes, fault: Scripted | None) -> Scripted:
        raw = gzip.decompress(wire) if headers.get("content-encoding") == "gzip" else wire
        try:
            body = json.loads(raw, parse_constant=_refuse_constant)
        except ValueError:
            return _refusal("malformed JSON")
        with self._lock:
            received = Received(headers=headers, body=body, size=len(raw), wire_size=len(wire))
            self.received.append(received)
            self._complain(received)
            scripted = self.next_answers.popleft() if self.next_answers else fault
            if scripted is not None and not scripted.stored:
                return scripted
            if not body.get("writeKey"):
                return _refusal("An invalid write key was provided")
            too_large = any(_size(event) > MAX_EVENT_BYTES for event in body["batch"])
            if too_large or len(raw) > MAX_BODY_BYTES or any(map(self.is_poison, body["batch"])):
                return _refusal("cannot be processed")
            self._store(body)
        return scripted or Scripted(status=200, json=ACCEPTED)

    def _complain(self, received: Received) -> None:
        headers, body = received.headers, received.body
        key = body.get("writeKey", "")
        expected = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        if headers.get("authorization") != expected:
            self.complaints.append("Basic auth and writeKey differ")
        if headers.get("content-type") != "application/json":
            self.complaints.append("not sent as JSON")
        if not headers.get("user-agent", "").startswith("target-segment/"):
            self.complaints.append("does not say who it is")
        try:
            sent_at = datetime.fromisoformat(body["sentAt"].replace("Z", "+00:00"))
        except (KeyError, ValueError):
            self.complaints.append("sentAt is missing or no time")
            return
        if abs((datetime.now(timezone.utc) - sent_at).total_seconds()) > 60:
            self.complaints.append("sentAt is not the time of sending")

    def _store(self, body: dict[str, Any]) -> None:
        for position, event in enumerate(body["batch"]):
            why = self._swallows(event, body["writeKey"], position)
            if why:
                self.swallowed.append((event, why))
            else:
                self._ids.add(event["messageId"])
                self.accepted.append(event)

    def _swallows(self, event: dict[str, Any], write_key: str, position: int) -> str | None:
        needed = CALLS.get(event.get("type", ""), "?")
        message_id = event.get("messageId")
        checks = {
            "unknown write key": write_key not in self.write_keys,
            "beyond 2,500 events": position >= MAX_BODY_EVENTS,
            "unknown type": needed == "?",
            "no identity": not (event.get("userId") or event.get("anonymousId")),
            # Segment's own library writes null for the id that it was not given.
            "an id that is not text": not all(
                isinstance(event.get(name), (str, type(None))) for name in ("userId", "anonymousId")
            ),
            "nothing to call it": needed not in (None, "?") and not event.get(str(needed)),
            "message id": not isinstance(message_id, str) or not 0 < len(message_id) < 100,
            "duplicate": message_id in self._ids,
        }
        return next((why for why, holds in checks.items() if holds), None)

    def _handler(fake) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"
            # Without it, the answer's head waits for the other side's delayed acknowledgement.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                parts = self.path.strip("/").split("/")
                if parts[:2] == ["v1", "projects"] and parts[3:] == ["settings"]:
                    fake.looked_up.append(parts[2])
                    known = parts[2] in fake.write_keys
                    answer: dict[str, Any] = {"integrations": {}} if known else {}
                    self._answer(Scripted(status=200 if known else 404, json=answer))
                else:
                    self._answer(Scripted(status=404, json={}))

            def do_POST(self) -> None:
                wire = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/v1/batch":
                    self._answer(Scripted(status=404, json="<html>Not here</html>"))
                    return
                with fake._lock:
                    fake._at_once += 1
                    fake.most_at_once = max(fake.most_at_once, fake._at_once)
                fake.arrived.release()
                fake.gate.wait(30)
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = fake._take(headers, wire, fake.fault())
                with fake._lock:
                    fake._at_once -= 1
                self._answer(answer)

            def _answer(self, answer: Scripted) -> None:
                page = isinstance(answer.json, str)
                now = datetime.now(timezone.utc).timestamp() + fake.clock_ahead
                date = format_datetime(datetime.fromtimestamp(now, timezone.utc), usegmt=True)
                kind = "text/html" if page else "application/json"
                send(
                    self,
                    answer.status,
                    {"Date": date, "Content-Type": kind, **answer.headers},
                    answer.json.encode() if page else json.dumps(answer.json).encode(),
                    answer.form if answer.status else Form.RESET,
                )

        return Handler


def _refusal(message: str) -> Scripted:
    return Scripted(status=400, json={"success": False, "message": message})


def _refuse_constant(text: str) -> None:
    raise ValueError(text)


def _size(event: dict[str, Any]) -> int:
    return len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
