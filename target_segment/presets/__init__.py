"""Ready mappings for known taps, as data files; this module finds and reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import yaml

from target_segment.errors import MappingError

NONE = "none"
DEFAULT_STYLE = "camel_case"
# The `event_styles` of the files, so that the settings' schema need not read them.
STYLES = (DEFAULT_STYLE, "title_case", "live_chat")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A ready mapping in one spelling.

    Attributes:
        integration: Name for `context.integration`, None for no preset.
        streams: Mapping settings by stream.
        events: The event names that `streams` yield, before `event_names`.
        event_names: What they are sent as, where that differs.
    """

    integration: str | None = None
    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    event_names: dict[str, str] = field(default_factory=dict)


def load_fields(name: str) -> dict[str, dict[str, Any]]:
    """Read what is known of a preset's records: JSON Schema by stream; nothing for `none`."""
    file = resources.files(__name__).joinpath("fields", f"{name}.yml")
    if not file.is_file():
        return {}
    streams: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["streams"]
    return streams


def preset_names() -> list[str]:
    """List the presets there are, by the names that the setting takes."""
    files = resources.files(__name__).iterdir()
    return sorted(file.name[: -len(".yml")] for file in files if file.name.endswith(".yml"))


def load_preset(name: str, style: str = DEFAULT_STYLE) -> Preset:
    """Read a preset in one spelling of its events.

    Args:
        name: A file's name without suffix, or `none`.
        style: One of the file's `event_styles`.

    Raises:
        MappingError: There is no such preset, or it has no such spelling.
    """
    if name == NONE:
        if style != DEFAULT_STYLE:
            raise MappingError(f"event_style: '{style}' needs a preset, and preset is '{NONE}'")
        return Preset()
    if name not in preset_names():
        raise MappingError(f"preset: '{name}' is unknown; {', '.join([*preset_names(), NONE])}")
    text = resources.files(__name__).joinpath(f"{name}.yml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    if style not in data["event_styles"]:
        raise MappingError(f"event_style: '{style}' is unknown; {', '.join(data['event_styles'])}")
    spelling = data["event_styles"][style] or {}
    streams = {
        stream: {"call": "skip", "reason": data["not_events"]["reason"]}
        for stream in data["not_events"]["streams"]
    }
    for layer in (data["streams"], spelling.get("streams", {})):
        for stream, settings in layer.items():
            streams[stream] = {**streams.get(stream, {}), **settings}
    return Preset(
        integration=data["integration"],
        streams=streams,
        events=tuple(spelling.get("events", data["events"])),
        event_names=spelling.get("event_names", {}),
    )
