"""Rows of several reports → occurrences: what happened, when, and what it changed. Pure."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_freshchat import report_columns as columns
from tap_freshchat.errors import ReportError
from tap_freshchat.times import interaction_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CREATED = "created"
REOPENED = "reopened"
ASSIGNED_TO_GROUP = "assigned_to_group"
ASSIGNED_TO_AGENT = "assigned_to_agent"
RESOLVED = "resolved"
# Of occurrences in one millisecond, the order in which a conversation can pass through them.
_ORDER = {CREATED: 0, REOPENED: 0, ASSIGNED_TO_GROUP: 1, ASSIGNED_TO_AGENT: 2, RESOLVED: 3}
_KINDS = {
    columns.AGENT_ASSIGNED: ASSIGNED_TO_AGENT,
    columns.GROUP_ASSIGNED: ASSIGNED_TO_GROUP,
    columns.RESOLVED: RESOLVED,
}
# How far a Created row's own time may lie from its interaction's before the latter is not believed
# to be a time; seen apart by 0.1 s at most.
_TRUSTED_SKEW = timedelta(minutes=5)
# Conversations whose last known values are kept in mind: some 100 MB would be 200,000 of them.
MAX_TIMELINES = 50_000


def digest(*parts: str) -> str:
    """A stable id from parts: 32 hexadecimal digits, different for any other list of parts."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One thing that happened to a conversation, as far as a report's row tells.

    `agent_told` is whether the row has a column for the assigned agent at all: only then does
    an empty one say that there is none.
    """

    kind: str
    time: datetime
    conversation_id: str
    interaction_id: str | None = None
    channel_id: str | None = None
    agent_id: str | None = None
    agent_told: bool = False
    group_id: str | None = None
    actor_id: str | None = None
    actor_type: str | None = None

    @property
    def id(self) -> str:
        """The same for every row, run and source that tells of this occurrence.

        An interaction begins once and is resolved once, so its id is all it takes; an assignment
        may come again within it, so it takes the assignee and the time as well.
        """
        interaction = self.interaction_id
        if self.kind in {ASSIGNED_TO_AGENT, ASSIGNED_TO_GROUP}:
            assignee = self.agent_id if self.kind == ASSIGNED_TO_AGENT else self.group_id
            return digest(self.kind, self.conversation_id, assignee or "", self.time.isoformat())
        what = RESOLVED if self.kind == RESOLVED else "began"
        if interaction:
            return digest(what, interaction)
        return digest(what, self.conversation_id, self.time.isoformat())


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What one occurrence changed: `{field: (old, new)}`; an unknown old value is None."""

    pairs: Mapping[str, tuple[str | None, str | None]]
    previous_known: bool


def conversation_occurrences(
    rows: Mapping[str, Iterable[Mapping[str, str]]], since: datetime
) -> list[Occurrence]:
    """Occurrences told by the four conversation reports, in order of time, each once.

    Args:
        rows: by report, with the columns' known names.
        since: an interaction that began at or after it counts as begun even when only a later
            row speaks of it.

    Raises:
        ReportError: a row has no readable time.
    """
    found: dict[str, Occurrence] = {}
    for report, report_rows in rows.items():
        for row in report_rows:
            occurrence = _occurrence(report, row)
            found.setdefault(occurrence.id, occurrence)
    for occurrence in _unreported_beginnings(found.values(), since):
        found.setdefault(occurrence.id, occurrence)
    return sorted(found.values(), key=lambda each: (each.time, _ORDER[each.kind], each.id))


def _occurrence(report: str, row: Mapping[str, str]) -> Occurrence:
    time = _row_time(report, row["created_at"])
    interaction_id = row.get("interaction_id") or None
    if report == columns.CREATED:
        kind = REOPENED if is_true(row.get("reopened")) else CREATED
        began = interaction_time(interaction_id)
        if began is not None and abs(began - time) <= _TRUSTED_SKEW:
            time = began
    else:
        kind = _KINDS[report]
    return Occurrence(
        kind=kind,
        time=time,
        conversation_id=row["conversation_id"],
        interaction_id=interaction_id,
        channel_id=row.get("channel_id") or None,
        agent_id=row.get("agent_id") or None,
        agent_told="agent_id" in row,
        group_id=row.get("group_id") or None,
        actor_id=row.get("actor_id") or None,
        actor_type=row.get("actor_type") or None,
    )


def _unreported_beginnings(
    occurrences: Iterable[Occurrence], since: datetime
) -> Iterator[Occurrence]:
    """Created or reopened, of interactions that only later rows speak of."""
    told = list(occurrences)
    first_seen: dict[str, datetime] = {}
    for each in told:
        known = first_seen.get(each.conversation_id, each.time)
        first_seen[each.conversation_id] = min(known, each.time)
    for each in told:
        began = interaction_time(each.interaction_id)
        if began is not None and began >= since and each.kind not in {CREATED, REOPENED}:
            earlier = first_seen[each.conversation_id] < began
            yield Occurrence(
                kind=REOPENED if earlier else CREATED,
                time=began,
                conversation_id=each.conversation_id,
                interaction_id=each.interaction_id,
                channel_id=each.channel_id,
            )


@dataclass(kw_only=True)
class Timeline:
    """What is known of one conversation at one moment; times are of the latest such occurrence.

    `known` holds `status`, `assigned_agent_id` and `assigned_group_id` as far as told.
    """

    known: dict[str, str | None] = field(default_factory=dict)
    created_time: datetime | None = None
    assigned_time: datetime | None = None
    first_agent_assigned_time: datetime | None = None
    group_assigned_time: datetime | None = None
    first_group_assigned_time: datetime | None = None
    reopened_time: datetime | None = None
    resolved_time: datetime | None = None
    channel_id: str | None = None

    def copy(self) -> Timeline:
        """The timeline as it stands, which later occurrences do not touch."""
        return replace(self, known=dict(self.known))


