#!/usr/bin/env python3
"""Runs what docs/meltano.md says of state, accounts and variables, for real, and checks it.

Needs git, Python and an index of packages; Meltano with S3 and moto, which plays S3, are
installed once, into proofs/composition/.state.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VENV = HERE / ".state"
PYTHON = VENV / "bin" / "python"
# The Meltano of constraints.txt, with what its S3 needs.
PACKAGES = ("meltano[s3]==4.4.1", "moto[server]==5.2.5")
sys.path.insert(0, str(ROOT / "tests"))


def install() -> None:
    """Make the script's own environment, unless it is there already."""
    stamp = VENV / "installed"
    if not stamp.exists() or stamp.read_text() != repr(PACKAGES):
        print("Setting up proofs/composition/.state (about a minute) …", flush=True)  # noqa: T201
        venv.create(VENV, with_pip=True, clear=True)
        pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        subprocess.run([*pip, *PACKAGES, "--editable", ROOT], check=True)  # noqa: S603 - ours
        stamp.write_text(repr(PACKAGES))


def main() -> None:
    """State in each store, two accounts at once, and the page's commands from first to last."""
    from accounts import run_two_accounts  # noqa: PLC0415 - needs what is installed
    from bucket import Bucket  # noqa: PLC0415 - the same
    from page import follow  # noqa: PLC0415 - the same
    from stores import keep_state_in_each  # noqa: PLC0415 - the same

    with tempfile.TemporaryDirectory() as folder, Bucket() as bucket:
        keep_state_in_each(Path(folder) / "stores", bucket)
        run_two_accounts(Path(folder) / "accounts")
        follow(Path(folder) / "page", bucket)


if __name__ == "__main__":
    if Path(sys.prefix) != VENV:
        install()
        os.execv(PYTHON, [PYTHON, *sys.argv])  # noqa: S606 - the same script
    main()
