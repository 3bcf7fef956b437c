"""Endpoint of raw-report jobs: submit one, poll it, split a window that is too long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

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
# States of jobs and of their parts, in normal form. The Extract API article has PENDING,
# IN_PROGRESS, COMPLETED and FAILED, and SUCCESS for parts; the others are what services with
# similar jobs say. A response without a state is that of a pending job.
_PENDING = {
    *("", "PENDING", "INPROGRESS", "QUEUED", "PROCESSING", "RUNNING", "SUBMITTED"),
    *("ACCEPTED", "SCHEDULED", "STARTED", "WAITING", "INPROCESS", "INQUEUE"),
}
_DONE = {"COMPLETED", "COMPLETE", "SUCCESS", "SUCCESSFUL", "SUCCEEDED", "DONE", "FINISHED"}
_NO_DATA = "NODATA"
_SHOWN_STATE = re.compile(r"[A-Za-z][A-Za-z _-]{0,39}")
_SHOWN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
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


class JobStatus(NamedTuple):
    """Status of a job: whether it is complete, and the links of its parts that have data.

    A part without a link has an empty string. `has_parts` is whether the response lists any part,
    also one that is marked as empty.
    """

    is_complete: bool
    links: list[str]
    has_parts: bool = True

    @property
    def is_ready(self) -> bool:
        """Whether all files can be fetched."""
        return self.is_complete and self.has_parts and all(self.links)


def poll_job(client: FreshchatClient, report: str, window: Window, job_id: str) -> JobStatus:
    """Fetch the status of a job; the newer form of the response has several links, the older one.

    Raises:
        FreshchatError: the response has another shape.
        NotFoundError, RequestRejectedError: the service does not know the job, or not yet.
        ReportError: the job failed, or is in an unknown state.
    """
    # The `link` in the response to POST lacks `/v2`, so the path is built from the id.
    path = build_path("reports", "raw", job_id)
    response = responses.require_object(client.get(path), path)
    status = response.get("status")
    parts = response.get("links") or ([response["link"]] if response.get("link") else [])
    parts = responses.require_object_list(parts, path, "links", id_field=None)
    for state in (status, *(part.get("status") for part in parts)):
        _check_state(state, report, window)
    own = _normalise_state(status)
    part_states = [_normalise_state(part.get("status") or status) for part in parts]
    if own in _PENDING or not _PENDING.isdisjoint(part_states):
        return JobStatus(is_complete=False, links=[])
    links = [
        _link(part, path)
        for part, state in zip(parts, part_states, strict=True)
        if _NO_DATA not in state
    ]
    return JobStatus(is_complete=True, links=links, has_parts=bool(parts) or _NO_DATA in own)


def _link(part: dict[str, Any], path: str) -> str:
    link = part.get("link") or part
    if isinstance(link, str):
        return link
    return str(responses.require_object(link, path).get("href") or "")


def _normalise_state(state: object) -> str:
    return re.sub(r"[^A-Z]", "", str(state or "").upper())


def _check_state(state: object, report: str, window: Window) -> None:
    """Refuse a state in which no file will come; ReportError names it."""
    plain = _normalise_state(state)
    if plain == "FAILED":
        raise ReportError(
            f"Report {report} for {window} failed at Freshchat. Run the tap again, or lower "
            f"setting report_window_days."
        )
    if (plain or not state) and (plain in _PENDING | _DONE or _NO_DATA in plain):
        return
    shown = state if isinstance(state, str) and _SHOWN_STATE.fullmatch(state) else "unreadable"
    raise ReportError(
        f"Report {report} for {window}: the state of its job at Freshchat is {shown}, in which no "
        f"file can be expected. Run the tap again, or lower setting report_window_days."
    )


def describe_job(job_id: str) -> str:
    """A job's id for a message; the id comes from the service and may be anything."""
    return f"job {job_id}" if _SHOWN_ID.fullmatch(job_id) else "its job"


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
