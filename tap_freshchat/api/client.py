"""HTTP client for the whole tap: auth, host pinning, rate limits, retries, errors. No Singer."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import requests
from tenacity import Retrying, retry_if_exception
from urllib3.exceptions import HTTPError

from tap_freshchat.api.download_links import check_link, decode_body
from tap_freshchat.api.rate_limiting import (
    pause_after,
    retry_after,
    seconds_ahead,
)
from tap_freshchat.api.responses import decode_json, is_web_page
from tap_freshchat.api.retries import MAX_ATTEMPTS, RetryBudget
from tap_freshchat.api.status_errors import (
    connection_error,
    is_resource_rate_limit,
    raise_for_status,
    raise_for_storage_status,
    raise_for_web_page,
)
from tap_freshchat.errors import (
    FreshchatError,
    NotFoundError,
    RateLimitError,
    ResourceRateLimitError,
    RetryableError,
)
from tap_freshchat.log_text import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_freshchat.api.rate_limiting import RateLimiter
    from tap_freshchat.clock import Clock

T = TypeVar("T")

# No page of the API comes near this size.
MAX_JSON_BYTES = 64 * 1024**2
# Against a full disk: the largest report, a month of a busy account, has some hundred megabytes.
MAX_FILE_BYTES = 2 * 1024**3
CHUNK_BYTES = 256 * 1024
# S3 redirects to the region of a bucket.
MAX_REDIRECTS = 1
_REDIRECTS = {301, 302, 303, 307, 308}
_HIDDEN_LOCATION = "X-Hidden-Location"
# Seconds: the longest period of a resource rate limit is a day.
MAX_RESOURCE_LIMIT_SECONDS = 24 * 3600.0


@dataclass(kw_only=True, eq=False)
class FreshchatClient:
    """Sends requests to one Freshchat account.

    Every attempt waits at the shared limiter. Safe to call from several threads. The bearer token
    is sent only to the host of `base_url`, `https://<host>/v2`. `session` is the client's own,
    without auth; `timeout` is in seconds; `max_concurrency` bounds all threads together;
    `page_size` is how many items of a list one request asks for. `seconds_ahead` says how far the
    local clock was ahead of Freshchat's at the latest JSON response. `longest_message_page` is the
    number of messages in the longest page so far: a shorter page is the last one.
    """

    base_url: str
    token: str = field(repr=False)
    session: requests.Session
    limiter: RateLimiter
    clock: Clock
    timeout: float
    max_concurrency: int = 1
    page_size: int = 50
    seconds_ahead: float = field(default=0.0, init=False)
    longest_message_page: int = field(default=0, init=False)
    _log: ClassVar = logging.getLogger("tap-freshchat.client")

    def __post_init__(self) -> None:
        self._in_flight = threading.BoundedSemaphore(self.max_concurrency)

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, *, attempts: int = MAX_ATTEMPTS
    ) -> Any:
        """The JSON response to GET `path`.

        `path` is below the base, as `/users/{id}` with ids quoted by `build_path`; or a link from a
        response, which is followed on the configured host only.

        Raises:
            FreshchatError: one of its subclasses, also from the methods below.
        """
        return self._with_retries(lambda: self._json("GET", path, params=params), attempts)

    def post(
        self,
        path: str,
        body: Any,
        *,
        has_resource_limit: bool = False,
        attempts: int = MAX_ATTEMPTS,
    ) -> Any:
        """The JSON response to POST `path` with a JSON body.

        `has_resource_limit` marks a resource with its own rate limit: ResourceRateLimitError means
        that it is reached, and all other requests may continue.
        """
        return self._with_retries(
            lambda: self._json("POST", path, has_resource_limit=has_resource_limit, json=body),
            attempts,
        )

    def download(self, url: str, consume: Callable[[Iterator[bytes]], T]) -> T:
        """Pass the body of a signed link to `consume` in chunks; the token is not sent.

        `consume` is called again from the start if the transfer fails. One redirect is followed.
        NotFoundError means that the link has expired (S3 says 400 or 403) or its file is gone.
        """
        return self._with_retries(lambda: self._download(url, consume))

    def _with_retries(self, attempt: Callable[[], T], attempts: int = MAX_ATTEMPTS) -> T:
        budget = RetryBudget(attempts, self.clock)
        retrying = Retrying(
            retry=retry_if_exception(
                lambda error: (
                    isinstance(error, RetryableError)
                    and not isinstance(error, ResourceRateLimitError)
                )
            ),
            stop=budget.is_spent,
            wait=budget.wait,
            sleep=self.clock.sleep,
            before_sleep=lambda state: self._log.warning(
                "%s %s", state.outcome.exception() if state.outcome else "", budget.describe()
            ),
            reraise=True,
        )

        def limited() -> T:
            # Held for one attempt until its body is read, but not while waiting for the next one.
            with self._in_flight:
                return attempt()

        return retrying(limited)

    def _json(
        self, method: str, path: str, *, has_resource_limit: bool = False, **parts: Any
    ) -> Any:
        url = self._build_url(path)
        request_line = f"{method} {urlsplit(url).path}"
        with self._send(method, url, auth=self._add_auth_header, **parts) as response:
            status, headers = response.status_code, response.headers
            if has_resource_limit and is_resource_rate_limit(status, headers):
                wait = retry_after(headers, self.clock.now(), MAX_RESOURCE_LIMIT_SECONDS)
                raise ResourceRateLimitError(f"{request_line} returned 429.", wait=wait)
            self.limiter.update_from_response(status, headers)
            self.seconds_ahead = seconds_ahead(headers, self.clock.now())
            content = b"".join(_iter_chunks(response, MAX_JSON_BYTES))
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            pause = pause_after(status, headers, self.clock.now())
            raise RateLimitError(
                f"{request_line} returned 429: the rate limit of the account is reached.",
                pause=pause,
            )
        raise_for_status(status, headers, request_line, content)
        try:
            return decode_json(content)
        except ValueError:
            if is_web_page(headers, content):
                raise_for_web_page(status, request_line)
            raise RetryableError(f"{request_line} returned invalid JSON.") from None

    def _download(self, link: str, consume: Callable[[Iterator[bytes]], T]) -> T:
        url = link
        for _ in range(1 + MAX_REDIRECTS):
            url = check_link(self.base_url, url)
            storage = excerpt(urlsplit(url).hostname or "")
            headers = {"Accept-Encoding": "identity"}
            with self._send("GET", url, auth=_no_auth, headers=headers) as response:
                status = response.status_code
                if status in _REDIRECTS and (target := _location(response)):
                    url = _join(url, target)
                    continue
                raise_for_storage_status(status, storage)
                return consume(_iter_chunks(response, MAX_FILE_BYTES))
        raise NotFoundError(f"The report storage ({storage}) redirects in a circle.")

    def _send(self, method: str, url: str, **parts: Any) -> requests.Response:
        self.limiter.acquire()
        try:
            return self.session.request(
                method,
                url,
                timeout=self.timeout,
                stream=True,
                # A redirect could carry the token to another host.
                allow_redirects=False,
                # Requests would still read its whole body and its link, which may not be a URL.
                hooks={"response": _hide_location_header},
                **parts,
            )
        except (requests.RequestException, UnicodeError) as error:
            raise connection_error(method, url, error) from None

    def _add_auth_header(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        request.headers["Accept"] = "application/json"
        request.headers["Accept-Encoding"] = "gzip"
        return request

    def _build_url(self, path: str) -> str:
        """Join a path to the base, or a link to its host; refuse any other host."""
        if path.startswith("/") and not path.startswith(("/v1/", "/v2/", "//")):
            return self.base_url + path
        try:
            url = urljoin(self.base_url, path)
            target = urlsplit(url)
        except ValueError:
            raise FreshchatError("A link in a Freshchat response is not a URL.") from None
        origin = urlsplit(self.base_url)[:2]
        if target[:2] != origin:
            raise FreshchatError(
                f"A link in a Freshchat response points to another host ({target.hostname}); "
                f"the token is sent to {origin[1]} only."
            )
        return url


def build_path(*parts: str) -> str:
    """A path below the base from its parts, ids escaped: `build_path("users", id)`."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # Being given some auth keeps requests from looking for one in the user's netrc file.
    return request


def _hide_location_header(response: requests.Response, **_: Any) -> None:
    if location := response.headers.pop("Location", None):
        response.headers[_HIDDEN_LOCATION] = location


def _location(response: requests.Response) -> str:
    return response.headers.get(_HIDDEN_LOCATION, "")


def _join(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        raise FreshchatError("The report storage redirects to what is not a URL.") from None


def _iter_chunks(response: requests.Response, max_bytes: int) -> Iterator[bytes]:
    total = 0
    encoding = response.headers.get("Content-Encoding", "")
    try:
        # Not decoded by urllib3, which fails where a body is not what its headers say.
        raw = response.raw.stream(CHUNK_BYTES, decode_content=False)
        for chunk in decode_body(raw, encoding):
            total += len(chunk)
            if total > max_bytes:
                raise FreshchatError(
                    f"A response of {urlsplit(response.url).hostname} is larger than "
                    f"{max_bytes:,} bytes and was not read."
                )
            yield chunk
    except (HTTPError, OSError) as error:
        raise connection_error("Reading", response.url, error) from None
