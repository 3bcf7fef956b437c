"""Report log: the events of several raw reports in one order, read once a run for all streams."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Generic

from tap_freshchat.activity.event_log import E, EventLog

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_freshchat.reports.reader import ReportReader
    from tap_freshchat.windows import Window


@dataclass
class ReportLog(Generic[E]):
    """Events of some reports, loaded as far as they are asked for.

    Args:
        stream: the stream that setting `report_columns` names for these reports.
        parse: returns the events that a row of a report shows.
    """

    reader: ReportReader
    event_type: type[E]
    _: KW_ONLY
    reports: Sequence[str]
    stream: str
    parse: Callable[[str, Mapping[str, str]], Iterable[E]]
    _loaded: set[tuple[str, Window]] = field(default_factory=set, init=False)

    def register(self, start: datetime) -> None:
        """Announce that a stream needs the events from `start`."""
        for report in self.reports:
            self.reader.register(self.stream, report, start)

    def reported_in(self, window: Window) -> Iterator[E]:
        """Events whose row is in a window, in order of time; raises as `ReportReader.rows`."""
        self._load_until(window.end)
        return self._log.reported_in(window)

    def of_keys(self, keys: Collection[str], window: Window) -> Mapping[str, list[E]]:
        """Events in a window of time by key; raises as `reported_in`."""
        self._load_until(window.end)
        return self._log.of_keys(keys, window)

    @cached_property
    def _log(self) -> EventLog[E]:
        return EventLog(self.reader.folder / f"{self.stream}.sqlite", self.event_type)

    def _load_until(self, end: datetime) -> None:
        for report in self.reports:
            for window in self.reader.windows(report):
                if window.start < end and (report, window) not in self._loaded:
                    rows = self.reader.rows(report, window, self.stream)
                    self._log.add(event for row in rows for event in self.parse(report, row))
                    self._loaded.add((report, window))
