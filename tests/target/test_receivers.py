"""Receivers of the guide: Segment, a custom domain, RudderStack, Jitsu and Customer.io."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from fakes.receivers import FakeCustomerIo, FakeJitsu, FakeReceiver, FakeRudderStack

from target_segment.config_schema import API_URLS
from target_segment.target import TargetSegment

GUIDE = (Path(__file__).parents[2] / "docs" / "target.md").read_text(encoding="utf-8")
SECTION = GUIDE.partition("## Receivers\n")[2].partition("\n## ")[0]
BLOCKS = {
    name: yaml.safe_load(text)
    for name, text in re.findall(r"### (.+?)\n.*?```yaml\n(.*?)```", SECTION, re.DOTALL)
}

SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"properties": {"id": {}, "user": {}, "kind": {}}},
    "key_properties": ["id"],
}
STATE = {"type": "STATE", "value": {"n": 1}}


def records(*kinds):
    return [
        {"type": "RECORD", "stream": "orders", "record": {"id": number, "user": "u", "kind": kind}}
        for number, kind in enumerate(kinds)
    ]


@pytest.fixture
def settings_of(settings):
    """Settings of a block of the guide, with a local host in place of its own."""

    def make(name, host_url):
        block = BLOCKS[name]
        api_url = block.get("api_url") or API_URLS["us"]
        return {
            "dead_letter_path": settings["dead_letter_path"],
            "preset": "none",
            "streams": {"orders": {"user_id": "user", "event": "kind"}},
            "check_write_key": block.get("check_write_key", True),
            **block,
            "api_url": host_url + urlsplit(api_url).path,
        }

    return make


def test_the_guide_has_a_block_of_settings_for_each_receiver():
    names = ["Segment", "Your own domain", "RudderStack", "Jitsu", "Customer.io"]
    assert list(BLOCKS) == names


@pytest.mark.parametrize(("name", "looks_up"), [(name, name == "Segment") for name in BLOCKS])
def test_only_segment_knows_the_write_key_of_the_guide(name, looks_up):
    receiver = TargetSegment(config=BLOCKS[name]).settings.receiver
    assert (receiver.key_check_url is not None) == looks_up
    assert receiver.is_segment == looks_up


@pytest.mark.parametrize("name", ["Segment", "Your own domain"])
def test_segment_accepts_events_at_its_own_address_and_at_yours(run, segment, settings_of, name):
    segment.write_keys = {BLOCKS[name]["write_key"]}
    finished = run(settings_of(name, segment.cdn_url), SCHEMA, *records("a", "b"), STATE)
    assert (finished.status, finished.states) == (0, [{"n": 1}])
    assert segment.names == ["a", "b"]
    assert segment.complaints == []


OTHERS = [("RudderStack", FakeRudderStack), ("Jitsu", FakeJitsu), ("Customer.io", FakeCustomerIo)]


@pytest.fixture
def receiver(request):
    name, kind = request.param
    with kind(BLOCKS[name]["write_key"]) as server:
        server.name = name
        yield server


each_receiver = pytest.mark.parametrize("receiver", OTHERS, indirect=True, ids=lambda each: each[0])


@each_receiver
def test_the_settings_of_the_guide_deliver_to_the_receiver(run, settings_of, receiver):
    config = settings_of(receiver.name, receiver.host_url)
    finished = run(config, SCHEMA, *records("a", "b", "c"), STATE)
    assert (finished.status, finished.states, finished.errors) == (0, [{"n": 1}], [])
    assert [event["event"] for event in receiver.accepted] == ["a", "b", "c"]
    assert len(receiver.requests) == 1


@each_receiver
def test_a_wrong_write_key_ends_the_run_without_state(run, settings_of, receiver):
    config = {**settings_of(receiver.name, receiver.host_url), "write_key": "another:key"}
    finished = run(config, SCHEMA, *records("a"), STATE)
    assert (finished.status, finished.states) == (1, [])
    assert "write_key" in finished.errors[0]
    assert receiver.accepted == []


def test_jitsu_gets_no_event_twice_when_it_rejects_one(run, settings_of, dead):
    with FakeJitsu(BLOCKS["Jitsu"]["write_key"]) as receiver:
        config = settings_of("Jitsu", receiver.host_url)
        finished = run(config, SCHEMA, *records("a", "no;name", "b"), STATE)
    assert (finished.status, finished.states) == (0, [{"n": 1}])
    assert [event["event"] for event in receiver.accepted] == ["a", "b"]
    [letter] = dead()
    assert letter["event"]["event"] == "no;name"


class Unready(FakeReceiver):
    """A receiver that accepts a batch without an acknowledgement."""

    text = "Please sign in"

    def respond(self, _headers, _body):
        return 200, "text/plain", self.text


@pytest.mark.parametrize("text", ["Please sign in", '{"error": "x"}', '{"success": "false"}'])
def test_without_an_acknowledgement_the_run_ends_and_nothing_is_lost(
    run, settings_of, settings, text
):
    with Unready("k") as receiver:
        receiver.text = text
        config = {**settings_of("RudderStack", receiver.host_url), "max_retry_seconds": 0}
        finished = run(config, SCHEMA, *records("a"), STATE)
    assert (finished.status, finished.states) == (1, [])
    assert "HTTP 200 without an acknowledgement" in finished.errors[0]
    assert not Path(settings["dead_letter_path"]).exists()
