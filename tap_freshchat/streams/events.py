"""Streams `conversation_events` and `message_events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_freshchat.activity import rest_inference
from tap_freshchat.activity.conversation_history import (
    ConversationHistory,
    context_end,
    context_start,
)
from tap_freshchat.activity.events import NEVER_EMITTED
from tap_freshchat.activity.interaction_starts import classify_starts, messages_needed
from tap_freshchat.lookups.conversations import in_batches
from tap_freshchat.payloads import events as payloads
from tap_freshchat.payloads.associations import Customer
from tap_freshchat.payloads.conversation import EventContext
from tap_freshchat.reports import catalog
from tap_freshchat.streams.messages import bookmark_id, new_messages
from tap_freshchat.streams.windowed import ReportStream
from tap_freshchat.times import interaction_start_time
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_freshchat.activity.events import ConversationEvent
    from tap_freshchat.activity.message_history import Snapshot
    from tap_freshchat.run_context import RunContext
    from tap_freshchat.streams.messages import MessageWithContext

# Part of the REST sub-state of `conversation_events`: the assignees of the last look-up.
ASSIGNEES = "assignees"


class _EventWithSnapshot(NamedTuple):
    """An event, and its conversation where the source of the event has it too."""

    event: ConversationEvent
    snapshot: Snapshot | None


class ConversationEvents(ReportStream):
    """Conversations created, assigned, resolved and reopened."""

    name = "conversation_events"
    reports = catalog.CONVERSATION_REPORTS
    supports_rest = True
    rest_needs_present = True

    @override
    def register_reports(self, start: datetime) -> None:
        self.run.conversation_log.register(context_start(start))

    @override
    def report_windows(self) -> list[Window]:
        return self.run.report_tiles(self.start_time)

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        run, enrich = self.run, self.run.config.enrich_conversations
        events = self._from_rest(window) if self.uses_rest else self._from_reports(window)
        for batch in in_batches(events):
            snapshots = self._snapshots(batch)
            histories = read_histories(
                run,
                snapshots,
                [item.event.time for item in batch],
                uses_rest=self.uses_rest,
            )
            users = run.conversations.get_users(
                snapshot.user_id for snapshot in snapshots.values() if snapshot.user_id
            )
            for event, _ in batch:
                snapshot = snapshots[event.conversation_id]
                step = histories[event.conversation_id].after(event.id)
                yield payloads.conversation_event(
                    step,
                    EventContext(
                        account=run.account,
                        customer=Customer.from_id(snapshot.user_id, users),
                        snapshot=snapshot if enrich else None,
                        source="rest" if self.uses_rest else "report",
                    ),
                )

    def _snapshots(self, batch: Sequence[_EventWithSnapshot]) -> dict[str, Snapshot]:
        """The conversation of each event; only it says who the customer is."""
        enrich = self.run.config.enrich_conversations
        back_to = _earliest(
            (event.conversation_id, interaction_start_time(event.interaction_id) or event.time)
            for event, snapshot in batch
            if snapshot is None
        )
        fetched = self.run.conversations.get_snapshots(
            back_to if enrich else dict.fromkeys(back_to)
        )
        given = {event.conversation_id: snapshot for event, snapshot in batch if snapshot}
        return {**fetched, **given}

    def _from_reports(self, window: Window) -> Iterator[_EventWithSnapshot]:
        for event in self.run.conversation_log.reported_in(window):
            # An older start may have been reported before the context that was read.
            recent = not event.is_inferred or event.time >= context_start(event.reported_at)
            if (
                recent
                and event.kind not in NEVER_EMITTED
                and self.is_new(event.id, event.reported_at)
            ):
                yield _EventWithSnapshot(event, None)

    def _from_rest(self, window: Window) -> Iterator[_EventWithSnapshot]:
        rest_state = self._bookmark.source_state
        assignees = rest_inference.LastSeenAssignees(rest_state.get(ASSIGNEES, {}))
        for snapshot in self.run.crawled_conversations():
            if not self.run.in_shard(snapshot.conversation["conversation_id"]):
                continue
            for event in rest_inference.events_from_snapshot(snapshot):
                if event.time_is_approximate and self.run.time_range.ends_in_the_past:
                    continue
                due = event.time_is_approximate or event.time < window.end
                changed = assignees.is_new(event)
                if due and changed and self.is_new(event.id, event.time):
                    yield _EventWithSnapshot(event, snapshot)
        rest_state[ASSIGNEES] = dict(assignees.latest)


class MessageEvents(ReportStream):
    """Messages posted by anyone, each with its conversation."""

    name = "message_events"
    reports = (catalog.TRANSCRIPT,)
    supports_rest = True
    bookmark_id = staticmethod(bookmark_id)

    @override
    def register_reports(self, start: datetime) -> None:
        super().register_reports(start)
        self.run.conversation_log.register(context_start(start))

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        run, enrich = self.run, self.run.config.enrich_conversations
        for batch in in_batches(new_messages(self, window)):
            snapshots = self._snapshots(batch)
            histories = read_histories(
                run,
                {item.conversation_id: snapshots.get(item.conversation_id) for item in batch},
                [item.time for item in batch],
                uses_rest=self.uses_rest,
            )
            customers = [
                item.message["user_id"] or (snapshot.user_id if snapshot else None)
                for item in batch
                for snapshot in (snapshots.get(item.conversation_id),)
            ]
            users = run.conversations.get_users(user_id for user_id in customers if user_id)
            for item, user_id in zip(batch, customers, strict=True):
                yield payloads.message_event(
                    item.message,
                    item.time,
                    histories[item.conversation_id].at(
                        item.time, is_system_message=item.message["message_type"] == "system"
                    ),
                    EventContext(
                        account=run.account,
                        customer=Customer.from_id(user_id, users, item.reference_id),
                        snapshot=snapshots.get(item.conversation_id) if enrich else None,
                        source="rest" if self.uses_rest else "report",
                    ),
                )

    def _snapshots(self, batch: Sequence[MessageWithContext]) -> dict[str, Snapshot]:
        """The conversations that the source has, and those that are needed besides."""
        missing = [item for item in batch if item.snapshot is None]
        if self.run.config.enrich_conversations:
            needed = _earliest((item.conversation_id, item.time) for item in missing)
        else:
            needed = {item.conversation_id: None for item in missing if not item.message["user_id"]}
        given = {item.conversation_id: item.snapshot for item in batch if item.snapshot}
        return {**self.run.conversations.get_snapshots(needed), **given}


def read_histories(
    run: RunContext,
    snapshots: Mapping[str, Snapshot | None],
    times: Sequence[datetime],
    *,
    uses_rest: bool,
) -> Mapping[str, ConversationHistory]:
    """The history of each conversation around the `times` of the records to build.

    A snapshot is None where it was not looked up. With `uses_rest`, events are those that the
    snapshots show, rather than reported ones.
    """
    reported: Mapping[str, list[ConversationEvent]] = {}
    if not uses_rest:
        needed = Window(context_start(min(times)), context_end(max(times)))
        reported = run.conversation_log.of_keys(snapshots, needed)
    histories = {}
    for conversation_id, snapshot in snapshots.items():
        events: Sequence[ConversationEvent] = reported.get(conversation_id, ())
        if snapshot is not None:
            if uses_rest:
                events = rest_inference.events_from_snapshot(snapshot)
            events = rest_inference.merge_events(events, snapshot)
            if (back_to := messages_needed(events, snapshot)) is not None:
                evidence = run.conversations.get_snapshots({conversation_id: back_to})
                events = classify_starts(events, evidence[conversation_id])
            else:
                events = classify_starts(events, snapshot)
        histories[conversation_id] = ConversationHistory(
            events,
            known_until=snapshot.time if uses_rest and snapshot else run.time_range.report_end,
            settled_until=run.time_range.settled_until,
            snapshot=snapshot,
            lists_assignments=not uses_rest,
        )
    return histories


def _earliest(times: Iterable[tuple[str, datetime]]) -> dict[str, datetime | None]:
    """The earliest time by conversation: rows are in no reliable order."""
    earliest: dict[str, datetime | None] = {}
    for conversation_id, time in times:
        known = earliest.get(conversation_id)
        earliest[conversation_id] = min(time, known) if known else time
    return earliest
