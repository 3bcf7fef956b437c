"""Singer tap: its settings, its streams, and how a run starts and ends."""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from typing_extensions import override

from tap_freshchat.config_schema import SETTINGS
from tap_freshchat.doctor.command import run_doctor
from tap_freshchat.errors import ConfigError
from tap_freshchat.lookups.directory import LISTS
from tap_freshchat.message_writer import BufferedMessageWriter
from tap_freshchat.reports import catalog
from tap_freshchat.run_context import RunContext
from tap_freshchat.sdk import SdkTap
from tap_freshchat.shutdown import handle_signals, signals_blocked
from tap_freshchat.state_checks import check_state, misplaced_state
from tap_freshchat.streams.agent_activity import AgentActivity
from tap_freshchat.streams.conversations import Conversations
from tap_freshchat.streams.entities import Account, EntityStream
from tap_freshchat.streams.events import ConversationEvents, MessageEvents
from tap_freshchat.streams.messages import Messages
from tap_freshchat.streams.metrics import HistoricalMetrics, InstantMetrics
from tap_freshchat.streams.outbound import OutboundMessages
from tap_freshchat.streams.report_events import CsatEvents, FirstResponseEvents, LabelEvents
from tap_freshchat.streams.reports import RawReport
from tap_freshchat.streams.source_selection import select_sources, warn_about_replayed_events
from tap_freshchat.streams.start_times import warn_about_times
from tap_freshchat.streams.users import UserConversations, Users
from tap_freshchat.streams.windowed import ReportStream, WindowedStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk import Stream

    from tap_freshchat.streams.base import FreshchatStream

# Exit status of a process ended by a signal, less the signal number (POSIX shells).
SIGNAL_EXIT_BASE = 128
# How long, after a signal, the reader of stdout may take for the rest of a line. Less than the ten
# seconds after which `docker stop` kills.
GRACE_SECONDS = 5
DOCTOR_FILE = "doctor.json"

STREAMS: tuple[type[FreshchatStream], ...] = (
    *(AgentActivity, ConversationEvents, MessageEvents, CsatEvents, LabelEvents),
    *(FirstResponseEvents, Messages, Conversations, Account),
    *(Users, UserConversations, OutboundMessages, HistoricalMetrics, InstantMetrics),
)


class TapFreshchat(SdkTap):
    """Singer tap for Freshchat."""

    name = "tap-freshchat"
    package_name = "tap-freshchat-target-segment"
    config_jsonschema = SETTINGS.to_dict()
    message_writer_class = BufferedMessageWriter
    capabilities = [  # noqa: RUF012 - the SDK declares it as a class variable
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    _started = False
    _signal = 0

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [
            *(stream(self, self.start_run) for stream in STREAMS),
            *(EntityStream(self, self.start_run, name) for name in LISTS),
            *(RawReport(self, self.start_run, report) for report in catalog.REPORTS),
        ]

    @cached_property
    def run(self) -> RunContext:
        """The run context of this config."""
        return RunContext.from_config(self.config)

    def start_run(self) -> RunContext:
        """Connect and request all reports at the first call; returns what the streams share."""
        if not self._started:
            self._started = True
            run = self._handled_run()
            if unknown := set(run.config.report_columns) - set(self.streams):
                raise ConfigError(
                    f"Setting report_columns has unknown streams: {', '.join(sorted(unknown))}."
                )
            run.connect()
            selected = [stream for stream in self.streams.values() if stream.selected]
            for stream in selected:
                if isinstance(stream, WindowedStream):
                    stream.forget_bookmark_if_full_table()
            report_streams = [stream for stream in selected if isinstance(stream, ReportStream)]
            for each in report_streams:
                run.reports.scheduler.limit.restore(each.shared_job_limit_since)
                run.reports.scheduler.limit.restore_windows(each.accepted_windows)
            known = [each for each in self.streams.values() if isinstance(each, ReportStream)]
            select_sources(run, report_streams, known)
            run.reports.submit_all()
            warn_about_replayed_events(report_streams)
            warn_about_times(run, [each for each in selected if isinstance(each, WindowedStream)])
            if any(stream.starts_before_retention for stream in report_streams):
                self.logger.warning(
                    "start_date is older than Freshchat's 15-month report retention; report-based "
                    "streams start at the retention limit."
                )
            rest_streams = [stream for stream in report_streams if stream.uses_rest]
            needs_present = any(stream.rest_needs_present for stream in rest_streams)
            if needs_present and run.time_range.ends_in_the_past:
                self.logger.warning(
                    "In REST mode a past end_date yields no assignments and no agent status "
                    "changes."
                )
            run.crawl_since = min(
                (stream.start_time for stream in rest_streams), default=run.time_range.rest_end
            )
            for stream in selected:
                if isinstance(stream, (Users, UserConversations)):
                    run.changed_users.register_windows(stream.windows)
        return self.run

    def _handled_run(self) -> RunContext:
        """The run context, whose files a signal removes."""
        handle_signals(lambda number, _: self.handle_signal(number))
        with signals_blocked():
            # A signal can remove the temporary directory only once `run` is set.
            return self.run

    @override
    def run_doctor(self) -> bool:
        # The findings say what the log of a normal run says at lower levels.
        logging.getLogger(self.name).setLevel(logging.WARNING)
        raw = [stream for stream in self.streams.values() if isinstance(stream, RawReport)]
        return run_doctor(
            self._handled_run(),
            self.config,
            version=self.plugin_version,
            declared={report: each.schema["properties"] for each in raw for report in each.reports},
            output=sys.stdout,
            progress=sys.stderr,
            path=Path(DOCTOR_FILE),
        )

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        if warning := misplaced_state(state):
            self.logger.warning(warning)
        super().load_state(check_state(state, self.streams))

    @override
    def end_run(self, *, completed: bool) -> None:
        if "run" in self.__dict__:
            self.run.set_aside.log_summary()
            if completed:
                self.run.failures.raise_if_any()

    @override
    def handle_signal(self, number: int) -> None:
        """End the process with the status of the signal, after a whole line; leave no files.

        An exception would be raised wherever the signal arrives: with a lock just taken, for which
        a look-up's thread and the interpreter then wait without end, or where Python swallows it.
        Look-ups are not waited for, because they may pause for an hour. All complete windows are in
        a STATE already. A second signal, or the end of the grace, does not wait for the line.
        """
        if self._signal:
            self._exit()
        self._signal = number
        signal.signal(signal.SIGALRM, lambda *_: self._exit())
        signal.alarm(GRACE_SECONDS)
        # The SDK sets the writer after the handler.
        writer = getattr(self, "message_writer", None)
        if isinstance(writer, BufferedMessageWriter):
            writer.run_between_lines(self._flush_and_exit)
        else:
            self._exit()

    def _flush_and_exit(self) -> None:
        # The reader is gone, stdout is closed, or a write is under way.
        with suppress(OSError, ValueError, RuntimeError):
            sys.stdout.flush()
        self._exit()

    def _exit(self) -> NoReturn:
        if "run" in self.__dict__:
            self.run.temp_dir.remove()
        os._exit(SIGNAL_EXIT_BASE + self._signal)
