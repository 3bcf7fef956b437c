"""Routing of streams to mappings: the user's over the preset's, the default, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from target_segment.errors import MappingError
from target_segment.mapping.compiler import compile_mapping
from target_segment.mapping.message_ids import message_ids
from target_segment.mapping.property_schemas import ANYTHING, schema_of_value
from target_segment.mapping.stream_mapping import SharedRules, Skipped, StreamInfo, StreamMapping
from target_segment.segment_spec import default_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_segment.presets import Preset

ANY_STREAM = "*"
# Stream of `meltano config test` for loaders: one record, to see whether a target accepts it
# (LoaderTestService in meltano/core/plugin_test_service.py, since Meltano 4.0).
MELTANO_TEST_STREAM = "meltano_test_stream"


@dataclass(frozen=True, kw_only=True)
class Routing:
    """The merged mapping settings of all streams; `write_key` is for their message ids."""

    streams: Mapping[str, Mapping[str, Any]]
    skip_unmapped: bool
    rules: SharedRules
    write_key: str | None = field(repr=False)

    def mapping_of(self, stream: StreamInfo) -> StreamMapping | Skipped:
        """Compile the mapping of a stream; raises `MappingError` if it needs one."""
        if stream.name == MELTANO_TEST_STREAM and stream.name not in self.streams:
            return Skipped("test by meltano config test")
        config = self.streams.get(stream.name, self.streams.get(ANY_STREAM))
        if config is None:
            if self.skip_unmapped:
                return Skipped("no mapping")
            raise MappingError(
                f"Stream '{stream.name}' has no mapping: add streams.{stream.name} (or "
                f'streams."*"), deselect it in the tap, or set unmapped_streams: skip'
            )
        ids = message_ids(self.write_key, stream.name)
        return compile_mapping(config, stream, self.rules, ids)


def merge_event_names(preset: Preset, own: Mapping[str, str]) -> dict[str, str]:
    """Override the event names of the style by the user's, given under either name."""
    names = {event: own.get(sent, sent) for event, sent in preset.event_names.items()}
    return {**names, **own}


def check_event_names(routing: Routing, preset: Preset, configured: Mapping[str, Any]) -> None:
    """Check the names in settings `include_events` and `event_names`, which are `configured`.

    Nothing is checked when a mapping of the user takes event names from records. Raises
    `MappingError`, which lists the possible names, if no event can have the name.
    """
    known = {*preset.events}
    for name, config in routing.streams.items():
        own = preset.streams.get(name)
        if own is not None and config.get("event") == own.get("event"):
            continue
        names = event_names(name, config, ANYTHING)
        if names is None:
            return
        known |= {*map(str, names)}
    sent = {routing.rules.names.get(name, name) for name in known}
    for setting, names in configured.items():
        for name in names:
            if name not in known | sent | {*preset.event_names.values()}:
                raise MappingError(
                    f"{setting}: unknown event '{name}'; known events: {', '.join(sorted(sent))}"
                )


def known_event_names(routing: Routing, preset: Preset) -> set[str]:
    """List the event names in the settings or the preset; all others are record content."""
    rules, streams = routing.rules, routing.streams.items()
    names = {*preset.events, *rules.names, *rules.names.values(), *(rules.only or ())}
    listed = (event_names(name, config, ANYTHING) or () for name, config in streams)
    return names.union(*(map(str, each) for each in listed))


def event_names(
    stream: str, config: Mapping[str, Any], record: Mapping[str, Any]
) -> list[Any] | None:
    """List the names of a stream's events before any renaming; None if records bring them.

    `record` is the JSON Schema of the records, empty if unknown.
    """
    if config.get("call", "track") != "track":
        return []
    if (event := config.get("event")) is None:
        return None if stream == ANY_STREAM else [default_name(stream)]
    return schema_of_value(event, record).get("enum")


def check_streams(routing: Routing, preset: Preset) -> None:
    """Compile every mapping once; raises `MappingError` before anything is requested."""
    name = ""
    try:
        for name in routing.streams:
            routing.mapping_of(StreamInfo(name=name))
    except MappingError as error:
        if name in preset.optional:
            call = preset.optional[name]["call"]
            raise MappingError(f"{error} (call: {call} uses the preset's mapping)") from None
        if not preset.streams or name in {*preset.streams, ANY_STREAM}:
            raise
        near = get_close_matches(name, preset.streams, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise MappingError(f"{error} ('{name}' is not a stream of the preset{hint})") from None
