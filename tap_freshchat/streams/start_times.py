"""Warnings about start dates and bookmarks that do not fit the time of the run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_freshchat.bookmarks import REPORTS, REST
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_freshchat.run_context import RunContext
    from tap_freshchat.streams.windowed import WindowedStream


def warn_about_times(run: RunContext, streams: Sequence[WindowedStream]) -> None:
    """Warn about times in the future, and about a start date before what the state covers."""
    log = logging.getLogger("tap-freshchat")
    now, start = run.time_range.now, run.config.start
    if start > now:
        log.warning(
            "Setting start_date (%s) is in the future; streams read nothing until then.",
            format_time(start),
        )
    bookmarks = {
        stream.name: stream.bookmark_for(REST if stream.uses_rest else REPORTS)
        for stream in streams
    }
    if future := [name for name, bookmark in bookmarks.items() if bookmark.is_in_future]:
        log.warning(
            "The bookmarks of %s are in the future, perhaps because the clock was wrong. They are "
            "read as now (%s). To read the time before, run the tap once with start_date, end_date "
            "and a state of its own (Meltano: --state-id-suffix).",
            *(", ".join(future), format_time(now)),
        )
    if not run.config.start_is_explicit:
        return
    covered = {
        name: bookmark.covered_from
        for name, bookmark in bookmarks.items()
        if bookmark.covered_from and bookmark.covered_from > start
    }
    if covered:
        log.warning(
            "Setting start_date (%s) is before the start of what the state covers (%s) for %s. "
            "Streams continue from their bookmarks. To read the time before, run the tap once with "
            "this start_date, end_date %s and a state of its own (Meltano: --state-id-suffix).",
            *(format_time(start), format_time(min(covered.values()))),
            *(", ".join(covered), format_time(max(covered.values()))),
        )
