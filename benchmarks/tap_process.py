"""The tap as a process of its own: how long it took and how much memory it held."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

# Isolated and without site, so that it stays small.
SMALL_PARENT = [sys.executable, "-I", "-S", str(Path(__file__).parent / "small_parent.py")]


# Without the variable that containers set, so that both sides may buffer their output.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run; `ended_at` on this process's clock of performance, the peak in MB."""

    ended_at: float
    peak_mb: float


@cache
def _discovered() -> str:
    command = [sys.executable, "-m", "tap_freshchat", "--discover"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def run_tap(
    streams: tuple[str, ...], config: dict[str, Any], output: Path | IO[bytes] | None = None
) -> Ran:
    """Run the tap to its end.

    Args:
        streams: those selected.
        config: its settings.
        output: where its messages go, a path or an open file; nowhere without one.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    catalog = json.loads(_discovered())
    for stream in catalog["streams"]:
        whole = next(each for each in stream["metadata"] if not each["breadcrumb"])
        whole["metadata"]["selected"] = stream["stream"] in streams
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (folder / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
        with _opened(output) as out, (folder / "log").open("wb") as log:
            command = [sys.executable, "-m", "tap_freshchat", "--config", "config.json"]
            ended = subprocess.run(
                [*SMALL_PARENT, "peak", *command, "--catalog", "catalog.json"],
                cwd=folder,
                stdout=out,
                stderr=log,
                env=ENVIRONMENT,
                check=False,
            )
            ended_at = time.perf_counter()
        if ended.returncode:
            raise RuntimeError((folder / "log").read_text(encoding="utf-8")[-2000:])
        peak = int((folder / "peak").read_text(encoding="utf-8"))
    return Ran(ended_at=ended_at, peak_mb=peak / 1e6)


def _opened(output: Path | IO[bytes] | None) -> AbstractContextManager[IO[bytes]]:
    if output is None:
        return Path(os.devnull).open("wb")
    return output.open("wb") if isinstance(output, Path) else nullcontext(output)
