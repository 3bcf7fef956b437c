"""Taps of other makers, each in an environment of its own, and what the target makes of them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / ".project" / "taps"
BIN = Path(sys.executable).parent
# The legacy taps import pkg_resources, which later versions do not have.
SETUPTOOLS = "setuptools<80"
# Each row is an event of the person in it.
MAPPING = {"*": {"event": {"value": "Row Seen"}, "user_id": "id", "timestamp": "seen_at"}}


@dataclass(frozen=True)
class Tap:
    """A tap as it is published.

    Attributes:
        package: The requirement that installs it.
        program: The name of its program.
        config: Its settings.
        catalog: The option that takes the catalog; None to give no catalog.
    """

    package: str
    program: str
    config: dict[str, Any]
    catalog: str | None = "--catalog"

    def read(self, folder: Path) -> str:
        """Its output over everything, with each stream read in full.

        Raises:
            RuntimeError: it, or its installation, failed.
        """
        program = self._install()
        config = folder / "tap.json"
        config.write_text(json.dumps(self.config))
        command = [program, "--config", config]
        if self.catalog:
            catalog = json.loads(_output([*command, "--discover"]))
            for stream in catalog["streams"]:
                top = next(each for each in stream["metadata"] if not each["breadcrumb"])
                top["metadata"] |= {"selected": True, "replication-method": "FULL_TABLE"}
            (folder / "catalog.json").write_text(json.dumps(catalog))
            command += [self.catalog, folder / "catalog.json"]
        return _output(command)

    def _install(self) -> Path:
        environment = HERE / self.package.partition("==")[0]
        program = environment / "bin" / self.program
        if not program.exists():
            python = environment / "bin" / "python"
            _output([BIN / "uv", "venv", "--quiet", "--python", sys.executable, environment])
            requirements = (self.package, SETUPTOOLS)
            _output([BIN / "uv", "pip", "install", "--quiet", "--python", python, *requirements])
        return program


def events(messages: str, folder: Path) -> list[dict[str, Any]]:
    """The events that a dry run of the target makes of a tap's output.

    Raises:
        RuntimeError: the target failed.
    """
    config = {
        "dry_run": True,
        "preset": "none",
        "streams": MAPPING,
        "output_path": str(folder / "output"),
        "dead_letter_path": str(folder / "dead_letters.jsonl"),
    }
    (folder / "target.json").write_text(json.dumps(config))
    _output([BIN / "target-segment", "--config", folder / "target.json"], messages)
    files = (folder / "output").glob("*.jsonl")
    bodies = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [event for body in bodies for event in body["batch"]]


def _output(command: list[Any], messages: str | None = None) -> str:
    finished = subprocess.run(command, input=messages, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{finished.stderr[-6000:]}")
    return finished.stdout
