"""Meltano project in a folder: the shipped meltano.yml, and what a dry run writes there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent


class Project:
    """A folder with the shipped meltano.yml, in which Meltano runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        shutil.copy(ROOT / "meltano.yml", folder)

    def __call__(
        self, *arguments: str | Path, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Meltano to its end."""
        return subprocess.run(
            [BIN / "meltano", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def shell(self, commands: str) -> subprocess.CompletedProcess[str]:
        """Run commands of a page as a shell would."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],  # noqa: S607
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of Meltano."""
        return subprocess.Popen(
            [BIN / "meltano", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def events(folder: Path, output: str = "output") -> list[dict[str, Any]]:
    """The events that dry runs wrote to a folder of the project."""
    files = sorted((folder / output).glob("*.jsonl"))
    bodies = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [event for body in bodies for event in body["batch"]]


def shipped() -> Any:
    """The shipped meltano.yml."""
    return yaml.safe_load((ROOT / "meltano.yml").read_text())
