"""Events that only status rows of transcripts show, because their own report lacks the row."""

from __future__ import annotations

import logging
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from tap_freshchat.activity import status_rows
from tap_freshchat.activity.conversation_history import context_start
from tap_freshchat.activity.event_log import EventLog
from tap_freshchat.activity.events import ConversationEvent, infer_start, parse_row_time
from tap_freshchat.errors import AuthorizationError, FreshchatError
from tap_freshchat.reports import catalog
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_freshchat.activity.status_rows import StatusRow
    from tap_freshchat.lookups.conversations import ConversationLookup
    from tap_freshchat.lookups.report_log import ReportLog
    from tap_freshchat.reports.reader import ReportReader
    from tap_freshchat.set_aside import SetAside
    from tap_freshchat.time_range import RunTimeRange

# How much of a run's period is compared, at its end. The transcripts of that time are on disk
# together, and later runs compare what comes after.
MAX_PERIOD = timedelta(days=7)
# Status rows compared at a time.
_BATCH = 500
# Their name as a reader of the transcript; its columns are those of `message_events`.
_READER, _STREAM = "status_rows", "message_events"


@dataclass
class StatusRowLog:
    """Resolutions and reopenings that only transcripts show; the other reports are compared once.

    A status row is used only if the id of its event is certain to be that of the report row, which
    may still come. All others are counted once they leave the look-back, with a warning.

    Args:
        log: the events that reports show.
        lookback: for how long runs wait for a report row.
        enrich: whether the conversation may be looked up for the interaction of a status row.
    """

    reader: ReportReader
    log: ReportLog[ConversationEvent]
    conversations: ConversationLookup
    set_aside: SetAside
    time_range: RunTimeRange
    _: KW_ONLY
    lookback: timedelta
    enrich: bool
    in_shard: Callable[[str], bool]
    _start: datetime | None = field(default=None, init=False)
    _loaded: set[Window] = field(default_factory=set, init=False)
    _maybe_left: int = field(default=0, init=False)

    def register(self, start: datetime) -> None:
        """Announce a stream that emits conversation events from `start`.

        Nothing happens if no other stream reads the transcript: it is much to fetch for rows that
        may never be missing.
        """
        if catalog.TRANSCRIPT in self.reader.registered:
            self._start = max(start, self.time_range.report_end - MAX_PERIOD)
            self.reader.register(_READER, catalog.TRANSCRIPT, self._start)

    def reported_in(self, window: Window) -> Iterator[ConversationEvent]:
        """Events whose status row is in a window, in order of time."""
        self._load_until(window.end)
        return self._events.reported_in(window)

    def of_keys(
        self, keys: Collection[str], window: Window
    ) -> Mapping[str, list[ConversationEvent]]:
        """Events in a window of time by conversation, as far as they are loaded."""
        return self._events.of_keys(keys, window)

    @cached_property
    def _events(self) -> EventLog[ConversationEvent]:
        return EventLog(self.reader.folder / f"{_READER}.sqlite", ConversationEvent)

    def _load_until(self, end: datetime) -> None:
        refused = self.reader.access.refused
        if self._start is None or catalog.TRANSCRIPT in refused:
            return
        for window in self.reader.windows(catalog.TRANSCRIPT, self._start):
            if window.start < end and window not in self._loaded:
                self._loaded.add(window)
                try:
                    self._load(window)
                except FreshchatError as error:
                    if isinstance(error, AuthorizationError) and not error.forbidden:
                        raise
                    self.set_aside.item(
                        "transcripts that are not compared with other reports",
                        f"{error} Events whose report lacks a row are not looked for in it.",
                    )

    def _load(self, window: Window) -> None:
        rows = self._rows(window)
        while batch := list(islice(rows, _BATCH)):
            self._compare(batch)
        if self._maybe_left:
            logging.getLogger("tap-freshchat.reports").info(
                "%s: %d system messages about assignments have no report row. Agents who leave a "
                "conversation have none in most accounts.",
                *(window, self._maybe_left),
            )
            self._maybe_left = 0

    def _rows(self, window: Window) -> Iterator[StatusRow]:
        available = self.reader.access.available
        kinds = {
            kind
            for kind, reports in status_rows.REPORTS.items()
            if len(available(reports)) == len(reports)
        }
        for row in self.reader.rows(catalog.TRANSCRIPT, window, _STREAM):
            kind = status_rows.kind_of_row(row)
            if kind in kinds and kind and self.in_shard(row["conversation_id"]):
                time = parse_row_time(catalog.TRANSCRIPT, row["created_time"])
                if self._start and time >= self._start:
                    yield status_rows.status_row(kind, row, time)

    def _compare(self, rows: Sequence[StatusRow]) -> None:
        by_conversation: dict[str, list[StatusRow]] = {}
        for row in rows:
            by_conversation.setdefault(row.conversation_id, []).append(row)
        times = [row.time for row in rows]
        period = Window(context_start(min(times)), max(times) + timedelta(minutes=1))
        logged = self.log.of_keys(by_conversation, period)
        missing = [
            row
            for conversation_id, found in by_conversation.items()
            for row in status_rows.unreported(found, logged[conversation_id])
        ]
        known_ids = [event.interaction_id for events in logged.values() for event in events]
        # Without interactions in its rows, the report makes ids from the times of its rows.
        interactions = self._interactions(missing) if known_ids and all(known_ids) else {}
        for row in missing:
            events = logged[row.conversation_id]
            interaction_id = interactions.get(row)
            event = interaction_id and status_rows.event_from_status_row(row, interaction_id)
            if not event:
                self._count(row, events)
            elif event.id not in (known := {each.id for each in events}):
                self._count_emitted(row)
                shown = (event, infer_start(event))
                self._events.add(each for each in shown if each and each.id not in known)

    def _interactions(self, rows: Sequence[StatusRow]) -> dict[StatusRow, str]:
        """Interactions of resolutions and reopenings, from the row or from REST."""
        needed = [row for row in rows if row.kind != status_rows.ASSIGNED]
        found = {row: row.interaction_id for row in needed if row.interaction_id}
        if self.enrich:
            unknown = [row for row in needed if row not in found]
            earliest: dict[str, datetime | None] = {}
            for row in reversed(unknown):
                earliest[row.conversation_id] = row.time
            snapshots = self.conversations.get_snapshots(earliest)
            for row in unknown:
                message = snapshots[row.conversation_id].history.by_id.get(row.message_id)
                if message and message.interaction_id:
                    found[row] = message.interaction_id
        return found

    def _is_due(self, row: StatusRow) -> bool:
        """Whether no later run reads the row again."""
        end = self.time_range.report_end
        return row.time < (end if self.time_range.ends_in_the_past else end - self.lookback)

    def _count_emitted(self, row: StatusRow) -> None:
        if self._is_due(row):
            [report] = status_rows.REPORTS[row.kind]
            self.set_aside.item(
                f"rows that report {report} lacks, emitted from the transcript",
                f"Report {report} lacks rows of conversations that were {row.kind} according to "
                f"report {catalog.TRANSCRIPT}. Their events have the time of the transcript. "
                f"A period more than {MAX_PERIOD.days} days before the end of a run is not "
                f"compared.",
            )

    def _count(self, row: StatusRow, events: Sequence[ConversationEvent]) -> None:
        if not self._is_due(row):
            return
        if row.kind == status_rows.ASSIGNED and status_rows.may_be_unassignment(row, events):
            self._maybe_left += 1
            return
        reports = " or ".join(status_rows.REPORTS[row.kind])
        self.set_aside.item(
            f"rows that report {reports} lacks, not emitted",
            f"Report {reports} lacks rows of conversations that were {row.kind} according to "
            f"report {catalog.TRANSCRIPT}. They have no event, because only the report has what "
            f"its id is made of. Ask Freshchat's support why the report lacks them.",
        )
