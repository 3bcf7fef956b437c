"""Settings of a run: normalised, checked and compiled."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_segment.errors import MappingError
from target_segment.json_codec import NotEncodableError, NotJSONError, decode, encode
from target_segment.mapping.merging import merge_stream_settings, streams_of_preset
from target_segment.mapping.paths import unfold_names
from target_segment.mapping.properties import PrivacyRules
from target_segment.mapping.routing import (
    Routing,
    check_event_names,
    check_streams,
    merge_event_names,
)
from target_segment.mapping.stream_mapping import SharedRules
from target_segment.presets import Preset, load_preset
from target_segment.receiver import Receiver, parse_receiver
from target_segment.sdk import DefaultsValidator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LIBRARY_NAME = "target-segment"

# Settings that the run takes as they are.
_NUMBERS = (
    *("max_concurrency", "max_events_per_second", "batch_max_events", "batch_max_bytes"),
    *("request_timeout", "max_retry_seconds", "state_flush_seconds", "max_dead_letters"),
)

# Settings that are objects whose parts may be JSON text.
_NESTED = ("streams", "context", "integrations", "event_names")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Checked settings, ready for the run.

    `write_key` is None only in a dry run, `output_path` when events are sent.
    """

    write_key: str | None = field(repr=False)
    receiver: Receiver
    routing: Routing
    preset: Preset
    max_concurrency: int
    max_events_per_second: int
    batch_max_events: int
    batch_max_bytes: int
    request_timeout: int
    max_retry_seconds: int
    state_flush_seconds: int
    dead_letter_path: Path
    max_dead_letters: int
    output_path: Path | None
    summary_path: Path | None


def load_config(
    config: Mapping[str, Any], schema: dict[str, Any], version: str
) -> tuple[dict[str, Any], list[str], Config | None]:
    """Normalise, check and compile the settings.

    Returns the settings with their defaults, what is wrong with them (one line each, without a
    secret), and the compiled settings if nothing is wrong.
    """
    values = _normalise(config, schema)
    if errors := list(_schema_errors(values, schema)):
        return values, errors, None
    try:
        return values, [], compile_config(values, version)
    except MappingError as error:
        return values, [str(error)], None


def _normalise(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Parse objects and lists given as JSON text, and leave out null and empty text.

    Environment variables and some runners can only pass text.
    """
    result = {}
    for name, value in config.items():
        types = schema["properties"].get(name, {}).get("type", ())
        if value == "" and "string" in types:
            continue
        parsed = value
        if isinstance(value, str) and ("object" in types or "array" in types):
            with suppress(NotJSONError):
                parsed = decode(value)
        if name in _NESTED:
            parsed = _parse_nested(parsed)
        if name == "integrations" and isinstance(parsed, dict):
            parsed = {
                each: _BOOLEANS.get(on, on) if isinstance(on, str) else on
                for each, on in parsed.items()
            }
        if parsed is not None:
            result[name] = parsed
    return result


def _parse_nested(value: Any) -> Any:
    """Parse the objects and lists given as JSON text inside a setting.

    `meltano config set target-segment streams.orders.when '{"kind": ["a"]}'` gives such a text.
    """
    if isinstance(value, dict):
        return {
            name: below if name == "value" else _parse_nested(below)
            for name, below in value.items()
        }
    if isinstance(value, list):
        return [_parse_nested(item) for item in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(NotJSONError):
            return _parse_nested(decode(value))
    return value


def _schema_errors(config: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """Fill in the defaults and list what the schema forbids."""
    known = schema["properties"]
    for name in sorted(set(config) - set(known)):
        near = get_close_matches(name, known, n=1)
        yield f"{name}: unknown setting" + (f"; did you mean {near[0]}?" if near else "")
    for error in DefaultsValidator(schema).iter_errors(config):
        if not error.path:
            continue
        name = str(error.path[0])
        where = ".".join(map(str, error.path))
        is_secret = known.get(name, {}).get("secret")
        yield f"{where}: " + (f"must be {known[name]['type'][0]}" if is_secret else error.message)


def compile_config(config: Mapping[str, Any], version: str) -> Config:
    """Check what a schema cannot say and compile; raises `MappingError` that names a setting."""
    write_key = (config.get("write_key") or "").strip() or None
    if write_key and not (write_key.isascii() and write_key.isprintable()):
        raise MappingError("write_key: contains invalid characters; copy it again")
    if not write_key and not config["dry_run"]:
        raise MappingError(
            "write_key: is missing; set it (TARGET_SEGMENT_WRITE_KEY in the environment), "
            "or set dry_run: true to send nothing"
        )
    name = ""
    try:
        for name in ("streams", "context", "integrations"):
            encode(config[name])
    except NotEncodableError:
        raise MappingError(f"{name}: contains NaN, Infinity or too many levels") from None
    preset = load_preset(config["preset"], config["event_style"])
    names = _event_names(config)
    preset = preset.including(config.get("include_events") or (), merge_event_names(preset, names))
    return Config(
        write_key=write_key,
        receiver=parse_receiver(config, write_key),
        routing=_routing(config, preset, write_key, version),
        preset=preset,
        dead_letter_path=_path(config, "dead_letter_path"),
        output_path=_path(config, "output_path") if config["dry_run"] else None,
        summary_path=_path(config, "summary_path") if config.get("summary_path") else None,
        **{name: config[name] for name in _NUMBERS},
    )


def _path(config: Mapping[str, Any], name: str) -> Path:
    try:
        # No shell expands `~` in a file or a variable.
        return Path(config[name]).expanduser()
    except RuntimeError:
        raise MappingError(
            f"{name}: the home directory of '~' is unknown; write the whole path"
        ) from None


def _event_names(config: Mapping[str, Any]) -> dict[str, str]:
    names = unfold_names(config["event_names"])
    for new in names.values():
        if not isinstance(new, str) or not new:
            raise MappingError("event_names: must be {event: new name}, both strings")
    return names


def _routing(
    config: Mapping[str, Any], preset: Preset, write_key: str | None, version: str
) -> Routing:
    event_names = _event_names(config)
    events = config.get("include_events")
    if events == []:
        raise MappingError("include_events: is empty; leave it out to send all events")
    streams = merge_stream_settings(preset, config["streams"])
    rules = SharedRules(
        names=merge_event_names(preset, event_names),
        only=None if events is None else frozenset(events),
        context=_context(config, version),
        integrations=config["integrations"],
        privacy=PrivacyRules(
            drop=config["drop_properties"],
            hashed=config["hash_properties"],
            salt=config.get("hash_salt") or "",
        ),
        truncate=config["truncate_properties"],
        preset_context={"integration": {"name": preset.integration, "version": version}},
        preset_streams=streams_of_preset(preset, config["streams"]),
    )
    routing = Routing(
        streams=streams,
        skip_unmapped=config["unmapped_streams"] == "skip",
        rules=rules,
        write_key=write_key,
    )
    check_streams(routing, preset)
    named = {"include_events": events or [], "event_names": event_names}
    check_event_names(routing, preset, named)
    return routing


def _context(config: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Build the part of the context that all events share; the user cannot set `library`."""
    context = dict(config["context"])
    if config["historical"]:
        context["active"] = False
    context["library"] = {"name": LIBRARY_NAME, "version": version}
    return context
