"""Tap and target end to end: real processes, a real socket, compared with the ground truth."""

import json
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import pytest
from fakes.pipeline import expected_events, key_of_event, start_pipeline
from fakes.segment import FakeSegment

pytestmark = pytest.mark.e2e

URL = "sandbox://?report_jobs_per_minute=30&conversations_per_day=16"
# A run has some 25 batches of this size, so that it can be killed in the middle.
BODY = 40


@pytest.fixture
def segment():
    with FakeSegment() as server:
        yield server


class Pipelines:
    """Runs over one period of the sandbox, in one folder, to one server."""

    def __init__(self, folder, segment):
        self.folder, self.segment = folder, segment
        now = datetime.now(timezone.utc).replace(microsecond=0)
        self.start, self.end = now - timedelta(days=3), now - timedelta(hours=2)
        self.tap = {
            "api_url": URL,
            "start_date": self.start.isoformat(),
            "end_date": self.end.isoformat(),
            "report_window_days": 1,
            "report_jobs_per_minute": 30,
        }
        self.target = {
            "write_key": "key-1",
            "api_url": segment.api_url,
            "cdn_url": segment.cdn_url,
            "batch_max_events": BODY,
            "max_events_per_second": 0,
            "state_flush_seconds": 1,
        }

    def launch(self):
        return start_pipeline(self.folder, self.tap, self.target)

    @property
    def truth(self):
        return expected_events(URL, self.start, self.end)

    def check_whole(self):
        """Everything is received, nothing is invented, and each event has one message id."""
        ids = defaultdict(set)
        twice = [event for event, why in self.segment.swallowed if why == "duplicate"]
        for event in [*self.segment.accepted, *twice]:
            ids[key_of_event(event)].add(event["messageId"])
        truth = self.truth
        assert ids.keys() == truth.keys()
        assert all(len(each) == 1 for each in ids.values())
        assert len(self.segment.accepted) == len(truth)
        assert {why for _, why in self.segment.swallowed} <= {"duplicate"}
        assert self.segment.complaints == []


@pytest.fixture
def pipelines(tmp_path, segment):
    return Pipelines(tmp_path, segment)


def test_everything_that_happened_reaches_segment_once_with_its_time_and_identity(
    pipelines, segment
):
    assert pipelines.launch().wait() == (0, 0)
    pipelines.check_whole()
    assert segment.swallowed == []
    truth = pipelines.truth
    for event in segment.accepted:
        true_event = truth[key_of_event(event)]
        assert event.get("userId") == true_event.reference_id
        assert event["anonymousId"] == (true_event.user_id or true_event.agent_id)
    kinds = {each.kind for each in truth.values()}
    assert kinds == {
        *("created", "assigned_to_agent", "assigned_to_group", "resolved", "reopened"),
        *("message", "availability", "intelliassign"),
    }


def test_a_second_run_sends_nothing_twice(pipelines, segment):
    pipelines.launch().wait()
    count = len(segment.accepted)
    assert pipelines.launch().wait() == (0, 0)
    assert len(segment.accepted) == count
    assert segment.swallowed == []


@pytest.mark.parametrize("victim", ["tap", "target", "both"])
@pytest.mark.parametrize("after", [1, 7, 16])
def test_a_killed_run_resumes_without_loss_or_new_ids(pipelines, segment, victim, after):
    pipeline = pipelines.launch()
    for _ in range(after):
        assert segment.arrived.acquire(timeout=30)
    if victim in {"tap", "both"}:
        pipeline.tap.kill()
    if victim in {"target", "both"}:
        pipeline.target.kill()
    pipeline.wait()
    assert pipelines.launch().wait() == (0, 0), pipeline.log("target")
    pipelines.check_whole()


def test_state_is_never_ahead_of_what_was_received(pipelines, segment):
    pipeline = pipelines.launch()
    for _ in range(12):
        assert segment.arrived.acquire(timeout=30)
    pipeline.target.kill()
    pipeline.wait()
    bookmarks = json.loads((pipelines.folder / "state.json").read_text())["bookmarks"]
    names = {
        "agent_activity": {"onAgentActivityCreate"},
        "conversation_events": {"onConversationCreate", "onConversationUpdate"},
        "message_events": {"onMessageCreate"},
    }
    received = {key_of_event(event) for event in segment.accepted}
    covered = {
        key
        for key, true_event in pipelines.truth.items()
        for stream, events in names.items()
        if true_event.event in events
        and "replication_key_value" in bookmarks.get(stream, {})
        and true_event.time < datetime.fromisoformat(bookmarks[stream]["replication_key_value"])
    }
    assert covered
    assert covered <= received


def test_without_a_write_key_the_run_ends_in_one_line(pipelines):
    del pipelines.target["write_key"]
    pipeline = pipelines.launch()
    assert pipeline.wait()[1] == 1
    [line] = [each for each in pipeline.log("target").splitlines() if "ERROR" in each]
    assert "write_key" in line


def test_no_log_holds_a_key_or_the_text_of_a_message(pipelines, segment, monkeypatch):
    monkeypatch.setenv("LOGLEVEL", "DEBUG")
    pipeline = pipelines.launch()
    pipeline.wait()
    logs = pipeline.log("tap") + pipeline.log("target")
    assert "key-1" not in logs
    texts = {
        each["properties"]["message_text"]
        for each in segment.accepted
        if len(each["properties"].get("message_text") or "") > 15
    }
    emails = {(each["properties"].get("actor") or {}).get("email") for each in segment.accepted} - {
        None
    }
    assert texts
    assert emails
    assert not [each for each in texts | emails if each in logs]
