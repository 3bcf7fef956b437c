"""Catalog of the raw reports: the event name of each, as requests and settings spell it."""

from __future__ import annotations

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
    CONVERSATION_CREATED,
    GROUP_ASSIGNED,
    AGENT_ASSIGNED,
    CONVERSATION_RESOLVED,
    RESOLUTION_LABEL,
)
AGENT_REPORTS = (AVAILABILITY, INTELLIASSIGN)

# All of them, in the order of the raw report streams.
REPORTS = (
    CONVERSATION_CREATED,
    AGENT_ASSIGNED,
    GROUP_ASSIGNED,
    CONVERSATION_RESOLVED,
    RESOLUTION_LABEL,
    MESSAGE_SENT,
    FIRST_RESPONSE_TIME,
    RESPONSE_TIME,
    RESOLUTION_TIME,
    AVAILABILITY,
    INTELLIASSIGN,
    CSAT_SCORE,
    TRANSCRIPT,
)
