"""Fixtures: a sandbox on a stopped clock, and sessions that are connected to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest
import requests

from freshchat_sandbox import (
    API_HOST,
    EXTRACT_HOST,
    Options,
    Sandbox,
    SandboxAdapter,
    SandboxClock,
)

NOON = datetime(2026, 11, 18, 12, tzinfo=timezone.utc)


@dataclass
class Client:
    """Session with the token, session without it, and their clock."""

    sandbox: Sandbox
    clock: SandboxClock
    api: requests.Session
    files: requests.Session

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.api.get(f"https://{API_HOST}/v2{path}", params=query)

    def read(self, path: str, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> requests.Response:
        return self.api.post(f"https://{API_HOST}/v2{path}", json=body)

    def submit(self, event: str, start: str, end: str, **more: Any) -> requests.Response:
        body = {"event": event, "start": start, "end": end, "format": "csv", **more}
        return self.post("/reports/raw", body)

    def finished(self, event: str, start: str, end: str, **more: Any) -> dict[str, Any]:
        """Submit a report job and wait until all its links are ready."""
        answer = self.submit(event, start, end, **more)
        assert answer.status_code == 202, answer.text
        self.clock.sleep(180)
        job: dict[str, Any] = self.read(f"/reports/raw/{answer.json()['id']}")
        return job


@pytest.fixture
def make_client():
    sessions: list[requests.Session] = []

    def make(
        start: datetime = NOON,
        *,
        faults: Any = None,
        max_buffered_bytes: int = 4 << 20,
        **options: Any,
    ) -> Client:
        clock = SandboxClock(start)
        sandbox = Sandbox(
            Options(**options), clock.now, faults=faults, max_buffered_bytes=max_buffered_bytes
        )
        pair = (requests.Session(), requests.Session())
        for session in pair:
            for host in (API_HOST, EXTRACT_HOST):
                session.mount(f"https://{host}/", SandboxAdapter(sandbox))
        pair[0].headers["Authorization"] = f"Bearer {sandbox.options.token}"
        sessions.extend(pair)
        return Client(sandbox, clock, *pair)

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def client(make_client):
    return make_client()
