"""Readings of Freshchat: the plausible ways in which the real service may behave.

Much of Freshchat's behaviour is believed, not documented. Each field is one such belief, its
values are the readings of it, and its default is the most likely one.

To add a belief, add a field here and use it where a view or a report spells the value. A field
is a bool or a `Literal`: the URL, the command line and the tests find its values by its type.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal, get_args, get_type_hints


@dataclass(frozen=True, kw_only=True)
class Readings:
    """One reading of each belief; readings change how events are reported, never the events."""

    sparse_conversations: Annotated[
        Literal["some", "all", "none"],
        "which conversations GET returns with five fields only; some: a third",
    ] = "some"
    reopened_rows: Annotated[bool, "whether a reopen has a row in Conversation-Created"] = True
    unassigned_rows: Annotated[
        bool,
        "whether an unassignment has a row in Conversation-Agent-Assigned, without an agent",
    ] = False
    header_style: Annotated[
        Literal["snake", "title"], "spelling of CSV headers: snake_case or Title Case"
    ] = "snake"
    report_zone: Annotated[
        Literal["UTC", "America/New_York", "Asia/Kolkata"],
        "zone in which reports write times; in any other than UTC, without an offset",
    ] = "UTC"
    message_type: Annotated[
        Literal["lower", "upper", "blank", "part"],
        "message_type in transcripts: normal, NORMAL, nothing, or the kind of the first part",
    ] = "lower"
    detailed_message_type: Annotated[
        Literal["export", "part", "blank"],
        "detailed_message_type in transcripts: as in exports, the kind of the first part, nothing",
    ] = "export"
    status_rows: Annotated[
        bool, "whether transcripts have the system messages about changes of the conversation"
    ] = True
    actor_type: Annotated[
        Literal["lower", "upper", "title"], "actor_type in reports: agent, AGENT or Agent"
    ] = "lower"
    rest_actor_type: Annotated[
        Literal["lower", "upper", "title"], "actor_type of messages in REST"
    ] = "lower"
    rest_system_actor: Annotated[bool, "whether REST has the actor_type of system messages"] = False
    rest_message_type: Annotated[
        Literal["lower", "upper", "detailed"],
        "message_type in REST: normal, NORMAL, or as detailed_message_type in exports",
    ] = "lower"
    automatic_messages: Annotated[
        Literal["normal", "away", "offline"],
        "detailed type of a bot's messages: NORMAL, AWAY_MESSAGE or OFFLINE_MESSAGE",
    ] = "normal"
    interaction_id: Annotated[
        Literal["time", "opaque"],
        "form of interaction ids: conversation and start time, or a text without a time",
    ] = "time"
    report_interactions: Annotated[
        Literal["filled", "blank", "absent"], "column interaction_id of the reports"
    ] = "filled"
    transcript_interactions: Annotated[
        Literal["absent", "filled", "blank"], "column interaction_id of transcripts"
    ] = "absent"
    rest_interactions: Annotated[bool, "whether messages in REST have an interaction_id"] = True
    flags: Annotated[
        Literal["mixed", "title", "number", "none"],
        "isResolved and isReopen in REST, reopened in reports: true, 'True', 1, or no such field",
    ] = "mixed"
    missing_rows: Annotated[
        Literal["none", "resolved", "assigned"],
        "of which events a fifth has no report row, only its status row in transcripts",
    ] = "none"
    group_rows_agent: Annotated[
        bool, "whether Conversation-Group-Assigned has the columns of the agent"
    ] = True
    report_times: Annotated[
        Literal["mixed", "iso", "offset"],
        "times in reports: some without a zone, all with Z, or all with an offset",
    ] = "mixed"
    longest_report: Annotated[
        Literal["month", "day"],
        "longest range of a report: a month (transcript: a day), or a day (transcript: half)",
    ] = "month"
    job_links: Annotated[
        Literal["links", "link"], "how a report job lists its files: several links, or one link"
    ] = "links"
    agent_status: Annotated[
        Literal["lower", "upper", "title", "spaced"],
        "status in agent reports: available, AVAILABLE, Available, or ' Available '",
    ] = "lower"
    agent_statuses_key: Annotated[
        Literal["states", "statuses", "none"],
        "key of the list of GET /agents/status; none: the response is the list",
    ] = "states"
    job_limit: Annotated[
        Literal["each", "shared"], "whether the limits of report jobs count per report type"
    ] = "each"
    job_state: Annotated[
        Literal["upper", "lower", "success", "done"],
        "states of report jobs: COMPLETED, completed, SUCCESS or DONE; pending states alike",
    ] = "upper"
    link_form: Annotated[Literal["relative", "absolute"], "links to jobs and to further pages"] = (
        "relative"
    )
    message_order: Annotated[
        Literal["newest", "oldest"], "which messages of a conversation come first"
    ] = "newest"
    message_pages: Annotated[
        Literal["link", "number"],
        "whether the messages of a conversation link to the next page, or page by number only",
    ] = "link"
    list_pages: Annotated[
        Literal["totals", "links", "total_items"],
        "what a list says of its pages: totals and links, links only, or the number of items only",
    ] = "totals"
    list_cap: Annotated[
        Literal["none", "error", "empty"],
        "response to pages of users after the tenth: the page, an error, or an empty list",
    ] = "none"
    user_filter: Annotated[bool, "whether GET /users obeys updated_from and updated_to"] = True
    rest_agent_status: Annotated[
        Literal["upper", "lower", "title"], "availability_status of agents in REST"
    ] = "upper"
    properties: Annotated[
        Literal["mixed", "object", "list"], "form of the properties of a conversation"
    ] = "mixed"
    user_updates: Annotated[
        Literal["record", "message", "activity", "never"],
        "what moves a user's updated_time: changes, also own messages, also all messages; nothing",
    ] = "record"


def in_case(text: str, style: str) -> str:
    """Return a text in lower, upper or title case."""
    return {"upper": text.upper(), "title": text.title()}.get(style, text.lower())


def flag_text(style: str, *, is_set: bool) -> str:
    """Return a flag as the cell of a report."""
    return str(int(is_set)) if style == "number" else in_case(str(is_set), style)


def values_by_belief() -> dict[str, tuple[object, ...]]:
    """Return the possible values of each field of Readings, by field name."""
    hints = get_type_hints(Readings)
    return {
        field.name: (False, True) if hints[field.name] is bool else get_args(hints[field.name])
        for field in fields(Readings)
    }
