"""Adapter to the private parts of singer_sdk; tests/tap/test_sdk_contract.py holds each of them.

No other module of this package overrides, calls or imports a private name of the SDK.
"""

from __future__ import annotations

import io
import json
import os
from abc import abstractmethod
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk import Stream, Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.plugin_base import _ConfigInput
from typing_extensions import override

from tap_freshchat.config import unknown_settings
from tap_freshchat.errors import ConfigError, StreamsFailedError
from tap_freshchat.message_writer import BufferedMessageWriter
from tap_freshchat.shutdown import report_errors_and_exit

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from types import FrameType

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib import Catalog

# The SDK reads the first half as true and everything else as false, typos too.
_BOOLEANS = {"true", "1", "yes", "on", "false", "0", "no", "off", ""}
# New files are readable by their owner only.
PRIVATE_UMASK = 0o077


class SdkTap(Tap):
    """The SDK's tap with public hooks in place of its private ones."""

    @abstractmethod
    def handle_signal(self, number: int) -> None:
        """Handle SIGINT or SIGTERM, inside the signal handler; the writer may not be set yet."""

    @abstractmethod
    def run_doctor(self) -> bool:
        """Examine the account and print the findings; returns whether events would be missed."""

    @abstractmethod
    def end_run(self, *, completed: bool) -> None:
        """End a run; `completed` is False after an error that ended it early."""

    # The SDK declares both final, and has no other place after all streams.
    @override  # type: ignore[misc]
    def sync_all(self) -> None:
        completed = False
        try:
            super().sync_all()
            completed = True
        finally:
            self.end_run(completed=completed)

    @override  # type: ignore[misc]
    def run_connection_test(self) -> bool:
        completed = False
        try:
            succeeded = super().run_connection_test()
            completed = True
        finally:
            try:
                self.end_run(completed=completed)
            except StreamsFailedError as error:
                names = ", ".join(error.errors)
                raise error.with_text(
                    f"Streams that failed the test: {names}. All other streams passed."
                ) from None
        return succeeded

    @classproperty
    @override
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        cls.append_builtin_config(cls.config_jsonschema)
        return read_environment(cls.config_jsonschema, cls._env_var_prefix)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        errors = super()._validate_config(raise_errors=raise_errors)
        errors += unknown_settings(self._config, self.config_jsonschema["properties"])
        if errors and raise_errors:
            raise ConfigValidationError("The settings are not valid", errors=errors)
        return errors

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        self.handle_signal(signum)

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: Any) -> _ConfigInput:
        try:
            return _ConfigInput.from_cli_args(*value)
        except (OSError, ValueError) as error:
            raise click.BadParameter(f"the file cannot be read: {error}") from None
        except TypeError:
            raise click.BadParameter("the file must hold a JSON object") from None

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        with report_errors_and_exit(cls.logger):
            super().cb_test(ctx, param, value)

    @classmethod
    def cb_doctor(cls, ctx: click.Context, _param: click.Option, value: bool) -> None:  # noqa: FBT001
        """Run the doctor if its option is given; exits with 1 if events would be missed."""
        if not value:
            return
        os.umask(PRIVATE_UMASK)
        config = ctx.params.get("config", _ConfigInput())
        with report_errors_and_exit(cls.logger):
            tap = cls(config=config.config, parse_env_config=config.parse_env)
            ctx.exit(int(tap.run_doctor()))

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        doctor = click.Option(
            ["--doctor"],
            is_flag=True,
            help="Examine the account and print which events a run would miss, and why.",
            callback=cls.cb_doctor,
            expose_value=False,
        )
        command.params.append(doctor)
        return command

    @classmethod
    @override
    def invoke(
        cls, *, state: IO[str] | None = None, catalog: IO[str] | None = None, **options: Any
    ) -> None:
        # Temporary files hold transcripts.
        os.umask(PRIVATE_UMASK)
        with report_errors_and_exit(cls.logger):
            super().invoke(
                state=check_json_file("state", state),
                catalog=check_json_file("catalog", catalog),
                **options,
            )


