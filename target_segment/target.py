"""Target: Singer messages to the streams' sinks, and STATE once its events are delivered."""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeAlias

import click
import msgspec
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities
from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform
from typing_extensions import override

from target_segment.clock import SystemClock
from target_segment.config import LIBRARY_NAME, Config, load_config
from target_segment.config_schema import CONFIG_SCHEMA
from target_segment.errors import TargetSegmentError
from target_segment.json_codec import NotEncodableError, RecordLine, encode, encode_with_nan
from target_segment.log_redaction import redact_logs
from target_segment.mapping.path_usage import PathUsage
from target_segment.replay import replay
from target_segment.run import Run, build_run
from target_segment.sdk import ConfigInput, SdkTarget
from target_segment.segment_spec import Reason
from target_segment.shutdown import InterruptFlag, run_and_exit, write_state
from target_segment.singer.batch_files import batch_records
from target_segment.singer.message_checks import check_record, check_schema
from target_segment.singer.readable_schema import readable_schema
from target_segment.singer.reader import MessageReader
from target_segment.singer.stream_maps import apply_stream_map
from target_segment.sinks import SegmentSink
from target_segment.tracking_plan import print_tracking_plan

if TYPE_CHECKING:
    from singer_sdk.mapper import StreamMap
    from singer_sdk.sinks import Sink

    from target_segment.singer.validation import RecordValidator

    _Route: TypeAlias = tuple[StreamMap, SegmentSink, RecordValidator | None]

_NOT_UTF_8 = Reason("not_utf_8", "the line is not UTF-8")


