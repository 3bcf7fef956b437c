"""The target: settings, messages to sinks, and STATE behind the delivery that all streams share."""

from __future__ import annotations

import time
from functools import cached_property, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.plugin_base import _ConfigInput
from typing_extensions import override

from target_segment.cli import extra_options, print_tracking_plan, read_config_files
from target_segment.config import (
    LIBRARY_NAME,
    compile_settings,
    normalise_config,
    schema_errors,
)
from target_segment.config_schema import CONFIG_SCHEMA
from target_segment.environment import environment_config
from target_segment.errors import MappingError, TargetSegmentError
from target_segment.interruption import InterruptFlag
from target_segment.json_codec import NotEncodableError, encode_like_stdlib
from target_segment.replay import replay
from target_segment.run import Run, build_run
from target_segment.shutdown import run_and_exit
from target_segment.singer.batch_files import batch_records
from target_segment.singer.message_checks import check_record, check_schema
from target_segment.singer.reader import MessageReader
from target_segment.singer.stream_maps import apply_stream_map
from target_segment.sinks import SegmentSink, close_replaced_sinks
from target_segment.state_output import write_state

if TYPE_CHECKING:
    from types import FrameType

    import click
    from singer_sdk.sinks import Sink


class TargetSegment(Target):
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

    # STATE needs no drain here: `DeliveryQueue` knows at any time which one is safe.
    _MAX_RECORD_AGE_IN_MINUTES = float("inf")

    def __init__(self, *, offline: bool = False, **options: Any) -> None:
        self._interrupt = InterruptFlag()
        self.check_interrupt = self._interrupt.raise_if_set
        self._offline = offline
        super().__init__(**options)
        # Sinks share one delivery, which is for one thread.
        self.max_parallelism = 1
        self._last_state: Any = None
        self.message_reader: MessageReader
        self.message_reader.on_idle = self._poll

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        # Past `Target`: its settings are for tables, and would do nothing here.
        super(Target, cls).append_builtin_config(config_jsonschema)

    @classproperty
    @override
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        cls.append_builtin_config(cls.config_jsonschema)
        return environment_config(cls.config_jsonschema, cls._env_var_prefix)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check all settings; the SDK's own messages can quote a secret."""
        self.append_builtin_config(self.config_jsonschema)
        self._config = normalise_config(self._config, self.config_jsonschema)
        self._config.update({"dry_run": True} if self._offline else {})
        faults = list(schema_errors(self._config, self.config_jsonschema))
        if not faults:
            try:
                self.settings = compile_settings(self._config, self.plugin_version)
            except MappingError as fault:
                faults.append(str(fault))
        if faults and raise_errors:
            raise ConfigValidationError("The settings are not valid", errors=faults)
        return faults

    @cached_property
    def run(self) -> Run:
        """What all streams share, made when the first of them comes.

        Raises:
            DeliveryError: Segment does not know the write key.
        """
        return build_run(self.settings, self.plugin_version, self.check_interrupt, self.logger)

    @override
    def get_sink_class(self, stream_name: str) -> type[Sink]:
        # The SDK does no more with it than call it.
        routing, run = self.settings.routing, lambda: self.run
        return partial(SegmentSink, routing=routing, run=run)  # type: ignore[return-value]

    # Messages.

    @override
    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream", "schema"})
        check_schema(message_dict)
        super()._process_schema_message(message_dict)
        # The SDK would hold the sinks of earlier schemas until the end.
        close_replaced_sinks(self._sinks_to_clear)
        stream = message_dict["stream"]
        maps = self.mapper.stream_maps[stream]
        plain = isinstance(maps[0], SameRecordTransform) and not maps[0].flattening_enabled
        sink = self.get_sink(stream) if plain and len(maps) == 1 else None
        if isinstance(sink, SegmentSink):
            self.message_reader.record_handlers[stream] = sink.process
        else:
            self.message_reader.record_handlers.pop(stream, None)

    @override
    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Hand a record to the sinks of what stream maps make of it.

        Records of streams that they leave alone go from the reader to their sink, unless they
        come in a file or in a line that only `decode` reads.
        """
        self._assert_line_requires(message_dict, requires={"stream", "record"})
        stream, record = message_dict["stream"], message_dict["record"]
        check_record(stream, record)
        if stream not in self.mapper.stream_maps:
            self._assert_sink_exists(stream)
        for stream_map in self.mapper.stream_maps[stream]:
            mapped = apply_stream_map(stream_map, dict(record))
            sink = self.get_sink(stream_map.stream_alias)
            if isinstance(sink, SegmentSink):
                sink.process(mapped)

    @override
    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Let the records of the message's files go the same way as those of RECORD messages."""
        self._assert_line_requires(message_dict, requires={"stream", "encoding", "manifest"})
        for record in batch_records(message_dict, self._poll):
            self._process_record_message({"stream": message_dict["stream"], "record": record})

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Do nothing: events are only ever added, and there is no older version to take away."""

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"value"})
        state = message_dict["value"]
        # An empty STATE would make the next run start from the beginning.
        if not state or state == self._last_state:
            return
        self._last_state = state
        try:
            self.run.delivery.add_state(encode_like_stdlib(state))
        except NotEncodableError:
            raise TargetSegmentError("The tap's STATE holds NaN or Infinity") from None
        if not self.settings.state_flush_seconds:
            self.run.delivery.flush()
        write_state(self.run.delivery.take_safe_state())

    @override
    def process_endofpipe(self) -> None:
        super().process_endofpipe()
        if "run" in self.__dict__:
            self.run.delivery.flush()
            write_state(self.run.delivery.take_safe_state())
        came = {each.stream_alias for maps in self.mapper.stream_maps.values() for each in maps}
        never_came = set(self.config["streams"]) - {"*", *came}
        if never_came:
            self.logger.warning("Mapped, but not in the input: %s", ", ".join(sorted(never_came)))

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        self._interrupt.set(signum)

    def _poll(self) -> None:
        """Between two messages, or while none comes: end if asked to, emit what is safe."""
        self.check_interrupt()
        if "run" in self.__dict__:
            write_state(self.run.delivery.take_safe_state())

    # Command line.

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        command.params.extend(extra_options())
        return command

    @classmethod
    @override
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        return read_config_files(value)

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
        replay_path: str | None = None,
        tracking_plan: bool = False,
    ) -> None:
        """Run, and end the process with a status that says how it went."""
        super(Target, cls).invoke(about=about, about_format=about_format)
        settings = config or _ConfigInput()
        options = {"config": settings.config, "parse_env_config": settings.parse_env}

        def work(target: TargetSegment) -> None:
            if tracking_plan:
                print_tracking_plan(target.settings.routing, target.config["preset"])
            elif replay_path is None:
                target.listen(file_input)
            else:
                replay(
                    Path(replay_path), target.settings.routing, target.run, target.check_interrupt
                )

        run_and_exit(
            lambda: cls(**options, offline=tracking_plan),
            work,
            now=time.monotonic,
            logger=cls.logger,
        )
