"""Mapping of HTTP status codes and connection failures to errors. Pure."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from tap_freshchat.api.responses import decode_json, is_web_page
from tap_freshchat.errors import (
    AuthorizationError,
    ConnectionFailedError,
    NotFoundError,
    RequestRejectedError,
    RetryableError,
)
from tap_freshchat.log_text import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

_RETRYABLE_4XX = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
# Status of an expired link: S3 with 400 or 403, Google and Azure with 401, 403 or 410.
_LINK_GONE = {400, 401, 403, 404, 410}


def is_resource_rate_limit(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a 429 is of the resource: the account's limit states what remains of it."""
    remaining = headers.get("X-RateLimit-Remaining", "").strip()
    return status == HTTPStatus.TOO_MANY_REQUESTS and remaining != "0"


def raise_for_status(
    status: int, headers: Mapping[str, str], request_line: str, content: bytes
) -> None:
    """Raise the error for a status outside of 2xx; it quotes `request_line`."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if is_web_page(headers, content):
        raise_for_web_page(status, request_line)
    trace = excerpt(headers.get("X-Trace-ID", ""))
    summary = f"{request_line} returned {status}" + (f" (trace {trace})" if trace else "")
    if status == HTTPStatus.UNAUTHORIZED:
        raise AuthorizationError(
            f"{summary}: Freshchat does not accept the token; check api_token."
        )
    if status == HTTPStatus.FORBIDDEN:
        raise AuthorizationError(
            f"{summary}: the token or the account's plan does not include this; check the "
            f"account of api_token and the plan.",
            forbidden=True,
        )
    if status == HTTPStatus.NOT_FOUND:
        raise NotFoundError(f"{summary}: not found. If this is the first request, check api_url.")
    if status in _RETRYABLE_4XX or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise RetryableError(f"{summary}.")
    if status < HTTPStatus.BAD_REQUEST:
        raise AuthorizationError(
            f"{summary}, a redirect, which the tap does not follow. Check api_url."
        )
    raise RequestRejectedError(
        f"{summary}: Freshchat rejected the request.", reason=_reason(content), status=status
    )


def raise_for_web_page(status: int, request_line: str) -> NoReturn:
    """Raise the error for a web page, which says nothing about the account under any status."""
    text = (
        f"{request_line} returned {status} with a web page, which is not of the Freshchat API. "
        f"Check setting api_url, and any firewall, proxy or login portal in between."
    )
    # Gateways show one for a short while.
    if status in _RETRYABLE_4XX or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise RetryableError(text)
    raise AuthorizationError(text)


def raise_for_storage_status(status: int, storage: str) -> None:
    """Raise the error for a download outside of 2xx; NotFoundError asks for a fresh link."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    summary = f"The report storage ({storage}) returned {status}"
    if status in _RETRYABLE_4XX or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise RetryableError(f"{summary}.")
    if status in _LINK_GONE:
        raise NotFoundError(f"{summary}: the signed link has expired, or its file is gone.")
    raise RequestRejectedError(f"{summary}: the download link of a report does not open.")


def connection_error(action: str, url: str, error: Exception) -> ConnectionFailedError:
    """The error for a connection that failed before or during the response."""
    # Only the kind: its text can hold the whole URL, whose query may be a signature.
    kind = type(error).__name__
    target = urlsplit(url)
    path = target.path if target.query == "" else "/…"
    return ConnectionFailedError(
        f"{action} {target.hostname}{path}: the connection failed ({kind})."
    )


def _reason(content: bytes) -> str:
    try:
        body = decode_json(content)
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    return f"{body.get('status', '')} {body.get('message', '')}"
