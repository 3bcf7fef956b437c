"""Streams `conversation_events` and `message_events`."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.activity import rest_inference
from tap_freshchat.activity.conversation_history import context_start
from tap_freshchat.activity.events import NEVER_EMITTED, RESOLVED, ConversationEvent
from tap_freshchat.activity.message_types import COLUMNS, decide, type_from_text
from tap_freshchat.errors import ReportError
from tap_freshchat.payloads import events as payloads
from tap_freshchat.reports import catalog
from tap_freshchat.streams.event_stream import EventStream, Occurrence
from tap_freshchat.streams.messages import CONTRADICTED, CONTRADICTIONS, bookmark_id, new_messages
from tap_freshchat.times import interaction_start_time

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from tap_freshchat.activity.conversation_history import ConversationHistory
    from tap_freshchat.activity.message_history import Snapshot
    from tap_freshchat.payloads.associations import EventContext
    from tap_freshchat.windows import Window

# Part of the REST sub-state of `conversation_events`: the assignees of the last look-up.
ASSIGNEES = "assignees"
# Messages without a type up to which they cost only themselves: a number, and a share of all.
MIN_UNTYPED = 20
MAX_UNTYPED = 0.05


class ConversationEvents(EventStream[ConversationEvent]):
    """Conversations created, assigned, resolved and reopened."""

    name = "conversation_events"
    reports = catalog.CONVERSATION_REPORTS
    rest_needs_present = True

    @override
    def register_shared_reports(self, start: datetime) -> None:
        self.run.status_rows.register(start)

    @override
    def logged_events(
        self, keys: Collection[str], window: Window
    ) -> Mapping[str, list[ConversationEvent]]:
        logged = super().logged_events(keys, window)
        shown = self.run.status_rows.of_keys(keys, window)
        return {
            key: sorted([*events, *shown[key]], key=lambda event: event.sort_key)
            if shown[key]
            else events
            for key, events in logged.items()
        }

    @override
    def build(
        self,
        occurrence: Occurrence[ConversationEvent],
        history: ConversationHistory,
        context: EventContext,
    ) -> dict[str, Any] | None:
        event_id = occurrence.content.id
        step = history.after(event_id)
        if step.changes_nothing:
            # A row that arrives late may show that it did.
            self._bookmark.forget(event_id)
            return None
        return payloads.conversation_event(step, context)

    @override
    def occurrences(self, window: Window) -> Iterator[Occurrence[ConversationEvent]]:
        events = self._from_rest(window) if self.uses_rest else self._from_reports(window)
        for event, snapshot in events:
            back_to = interaction_start_time(event.interaction_id) or event.time
            yield Occurrence(event, event.conversation_id, event.time, back_to, snapshot=snapshot)

    def _from_reports(self, window: Window) -> Iterator[tuple[ConversationEvent, None]]:
        log, status_rows = self.run.conversation_log, self.run.status_rows
        for event in chain(log.reported_in(window), status_rows.reported_in(window)):
            # An older start may have been reported before the context that was read.
            recent = not event.is_inferred or event.time >= context_start(event.reported_at)
            emitted = recent and event.kind not in NEVER_EMITTED
            if emitted and self.is_new(event.id, event.reported_at):
                yield event, None

    def _from_rest(self, window: Window) -> Iterator[tuple[ConversationEvent, Snapshot]]:
        rest_state = self._bookmark.source_state
        assignees = rest_inference.LastSeenAssignees(rest_state.get(ASSIGNEES, {}))
        for snapshot, since in self.crawled_conversations():
            is_resolved = snapshot.conversation.get("status") == RESOLVED
            if is_resolved and snapshot.history.lacks_resolution:
                self.run.set_aside.item(
                    "resolved conversations without a time of resolution",
                    "REST shows a conversation as resolved, and none of its messages says when "
                    "(meta_data.isResolved). Its resolution is not emitted. Set activity_source "
                    "to auto if the account has raw reports.",
                )
            for event in rest_inference.events_from_snapshot(snapshot):
                if event.time_is_approximate and self.run.time_range.ends_in_the_past:
                    continue
                due = event.time_is_approximate or event.time < window.end
                changed = assignees.is_new(event)
                if due and changed and self.is_new(event.id, event.time, since=since):
                    yield event, snapshot
        rest_state[ASSIGNEES] = dict(assignees.latest)


class MessageEvents(EventStream[dict[str, Any]]):
    """Messages posted by anyone, each with its conversation."""

    name = "message_events"
    # Messages of this run that were emitted, and those without a type.
    _typed_count = 0
    _untyped = 0
    reports = (catalog.TRANSCRIPT,)
    context_reports = catalog.CONVERSATION_REPORTS
    bookmark_id = staticmethod(bookmark_id)

    @override
    def register_reports(self, start: datetime) -> None:
        self.run.reports.register(self.name, catalog.TRANSCRIPT, start)
        super().register_reports(start)

    @override
    def occurrences(self, window: Window) -> Iterator[Occurrence[dict[str, Any]]]:
        return new_messages(self, window)

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        for record in super().records(window):
            if record["message_type"] is None:
                self._untyped += 1
                if self._untyped > MIN_UNTYPED and self._untyped > MAX_UNTYPED * self._typed_count:
                    raise self._untyped_error(window)
                self.run.set_aside.item(
                    "messages without a type",
                    f"Neither report {catalog.TRANSCRIPT} nor REST has the type of a message. It "
                    f"is omitted, because it may be a private note.",
                )
            else:
                self._typed_count += 1
                yield record
        if self._untyped and not self._typed_count:
            raise self._untyped_error(window)

    @staticmethod
    def _untyped_error(window: Window) -> ReportError:
        return ReportError(
            f"Messages of report {catalog.TRANSCRIPT} for {window} have no type: their columns "
            f"{' and '.join(COLUMNS)} are missing, blank or name the kind of the content, and REST "
            f"does not have these messages. They may be private notes. Set enrich_conversations to "
            f"true, or name the column of the type in setting report_columns."
        )

    def _typed(self, message: dict[str, Any], context: EventContext) -> dict[str, Any]:
        """The message with its type, which REST may have or contradict."""
        known = context.history.by_id.get(message["id"])
        if known is None:
            return message
        rest_type = type_from_text(known.content.get("message_type"))
        found = decide([message["message_type"], rest_type])
        if found.contradicted:
            self.run.set_aside.item(CONTRADICTIONS, CONTRADICTED)
        return {**message, "message_type": found.name}

    @override
    def build(
        self,
        occurrence: Occurrence[dict[str, Any]],
        history: ConversationHistory,
        context: EventContext,
    ) -> dict[str, Any]:
        message, time = self._typed(occurrence.content, context), occurrence.time
        state = history.at(time, is_system_message=message["message_type"] == "system")
        return payloads.message_event(
            message,
            time,
            state,
            context,
            time_is_approximate=occurrence.time_is_approximate,
        )
