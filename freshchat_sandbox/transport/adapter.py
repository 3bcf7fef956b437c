"""Lets a `requests` session talk to a sandbox in the same process."""

from __future__ import annotations

import io
import time
from datetime import timedelta
from http import client
from typing import TYPE_CHECKING

from requests import Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPResponse

from freshchat_sandbox import exchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import PreparedRequest

    from freshchat_sandbox.service import Sandbox


class SandboxAdapter(BaseAdapter):
    """A transport adapter, to be mounted for `https://` plus API_HOST and EXTRACT_HOST."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    def send(  # noqa: PLR0913, PLR0917 - the signature is the one of requests
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - the session reads a body at once
        timeout: object = None,  # noqa: ARG002 - there is no wire to wait for
        verify: object = True,  # noqa: ARG002, FBT002
        cert: object = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Response:
        """Answer a prepared request from the sandbox."""
        started = time.perf_counter()
        url = request.url or ""
        answer = self._sandbox.respond(
            exchange.Request.of(
                request.method or "GET",
                url,
                {name: _text(value) for name, value in request.headers.items()},
                _bytes(request.body),
            )
        )
        response = Response()
        response.status_code = answer.status
        response.reason = client.responses.get(answer.status, "")
        response.headers = CaseInsensitiveDict(_wire_headers(answer))
        response.encoding = get_encoding_from_headers(response.headers)
        response.url = url
        response.request = request
        response.raw = HTTPResponse(
            body=io.BufferedReader(_Pieces(answer)),
            headers=response.headers,
            status=answer.status,
            reason=response.reason,
            preload_content=False,
            request_method=request.method,
        )
        response.elapsed = timedelta(seconds=time.perf_counter() - started)
        return response

    def close(self) -> None:
        """Do nothing: there are no connections."""


def _wire_headers(answer: exchange.Response) -> dict[str, str]:
    headers = dict(answer.headers)
    if answer.rest is None and not any(name.lower() == "content-length" for name in headers):
        headers["Content-Length"] = str(len(answer.body))
    return headers


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    raise TypeError("the sandbox takes whole bodies only, no streams")


class _Pieces(io.RawIOBase):
    """The body of an answer as a file that is read once."""

    def __init__(self, answer: exchange.Response) -> None:
        self._pieces = _joined(answer)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _joined(answer: exchange.Response) -> Iterator[bytes]:
    yield answer.body
    if answer.rest is not None:
        yield from answer.rest
