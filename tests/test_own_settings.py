"""A user's own settings in a file beside the shipped meltano.yml, as docs/meltano.md shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fakes.documents import blocks
from fakes.meltano import ROOT, Project, events

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e
PAGE = {each.comment: each.text for each in blocks(ROOT / "docs" / "meltano.md")}
FILE = "own.meltano.yml"
# Few conversations, and report jobs that need not wait for one another.
SANDBOX = "sandbox://?report_jobs_per_minute=60&conversations_per_day=6"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    (tmp_path / FILE).write_text(PAGE[f"file: {FILE}"])
    made.environment["TAP_FRESHCHAT_API_URL"] = SANDBOX
    return made


def test_the_settings_of_the_file_reach_every_plugin_for_events(project: Project) -> None:
    for name in ("target-segment", "target-segment-try", "target-segment-history"):
        config = json.loads(project("--environment=live", "config", "print", name).stdout)
        assert config["region"] == "eu"
        assert config["streams"]["message_events"]["when"] == {"actor": {"type": {"not": "bot"}}}
    for name in ("tap-freshchat", "tap-freshchat-try"):
        config = json.loads(project("--environment=live", "config", "print", name).stdout)
        assert config["report_time_zone"] == "Europe/Paris"


def test_the_trial_of_the_page_applies_the_settings_of_the_file(project: Project) -> None:
    finished = project.shell(PAGE["run by tests/test_own_settings.py"])
    assert finished.returncode == 0, finished.stderr
    sent = [each["properties"] for each in events(project.folder, "output/try")]
    messages = [each for each in sent if "message_id" in each]
    assert messages
    assert {each["actor"]["type"] for each in messages} == {"user", "agent"}
    assert all("channel_name" in each for each in messages)
