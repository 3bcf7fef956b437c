"""Examination of an account: the order of the checks, and what each learns from the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_freshchat.doctor.account_checks import AccountChecks
from tap_freshchat.doctor.findings import NOTE, OK, PROBLEM, Findings, Setting
from tap_freshchat.doctor.report_checks import EVENT_STREAMS, ReportChecks
from tap_freshchat.doctor.time_offsets import offset_of, zone_with_offset
from tap_freshchat.errors import FreshchatError
from tap_freshchat.reports import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

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
        self._reports = ReportChecks(self.run, self.findings, self.declared, self.progress)

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
        self._account.check_lists()
        uses_rest = self.run.config.activity_source == "rest"
        if uses_rest:
            self.findings.add("reports", NOTE, "not requested: activity_source is rest.")
        else:
            self._reports.read()
            offset = self._check_times()
            self._reports.add_findings(offset)
            self._account.check_users(self._latest_messages(offset))
            self._compare_counts(offset)
        if uses_rest or self._reports.rest_streams & {"conversation_events", "message_events"}:
            self._account.check_rest_source()
        self._add_limits()

    def _transcript_messages(self) -> Mapping[str, Mapping[str, datetime]]:
        transcript = self._reports.examined.get(catalog.TRANSCRIPT)
        return transcript.messages if transcript else {}

    def _latest_messages(self, offset: timedelta) -> Mapping[str, datetime]:
        transcript = self._reports.examined.get(catalog.TRANSCRIPT)
        users = transcript.users if transcript else {}
        return {user: time - offset for user, time in users.items()}

    def _check_times(self) -> timedelta:
        """Compare the times of reports with true ones; returns how far they are off."""
        differences = self._account.check_conversation(self._transcript_messages())
        source = f"{len(differences)} messages in REST"
        if (offset := offset_of(differences)) is None:
            differences = list(self._reports.start_differences())
            source = f"{len(differences)} interaction ids"
            offset = offset_of(differences)
        if offset is None:
            if any(found.rows for found in self._reports.examined.values()):
                text = "nothing shows in which zone reports write times."
                self.findings.add("times of reports", NOTE, text)
            return timedelta()
        now, config = self.run.time_range.now, self.run.config
        if not offset:
            text = f"agree with {source} (report_time_zone: {config.report_time_zone})."
            self.findings.add("times of reports", OK, text)
            return offset
        from_utc = offset + (config.report_time_zone.utcoffset(now) or timedelta())
        hours = f"{offset / timedelta(hours=1):+g} hours"
        zone = zone_with_offset(from_utc, now, self._account.agent_zones())
        reason = f"reports write times {hours} off; if this zone is not the account's, another one"
        self.findings.add(
            "times of reports",
            PROBLEM,
            f"differ by {hours} from {source}.",
            Setting("report_time_zone", zone or "<zone>", f"{reason} of the same offset"),
        )
        return offset

    def _compare_counts(self, offset: timedelta) -> None:
        """Compare the interactions of yesterday in two sources."""
        day, examined = self._reports.yesterday, self._reports.examined
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
        text = f"{stated} a period." if stated else "responses state no limit."
        self.findings.add("limit of requests", OK, text)
        limit = self.run.reports.scheduler.limit
        if limit.is_shared:
            text = (
                "counts over all report types, so that a run of all events takes 8 minutes or "
                "more, and may count so over the day, too."
            )
            self.findings.add("limit of report jobs", NOTE, text)
        elif self._reports.examined:
            text = "counts per report type, or has room for one job of each type."
            self.findings.add("limit of report jobs", OK, text)
        self.findings.details["limits"] = {
            "requests": stated,
            "report_jobs_shared": limit.is_shared,
        }
