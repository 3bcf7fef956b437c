"""The embedded Freshchat on loopback, with report files made beforehand or with slow answers."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ready_reports import COPY

from freshchat_sandbox import Options, Request, Response, Sandbox, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answer = Callable[[Request], Response | None]

PIECE_BYTES = 1 << 18
UNLIMITED = 10**9


class ReadyReports:
    """Answers for report jobs at once, from the files of a folder; notes when one is fetched.

    Ids of copied conversations are led back to those of the account.
    """

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self._folder = folder
        self._sandbox = sandbox
        self.fetched_at: float | None = None

    def answer(self, request: Request) -> Response | None:
        """The answer to a request about reports or copies; None for any other."""
        path = request.path.removeprefix("/v2")
        if path == "/reports/raw":
            return Response.of_json(202, {"id": json.loads(request.body)["event"]})
        if path.startswith("/reports/raw/"):
            name = path.rpartition("/")[2]
            link = {"href": f"http://{request.host}/files/{name}.zip"}
            body = {"status": "COMPLETED", "links": [{"status": "COMPLETED", "link": link}]}
            return Response.of_json(200, body)
        if path.startswith("/files/"):
            self.fetched_at = self.fetched_at or time.perf_counter()
            pieces = self._pieces(path.removeprefix("/files/"))
            return Response(200, {}, next(pieces, b""), pieces)
        if COPY in path:
            parts = (part.partition(COPY)[0] for part in request.path.split("/"))
            return self._sandbox.respond(replace(request, path="/".join(parts)))
        return None

    def _pieces(self, name: str) -> Iterator[bytes]:
        path = self._folder / name
        if path.exists():
            with path.open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    yield piece


def ready_reports(folder: Path, options: Options) -> tuple[Sandbox, ReadyReports]:
    """A sandbox whose report jobs are those of a folder."""
    options = replace(options, requests_per_minute=UNLIMITED)
    account = Sandbox(options, _now)
    reports = ReadyReports(folder, account)
    return Sandbox(options, _now, faults=reports.answer), reports


def slow(options: Options, seconds: float, note: Callable[[Request], None]) -> Sandbox:
    """A sandbox whose every answer takes so long."""

    def wait(request: Request) -> None:
        note(request)
        time.sleep(seconds)

    return Sandbox(replace(options, requests_per_minute=UNLIMITED), _now, faults=wait)


@contextmanager
def listening(sandbox: Sandbox) -> Iterator[str]:
    """Serve a sandbox from a thread of this process; its address."""
    server = serve(sandbox)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _now() -> datetime:
    return datetime.now(timezone.utc)
