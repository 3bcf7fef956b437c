"""Presets: mappings for known taps in data files, and their reader."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from target_segment.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

NONE = "none"
DEFAULT_STYLE = "camel_case"
# The `event_styles` of the files, so that the settings schema does not read them.
STYLES = (DEFAULT_STYLE, "title_case", "live_chat")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A preset in one event style: the mapping settings and the event names of its streams.

    `optional` has the mappings of streams that are skipped unless the user asks for their `call`.
    `stream_events` are the names before `event_names`, which has the names sent where they differ.
    `included` are the optional streams that the user asked for by the name of an event.
    """

    integration: str | None = None
    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    optional: dict[str, dict[str, Any]] = field(default_factory=dict)
    stream_events: dict[str, list[str]] = field(default_factory=dict)
    event_names: dict[str, str] = field(default_factory=dict)
    included: frozenset[str] = frozenset()

    @property
    def events(self) -> list[str]:
        """The event names of all streams."""
        return [name for names in self.stream_events.values() for name in names]

    def including(self, events: Collection[str], names: Mapping[str, str]) -> Preset:
        """Return the preset with the optional streams of some events.

        `events` has names as configured, `names` the names sent by those before renaming.
        """
        included = {
            stream: settings
            for stream, settings in self.optional.items()
            if any(
                own_name in events or names.get(own_name) in events
                for own_name in self.stream_events.get(stream, ())
            )
        }
        streams = {**self.streams, **included}
        return replace(self, streams=streams, included=frozenset(included))


def preset_names() -> list[str]:
    """List the presets by the names that the setting takes."""
    files = resources.files(__name__).iterdir()
    return sorted(file.name.removesuffix(".yml") for file in files if file.name.endswith(".yml"))


def load_preset(name: str, style: str = DEFAULT_STYLE) -> Preset:
    """Read a preset or `none` in one of `STYLES`; raises `MappingError` for a style of `none`."""
    if name == NONE:
        if style != DEFAULT_STYLE:
            raise MappingError(f"event_style: '{style}' needs a preset, and preset is '{NONE}'")
        return Preset()
    text = resources.files(__name__).joinpath(f"{name}.yml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    style_data = data["event_styles"][style] or {}
    skipped = {"call": "skip", "reason": data["not_events"]["reason"]}
    streams: dict[str, dict[str, Any]] = {
        stream: {**skipped} for stream in data["not_events"]["streams"]
    }
    for layer in (data["streams"], style_data.get("streams", {})):
        for stream, settings in layer.items():
            streams[stream] = {**streams.get(stream, {}), **settings}
    optional = {each: streams[each] for each in streams if streams[each].pop("optional", False)}
    for stream, settings in optional.items():
        reason = settings.pop("reason", skipped["reason"])
        streams[stream] = {"call": "skip", "reason": reason}
    return Preset(
        integration=data["integration"],
        streams=streams,
        optional=optional,
        stream_events=style_data.get("events", data["events"]),
        event_names=style_data.get("event_names", {}),
    )
