"""The two projects of docs/composition.md, with real plugins and a PostgreSQL server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.composition.postgresql import PASSWORD, PostgreSQL
from e2e.composition.project import Project
from e2e.composition.shop import sell_and_send
from e2e.composition.warehouses import fill_and_ask

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.composition


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with PostgreSQL() as running:
        yield running


@pytest.fixture(scope="module")
def project() -> Project:
    """The project of the page; its installed plugins are kept for the next call."""
    made = Project(Path(__file__).parent / ".project")
    made.run("meltano install")
    made.environment |= {"TARGET_POSTGRES_PASSWORD": PASSWORD, "TAP_SHOP_PASSWORD": PASSWORD}
    return made


def test_freshchat_fills_files_duckdb_and_postgresql_alike(
    project: Project,
    server: PostgreSQL,
) -> None:
    fill_and_ask(project, server)


def test_a_database_sends_each_row_to_segment_once(project: Project, server: PostgreSQL) -> None:
    sell_and_send(project, server)
