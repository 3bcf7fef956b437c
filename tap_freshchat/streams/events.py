"""Event streams: conversation_events, message_events and agent_activity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.activity import interaction_starts, rest_inference
from tap_freshchat.activity.agent_status import parse_status_changes
from tap_freshchat.activity.event_sorter import sorted_conversation_events
from tap_freshchat.activity.events import LABELLED
from tap_freshchat.lookups.conversations import in_batches
from tap_freshchat.payloads import events as payloads
from tap_freshchat.payloads.associations import Customer
from tap_freshchat.reports import catalog
from tap_freshchat.streams.messages import bookmark_id, new_messages
from tap_freshchat.streams.windowed import CONTEXT_PERIOD, WindowedStream
from tap_freshchat.times import format_time, interaction_start_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_freshchat.activity.agent_status import AgentStatusChange
    from tap_freshchat.activity.conversation_state import Changes, ConversationState
    from tap_freshchat.activity.events import ConversationEvent
    from tap_freshchat.activity.message_history import Snapshot
    from tap_freshchat.windows import Window

# State key of `agent_activity` in REST mode: the last statuses.
STATUSES = "agent_statuses"
# State key of `conversation_events` in REST mode: the last assignees.
ASSIGNEES = "assignees"


@dataclass(frozen=True)
class EventWithState:
    """An event, its changes and the state after it; in REST mode also the snapshot."""

    event: ConversationEvent
    changes: Changes
    state: ConversationState
    snapshot: Snapshot | None


class ConversationEvents(WindowedStream):
    """Conversations created, assigned, resolved and reopened."""

    name = "conversation_events"
    reports = (
        catalog.CONVERSATION_CREATED,
        catalog.GROUP_ASSIGNED,
        catalog.AGENT_ASSIGNED,
        catalog.CONVERSATION_RESOLVED,
        catalog.RESOLUTION_LABEL,
    )
    context_period = CONTEXT_PERIOD
    supports_rest = True
    rest_state_key = ASSIGNEES

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        lookup = self.run.lookup
        enrich = self.run.config.enrich_conversations
        events = self._from_rest(window) if self.uses_rest else self._from_reports(window)
        for batch in in_batches(events):
            # Only the snapshot has the customer: it is needed even without enrichment.
            fetched = lookup.get_snapshots(
                _earliest_by_conversation(
                    (
                        item.event.conversation_id,
                        interaction_start_time(item.event.interaction_id) or item.event.time,
                    )
                    for item in batch
                    if item.snapshot is None
                )
                if enrich
                else {item.event.conversation_id: None for item in batch if not item.snapshot}
            )
            snapshots = [item.snapshot or fetched[item.event.conversation_id] for item in batch]
            users = lookup.get_users(snapshot.user_id for snapshot in snapshots if snapshot.user_id)
            for item, snapshot in zip(batch, snapshots, strict=True):
                event, changes, state = interaction_starts.reclassify_start(
                    *(item.event, item.changes, item.state),
                    *(snapshot.conversation, snapshot.history),
                )
                if event.kind != item.event.kind:
                    self.run.conversation_states.mark_reopened(event.conversation_id, event.time)
                yield payloads.conversation_event(
                    event,
                    changes,
                    state,
                    account=self.run.account,
                    customer=Customer.from_id(snapshot.user_id, users),
                    snapshot=snapshot if enrich else None,
                    source="rest" if self.uses_rest else "report",
                )

    def _from_reports(self, window: Window) -> Iterator[EventWithState]:
        rows = {report: self.rows(report, window) for report in self.reports}
        states = self.run.conversation_states
        # The next window may be the first to mention an interaction that started in this one.
        since = max(self.windows[0].start, window.start - CONTEXT_PERIOD)
        for reported in sorted_conversation_events(rows, since=since):
            in_shard = self.run.in_shard(reported.conversation_id)
            if not (in_shard and self._seen_starts.is_new(reported)):
                continue
            before = states.at(reported.conversation_id, reported.time)
            event = interaction_starts.as_reopened_if_known_earlier(reported, before)
            changes, state = states.apply(event)
            # A label is not emitted, so its id is not remembered.
            is_event = event.kind != LABELLED
            if is_event and self.is_new(event.id, event.reported_at):
                yield EventWithState(event, changes, state, None)
            elif interaction_starts.is_inferred_creation(event):
                # Only emitted events are reclassified; of others the creation stays unknown.
                state.created_time = None

    @cached_property
    def _seen_starts(self) -> interaction_starts.SeenInteractionStarts:
        return interaction_starts.SeenInteractionStarts()

    def _from_rest(self, window: Window) -> Iterator[EventWithState]:
        assignees = rest_inference.LastSeenAssignees(self.stream_state.get(ASSIGNEES, {}))
        for snapshot in self.run.crawled_conversations():
            if not self.run.in_shard(snapshot.conversation["conversation_id"]):
                continue
            for event in rest_inference.events_from_snapshot(snapshot):
                if event.time_is_approximate and self.run.time_range.ends_in_the_past:
                    continue
                changes, state = self.run.conversation_states.apply(event)
                is_due = event.time_is_approximate or event.time < window.end
                is_new_assignee = assignees.is_new(event)
                if is_due and is_new_assignee and self.is_new(event.id, event.time):
                    yield EventWithState(event, changes, state, snapshot)
        if latest := assignees.latest:
            self.stream_state[ASSIGNEES] = dict(latest)


class MessageEvents(WindowedStream):
    """Messages posted by users, agents and bots, each with its conversation."""

    name = "message_events"
    reports = (catalog.TRANSCRIPT,)
    supports_rest = True
    bookmark_id = staticmethod(bookmark_id)

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        lookup = self.run.lookup
        enrich = self.run.config.enrich_conversations
        for batch in in_batches(new_messages(self, window)):
            without_snapshot = [item for item in batch if item.snapshot is None]
            fetched = lookup.get_snapshots(
                _earliest_by_conversation(
                    (item.message["conversation_id"], item.time) for item in without_snapshot
                )
                if enrich
                else {
                    item.message["conversation_id"]: None
                    for item in without_snapshot
                    if not item.message["user_id"]
                }
            )
            snapshots = [
                item.snapshot or fetched.get(item.message["conversation_id"]) for item in batch
            ]
            customers = [
                item.message["user_id"] or (snapshot.user_id if snapshot else None)
                for item, snapshot in zip(batch, snapshots, strict=True)
            ]
            users = lookup.get_users(user_id for user_id in customers if user_id)
            for item, snapshot, user_id in zip(batch, snapshots, customers, strict=True):
                yield payloads.message_event(
                    item.message,
                    item.time,
                    self.run.conversation_states.at(item.message["conversation_id"], item.time),
                    account=self.run.account,
                    customer=Customer.from_id(user_id, users, item.reference_id),
                    snapshot=snapshot if enrich else None,
                    source="rest" if self.uses_rest else "report",
                )


class AgentActivity(WindowedStream):
    """Changes of agents' general availability and of their IntelliAssign switch."""

    name = "agent_activity"
    reports = (catalog.AVAILABILITY, catalog.INTELLIASSIGN)
    context_period = CONTEXT_PERIOD
    supports_rest = True
    rest_state_key = STATUSES

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        directory = self.run.directory
        for event, previous in (
            self._from_rest(window) if self.uses_rest else self._from_reports(window)
        ):
            in_shard = self.run.in_shard(event.agent_id)
            if in_shard and self.is_new(event.id, event.time):
                yield payloads.agent_event(
                    event,
                    previous,
                    configuration=directory.account,
                    agent=directory.agents.get(event.agent_id, {}),
                    custom_status_id=directory.agent_status_ids.get(event.status.lower()),
                )

    def _from_reports(
        self, window: Window
    ) -> Iterator[tuple[AgentStatusChange, AgentStatusChange | None]]:
        rows = {report: self.rows(report, window) for report in self.reports}
        for event in parse_status_changes(rows):
            subject = (event.agent_id, event.report)
            yield event, self._last_change.get(subject)
            self._last_change[subject] = event

    def _from_rest(self, window: Window) -> Iterator[tuple[AgentStatusChange, None]]:
        """Differences from the statuses that the last run kept in state."""
        if self.run.time_range.ends_in_the_past:
            return
        before = self.stream_state.get(STATUSES, {})
        now = rest_inference.agent_statuses(self.run.directory.agents.values())
        since = self.stream_state.get("replication_key_value") or format_time(window.start)
        for event in rest_inference.diff_statuses(before, now, since=since, moment=window.end):
            yield event, None
        self.stream_state[STATUSES] = dict(now)

    @cached_property
    def _last_change(self) -> dict[tuple[str, str], AgentStatusChange]:
        return {}


def _earliest_by_conversation(moments: Iterable[tuple[str, datetime]]) -> dict[str, datetime]:
    """The earliest time of each conversation: the order of rows is not guaranteed."""
    earliest: dict[str, datetime] = {}
    for conversation_id, moment in moments:
        earliest[conversation_id] = min(moment, earliest.get(conversation_id, moment))
    return earliest
