"""Guide of the target: every example works."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from target_segment.dead_letters import read_dead_letters
from target_segment.mapping.compiler import SETTINGS
from target_segment.target import TargetSegment
from target_segment.tracking_plan import print_tracking_plan

GUIDE = (Path(__file__).parents[2] / "docs" / "target.md").read_text(encoding="utf-8")


def examples(language):
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("text", examples("yaml"))
def test_every_example_of_settings_compiles(text):
    target = TargetSegment(config={"check_write_key": False, **yaml.safe_load(text)})
    assert target.settings.routing.streams


RECIPES = re.findall(r"^\| [^|]+ \| `({message_events: .+})` \|$", GUIDE, re.MULTILINE)


@pytest.mark.parametrize("text", RECIPES)
def test_every_recipe_is_a_complete_value_of_streams_that_keeps_the_preset(text):
    plain = TargetSegment(config={"dry_run": True}).settings.routing.streams["message_events"]
    config = {"dry_run": True, "streams": yaml.safe_load(text)}
    recipe = TargetSegment(config=config).settings.routing.streams["message_events"]
    assert recipe != plain
    assert recipe["properties"].items() >= plain["properties"].items()
    assert {each["path"] for each in recipe["when"]} >= {"message_type", "actor.type"}


def test_the_guide_has_recipes():
    assert len(RECIPES) == 4


@pytest.mark.parametrize("text", examples("json"))
def test_every_example_of_json_is_json(text):
    assert json.loads(text)


def test_the_first_example_yields_the_event_that_the_guide_describes(run, settings, segment):
    config = {**settings, **yaml.safe_load(examples("yaml")[0]), "write_key": "key-1"}
    record = json.loads(examples("json")[0])
    schema: dict[str, Any] = {"properties": {name: {} for name in record}}
    run(
        config,
        {"type": "SCHEMA", "stream": "orders", "schema": schema, "key_properties": ["id"]},
        {"type": "RECORD", "stream": "orders", "record": record},
    )
    [event] = segment.accepted
    assert (event["event"], event["userId"]) == ("Order Placed", "5")
    assert event["properties"] == {"total": 12.50, "currency": "EUR"}


def test_the_example_of_a_tracking_plan_is_that_of_the_first_example(capsys):
    target = TargetSegment(config=yaml.safe_load(examples("yaml")[0]))
    print_tracking_plan(target.settings, None)
    [rule] = json.loads(capsys.readouterr().out)
    assert rule == json.loads(examples("json")[2])
    Draft7Validator.check_schema(rule["jsonSchema"])


def test_the_example_of_a_dead_letter_can_be_read(tmp_path):
    path = tmp_path / "dead.jsonl"
    path.write_text(examples("json")[1])
    [entry] = read_dead_letters(path)
    assert entry.record == {"id": 7}


def test_every_setting_of_the_mapping_is_in_the_guide():
    assert [name for name in SETTINGS if f"`{name}`" not in GUIDE] == []


def test_every_setting_that_the_guide_names_exists():
    known = {*TargetSegment.config_jsonschema["properties"]}
    named = {name for text in examples("yaml") for name in yaml.safe_load(text)}
    assert named <= known
