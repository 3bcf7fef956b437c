"""The tap: its settings, its streams, and how a run begins and ends."""

from __future__ import annotations

import signal
import sqlite3
import sys
import threading
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk import Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from typing_extensions import override

from tap_freshchat.errors import FreshchatError
from tap_freshchat.message_writer import BufferedMessageWriter
from tap_freshchat.service import Service
from tap_freshchat.settings import SETTINGS
from tap_freshchat.streams import entities, reports
from tap_freshchat.streams.conversations import Conversations
from tap_freshchat.streams.events import AgentActivity, ConversationEvents, MessageEvents
from tap_freshchat.streams.messages import Messages
from tap_freshchat.streams.metrics import HistoricalMetrics, InstantMetrics
from tap_freshchat.streams.outbound import OutboundMessages
from tap_freshchat.streams.sources import choose_source, tell_what_comes_again
from tap_freshchat.streams.users import UserConversations, Users
from tap_freshchat.streams.windowed import WindowedStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    import click
    from singer_sdk import Stream

# A process that a signal ended has this much more than its number as status (POSIX shells).
SIGNALLED = 128


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
            self.service.connect()
            selected = [stream for stream in self.streams.values() if stream.selected]
            windowed = [stream for stream in selected if isinstance(stream, WindowedStream)]
            active = [stream for stream in windowed if stream.rest_too]
            choose_source(self.service, active)
            for windowed_stream in windowed:
                windowed_stream.order_reports()
            tell_what_comes_again(active)
            if any(windowed_stream.is_cut for windowed_stream in windowed):
                self.logger.warning(
                    "start_date is older than the 15 months that Freshchat's reports keep: what "
                    "comes from reports begins there."
                )
            for active_stream in active:
                self.service.plan_walk(active_stream.since)
            for stream in selected:
                if isinstance(stream, (Users, UserConversations)):
                    stream.order_users()
        return self.service

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End with the status that says so; every whole window's STATE has been written already.

        Writing one more here, as the SDK does, could meet the middle of another line.
        """
        sys.exit(SIGNALLED + signum)

    @override
    @classmethod
    def invoke(cls, **arguments: Any) -> None:
        try:
            with _one_line_errors(cls):
                super().invoke(**arguments)
        finally:
            # What is left is to remove temporary files: a signal now has nothing else to end, and
            # Python would show a traceback of it.
            if threading.current_thread() is threading.main_thread():
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_IGN)

    @override
    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        with _one_line_errors(cls):
            super().cb_test(ctx, param, value)


@contextmanager
def _one_line_errors(tap: type[TapFreshchat]) -> Iterator[None]:
    """End with the error's own sentence and exit code 1; a traceback is for defects."""
    try:
        yield
    except FreshchatError as error:
        tap.logger.critical("%s", error)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read us is gone, and says why; the command line ends quietly.
        raise
    except (OSError, sqlite3.OperationalError) as error:
        # Requests' own errors never come so far, which leaves the disk.
        tap.logger.critical(
            "A file cannot be written or read (%s): make room, or set TMPDIR to a folder that has "
            "it for temporary files.",
            getattr(error, "strerror", None) or error,
        )
        sys.exit(1)
