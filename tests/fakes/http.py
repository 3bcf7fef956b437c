"""Scripted transport adapter for requests: returns given responses and keeps the requests."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass
class Answer:
    """One response; `body` may be an exception that interrupts the transfer."""

    status: int = 200
    body: Any = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


class CutBody(io.RawIOBase):
    """A body whose connection breaks after some bytes."""

    def __init__(self, start: bytes, error: Exception) -> None:
        self._start = io.BytesIO(start)
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._start.read(len(buffer))
        if not piece:
            raise self._error
        buffer[: len(piece)] = piece
        return len(piece)


class EndlessBody(io.RawIOBase):
    """A body that never ends."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return len(buffer)


class ScriptedAdapter(BaseAdapter):
    """Returns the next response of a script, or the result of a function, for each request."""

    def __init__(
        self, script: list[Answer | Exception] | Callable[[requests.PreparedRequest], Answer]
    ) -> None:
        super().__init__()
        self._script = script
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.requests.append(request)
        answer = self._script(request) if callable(self._script) else self._script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        body = answer.body
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(answer.headers)
        response.url = request.url or ""
        response.request = request
        raw = body if isinstance(body, io.RawIOBase) else io.BytesIO(body)
        response.raw = HTTPResponse(body=raw, preload_content=False, status=answer.status)
        return response

    def close(self) -> None:
        """Nothing is open."""
