#!/usr/bin/env python3
"""Runs what docs/meltano.md says of state, accounts and variables, for real, and checks it.

Needs git, Python and an index of packages; Meltano with S3 and moto, which plays S3, are
installed once, into tests/e2e/composition/.state.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
VENV = HERE / ".state"
# The Meltano of constraints.txt, with what its S3 needs.
PACKAGES = ("meltano[s3]==4.4.1", "moto[server]==5.2.5")
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

import dev  # noqa: E402 - at the top of the repository


def main() -> None:
    """State in each store, two accounts at once, and the page's commands from first to last."""
    from e2e.composition.accounts import run_two_accounts  # noqa: PLC0415 - needs what is installed
    from e2e.composition.bucket import Bucket  # noqa: PLC0415 - the same
    from e2e.composition.page import follow  # noqa: PLC0415 - the same
    from e2e.composition.stores import keep_state_in_each  # noqa: PLC0415 - the same

    with tempfile.TemporaryDirectory() as folder, Bucket() as bucket:
        keep_state_in_each(Path(folder) / "stores", bucket)
        run_two_accounts(Path(folder) / "accounts")
        follow(Path(folder) / "page", bucket)


if __name__ == "__main__":
    dev.enter(VENV, dev.CONSTRAINTS, *PACKAGES)
    main()
