"""Findings about the raw reports, from what was read of each. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_freshchat.doctor.findings import NOTE, OK, PROBLEM, Findings, Setting
from tap_freshchat.reports import catalog
from tap_freshchat.reports.access import CONTENT
from tap_freshchat.reports.columns import COLUMNS, normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_freshchat.config import Config
    from tap_freshchat.doctor.report_examination import ReportExamination
    from tap_freshchat.errors import FreshchatError

# The streams of the events, and the reports that each is read from.
EVENT_STREAMS: Mapping[str, tuple[str, ...]] = {
    "agent_activity": catalog.AGENT_REPORTS,
    "conversation_events": catalog.CONVERSATION_REPORTS,
    "message_events": (catalog.TRANSCRIPT,),
}
# Words in the headers of columns that may hold a time; ids and others are looked for by their name.
_TIME_WORDS = frozenset({"time", "date", "at"})
_UNKNOWN_HEADER = "<header>"


def stream_of(report: str) -> str:
    """The stream whose setting `report_columns` counts for a report."""
    for stream, reports in EVENT_STREAMS.items():
        if report in reports:
            return stream
    return f"report_{report.lower().replace('-', '_')}"


class Conclusion(NamedTuple):
    """The finding about one report."""

    result: str
    text: str
    setting: Setting | None = None


@dataclass
class ReportOutcomes:
    """What came of the request for each report: its examination, a refusal, or another error.

    A report whose file lacks a column has both an examination and an error.
    """

    examined: dict[str, ReportExamination] = field(default_factory=dict)
    refused: dict[str, FreshchatError] = field(default_factory=dict)
    failed: dict[str, FreshchatError] = field(default_factory=dict)

    def rest_streams(self, config: Config) -> set[str]:
        """The event streams that a run reads via REST, because all of their reports are refused."""
        if config.activity_source != "auto":
            return set()
        return {
            stream for stream, reports in EVENT_STREAMS.items() if self.refused.keys() >= {*reports}
        }


@dataclass
class ReportFindings:
    """Findings about all reports of one run.

    `offset` is how far the times of rows are off. `shows_types` is whether the type of a message
    can be read via REST.
    """

    config: Config
    outcomes: ReportOutcomes
    _: KW_ONLY
    now: datetime
    offset: timedelta
    shows_types: bool

    def add_to(self, findings: Findings) -> None:
        """Add a finding for each report and each enumeration, and the details of reports."""
        for report in catalog.REPORTS:
            findings.add(report, *self._conclusion(report))
        examined = self.outcomes.examined
        findings.details["reports"] = {
            report: self._details(found) for report, found in examined.items()
        }
        _add_values(findings, examined.values())
        self._add_delay(findings)

    def _conclusion(self, report: str) -> Conclusion:
        is_needed = stream_of(report) in EVENT_STREAMS
        bad = PROBLEM if is_needed else NOTE
        found = self.outcomes.examined.get(report)
        if report in self.config.skip_reports:
            return Conclusion(NOTE, "not requested: skip_reports has it.")
        if error := self.outcomes.refused.get(report):
            return self._refusal(report, error)
        if found and found.missing:
            listed = ", ".join(found.headers) or "not shown, because the first line is a row"
            text = f"has no column for {', '.join(found.missing)}. Its headers: {listed}."
            return Conclusion(bad, text, self._missing_columns(found) if is_needed else None)
        if error := self.outcomes.failed.get(report):
            return Conclusion(bad, f"cannot be read. {error}")
        return self._read_conclusion(found, bad) if found else Conclusion(NOTE, "not requested.")

    def _refusal(self, report: str, error: FreshchatError) -> Conclusion:
        stream, source = stream_of(report), self.config.activity_source
        if stream not in EVENT_STREAMS:
            return Conclusion(NOTE, f"refused; only stream {stream} needs it. {error}")
        if stream in self.outcomes.rest_streams(self.config):
            return Conclusion(NOTE, f"refused; {stream} is read via REST instead. {error}")
        if self.outcomes.refused.keys() >= {*EVENT_STREAMS[stream]}:
            reason = f"{stream} is then read via REST"
            return Conclusion(
                PROBLEM, f"refused. {error}", Setting("activity_source", "auto", reason)
            )
        if report == catalog.RESOLUTION_LABEL and source == "auto":
            return Conclusion(NOTE, f"refused; events lack {CONTENT[report]}. {error}")
        skipped = sorted({*self.config.skip_reports, report})
        reason = f"accept runs without {CONTENT[report]}, or ask for {report} in the plan"
        return Conclusion(PROBLEM, f"refused. {error}", Setting("skip_reports", skipped, reason))

    def _read_conclusion(self, found: ReportExamination, bad: str) -> Conclusion:
        age = self._minutes_old(found)
        text = f"{found.rows} rows"
        if age is not None:
            text += f", the newest {age} minutes old"
        if found.unknown_columns:
            text += f"; unknown columns, kept: {', '.join(found.unknown_columns)}"
        if found.rejected:
            text += f"; {found.rejected} rows cannot be read"
        time = COLUMNS[found.report].time
        reason = f"another column of {found.report} holds the time: {', '.join(found.headers)}"
        other_column = self._columns(found.report, {time: [_UNKNOWN_HEADER]}, reason)
        if found.unreadable_times * 2 > found.rows:
            text = f"{found.unreadable_times} of {text}, have no readable time in column {time}."
            return Conclusion(bad, text, other_column)
        outside = found.outside(self.offset)
        if outside * 2 > found.rows - found.unreadable_times:
            text = f"{outside} of {text}, have times outside of the period requested."
            return Conclusion(bad, text, other_column)
        if found.rows and found.untyped == found.rows and not self.shows_types:
            text += "; no column has the type of messages, so that none would be emitted."
            if not self.config.enrich_conversations:
                reason = "the type of each message is then read via REST"
                return Conclusion(bad, text, Setting("enrich_conversations", True, reason))  # noqa: FBT003 - a value
            reason = f"name the column that has it: {', '.join(found.headers)}"
            fields = {"message_type": [_UNKNOWN_HEADER]}
            return Conclusion(bad, text, self._columns(found.report, fields, reason))
        return Conclusion(OK, f"{text}.")

    def _missing_columns(self, found: ReportExamination) -> Setting:
        """The setting that names columns, with the header of each field if only one can be it."""
        aliases = {alias for names in COLUMNS[found.report].headers.values() for alias in names}
        fields = {}
        for name in found.missing:
            is_time = name == COLUMNS[found.report].time
            words = _TIME_WORDS if is_time else {*name.removesuffix("_id").split("_")}
            fitting = [
                header
                for header in found.headers
                if normalise(header) not in aliases
                and not words.isdisjoint(normalise(header).split("_"))
            ]
            fields[name] = fitting if len(fitting) == 1 else [_UNKNOWN_HEADER]
        reason = f"name the columns of {found.report} that hold {', '.join(found.missing)}"
        return self._columns(found.report, fields, reason)

    def _columns(self, report: str, fields: Mapping[str, list[str]], reason: str) -> Setting:
        """The setting `report_columns` with more fields of a report than it has."""
        columns = {stream: {**known} for stream, known in self.config.report_columns.items()}
        stream = stream_of(report)
        columns[stream] = {**columns.get(stream, {}), **fields}
        return Setting("report_columns", columns, reason)

    def _minutes_old(self, found: ReportExamination) -> int | None:
        if found.newest is None:
            return None
        return round((self.now - found.newest + self.offset) / timedelta(minutes=1))

    def _add_delay(self, findings: Findings) -> None:
        ages = [self._minutes_old(found) for found in self.outcomes.examined.values()]
        newest = min((age for age in ages if age is not None), default=None)
        if newest is None:
            return
        text = f"the newest row of all reports is {newest} minutes old."
        covered = (self.config.report_delay + self.config.lookback) // timedelta(minutes=1)
        if newest > covered:
            text += (
                f" If something happened since, rows are later than a run looks back; then raise "
                f"lookback_minutes to {newest}."
            )
        findings.add("delay of reports", OK if newest <= covered else NOTE, text)

    def _details(self, found: ReportExamination) -> dict[str, Any]:
        return {
            "rows": found.rows,
            "headers": found.headers,
            "missing_fields": found.missing,
            "unknown_columns": found.unknown_columns,
            "values": found.values,
            "unknown_values": found.unknown_values,
            "newest_row_minutes_old": self._minutes_old(found),
            "rows_outside_of_window": found.outside(self.offset),
            "rows_without_readable_time": found.unreadable_times,
            "rows_not_readable": found.rejected,
            "rows_without_message_type": found.untyped,
        }


def _add_values(findings: Findings, examined: Iterable[ReportExamination]) -> None:
    """Add a finding for each enumeration: its values in all reports together."""
    counts: dict[str, Counter[str]] = {}
    unknown: dict[str, set[str]] = {}
    for found in examined:
        for column, values in found.values.items():
            counts.setdefault(column, Counter()).update(values)
        for column, words in found.unknown_values.items():
            unknown.setdefault(column, set()).update(words)
    for column, values in counts.items():
        text = f"{', '.join(f'{value} {count}' for value, count in values.most_common())}."
        if new := unknown.get(column):
            text += (
                f" Unknown: {', '.join(sorted(new))}. Events keep them as they are; report them "
                f"as an issue of tap-freshchat."
            )
        findings.add(column, NOTE if new else OK, text)
