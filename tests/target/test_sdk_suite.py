"""The SDK's standard tests, all of them, and the one that the SDK disables."""

import importlib.resources
import io
import json

import pytest
from singer_sdk.testing import get_target_test_class, target_test_streams

from target_segment.target import TargetSegment

CONFIG = {
    "dry_run": True,
    "preset": "none",
    # Any stream: a track call named after it, with its key or its `id` as the user.
    "streams": {"*": {"anonymous_id": [{"key": True}, "id"]}},
}

TestSinger = get_target_test_class(TargetSegment, config=CONFIG)


@pytest.fixture(autouse=True)
def _files_in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


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
