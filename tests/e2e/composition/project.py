"""A Meltano project made of the shipped meltano.yml and the fragments of docs/composition.md."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from e2e.checks import say
from e2e.composition.fragments import fragment

SHIPPED = Path(__file__).resolve().parents[3] / "meltano.yml"
FILES = ("warehouses.meltano.yml", "shop.meltano.yml")
# What runs leave behind; the installed plugins stay.
LEFT = ("warehouse", "output", ".meltano/run", ".meltano/meltano.db", "dead_letters.jsonl")


class Project:
    """One folder that `meltano run` is called in, with settings from the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            # Metrics with the names of their streams.
            "MELTANO_CLI_LOG_FORMAT": "json",
        }
        folder.mkdir(exist_ok=True)
        for result in LEFT:
            path = folder / result
            if path.is_dir():
                shutil.rmtree(path)
            path.unlink(missing_ok=True)
        shipped = SHIPPED.read_text(encoding="utf-8")
        if fragment("line of meltano.yml") not in shipped:
            raise LookupError("The shipped meltano.yml does not have the page's line.")
        (folder / SHIPPED.name).write_text(shipped)
        for name in FILES:
            (folder / name).write_text(fragment(f"file: {name}"))
        (folder / "warehouse").mkdir()

    def run(self, command: str, **settings: str) -> Counter[str]:
        """Run a `meltano` command; how many records each stream gave, where it is a `run`."""
        say(f"  {command}")
        finished = subprocess.run(
            [Path(sys.executable).parent / "meltano", *command.split()[1:]],
            cwd=self.folder,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise RuntimeError(f"{command} failed:\n{finished.stderr[-6000:]}")
        return _records(finished.stderr)


def _records(log: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in log.splitlines():
        if '"record_count"' not in line:
            continue
        metric_line = json.loads(line)
        if metric_line.get("producer"):
            metric = metric_line["metric_info"]
            counts[metric["tags"]["stream"]] += metric["value"]
    return counts
