"""Client of one raw-report job: submits it, parses its status, splits a window that is too long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_freshchat.api import responses
from tap_freshchat.errors import AccessError, MissingError, RefusedError, ReportError
from tap_freshchat.reports.limits import SHORTEST_WINDOW
from tap_freshchat.times import format_request_time

if TYPE_CHECKING:
    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.windows import Window

PATH = "/reports/raw"
# Seconds before the first look at a job: it takes seconds to minutes.
FIRST_POLL = 2.0

_DONE = {"COMPLETED", "SUCCESS"}
_ABOUT_RANGE = ("range", "interval", "window", "duration")
# No shorter window helps against these; the words of the service are not documented.
_ABOUT_AGE = re.compile(r"\b(ago|older)\b")


@dataclass(kw_only=True, eq=False)
class Job:
    """One job; `links` is None until all its parts are done.

    A window that the service finds too long is left to two `halves`, which stand for the job.
    """

    report: str
    window: Window
    id: str = ""
    deadline: float = 0.0
    next_poll: float = 0.0
    poll_wait: float = FIRST_POLL
    looks_for_links: int = 0
    links: list[str] | None = None
    halves: tuple[Job, ...] = ()

    def parts(self) -> list[Job]:
        """The jobs that together cover the window, in order."""
        return [part for half in self.halves for part in half.parts()] or [self]

    @property
    def done(self) -> bool:
        """Whether all its parts have links."""
        return all(part.links is not None for part in self.parts())


class JobAnswer(NamedTuple):
    """How far a job is.

    `links` are of the parts that have one, and `parts` is how many there are; both say something
    of a job that is `done` only.
    """

    failed: bool
    done: bool
    parts: int
    links: list[str]

    @property
    def complete(self) -> bool:
        """Whether there is something to read, and all of it can be."""
        return self.done and 0 < self.parts == len(self.links)


def read(answer: dict[str, Any], path: str) -> JobAnswer:
    """Read the answer to GET of a job, in its newer form with several links or the older with one.

    Args:
        answer: an object.
        path: of the request.

    Raises:
        FreshchatError: it has another form.
    """
    status = str(answer.get("status", "")).upper()
    parts = answer.get("links") or ([answer["link"]] if answer.get("link") else [])
    parts = responses.objects(parts, path, "links", named=None)
    states = {str(part.get("status") or status).upper() for part in parts}
    done = status == "COMPLETED" and states <= _DONE
    links = (responses.an_object(part.get("link") or part, path) for part in parts if done)
    return JobAnswer(
        failed="FAILED" in {status, *states},
        done=done,
        parts=len(parts),
        links=[str(href) for link in links if (href := link.get("href"))],
    )


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
        answer = responses.an_object(client.submit(PATH, body), PATH)
    except (AccessError, MissingError) as error:
        if isinstance(error, AccessError) and not error.forbidden:
            # A wrong token or a web page says nothing of the plan.
            raise
        raise AccessError(
            f"{error} Raw reports (Extract API) may not be part of the account's plan.",
            forbidden=True,
        ) from None
    [job] = responses.objects([answer], PATH, "jobs")
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
