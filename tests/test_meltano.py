"""Tap and target under Meltano, offline, as the repository ships them."""

import json
import re
import shlex
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from importlib import resources
from typing import Any

import jsonschema
import pytest
import yaml
from fakes.meltano import ROOT, Project, events, shipped
from fakes.pipeline import truth

from target_segment.target import TargetSegment

# Few conversations, and report jobs that need not wait for one another.
OPTIONS = "report_jobs_per_minute=60&conversations_per_day=6"
EVENTS = {
    "onAgentActivityCreate",
    "onConversationCreate",
    "onConversationUpdate",
    "onMessageCreate",
}


HUB = sorted((ROOT / "deploy" / "hub").glob("*/*/*.yml"))


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


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
def test_the_four_jobs_run_at_once_in_one_folder_each_with_its_own_state_and_files(project):
    project.environment["FRESHCHAT_SANDBOX_OPTIONS"] = OPTIONS
    # Makes Meltano's database, which cannot be made four times at once.
    assert project("state", "list").returncode == 0
    jobs = [each["name"] for each in shipped()["jobs"]]
    for running in [project.start("run", job) for job in jobs]:
        _, log = running.communicate(timeout=120)
        assert running.returncode == 0, log

    assert set(project("state", "list").stdout.split()) == {
        "sandbox:tap-freshchat-to-target-segment",
        "sandbox:tap-freshchat-entities-to-target-segment-entities",
        "sandbox:tap-freshchat-history-to-target-segment-history",
        "sandbox:tap-freshchat-try-to-target-segment-try",
    }
    assert {event["type"] for event in events(project.folder, "output/entities")} == {"identify"}
    live, past = events(project.folder), events(project.folder, "output/history")
    assert {event["type"] for event in live + past} == {"track"}
    assert max(event["timestamp"] for event in past) < min(event["timestamp"] for event in live)
    assert all(event["context"]["active"] is False for event in past)
    assert all(event["integrations"]["All"] is False for event in past)


def test_every_schedule_has_a_job_and_a_backfill_or_trial_has_no_schedule():
    jobs = {each["name"] for each in shipped()["jobs"]}
    assert {each["job"] for each in shipped()["schedules"]} == jobs - {"backfill", "try"}


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


# The recipes of docs/target.md, all at once, in the three ways that Meltano has for settings.
MESSAGES: dict[str, dict[str, Any]] = {
    "when": {"actor.type": ["user", "agent"]},
    "add_properties": {"channel_name": "associations.channel.name"},
    "context": {"agent": "associations.agent"},
}
OTHERS = {
    "event_names": {"onMessageCreate": "Message Posted"},
    "drop_properties": ["message_text", "message.messages"],
    "hash_properties": ["associations.user.email"],
    "include_events": ["Message Posted"],
    "integrations": {"All": False},
    "context": {"campaign.name": "support"},
    "truncate_properties": ["message.properties.note"],
}


def set_in_yaml(project, channels, settings):
    shipped = yaml.safe_load((project.folder / "meltano.yml").read_text())
    when = {**MESSAGES["when"], "channel_id": channels}
    config = {**settings, "streams": {"message_events": {**MESSAGES, "when": when}}}
    shipped["plugins"]["loaders"][0]["config"] = config
    (project.folder / "meltano.yml").write_text(yaml.safe_dump(shipped))


def set_in_variables(project, channels, settings):
    # Meltano removes names with a dot from JSON.
    when = [{"path": "actor.type", "not": "bot"}, {"path": "channel_id", "in": channels}]
    streams = {"message_events": {**MESSAGES, "when": when}}
    settings = {**settings, "context": {"campaign": {"name": "support"}}, "streams": streams}
    for name, value in settings.items():
        project.environment[f"TARGET_SEGMENT_{name.upper()}"] = json.dumps(value)


def set_by_command(project, channels, settings):
    stream = "streams.message_events"
    values = {
        f"{stream}.when.channel_id": channels,
        f"{stream}.when.actor.type": {"not": "bot"},
        f"{stream}.add_properties.channel_name": "associations.channel.name",
        f"{stream}.context": MESSAGES["context"],
        "event_names.onMessageCreate": "Message Posted",
        "integrations.All": "false",
        "context.campaign.name": "support",
    }
    values |= {name: value for name, value in settings.items() if isinstance(value, list)}
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value)
        assert project("config", "set", "target-segment", name, text).returncode == 0


@pytest.fixture
def messages(project):
    """Run the messages of a period; return the events and the ground truth of that period."""
    end = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=2)
    start = end - timedelta(days=2)
    project.environment |= {
        "FRESHCHAT_SANDBOX_OPTIONS": OPTIONS,
        "TAP_FRESHCHAT_START_DATE": start.isoformat(),
        "TAP_FRESHCHAT_END_DATE": end.isoformat(),
        "TAP_FRESHCHAT__SELECT": '["message_events.*"]',
    }
    happened = [
        each for each in truth(f"sandbox://?{OPTIONS}", start, end) if each.kind == "message"
    ]

    def run():
        finished = project("run", "tap-freshchat", "target-segment")
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return events(project.folder)

    return run, happened


