"""Beginnings that no row tells: inferred from later rows, and told apart from reopenings. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.conversation_state import Changes, Timeline
from tap_freshchat.activity.events import CREATED, REOPENED, RESOLVED, Occurrence
from tap_freshchat.times import interaction_time, time_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_freshchat.activity.message_history import Dialogue

# How far the record of a conversation, its first message and its first interaction may lie apart.
CREATION_SKEW = timedelta(seconds=5)
# Beginnings kept in mind, some 10 MB of their ids: those of a day, of which the next window may
# speak as well.
MAX_BEGUN = 50_000
# What a beginning that turns out to be a reopening changed, as far as can be told.
REOPENING = Changes(pairs={"status": (RESOLVED, "new")}, previous_known=True)


def beginning_of(
    occurrence: Occurrence, *, first_seen: datetime, since: datetime
) -> Occurrence | None:
    """Created or reopened, of the interaction that a later occurrence speaks of.

    Args:
        occurrence: any.
        first_seen: when its conversation is first spoken of.
        since: an interaction that began before it is known to have begun: None.
    """
    began = interaction_time(occurrence.interaction_id)
    if began is None or began < since or occurrence.kind in {CREATED, REOPENED}:
        return None
    return Occurrence(
        kind=REOPENED if first_seen < began else CREATED,
        time=began,
        conversation_id=occurrence.conversation_id,
        interaction_id=occurrence.interaction_id,
        channel_id=occurrence.channel_id,
        inferred_from=occurrence.time,
    )


class Begun:
    """Beginnings that were told, so that a later window does not infer them again.

    Above a bound the oldest are forgotten; told again, they would have the same id.

    Args:
        max_known: how many are kept in mind.
    """

    def __init__(self, max_known: int = MAX_BEGUN) -> None:
        self._max_known = max_known
        self._known: dict[str, None] = {}

    def is_new(self, occurrence: Occurrence) -> bool:
        """Whether this is no beginning, or one that was not met before; it is remembered now."""
        interaction_id = occurrence.interaction_id
        if occurrence.kind not in {CREATED, REOPENED} or not interaction_id:
            return True
        if interaction_id in self._known:
            return False
        self._known[interaction_id] = None
        if len(self._known) > self._max_known:
            del self._known[next(iter(self._known))]
        return True


def spoken_of_before(occurrence: Occurrence, before: Timeline | None) -> Occurrence:
    """A beginning that was inferred, as a reopening where earlier windows knew the conversation.

    Args:
        occurrence: any.
        before: how the conversation stood when it happened; None when it was never spoken of.
    """
    return _reopened(occurrence) if may_be_older(occurrence) and before else occurrence


def judged(
    occurrence: Occurrence,
    changes: Changes,
    timeline: Timeline,
    conversation: Mapping[str, Any],
    dialogue: Dialogue,
) -> tuple[Occurrence, Changes, Timeline]:
    """A beginning that was inferred, as a reopening where the conversation is older than it.

    Args:
        occurrence: any.
        changes: what it changed.
        timeline: how the conversation stood after it.
        conversation: as the service tells it now; its record may lack a readable
            `created_time`.
        dialogue: its messages, as far as they were read.
    """
    if not may_be_older(occurrence):
        return occurrence, changes, timeline
    moment = occurrence.time - CREATION_SKEW
    created = time_in(conversation.get("created_time"))
    older = created < moment if created else dialogue.begins_before(moment)
    if not older:
        return occurrence, changes, timeline
    reopened = replace(timeline, created_time=None, reopened_time=occurrence.time)
    return _reopened(occurrence), REOPENING, reopened


def may_be_older(occurrence: Occurrence) -> bool:
    """Whether it is only by what one window told that a conversation was created here."""
    return occurrence.inferred_from is not None and occurrence.kind == CREATED


def _reopened(occurrence: Occurrence) -> Occurrence:
    return replace(occurrence, kind=REOPENED)
