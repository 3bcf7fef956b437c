"""Adapter to the private parts of singer_sdk; tests/target/test_sdk_contract.py holds each of them.

No other module of this package overrides, calls or imports a private name of the SDK.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk import Target
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.plugin_base import _ConfigInput as ConfigInput
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR, extend_validator_with_defaults
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType


__all__ = ["ConfigInput", "DefaultsValidator", "SdkTarget", "parse_environment_config"]

# The SDK reads the first half as true and everything else as false, typos too.
_BOOLEANS = {"true", "1", "yes", "on", "false", "0", "no", "off", ""}

# A Draft 7 validator that also fills in the defaults of the schema.
DefaultsValidator = extend_validator_with_defaults(DEFAULT_JSONSCHEMA_VALIDATOR)


class SdkTarget(Target):
    """The SDK's target with public hooks in place of its private ones."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # All sinks share one delivery queue, which is for one thread.
        self.max_parallelism = 1

    @abstractmethod
    def load_config(self, config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return the normalised settings and what is wrong with them, one line each."""

    @abstractmethod
    def handle_signal(self, number: int) -> None:
        """Handle SIGINT or SIGTERM, inside the signal handler."""

    @classmethod
    @abstractmethod
    def execute(cls, config: ConfigInput, file_input: IO[str] | None, **options: Any) -> None:
        """Run what the command line asks for."""

    def register_schema(self, message: dict[str, Any]) -> None:
        """Register a stream's schema: build its stream maps and sinks, and close replaced sinks."""
        super()._process_schema_message(message)
        # The SDK keeps replaced sinks until the end; their records are in the queue already.
        for sink in self._sinks_to_clear:
            sink.record_counter_metric.increment(sink.current_size)
            sink.clean_up()
        self._sinks_to_clear.clear()

    def require_schema(self, stream: str) -> None:
        """Raise `RecordsWithoutSchemaException` if no schema of the stream has come."""
        if stream not in self.mapper.stream_maps:
            self._assert_sink_exists(stream)

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        # Skips `Target`: its settings are for tables and have no effect here.
        super(Target, cls).append_builtin_config(config_jsonschema)

    @classproperty
    @override
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        cls.append_builtin_config(cls.config_jsonschema)
        return read_environment(cls.config_jsonschema, cls._env_var_prefix)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # The SDK's own messages can quote a secret.
        self.append_builtin_config(self.config_jsonschema)
        self._config, errors = self.load_config(self._config)
        if errors and raise_errors:
            raise ConfigValidationError("The settings are not valid", errors=errors)
        return errors

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Do nothing: events are only added, so there is no older version to remove."""

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        self.handle_signal(signum)

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: Any) -> ConfigInput:
        try:
            return ConfigInput.from_cli_args(*value)
        except (OSError, ValueError) as error:
            raise click.BadParameter(f"the file cannot be read: {error}") from None
        except TypeError:
            raise click.BadParameter("the file must hold a JSON object") from None

    @classmethod
    @override
    def invoke(
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: ConfigInput | None = None,
        file_input: IO[str] | None = None,
        **options: Any,
    ) -> None:
        # Skips `Target.invoke`, which listens at once and ends with the SDK's own messages.
        super(Target, cls).invoke(about=about, about_format=about_format)
        cls.execute(config or ConfigInput(), file_input, **options)


def read_environment(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Read the environment's settings; the errors name the variables and quote no value."""
    values: dict[str, Any] = {}
    errors: list[str] = []
    for name, setting in schema["properties"].items():
        variable, types = f"{prefix}{name.upper()}", setting["type"]
        # Compose files and schedulers pass a variable that is not set as an empty one.
        text = os.environ.get(variable, "").strip()
        if not text:
            continue
        kind = types if isinstance(types, str) else types[0]
        try:
            # One by one, because the SDK does not say which variable it cannot read.
            values |= parse_environment_config({"properties": {name: setting}}, prefix)
            is_valid = kind != "boolean" or os.environ.get(variable, "").lower() in _BOOLEANS
            # Of half a JSON list, the SDK makes a list by commas.
            is_valid &= kind != "array" or (text[0] == "[") is (text[-1] == "]")
        except ValueError:
            is_valid = False
        if not is_valid:
            errors.append(f"{variable}: not a valid {kind}")
    if errors:
        raise ConfigValidationError("The settings are not valid", errors=errors)
    return values