@pytest.mark.e2e
@pytest.mark.parametrize("configure", [set_in_yaml, set_in_variables, set_by_command])
def test_each_recipe_of_the_guide_works_in_each_way_that_meltano_has(project, messages, configure):
    run, happened = messages
    # Two channels, one of which has private notes.
    private = {each.channel_id for each in happened if each.message_type == "private"}
    channels = [min(private), min({each.channel_id for each in happened} - {min(private)})]
    configure(project, channels, OTHERS)
    sent = run()
    here = [each for each in happened if each.channel_id in channels]
    assert {each.actor_type for each in here} >= {"user", "agent", "bot"}
    assert "private" in {each.message_type for each in here}
    assert len(here) < len(happened)
    wanted = {
        each.message_id
        for each in here
        if each.actor_type in ("user", "agent") and each.message_type == "normal"
    }
    assert sorted(each["properties"]["message_id"] for each in sent) == sorted(wanted)
    assert {each["event"] for each in sent} == {"Message Posted"}
    for each in sent:
        properties, context = each["properties"], each["context"]
        associations = properties["associations"]
        assert properties["channel_name"] == associations["channel"]["name"]
        # The preset's own stay.
        assert properties["channel_id"] == associations["channel"]["id"]
        assert context.get("agent") == associations.get("agent")
        assert context["campaign"] == {"name": "support"}
        assert each["integrations"] == {"All": False}
        assert "message_text" not in properties
        assert "messages" not in properties["message"]
        email = associations["user"].get("email")
        assert email is None or re.fullmatch("[0-9a-f]{64}", email)
    users = [each["properties"]["associations"]["user"].get("email") for each in sent]
    assert any(users)
    assert sha256(b"").hexdigest() not in users


@pytest.mark.e2e
def test_the_commands_of_the_page_set_what_the_page_says(project):
    page = (ROOT / "docs" / "meltano.md").read_text()
    commands = re.findall(r"^meltano (config set .+)$", page, re.MULTILINE)
    for command in commands:
        assert project(*shlex.split(command)).returncode == 0
    config = json.loads(project("config", "print", "target-segment").stdout)
    settings = TargetSegment(config={**config, "dry_run": True}).settings
    assert len(commands) == 3
    [channel, actor] = settings.routing.streams["message_events"]["when"][-2:]
    assert channel == {"path": "channel_id", "in": ["channel-1", "channel-2"]}
    assert actor == {"path": "actor.type", "not": ["bot"]}
    assert settings.routing.rules.privacy.hashed == ["associations.user.email"]


@pytest.mark.e2e
def test_private_notes_are_sent_only_if_a_condition_names_them(project, messages):
    run, happened = messages
    project.environment["TARGET_SEGMENT_STREAMS"] = json.dumps(
        {"message_events": {"when": {"message_type": ["private"]}}}
    )
    notes = {each.message_id for each in happened if each.message_type == "private"}
    assert notes
    assert {each["properties"]["message_id"] for each in run()} == notes


@pytest.mark.e2e
def test_names_with_dots_in_a_mapping_survive_meltano(project):
    """Meltano makes nested names of them in YAML, and removes them from JSON in a variable."""
    streams = {
        "subscriptions": {
            "event": {"value": "Changed"},
            "user_id": "owner",
            "when": {"plan.kind": ["monthly"]},
        },
        "stripe": {
            "event": {"path": "type", "map": {"invoice.paid": "Invoice Paid"}},
            "user_id": "owner",
        },
    }
    shipped = yaml.safe_load((project.folder / "meltano.yml").read_text())
    config = {"preset": "none", "streams": streams, "event_names": {"Changed": "Plan Changed"}}
    shipped["plugins"]["loaders"][0]["config"] = config
    (project.folder / "meltano.yml").write_text(yaml.safe_dump(shipped))
    plans = [
        {"id": n, "owner": "u", "plan": {"kind": kind}} for n, kind in enumerate(["monthly", "x"])
    ]
    records = {"subscriptions": plans, "stripe": [{"id": 3, "owner": "u", "type": "invoice.paid"}]}
    lines = []
    for stream, rows in records.items():
        schema: dict[str, Any] = {"properties": {name: {} for name in rows[0]}}
        lines.append(
            {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["id"]}
        )
        lines += [{"type": "RECORD", "stream": stream, "record": row} for row in rows]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    finished = project("invoke", "target-segment", stdin=text)
    assert finished.returncode == 0, finished.stderr
    assert [each["event"] for each in events(project.folder)] == ["Plan Changed", "Invoice Paid"]

    del config["streams"]
    (project.folder / "meltano.yml").write_text(yaml.safe_dump(shipped))
    project.environment["TARGET_SEGMENT_STREAMS"] = json.dumps(streams)
    refused = project("invoke", "target-segment", stdin=text)
    assert refused.returncode == 1
    assert "streams.subscriptions.when: is empty" in refused.stderr


@pytest.mark.e2e
def test_production_without_an_account_names_the_setting(project):
    finished = project("--environment=prod", "run", "live-events")
    assert finished.returncode == 1
    assert "api_url" in finished.stdout + finished.stderr


def test_the_project_file_fits_meltanos_own_schema():
    jsonschema.validate(shipped(), schema())


@pytest.mark.e2e
def test_readme_project_file_and_hub_definitions_agree_with_the_code():
    finished = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], check=False
    )
    assert finished.returncode == 0, "run: python3 dev.py docs"
