"""Merging of the user's mapping settings with the preset's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_segment.errors import MappingError
from target_segment.mapping.compiler import SKIP
from target_segment.mapping.conditions import merge_conditions
from target_segment.mapping.paths import is_field_name, unfold_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_segment.presets import Preset

# Setting of a preset: values by path that are sent only if a condition of the user lists them.
_PRIVATE = "private_values"
_ADDITIONS = {"add_properties": "properties", "add_traits": "traits"}


def merge_stream_settings(preset: Preset, own: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Override the preset's mappings by the user's, key by key; null or empty text removes a key.

    Conditions of `when`, `add_properties` and `add_traits` add to the preset's. A mapping of the
    user for a stream that the preset skips is used alone, unless its `call` is that of the preset's
    optional mapping. Raises `MappingError` that names a setting of the wrong form.
    """
    for name, settings in own.items():
        if not isinstance(settings, dict):
            raise MappingError(f"streams.{name}: must be an object of mapping settings")
    return {
        name: _merge(_base(preset, name, own.get(name, {})), own.get(name, {}), f"streams.{name}")
        for name in {**preset.streams, **own}
    }


def streams_of_preset(preset: Preset, own: Mapping[str, Any]) -> frozenset[str]:
    """List the streams that the preset maps, also where the user overrides parts of it."""
    bases = {name: _base(preset, name, own.get(name, {})) for name in preset.streams}
    return frozenset(name for name, base in bases.items() if base.get("call", SKIP) != SKIP)


def _base(preset: Preset, name: str, own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the preset's settings that a stream's own settings override."""
    base = preset.streams.get(name, {})
    if base.get("call") != SKIP:
        return base
    optional = preset.optional.get(name)
    if optional and own.get("call") == optional["call"]:
        return optional
    maps = own.get("call") != SKIP and any(
        own[each] is not None for each in own if each != "reason"
    )
    return {} if maps else base


def _merge(base: Mapping[str, Any], own: Mapping[str, Any], where: str) -> dict[str, Any]:
    # Meltano removes null from settings in YAML.
    given = {name: value for name, value in own.items() if value is not None and value != ""}
    private = base.get(_PRIVATE, {})
    kept = {*base} - {*own, _PRIVATE}
    merged = {name: value for name, value in base.items() if name in kept} | given
    if private or "when" in base or "when" in given:
        merged["when"] = merge_conditions(
            base.get("when"), given.get("when"), private, f"{where}.when"
        )
    if isinstance(merged.get("rename"), dict):
        merged["rename"] = unfold_names(merged["rename"])
    for name, payload in _ADDITIONS.items():
        if name in merged:
            added = _fields_by_name(merged.pop(name), f"{where}.{name}")
            merged[payload] = _add(merged.get(payload, "*"), added)
    return merged


def _fields_by_name(spec: Any, where: str) -> dict[str, Any]:
    if isinstance(spec, list) and all(map(is_field_name, spec)):
        spec = {name: name for name in spec}
    if not isinstance(spec, dict) or not spec:
        raise MappingError(f"{where}: must be {{name: value}} or a list of fields, and not empty")
    return spec


def _add(base: Any, added: dict[str, Any]) -> Any:
    if base == "*":
        return {"*": "*", **added}
    if isinstance(base, list):
        return {**{name: name for name in base}, **added} if all(map(is_field_name, base)) else base
    return {**base, **added} if isinstance(base, dict) else base
