"""Faulty Freshchat: the sandbox over HTTP, with the faults of a hosted service."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from fakes.faulty_server import Form, send
from fakes.services import LOOPBACK, LocalService, QuietHandler, serving

from fault_injection.fault_kinds import Channel
from fault_injection.odd_rows import ROW_KINDS, OddRows, fitting_rows
from fault_injection.refusals import SET_ASIDE, Refusals
from freshchat_sandbox import Request, Response, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from datetime import datetime

    from fault_injection.injector import FaultInjector
    from fault_injection.schedules import Fault

FILES = "/extracts/"
_POLL = re.compile(r"/v2/reports/raw/(.+)")
_PAGE = b"<!DOCTYPE html><html><body>Sign in to your account</body></html>"
_XML = {"Content-Type": "application/xml"}
_FORMS = {"cut": Form.CUT, "dripping": Form.DRIPPING, "stalled": Form.STALLED, "reset": Form.RESET}
_ERROR_STATUSES = (500, 502, 503, 504)


class FaultyFreshchat(LocalService):
    """The service on a free port of this host, until the `with` block ends.

    Attributes:
        complaints: Violations of the API by the client.
        responses: Bodies of the JSON responses, before faults.
        odd_rows: Rows of report files that are written badly.
        refusals: Items that are refused.
        blocked: Number of requests that a firewall has answered.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        now: Callable[[], datetime],
        injector: FaultInjector,
    ) -> None:
        self.complaints: list[str] = []
        self.responses: list[bytes] = []
        self._sandbox = sandbox
        self._now = now
        self._injector = injector
        self.odd_rows = OddRows()
        self.refusals = Refusals()
        self.blocked = 0
        self._blocked_until = now()
        self._stuck: set[str] = set()
        handler = type("Handler", (_Handler,), {"service": self})
        self._server = ThreadingHTTPServer((LOOPBACK, 0), handler)

    def _start(self, opened: ExitStack) -> None:
        opened.enter_context(serving(self._server))

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_port}/v2"

    def respond(self, request: Request) -> tuple[Response, Form]:
        """The response, and how it is transmitted."""
        if request.path.startswith(FILES):
            return self._file(request)
        if request.headers.get("authorization") != f"Bearer {self._sandbox.options.token}":
            self.complaints.append(f"no token for {request.path}")
        poll = _POLL.fullmatch(request.path)
        job_fault = self._injector.next_fault(Channel.POLL) if poll else None
        fault = self._injector.next_fault(Channel.CALL)
        if (instead := self._instead(request, fault)) is not None:
            return instead
        response = self._list_page(self._sandbox.respond(request))
        if poll and response.status == 200:
            response = self._job_response(response, job_fault, poll.group(1))
        if request.path == "/v2/reports/raw" and response.status == 202:
            stuck = self._injector.next_fault(Channel.JOB)
            if stuck is not None:
                self._stuck.add(json.loads(response.body)["id"])
        self.responses.append(response.body)
        if fault is None:
            return response, Form.WHOLE
        if fault.kind == "call-broken-json":
            return replace(response, body=response.body[: len(response.body) // 2]), Form.WHOLE
        return response, _form(fault.kind)

    def _instead(self, request: Request, fault: Fault | None) -> tuple[Response, Form] | None:
        """The response of a firewall, of a faulty service or to what is refused; None for none."""
        if fault is not None and fault.kind == "call-firewall":
            self._blocked_until = self._now() + timedelta(minutes=1 + fault.choice % 10)
        if self._now() < self._blocked_until:
            self.blocked += 1
            return Response(403, {"Content-Type": "text/html"}, _PAGE), Form.WHOLE
        if fault is not None and (instead := _response_instead(fault, self._now())) is not None:
            return instead
        refused = self._refusal(request)
        return None if refused is None else (refused, Form.WHOLE)

    def _refusal(self, request: Request) -> Response | None:
        kinds = [kind for kind in SET_ASIDE if self.refusals.fits(kind, request)]
        if kinds and (fault := self._injector.next_fault(Channel.ITEM, kinds.__contains__)):
            self.refusals.add(fault, request)
        return self.refusals.response(request)

    def _list_page(self, response: Response) -> Response:
        """The response; half of its items if it is a list with its total and a fault is due."""
        content = json.loads(response.body)
        counts = content.get("pagination") if isinstance(content, dict) else None
        if response.status != HTTPStatus.OK or not isinstance(counts, dict):
            return response
        [(name, items)] = [(key, each) for key, each in content.items() if isinstance(each, list)]
        has_total = bool(counts.get("total_items")) and len(items) > 1
        if not has_total or self._injector.next_fault(Channel.LIST) is None:
            return response
        content[name] = items[: len(items) // 2]
        return Response.of_json(response.status, content, dict(response.headers))

    def _job_response(self, response: Response, fault: Fault | None, job_id: str) -> Response:
        job: dict[str, Any] = json.loads(response.body)
        if job_id in self._stuck:
            job.update(status="PENDING", links=[])
        elif fault is None:
            return response
        elif fault.kind == "job-part-failed" and job["links"]:
            job["links"][0] = {**job["links"][0], "status": "FAILED"}
            job["links"][0].pop("link", None)
        else:
            job.update(status="FAILED", links=[])
        return Response.of_json(200, job, dict(response.headers))

    def _file(self, request: Request) -> tuple[Response, Form]:
        if "authorization" in request.headers:
            self.complaints.append("the token was sent to the host of report files")
        response = self._sandbox.respond(request)
        whole = response.body + b"".join(response.rest or ())
        zipped = whole.startswith(b"PK")
        fault = self._injector.next_fault(
            Channel.FILE,
            lambda kind: (
                bool(fitting_rows(kind, whole))
                if kind in ROW_KINDS
                else (zipped or not kind.startswith("zip")) and bool(whole)
            ),
        )
        if response.status != 200:
            return response, Form.WHOLE
        if fault is not None and fault.kind in ROW_KINDS:
            self.odd_rows.add(fault, whole)
            fault = None
        response = replace(response, body=self.odd_rows.applied(whole), rest=None)
        if fault is None:
            return response, Form.WHOLE
        if (other := _faulty_file(fault, whole)) is not None:
            return other, Form.WHOLE
        return response, _form(fault.kind)


def _faulty_file(fault: Fault, whole: bytes) -> Response | None:
    """What a link returns instead of a report file."""
    middle, end = len(whole) // 2, 4 + fault.choice % max(1, len(whole) - 4)
    bit_off = whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :]
    refusal = "<Error><Code>{}</Code><Message>no longer</Message></Error>"
    zipped = {"Content-Type": "binary/octet-stream"}
    return {
        "link-expired": Response(403, _XML, refusal.format("AccessDenied").encode()),
        "link-dead": Response(404, _XML, refusal.format("NoSuchKey").encode()),
        "link-html": Response(200, {"Content-Type": "text/html"}, _PAGE),
        "file-5xx": Response(
            _ERROR_STATUSES[fault.choice % len(_ERROR_STATUSES)],
            _XML,
            b"<Error/>",
        ),
        "zip-cut": Response(200, zipped, whole[:end]),
        "zip-damaged": Response(200, zipped, bit_off),
    }.get(fault.kind)


def _response_instead(fault: Fault, now: datetime) -> tuple[Response, Form] | None:
    """The response of a service that does not process the request; None if it does."""
    wait = 1 + fault.choice % 20
    if fault.kind.startswith("call-429"):
        headers = {
            "seconds": {"Retry-After": str(wait)},
            "date": {
                "Retry-After": format_datetime(
                    (now + timedelta(seconds=wait)).replace(microsecond=0),
                    usegmt=True,
                ),
            },
            "reset": {"X-RateLimit-Reset": str(int(now.timestamp()) + wait)},
        }[fault.kind.rpartition("-")[2]]
        body = {"code": 429, "status": "TOO_MANY_REQUESTS", "message": "Too many calls"}
        return Response.of_json(429, body, headers), Form.WHOLE
    if fault.kind == "call-5xx":
        return Response(
            _ERROR_STATUSES[fault.choice % len(_ERROR_STATUSES)],
            {"Content-Type": "text/html"},
            _PAGE,
        ), Form.WHOLE
    if fault.kind == "call-html":
        return Response(200, {"Content-Type": "text/html"}, _PAGE), Form.WHOLE
    if fault.kind == "call-reset-before":
        return Response(200), Form.RESET
    return None


def _form(kind: str) -> Form:
    return next(form for word, form in _FORMS.items() if word in kind)


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    service: FaultyFreshchat

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = f"http://{self.headers.get('Host', '')}{self.path}"
        request = Request.of(self.command, url, dict(self.headers.items()), body)
        response, form = self.service.respond(request)
        whole = response.body + b"".join(response.rest or ())
        send(self, response.status, response.headers, whole, form)

    do_POST = do_GET
