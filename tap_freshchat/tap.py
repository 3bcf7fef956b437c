"""The tap: its settings, its streams, and how a run begins and ends."""

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

from tap_freshchat.cli import environment_config, json_file, unknown_settings
from tap_freshchat.config_schema import SETTINGS
from tap_freshchat.errors import SettingError
from tap_freshchat.message_writer import BufferedMessageWriter
from tap_freshchat.run_context import Service
from tap_freshchat.shutdown import ignore_signals, one_line_errors, signals_wait
from tap_freshchat.streams import entities, reports
from tap_freshchat.streams.conversations import Conversations
from tap_freshchat.streams.events import AgentActivity, ConversationEvents, MessageEvents
from tap_freshchat.streams.messages import Messages
from tap_freshchat.streams.metrics import HistoricalMetrics, InstantMetrics
from tap_freshchat.streams.outbound import OutboundMessages
from tap_freshchat.streams.source_selection import choose_source, tell_what_comes_again
from tap_freshchat.streams.users import UserConversations, Users
from tap_freshchat.streams.windowed import WindowedStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import FrameType

    from singer_sdk import Stream
    from singer_sdk.plugin_base import _ConfigInput

# A process that a signal ended has this much more than its number as status (POSIX shells).
SIGNALLED = 128
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

    _begun = False
    _signal = 0
    _leaving = False

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [
            AgentActivity(self, self.begin),
            ConversationEvents(self, self.begin),
            MessageEvents(self, self.begin),
            Messages(self, self.begin),
            Conversations(self, self.begin),
            entities.Account(self, self.begin),
            entities.AgentStatuses(self, self.begin),
            entities.Agents(self, self.begin),
            entities.Channels(self, self.begin),
            entities.ConversationFields(self, self.begin),
            entities.Groups(self, self.begin),
            entities.Roles(self, self.begin),
            Users(self, self.begin),
            UserConversations(self, self.begin),
            OutboundMessages(self, self.begin),
            HistoricalMetrics(self, self.begin),
            InstantMetrics(self, self.begin),
            reports.ConversationCreated(self, self.begin),
            reports.ConversationAgentAssigned(self, self.begin),
            reports.ConversationGroupAssigned(self, self.begin),
            reports.ConversationResolved(self, self.begin),
            reports.ConversationResolutionLabel(self, self.begin),
            reports.MessageSent(self, self.begin),
            reports.FirstResponseTime(self, self.begin),
            reports.ResponseTime(self, self.begin),
            reports.ResolutionTime(self, self.begin),
            reports.AgentActivity(self, self.begin),
            reports.AgentIntelliassignActivity(self, self.begin),
            reports.CsatScore(self, self.begin),
            reports.ChatTranscript(self, self.begin),
        ]

    @cached_property
    def service(self) -> Service:
        """The account that the settings speak of."""
        return Service.from_config(self.config)

    def begin(self) -> Service:
        """What the streams of this run share: once connected and the reports of all are ordered."""
        if not self._begun:
            self._begun = True
            with signals_wait():
                # It makes a folder, which a signal can remove only when there is a service.
                service = self.service
            _check_streams(service.settings.report_columns, self.streams)
            service.connect()
            selected = [stream for stream in self.streams.values() if stream.selected]
            windowed = [stream for stream in selected if isinstance(stream, WindowedStream)]
            active = [stream for stream in windowed if stream.rest_too]
            choose_source(self.service, active)
            for windowed_stream in windowed:
                windowed_stream.order_reports()
            tell_what_comes_again(active)
            if any(windowed_stream.is_cut for windowed_stream in windowed):
                self.logger.warning(
                    "What is wanted begins before the 15 months that Freshchat's reports keep: "
                    "what comes from reports begins there."
                )
            looks = any(active_stream.kept_of_rest for active_stream in active)
            if looks and service.by_rest and service.period.is_over:
                self.logger.warning(
                    "By REST, a period that is over (end_date) tells no assignments and no changes "
                    "of agents' statuses."
                )
            for active_stream in active:
                self.service.plan_walk(active_stream.since)
            for stream in selected:
                if isinstance(stream, (Users, UserConversations)):
                    stream.order_users()
        return self.service

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End the process with the status that says so, behind a whole line, and leave no files.

        An exception would be raised wherever the signal strikes: with a lock just taken, for which
        the thread of a look-up then waits without end, and the interpreter for that thread; or
        where Python swallows it. Nor are look-ups waited for, which may be told to pause for long.

        Every whole window's STATE has been written already. A second signal, or the end of the
        grace, ends it without the rest of the line.
        """
        if self._leaving:
            return
        if self._signal:
            self._leave()
        self._signal = signum
        signal.signal(signal.SIGALRM, self._handle_termination)
        signal.alarm(GRACE_SECONDS)
        # The SDK sets it after the handler.
        writer = getattr(self, "message_writer", None)
        if isinstance(writer, BufferedMessageWriter):
            writer.between_lines(self._flush_and_leave)
        else:
            self._leave()

    def _flush_and_leave(self) -> None:
        # Nobody reads any more, it is closed, or something else than messages is being written.
        with suppress(OSError, ValueError, RuntimeError):
            sys.stdout.flush()
        self._leave()

    def _leave(self) -> NoReturn:
        self._leaving = True
        try:
            if "service" in self.__dict__:
                self.service.close()
        finally:
            os._exit(SIGNALLED + self._signal)

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
        with one_line_errors(cls.logger):
            super().invoke(
                state=json_file("state", state), catalog=json_file("catalog", catalog), **arguments
            )

    @override
    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        try:
            with one_line_errors(cls.logger):
                super().cb_test(ctx, param, value)
        except ConfigValidationError as error:
            # The SDK tells it so itself, but not here.
            for fault in error.errors:
                cls.logger.error(fault)  # noqa: TRY400 - no traceback
            ctx.exit(1)


def _check_streams(named: Iterable[str], streams: Iterable[str]) -> None:
    """See that setting report_columns names streams that there are.

    Raises:
        SettingError: it names another.
    """
    if strange := set(named) - set(streams):
        raise SettingError(
            f"Setting report_columns names no stream of the tap: {', '.join(sorted(strange))}."
        )
