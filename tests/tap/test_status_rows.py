"""Status rows of transcripts, compared with the rows of other reports."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

from freshchat_sandbox import Response
from tap_freshchat.activity.events import ConversationEvent, event_from_row
from tap_freshchat.activity.status_rows import (
    event_from_status_row,
    kind_of_row,
    may_be_unassignment,
    status_row,
    unreported,
)
from tap_freshchat.lookups.status_rows import StatusRowLog
from tap_freshchat.reports import catalog
from tap_freshchat.set_aside import SetAside
from tap_freshchat.windows import Window

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
START = NOON - HOUR
INTERACTION = f"7-{int(START.timestamp() * 1000)}"


def shown(kind, time=NOON, **cells):
    return status_row(kind, {"conversation_id": "c", "message_id": "m", **cells}, time)


def event(kind, time=NOON, **values):
    return ConversationEvent(kind=kind, time=time, conversation_id="c", **values)


@pytest.mark.parametrize(
    ("plain", "detailed", "kind"),
    [
        ("system", "STATUS_CHANGE_RESOLVED", "resolved"),
        ("Status change reopened", "", "reopened"),
        ("", "status-change-assigned", "assigned"),
        ("system", "", None),
        ("normal", "NORMAL", None),
    ],
)
def test_the_kind_of_a_status_row_is_in_either_column_in_any_spelling(plain, detailed, kind):
    assert kind_of_row({"message_type": plain, "detailed_message_type": detailed}) == kind


def test_a_report_row_explains_one_status_row_of_its_kind_only():
    rows = [shown("assigned"), shown("assigned", NOON + SECOND), shown("resolved")]
    assert unreported(rows, []) == [rows[0], rows[2], rows[1]]
    assert unreported(rows, [event("assigned_to_agent")]) == [rows[2], rows[1]]
    both = [event("assigned_to_agent"), event("assigned_to_group", NOON + SECOND)]
    assert unreported(rows, [*both, event("resolved", NOON - 2 * SECOND)]) == []
    assert unreported(rows, [*both, event("resolved", NOON - 61 * SECOND)]) == [rows[2]]


def test_a_report_whose_rows_are_some_seconds_late_lacks_none():
    rows = [shown("resolved"), shown("resolved", NOON + 30 * SECOND)]
    late = [event("resolved", NOON + 20 * SECOND), event("resolved", NOON + 50 * SECOND)]
    assert unreported(rows, late) == []


def test_a_report_row_at_the_time_of_a_status_row_explains_no_earlier_one():
    rows = [shown("resolved"), shown("resolved", NOON + 30 * SECOND)]
    assert unreported(rows, [event("resolved", NOON + 30 * SECOND)]) == [rows[0]]


@pytest.mark.parametrize(
    ("earlier", "possible"),
    [
        ([], True),
        ([event("assigned_to_agent", START, agent_id="a")], True),
        ([event("created", START, agent_id="a")], True),
        ([event("created", START)], False),
        ([event("created", START), event("assigned_to_group", START + SECOND)], False),
        ([event("assigned_to_agent", START, agent_id="a"), event("unassigned", START)], False),
        ([event("created", START), event("resolved", START + SECOND, agent_id="a")], False),
        ([event("created", START), event("assigned_to_agent", NOON, agent_id="a")], False),
    ],
)
def test_an_agent_can_only_have_left_a_conversation_that_had_one(earlier, possible):
    assert may_be_unassignment(shown("assigned"), earlier) == possible


@pytest.mark.parametrize(
    ("report", "kind", "time"),
    [
        (catalog.CONVERSATION_RESOLVED, "resolved", NOON),
        (catalog.CONVERSATION_CREATED, "reopened", START),
    ],
)
@pytest.mark.parametrize("interaction_id", [INTERACTION, "opaque"])
def test_a_status_row_gives_the_id_that_its_report_row_gives(report, kind, time, interaction_id):
    cells = {"created_at": time.isoformat(), "conversation_id": "c", "reopened": "true"}
    reported = event_from_row(report, {**cells, "interaction_id": interaction_id})
    found = event_from_status_row(shown(kind, time + SECOND), interaction_id)
    assert found is not None
    assert (found.id, found.kind) == (reported.id, kind)


@pytest.mark.parametrize(
    ("kind", "time"),
    [
        ("assigned", NOON),
        # The interaction starts after the change, or long before the reopening.
        ("resolved", START - HOUR),
        ("reopened", START + HOUR),
    ],
)
def test_a_status_row_without_a_certain_id_gives_no_event(kind, time):
    assert event_from_status_row(shown(kind, time), INTERACTION) is None


@pytest.mark.parametrize("status", [403, 500])
def test_transcripts_that_cannot_be_read_cost_no_conversation_event(status):
    def refuse(request):
        is_job = request.path == "/v2/reports/raw" and request.method == "POST"
        if is_job and json.loads(request.body)["event"] == catalog.TRANSCRIPT:
            return Response(status, {"Content-Type": "application/json"}, b"{}")
        return None

    config = {
        "url": "sandbox://?seed=2&conversations_per_day=12&opened=2026-11-15",
        "start_date": (NOON - 24 * HOUR).isoformat(),
        "activity_source": "reports",
        "streams": ("conversation_events", "message_events"),
    }
    whole = run_tap(NOON, **config)
    run = run_tap(NOON, faults=refuse, keep_failures=True, **config)
    assert run.failures.keys() == {"message_events"}
    ids = [[each["id"] for each in one.records["conversation_events"]] for one in (whole, run)]
    assert ids[0] == ids[1] != []


class Reports:
    """The reader of a transcript with some rows; the account has all reports."""

    def __init__(self, folder, rows):
        self.folder, self._rows = folder, rows
        self.registered, self.access = {catalog.TRANSCRIPT}, self
        self.refused = set()

    def register(self, *_):
        pass

    def available(self, reports):
        return reports

    def windows(self, *_):
        return [Window(START, NOON + HOUR)]

    def rows(self, *_):
        return iter(self._rows)


class Log:
    """What other reports show: one event, without which interactions would have no ids."""

    def of_keys(self, keys, _):
        return {key: [event("created", START, interaction_id=INTERACTION)] for key in keys}


def test_transcripts_without_message_ids_mix_no_interactions(tmp_path):
    interactions = {"c": INTERACTION, "d": INTERACTION.replace("7-", "8-")}
    rows = [
        {
            "conversation_id": name,
            "message_id": "",
            "interaction_id": interaction,
            "detailed_message_type": "STATUS_CHANGE_RESOLVED",
            "created_time": NOON.isoformat(),
        }
        for name, interaction in interactions.items()
    ]
    time_range: Any = SimpleNamespace(report_end=NOON + HOUR, ends_in_the_past=False)
    reports: Any = Reports(tmp_path, rows)
    log: Any = Log()
    conversations: Any = None
    status_rows = StatusRowLog(
        *(reports, log, conversations, SetAside(tmp_path / "rejected"), time_range),
        lookback=HOUR,
        enrich=False,
        in_shard=bool,
    )
    status_rows.register(START)
    found = status_rows.reported_in(Window(START, NOON + HOUR))
    assert {each.conversation_id: each.interaction_id for each in found} == interactions
