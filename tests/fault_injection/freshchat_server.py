"""The sandbox over HTTP, with the faults of a hosted service on the way."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from fakes.faulty_server import Form, send

from fault_injection.fault_kinds import Channel
from tap_freshchat.sandbox import Request, Response, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fault_injection.injector import Moments
    from fault_injection.schedules import Fault

FILES = "/extracts/"
_POLL = re.compile(r"/v2/reports/raw/(.+)")
_PAGE = b"<!DOCTYPE html><html><body>Sign in to your account</body></html>"
_XML = {"Content-Type": "application/xml"}
_FORMS = {"cut": Form.CUT, "dripping": Form.DRIPPING, "stalled": Form.STALLED, "reset": Form.RESET}
_REFUSALS = (500, 502, 503, 504)


class FreshchatEnd:
    """The service on a free port of this host, until the `with` block ends.

    Attributes:
        complaints: What no well-behaved client does.
        answers: Bodies of JSON answers, as they were sent.
    """

    def __init__(self, sandbox: Sandbox, now: Callable[[], datetime], moments: Moments) -> None:
        self.complaints: list[str] = []
        self.answers: list[bytes] = []
        self._sandbox = sandbox
        self._now = now
        self._moments = moments
        self._stuck: set[str] = set()
        handler = type("Handler", (_Handler,), {"end": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> FreshchatEnd:  # noqa: PYI034 - Self needs Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v2"

    def respond(self, request: Request) -> tuple[Response, Form]:
        """Answer, and say how the answer leaves."""
        if request.path.startswith(FILES):
            return self._file(request)
        if request.headers.get("authorization") != f"Bearer {self._sandbox.options.token}":
            self.complaints.append(f"no token for {request.path}")
        poll = _POLL.fullmatch(request.path)
        job_fault = self._moments.at(Channel.POLL) if poll else None
        fault = self._moments.at(Channel.CALL)
        if fault is not None and (answer := _instead(fault, self._now())) is not None:
            return answer
        answer = self._sandbox.respond(request)
        if poll and answer.status == 200:
            answer = self._of_job(answer, job_fault, poll.group(1))
        if request.path == "/v2/reports/raw" and answer.status == 202:
            stuck = self._moments.at(Channel.ORDER)
            if stuck is not None:
                self._stuck.add(json.loads(answer.body)["id"])
        self.answers.append(answer.body)
        if fault is None:
            return answer, Form.WHOLE
        if fault.kind == "call-broken-json":
            return replace(answer, body=answer.body[: len(answer.body) // 2]), Form.WHOLE
        return answer, _form(fault.kind)

    def _of_job(self, answer: Response, fault: Fault | None, job_id: str) -> Response:
        told: dict[str, Any] = json.loads(answer.body)
        if job_id in self._stuck:
            told.update(status="PENDING", links=[])
        elif fault is None:
            return answer
        elif fault.kind == "job-part-failed" and told["links"]:
            told["links"][0] = {**told["links"][0], "status": "FAILED"}
            told["links"][0].pop("link", None)
        else:
            told.update(status="FAILED", links=[])
        return Response.of_json(200, told, dict(answer.headers))

    def _file(self, request: Request) -> tuple[Response, Form]:
        if "authorization" in request.headers:
            self.complaints.append("the token was sent to the host of report files")
        answer = self._sandbox.respond(request)
        whole = answer.body
        zipped = whole.startswith(b"PK")
        fault = self._moments.at(
            Channel.FILE, lambda kind: (zipped or not kind.startswith("zip")) and bool(whole)
        )
        if fault is None or answer.status != 200:
            return answer, Form.WHOLE
        if (other := _other_file(fault, whole)) is not None:
            return other, Form.WHOLE
        return answer, _form(fault.kind)


def _other_file(fault: Fault, whole: bytes) -> Response | None:
    """What lies behind a link in the place of a report's file."""
    middle, end = len(whole) // 2, 4 + fault.choice % max(1, len(whole) - 4)
    bit_off = whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :]
    refusal = "<Error><Code>{}</Code><Message>no longer</Message></Error>"
    zipped = {"Content-Type": "binary/octet-stream"}
    return {
        "link-expired": Response(403, _XML, refusal.format("AccessDenied").encode()),
        "link-dead": Response(404, _XML, refusal.format("NoSuchKey").encode()),
        "link-html": Response(200, {"Content-Type": "text/html"}, _PAGE),
        "file-5xx": Response(_REFUSALS[fault.choice % len(_REFUSALS)], _XML, b"<Error/>"),
        "zip-cut": Response(200, zipped, whole[:end]),
        "zip-damaged": Response(200, zipped, bit_off),
    }.get(fault.kind)


def _instead(fault: Fault, now: datetime) -> tuple[Response, Form] | None:
    """What the service says instead of looking at the request; None where it does look."""
    wait = 1 + fault.choice % 20
    if fault.kind.startswith("call-429"):
        headers = {
            "seconds": {"Retry-After": str(wait)},
            "date": {
                "Retry-After": format_datetime(
                    (now + timedelta(seconds=wait)).replace(microsecond=0), usegmt=True
                )
            },
            "reset": {"X-RateLimit-Reset": str(int(now.timestamp()) + wait)},
        }[fault.kind.rpartition("-")[2]]
        body = {"code": 429, "status": "TOO_MANY_REQUESTS", "message": "Too many calls"}
        return Response.of_json(429, body, headers), Form.WHOLE
    if fault.kind == "call-5xx":
        return Response(
            _REFUSALS[fault.choice % len(_REFUSALS)], {"Content-Type": "text/html"}, _PAGE
        ), Form.WHOLE
    if fault.kind == "call-html":
        return Response(200, {"Content-Type": "text/html"}, _PAGE), Form.WHOLE
    if fault.kind == "call-reset-before":
        return Response(200), Form.RESET
    return None


def _form(kind: str) -> Form:
    return next(form for word, form in _FORMS.items() if word in kind)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    end: FreshchatEnd

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = f"http://{self.headers.get('Host', '')}{self.path}"
        request = Request.of(self.command, url, dict(self.headers.items()), body)
        answer, form = self.end.respond(request)
        whole = answer.body + b"".join(answer.rest or ())
        send(self, answer.status, answer.headers, whole, form)

    do_POST = do_GET  # noqa: N815 - the name that the base class looks for

    def handle(self) -> None:
        # Who asks may be killed at any moment.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().finish()

    def log_message(self, *_: Any) -> None:
        pass
