"""Plugin definitions for Meltano and Meltano Hub, built from the plugins themselves."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from tap_freshchat.tap import TapFreshchat
from target_segment.target import TargetSegment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from singer_sdk.plugin_base import PluginBase

PACKAGE = "tap-freshchat-target-segment"
# Distinguishes plugins of one name in the Hub; also the name of the file.
VARIANT = "freshchat-to-segment"
KINDS = {
    "boolean": "boolean",
    "integer": "integer",
    "array": "array",
    "object": "object",
}
# What `--about` does not have. The keys are those of meltano/hub, schemas/plugin_definitions.
ABOUT: Mapping[type[PluginBase], Mapping[str, Any]] = {
    TapFreshchat: {
        "name": "tap-freshchat",
        "label": "Freshchat",
        "description": "Customer messaging and support software by Freshworks",
        "domain_url": "https://developers.freshchat.com/api/",
        "keywords": ["customer support", "live chat", "meltano_sdk"],
        "settings_group_validation": [["api_url", "api_token"]],
        "select": ["agent_activity.*", "conversation_events.*", "message_events.*"],
        "prereq": (
            "An account admin finds `api_url` and `api_token` under Admin, Configure, API Tokens. "
            "`api_url: sandbox://` needs no account: it is a synthetic account."
        ),
        "usage": (
            "The default selection is the event streams: agent activity, conversations created, "
            "assigned, resolved and reopened, and messages. target-segment sends them to Segment. "
            'To load all streams into a warehouse: `select: ["*.*"]`.'
        ),
    },
    TargetSegment: {
        "name": "target-segment",
        "label": "Segment",
        "description": "Customer data platform by Twilio",
        "domain_url": "https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/",
        "keywords": ["customer data platform", "meltano_sdk", "reverse etl"],
        "settings_group_validation": [["write_key"], ["dry_run"]],
        "prereq": "Add an HTTP API source in Segment, and copy its write key.",
        "usage": (
            "The setting `streams` maps the records of any tap to track, identify or group calls. "
            "The preset `freshchat` maps tap-freshchat; set `preset: none` for other "
            "taps. `dry_run: true` writes the requests to files and sends nothing."
        ),
    },
}


def settings(plugin: type[PluginBase]) -> dict[str, dict[str, Any]]:
    """Settings of a plugin by name, including those of the SDK."""
    schema = {**plugin.config_jsonschema, "properties": {**plugin.config_jsonschema["properties"]}}
    plugin.append_builtin_config(schema)
    return schema["properties"]


def meltano_settings(plugin: type[PluginBase]) -> list[dict[str, Any]]:
    """Settings of a plugin, as a project file declares them."""
    return [
        _meltano_setting(name, each)
        for name, each in settings(plugin).items()
        if not name.startswith("faker_config")
    ]


def _meltano_setting(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    types = schema.get("type", "string")
    named = [types] if isinstance(types, str) else types
    kind = next((KINDS[each] for each in named if each in KINDS), "string")
    setting: dict[str, Any] = {
        "name": name,
        "label": schema.get("title") or name.replace("_", " ").capitalize(),
        "kind": "date_iso8601" if schema.get("format") == "date-time" else kind,
        "description": " ".join(schema.get("description", "").split()),
    }
    if schema.get("secret"):
        setting["sensitive"] = True
    if choices := schema.get("enum"):
        setting["kind"] = "options"
        setting["options"] = [{"label": each, "value": each} for each in choices]
    if schema.get("default") is not None:
        setting["value"] = schema["default"]
    return setting


def capabilities(plugin: type[PluginBase]) -> list[str]:
    """Capabilities of a plugin, as `--about` lists them."""
    return sorted(str(each.value) for each in plugin.capabilities)


def hub_definition(plugin: type[PluginBase]) -> dict[str, Any]:
    """Definition of a plugin for `_data/meltano` of meltano/hub."""
    known = ABOUT[plugin]
    definition = {
        **known,
        "namespace": known["name"].replace("-", "_"),
        "variant": VARIANT,
        "pip_url": PACKAGE,
        "executable": known["name"],
        "capabilities": capabilities(plugin),
        "maintenance_status": "active",
        "settings": [_hub_setting(each) for each in meltano_settings(plugin)],
    }
    if repository := _repository(metadata.metadata(PACKAGE).get_all("Project-URL") or ()):
        definition["repo"] = repository
    return dict(sorted(definition.items()))


def _hub_setting(setting: Mapping[str, Any]) -> dict[str, Any]:
    """A setting for the Hub, where a secret text has a kind instead of a flag."""
    if not setting.get("sensitive") or setting["kind"] != "string":
        return dict(setting)
    rest = {name: value for name, value in setting.items() if name != "sensitive"}
    return {**rest, "kind": "password"}


def _repository(urls: Iterable[str]) -> str | None:
    """`Repository` in [project.urls] of pyproject.toml; None if there is none."""
    named = dict(each.split(", ", 1) for each in urls)
    return named.get("Repository")
