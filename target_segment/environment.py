"""The settings that the environment holds, with a line for each that cannot be read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

# The SDK takes the first half as true and whatever else as false, a slip of the keyboard too.
_BOOLEANS = {"true", "1", "yes", "on", "false", "0", "no", "off", ""}


def environment_config(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Read the settings that the environment holds, as the SDK does.

    Raises:
        ConfigValidationError: Some cannot be read; each line names a variable, none a value.
    """
    settings = schema["properties"]
    config: dict[str, Any] = {}
    # The SDK does not say which one it is.
    unreadable = []
    try:
        config = parse_environment_config(dict(schema), prefix)
    except ValueError:
        unreadable = [name for name in settings if not _is_readable(name, settings[name], prefix)]
    faults = [
        f"{prefix}{name.upper()}: what the environment has for it is no {_kind(setting)} in JSON"
        for name, setting in settings.items()
        if name in unreadable or not _is_boolean(name, setting, prefix)
    ]
    if faults:
        raise ConfigValidationError("The settings are not valid", errors=faults)
    return config


def _is_readable(name: str, setting: Mapping[str, Any], prefix: str) -> bool:
    try:
        parse_environment_config({"properties": {name: setting}}, prefix)
    except ValueError:
        return False
    return True


def _is_boolean(name: str, setting: Mapping[str, Any], prefix: str) -> bool:
    told = os.environ.get(f"{prefix}{name.upper()}", "")
    return _kind(setting) != "boolean" or told.lower() in _BOOLEANS


def _kind(setting: Mapping[str, Any]) -> str:
    types = setting["type"]
    return str(types if isinstance(types, str) else types[0])
