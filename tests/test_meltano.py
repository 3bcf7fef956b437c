"""Tap and target under Meltano, offline, as the repository ships them."""

import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
# Few conversations, and report jobs that need not wait for one another.
SMALL_DESK = "sandbox://?report_jobs_per_minute=60&conversations_per_day=6"
EVENTS = {
    "onAgentActivityCreate",
    "onConversationCreate",
    "onConversationUpdate",
    "onMessageCreate",
}


HUB = sorted((ROOT / "deploy" / "hub").glob("*/*/*.yml"))


class Project:
    """A folder with the shipped meltano.yml, in which Meltano runs."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        shutil.copy(ROOT / "meltano.yml", folder)

    def __call__(self, *arguments):
        return subprocess.run(
            [BIN / "meltano", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self, *arguments):
        return subprocess.Popen(
            [BIN / "meltano", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def bodies(folder, output="output"):
    files = sorted((folder / output).glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def events(folder, output="output"):
    return [event for body in bodies(folder, output) for event in body["batch"]]


def shipped():
    return yaml.safe_load((ROOT / "meltano.yml").read_text())


def schema():
    return json.loads(
        resources.files("meltano.schemas").joinpath("meltano.schema.json").read_text()
    )


@pytest.mark.e2e
def test_the_main_job_delivers_all_four_events_and_a_second_run_nothing_twice(project):
    first = project("run", "tap-freshchat", "target-segment")
    assert first.returncode == 0, first.stdout + first.stderr
    assert {event["event"] for event in events(project.folder)} == EVENTS
    assert (project.folder / "meltano.yml").read_text() == (ROOT / "meltano.yml").read_text()

    second = project("run", "live-events")
    assert second.returncode == 0, second.stdout + second.stderr
    ids = [event["messageId"] for event in events(project.folder)]
    assert len(set(ids)) == len(ids)


@pytest.mark.e2e
def test_the_three_jobs_run_at_once_in_one_folder_each_with_its_own_state_and_files(project):
    project.environment["TAP_FRESHCHAT_API_URL"] = SMALL_DESK
    # Makes Meltano's database, which cannot be made three times at once.
    assert project("state", "list").returncode == 0
    jobs = [each["name"] for each in shipped()["jobs"]]
    for running in [project.start("run", job) for job in jobs]:
        _, log = running.communicate(timeout=120)
        assert running.returncode == 0, log

    assert set(project("state", "list").stdout.split()) == {
        "sandbox:tap-freshchat-to-target-segment",
        "sandbox:tap-freshchat-entities-to-target-segment-entities",
        "sandbox:tap-freshchat-history-to-target-segment-history",
    }
    assert {event["type"] for event in events(project.folder, "output/entities")} == {"identify"}
    live, past = events(project.folder), events(project.folder, "output/history")
    assert {event["type"] for event in live + past} == {"track"}
    assert max(event["timestamp"] for event in past) < min(event["timestamp"] for event in live)
    assert all(event["context"]["active"] is False for event in past)
    assert all(event["integrations"]["All"] is False for event in past)


def test_every_schedule_has_a_job_and_a_backfill_has_no_schedule():
    jobs = {each["name"] for each in shipped()["jobs"]}
    assert {each["job"] for each in shipped()["schedules"]} == jobs - {"backfill"}


@pytest.mark.e2e
@pytest.mark.parametrize("definition", HUB, ids=lambda path: path.parent.name)
def test_a_hub_definition_adds_its_plugin_to_another_project(project, definition):
    [kind, name] = definition.relative_to(ROOT / "deploy" / "hub").parts[:2]
    (project.folder / "meltano.yml").write_text("project_id: own\n")
    added = project(
        *("add", "--plugin-type", kind, "--no-install", "--from-ref", str(definition), name)
    )
    assert added.returncode == 0, added.stderr
    own = yaml.safe_load((project.folder / "meltano.yml").read_text())
    jsonschema.validate(own, schema())
    [plugin] = own["plugins"][kind]
    ours = shipped()["plugins"][kind][0]
    assert plugin["settings"] == ours["settings"]
    assert sorted(plugin["capabilities"]) == sorted(ours["capabilities"])


def test_each_plugin_has_a_hub_definition():
    assert {path.parent.name for path in HUB} == {"tap-freshchat", "target-segment"}


@pytest.mark.e2e
def test_every_setting_reaches_its_plugin_from_the_environment(project):
    """Meltano hands settings on as JSON, which not every kind of setting survives."""
    plugins = shipped()["plugins"]
    values = {
        "string": "sandbox",
        "integer": "7",
        "boolean": "true",
        "array": "[]",
        "object": "{}",
        "date_iso8601": "2026-11-01",
    }
    for plugin in [plugins["extractors"][0], plugins["loaders"][0]]:
        prefix = plugin["name"].upper().replace("-", "_")
        for setting in plugin["settings"]:
            value = setting["options"][0]["value"] if "options" in setting else None
            project.environment[f"{prefix}_{setting['name'].upper()}"] = (
                value or values[setting["kind"]]
            )
        finished = project("config", "print", plugin["name"])
        assert finished.returncode == 0, finished.stderr
        config = json.loads(finished.stdout)
        missing = {setting["name"].split(".")[0] for setting in plugin["settings"]} - set(config)
        assert not missing
        # Only a start of the plugin writes the settings down for it.
        assert project("invoke", plugin["name"], "--about").returncode == 0


@pytest.mark.e2e
def test_production_without_an_account_names_the_setting(project):
    finished = project("--environment=prod", "run", "live-events")
    assert finished.returncode == 1
    assert "api_url" in finished.stdout + finished.stderr


def test_the_project_file_fits_meltanos_own_schema():
    jsonschema.validate(shipped(), schema())


def test_readme_project_file_and_hub_definitions_agree_with_the_code():
    finished = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], check=False
    )
    assert finished.returncode == 0, "run: python3 dev.py docs"
