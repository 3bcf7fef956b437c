"""Catalog of the raw reports: event names, longest windows and retention. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

# Names from the Extract API article.
CONVERSATION_CREATED = "Conversation-Created"
AGENT_ASSIGNED = "Conversation-Agent-Assigned"
GROUP_ASSIGNED = "Conversation-Group-Assigned"
CONVERSATION_RESOLVED = "Conversation-Resolved"
RESOLUTION_LABEL = "Conversation-Resolution-Label"
AVAILABILITY = "Agent-Activity"
INTELLIASSIGN = "Agent-Intelliassign-Activity"
TRANSCRIPT = "Chat-Transcript"
MESSAGE_SENT = "Message-Sent"
FIRST_RESPONSE_TIME = "First-Response-Time"
RESPONSE_TIME = "Response-Time"
RESOLUTION_TIME = "Resolution-Time"
CSAT_SCORE = "CSAT-Score"

# Reports whose rows are events of conversations, and of agents.
CONVERSATION_REPORTS = (
    *(CONVERSATION_CREATED, GROUP_ASSIGNED, AGENT_ASSIGNED),
    *(CONVERSATION_RESOLVED, RESOLUTION_LABEL),
)
AGENT_REPORTS = (AVAILABILITY, INTELLIASSIGN)

# All of them, in the order of the raw report streams.
REPORTS = (
    *(CONVERSATION_CREATED, AGENT_ASSIGNED, GROUP_ASSIGNED, CONVERSATION_RESOLVED),
    *(RESOLUTION_LABEL, MESSAGE_SENT, FIRST_RESPONSE_TIME, RESPONSE_TIME, RESOLUTION_TIME),
    *(AVAILABILITY, INTELLIASSIGN, CSAT_SCORE, TRANSCRIPT),
)

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
