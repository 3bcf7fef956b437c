#!/usr/bin/env python3
"""Shows, on real parts, what docs/scale-out.md promises: Dagster, Meltano, both far ends."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
# The package itself, the far ends of the tests, and how the other proof says what it finds.
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(HERE.parent / "composition")]

import dev  # noqa: E402 - at the top of the repository

ENVIRONMENT = ROOT / "deploy" / "dagster" / ".venv"


def main() -> None:
    """The scenes, one after the other, then the table."""
    from e2e.checks import say  # noqa: PLC0415 - needs what is installed
    from e2e.dagster.scenarios import WORKERS, Proof  # noqa: PLC0415 - the same

    proof = Proof()
    proof.whole()
    proof.workers(1)
    proof.workers(WORKERS)
    proof.two_accounts()
    proof.without_shares()
    say(proof.table())


if __name__ == "__main__":
    dev.enter(ENVIRONMENT, ROOT / "deploy" / "dagster" / "constraints.txt")
    main()
