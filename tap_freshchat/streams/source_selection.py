"""Selection of the activity source: raw reports one by one, or REST instead of them.

REST shows less than reports, so a stream turns to it by itself only if the account never had any
of its reports.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_freshchat.bookmarks import REPORTS
from tap_freshchat.errors import AuthorizationError, FreshchatError
from tap_freshchat.reports.access import CONTENT
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tap_freshchat.run_context import RunContext
    from tap_freshchat.streams.windowed import ReportStream

_LOG = "tap-freshchat"


def select_sources(
    run: RunContext, streams: Sequence[ReportStream], known: Iterable[ReportStream]
) -> None:
    """Register the reports of the selected streams, and decide on those that are refused.

    With `activity_source: reports`, a refused report fails the streams that need it. Otherwise a
    report that the account never had is left out, and one that it had before fails them.

    Args:
        run: the run context.
        streams: the selected streams.
        known: all streams, because the state of any says which reports the account has.

    Raises:
        AuthorizationError: the token or the host is wrong.
    """
    _register_reports(run, streams)
    if run.config.activity_source == "reports":
        return
    requested = run.reports.registered
    refused = _refused_reports(run, requested)
    if not refused:
        return
    had = {report for stream in known for report in _reports_had(stream)}
    all_refused = len(refused) == len(requested)
    access = run.report_access
    for report, error in refused.items():
        # An account that had other reports and is refused all has lost its access.
        if report in had or (had and all_refused):
            access.refused[report] = AuthorizationError(
                f"{error} The account had reports before. Nothing is lost: run the tap again when "
                f"it is available, add it to skip_reports, or set activity_source to rest to "
                f"continue via REST.",
                forbidden=True,
            )
        else:
            access.left_out.add(report)
    run.rest_streams |= {
        stream.name
        for stream in streams
        if stream.supports_rest and access.left_out.issuperset(stream.reports)
    }
    _warn_about_left_out(run, streams)
    if access.left_out:
        run.reports.unregister_all()
        _register_reports(run, streams)


def _refused_reports(run: RunContext, reports: Iterable[str]) -> Mapping[str, FreshchatError]:
    """The reports for which the account is refused a job, with the error."""
    refused: dict[str, FreshchatError] = {}
    for report in reports:
        try:
            run.reports.check_access(report)
        except AuthorizationError as error:  # noqa: PERF203 - each report is decided on its own
            if not error.forbidden:
                raise
            refused[report] = error
        except FreshchatError:
            # The account may have it; the streams that read the report get the error again.
            continue
    return refused


def _reports_had(stream: ReportStream) -> Iterable[str]:
    """The reports that a stream's state shows to have been read."""
    # Not the stream's own state, which the SDK creates for a deselected stream.
    if not (stream.tap_state.get("bookmarks") or {}).get(stream.name):
        return ()
    bookmark = stream.bookmark_for(REPORTS)
    return bookmark.reports_read or (stream.reports if bookmark.has_read_reports else ())


def _warn_about_left_out(run: RunContext, streams: Sequence[ReportStream]) -> None:
    log = logging.getLogger(_LOG)
    access, rest = run.report_access, run.rest_streams
    if rest:
        log.warning(
            "This account has no raw reports (Extract API) for %s, which the run reads via REST. "
            "The times of assignments and agent statuses are those of the look-up. Set "
            "activity_source to rest to skip this check.",
            ", ".join(sorted(rest)),
        )
    for report in sorted(access.left_out):
        readers = [
            stream.name
            for stream in streams
            if stream.name not in rest and report in (*stream.reports, *stream.context_reports)
        ]
        if readers:
            log.warning(
                "Freshchat refuses report %s, which this account never had. It is left out: %s "
                "lack %s. Add it to setting skip_reports to skip this check.",
                *(report, ", ".join(readers), CONTENT.get(report, "its rows")),
            )


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
            format_time(min(map(_replayed_from, returning))),
        )


def _replayed_from(stream: ReportStream) -> datetime:
    """From when on events are emitted again: a settling pass before that emits only new ones."""
    bookmark = stream.bookmark_for(REPORTS).value
    return max(filter(None, (stream.start_time, bookmark and bookmark - stream.overlap)))


def _register_reports(run: RunContext, streams: Sequence[ReportStream]) -> None:
    starts = {}
    for stream in streams:
        if not stream.uses_rest:
            # Not the stream's own start time, computed once for the source that is selected here.
            start = run.start_time_for(stream.bookmark_for(REPORTS))
            if start < run.time_range.report_end:
                starts[stream] = start
                stream.register_reports(start)
    for stream, start in starts.items():
        stream.register_shared_reports(start)
