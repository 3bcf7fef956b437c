"""Base of the streams of conversation events: joins what is new with look-ups, in batches."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from typing_extensions import override

from tap_freshchat.activity import rest_inference
from tap_freshchat.activity.conversation_history import (
    ConversationHistory,
    context_end,
    context_start,
)
from tap_freshchat.activity.interaction_starts import classify_starts, messages_needed
from tap_freshchat.lookups.customers import in_batches, usable_id
from tap_freshchat.payloads.associations import EventContext
from tap_freshchat.reports import catalog
from tap_freshchat.streams.windowed import ReportStream
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_freshchat.activity.events import ConversationEvent
    from tap_freshchat.activity.message_history import Snapshot

T = TypeVar("T")

_ASSIGNMENT_REPORTS = (catalog.AGENT_ASSIGNED, catalog.GROUP_ASSIGNED)
_STATUS_REPORTS = (catalog.CONVERSATION_CREATED, catalog.CONVERSATION_RESOLVED)


@dataclass(slots=True)
class Occurrence(Generic[T]):
    """An event or a message of a conversation, and what its source says besides.

    `back_to` is the time from which messages are needed; None for none. `user_id` and
    `reference_id` are the customer's, from the transcript row; `snapshot` is the conversation,
    where the source has it.
    `time_is_approximate` is known of messages only.
    """

    content: T
    conversation_id: str
    time: datetime
    back_to: datetime | None
    user_id: str | None = None
    reference_id: str | None = None
    snapshot: Snapshot | None = None
    time_is_approximate: bool = False


class EventStream(ReportStream, Generic[T]):
    """Stream of events that are joined with their conversation, customer and account."""

    supports_rest = True

    @abstractmethod
    def occurrences(self, window: Window) -> Iterator[Occurrence[T]]:
        """What is new in a window."""

    @abstractmethod
    def build(
        self, occurrence: Occurrence[T], history: ConversationHistory, context: EventContext
    ) -> dict[str, Any] | None:
        """The record of an occurrence; None if it is no event after all."""

    @override
    def register_reports(self, start: datetime) -> None:
        self.run.conversation_log.register(context_start(start))

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        directory, enrich = self.run.directory, self.run.config.enrich_conversations
        for batch in in_batches(self.occurrences(window)):
            for each in batch:
                each.user_id = usable_id(each.user_id, self.run.set_aside)
                each.reference_id = usable_id(each.reference_id, self.run.set_aside)
            snapshots = self._snapshots(batch)
            histories = self.histories(batch, snapshots)
            for each in batch:
                if not each.user_id and (snapshot := snapshots.get(each.conversation_id)):
                    each.user_id = snapshot.user_id
            self.run.conversations.require_customers(
                each.conversation_id for each in batch if not each.user_id
            )
            users = self.run.conversations.get_users(each.user_id for each in batch if each.user_id)
            for each in batch:
                context = EventContext(
                    configuration=directory.account,
                    agents=directory.agents,
                    groups=directory.groups,
                    channels=directory.channels,
                    user_id=each.user_id,
                    reference_id=each.reference_id,
                    user=users.get(each.user_id or "", {}),
                    snapshot=snapshots.get(each.conversation_id) if enrich else None,
                    source="rest" if self.uses_rest else "report",
                )
                record = self.build(each, histories[each.conversation_id], context)
                if record is not None:
                    yield record

    def _snapshots(self, batch: Sequence[Occurrence[T]]) -> dict[str, Snapshot]:
        """The conversations that the source has, and those needed: some rows name no customer."""
        enrich = self.run.config.enrich_conversations
        needed: dict[str, datetime | None] = {}
        for each in batch:
            if each.snapshot is None and (enrich or not each.user_id):
                # The earliest time, because rows are in no reliable order.
                known = needed.setdefault(each.conversation_id, None) or each.back_to
                if enrich and known and each.back_to:
                    needed[each.conversation_id] = min(known, each.back_to)
        given = {each.conversation_id: each.snapshot for each in batch if each.snapshot}
        return {**self.run.conversations.get_snapshots(needed), **given}

    def histories(
        self, batch: Sequence[Occurrence[T]], snapshots: Mapping[str, Snapshot]
    ) -> Mapping[str, ConversationHistory]:
        """The history of each conversation around its occurrences."""
        # Via REST, a conversation has the events that its snapshot shows.
        reported: dict[str, list[ConversationEvent]] = {each.conversation_id: [] for each in batch}
        if not self.uses_rest:
            times = [each.time for each in batch]
            needed = Window(context_start(min(times)), context_end(max(times)))
            reported.update(self.logged_events(reported, needed))
        return {
            conversation_id: self._history(conversation_id, events, snapshots.get(conversation_id))
            for conversation_id, events in reported.items()
        }

    def logged_events(
        self, keys: Collection[str], window: Window
    ) -> Mapping[str, list[ConversationEvent]]:
        """Events of conversations in a window of time, as reports show them, in order."""
        return self.run.conversation_log.of_keys(keys, window)

    def _lists(self, *reports: str) -> bool:
        """Whether the run reads all of some reports."""
        return not any(map(self.run.report_access.is_absent, reports))

    def _history(
        self, conversation_id: str, events: list[ConversationEvent], snapshot: Snapshot | None
    ) -> ConversationHistory:
        known_until = self.run.time_range.report_end
        if snapshot is not None:
            if self.uses_rest:
                known_until = snapshot.time
                events = rest_inference.events_from_snapshot(snapshot)
            events = rest_inference.merge_events(events, snapshot)
            evidence = snapshot
            if back_to := messages_needed(events, snapshot):
                found = self.run.conversations.get_snapshots({conversation_id: back_to})
                evidence = found[conversation_id]
            events = classify_starts(events, evidence)
        return ConversationHistory(
            events,
            known_until=known_until,
            settled_until=self.run.time_range.settled_until,
            snapshot=snapshot,
            lists_assignments=not self.uses_rest and self._lists(*_ASSIGNMENT_REPORTS),
            lists_status_changes=self.uses_rest or self._lists(*_STATUS_REPORTS),
        )
