"""One request to Segment: a body of events, or the look-up of a write key."""

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
    from collections.abc import Callable, Sequence
    from datetime import datetime

# Segment's answers are some 20 bytes.
MAX_ANSWER_BYTES = 64 * 1024


class BatchTransport(Protocol):
    """Takes a body of events to where it belongs."""

    @property
    def write_key(self) -> str | None:
        """The write key that travels in the body."""

    def post(self, payloads: Sequence[bytes], attempt: int) -> PostResult:
        """Post events, encoded; `attempt` counts from 0.

        Raises:
            DeliveryError: Nothing of this run can be delivered.
        """


class SegmentClient:
    """Posts bodies to Segment's HTTP API; safe to share between threads.

    Args:
        session: Made for this client: its pool should hold a connection a thread.
        api_url: Up to and without `/batch`.
        write_key: The source's write key.
        timeout: Seconds, for the connection and for the answer.
        now: The time of day, in UTC.
        user_agent: How the client names itself.
    """

    def __init__(  # noqa: PLR0913 - keywords, one for each thing it needs
        self,
        *,
        session: requests.Session,
        api_url: str,
        write_key: str,
        timeout: float,
        now: Callable[[], datetime],
        user_agent: str,
    ) -> None:
        self.write_key = write_key
        self._session = session
        self._timeout = timeout
        self._now = now
        url = f"{api_url}/batch"
        # Prepared once, and the environment asked once for proxies and certificates: for each
        # request anew, that takes a third of its time.
        self._request = session.prepare_request(
            requests.Request(
                "POST",
                url,
                headers={
                    "Content-Encoding": "gzip",
                    "Content-Type": "application/json",
                    "User-Agent": user_agent,
                },
                # Without following a redirect, requests would still look at its link, which may be
                # no URL.
                hooks={"response": _drop_location_header},
                # Given here and not as a header, which an entry in ~/.netrc would replace.
                auth=(write_key, ""),
            )
        )
        self._ways = session.merge_environment_settings(url, {}, True, None, None)  # noqa: FBT003 - stream

    def post(self, payloads: Sequence[bytes], attempt: int) -> PostResult:
        """Post events, encoded; `attempt` counts from 0.

        Raises:
            DeliveryError: The write key or the URL is wrong.
        """
        body = build_body(payloads, iso_milliseconds(self._now()), self.write_key)
        compressed = gzip_body(body)
        request = self._request.copy()
        request.prepare_body(compressed, None)
        if attempt:
            request.headers["X-Retry-Count"] = str(attempt)
        try:
            response = self._session.send(
                request,
                timeout=self._timeout,
                # A redirected POST is a wrong URL; libraries that follow it lose the body.
                allow_redirects=False,
                **self._ways,
            )
            with response:
                content = _read_limited(response)
        except requests.RequestException as error:
            # Only the class: the text may quote the request.
            return PostResult(outcome=Outcome.RETRY, status=type(error).__name__)
        now = self._now()
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
    """Read an answer's body, or as much of it as can matter.

    Raises:
        requests.RequestException: The connection broke.
    """
    pieces: list[bytes] = []
    for piece in response.iter_content(MAX_ANSWER_BYTES):
        pieces.append(piece)
        if sum(map(len, pieces)) >= MAX_ANSWER_BYTES:
            break
    return b"".join(pieces)


def _no_authentication(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep ~/.netrc out of a request that needs no credentials."""
    return request


def check_write_key(session: requests.Session, url: str, timeout: float) -> bool | None:
    """Look the write key up where browsers fetch a source's settings.

    Returns:
        False when Segment has no such key, True when it has, None when it cannot be told.
    """
    try:
        with session.get(
            url,
            timeout=timeout,
            allow_redirects=False,
            auth=_no_authentication,
            hooks={"response": _drop_location_header},
            # Its body is the source's settings, of which nothing is wanted.
            stream=True,
        ) as response:
            status = response.status_code
    except requests.RequestException:
        return None
    if status == 404:  # noqa: PLR2004 - Not Found
        return False
    return True if status == 200 else None  # noqa: PLR2004 - OK
