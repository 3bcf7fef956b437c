"""The three streams of occurrences: conversation_events, message_events, agent_activity."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat import payloads, report_columns
from tap_freshchat.activity import LABELLED, conversation_occurrences
from tap_freshchat.agent_activity import agent_occurrences
from tap_freshchat.associations import Customer
from tap_freshchat.streams.messages import new_messages
from tap_freshchat.streams.windowed import WindowedStream, batched
from tap_freshchat.times import interaction_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_freshchat.activity import Occurrence
    from tap_freshchat.agent_activity import AgentOccurrence
    from tap_freshchat.timelines import Changes, Timeline
    from tap_freshchat.windows import Window

# What an occurrence changed shows only beside the one before it. Most conversations are answered
# and resolved within a day, and reading a day more costs no further job.
BEFORE = timedelta(days=1)


class ConversationEvents(WindowedStream):
    """Conversations created, assigned, resolved and reopened."""

    name = "conversation_events"
    reports = (
        report_columns.CREATED,
        report_columns.GROUP_ASSIGNED,
        report_columns.AGENT_ASSIGNED,
        report_columns.RESOLVED,
        report_columns.RESOLUTION_LABEL,
    )
    history = BEFORE

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        identity = self.service.identity
        enrich = self.service.settings.enrich_conversations
        for batch in batched(self._new(window)):
            # Whose a conversation is, only its snapshot tells: it is needed even when the
            # events themselves are to go without.
            back_to: dict[str, datetime | None] = {}
            for each, _, _ in batch:
                began = interaction_time(each.interaction_id) or each.time
                back_to.setdefault(each.conversation_id, began if enrich else None)
            snapshots = identity.snapshots(back_to)
            users = identity.users(each.user_id for each in snapshots.values() if each.user_id)
            for occurrence, changes, timeline in batch:
                snapshot = snapshots[occurrence.conversation_id]
                yield payloads.conversation_event(
                    occurrence,
                    changes,
                    timeline,
                    account=self.service.account,
                    customer=Customer.of(snapshot.user_id, users),
                    snapshot=snapshot if enrich else None,
                )

    def _new(self, window: Window) -> Iterator[tuple[Occurrence, Changes, Timeline]]:
        rows = {report: self.rows(report, window) for report in self.reports}
        for occurrence in conversation_occurrences(rows, since=window.start):
            changes, timeline = self.service.timelines.apply(occurrence)
            told = occurrence.kind != LABELLED
            if told and self.is_new(occurrence.id, occurrence.time):
                yield occurrence, changes, timeline


class MessageEvents(WindowedStream):
    """Messages posted, by whomever, each with the conversation it belongs to."""

    name = "message_events"
    reports = (report_columns.TRANSCRIPT,)

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        identity = self.service.identity
        enrich = self.service.settings.enrich_conversations
        for batch in batched(new_messages(self, window)):
            back_to: dict[str, datetime | None] = {}
            for message, _ in batch:
                if enrich or not message["user_id"]:
                    moment = parse_time(message["created_time"]) if enrich else None
                    back_to.setdefault(message["conversation_id"], moment)
            snapshots = identity.snapshots(back_to)
            customers = [
                message["user_id"] or snapshots[message["conversation_id"]].user_id
                for message, _ in batch
            ]
            users = identity.users(user_id for user_id in customers if user_id)
            for (message, reference_id), user_id in zip(batch, customers, strict=True):
                conversation_id, moment = message["conversation_id"], message["created_time"]
                yield payloads.message_event(
                    message,
                    self.service.timelines.at(conversation_id, parse_time(moment)),
                    account=self.service.account,
                    customer=Customer.of(user_id, users, reference_id),
                    snapshot=snapshots[conversation_id] if enrich else None,
                )


class AgentActivity(WindowedStream):
    """Changes of agents' general availability and of their IntelliAssign switch."""

    name = "agent_activity"
    reports = (report_columns.AVAILABILITY, report_columns.INTELLIASSIGN)
    history = BEFORE

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        directory = self.service.directory
        rows = {report: self.rows(report, window) for report in self.reports}
        for occurrence in agent_occurrences(rows):
            subject = (occurrence.agent_id, occurrence.report)
            previous = self._latest.get(subject)
            self._latest[subject] = occurrence
            if self.is_new(occurrence.id, occurrence.time):
                yield payloads.agent_event(
                    occurrence,
                    previous,
                    configuration=directory.account,
                    agent=directory.agents.get(occurrence.agent_id, {}),
                    custom_status_id=directory.agent_status_ids.get(occurrence.status.lower()),
                )

    @cached_property
    def _latest(self) -> dict[tuple[str, str], AgentOccurrence]:
        return {}
