"""Runs the heavy commands of the documents as written, in a fresh clone of what is committed.

    python3 tests/commands.py              all of them; the whole test suite runs twice
    python3 tests/commands.py README.md    those of some pages

Needs git and Python; what else a page needs, it says. A command that would never end by itself
is stopped as a user would, once it has said that it is there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from fakes.documents import ROOT, SCRIPT, Block, commands

# What a command that serves until it is stopped says first.
SERVES = "Ctrl-C ends it"


def main() -> int:
    """Run them; how many failed."""
    wanted = [each for each in commands() if each.runner == SCRIPT]
    if sys.argv[1:]:
        wanted = [each for each in wanted if each.page in sys.argv[1:]]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)  # noqa: S607
        for block in wanted:
            print(f"{block.page}:{block.line}\n  {block.text.strip()}", flush=True)
            good = _run(block, clone)
            failed += not good
            print("  ok" if good else "  FAILED", flush=True)
    return failed


def _run(block: Block, clone: Path) -> bool:
    log = clone.parent / "log"
    path = os.pathsep.join([str(clone / ".venv" / "bin"), os.environ["PATH"]])
    with log.open("w") as writing:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", block.text],  # noqa: S607
            cwd=clone,
            env={**os.environ, "PATH": path},
            stdout=writing,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        while True:
            try:
                process.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                if SERVES in log.read_text():
                    os.killpg(process.pid, signal.SIGINT)
    if process.returncode:
        print(log.read_text()[-3000:])
    return process.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
