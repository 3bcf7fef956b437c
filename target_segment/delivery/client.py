"""HTTP client of Segment: posts batches and looks up the write key."""

from __future__ import annotations

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


class SegmentClient:
    """Posts bodies to `/batch` of Segment's HTTP API; safe to share between threads.

    The pool of `session` should hold one connection per thread. `timeout` is in seconds, for the
    connection and for the response.
    """

    def __init__(  # noqa: PLR0913 - keywords, one for each thing it needs
        self,
        *,
        session: requests.Session,
        api_url: str,
        write_key: str,
        timeout: float,
        clock: Clock,
        user_agent: str,
    ) -> None:
        self._write_key = write_key
        self._session = session
        self._timeout = timeout
        self._clock = clock
        url = f"{api_url}/batch"
        # Prepared once, with proxies and certificates from the environment: doing this for each
        # request takes a third of its time.
        self._request = session.prepare_request(
            requests.Request(
                "POST",
                url,
                headers={
                    "Content-Encoding": "gzip",
                    "Content-Type": "application/json",
                    "User-Agent": user_agent,
                },
                # requests parses the link of a redirect even if it does not follow it.
                hooks={"response": _drop_location_header},
                # Not as a header, which an entry in ~/.netrc would replace.
                auth=(write_key, ""),
            )
        )
        self._environment = session.merge_environment_settings(url, {}, True, None, None)  # noqa: FBT003 - stream

    def post(self, payloads: Sequence[bytes], attempt: int) -> PostResult:
        """Post events; raises `DeliveryError` if the write key or the URL is wrong."""
        body = build_body(payloads, iso_milliseconds(self._clock.now()), self._write_key)
        compressed = gzip_body(body)
        request = self._request.copy()
        request.prepare_body(compressed, None)
        if attempt:
            request.headers["X-Retry-Count"] = str(attempt)
        try:
            response = self._session.send(
                request,
                timeout=self._timeout,
                # A redirect means a wrong URL; following it would lose the body.
                allow_redirects=False,
                **self._environment,
            )
            with response:
                content = _read_limited(response)
        except requests.RequestException as error:
            # Only the class: the text may quote the request.
            return PostResult(outcome=Outcome.RETRY, status=type(error).__name__)
        now = self._clock.now()
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
    """Look up the write key where browsers fetch a source's settings.

    Returns:
        Whether Segment has this key; None if that cannot be determined.
    """
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
            status = response.status_code
    except requests.RequestException:
        return None
    if status == 404:  # noqa: PLR2004 - Not Found
        return False
    return True if status == 200 else None  # noqa: PLR2004 - OK
