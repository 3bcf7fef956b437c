"""Command line and environment: the target's own options, configuration files and variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError

from target_segment.sdk import ConfigInput, parse_environment_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The SDK reads the first half as true and everything else as false, typos too.
_BOOLEANS = {"true", "1", "yes", "on", "false", "0", "no", "off", ""}


def extra_options() -> list[click.Parameter]:
    """List the options that run another job than reading Singer messages."""
    file = click.Path(exists=True, dir_okay=False)
    return [
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


def read_config_files(paths: Sequence[str]) -> ConfigInput:
    """Read the files of the option `--config`.

    Raises:
        click.BadParameter: A file cannot be read.
    """
    try:
        return ConfigInput.from_cli_args(*paths)
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"the file cannot be read: {error}") from None
    except TypeError:
        raise click.BadParameter("the file must hold a JSON object") from None


def read_environment(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Read the settings that the environment holds.

    Raises:
        ConfigValidationError: A variable is invalid; each line names one and quotes no value.
    """
    settings = schema["properties"]
    errors = [
        f"{prefix}{name.upper()}: not a valid {_type_name(setting)}"
        for name, setting in settings.items()
        if not _is_valid(name, setting, prefix)
    ]
    if errors:
        raise ConfigValidationError("The settings are not valid", errors=errors)
    return parse_environment_config(dict(schema), prefix)


def _is_valid(name: str, setting: Mapping[str, Any], prefix: str) -> bool:
    text = os.environ.get(f"{prefix}{name.upper()}")
    if text is None:
        return True
    if _type_name(setting) == "boolean":
        return text.lower() in _BOOLEANS
    try:
        # One by one, because the SDK does not say which variable it cannot read.
        parse_environment_config({"properties": {name: setting}}, prefix)
    except ValueError:
        return False
    return True


def _type_name(setting: Mapping[str, Any]) -> str:
    types = setting["type"]
    return str(types if isinstance(types, str) else types[0])
