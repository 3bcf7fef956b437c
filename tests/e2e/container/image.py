"""Image without Docker: the instructions of the Dockerfile in a temporary folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.checks import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Folders of the image that a path can begin with.
PLACES = ("/opt/pair", "/build", "/project", "/data", "/tmp")  # noqa: S108 - the image's own

# The Python at hand may lie where only root can look; to write there is another right.
MAY_READ = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


class Image:
    """The folders, environment, user and command of the last stage."""

    def __init__(self, dockerfile: Path) -> None:
        self._context = dockerfile.parents[2]
        self._temporary = tempfile.TemporaryDirectory()
        self.root = Path(self._temporary.name)
        self.environment: dict[str, str] = {}
        self.user = os.geteuid()
        self.command: list[str] = []
        self._folder = self.root
        for instruction, text in _instructions(dockerfile):
            say(f"  {instruction} {text[:100]}")
            getattr(self, f"_{instruction.lower()}")(text)
        for writable in ("/data", "/tmp"):  # noqa: S108 - the image's own
            self.place(writable).mkdir(exist_ok=True)
            if os.geteuid() == 0:
                os.chown(self.place(writable), self.user, self.user)
        for readable in ("/opt/pair", "/project"):
            subprocess.run(["chmod", "-R", "a-w", self.place(readable)], check=True)  # noqa: S607

    def __enter__(self) -> Image:  # noqa: PYI034 - Self needs Python 3.11
        self.root.chmod(0o755)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["chmod", "-R", "u+w", self.root], check=True)  # noqa: S607
        self._temporary.cleanup()

    def place(self, path: str) -> Path:
        """Where a path of the image lies."""
        return self.root / path.lstrip("/")

    def run(
        self,
        environment: Mapping[str, str],
        *arguments: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run the image's command, or another, as its user and with nothing but its environment."""
        # In the image, Python's own folder is on the path.
        environment = {**self.environment, **environment}
        given = [f"{name}={value}" for name, value in environment.items()]
        command = [*self.command[:1], *(arguments or self.command[1:])]
        if os.geteuid() == 0:
            ids = [f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
            command = ["setpriv", *ids, *MAY_READ, "env", "-i", *given, *command]
        else:
            command = ["env", "-i", *given, *command]
        return subprocess.run(
            command,
            cwd=self.place("/project"),
            capture_output=True,
            text=True,
            check=False,
        )

    def _here(self, text: str) -> str:
        return re.sub(rf"(?<![\w/])({'|'.join(PLACES)})(?=[/\s:]|$)", rf"{self.root}\1", text)

    def _from(self, text: str) -> None:
        # Both stages are made in one folder, where only the second's environment stays.
        assert text.startswith("python:")
        self.environment = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath])}

    def _env(self, text: str) -> None:
        for each in shlex.split(self._here(text)):
            name, _, value = each.partition("=")
            self.environment[name] = value.replace("$PATH", self.environment["PATH"])

    def _workdir(self, text: str) -> None:
        self._folder = self.place(text)
        self._folder.mkdir(parents=True, exist_ok=True)

    def _copy(self, text: str) -> None:
        *sources, target = shlex.split(text)
        if sources[0].startswith("--from="):
            assert sources[1:] == [target]
            return
        for source in sources:
            goal = self._folder / (Path(target) / source if target == "./" else target)
            goal.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (self._context / source).is_dir() else shutil.copy
            copy(self._context / source, goal)

    def _run(self, text: str) -> None:
        environment = {**os.environ, **self.environment, "PIP_QUIET": "1"}
        command = ["sh", "-c", self._here(text)]
        subprocess.run(command, cwd=self._folder, env=environment, check=True)

    def _user(self, text: str) -> None:
        self.user = int(text) if os.geteuid() == 0 else os.geteuid()

    def _entrypoint(self, text: str) -> None:
        self.command = json.loads(text)

    def _cmd(self, text: str) -> None:
        self.command += json.loads(text)


def _instructions(dockerfile: Path) -> Iterator[tuple[str, str]]:
    lines = [each for each in dockerfile.read_text().splitlines() if not each.startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line.strip():
            instruction, _, text = line.partition(" ")
            yield instruction, text.strip()
