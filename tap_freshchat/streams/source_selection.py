"""Selection of the activity source: raw reports, or REST where the account has none.

REST reports less than raw reports do, so a run falls back to it only if the account never had them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_freshchat.bookmarks import REPORTS
from tap_freshchat.errors import AuthorizationError
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_freshchat.run_context import RunContext
    from tap_freshchat.streams.windowed import WindowedStream
    from tap_freshchat.windows import Window

_LOG = "tap-freshchat"


def select_activity_source(run: RunContext, streams: Sequence[WindowedStream]) -> None:
    """With `activity_source: auto`, fall back to REST if the account has no reports.

    Args:
        run: the run.
        streams: the selected streams that support both sources.

    Raises:
        AuthorizationError: the account had reports and is denied them now.
    """
    first = next(filter(None, map(_first_report, streams)), None)
    if run.config.activity_source != "auto" or first is None:
        return
    denial = run.reports.check_access(*first)
    if denial is None:
        return
    if any(stream.bookmark_for(REPORTS).written_by_reports for stream in streams):
        raise AuthorizationError(
            f"{denial} They were read before, and nothing is lost so far: run again when they "
            f"are back, or set activity_source to rest to go on by REST."
        )
    run.uses_rest = True
    logging.getLogger(_LOG).warning(
        "This account has no raw reports (Extract API): reading conversations by REST. "
        "Assignments and agents' statuses then have the time at which they were seen; "
        "set activity_source to rest to choose this without asking."
    )


def warn_about_replayed_events(streams: Sequence[WindowedStream]) -> None:
    """Warn that reports resume, and from when, after REST replaced them."""
    returning = [
        stream for stream in streams if stream.bookmark_for(REPORTS).resumes_reports_after_rest
    ]
    if returning and not returning[0].uses_rest:
        logging.getLogger(_LOG).warning(
            "Reports are read again, from %s on, since when REST stood in for them. What it told "
            "comes again: assignments and agents' statuses with ids of their own, all else with "
            "the same. Set start_date to begin later.",
            format_time(min(stream.start_time for stream in returning)),
        )


def _first_report(stream: WindowedStream) -> tuple[str, Window] | None:
    """The first report window that a stream would request; None if there is none."""
    # Not the stream's own plan, which is cached and depends on the source selected here.
    since = stream.run.start_time_for(stream.bookmark_for(REPORTS))
    windows = stream.report_windows(since)
    return (stream.reports[0], windows[0]) if windows else None
