"""Occurrences as REST tells them, for accounts without raw reports. Pure.

A conversation's messages tell when it began, was resolved and was reopened, exactly; who it is
assigned to shows only in its present state, so an assignment has the time at which it was seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.agent_status import AgentOccurrence, agent_status, is_intelliassign
from tap_freshchat.activity.events import (
    ASSIGNED_TO_AGENT,
    ASSIGNED_TO_GROUP,
    CREATED,
    REOPENED,
    RESOLVED,
    Occurrence,
)
from tap_freshchat.reports.catalog import AVAILABILITY, INTELLIASSIGN
from tap_freshchat.times import format_time, interaction_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_freshchat.activity.message_history import Message, Snapshot

# Assignments kept in mind from run to run, of the conversations that moved last: some 250 kB of
# state at the very most.
MAX_ASSIGNEES = 2500


def seen_occurrences(snapshot: Snapshot) -> list[Occurrence]:
    """What happened to one conversation, in order of time, as far back as its messages were read.

    The ids of what the messages tell are those that reports lead to as well.
    """
    dialogue, now = snapshot.dialogue, snapshot.conversation
    conversation_id = str(now["conversation_id"])
    channel_id = now.get("channel_id")
    told: dict[str, Occurrence] = {}

    def tell(kind: str, time: datetime, interaction_id: str | None, message: Message) -> None:
        occurrence = Occurrence(
            kind=kind,
            time=time,
            conversation_id=conversation_id,
            interaction_id=interaction_id,
            channel_id=channel_id,
            actor_id=message.content.get("actor_id"),
            actor_type=message.content.get("actor_type"),
        )
        told.setdefault(occurrence.id, occurrence)

    # Not before the customer has a word in it: from then on there are ids, where there are any.
    told_apart = any(message.interaction_id for message in dialogue.messages) or not any(
        message.said_by == "user" for message in dialogue.messages
    )
    latest = None
    for number, message in enumerate(dialogue.messages):
        # A message may lack the id, as one before the customer's first word.
        if message.interaction_id and message.interaction_id != latest:
            first, latest = latest is None, message.interaction_id
            began = interaction_time(latest) or message.time
            if not (first and dialogue.cut):
                tell(CREATED if first and dialogue.complete else REOPENED, began, latest, message)
        elif not told_apart and number == 0 and dialogue.complete:
            tell(CREATED, message.time, None, message)
        elif not told_apart and message.marks("isReopen"):
            tell(REOPENED, message.time, None, message)
        if message.marks("isResolved"):
            tell(RESOLVED, message.time, latest, message)
    return [*sorted(told.values(), key=lambda each: each.time), *_assignments(snapshot, latest)]


def _assignments(snapshot: Snapshot, interaction_id: str | None) -> Iterator[Occurrence]:
    """Who has the conversation now, as seen at the time of the snapshot."""
    now = snapshot.conversation
    for kind, name in (
        (ASSIGNED_TO_GROUP, "assigned_group_id"),
        (ASSIGNED_TO_AGENT, "assigned_agent_id"),
    ):
        if now.get(name):
            yield Occurrence(
                kind=kind,
                time=snapshot.time,
                conversation_id=str(now["conversation_id"]),
                interaction_id=interaction_id,
                channel_id=now.get("channel_id"),
                agent_id=now.get("assigned_agent_id"),
                group_id=now.get("assigned_group_id"),
                observed_status=now.get("status") or "",
            )


class Assignees:
    """Who was seen to have each conversation last, so that a look which finds the same is no event.

    Segment knows an id again for about a day only, and every later message brings another look.

    Args:
        known: what `latest` said after the look before.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self._seen = dict(known)

    def is_new(self, occurrence: Occurrence) -> bool:
        """Whether this is no assignment that was only seen, or another than the last one seen."""
        if not occurrence.observed:
            return True
        subject = f"{occurrence.conversation_id} {occurrence.kind}"
        last = self._seen.pop(subject, None)
        self._seen[subject] = occurrence.id
        return last != occurrence.id

    @property
    def latest(self) -> Mapping[str, str]:
        """The ids of the latest assignments by conversation and kind, up to the bound."""
        return dict(list(self._seen.items())[-MAX_ASSIGNEES:])


def message_rows(
    snapshot: Snapshot, app_id: str | None
) -> Iterator[tuple[dict[str, Any], datetime]]:
    """The messages of one conversation as rows of the stream `messages`, and when; oldest first."""
    for message in snapshot.dialogue.messages:
        content = message.content
        row = {
            **content,
            "id": message.id,
            "conversation_id": snapshot.conversation["conversation_id"],
            "channel_id": content.get("channel_id") or snapshot.conversation.get("channel_id"),
            "interaction_id": message.interaction_id,
            "app_id": content.get("app_id") or app_id,
            "created_time": format_time(message.time),
            "actor_type": content.get("actor_type") or None,
            "actor_id": content.get("actor_id") or None,
            "user_id": content.get("user_id") or snapshot.user_id,
            "message_type": content.get("message_type") or None,
            "message_source": content.get("message_source") or None,
            "message_parts": _parts(content.get("message_parts")),
        }
        yield row, message.time


def _parts(told: object) -> list[dict[str, Any]]:
    """The parts of a message, whatever stands in their place; a bare text is one of them."""
    if isinstance(told, str):
        return [{"text": {"content": told}}] if told else []
    return [part for part in told if isinstance(part, dict)] if isinstance(told, list) else []


def agent_statuses(agents: Iterable[Mapping[str, Any]]) -> Mapping[str, str]:
    """What every agent's status is now: by `<agent id>` and `<agent id> intelliassign`."""
    found = {}
    for agent in agents:
        found[str(agent["id"])] = agent_status(str(agent.get("availability_status") or ""))
        told = agent.get("agent_status")
        custom = str((told.get("name") if isinstance(told, dict) else told) or "")
        if is_intelliassign(custom):
            found[f"{agent['id']} intelliassign"] = agent_status(custom)
    return found


def status_changes(
    before: Mapping[str, str], now: Mapping[str, str], *, since: str, moment: datetime
) -> Iterator[AgentOccurrence]:
    """Statuses that differ between two looks.

    Args:
        before: statuses at the look before; an agent who is not among them is not told.
        now: statuses at this look.
        since: the bookmark of the look before; the same until this one is finished, so that a
            run that is repeated tells the same occurrences.
        moment: of this look.
    """
    for subject, status in now.items():
        if subject in before and before[subject] != status:
            agent_id, _, kind = subject.partition(" ")
            yield AgentOccurrence(
                report=INTELLIASSIGN if kind else AVAILABILITY,
                time=moment,
                agent_id=agent_id,
                agent_email=None,
                status=status,
                observed_since=since,
                previous_status=before[subject],
            )
