"""Meltano project of the shipped meltano.yml and the fragments of docs/scale-out.md."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "scale-out.md"
BIN = Path(sys.executable).parent


class Project:
    """A folder with meltano.yml, accounts.yml and, in `dagster`, what Dagster keeps.

    Args:
        folder: created again.
        accounts: differences from the page, by account.
        settings: environment variables for everything that runs in it.
    """

    def __init__(
        self,
        folder: Path,
        accounts: Mapping[str, Mapping[str, Any]],
        settings: Mapping[str, str],
    ) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "dagster").mkdir(parents=True)
        shutil.copy(ROOT / "meltano.yml", folder)
        shutil.copy(ROOT / "deploy" / "dagster" / "dagster.yaml", folder / "dagster")
        (folder / "accounts.meltano.yml").write_text(fragment("file: accounts.meltano.yml"))
        plan = yaml.safe_load(fragment("file: accounts.yml"))
        for name, changed in accounts.items():
            plan["accounts"][name] |= changed
        (folder / "accounts.yml").write_text(yaml.safe_dump(plan))
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", "")]),
            "PYTHONPATH": str(ROOT),
            # The click of Dagster's own commands warns of their successors.
            "PYTHONWARNINGS": "ignore",
            "DAGSTER_HOME": str(folder / "dagster"),
            "SCALE_OUT_ACCOUNTS": str(folder / "accounts.yml"),
            "MELTANO_PROJECT_ROOT": str(folder),
            "MELTANO_ENVIRONMENT": "prod",
            **settings,
        }

    def run(self, *command: str, **settings: str) -> float:
        """Run a program of the environment; the seconds it took.

        Raises:
            RuntimeError: it failed.
        """
        began = time.monotonic()
        finished = subprocess.run(
            [BIN / command[0], *command[1:]],
            cwd=self.folder,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stderr[-6000:]}")
        return time.monotonic() - began

    def follow(self, first_words: str, window: str | None = None) -> None:
        """Run commands of the page, with this window in the place of the page's."""
        command = commands(first_words)
        if window is not None:
            command = re.sub(r"\d{4}-\d\d-\d\d", window, command)
        arguments = shlex.split(command)
        self.run(*arguments)


def commands(first_words: str) -> str:
    """The block of commands of the page that begins like this."""
    pattern = rf"^```sh\n({re.escape(first_words)}.*?)^```$"
    [found] = re.findall(pattern, PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(found)


def fragment(name: str) -> str:
    """Return the block of the page after `<!-- name -->`."""
    pattern = rf"<!-- {re.escape(name)} -->\n```\w*\n(.*?)^```$"
    found = re.findall(pattern, PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if len(found) != 1:
        raise LookupError(f"{PAGE.name} has {len(found)} blocks named {name!r}, not one.")
    return str(found[0])