class SdkStream(Stream):
    """The SDK's stream with a short way for records that are built to their schema."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        # A discovered catalog has a method beside the metadata, which the SDK reads instead.
        super().apply_catalog(catalog)
        entry = catalog.get_stream(self.name)
        if entry and (forced := entry.metadata.root.forced_replication_method):
            self.forced_replication_method = forced

    @abstractmethod
    def build_records(self) -> Iterable[dict[str, Any]]:
        """Build the records to emit."""

    def isolated_records(self) -> Iterable[dict[str, Any]]:
        """The records to emit, without an error that costs this stream only."""
        return self.build_records()

    def write_state(self) -> None:
        """Write a STATE message."""
        self._tap.state_writer.write_state(self.tap_state)

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        return self.isolated_records()

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[Record, None, None]:
        # The SDK's loop checks each record for children, partitions, order and bookmarks, which
        # these streams do not have, and takes longer than building the record.
        with self.get_record_counter() as counter, self.get_sync_timer():
            for number, record in enumerate(self.isolated_records()):
                if self.ABORT_AT_RECORD_COUNT is not None and number >= self.ABORT_AT_RECORD_COUNT:
                    # A test: the SDK's own ending logs an error for a stream that is all right.
                    return
                if write_messages:
                    self._write_record_message(record)
                counter.increment()
                yield record
        if write_messages:
            self._write_state_message()

    @override
    def _write_record_message(self, record: Record) -> None:
        # The SDK checks the selection of each field of each record, which takes as long as the
        # rest of its work on a record.
        writer = self._tap.message_writer
        if self._needs_sdk_transforms or not isinstance(writer, BufferedMessageWriter):
            super()._write_record_message(record)
            return
        writer.write_record(self.name, record)
        self.state_manager.is_flushed = False

    @cached_property
    def _needs_sdk_transforms(self) -> bool:
        """Whether a catalog deselects fields, or stream maps or flattening change records."""
        [*maps] = self.stream_maps
        return (
            len(maps) != 1
            or not isinstance(maps[0], SameRecordTransform)
            or maps[0].flattening_enabled
            or not all(self.mask.values())
            or self._stream_version is not None
        )


def check_json_file(option: str, file: IO[str] | None) -> IO[str] | None:
    """Check that the file of an option holds JSON; removes a byte order mark."""
    if file is None:
        return None
    text = ""
    try:
        text = file.read().removeprefix("\ufeff")
        content = json.loads(text)
    except ValueError:
        problem = "is not JSON" if text.strip() else "is empty or not text"
        raise ConfigError(
            f"The file of option --{option} {problem}. Correct it, or omit the option."
        ) from None
    if content is not None and not isinstance(content, dict):
        raise ConfigError(
            f"The file of option --{option} does not hold a JSON object. Correct it, or omit the "
            f"option."
        )
    if option == "catalog" and content:
        text = json.dumps(_with_forced_methods(content))
    return io.StringIO(text)


def _with_forced_methods(catalog: dict[str, Any]) -> dict[str, Any]:
    """The catalog with `replication-method` under the name that the SDK reads.

    Meltano writes its metadata extra of that name as it is.
    """
    for stream in catalog.get("streams") or ():
        for entry in stream.get("metadata") or ():
            metadata = entry.get("metadata") or {}
            if not entry.get("breadcrumb") and "replication-method" in metadata:
                metadata.setdefault("forced-replication-method", metadata["replication-method"])
    return catalog


def read_environment(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Read the settings that the environment holds.

    ConfigValidationError has a line for each invalid variable, without its value.
    """
    settings: dict[str, Any] = {}
    errors = []
    for name, setting in schema["properties"].items():
        variable = f"{prefix}{name.upper()}"
        # Compose files and schedulers pass a variable that is not set as an empty one.
        if not os.environ.get(variable, "").strip():
            continue
        kind = setting["type"] if isinstance(setting["type"], str) else setting["type"][0]
        try:
            # One by one, because the SDK does not say which variable it cannot read.
            settings |= parse_environment_config({"properties": {name: setting}}, prefix)
            is_valid = kind != "boolean" or os.environ.get(variable, "").lower() in _BOOLEANS
        except ValueError:
            is_valid = False
        if not is_valid:
            errors.append(f"{variable}: not a valid {kind}")
    if errors:
        raise ConfigValidationError("The settings are not valid", errors=errors)
    return settings
