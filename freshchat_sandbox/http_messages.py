"""HTTP messages: request, response and API error, independent of the transport."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

API_HOST = "sandbox.freshchat.com"
EXTRACT_HOST = "sandbox-extracts.s3.amazonaws.com"


@dataclass(frozen=True)
class Request:
    """Request of a client.

    Attributes:
        method: In capitals.
        host: As in the Host header, lower case, with a port if there is one.
        path: Still percent-encoded, without the query.
        query: Every value of every parameter.
        headers: Names in lower case.
        body: The raw bytes.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(
        cls, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Request:
        """Build a request from a whole URL."""
        parts = urlsplit(url)
        return cls(
            method=method.upper(),
            host=parts.netloc.lower(),
            path=parts.path or "/",
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in (headers or {}).items()},
            body=body,
        )

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query parameter, or None."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(frozen=True)
class Response:
    """Response of the sandbox.

    Attributes:
        status: The HTTP status code.
        headers: As sent.
        body: The whole body, or its start if there is a `rest`.
        rest: Further chunks of a body too long for memory; can be read once.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    rest: Iterator[bytes] | None = None

    @classmethod
    def of_json(
        cls, status: int, content: Any, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Build a JSON response."""
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(
            status, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})}, body
        )


class ApiError(Exception):
    """Error that the API returns as its error object.

    Attributes:
        status: The HTTP status, also the object's `code`.
        name: The `status` of that object, such as WRONG_PAGE.
        retry_after: Milliseconds until a retry can succeed, for rate limits.
    """

    def __init__(
        self, status: int, name: str, message: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.retry_after = retry_after

    def body(self) -> dict[str, object]:
        """Return the error object."""
        return {"code": self.status, "status": self.name, "message": str(self)}


def base_url(host: str) -> str:
    """Return the base URL of a host: https for the API's name, http on loopback."""
    return f"https://{host}" if host == API_HOST else f"http://{host}"
