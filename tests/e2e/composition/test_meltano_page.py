"""State stores, several accounts and the commands of docs/meltano.md, with real Meltano runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.composition.accounts import run_two_accounts
from e2e.composition.bucket import Bucket
from e2e.composition.page import follow
from e2e.composition.stores import keep_state_in_each

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.composition


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as running:
        yield running


def test_every_state_store_gives_the_same_events_and_state(tmp_path: Path, bucket: Bucket) -> None:
    keep_state_in_each(tmp_path / "stores", bucket)


def test_two_accounts_in_one_project_do_not_touch_each_other(tmp_path: Path) -> None:
    run_two_accounts(tmp_path / "accounts")


def test_the_commands_of_the_page_run_as_written(tmp_path: Path, bucket: Bucket) -> None:
    follow(tmp_path / "page", bucket)
