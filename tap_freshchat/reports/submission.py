"""Asking for one raw report: the request that makes a job, and what a refusal of it means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_freshchat.api import answers
from tap_freshchat.errors import AccessError, MissingError, RefusedError, ReportError
from tap_freshchat.reports.limits import SHORTEST_WINDOW
from tap_freshchat.times import format_request_time

if TYPE_CHECKING:
    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.windows import Window

PATH = "/reports/raw"
_ABOUT_RANGE = ("range", "interval", "window", "duration")
# No shorter window helps against these; the words of the service are not documented.
_ABOUT_AGE = re.compile(r"\b(ago|older)\b")


def submit(client: FreshchatClient, report: str, window: Window, *, exclude_pii: bool) -> str:
    """Ask for one window of a report; the id of the job.

    Raises:
        AccessError: the account cannot have raw reports, or nobody is let in at all.
        LimitError: no more jobs of this report for now.
        RefusedError: the service does not take the request as it stands.
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
        answer = answers.an_object(client.submit(PATH, body), PATH)
    except (AccessError, MissingError) as error:
        if isinstance(error, AccessError) and not error.forbidden:
            # A wrong token or a web page says nothing of the plan.
            raise
        raise AccessError(
            f"{error} Raw reports (Extract API) may not be part of the account's plan.",
            forbidden=True,
        ) from None
    [job] = answers.objects([answer], PATH, "jobs")
    return str(job["id"])


def shorter_windows(report: str, window: Window, error: RefusedError) -> tuple[Window, Window]:
    """What to ask for instead of a window that the service finds too long.

    Raises:
        ReportError: it was refused for another reason, or cannot be any shorter.
    """
    reason = error.reason.lower()
    too_old = bool(_ABOUT_AGE.search(reason))
    if not too_old and not any(word in reason for word in _ABOUT_RANGE):
        raise ReportError(f"Report {report} for {window}: {error}") from None
    if too_old or window.end - window.start <= SHORTEST_WINDOW:
        raise ReportError(
            f"Report {report} for {window}: {error} The period seems to be too long ago for this "
            f"account: set start_date to a later day."
        ) from None
    return window.halves()
