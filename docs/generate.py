"""Generator of the parts of README.md, docs, meltano.yml and deploy/hub that repeat the code.

Each generated part is between two marker comments; the files of deploy/hub/ are generated as a
whole. `python3 dev.py docs` writes them, and a test compares them with the code.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from event_tables import tables
from plugin_definitions import VARIANT, hub_definition, meltano_settings, settings

from tap_freshchat.tap import TapFreshchat
from target_segment.target import TargetSegment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.plugin_base import PluginBase

ROOT = Path(__file__).resolve().parent.parent
PLUGINS: Mapping[str, type[PluginBase]] = {
    "tap-freshchat": TapFreshchat,
    "target-segment": TargetSegment,
}
# Settings that the SDK gives every plugin, which its own pages describe.
SDK_SETTINGS = ("stream_map", "flattening_", "faker_config", "batch_config")
# Folders by type of plugin, as the Hub has them.
HUB = {"tap-freshchat": "extractors", "target-segment": "loaders"}


def settings_table(plugin: type[PluginBase]) -> str:
    """A plugin's own settings as a Markdown table."""
    lines = ["| Setting | Default | What it is |", "| --- | --- | --- |"]
    required = plugin.config_jsonschema.get("required", [])
    for name, each in settings(plugin).items():
        if name.startswith(SDK_SETTINGS):
            continue
        default = "required" if name in required else _default(each.get("default"))
        description = " ".join(each.get("description", "").split()).replace("|", "\\|")
        secret = " (secret)" if each.get("secret") else ""
        lines.append(f"| `{name}`{secret} | {default} | {description} |")
    return "\n".join(lines)


def _default(value: object) -> str:
    if value is None:
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def streams_table() -> str:
    """The tap's streams as a Markdown table."""
    lines = ["| Stream | Key | Replication | What it is |", "| --- | --- | --- | --- |"]
    tap = TapFreshchat(config={"api_url": "sandbox://"}, validate_config=False)
    for name, stream in tap.streams.items():
        key = ", ".join(f"`{each}`" for each in stream.primary_keys)
        replication = f"`{stream.replication_key}`" if stream.replication_key else "full table"
        lines.append(f"| `{name}` | {key} | {replication} | {stream.schema['description']} |")
    return "\n".join(lines)


def parts() -> Iterator[tuple[Path, str, str]]:
    """Every generated part: its file, its marker's name, and its text."""
    for name, plugin in PLUGINS.items():
        yield ROOT / "README.md", f"{name} settings", settings_table(plugin)
        listed = yaml.safe_dump(
            meltano_settings(plugin), sort_keys=False, allow_unicode=True, width=96
        )
        indented = "".join(f"    {line}" for line in listed.splitlines(keepends=True))
        yield ROOT / "meltano.yml", f"{name} settings", indented.rstrip("\n")
    yield ROOT / "README.md", "streams", streams_table()
    for name, table in tables().items():
        yield ROOT / "docs" / "events.md", name, table


def files() -> Iterator[tuple[Path, str]]:
    """Every file that is generated as a whole, and its text."""
    for name, plugin in PLUGINS.items():
        path = ROOT / "deploy" / "hub" / HUB[name] / name / f"{VARIANT}.yml"
        yield path, yaml.safe_dump(hub_definition(plugin), sort_keys=False, allow_unicode=True)


def written(path: Path, text: str, marker: str, part: str) -> str:
    """The text of a file with one of its generated parts replaced.

    Raises:
        ValueError: the file has no such part.
    """
    opening, closing = ("<!-- ", " -->") if path.suffix == ".md" else ("    # ", "")
    start, end = f"{opening}begin: {marker}{closing}", f"{opening}end: {marker}{closing}"
    pattern = re.compile(f"{re.escape(start)}\n.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{path.name} has no part {marker!r}.")
    return pattern.sub(lambda _: f"{start}\n{part}\n{end}", text)


def main() -> int:
    """Write all parts; with `--check`, only say whether any is not up to date."""
    stale = False
    for path, marker, part in parts():
        text = path.read_text()
        fresh = written(path, text, marker, part)
        stale |= fresh != text
        if "--check" not in sys.argv:
            path.write_text(fresh)
    for path, fresh in files():
        stale |= not path.exists() or path.read_text() != fresh
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fresh)
    return int(stale and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
