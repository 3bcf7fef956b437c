"""Explanation of a mapping: where each part of an event comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_segment.json_codec import encode
from target_segment.mapping.paths import split_field
from target_segment.mapping.properties import includes_whole_record
from target_segment.mapping.reserved_names import (
    expand_new_names,
    expand_renamed_paths,
    reserved_renames,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from target_segment.mapping.stream_mapping import StreamMapping


# Settings of a mapping by the part of the event that their expression fills.
_SETTINGS = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "groupId": "group_id",
    "timestamp": "timestamp",
}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Where the parts of a stream's events come from, by part such as `userId`.

    The others are by property or trait: its source unless that is the field of the same name, and
    what is dropped and hashed in it.
    """

    parts: Mapping[str, str]
    properties: Mapping[str, str]
    privacy: Mapping[str, str]

    def of_property(self, name: str) -> str:
        """Describe where a property or trait comes from."""
        source = self.properties.get(name, f"field {name}")
        return "; ".join(filter(None, [source, self.privacy.get(name)]))


def describe_mapping(mapping: StreamMapping) -> Explanation:
    """Describe a compiled mapping."""
    config = mapping.config
    event = config.get("event")
    parts = {
        "type": f"the mapping's call, stream {mapping.stream.name}",
        "event": describe_expression(event) if event else "the stream's name",
        "messageId": f"digest of the destination, the stream, {', '.join(_id_parts(mapping))}",
        "context": "this target, and the settings context and historical",
        "integrations": "the setting integrations",
    }
    for name, setting in _SETTINGS.items():
        if config.get(setting):
            parts[name] = describe_expression(config[setting])
    if mapping.rules.names:
        parts["event"] += ", renamed by event_style and event_names"
    spec = config.get(mapping.payload_name, "*")
    renamed = reserved_renames(mapping.stream.schema) if includes_whole_record(spec) else {}
    sources = {new: old for old, new in renamed.items()}
    properties = {new: f"field {old}" for new, old in sources.items()}
    named: Mapping[str, Any] = spec if isinstance(spec, dict) else {}
    rename: Mapping[str, str] = config.get("rename") or {}
    properties |= {
        rename.get(name, name): describe_expression(named[name]) for name in named if name != "*"
    }
    for old, new in rename.items():
        if old not in named:
            properties[new] = f"field {sources.get(old, old)}, renamed"
    rules = mapping.rules.privacy
    paths = {"left out": [*(config.get("drop") or ()), *rules.drop], "hashed": rules.hashed}
    paths = {what: expand_new_names(those, rename) for what, those in paths.items()}
    fields = {*(mapping.stream.schema.get("properties") or ()), *named}
    privacy = {
        rename.get(name, name): text for name, text in _privacy(paths, renamed, fields).items()
    }
    return Explanation(parts=parts, properties=properties, privacy=privacy)


def describe_expression(spec: Any) -> str:
    """Describe an expression."""
    if isinstance(spec, str):
        return f"field {spec}"
    if isinstance(spec, list):
        return ", or else ".join(map(describe_expression, spec))
    if "value" in spec:
        return f"constant {encode(spec['value']).decode()}"
    if "map" in spec:
        return f"{describe_expression(spec['path'])}, looked up in the mapping's table"
    if "join" in spec:
        return " and ".join(map(describe_expression, spec["join"])) + ", joined"
    return "the stream's key"


def _id_parts(mapping: StreamMapping) -> Iterator[str]:
    """Describe the parts of `compile_id_parts`."""
    config, keys, is_track = mapping.config, mapping.stream.keys, mapping.call == "track"
    if not is_track:
        yield "the call"
    if given := config.get("message_id"):
        yield describe_expression(given).replace(", or else ", ", ")
    else:
        yield f"the key ({', '.join(keys)})" if keys else "the whole record"
    if version := config.get("version"):
        yield describe_expression(version).replace(", or else ", ", ")
    elif not is_track:
        yield "the traits"
        if mapping.timestamp:
            yield "the time"


def _privacy(
    paths: Mapping[str, Sequence[str]], renamed: Mapping[str, str], fields: AbstractSet[str]
) -> dict[str, str]:
    """Describe, by field, which paths are left out or hashed."""
    notes: dict[str, list[str]] = {}
    for what, those in paths.items():
        for path in expand_renamed_paths(those, renamed, renamed):
            name, below = split_field(path, fields)
            notes.setdefault(name, []).append(f"{below[1:]} {what}" if below else what)
    return {name: ", ".join(texts) for name, texts in notes.items()}
