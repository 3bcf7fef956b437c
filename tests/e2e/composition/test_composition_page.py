#!/usr/bin/env python3
"""Runs the two projects of docs/composition.md for real, and checks what comes out."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[3]))

import dev  # noqa: E402 - at the top of the repository


def main() -> None:
    """Install the plugins, start PostgreSQL, run both projects."""
    from e2e.checks import say  # noqa: PLC0415 - as below
    from e2e.composition.postgresql import PASSWORD, PostgreSQL  # noqa: PLC0415 - needs what is installed
    from e2e.composition.project import Project  # noqa: PLC0415 - the same
    from e2e.composition.shop import sell_and_send  # noqa: PLC0415 - the same
    from e2e.composition.warehouses import fill_and_ask  # noqa: PLC0415 - the same

    project = Project(HERE / ".project")
    say("Plugins")
    project.run("meltano install")
    with PostgreSQL() as server:
        project.environment |= {"TARGET_POSTGRES_PASSWORD": PASSWORD, "TAP_SHOP_PASSWORD": PASSWORD}
        say("Freshchat into a warehouse")
        fill_and_ask(project, server)
        say("A database into Segment")
        sell_and_send(project, server)


if __name__ == "__main__":
    dev.enter()
    main()
