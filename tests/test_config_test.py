"""`meltano config test` of both plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.documents import blocks
from fakes.meltano import ROOT, Project, events
from fakes.segment import FakeSegment

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e
HERE = "tests/test_config_test.py"
# What Meltano 4.4 says of a loader that passed. After it, it fails itself for every loader: it
# terminates a process that has ended (finally in LoaderTestService.validate).
PASSED = "Test data was written to your target system"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_tap_passes_in_the_sandbox_environment(project: Project) -> None:
    finished = project("--environment=sandbox", "config", "test", "tap-freshchat")
    assert finished.returncode == 0, finished.stderr
    assert "Plugin configuration is valid" in finished.stdout


def test_the_commands_of_the_page_are_those_of_the_tests() -> None:
    [block] = [
        each for each in blocks(ROOT / "docs" / "meltano.md") if each.comment == f"run by {HERE}"
    ]
    assert block.text.split("\n")[:3] == [
        "meltano --environment=prod config test tap-freshchat",
        "meltano --environment=prod config test target-segment",
        "meltano --environment=prod invoke target-segment < /dev/null",
    ]


def test_a_wrong_setting_of_the_tap_is_named_in_one_line(project: Project) -> None:
    project.environment["TAP_FRESHCHAT_PAGE_SIZE"] = "0"
    finished = project("--environment=sandbox", "config", "test", "tap-freshchat")
    assert finished.returncode == 1
    [line] = [line for line in finished.stderr.splitlines() if "page_size" in line]
    assert "0 is less than the minimum of 1 in config['page_size']" in line


def test_the_target_passes_in_the_sandbox_environment(project: Project) -> None:
    finished = project("--environment=sandbox", "config", "test", "target-segment")
    assert PASSED in finished.stderr
    assert events(project.folder) == []


def test_the_target_passes_in_production_with_its_key_looked_up_and_nothing_sent(
    project: Project,
) -> None:
    with FakeSegment(("key",)) as segment:
        project.environment |= {
            "TARGET_SEGMENT_API_URL": segment.api_url,
            "TARGET_SEGMENT_CDN_URL": segment.cdn_url,
            "TARGET_SEGMENT_WRITE_KEY": "key",
            # Even a mapping for every stream does not send the test's record.
            "TARGET_SEGMENT_STREAMS": '{"*": {"user_id": "id"}}',
        }
        passed = project("--environment=prod", "config", "test", "target-segment")
        project.environment["TARGET_SEGMENT_WRITE_KEY"] = "other"
        failed = project("--environment=prod", "config", "test", "target-segment")
    assert PASSED in passed.stderr
    assert PASSED not in failed.stderr
    assert len(segment.looked_up) == 2
    assert segment.received == []


def test_a_wrong_setting_of_the_target_is_named_in_one_line(project: Project) -> None:
    project.environment["TARGET_SEGMENT_INCLUDE_EVENTS"] = '["nope"]'
    tested = project("--environment=sandbox", "config", "test", "target-segment")
    assert tested.returncode == 1
    assert PASSED not in tested.stderr
    # The command of the page: shows the line that Meltano's own error hides.
    shown = project("--environment=sandbox", "invoke", "target-segment", stdin="")
    assert shown.returncode == 1
    [line] = [line for line in shown.stderr.splitlines() if "include_events" in line]
    assert "unknown event 'nope'" in line


def test_a_stream_with_the_name_of_the_test_is_sent_if_a_mapping_names_it(
    project: Project,
) -> None:
    project.environment["TARGET_SEGMENT_STREAMS"] = '{"meltano_test_stream": {"user_id": "id"}}'
    project("--environment=sandbox", "config", "test", "target-segment")
    assert [event["userId"] for event in events(project.folder)] == ["1"]
