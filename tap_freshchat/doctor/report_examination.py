"""Examination of one report: columns, values, lateness and offset of its times. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING

from tap_freshchat.activity.message_types import type_from_row
from tap_freshchat.doctor.time_offsets import QUARTER
from tap_freshchat.enumerations import (
    ACTOR_TYPE,
    AGENT_STATUS,
    DETAILED_MESSAGE_TYPE,
    MESSAGE_TYPE,
    PART_KINDS,
    REOPENED,
    comparable,
)
from tap_freshchat.reports import catalog
from tap_freshchat.reports.columns import COLUMNS, map_columns, shown_headers
from tap_freshchat.times import interaction_start_time, parse_time_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta, tzinfo

    from tap_freshchat.windows import Window

# Columns that hold one of a few values, with their tables.
ENUMERATIONS = {
    each.name: each for each in (MESSAGE_TYPE, DETAILED_MESSAGE_TYPE, ACTOR_TYPE, REOPENED)
}
CUSTOM, OTHER = "custom", "not shown"
_BLANK = "blank"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,39}", re.ASCII)
# Different unknown values of a column above which it holds texts, perhaps of people.
_MAX_UNKNOWN = 10
# Different values of a column that are counted one by one.
_MAX_VALUES = 100
# Conversations, and messages of each, that are kept for a comparison with REST.
_MAX_CONVERSATIONS = 20
_MAX_MESSAGES = 50
# As many as one request looks up.
_MAX_USERS = 100
_MAX_DIFFERENCES = 500
# Interactions that are counted: those of a very busy account.
_MAX_INTERACTIONS = 200_000


@dataclass
class ReportExamination:
    """What the rows of one report in one window show.

    `zone` is that of times without an offset; `stream` the one whose setting `report_columns`
    counts; `declared` the columns that the report is known to have. `headers` has those that may
    be shown, `missing` the fields without a column. `quarters` counts rows by quarter of an hour
    since the start of the window. `messages` has some conversations, with the times of messages by
    id in a transcript; `users` the ids of some who wrote.
    """

    report: str
    window: Window
    zone: tzinfo
    _: KW_ONLY
    stream: str
    extra: Mapping[str, Sequence[str]]
    declared: Collection[str]
    headers: list[str] = field(default_factory=list, init=False)
    missing: list[str] = field(default_factory=list, init=False)
    unknown_columns: list[str] = field(default_factory=list, init=False)
    rows: int = field(default=0, init=False)
    rejected: int = field(default=0, init=False)
    unreadable_times: int = field(default=0, init=False)
    newest: datetime | None = field(default=None, init=False)
    quarters: Counter[int] = field(default_factory=Counter, init=False)
    untyped: int = field(default=0, init=False)
    messages: dict[str, dict[str, datetime]] = field(default_factory=dict, init=False)
    users: set[str] = field(default_factory=set, init=False)
    # Time of a row less the time in its interaction id.
    start_differences: list[timedelta] = field(default_factory=list, init=False)
    # Quarter of the first row, and true start, of each interaction.
    interactions: dict[int, int] = field(default_factory=dict, init=False)
    starts: dict[int, datetime] = field(default_factory=dict, init=False)
    _values: dict[str, Counter[str]] = field(default_factory=dict, init=False)

    def names(self, headers: Sequence[str]) -> list[str]:
        """The columns of a file; ReportError if a required field has none."""
        columns = COLUMNS[self.report]
        shared = {"stream": self.stream, "extra": self.extra}
        names = map_columns(self.report, headers, **shared, required=())  # type: ignore[arg-type]
        missing = sorted(set(columns.required) - set(names))
        if not missing or not self.missing:
            # Of lines before the header, the first is what is shown, as in the error.
            self.missing = missing
            self.headers = shown_headers(headers)
            known = {*self.declared, *columns.headers, *columns.required}
            self.unknown_columns = [
                header
                for header, name in zip(headers, names, strict=True)
                if name not in known and header.strip() in self.headers
            ]
        # Raises if one is missing.
        return map_columns(self.report, headers, **shared)  # type: ignore[arg-type]

    def reject(self, _line: int, _reason: str, _cells: object) -> None:
        """Count a row that cannot be read."""
        self.rejected += 1

    def add(self, row: Mapping[str, str]) -> None:
        """Examine a row."""
        self.rows += 1
        for column in ENUMERATIONS:
            if column in row:
                self._count(column, row[column])
        if self.report in catalog.AGENT_REPORTS:
            self._count(AGENT_STATUS.name, row.get("status") or "")
        try:
            time = parse_time_in(self.zone, row[COLUMNS[self.report].time])
        except ValueError:
            self.unreadable_times += 1
            return
        self.newest = max(self.newest or time, time)
        quarter = (time - self.window.start) // QUARTER
        self.quarters[quarter] += 1
        if self.report == catalog.TRANSCRIPT:
            self._add_message(row, time)
        else:
            self._add_interaction(row, time, quarter)

    def _add_message(self, row: Mapping[str, str], time: datetime) -> None:
        self.untyped += type_from_row(row).name is None
        conversation = row["conversation_id"]
        if conversation in self.messages or len(self.messages) < _MAX_CONVERSATIONS:
            messages = self.messages.setdefault(conversation, {})
            if len(messages) < _MAX_MESSAGES:
                messages[row["message_id"]] = time
        if ACTOR_TYPE.find(row.get("actor_type")) == "user" and len(self.users) < _MAX_USERS:
            self.users.add(row.get("customer_id") or row.get("actor_id") or "")

    def _add_interaction(self, row: Mapping[str, str], time: datetime, quarter: int) -> None:
        interaction = row.get("interaction_id") or ""
        try:
            started = interaction_start_time(interaction)
        except ValueError:
            started = None
        is_start = self.report == catalog.CONVERSATION_CREATED
        if started and is_start and len(self.start_differences) < _MAX_DIFFERENCES:
            self.start_differences.append(time - started)
        key = hash(interaction or (row.get("conversation_id"), time))
        if len(self.messages) < _MAX_CONVERSATIONS and row.get("conversation_id"):
            self.messages.setdefault(row["conversation_id"], {})
        if len(self.interactions) < _MAX_INTERACTIONS:
            self.interactions.setdefault(key, quarter)
            if started:
                self.starts[key] = started

    def _count(self, column: str, text: str) -> None:
        counts = self._values.setdefault(column, Counter())
        plain = text.strip()
        counts[plain if plain in counts or len(counts) < _MAX_VALUES else OTHER] += 1

    @property
    def values(self) -> dict[str, dict[str, int]]:
        """How often each column of an enumeration has each value; only values that may be shown."""
        shown: dict[str, dict[str, int]] = {}
        for column, counts in self._values.items():
            unknown = [word for word in counts if not is_known(column, word)]
            hidden = len(unknown) > _MAX_UNKNOWN
            found: Counter[str] = Counter()
            for word, count in counts.items():
                if word in unknown and column == AGENT_STATUS.name:
                    # Its name is the account's own, and may be a person's.
                    found[CUSTOM] += count
                elif word in unknown and (hidden or not _WORD.fullmatch(word)):
                    found[OTHER] += count
                else:
                    found[word or _BLANK] += count
            shown[column] = dict(found.most_common())
        return shown

    @property
    def unknown_values(self) -> dict[str, list[str]]:
        """The values that the tap does not know, by column."""
        unknown = {
            column: sorted(word for word in counts if not is_known(column, word))
            for column, counts in self.values.items()
        }
        return {column: words for column, words in unknown.items() if words}

    def outside(self, offset: timedelta) -> int:
        """The number of rows outside of the window, if all times are moved back by an offset."""
        shift = offset // QUARTER
        last = (self.window.end - self.window.start) // QUARTER
        # A quarter more on either side: rows can be some seconds out.
        return sum(
            count for quarter, count in self.quarters.items() if not -1 <= quarter - shift <= last
        )

    def interactions_in(self, day: Window, offset: timedelta) -> set[int]:
        """The interactions whose first row is in a day, if all times are moved back."""
        first, last = ((each - self.window.start) // QUARTER for each in (day.start, day.end))
        shift = offset // QUARTER
        return {
            key for key, quarter in self.interactions.items() if first <= quarter - shift < last
        }


def is_known(column: str, value: str) -> bool:
    """Whether a value of an enumeration is one that the tap knows, or blank."""
    if value in {"", _BLANK, CUSTOM}:
        return True
    if column == AGENT_STATUS.name:
        return AGENT_STATUS.find(value) is not None
    if (
        column in {MESSAGE_TYPE.name, DETAILED_MESSAGE_TYPE.name}
        and comparable(value) in PART_KINDS
    ):
        return True
    return not ENUMERATIONS[column].is_unknown(value)
