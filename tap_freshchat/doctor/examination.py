"""Examination of an account: the order of the checks, and what each learns from the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_freshchat.doctor.account_checks import AccountChecks
from tap_freshchat.doctor.findings import NOTE, OK, PROBLEM, Findings, Setting
from tap_freshchat.doctor.report_checks import ReportChecks
from tap_freshchat.doctor.report_findings import EVENT_STREAMS, ReportFindings
from tap_freshchat.doctor.time_offsets import offset_of, zone_with_offset
from tap_freshchat.errors import FreshchatError
from tap_freshchat.reports import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tap_freshchat.run_context import RunContext

# What Freshchat counts, and the report whose interactions are the same.
COUNTED = {
    "assigned_interactions": (catalog.AGENT_ASSIGNED, "assigned"),
    "resolved_interactions": (catalog.CONVERSATION_RESOLVED, "resolved"),
}


@dataclass
class Examination:
    """Examination of the account of one run's settings.

    Arguments as in `ReportChecks`.
    """

    run: RunContext
    declared: Mapping[str, Collection[str]]
    progress: Callable[[str], None]
    findings: Findings = field(default_factory=Findings, init=False)

    def __post_init__(self) -> None:
        self._account = AccountChecks(self.run, self.findings)
        self._reports = ReportChecks(self.run, self.declared, self.progress)

    def examine(self) -> Findings:
        """Make all checks; a wrong token or host ends them with a finding."""
        try:
            self.run.connect()
            self.findings.add("account", OK, "Freshchat accepts the token.")
            self._examine()
        except FreshchatError as error:
            names = [name for name in ("api_url", "api_token") if name in str(error)]
            reason = "copy it from Freshchat's admin page (API settings)"
            setting = Setting(names[0], "…", reason) if names else None
            self.findings.add("account", PROBLEM, str(error), setting)
        return self.findings

    def _examine(self) -> None:
        config, outcomes = self.run.config, self._reports.outcomes
        self._account.check_lists()
        uses_rest = config.activity_source == "rest"
        user_ids: set[str] = set()
        if uses_rest:
            self.findings.add("reports", NOTE, "not requested: activity_source is rest.")
        else:
            self._reports.read()
            offset = self._check_times()
            shows_types = config.enrich_conversations and self._account.shows_types
            ReportFindings(
                config,
                outcomes,
                now=self.run.time_range.now,
                offset=offset,
                shows_types=shows_types,
            ).add_to(self.findings)
            if transcript := outcomes.examined.get(catalog.TRANSCRIPT):
                user_ids = transcript.users
            self._compare_counts(offset)
        self._account.check_users(user_ids)
        if uses_rest or outcomes.rest_streams(config) - {"agent_activity"}:
            self._account.check_rest_source()
        self._add_limits()

    def _check_times(self) -> timedelta:
        """Compare the times of reports with true ones; returns how far they are off."""
        examined = self._reports.outcomes.examined
        # The transcript is the last report, and the only one with messages.
        conversations = {
            conversation: messages
            for found in examined.values()
            for conversation, messages in found.messages.items()
        }
        by_messages = sorted(conversations.items(), key=lambda item: -len(item[1]))
        differences = self._account.check_conversation(dict(by_messages))
        starts = self._reports.start_differences()
        if (offset := offset_of(differences)) is not None:
            return self._add_offset(offset, f"{len(differences)} messages in REST")
        if (offset := offset_of(starts)) is not None:
            return self._add_offset(offset, f"{len(starts)} interaction ids")
        if (offset := self._reports.offset_by_windows()) is not None:
            return self._add_offset(offset, "the periods requested", is_exact=False)
        if any(found.rows for found in examined.values()):
            text = "nothing shows in which zone reports write times."
            self.findings.add("times of reports", NOTE, text)
        return timedelta()

    def _add_offset(self, offset: timedelta, source: str, *, is_exact: bool = True) -> timedelta:
        now, config, topic = self.run.time_range.now, self.run.config, "times of reports"
        if not offset:
            text = f"agree with {source} (report_time_zone: {config.report_time_zone})."
            self.findings.add(topic, OK, text)
            return offset
        hours = f"{offset / timedelta(hours=1):+g} hours"
        text, reason = f"differ by {hours} from {source}.", f"reports write times {hours} off"
        zone = None
        if is_exact:
            from_utc = offset + (config.report_time_zone.utcoffset(now) or timedelta())
            zone = zone_with_offset(from_utc, now, self._account.agent_zones())
            reason += "; if this is not the account's zone, name one of the same offset"
        else:
            text = f"differ by {hours} or more from {source}."
        setting = Setting("report_time_zone", zone or "<zone of the account>", reason)
        self.findings.add(topic, PROBLEM, text, setting)
        return offset

    def _compare_counts(self, offset: timedelta) -> None:
        """Compare the interactions of yesterday in two sources."""
        day, examined = self._reports.yesterday, self._reports.outcomes.examined
        created = examined.get(catalog.CONVERSATION_CREATED)
        if created and not created.missing:
            started = {
                key
                for report in EVENT_STREAMS["conversation_events"]
                if report in examined
                for key, start in examined[report].starts.items()
                if day.start <= start < day.end
            }
            # Those whose id has no time.
            started |= created.interactions_in(day, offset) - created.starts.keys()
            self._account.compare_count("created_interactions", len(started), "started", day)
        for name, (report, what) in COUNTED.items():
            found = examined.get(report)
            if found and not found.missing:
                count = len(found.interactions_in(day, offset))
                self._account.compare_count(name, count, what, day)

    def _add_limits(self) -> None:
        stated = self.run.client.limiter.stated_limit
        text = (
            f"{stated} in a period, by the headers of responses."
            if stated
            else "responses state no limit."
        )
        self.findings.add("limit of requests", OK, text)
        limit = self.run.reports.scheduler.limit
        if limit.is_shared:
            needed = {report for reports in EVENT_STREAMS.values() for report in reports}
            jobs = len(needed - self.run.config.skip_reports)
            text = (
                f"counts over all report types, so that a run of all events takes {jobs} minutes "
                f"or more; the limit of a day may count so, too."
            )
            self.findings.add("limit of report jobs", NOTE, text)
        elif self._reports.outcomes.examined:
            text = "counts per report type, or has room for one job of each type."
            self.findings.add("limit of report jobs", OK, text)
        self.findings.details["limits"] = {
            "requests": stated,
            "report_jobs_shared": limit.is_shared,
        }
