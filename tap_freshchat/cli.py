"""Checks of environment variables and command-line files: one line for each fault."""

from __future__ import annotations

import io
import json
import os
from difflib import get_close_matches
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError

from tap_freshchat.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The SDK takes the first four as true and anything else, a typo too, as false.
_BOOLEANS = {"true", "1", "yes", "on", "false", "0", "no", "off", ""}


def environment_config(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The settings that the environment holds, as the SDK reads them.

    Args:
        schema: of the settings.
        prefix: of the variables, such as `TAP_FRESHCHAT_`.

    Raises:
        ConfigValidationError: some cannot be read; each line names a variable, none a value.
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
        f"{prefix}{name.upper()}: "
        f"what the environment has for it is no {_json_type(settings[name])}"
        for name in settings
        if name in unreadable or not _is_boolean(name, settings[name], prefix)
    ]
    if faults:
        raise ConfigValidationError("The settings are not valid", errors=faults, schema={})
    return config


def unknown_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """A line for each unknown setting, which would otherwise be ignored silently."""
    known = schema["properties"]
    for name in sorted(set(config) - set(known)):
        matches = get_close_matches(name, known, n=1)
        yield f"{name}: there is no such setting" + (
            f"; did you mean {matches[0]}?" if matches else ""
        )


def validated_json_file(option: str, file: IO[str] | None) -> IO[str] | None:
    """Check that the file of an option holds JSON.

    Raises:
        ConfigError: it does not.
    """
    if file is None:
        return None
    text = ""
    try:
        text = file.read().removeprefix("\ufeff")
        json.loads(text)
    except ValueError:
        problem = "is not JSON" if text.strip() else "is empty or no text"
        raise ConfigError(
            f"The file of option --{option} {problem}; leave the option out to do without."
        ) from None
    return io.StringIO(text)


def _is_readable(name: str, setting: Mapping[str, Any], prefix: str) -> bool:
    try:
        parse_environment_config({"properties": {name: setting}}, prefix)
    except ValueError:
        return False
    return True


def _is_boolean(name: str, setting: Mapping[str, Any], prefix: str) -> bool:
    value = os.environ.get(f"{prefix}{name.upper()}", "")
    return _json_type(setting) != "boolean" or value.lower() in _BOOLEANS


def _json_type(setting: Mapping[str, Any]) -> str:
    types = setting["type"]
    return str(types if isinstance(types, str) else types[0])
