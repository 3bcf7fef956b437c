"""One request of one body to Segment, and what its answer means."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

import requests

from target_segment.batching import body_of
from target_segment.encoding import NotJSONError, decode
from target_segment.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Segment's rule for its own libraries since 2026 (segment-analytics-python 2.4.0): these, and 5xx
# but for those below. 460 is Segment's own code for a passing fault.
_RETRIED = frozenset({408, 410, 429, 460})
# 511 asks for a new OAuth token, which a write key is not.
_NOT_RETRIED = frozenset({501, 505, 511})
# The event or the body is at fault: a smaller body tells which.
_REFUSED = frozenset({400, 413})

# The longest wait that an answer may ask for (the same rule).
MAX_RETRY_AFTER_SECONDS = 300.0

# Segment's answers are some 20 bytes.
MAX_ANSWER_BYTES = 64 * 1024


class Outcome(Enum):
    """What became of a request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY = "retry"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of a request, and at what cost.

    Attributes:
        outcome: What to do next.
        status: What was met, for messages: `HTTP 503`, `ConnectTimeout`.
        wait: Seconds the other side asks to wait, None if it asks nothing.
        body_bytes: The body's size.
        sent_bytes: Its size on the wire, compressed.
        clock_gap: Seconds by which our clock is ahead of the other side's; None if not told.
    """

    outcome: Outcome
    status: str
    wait: float | None = None
    body_bytes: int = 0
    sent_bytes: int = 0
    clock_gap: float | None = None


class Poster(Protocol):
    """Takes a body of events to where it belongs."""

    @property
    def write_key(self) -> str | None:
        """The write key that travels in the body."""

    def post(self, payloads: Sequence[bytes], attempt: int) -> Answer:
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
                hooks={"response": _forget_link},
                # Given here and not as a header, which an entry in ~/.netrc would replace.
                auth=(write_key, ""),
            )
        )
        self._ways = session.merge_environment_settings(url, {}, True, None, None)  # noqa: FBT003 - stream

    def post(self, payloads: Sequence[bytes], attempt: int) -> Answer:
        """Post events, encoded; `attempt` counts from 0.

        Raises:
            DeliveryError: The write key or the URL is wrong.
        """
        body = body_of(payloads, iso_milliseconds(self._now()), self.write_key)
        compressed = gzipped(body)
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
                content = _beginning(response)
        except requests.RequestException as error:
            # Only the class: the text may quote the request.
            return Answer(outcome=Outcome.RETRY, status=type(error).__name__)
        now = self._now()
        outcome = judge(response.status_code, response.headers, content)
        return Answer(
            outcome=outcome,
            status=f"HTTP {response.status_code}",
            wait=retry_after(response.headers, now) if outcome is Outcome.RETRY else None,
            body_bytes=len(body),
            sent_bytes=len(compressed),
            clock_gap=clock_gap(response.headers, now),
        )


def _forget_link(response: requests.Response, **_: Any) -> None:
    response.headers.pop("Location", None)


def _beginning(response: requests.Response) -> bytes:
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


def judge(status: int, headers: Mapping[str, str], content: bytes) -> Outcome:
    """Tell what an answer means.

    Raises:
        DeliveryError: Nothing of this run can be delivered; the message says what to change.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - the class of HTTP's successes
        if "html" in headers.get("Content-Type", ""):
            raise DeliveryError("api_url answered with a web page; it is not Segment's HTTP API")
        answer = _json(content)
        refused = isinstance(answer, dict) and answer.get("success") is False
        return Outcome.REFUSED if refused else Outcome.ACCEPTED
    if status in _RETRIED or (status >= 500 and status not in _NOT_RETRIED):  # noqa: PLR2004
        return Outcome.RETRY
    if status in _REFUSED:
        if _names_the_key(_json(content)):
            raise DeliveryError("Segment says that write_key is not valid; check it")
        return Outcome.REFUSED
    if status in (401, 403):
        raise DeliveryError(f"Segment refused write_key (HTTP {status}); check it, and region")
    raise DeliveryError(f"api_url answered HTTP {status}; check api_url and region")


def _json(content: bytes) -> Any:
    try:
        return decode(content)
    except NotJSONError:
        return None


def _names_the_key(answer: Any) -> bool:
    """Tell a refusal of the key from one of the events, which both come as 400."""
    message = answer.get("message") if isinstance(answer, dict) else None
    return isinstance(message, str) and "write key" in message.lower()


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read how long an answer asks to wait, in seconds, at most `MAX_RETRY_AFTER_SECONDS`.

    `Retry-After` in seconds or as an HTTP date, else `X-RateLimit-Reset` in seconds.
    """
    for name in ("Retry-After", "X-RateLimit-Reset"):
        text = headers.get(name, "").strip()
        try:
            seconds = float(text)
        except ValueError:
            date = _http_date(text)
            if date is None or name != "Retry-After":
                continue
            seconds = (date - now).total_seconds()
        if seconds == seconds:  # noqa: PLR0124 - "nan" is a float too
            return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
    return None


def clock_gap(headers: Mapping[str, str], now: datetime) -> float | None:
    """Tell by how many seconds our clock is ahead of the answer's `Date`."""
    date = _http_date(headers.get("Date", ""))
    return None if date is None else (now - date).total_seconds()


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def iso_milliseconds(moment: datetime) -> str:
    """Write a UTC time as Segment's own libraries do: `2026-11-22T10:55:22.220Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def gzipped(body: bytes) -> bytes:
    """Compress a body at level 1: on JSON, higher levels cost thrice the time for a tenth less."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, wbits=31)
    return compressor.compress(body) + compressor.flush()


def _no_authentication(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep ~/.netrc out of a request that needs no credentials."""
    return request


def key_is_known(session: requests.Session, url: str, timeout: float) -> bool | None:
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
            hooks={"response": _forget_link},
            # Its body is the source's settings, of which nothing is wanted.
            stream=True,
        ) as response:
            status = response.status_code
    except requests.RequestException:
        return None
    if status == 404:  # noqa: PLR2004 - Not Found
        return False
    return True if status == 200 else None  # noqa: PLR2004 - OK
