"""Transport adapter that connects a `requests` session to a sandbox in the same process."""

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

from freshchat_sandbox import http_messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import PreparedRequest

    from freshchat_sandbox.sandbox import Sandbox


class SandboxAdapter(BaseAdapter):
    """Transport adapter of `requests`, mounted for `https://` plus API_HOST and EXTRACT_HOST."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    def send(  # noqa: PLR0913, PLR0917 - the signature is the one of requests
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - the session reads a body at once
        timeout: object = None,  # noqa: ARG002 - there is no network to wait for
        verify: object = True,  # noqa: ARG002, FBT002
        cert: object = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Response:
        """Return the response of the sandbox to a prepared request."""
        started = time.perf_counter()
        url = request.url or ""
        sandbox_response = self._sandbox.respond(
            http_messages.Request.of(
                request.method or "GET",
                url,
                {name: _text(value) for name, value in request.headers.items()},
                _bytes(request.body),
            )
        )
        response = Response()
        response.status_code = sandbox_response.status
        response.reason = client.responses.get(sandbox_response.status, "")
        response.headers = CaseInsensitiveDict(_wire_headers(sandbox_response))
        response.encoding = get_encoding_from_headers(response.headers)
        response.url = url
        response.request = request
        response.raw = HTTPResponse(
            body=io.BufferedReader(_BodyStream(sandbox_response)),
            headers=response.headers,
            status=sandbox_response.status,
            reason=response.reason,
            preload_content=False,
            request_method=request.method,
        )
        response.elapsed = timedelta(seconds=time.perf_counter() - started)
        return response

    def close(self) -> None:
        """Do nothing: there are no connections."""


def _wire_headers(sandbox_response: http_messages.Response) -> dict[str, str]:
    headers = dict(sandbox_response.headers)
    if sandbox_response.rest is None and not any(
        name.lower() == "content-length" for name in headers
    ):
        headers["Content-Length"] = str(len(sandbox_response.body))
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
    raise TypeError("the sandbox accepts whole bodies only, not streams")


class _BodyStream(io.RawIOBase):
    """Body of a response as a file that can be read once."""

    def __init__(self, sandbox_response: http_messages.Response) -> None:
        self._pieces = _chunks(sandbox_response)
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


def _chunks(sandbox_response: http_messages.Response) -> Iterator[bytes]:
    yield sandbox_response.body
    if sandbox_response.rest is not None:
        yield from sandbox_response.rest