class Timelines:
    """The last known values of conversations, carried from one occurrence to the next."""

    def __init__(self) -> None:
        self._timelines: OrderedDict[str, Timeline] = OrderedDict()

    def apply(self, occurrence: Occurrence) -> tuple[Changes, Timeline]:
        """Take an occurrence in; what it changed, and how the conversation stands after it.

        Occurrences of one conversation must come in order of time. The timeline returned is the
        one that goes on: read it before the next call.
        """
        timeline = self._timelines.pop(occurrence.conversation_id, None) or Timeline()
        self._timelines[occurrence.conversation_id] = timeline
        if len(self._timelines) > MAX_TIMELINES:
            self._timelines.popitem(last=False)
        timeline.channel_id = occurrence.channel_id or timeline.channel_id
        after = _values_after(occurrence, timeline)
        pairs = {
            name: (timeline.known.get(name), value)
            for name, value in after.items()
            if _is_change(name, value, timeline.known, occurrence.kind)
        }
        known = all(name in timeline.known for name in pairs)
        timeline.known.update(after)
        return Changes(pairs=pairs, previous_known=known), timeline


def _values_after(occurrence: Occurrence, timeline: Timeline) -> dict[str, str | None]:
    """The values that an occurrence sets; the timeline's times move along."""
    time = occurrence.time
    if occurrence.kind in {CREATED, REOPENED}:
        if occurrence.kind == CREATED:
            timeline.created_time = time
        else:
            timeline.reopened_time = time
            timeline.known.setdefault("status", RESOLVED)
        timeline.first_agent_assigned_time = None
        return {
            "status": "new",
            "assigned_agent_id": None,
            "assigned_group_id": occurrence.group_id,
        }
    # Who else had it is told here too, for conversations whose assignment was not seen.
    if occurrence.agent_id and occurrence.kind == RESOLVED:
        timeline.known.setdefault("assigned_agent_id", occurrence.agent_id)
    if occurrence.group_id and occurrence.kind != ASSIGNED_TO_GROUP:
        timeline.known.setdefault("assigned_group_id", occurrence.group_id)
    if occurrence.kind == ASSIGNED_TO_AGENT:
        timeline.assigned_time = time
        timeline.first_agent_assigned_time = timeline.first_agent_assigned_time or time
        return {"status": "assigned", "assigned_agent_id": occurrence.agent_id}
    if occurrence.kind == ASSIGNED_TO_GROUP:
        timeline.assigned_time = timeline.group_assigned_time = time
        timeline.first_group_assigned_time = timeline.first_group_assigned_time or time
        after = {"assigned_group_id": occurrence.group_id}
        if occurrence.agent_told:
            # Handed to another group, a conversation loses its agent and waits for a new one.
            after["assigned_agent_id"] = occurrence.agent_id
            after["status"] = "assigned" if occurrence.agent_id else "new"
        return after
    timeline.resolved_time = time
    return {"status": RESOLVED}


def _is_change(name: str, value: str | None, known: Mapping[str, str | None], kind: str) -> bool:
    """Whether a pair `[old, new]` belongs into an event.

    The occurrence's own field always does; any other only where it is known to have moved.
    """
    own = {
        ASSIGNED_TO_AGENT: "assigned_agent_id",
        ASSIGNED_TO_GROUP: "assigned_group_id",
        RESOLVED: "status",
        REOPENED: "status",
    }
    return own.get(kind) == name or (name in known and known[name] != value)


@dataclass(frozen=True, kw_only=True)
class AgentOccurrence:
    """One change of an agent's general availability or IntelliAssign switch."""

    report: str
    time: datetime
    agent_id: str
    agent_email: str | None
    status: str
    previous: AgentOccurrence | None = None

    @property
    def id(self) -> str:
        """Of report, agent, time and status."""
        return digest(self.report, self.agent_id, self.time.isoformat(), self.status)


# What the two agent reports may call the two states; also seen as custom status names (a live
# account's IntelliAssign texts). Anything else is a custom status and passes as it is.
_AVAILABLE = {"available", "on", "online", "true", "1", "enabled", "active on intelli assign"}
_UNAVAILABLE = {
    *("unavailable", "off", "offline", "false", "0", "disabled"),
    "inactive on intelli assign",
}


def agent_status(text: str) -> str:
    """`AVAILABLE` or `UNAVAILABLE` from the spellings met; a custom status unchanged."""
    plain = " ".join(text.lower().replace("_", " ").split())
    if plain in _AVAILABLE:
        return "AVAILABLE"
    return "UNAVAILABLE" if plain in _UNAVAILABLE else text


def agent_occurrences(rows: Mapping[str, Iterable[Mapping[str, str]]]) -> list[AgentOccurrence]:
    """Occurrences told by the two agent reports, in order of time, each once.

    Raises:
        ReportError: a row has no readable time.
    """
    found: dict[str, AgentOccurrence] = {}
    for report, report_rows in rows.items():
        for row in report_rows:
            occurrence = AgentOccurrence(
                report=report,
                time=_row_time(report, row["created_at"]),
                agent_id=row["agent_id"],
                agent_email=row.get("agent_email") or None,
                status=agent_status(row["status"]),
            )
            found.setdefault(occurrence.id, occurrence)
    return sorted(found.values(), key=lambda each: (each.time, each.id))


def is_true(value: object) -> bool:
    """Whether a foreign flag is set: it comes as a boolean, a number or a text."""
    return str(value).strip().lower() in {"true", "1", "yes"}


def _row_time(report: str, text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise ReportError(
            f"Report {report} has a row whose time is {error}. If another column holds it, name "
            f"that in setting report_columns."
        ) from None
