"""Endpoint of raw-report jobs: submit one, poll it, split a window that is too long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_freshchat.api import responses
from tap_freshchat.api.client import build_path
from tap_freshchat.errors import (
    AuthorizationError,
    NotFoundError,
    ReportError,
    RequestRejectedError,
)
from tap_freshchat.reports.catalog import MIN_WINDOW
from tap_freshchat.times import format_request_time

if TYPE_CHECKING:
    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.windows import Window

PATH = "/reports/raw"
_DONE = {"COMPLETED", "SUCCESS"}
_RANGE_WORDS = ("range", "interval", "window", "duration")
# No shorter window helps against these; the words of the service are not documented.
_AGE_WORDS = re.compile(r"\b(ago|older)\b")


def submit_job(client: FreshchatClient, report: str, window: Window, *, exclude_pii: bool) -> str:
    """Submit a job for one window of a report; returns its id.

    Raises:
        AuthorizationError: the account does not have this report (`forbidden`), or the token or
            host is wrong.
        ResourceRateLimitError: the limit of jobs is reached.
        RequestRejectedError: the service rejected the request.
    """
    body: dict[str, Any] = {
        "start": format_request_time(window.start),
        "end": format_request_time(window.end),
        "event": report,
        "format": "csv",
    }
    if exclude_pii:
        body["should_exclude_pii"] = True
    try:
        response = client.post(PATH, body, has_resource_limit=True)
    except (AuthorizationError, NotFoundError, RequestRejectedError) as error:
        if isinstance(error, AuthorizationError) and not error.forbidden:
            # A wrong token or a web page says nothing about the plan.
            raise
        if isinstance(error, RequestRejectedError) and not _names_event(error):
            raise
        raise AuthorizationError(
            f"{error} Report {report} (Extract API) may not be part of the account's plan.",
            forbidden=True,
        ) from None
    [job] = responses.require_object_list([response], PATH, "jobs")
    return str(job["id"])


def _names_event(error: RequestRejectedError) -> bool:
    """Whether a rejection is about the name of the report, which requests call `event`."""
    reason = error.reason.lower()
    return "event" in reason and not any(word in reason for word in _RANGE_WORDS)


def poll_job(client: FreshchatClient, report: str, window: Window, job_id: str) -> list[str] | None:
    """Fetch the links to a job's files: None while it is pending, "" for a file without a link.

    The newer form of the response has several links, the older form one.

    Raises:
        FreshchatError: the response has another shape.
        ReportError: the job failed.
    """
    # The `link` in the response to POST lacks `/v2`, so the path is built from the id.
    path = build_path("reports", "raw", job_id)
    response = responses.require_object(client.get(path), path)
    status = str(response.get("status", "")).upper()
    files = response.get("links") or ([response["link"]] if response.get("link") else [])
    files = responses.require_object_list(files, path, "links", id_field=None)
    states = {status, *(str(file.get("status") or status).upper() for file in files)}
    if "FAILED" in states:
        raise ReportError(
            f"Report {report} for {window} failed at Freshchat. Run the tap again, or lower "
            f"setting report_window_days."
        )
    if status != "COMPLETED" or not states <= _DONE:
        return None
    links = (responses.require_object(file.get("link") or file, path) for file in files)
    return [str(link.get("href") or "") for link in links]


def split_window(report: str, window: Window, error: RequestRejectedError) -> tuple[Window, Window]:
    """Split a window that the service finds too long.

    Raises:
        ReportError: it was rejected for another reason, or is too short to split.
    """
    reason = error.reason.lower()
    too_old = bool(_AGE_WORDS.search(reason))
    if not too_old and not any(word in reason for word in _RANGE_WORDS):
        raise ReportError(f"Report {report} for {window}: {error}") from None
    if too_old or window.end - window.start <= MIN_WINDOW:
        raise ReportError(
            f"Report {report} for {window}: {error} The period may be too long ago for this "
            f"account; set a later start_date."
        ) from None
    return window.halves()
