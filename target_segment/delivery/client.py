"""HTTP client of Segment: posts batches and looks up the write key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import requests

from target_segment.delivery.batching import build_body, gzip_body, iso_milliseconds
from target_segment.delivery.responses import (
    Outcome,
    PostResult,
    classify_response,
    clock_skew,
    retry_after,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_segment.clock import Clock

# Segment's responses have some 20 bytes.
MAX_RESPONSE_BYTES = 64 * 1024


class BatchTransport(Protocol):
    """Where batches are posted: Segment, or the file of a dry run."""

    def post(self, payloads: Sequence[bytes], attempt: int) -> PostResult:
        """Post encoded events, attempts from 0; `DeliveryError` if none can be delivered."""


@dataclass(kw_only=True, eq=False, repr=False)
class SegmentClient:
    """Posts bodies to `/batch` of Segment's HTTP API; safe to share between threads.

    The pool of `session` should hold one connection per thread. `timeout` is in seconds, for the
    connection and for the response.
    """

    session: requests.Session
    api_url: str
    write_key: str
    timeout: float
    clock: Clock
    user_agent: str

    def __post_init__(self) -> None:
        url = f"{self.api_url}/batch"
        # Prepared once, with proxies and certificates from the environment: doing this for each
        # request takes a third of its time.
        self._request = self.session.prepare_request(
            requests.Request(
                "POST",
                url,
                headers={
                    "Content-Encoding": "gzip",
                    "Content-Type": "application/json",
                    "User-Agent": self.user_agent,
                },
                # requests parses the link of a redirect even if it does not follow it.
                hooks={"response": _drop_location_header},
                # Not as a header, which an entry in ~/.netrc would replace.
                auth=(self.write_key, ""),
            )
        )
        self._environment = self.session.merge_environment_settings(
            url, {}, stream=True, verify=None, cert=None
        )

    def post(self, payloads: Sequence[bytes], attempt: int) -> PostResult:
        """Post events; raises `DeliveryError` if the write key or the URL is wrong."""
        body = build_body(payloads, iso_milliseconds(self.clock.now()), self.write_key)
        compressed = gzip_body(body)
        request = self._request.copy()
        request.prepare_body(compressed, None)
        if attempt:
            request.headers["X-Retry-Count"] = str(attempt)
        try:
            response = self.session.send(
                request,
                timeout=self.timeout,
                # A redirect means a wrong URL; following it would lose the body.
                allow_redirects=False,
                **self._environment,
            )
            with response:
                content = _read_limited(response)
        except requests.RequestException as error:
            # Only the class: the text may quote the request.
            return PostResult(outcome=Outcome.RETRY, status=type(error).__name__)
        now = self.clock.now()
        outcome = classify_response(response.status_code, response.headers, content)
        return PostResult(
            outcome=outcome,
            status=f"HTTP {response.status_code}",
            wait=retry_after(response.headers, now) if outcome is Outcome.RETRY else None,
            body_bytes=len(body),
            sent_bytes=len(compressed),
            clock_skew=clock_skew(response.headers, now),
        )


def _drop_location_header(response: requests.Response, **_: Any) -> None:
    response.headers.pop("Location", None)


def _read_limited(response: requests.Response) -> bytes:
    """Read at most `MAX_RESPONSE_BYTES`; `RequestException` if the connection breaks."""
    chunks: list[bytes] = []
    for chunk in response.iter_content(MAX_RESPONSE_BYTES):
        chunks.append(chunk)
        if sum(map(len, chunks)) >= MAX_RESPONSE_BYTES:
            break
    return b"".join(chunks)


def check_write_key(session: requests.Session, url: str, timeout: float) -> bool | None:
    """Return whether Segment has the write key, None if `url` of its settings does not say."""
    try:
        with session.get(
            url,
            timeout=timeout,
            allow_redirects=False,
            # Keeps ~/.netrc out of a request without credentials.
            auth=lambda request: request,
            hooks={"response": _drop_location_header},
            # The body is not read: it holds the source's settings.
            stream=True,
        ) as response:
            return {200: True, 404: False}.get(response.status_code)
    except requests.RequestException:
        return None
