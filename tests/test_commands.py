"""Every command that the documents show runs as it is written.

Each page is followed from its first command to its last, as a reader would, in a folder with the
project file: against the embedded Freshchat and a fake Segment. The heavy ones are run by
`python3 tests/commands.py`.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from fakes.documents import COMPOSITION, HERE, NOWHERE, ROOT, SCRIPT, SHELL, blocks, commands, pages
from fakes.segment import FakeSegment

BIN = Path(sys.executable).parent
PREFIX = "command"
# What a reader has in .env, and a test in the environment.
GIVEN = [
    *("HOME", "TAP_FRESHCHAT_API_URL", "TAP_FRESHCHAT_API_TOKEN"),
    *(f"TARGET_SEGMENT_{name}" for name in ("WRITE_KEY", "API_URL", "CDN_URL")),
]
# Quick: as many report jobs as asked for, and a small desk.
SANDBOX = "sandbox://?report_jobs_per_minute=60&conversations_per_day=16"
BODY = {"batch": [{"type": "track", "event": "Seen", "anonymousId": "a", "messageId": "m" * 40}]}
LETTER = {
    "time": "2026-11-22T10:55:22+00:00",
    "stream": "orders",
    "reason": {"code": "refused", "text": "once"},
    "event": {
        "type": "track",
        "event": "Order Placed",
        "userId": "5",
        "messageId": "n" * 40,
        "timestamp": "2026-11-22T10:55:22Z",
        "properties": {},
    },
}


@pytest.fixture
def segment():
    with FakeSegment() as server:
        yield server


@dataclass(frozen=True)
class Follow:
    """Runs the commands of a page in a folder."""

    run: Callable[[str], str]
    folder: Path

    def __call__(self, page):
        return self.run(page)


@pytest.fixture
def follow(tmp_path, segment):
    """Run the commands of a page; each in the state that the one before left."""
    shutil.copy(ROOT / "meltano.yml", tmp_path)
    (tmp_path / ".venv").symlink_to(BIN.parent)
    surroundings = {
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
        "TAP_FRESHCHAT_API_URL": SANDBOX,
        "TAP_FRESHCHAT_API_TOKEN": "sandbox",
        "TAP_FRESHCHAT_REPORT_JOBS_PER_MINUTE": "60",
        "TARGET_SEGMENT_WRITE_KEY": "key-1",
        "TARGET_SEGMENT_API_URL": segment.api_url,
        "TARGET_SEGMENT_CDN_URL": segment.cdn_url,
        "TARGET_SEGMENT_MAX_EVENTS_PER_SECOND": "0",
    }

    def run(page):
        script = ["set -euo pipefail"]
        for block in blocks(ROOT / page):
            if block.language in SHELL and block.runner == HERE:
                cron = block.language == "cron"
                text = scheduled(block.text, tmp_path) if cron else block.text
                script += [f"echo '{PREFIX} {page}:{block.line}'", text]
        finished = subprocess.run(
            ["bash", "-c", "\n".join(script)],  # noqa: S607
            cwd=tmp_path,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
        reached = [each for each in finished.stdout.splitlines() if each.startswith(PREFIX)]
        # One that cannot be run like this says so: fakes/documents.py.
        assert finished.returncode == 0, f"{reached[-1:]}\n{finished.stderr[-3000:]}"
        return finished.stdout

    return Follow(run, tmp_path)


def scheduled(line, folder):
    """A line of cron's table as cron would run it: by sh, with next to nothing given."""
    *when, command = line.strip().split(" ", 5)
    assert len(when) == 5
    keep = " ".join(f'{name}="${name}"' for name in GIVEN)
    command = command.replace("/path/to/this", str(folder))
    return f"env -i PATH=/usr/bin:/bin {keep} sh -c '{command}'\n"


FOLLOWED = sorted({block.page for block in commands() if block.runner == HERE})
WITH_A_TEST = {"README.md", "docs/operations.md", "docs/target.md"}


@pytest.mark.e2e
def test_the_commands_of_the_readme_lead_to_live_events(follow, segment):
    follow("README.md")
    assert {event["event"] for event in segment.accepted} >= {
        "onConversationUpdate",
        "onMessageCreate",
    }
    assert stat.S_IMODE((follow.folder / ".env").stat().st_mode) == 0o600
    assert list((follow.folder / "output" / "try").glob("*.html"))
    ids = [event["messageId"] for event in segment.accepted]
    assert len(set(ids)) == len(ids)
    assert segment.swallowed == []
    assert json.loads((follow.folder / "state.json").read_text())["bookmarks"]


@pytest.mark.e2e
def test_the_operations_page_counts_backfills_and_replays(follow, segment):
    (follow.folder / "output").mkdir()
    (follow.folder / "output" / "segment.jsonl").write_text(json.dumps(BODY) + "\n")
    (follow.folder / "dead_letters.jsonl").write_text(json.dumps(LETTER) + "\n")
    assert "1 API calls, 1 users: 0 by userId" in follow("docs/operations.md")
    *history, replayed = segment.accepted
    assert replayed["event"] == "Order Placed"
    assert history
    assert all(event["context"]["active"] is False for event in history)
    assert not (follow.folder / "dead_letters.jsonl").exists()


@pytest.mark.e2e
def test_the_target_replays_and_prints_its_plan(follow, segment):
    [config, *_] = [each for each in blocks(ROOT / "docs/target.md") if each.language == "yaml"]
    urls = {"api_url": segment.api_url, "cdn_url": segment.cdn_url, "write_key": "key-1"}
    settings = {**yaml.safe_load(config.text), **urls}
    (follow.folder / "config.json").write_text(json.dumps(settings))
    catalog = {"streams": [{"stream": "orders", "schema": {"properties": {"total": {}}}}]}
    (follow.folder / "catalog.json").write_text(json.dumps(catalog))
    (follow.folder / "dead_letters.jsonl").write_text(json.dumps(LETTER) + "\n")
    follow("docs/target.md")
    assert [event["event"] for event in segment.accepted] == ["Order Placed"]
    [rule] = json.loads((follow.folder / "plan.json").read_text())
    assert rule["key"] == "Order Placed"


@pytest.mark.e2e
@pytest.mark.parametrize("page", [page for page in FOLLOWED if page not in WITH_A_TEST])
def test_the_commands_of_every_other_page_run_from_first_to_last(follow, page):
    follow(page)


ELSEWHERE = [block for block in commands() if block.runner != HERE]


@pytest.mark.parametrize("block", ELSEWHERE, ids=lambda block: f"{block.page}:{block.line}")
def test_a_block_names_the_existing_runner_of_its_commands_or_why_it_has_none(block):
    """See fakes/documents.py for what can be said."""
    if block.runner == NOWHERE:
        assert len(block.comment.removeprefix("not run: ").split()) > 2
        return
    assert (ROOT / block.runner).is_file()
    if block.runner == COMPOSITION:
        named = f'fragment("{block.comment}")'
    else:
        # The runner reads the commands from the page.
        named = "documents" if block.runner == SCRIPT else Path(block.page).name
    scripts = (ROOT / block.runner).parent.glob("*.py")
    assert any(named in path.read_text() for path in scripts)


def test_every_block_has_a_language_or_a_comment():
    nameless = [
        f"{block.page}:{block.line}"
        for page in pages()
        for block in blocks(page)
        if not block.language and not block.comment
    ]
    assert nameless == []
