"""The plugins as Meltano and Meltano's Hub describe them, from the plugins themselves."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from tap_freshchat.tap import TapFreshchat
from target_segment.target import TargetSegment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from singer_sdk.plugin_base import PluginBase

PACKAGE = "tap-freshchat-target-segment"
# The Hub tells plugins of one name apart by it, and calls the file so.
VARIANT = "freshchat-to-segment"
KINDS = {
    "boolean": "boolean",
    "integer": "integer",
    "array": "array",
    "object": "object",
}
# What `--about` cannot know. The keys are those of meltano/hub, schemas/plugin_definitions.
ABOUT: Mapping[type[PluginBase], Mapping[str, Any]] = {
    TapFreshchat: {
        "name": "tap-freshchat",
        "label": "Freshchat",
        "description": "Customer messaging and support desk by Freshworks",
        "domain_url": "https://developers.freshchat.com/api/",
        "keywords": ["customer support", "live chat", "meltano_sdk"],
        "settings_group_validation": [["api_url", "api_token"]],
        "select": ["agent_activity.*", "conversation_events.*", "message_events.*"],
        "prereq": (
            "An account admin finds `api_url` and `api_token` under Admin, Configure, API Tokens. "
            "`api_url: sandbox://` needs no account: it is a synthetic account."
        ),
        "usage": (
            "Selected at first is the log of what happened: agents' activity, conversations "
            "created, assigned, resolved and reopened, and messages. target-segment sends it to "
            'Segment. All streams, for a warehouse: `select: ["*.*"]`.'
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
            "Any tap's records become track, identify or group calls, as `streams` says. The "
            "preset `freshchat` has the mappings for tap-freshchat; set `preset: none` for other "
            "taps. `dry_run: true` writes the requests to files and sends nothing."
        ),
    },
}


def settings(plugin: type[PluginBase]) -> dict[str, dict[str, Any]]:
    """A plugin's settings by name, those of the SDK included."""
    schema = {**plugin.config_jsonschema, "properties": {**plugin.config_jsonschema["properties"]}}
    plugin.append_builtin_config(schema)
    return schema["properties"]


def meltano_settings(plugin: type[PluginBase]) -> list[dict[str, Any]]:
    """A plugin's settings as a project file declares them."""
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
    """What a plugin can do, in Singer's words, as `--about` says it."""
    return sorted(str(each.value) for each in plugin.capabilities)


def hub_definition(plugin: type[PluginBase]) -> dict[str, Any]:
    """A plugin's definition as meltano/hub keeps it in `_data/meltano`."""
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
    """The Hub has a kind for secrets where a project file has a mark."""
    if not setting.get("sensitive"):
        return dict(setting)
    rest = {name: value for name, value in setting.items() if name != "sensitive"}
    return {**rest, "kind": "password"}


def _repository(urls: Iterable[str]) -> str | None:
    """`Repository` of pyproject's [project.urls], once the project has a public home."""
    named = dict(each.split(", ", 1) for each in urls)
    return named.get("Repository")
