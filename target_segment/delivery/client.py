"""HTTP client of the receiver: posts batches and looks up the write key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import requests

from target_segment.delivery.batching import build_body, gzip_body, iso_milliseconds
from target_segment.delivery.connection_errors import CONNECTION_ERRORS, permanent_cause
from target_segment.delivery.deadlines import attempt_timeout
from target_segment.delivery.responses import (
    Outcome,
    PostResult,
    classify_response,
    clock_skew,
    is_web_page,
    rejected_ids,
    retry_after,
)
from target_segment.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_segment.clock import Clock

# Segment's responses have some 20 bytes.
MAX_RESPONSE_BYTES = 64 * 1024


class BatchTransport(Protocol):
    """Where batches are posted: Segment, or the file of a dry run."""

    def post(self, payloads: Sequence[bytes], attempt: int) -> PostResult:
        """Post encoded events, attempts from 0; `DeliveryError` if none can be delivered."""


@dataclass(kw_only=True, eq=False, repr=False)
class SegmentClient:
    """Posts bodies to `/batch` of Segment's HTTP API, or another's; safe to share between threads.

    The pool of `session` should hold one connection per thread, and its adapter be a
    `DeadlineAdapter`. `timeout` is in seconds, for an attempt. `headers` are extra ones;
    `at_segment` says that only Segment's acknowledgement counts.
    """

    session: requests.Session
    api_url: str
    write_key: str
    timeout: float
    clock: Clock
    user_agent: str
    at_segment: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        url = f"{self.api_url}/batch"
        has_credentials = "authorization" in map(str.lower, self.headers)
        self._timeout = attempt_timeout(self.timeout)
        # Prepared once, with proxies and certificates from the environment: doing this for each
        # request takes a third of its time.
        self._request = self.session.prepare_request(
            requests.Request(
                "POST",
                url,
                headers={
                    "User-Agent": self.user_agent,
                    **self.headers,
                    "Content-Encoding": "gzip",
                    "Content-Type": "application/json",
                },
                # requests parses the link of a redirect even if it does not follow it.
                hooks={"response": _drop_location_header},
                # Not as a header, which an entry in ~/.netrc would replace.
                auth=_keep_request if has_credentials else (self.write_key, ""),
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
                timeout=self._timeout,  # type: ignore[arg-type] # urllib3's passes through
                # A redirect means a wrong URL; following it would lose the body.
                allow_redirects=False,
                **self._environment,
            )
            with response:
                content = _read_limited(response)
        except CONNECTION_ERRORS as error:
            if cause := permanent_cause(error):
                raise DeliveryError(f"api_url: {cause}") from None
            # Only the class: the text may quote the request.
            return PostResult(outcome=Outcome.RETRY, status=type(error).__name__)
        now = self.clock.now()
        outcome = classify_response(
            response.status_code, response.headers, content, at_segment=self.at_segment
        )
        status = f"HTTP {response.status_code}"
        if outcome is Outcome.RETRY and is_web_page(response.headers, content):
            status += " with a web page"
        elif outcome is Outcome.RETRY and response.ok:
            status += " without an acknowledgement"
        return PostResult(
            outcome=outcome,
            status=status,
            rejected=rejected_ids(content) if outcome is Outcome.PARTLY_ACCEPTED else frozenset(),
            wait=retry_after(response.headers, now) if outcome is Outcome.RETRY else None,
            body_bytes=len(body),
            sent_bytes=len(compressed),
            clock_skew=clock_skew(response.headers, now),
        )


def _keep_request(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Authenticate nothing, which also keeps ~/.netrc out of a request."""
    return request


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
            timeout=attempt_timeout(timeout),  # type: ignore[arg-type] # urllib3's passes through
            allow_redirects=False,
            auth=_keep_request,
            hooks={"response": _drop_location_header},
            # The body is not read: it holds the source's settings.
            stream=True,
        ) as response:
            return {200: True, 404: False}.get(response.status_code)
    except CONNECTION_ERRORS:
        return None