class TargetSegment(SdkTarget):
    """Singer target for Segment."""

    name = LIBRARY_NAME
    package_name = "tap-freshchat-target-segment"
    config_jsonschema: ClassVar[dict[str, Any]] = CONFIG_SCHEMA
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    message_reader_class = MessageReader
    clock = SystemClock()

    def __init__(self, *, offline: bool = False, **options: Any) -> None:
        self._interrupt = InterruptFlag()
        self.check_interrupt = self._interrupt.raise_if_set
        self._offline = offline
        self.settings: Config
        self.started_run: Run | None = None
        self._last_state: Any = None
        super().__init__(**options)
        self.message_reader: MessageReader
        self._streams_warned_of: set[str] = set()
        # By stream of the tap; streams with the same alias have sinks of their own.
        self._routes: dict[str, list[_Route]] = {}
        # The stream whose sinks the SDK asks for.
        self._registering = ""
        self._schema_digests: dict[str, bytes] = {}
        self.message_reader.on_idle = self._poll
        self.message_reader.on_unreadable = self._handle_unreadable
        self.message_reader.handlers = {
            "SCHEMA": self.handle_schema,
            "RECORD": self._handle_record,
            "BATCH": self._handle_batch,
            "STATE": self._handle_state,
        }

    @override
    def load_config(self, config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        given = {**config, "dry_run": True} if self._offline else config
        values, errors, settings = load_config(given, self.config_jsonschema, self.plugin_version)
        if settings is not None:
            self.settings = settings
            self._path_usage = PathUsage(settings.routing.streams)
        return values, errors

    def start_run(self) -> Run:
        """Return the run, which the first call starts; `DeliveryError` for an unknown write key."""
        if self.started_run is None:
            self.started_run = self.create_run()
        return self.started_run

    def create_run(self) -> Run:
        """Build the run from the settings."""
        return build_run(
            self.settings,
            self.plugin_version,
            check_interrupt=self.check_interrupt,
            logger=self.logger,
            clock=self.clock,
        )

    @override
    def get_sink_class(self, stream_name: str) -> type[Sink]:
        # The SDK only calls it.
        return partial(  # type: ignore[return-value]
            SegmentSink,
            routing=self.settings.routing,
            path_usage=self._path_usage,
            start_run=self.start_run,
            is_unmapped=self._is_unmapped(self._registering),
            is_removed=all(
                isinstance(each, RemoveRecordTransform)
                for each in self.mapper.stream_maps[self._registering]
                if each.stream_alias == stream_name
            ),
        )

    def handle_schema(self, message: dict[str, Any]) -> None:
        """Register a stream's schema, and let its records pass by the stream maps if it can."""
        check_schema(message)
        stream = message["stream"]
        digest = blake2b(encode_with_nan(message), digest_size=20).digest()
        if self._schema_digests.get(stream) == digest:
            # Some taps repeat it with each page.
            return
        self._schema_digests[stream] = digest
        schema, ignored = readable_schema(message["schema"])
        if ignored and stream not in self._streams_warned_of:
            self._streams_warned_of.add(stream)
            self.logger.warning(
                "SCHEMA of stream '%s': ignored, because it cannot be read: %s",
                stream,
                ", ".join(ignored),
            )
        self._registering = stream
        self.register_schema({**message, "schema": schema})
        maps = self.mapper.stream_maps[stream]
        is_unmapped = self._is_unmapped(stream)
        self._routes[stream] = [
            (each, sink, None if is_unmapped else sink.validator_of(schema, each))
            for each in maps
            if isinstance(sink := self.get_sink(each.stream_alias), SegmentSink)
        ]
        handlers = self.message_reader.record_handlers
        handlers.pop(stream, None)
        if is_unmapped:
            # No stream map changes these records: they go from the reader to their sink.
            [(_, sink, _)] = self._routes[stream]
            handlers[stream] = sink.process

    def _is_unmapped(self, stream: str) -> bool:
        """Return whether neither stream maps nor flattening change the records of a stream."""
        maps = self.mapper.stream_maps.get(stream, [])
        return (
            len(maps) == 1
            and isinstance(maps[0], SameRecordTransform)
            and not maps[0].flattening_enabled
        )

    def _handle_record(self, message: dict[str, Any], fault: Reason | None = None) -> None:
        """Pass a record on, or keep it as a dead letter if it has a fault."""
        stream, record = message["stream"], message["record"]
        check_record(stream, record)
        self.require_schema(stream)
        for stream_map, sink, validator in self._routes[stream]:
            mapped = apply_stream_map(stream_map, dict(record))
            reason = fault
            # The record is checked as the tap sent it.
            if validator is not None and not validator.is_valid(record):
                reason = fault or Reason("invalid_record", validator.describe_error(record))
            if mapped is not None and reason is not None:
                sink.reject(mapped, reason)
            else:
                sink.process(mapped)

    def _handle_unreadable(self, line_number: int, text: str, message: Any) -> None:
        """Keep a line that is not UTF-8; `text` and `message` have U+FFFD for such bytes."""
        if self.message_reader.unreadable_lines == 1:
            self.logger.warning("Line %d of the input is not UTF-8", line_number)
        if isinstance(message, dict) and message.get("type") in ("SCHEMA", "STATE"):
            # The one is used all the same; the next of the other covers it.
            return
        try:
            fields = msgspec.convert(message, RecordLine)
        except msgspec.ValidationError:
            self.start_run().reject_line(text, _NOT_UTF_8)
            return
        self._handle_record({"stream": fields.stream, "record": fields.record}, _NOT_UTF_8)

    def _handle_batch(self, message: dict[str, Any]) -> None:
        for record in batch_records(message, self._poll):
            self._handle_record({"stream": message["stream"], "record": record})

    def _handle_state(self, message: dict[str, Any]) -> None:
        state = message["value"]
        # With an empty STATE, the next run would start over.
        if not state or state == self._last_state:
            return
        self._last_state = state
        delivery = self.start_run().delivery
        try:
            # One line, spaced as Python's json module does.
            delivery.add_state(msgspec.json.format(encode(state), indent=0))
        except NotEncodableError:
            raise TargetSegmentError("The tap's STATE holds NaN or Infinity") from None
        if not self.settings.state_flush_seconds:
            delivery.flush()
        write_state(delivery.take_safe_state())

    @override
    def process_endofpipe(self) -> None:
        super().process_endofpipe()
        if lines := self.message_reader.unreadable_lines:
            self.logger.warning(
                "Lines of the input: %d not UTF-8; those with records are dead letters",
                lines,
            )
            self.start_run().delivery.stats.warnings["input", "lines that are not UTF-8"] += lines
        streams = {each.stream_alias for maps in self.mapper.stream_maps.values() for each in maps}
        if missing := {*self.config["streams"], *self.settings.preset.included} - {"*", *streams}:
            self.logger.warning("Mapped, but not in the input: %s", ", ".join(sorted(missing)))
        if self.started_run is not None:
            self.started_run.delivery.flush()
            write_state(self.started_run.delivery.take_safe_state())
            for setting, text in self._path_usage.warnings():
                self.logger.warning("%s: %s", setting, text)
                self.started_run.delivery.stats.warnings[setting, text] += 1
            self.started_run.raise_for_failed_streams()

    @override
    def handle_signal(self, number: int) -> None:
        self._interrupt.set(number)

    def _poll(self) -> None:
        """End if a signal has come, and emit what is safe; called between messages."""
        self.check_interrupt()
        if self.started_run is not None:
            write_state(self.started_run.delivery.take_safe_state())

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        file = click.Path(exists=True, dir_okay=False)
        command.params += [
            click.Option(
                ["--replay", "replay_path"],
                help="Send the events of this dead-letter file instead of reading Singer messages.",
                type=file,
            ),
            click.Option(
                ["--tracking-plan"],
                help="Print Segment Protocols rules for the configured events and exit.",
                is_flag=True,
            ),
            click.Option(
                ["--catalog", "catalog_path"],
                help="Singer catalog of the tap, which gives the tracking plan its types.",
                type=file,
            ),
        ]
        return command

    @classmethod
    @override
    def execute(  # type: ignore[override]
        cls,
        config: ConfigInput,
        file_input: IO[str] | None,
        *,
        replay_path: str | None = None,
        tracking_plan: bool = False,
        catalog_path: str | None = None,
    ) -> None:
        target: TargetSegment | None = None
        redact_logs()

        def work() -> None:
            nonlocal target
            target = cls(
                config=config.config, parse_env_config=config.parse_env, offline=tracking_plan
            )
            if tracking_plan:
                print_tracking_plan(target.settings, Path(catalog_path) if catalog_path else None)
            elif replay_path is None:
                target.listen(file_input)
            else:
                run = target.start_run()
                replay(Path(replay_path), target.settings.routing, run, target.check_interrupt)

        run_and_exit(work, lambda: target.started_run if target else None, cls.clock, cls.logger)
