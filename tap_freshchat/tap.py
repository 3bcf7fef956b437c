"""Singer tap: its settings, its streams, and how a run starts and ends."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from contextlib import suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from typing_extensions import override

from tap_freshchat.cli import environment_config, unknown_settings, validated_json_file
from tap_freshchat.config_schema import SETTINGS
from tap_freshchat.errors import ConfigError
from tap_freshchat.message_writer import BufferedMessageWriter
from tap_freshchat.reports import catalog
from tap_freshchat.run_context import RunContext
from tap_freshchat.shutdown import ignore_signals, report_errors_and_exit, signals_blocked
from tap_freshchat.streams import entities
from tap_freshchat.streams.agent_activity import AgentActivity
from tap_freshchat.streams.conversations import Conversations
from tap_freshchat.streams.events import ConversationEvents, MessageEvents
from tap_freshchat.streams.messages import Messages
from tap_freshchat.streams.metrics import HistoricalMetrics, InstantMetrics
from tap_freshchat.streams.outbound import OutboundMessages
from tap_freshchat.streams.reports import RawReport
from tap_freshchat.streams.source_selection import select_sources, warn_about_replayed_events
from tap_freshchat.streams.users import UserConversations, Users
from tap_freshchat.streams.windowed import ReportStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import FrameType

    from singer_sdk import Stream
    from singer_sdk.plugin_base import _ConfigInput

# Exit status of a process ended by a signal, less the signal number (POSIX shells).
SIGNAL_EXIT_BASE = 128
# How long, after a signal, whoever reads stdout may take for the rest of a line. Less than the ten
# seconds after which `docker stop` kills.
GRACE_SECONDS = 5


class TapFreshchat(Tap):
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
    _exiting = False

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [
            AgentActivity(self, self.start_run),
            ConversationEvents(self, self.start_run),
            MessageEvents(self, self.start_run),
            Messages(self, self.start_run),
            Conversations(self, self.start_run),
            entities.Account(self, self.start_run),
            entities.AgentStatuses(self, self.start_run),
            entities.Agents(self, self.start_run),
            entities.Channels(self, self.start_run),
            entities.ConversationFields(self, self.start_run),
            entities.Groups(self, self.start_run),
            entities.Roles(self, self.start_run),
            Users(self, self.start_run),
            UserConversations(self, self.start_run),
            OutboundMessages(self, self.start_run),
            HistoricalMetrics(self, self.start_run),
            InstantMetrics(self, self.start_run),
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
            with signals_blocked():
                # It makes a folder, which a signal can remove only when there is a run.
                run = self.run
            _check_streams(run.config.report_columns, self.streams)
            run.connect()
            selected = [stream for stream in self.streams.values() if stream.selected]
            report_streams = [stream for stream in selected if isinstance(stream, ReportStream)]
            select_sources(run, report_streams)
            run.reports.submit_all()
            warn_about_replayed_events(report_streams)
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
            for rest_stream in rest_streams:
                run.require_crawl_since(rest_stream.start_time)
            for stream in selected:
                if isinstance(stream, (Users, UserConversations)):
                    stream.register_user_windows()
        return self.run

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End the process with the status that says so, behind a whole line, and leave no files.

        An exception would be raised wherever the signal strikes: with a lock just taken, for which
        the thread of a look-up then waits without end, and the interpreter for that thread; or
        where Python swallows it. Nor are look-ups waited for, which may be told to pause for long.

        Every whole window's STATE has been written already. A second signal, or the end of the
        grace, ends it without the rest of the line.
        """
        if self._exiting:
            return
        if self._signal:
            self._exit_now()
        self._signal = signum
        signal.signal(signal.SIGALRM, self._handle_termination)
        signal.alarm(GRACE_SECONDS)
        # The SDK sets it after the handler.
        writer = getattr(self, "message_writer", None)
        if isinstance(writer, BufferedMessageWriter):
            writer.run_between_lines(self._flush_and_exit)
        else:
            self._exit_now()

    def _flush_and_exit(self) -> None:
        # Nobody reads any more, it is closed, or something else than messages is being written.
        with suppress(OSError, ValueError, RuntimeError):
            sys.stdout.flush()
        self._exit_now()

    def _exit_now(self) -> NoReturn:
        self._exiting = True
        try:
            if "run" in self.__dict__:
                self.run.close()
        finally:
            os._exit(SIGNAL_EXIT_BASE + self._signal)

    @classproperty
    @override
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        cls.append_builtin_config(cls.config_jsonschema)
        return environment_config(cls.config_jsonschema, cls._env_var_prefix)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        faults = super()._validate_config(raise_errors=raise_errors)
        unknown = list(unknown_settings(self._config, self.config_jsonschema))
        if unknown and raise_errors:
            raise ConfigValidationError("The settings are not valid", errors=unknown, schema={})
        return faults + unknown

    @override
    @classmethod
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        try:
            return super().cb_config(ctx, param, value)
        except (OSError, ValueError) as fault:
            raise click.BadParameter(f"the file cannot be read: {fault}") from None
        except TypeError:
            raise click.BadParameter("the file cannot be read: it holds no JSON object") from None

    @override
    @classmethod
    def invoke(
        cls, *, state: IO[str] | None = None, catalog: IO[str] | None = None, **arguments: Any
    ) -> None:
        # From when Python takes itself apart, a signal has nothing else to end, and its handler
        # nothing to rely on.
        atexit.register(ignore_signals)
        with report_errors_and_exit(cls.logger):
            super().invoke(
                state=validated_json_file("state", state),
                catalog=validated_json_file("catalog", catalog),
                **arguments,
            )

    @override
    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        try:
            with report_errors_and_exit(cls.logger):
                super().cb_test(ctx, param, value)
        except ConfigValidationError as error:
            # The SDK tells it so itself, but not here.
            for fault in error.errors:
                cls.logger.error(fault)  # noqa: TRY400 - no traceback
            ctx.exit(1)


def _check_streams(configured: Iterable[str], streams: Iterable[str]) -> None:
    """Check that setting report_columns names known streams.

    Raises:
        ConfigError: it names another.
    """
    if unknown := set(configured) - set(streams):
        raise ConfigError(
            f"Setting report_columns names no stream of the tap: {', '.join(sorted(unknown))}."
        )
