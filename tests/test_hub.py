"""Projects that get both plugins from their Hub definitions."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from fakes.documents import blocks
from fakes.meltano import ROOT, Project, events
from fakes.services import LOOPBACK, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e
FOLDER = ROOT / "deploy" / "hub"
FILES = {path.parent.name: path for path in sorted(FOLDER.glob("*/*/*.yml"))}
KINDS = {"tap-freshchat": "extractors", "target-segment": "loaders"}
EVENTS = {
    "onAgentActivityCreate",
    "onConversationCreate",
    "onConversationUpdate",
    "onMessageCreate",
}


@pytest.fixture
def hub() -> Iterator[str]:
    """The API of a Hub that has both definitions; its URL."""
    definitions = {name: yaml.safe_load(path.read_text()) for name, path in FILES.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = json.dumps(self.answer()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def answer(self) -> Any:
            kind, name = self.path.split("/")[2:4]
            if name != "index":
                # Without a package, Meltano runs the program on the PATH.
                return {key: each for key, each in definitions[name].items() if key != "pip_url"}
            return {
                each: {
                    "logo_url": None,
                    "default_variant": FILES[each].stem,
                    "variants": {FILES[each].stem: {"ref": f"{url}/plugins/{kind}/{each}"}},
                }
                for each in definitions
                if KINDS[each] == kind
            }

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    url = f"http://{LOOPBACK}:{server.server_port}"
    with serving(server):
        yield url


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of its own, with the sandbox and a dry run as settings."""
    made = Project(tmp_path)
    (tmp_path / "meltano.yml").write_text("project_id: own\ndefault_environment: dev\n")
    with (tmp_path / "meltano.yml").open("a") as file:
        file.write("environments:\n- name: dev\n")
    options = "report_jobs_per_minute=60&conversations_per_day=6"
    made.environment |= {
        "TAP_FRESHCHAT_API_URL": f"sandbox://?{options}",
        "TARGET_SEGMENT_DRY_RUN": "true",
    }
    return made


def sent(project: Project) -> set[str]:
    finished = project("run", "tap-freshchat", "target-segment")
    assert finished.returncode == 0, finished.stderr
    return {event["event"] for event in events(project.folder)}


def test_a_project_with_the_plugins_of_the_hub_sends_the_four_events(
    project: Project, hub: str
) -> None:
    project.environment["MELTANO_HUB_API_ROOT"] = hub
    for name in KINDS:
        added = project("add", "--no-install", name)
        assert added.returncode == 0, added.stderr
    [lock] = (project.folder / "plugins" / "extractors").iterdir()
    select = yaml.safe_load(FILES["tap-freshchat"].read_text())["select"]
    assert json.loads(lock.read_text())["select"] == select
    assert sent(project) == EVENTS


def test_a_project_made_by_the_commands_of_the_page_sends_the_four_events(
    project: Project,
) -> None:
    page = blocks(ROOT / "docs" / "meltano.md")
    [block] = [each for each in page if each.comment == "run by tests/test_hub.py"]
    (project.folder / "deploy").symlink_to(ROOT / "deploy")
    finished = project.shell(block.text)
    assert finished.returncode == 0, finished.stderr
    # The package is not on an index: Meltano runs the programs on the PATH.
    file = project.folder / "meltano.yml"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if "pip_url" not in line))
    assert sent(project) == EVENTS
