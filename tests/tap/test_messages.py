"""Message events with incomplete transcripts and wrong clocks."""

from datetime import datetime, timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

import freshchat_sandbox as sandbox
from tap_freshchat.errors import FreshchatError

HOUR = timedelta(hours=1)
# Many messages, so that some lie wherever a mistake would lose them.
MANY = {
    "url": "sandbox://?opened=2026-11-18&report_jobs_per_minute=60&conversations_per_day=200",
    "report_jobs_per_minute": 60,
    "streams": ("messages",),
    "start_date": (NOON - 6 * HOUR).isoformat(),
}


def ids(*runs):
    return {each["id"] for run in runs for each in run.records["messages"]}


@pytest.mark.e2e
@pytest.mark.parametrize("source", ["reports", "rest"])
def test_a_clock_that_is_ahead_loses_nothing_and_is_reported(source, caplog):
    options = {**MANY, "activity_source": source, "user_scope": "all"}
    wrong = run_tap(NOON, ahead=5 * HOUR, **options)
    assert sum("clock is 18000 seconds ahead" in each for each in caplog.messages) == 1
    right = run_tap(NOON + 6 * HOUR, wrong.state, **options)
    assert ids(wrong, right) == ids(run_tap(NOON + 6 * HOUR, **options))


def test_an_event_in_the_millisecond_of_the_bookmark_is_not_lost_without_an_overlap():
    options = {**MANY, "lookback_minutes": 0}
    whole = run_tap(NOON + HOUR, **options)
    message = next(
        each for each in whole.records["messages"] if each["created_time"] > NOON.isoformat()
    )
    delay = timedelta(minutes=15, microseconds=300)
    first = run_tap(datetime.fromisoformat(message["created_time"]) + delay, **options)
    assert ids(first, run_tap(NOON + HOUR, first.state, **options)) == ids(whole)


def test_rows_without_an_id_are_distinguished_by_their_content():
    header = "conversation_id,message_id,created_time,message"
    time = (NOON - HOUR).isoformat()
    rows = [f"c,,{time},{text}" for text in ("one", "two", "two")]

    def faults(request):
        if request.host == sandbox.EXTRACT_HOST:
            return sandbox.Response(200, {}, "\n".join([header, *rows]).encode())
        return None

    run = run_tap(NOON, faults=faults, **MANY)
    reported = [each["message_parts"] for each in run.records["messages"]]
    assert reported == [[{"text": {"content": text}}] for text in ("one", "two")]
    assert all(ids(run))
    header, rows = "created_time,message,message_id,conversation_id", [f"{time},one,,c"]
    assert ids(run_tap(NOON, faults=faults, **MANY)) < ids(run)


@pytest.mark.parametrize("stream", ["messages", "agent_activity"])
def test_a_clock_that_is_wrong_by_days_ends_the_run(stream):
    with pytest.raises(FreshchatError, match="8 days ahead"):
        run_tap(NOON, ahead=8 * 24 * HOUR, streams=(stream,))


@pytest.mark.e2e
def test_without_a_start_date_a_clock_that_is_ahead_takes_nothing_from_the_first_week():
    options = {name: value for name, value in MANY.items() if name != "start_date"}
    early = run_tap(NOON, ahead=20 * HOUR, **options)
    assert ids(early) == ids(run_tap(NOON, **options))


@pytest.mark.e2e
def test_current_state_has_the_time_of_freshchat_if_the_local_clock_is_ahead():
    streams = ("conversation_events",)
    options = {**MANY, "streams": streams, "activity_source": "rest", "user_scope": "all"}
    run = run_tap(NOON, ahead=5 * HOUR, **options)
    seen = [each["created_time"] for each in run.events if each["time_is_approximate"]]
    assert seen
    assert max(seen) < (NOON + HOUR).isoformat()
