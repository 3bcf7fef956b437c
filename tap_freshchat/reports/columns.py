"""Names of report columns: normal forms, aliases and required fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tap_freshchat.errors import ReportError
from tap_freshchat.reports import catalog

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

# A key of rows, which no header can give: the zone of the report repeats or skips the row's time.
APPROXIMATE = "time is approximate"


class ReportColumns(NamedTuple):
    """The fields that a report's events need, and the headers of each field, in normal form."""

    required: Collection[str]
    headers: Mapping[str, Sequence[str]]

    @property
    def time(self) -> str:
        """The field that holds the time of a row."""
        return "created_time" if "created_time" in self.required else "created_at"

    @property
    def filled(self) -> list[str]:
        """The fields without which a row gives no event, besides its time."""
        # An assignment without an assignee is an unassignment; a message can do without its id.
        ids = {"conversation_id"} & set(self.required) or {"agent_id", "status"}
        return sorted(ids & set(self.required))


# Freshworks publishes no list of columns in the text at hand; these are the headers that code
# which reads real files expects, and by analogy for the reports nobody shows (docs/assumptions.md).
_TIME = ("created_at", "created_time", "timestamp", "event_time", "time")
_AGENT = ReportColumns(
    {"agent_id", "status", "created_at"},
    {
        "agent_id": ("agent_id", "actor_id"),
        "agent_email": ("agent_email", "email", "actor_email"),
        "status": (
            *("status", "availability_status", "agent_status", "activity", "event", "event_type"),
            *("intelliassign_status", "state"),
        ),
        "created_at": (*_TIME, "status_change_timestamp", "activity_time", "start_time"),
    },
)


def _conversation(*required: str, **headers: Sequence[str]) -> ReportColumns:
    shared = {
        "created_at": _TIME,
        "agent_id": ("agent_id", "assigned_agent_id", "to_agent_id"),
        "group_id": ("group_id", "assigned_group_id", "to_group_id"),
    }
    return ReportColumns({"created_at", *required}, {**shared, **headers})


def _assignment(assignee: str) -> ReportColumns:
    times = (*_TIME, "assigned_at", "assigned_time")
    return _conversation("conversation_id", assignee, created_at=times)


def _duration(*headers: str, required: Collection[str] = ()) -> ReportColumns:
    return _conversation(*required, value_in_seconds=("value_in_seconds", *headers, "value"))


COLUMNS: Mapping[str, ReportColumns] = {
    catalog.CONVERSATION_CREATED: _conversation("conversation_id"),
    catalog.AGENT_ASSIGNED: _assignment("agent_id"),
    catalog.GROUP_ASSIGNED: _assignment("group_id"),
    catalog.CONVERSATION_RESOLVED: _conversation(
        "conversation_id", created_at=("resolved_at", "resolved_time", *_TIME)
    ),
    catalog.RESOLUTION_LABEL: _conversation(
        "conversation_id",
        # Freshchat's docs have both without the initial `l`.
        label_category_name=("label_category_name", "abel_category_name"),
        label_sub_category_name=("label_sub_category_name", "abel_sub_category_name"),
    ),
    catalog.AVAILABILITY: _AGENT,
    catalog.INTELLIASSIGN: _AGENT,
    catalog.MESSAGE_SENT: _conversation(created_at=(*_TIME, "sent_at", "sent_time")),
    catalog.FIRST_RESPONSE_TIME: _duration(
        *("total_first_response_time_in_seconds", "first_response_time"),
        required={"conversation_id"},
    ),
    catalog.RESPONSE_TIME: _duration("response_time_in_seconds", "response_time"),
    catalog.RESOLUTION_TIME: _duration("resolution_time_in_seconds", "resolution_time"),
    catalog.CSAT_SCORE: ReportColumns(
        {"conversation_id", "created_at"},
        {
            # The report goes by when the rating was given.
            "created_at": ("csat_rated_at", "rated_at", *_TIME),
            "value": ("value", "csat_score", "score", "rating"),
            "csat_response": ("csat_response", "comment"),
            "agent_id": ("agent_id", "actor_id"),
            "agent_name": ("agent_name", "actor_name"),
        },
    ),
    catalog.TRANSCRIPT: ReportColumns(
        {"message_id", "conversation_id", "created_time"},
        {
            "message_id": ("message_id", "id"),
            "created_time": ("created_time", "created_at"),
            "customer_id": ("customer_id", "user_id"),
        },
    ),
}

# What a header looks like; and what only rows hold: addresses, times, figures, ids, JSON.
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9 _./()-]{0,40}")
_LOOKS_LIKE_DATA = re.compile(r"@|^\s*[\d+\-.{\[]|[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE)


def normalise(header: str) -> str:
    """`"Conversation ID"` or `"conversationId"` → `"conversation_id"`."""
    if header.isidentifier() and "_" not in header:
        header = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", header)
    return re.sub(r"[^0-9a-z]+", "_", header.lower()).strip("_")


def map_columns(
    report: str,
    headers: Sequence[str],
    *,
    stream: str,
    extra: Mapping[str, Sequence[str]],
    required: Iterable[str] | None = None,
) -> list[str]:
    """The name of each column: a known field's, else its own header's normal form.

    `headers` is the first row of a file. `extra` has further headers by field, from the setting
    `report_columns`, which take precedence. `required` defaults to the report's required fields.

    Raises:
        ReportError: a required field has no column.
    """
    names = [normalise(header) for header in headers]
    columns = COLUMNS.get(report, ReportColumns((), {}))
    for field in {**columns.headers, **extra}:
        candidates = [*map(normalise, extra.get(field, ())), *columns.headers.get(field, ())]
        match = next((name for name in candidates if name in names), None)
        if match is not None and match != field:
            # A column that already bears the field's name steps aside for the one chosen.
            names = [f"{field}_column" if name == field else name for name in names]
            names[names.index(match)] = field
    missing = sorted(set(columns.required if required is None else required) - set(names))
    if missing:
        raise ReportError(
            f"Report {report} has no column for {', '.join(missing)}. {_describe_headers(headers)} "
            f"Name the right columns in setting report_columns: "
            f'{{"{stream}": {{"{missing[0]}": ["<header>"]}}}}.'
        )
    return names


def shown_headers(headers: Sequence[str]) -> list[str]:
    """The headers that may be shown: none if the line is a row, which holds what people wrote."""
    if any(map(_LOOKS_LIKE_DATA.search, headers)):
        return []
    return [header.strip() for header in headers if _HEADER.fullmatch(header.strip())]


def _describe_headers(headers: Sequence[str]) -> str:
    """What may be said of a file's first line."""
    if any(map(_LOOKS_LIKE_DATA.search, headers)):
        return f"Its first line ({len(headers)} cells) is a row, not a header."
    shown = shown_headers(headers)
    hidden = len(headers) - len(shown)
    others = f" and {hidden} that are not shown" if hidden else ""
    return f"Its headers are: {', '.join(shown) or 'none'}{others}."
