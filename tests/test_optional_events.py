"""Optional events through Meltano, as docs/events.md shows them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from fakes.documents import blocks
from fakes.meltano import ROOT, Project, events

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e
PAGE = {each.comment: each.text for each in blocks(ROOT / "docs" / "events.md")}
# Enough ratings in the last day, and report jobs that need not wait for one another.
SANDBOX = "sandbox://?report_jobs_per_minute=60&conversations_per_day=30"


def test_the_recipe_of_the_page_sends_ratings_of_customers(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.environment["TAP_FRESHCHAT_API_URL"] = SANDBOX
    finished = project.shell(PAGE["run by tests/test_optional_events.py"])
    assert finished.returncode == 0, finished.stderr
    sent = [each for each in events(project.folder, "output/try") if each["type"] == "track"]
    names = Counter(each["event"] for each in sent)
    assert names.keys() == {
        *("onConversationCreate", "onConversationUpdate", "onMessageCreate", "onCsatSubmit"),
    }
    for each in sent:
        if each["event"] == "onCsatSubmit":
            assert 1 <= each["properties"]["rating"] <= 5
            assert each["anonymousId"] == each["properties"]["actor"]["id"]
