#!/usr/bin/env python3
"""Follows the Dockerfile without Docker, runs what it makes, and checks docs/container.md.

    python3 proofs/container/run.py

As root, the run is the image's user's; otherwise it is one's own. What it needs is installed once,
into proofs/container/.venv.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VENV = HERE / ".venv"
PYTHON = VENV / "bin" / "python"
sys.path[:0] = [str(HERE), str(ROOT / "tests")]


def main() -> None:
    """Make what the image has, run it twice, check the files of the page."""
    from image import Image  # noqa: PLC0415 - needs what is installed
    from manifests import check_cronjob  # noqa: PLC0415 - the same
    from runs import run_twice  # noqa: PLC0415 - the same

    dockerfile = ROOT / "Dockerfile"
    subprocess.run([VENV / "bin" / "hadolint", dockerfile], check=True)  # noqa: S603 - ours
    check_cronjob()
    with Image(dockerfile) as image:
        run_twice(image)


def _install() -> None:
    venv.create(VENV, with_pip=True)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    wanted = ["--require-hashes", "--no-deps", "--requirement", HERE / "checks.txt"]
    subprocess.run([*pip, *wanted], check=True)  # noqa: S603 - ours


if __name__ == "__main__":
    if Path(sys.prefix) != VENV:
        _install()
        os.execv(PYTHON, [PYTHON, *sys.argv])  # noqa: S606 - the same script
    main()
