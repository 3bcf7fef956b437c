"""The three streams of occurrences: conversation_events, message_events, agent_activity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.activity import interaction_starts, rest_inference
from tap_freshchat.activity.agent_status import agent_occurrences
from tap_freshchat.activity.event_sorter import conversation_occurrences
from tap_freshchat.activity.events import LABELLED
from tap_freshchat.lookups.conversations import batched
from tap_freshchat.payloads import events as payloads
from tap_freshchat.payloads.associations import Customer
from tap_freshchat.reports import catalog
from tap_freshchat.streams.messages import new_messages, overlap_id
from tap_freshchat.streams.windowed import BEFORE, WindowedStream
from tap_freshchat.times import format_time, interaction_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_freshchat.activity.agent_status import AgentOccurrence
    from tap_freshchat.activity.conversation_state import Changes, Timeline
    from tap_freshchat.activity.events import Occurrence
    from tap_freshchat.activity.message_history import Snapshot
    from tap_freshchat.windows import Window

# Where `agent_activity`, read by REST, keeps what it saw last.
STATUSES = "agent_statuses"
# Where `conversation_events`, read by REST, keeps who was seen to have conversations last.
ASSIGNEES = "assignees"


@dataclass(frozen=True)
class Told:
    """An occurrence with what it changed; and its conversation, where the source gave that too."""

    occurrence: Occurrence
    changes: Changes
    timeline: Timeline
    snapshot: Snapshot | None


class ConversationEvents(WindowedStream):
    """Conversations created, assigned, resolved and reopened."""

    name = "conversation_events"
    reports = (
        catalog.CREATED,
        catalog.GROUP_ASSIGNED,
        catalog.AGENT_ASSIGNED,
        catalog.RESOLVED,
        catalog.RESOLUTION_LABEL,
    )
    history = BEFORE
    rest_too = True
    kept_of_rest = ASSIGNEES

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        identity = self.service.identity
        enrich = self.service.settings.enrich_conversations
        told = self._seen(window) if self.by_rest else self._reported(window)
        for batch in batched(told):
            # Whose a conversation is, only its snapshot tells: it is needed even when the
            # events themselves are to go without.
            looked_up = identity.snapshots(
                _back_to(
                    (
                        each.occurrence.conversation_id,
                        interaction_time(each.occurrence.interaction_id) or each.occurrence.time,
                    )
                    for each in batch
                    if each.snapshot is None
                )
                if enrich
                else {each.occurrence.conversation_id: None for each in batch if not each.snapshot}
            )
            snapshots = [
                each.snapshot or looked_up[each.occurrence.conversation_id] for each in batch
            ]
            users = identity.users(each.user_id for each in snapshots if each.user_id)
            for each, snapshot in zip(batch, snapshots, strict=True):
                occurrence, changes, timeline = interaction_starts.judged(
                    *(each.occurrence, each.changes, each.timeline),
                    *(snapshot.conversation, snapshot.dialogue),
                )
                if occurrence.kind != each.occurrence.kind:
                    self.service.timelines.reopened(occurrence.conversation_id, occurrence.time)
                yield payloads.conversation_event(
                    occurrence,
                    changes,
                    timeline,
                    account=self.service.account,
                    customer=Customer.of(snapshot.user_id, users),
                    snapshot=snapshot if enrich else None,
                    source="rest" if self.by_rest else "report",
                )

    def _reported(self, window: Window) -> Iterator[Told]:
        rows = {report: self.rows(report, window) for report in self.reports}
        timelines = self.service.timelines
        # What began at the end of a window may be spoken of in the next one only.
        since = max(self.windows[0].start, window.start - BEFORE)
        for found in conversation_occurrences(rows, since=since):
            mine = self.service.is_mine(found.conversation_id)
            if not (mine and self._begun.is_new(found)):
                continue
            before = timelines.at(found.conversation_id, found.time)
            occurrence = interaction_starts.spoken_of_before(found, before)
            changes, timeline = timelines.apply(occurrence)
            # A label is no event: its id has no place among those that were emitted.
            told = occurrence.kind != LABELLED
            if told and self.is_new(occurrence.id, occurrence.told_at):
                yield Told(occurrence, changes, timeline, None)
            elif interaction_starts.may_be_older(occurrence):
                # Only of what is told it is judged whether it was the creation.
                timeline.created_time = None

    @cached_property
    def _begun(self) -> interaction_starts.Begun:
        return interaction_starts.Begun()

    def _seen(self, window: Window) -> Iterator[Told]:
        assignees = rest_inference.Assignees(self.stream_state.get(ASSIGNEES, {}))
        for snapshot in self.service.walked():
            if not self.service.is_mine(snapshot.conversation["conversation_id"]):
                continue
            for occurrence in rest_inference.seen_occurrences(snapshot):
                if occurrence.observed and self.service.period.is_over:
                    continue
                changes, timeline = self.service.timelines.apply(occurrence)
                due = occurrence.observed or occurrence.time < window.end
                new = assignees.is_new(occurrence)
                if due and new and self.is_new(occurrence.id, occurrence.time):
                    yield Told(occurrence, changes, timeline, snapshot)
        if latest := assignees.latest:
            self.stream_state[ASSIGNEES] = dict(latest)


class MessageEvents(WindowedStream):
    """Messages posted, by whomever, each with the conversation it belongs to."""

    name = "message_events"
    reports = (catalog.TRANSCRIPT,)
    rest_too = True
    overlap_id = staticmethod(overlap_id)

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        identity = self.service.identity
        enrich = self.service.settings.enrich_conversations
        for batch in batched(new_messages(self, window)):
            lacking = [each for each in batch if each.snapshot is None]
            looked_up = identity.snapshots(
                _back_to((each.message["conversation_id"], each.time) for each in lacking)
                if enrich
                else {
                    each.message["conversation_id"]: None
                    for each in lacking
                    if not each.message["user_id"]
                }
            )
            snapshots = [
                each.snapshot or looked_up.get(each.message["conversation_id"]) for each in batch
            ]
            customers = [
                posted.message["user_id"] or (snapshot.user_id if snapshot else None)
                for posted, snapshot in zip(batch, snapshots, strict=True)
            ]
            users = identity.users(user_id for user_id in customers if user_id)
            for posted, snapshot, user_id in zip(batch, snapshots, customers, strict=True):
                yield payloads.message_event(
                    posted.message,
                    posted.time,
                    self.service.timelines.at(posted.message["conversation_id"], posted.time),
                    account=self.service.account,
                    customer=Customer.of(user_id, users, posted.reference_id),
                    snapshot=snapshot if enrich else None,
                    source="rest" if self.by_rest else "report",
                )


class AgentActivity(WindowedStream):
    """Changes of agents' general availability and of their IntelliAssign switch."""

    name = "agent_activity"
    reports = (catalog.AVAILABILITY, catalog.INTELLIASSIGN)
    history = BEFORE
    rest_too = True
    kept_of_rest = STATUSES

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        directory = self.service.directory
        for occurrence, previous in self._seen(window) if self.by_rest else self._told(window):
            mine = self.service.is_mine(occurrence.agent_id)
            if mine and self.is_new(occurrence.id, occurrence.time):
                yield payloads.agent_event(
                    occurrence,
                    previous,
                    configuration=directory.account,
                    agent=directory.agents.get(occurrence.agent_id, {}),
                    custom_status_id=directory.agent_status_ids.get(occurrence.status.lower()),
                )

    def _told(self, window: Window) -> Iterator[tuple[AgentOccurrence, AgentOccurrence | None]]:
        rows = {report: self.rows(report, window) for report in self.reports}
        for occurrence in agent_occurrences(rows):
            subject = (occurrence.agent_id, occurrence.report)
            yield occurrence, self._latest.get(subject)
            self._latest[subject] = occurrence

    def _seen(self, window: Window) -> Iterator[tuple[AgentOccurrence, None]]:
        """Differences to the statuses that the last run kept with its bookmark."""
        if self.service.period.is_over:
            return
        before = self.stream_state.get(STATUSES, {})
        now = rest_inference.agent_statuses(self.service.directory.agents.values())
        since = self.stream_state.get("replication_key_value") or format_time(window.start)
        for occurrence in rest_inference.status_changes(
            before, now, since=since, moment=window.end
        ):
            yield occurrence, None
        self.stream_state[STATUSES] = dict(now)

    @cached_property
    def _latest(self) -> dict[tuple[str, str], AgentOccurrence]:
        return {}


def _back_to(moments: Iterable[tuple[str, datetime]]) -> dict[str, datetime]:
    """The earliest moment of each conversation: rows come in no order that could be relied on."""
    earliest: dict[str, datetime] = {}
    for conversation_id, moment in moments:
        earliest[conversation_id] = min(moment, earliest.get(conversation_id, moment))
    return earliest
