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
