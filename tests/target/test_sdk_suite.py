"""The SDK's standard tests, the one that the SDK disables, and ours in place of two of them."""

import importlib.resources
import io
import json

import pytest
from singer_sdk.testing import get_target_test_class, target_test_streams
from singer_sdk.testing.suites import SingerTestSuite, target_tests

from target_segment.target import TargetSegment

CONFIG = {
    "dry_run": True,
    "preset": "none",
    # Any stream: a track call named after it, with its key or its `id` as the user.
    "streams": {"*": {"anonymous_id": [{"key": True}, "id"]}},
}

# The SDK expects an exception from both. To end a run for a schema without properties, or for one
# record without its key, would lose the rest of the run: the first is a schema that checks nothing,
# and the record is a dead letter. The tests below hold this.
_OTHER_OUTCOME = {"invalid_schema", "record_missing_key_property"}
_SUITE = SingerTestSuite(
    kind="target", tests=[each for each in target_tests.tests if each.name not in _OTHER_OUTCOME]
)

TestSinger = get_target_test_class(
    TargetSegment, config=CONFIG, custom_suites=[_SUITE], include_target_tests=False
)


@pytest.fixture(autouse=True)
def _files_in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def listen(config, stream_file):
    """Run the target on an input of the SDK's tests; return it."""
    file = importlib.resources.files(target_test_streams) / stream_file
    target = TargetSegment(config=config)
    target.listen(io.StringIO(file.read_text()))
    return target


def test_the_schema_without_properties_of_the_sdks_tests_is_a_schema():
    target = listen(CONFIG, "invalid_schema.singer")
    assert target.get_sink("test_invalid_schema").original_schema["properties"] == {}


def test_the_record_without_its_key_of_the_sdks_tests_is_a_dead_letter(tmp_path):
    listen(CONFIG, "record_missing_key_property.singer")
    [entry] = map(json.loads, (tmp_path / "dead_letters.jsonl").read_text().splitlines())
    assert entry["reason"]["code"] == "missing_key"
    assert entry["record"] == {"metric": 8214}


def test_every_state_of_the_sdks_disabled_test_is_relayed_as_soon_as_it_is_safe(
    capsys,
):
    """Upstream's `multiple_state_messages`, which targets on the SDK's own drains cannot pass."""
    file = importlib.resources.files(target_test_streams) / "multiple_state_messages.singer"
    text = file.read_text()
    messages = [json.loads(line) for line in text.splitlines()]
    TargetSegment(config={**CONFIG, "state_flush_seconds": 0}).listen(io.StringIO(text))
    relayed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert relayed == [message["value"] for message in messages if message["type"] == "STATE"]
