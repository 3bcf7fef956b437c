"""Project folder with the shipped meltano.yml, in which Meltano runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[3] / "meltano.yml"
# Few conversations, and report jobs that need not wait for one another.
SANDBOX = "sandbox://?report_jobs_per_minute=60&conversations_per_day=6"


class Folder:
    """A new project, with only the given settings."""

    def __init__(self, path: Path, **settings: str) -> None:
        self.path = path
        self.environment = {
            "HOME": str(path),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            **settings,
        }
        path.mkdir(parents=True)
        shutil.copy(SHIPPED, path)

    def start(self, command: str, **settings: str) -> subprocess.Popen[str]:
        """Start commands as a shell would."""
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607
            cwd=self.path,
            env={**self.environment, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str, **settings: str) -> str:
        """The output of commands that succeed."""
        return finished(self.start(command, **settings), command)

    def sent(self, output: str) -> list[str]:
        """The message ids that a dry run wrote to its folder."""
        files = sorted((self.path / output).glob("*.jsonl"))
        bodies = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return [event["messageId"] for body in bodies for event in body["batch"]]


def finished(process: subprocess.Popen[str], command: str) -> str:
    """The output of a process, once it has succeeded.

    Raises:
        RuntimeError: it failed.
    """
    out, log = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{command} failed:\n{log[-6000:]}")
    return out
