#!/usr/bin/env python3
"""Follows the Dockerfile without Docker, runs what it makes, and checks docs/container.md.

    python3 tests/e2e/container/test_image.py

As root, the run is the image's user's; otherwise it is one's own. What it needs is installed once,
into tests/e2e/container/.venv.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
VENV = HERE / ".venv"
sys.path[:0] = [str(HERE), str(ROOT / "tests"), str(ROOT)]

import dev  # noqa: E402 - at the top of the repository


def main() -> None:
    """Make what the image has, run it twice, check the files of the page."""
    from e2e.container.image import Image  # noqa: PLC0415 - needs what is installed
    from e2e.container.manifests import check_cronjob  # noqa: PLC0415 - the same
    from e2e.container.runs import run_twice  # noqa: PLC0415 - the same

    dockerfile = ROOT / "deploy" / "container" / "Dockerfile"
    subprocess.run([VENV / "bin" / "hadolint", dockerfile], check=True)  # noqa: S603 - ours
    check_cronjob()
    with Image(dockerfile) as image:
        run_twice(image)


if __name__ == "__main__":
    dev.enter(VENV, HERE / "checks.txt", ours=False)
    main()
