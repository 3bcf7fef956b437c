"""Selection of the activity source: raw reports, or REST instead of them.

REST shows less than reports, so a run turns to it by itself only for accounts that never had
reports.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_freshchat.bookmarks import REPORTS
from tap_freshchat.errors import AuthorizationError
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_freshchat.run_context import RunContext
    from tap_freshchat.streams.windowed import ReportStream

_LOG = "tap-freshchat"


def select_sources(run: RunContext, streams: Sequence[ReportStream]) -> None:
    """Register the reports of all streams; with `activity_source: auto`, see if there are any.

    Raises:
        AuthorizationError: the account had reports and is now denied them.
    """
    _register_reports(run, streams)
    flexible = [stream for stream in streams if stream.supports_rest]
    due = (stream for stream in flexible if _start(run, stream) < run.time_range.report_end)
    probed = next(due, None)
    if run.config.activity_source != "auto" or probed is None:
        return
    try:
        run.reports.check_access(probed.reports[0])
    except AuthorizationError as error:
        if not error.forbidden:
            raise
        if any(stream.bookmark_for(REPORTS).has_read_reports for stream in flexible):
            raise AuthorizationError(
                f"{error} The account had reports before. Nothing is lost: run the tap again when "
                f"they are available, or set activity_source to rest to continue via REST."
            ) from None
        logging.getLogger(_LOG).warning(
            "This account has no raw reports (Extract API); reading conversations via REST. The "
            "times of assignments and agent statuses are those of the look-up. Set "
            "activity_source to rest to skip this check."
        )
        run.uses_rest = True
        run.reports.unregister_all()
        _register_reports(run, streams)


def warn_about_replayed_events(streams: Sequence[ReportStream]) -> None:
    """Warn from when on reports are read for a time that was read via REST."""
    returning = [
        stream
        for stream in streams
        if not stream.uses_rest and stream.bookmark_for(REPORTS).resumes_reports_after_rest
    ]
    if returning:
        logging.getLogger(_LOG).warning(
            "Reports are read again from %s on, where REST replaced them. Events already read via "
            "REST are emitted again: assignments and agent statuses with new ids, all others with "
            "the same ids. Set start_date to start later.",
            format_time(min(stream.start_time for stream in returning)),
        )


def _register_reports(run: RunContext, streams: Sequence[ReportStream]) -> None:
    for stream in streams:
        if not stream.uses_rest and (start := _start(run, stream)) < run.time_range.report_end:
            stream.register_reports(start)


def _start(run: RunContext, stream: ReportStream) -> datetime:
    # Not the stream's own start time, which is computed once, for the source selected here.
    return run.start_time_for(stream.bookmark_for(REPORTS))
