"""Checks of the raw reports: which the account has, and whether their rows give all events."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_freshchat.doctor.findings import NOTE, OK, PROBLEM, Findings, Setting
from tap_freshchat.doctor.report_examination import ReportExamination
from tap_freshchat.doctor.token_check import raise_if_token_is_wrong
from tap_freshchat.errors import AuthorizationError, FreshchatError
from tap_freshchat.reports import catalog, csv_files
from tap_freshchat.reports.access import CONTENT
from tap_freshchat.reports.columns import COLUMNS, normalise
from tap_freshchat.times import floor_to
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from tap_freshchat.reports.scheduler import Job
    from tap_freshchat.run_context import RunContext

DAY = timedelta(days=1)
# The streams of the events, and the reports that each is read from.
EVENT_STREAMS: Mapping[str, tuple[str, ...]] = {
    "agent_activity": catalog.AGENT_REPORTS,
    "conversation_events": catalog.CONVERSATION_REPORTS,
    "message_events": (catalog.TRANSCRIPT,),
}
# Words in the header of a column that may hold a field.
_HINTS = {"created_at": ("time", "date", "at"), "created_time": ("time", "date", "at")}


def stream_of(report: str) -> str:
    """The stream whose setting `report_columns` counts for a report."""
    for stream, reports in EVENT_STREAMS.items():
        if report in reports:
            return stream
    return f"report_{report.lower().replace('-', '_')}"


@dataclass
class ReportChecks:
    """Checks of the reports of one run.

    `declared` has the columns that each report is known to have. `progress` takes a line about what
    is waited for. `examined` has the reports that could be read, `rest_streams` the event streams
    that a run reads via REST because the account has none of their reports.
    """

    run: RunContext
    findings: Findings
    declared: Mapping[str, Collection[str]]
    progress: Callable[[str], None]
    examined: dict[str, ReportExamination] = field(default_factory=dict, init=False)
    rest_streams: set[str] = field(default_factory=set, init=False)
    _refused: dict[str, FreshchatError] = field(default_factory=dict, init=False)
    _failed: dict[str, FreshchatError] = field(default_factory=dict, init=False)

    def read(self) -> None:
        """Request one window of each report and examine its rows; adds no finding.

        Raises:
            AuthorizationError: Freshchat does not accept the token.
        """
        config, scheduler = self.run.config, self.run.reports.scheduler
        jobs = {
            report: scheduler.queue(report, self.window_of(report))
            for report in catalog.REPORTS
            if report not in config.skip_reports
        }
        self.progress(
            f"Waiting for {len(jobs)} reports: one or two minutes, or up to {len(jobs) + 1} if "
            f"Freshchat takes only one job a minute of all types together."
        )
        for number, (report, job) in enumerate(jobs.items(), 1):
            self.progress(f"Report {number} of {len(jobs)}: {report}.")
            try:
                self._examine(report, job)
            except AuthorizationError as error:
                raise_if_token_is_wrong(self.run, error)
                (self._refused if error.forbidden else self._failed)[report] = error
            except FreshchatError as error:
                self._failed[report] = error

    def window_of(self, report: str) -> Window:
        """Yesterday (UTC) and today until now; of a transcript, the last 24 hours, its limit."""
        now = self.run.time_range.now
        if report == catalog.TRANSCRIPT:
            return Window(now - DAY, now)
        return Window(self.yesterday.start, now)

    @property
    def yesterday(self) -> Window:
        """The last whole day in UTC."""
        today = floor_to(self.run.time_range.now, DAY)
        return Window(today - DAY, today)

    def _examine(self, report: str, job: Job) -> None:
        config, stream = self.run.config, stream_of(report)
        found = ReportExamination(
            report,
            job.window,
            config.report_time_zone,
            stream=stream,
            extra=config.report_columns.get(stream, {}),
            declared=self.declared.get(report, ()),
        )
        self.run.reports.scheduler.wait_for(job)
        # A file without a required column is examined as far as its header.
        self.examined[report] = found
        for leaf in job.leaf_jobs():
            for file in self.run.reports.fetch(leaf):
                for _, row in csv_files.rows(file, found.names, found.reject):
                    found.add(row)
                file.unlink()

    def add_findings(self, offset: timedelta) -> None:
        """Add a finding for each report; `offset` is that of the times from those in the zone."""
        for report in catalog.REPORTS:
            result, text, setting = self._finding(report, offset)
            self.findings.add(report, result, text, setting)
        self.findings.details["reports"] = {
            report: self._details(found, offset) for report, found in self.examined.items()
        }
        self._add_values()

    def _finding(self, report: str, offset: timedelta) -> tuple[str, str, Setting | None]:
        is_needed = stream_of(report) in EVENT_STREAMS
        bad = PROBLEM if is_needed else NOTE
        found = self.examined.get(report)
        if report in self.run.config.skip_reports:
            return NOTE, "not requested: skip_reports has it.", None
        if error := self._refused.get(report):
            return self._refusal(report, error)
        if found and found.missing:
            listed = ", ".join(found.headers) or "not shown: the first line is a row"
            text = f"has no column for {', '.join(found.missing)}. Its headers: {listed}."
            return bad, text, self._columns_setting(found) if is_needed else None
        if error := self._failed.get(report):
            return bad, f"cannot be read. {error}", None
        if found is None:
            return NOTE, "not read.", None
        return self._read_finding(found, offset, bad)

    def _read_finding(
        self, found: ReportExamination, offset: timedelta, bad: str
    ) -> tuple[str, str, Setting | None]:
        age = self._minutes_old(found, offset)
        text = f"{found.rows} rows"
        if age is not None:
            text += f", the newest {age} minutes old"
        if found.unknown_columns:
            text += f"; unknown columns, kept: {', '.join(found.unknown_columns)}"
        if found.rejected:
            text += f"; {found.rejected} rows cannot be read"
        timed = found.rows - found.unreadable_times
        stream, time = stream_of(found.report), COLUMNS[found.report].time
        other_column = Setting(
            "report_columns",
            {stream: {time: ["<header>"]}},
            f"another column of {found.report} holds the time; its headers: "
            f"{', '.join(found.headers)}",
        )
        if found.rows and found.unreadable_times * 2 > found.rows:
            text = f"{found.unreadable_times} of {text} have no readable time in column {time}."
            return bad, text, other_column
        outside = found.outside(offset)
        if outside * 2 > timed:
            text = f"{outside} of {text}; they have times outside of the period requested."
            return bad, text, other_column
        if found.untyped and found.untyped == found.rows and not self._asks_rest:
            text += "; no column has the type of a message, so none would be emitted."
            reason = "the type of each message is then read via REST"
            return bad, text, Setting("enrich_conversations", value=True, reason=reason)
        return OK, f"{text}.", None

    @property
    def _asks_rest(self) -> bool:
        return self.run.config.enrich_conversations

    def _refusal(self, report: str, error: FreshchatError) -> tuple[str, str, Setting | None]:
        stream, source = stream_of(report), self.run.config.activity_source
        reports = EVENT_STREAMS.get(stream, ())
        if not reports:
            return NOTE, f"refused; only stream {stream} needs it. {error}", None
        if set(reports) <= self._refused.keys():
            if source == "auto":
                self.rest_streams.add(stream)
                return NOTE, f"refused; {stream} is read via REST instead. {error}", None
            reason = f"{stream} is then read via REST where the account has none of its reports"
            return PROBLEM, f"refused. {error}", Setting("activity_source", "auto", reason)
        if report == catalog.RESOLUTION_LABEL and source == "auto":
            return NOTE, f"refused; events lack the labels of resolutions. {error}", None
        skipped = sorted({*self.run.config.skip_reports, report})
        reason = f"accept runs without {CONTENT[report]}, or ask for {report} in the plan"
        return PROBLEM, f"refused. {error}", Setting("skip_reports", skipped, reason)

    def _columns_setting(self, found: ReportExamination) -> Setting:
        """The setting that names columns, with the header of each field if only one can be it."""
        fields = {}
        for name in found.missing:
            hints = _HINTS.get(name, tuple(name.removesuffix("_id").split("_")))
            taken = {
                alias for aliases in COLUMNS[found.report].headers.values() for alias in aliases
            }
            fitting = [
                header
                for header in found.headers
                if not {normalise(header)} & taken and set(normalise(header).split("_")) & {*hints}
            ]
            fields[name] = fitting if len(fitting) == 1 else ["<header>"]
        value = {stream_of(found.report): fields}
        configured = json.loads(json.dumps(self.run.config.report_columns))
        merged = {**configured, **{k: {**configured.get(k, {}), **v} for k, v in value.items()}}
        reason = f"name the columns of {found.report} that hold {', '.join(found.missing)}"
        return Setting("report_columns", merged, reason)

    def _minutes_old(self, found: ReportExamination, offset: timedelta) -> int | None:
        if found.newest is None:
            return None
        return round((self.run.time_range.now - found.newest + offset) / timedelta(minutes=1))

    def _details(self, found: ReportExamination, offset: timedelta) -> dict[str, Any]:
        return {
            "rows": found.rows,
            "headers": found.headers,
            "missing_fields": found.missing,
            "unknown_columns": found.unknown_columns,
            "values": found.values,
            "unknown_values": found.unknown_values,
            "newest_row_minutes_old": self._minutes_old(found, offset),
            "rows_outside_of_window": found.outside(offset),
            "rows_without_readable_time": found.unreadable_times,
            "rows_not_readable": found.rejected,
            "rows_without_message_type": found.untyped,
        }

    def _add_values(self) -> None:
        """Add a finding for each enumeration: its values in all reports together."""
        counts: dict[str, dict[str, int]] = {}
        unknown: dict[str, set[str]] = {}
        for found in self.examined.values():
            for column, values in found.values.items():
                of_column = counts.setdefault(column, {})
                for value, count in values.items():
                    of_column[value] = of_column.get(value, 0) + count
            for column, words in found.unknown_values.items():
                unknown.setdefault(column, set()).update(words)
        for column, values in counts.items():
            text = f"{', '.join(f'{value} {count}' for value, count in values.items())}."
            if new := unknown.get(column):
                text += (
                    f" Unknown: {', '.join(sorted(new))}. Events keep them as they are; please "
                    f"report them as an issue of tap-freshchat."
                )
            self.findings.add(column, NOTE if new else OK, text)

    def start_differences(self) -> Iterator[timedelta]:
        """Differences of rows' times from the true times of the same interaction starts."""
        for found in self.examined.values():
            yield from found.start_differences
