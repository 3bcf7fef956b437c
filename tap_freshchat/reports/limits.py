"""Limits of raw reports: longest window and retention. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

from tap_freshchat.reports.catalog import TRANSCRIPT

# Longest windows that every account takes: docs disagree above these (Extract API article: a
# month, transcripts a day).
MAX_WINDOW = timedelta(days=28)
MAX_TRANSCRIPT_WINDOW = timedelta(days=1)
# How far back reports reach (Reports API PDF); three days less keep clear of the edge, wherever the
# service's day begins and however long the job waits for its turn.
REPORT_MONTHS = 15
REPORT_MARGIN = timedelta(days=3)
# A window rejected as too long is split down to this.
MIN_WINDOW = timedelta(hours=1)


def report_retention_start(now: datetime) -> datetime:
    """The earliest time for which reports can be requested."""
    year, month = divmod(now.year * 12 + now.month - 1 - REPORT_MONTHS, 12)
    # The last days of a month have no counterpart in a shorter one.
    day = min(now.day, monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day) + REPORT_MARGIN


def max_window(report: str, configured: timedelta | None) -> timedelta:
    """The longest window of a report: as configured, within Freshchat's limit."""
    limit = MAX_TRANSCRIPT_WINDOW if report == TRANSCRIPT else MAX_WINDOW
    return limit if configured is None else min(configured, limit)
