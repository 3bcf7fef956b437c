"""Odd rows, refusals, and what they allow an event to lack."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.pipeline import event_of, expected_events, key_of_event

from fault_injection.allowances import Allowances
from fault_injection.content_checks import contradictions, differences
from fault_injection.odd_rows import ROW_KINDS, OddRows
from fault_injection.refusals import Refusals
from fault_injection.schedules import draw
from freshchat_sandbox import Request

TRUTH = expected_events("sandbox://", NOON - timedelta(hours=30), NOON)
CREATED = next(key for key, each in TRUTH.items() if each.kind == "created")
HEADER = "conversation_id,interaction_id,created_at,agent_name\n"
ROW = f"{CREATED[2]},i-1,{CREATED[1].isoformat()[:23]},Ada\n"


def odd_file(kind, choice=0):
    """The rows that are odd, and the file that they make of one with three rows."""
    body = (HEADER + ROW + ROW.replace(CREATED[2], "c-2") + ROW.replace(CREATED[2], "c-3")).encode()
    odd_rows = OddRows()
    odd_rows.add(replace(draw(1).faults[0], kind=kind, choice=choice), body)
    return odd_rows.rows, odd_rows.applied(body)


@pytest.mark.parametrize("choice", [0, 3])
@pytest.mark.parametrize("kind", ROW_KINDS)
def test_an_odd_row_changes_one_row_of_a_file(kind, choice):
    [row], changed = odd_file(kind, choice)
    assert row.record == ROW
    kept = [line for line in changed.split(b"\n") if line.startswith((b"c-2", b"c-3"))]
    assert len(kept) == 2
    assert changed.count(ROW.encode()) == (kind == "row-repeated-header")


@pytest.mark.parametrize("kind", ROW_KINDS)
def test_an_odd_row_may_cost_the_events_of_its_owner_at_its_time_only(kind):
    [row], _ = odd_file(kind)
    costly = kind in {"row-blank-cell", "row-torn", "row-stray-quote"}
    assert set(row.events(TRUTH)) <= {key for key in TRUTH if key[2] == CREATED[2]}
    assert (CREATED in set(row.events(TRUTH))) == costly


@pytest.mark.parametrize(
    ("path", "kind", "names"),
    [
        ("/conversations/{id}", "refused-conversation", "conversations without details"),
        ("/conversations/{id}/messages", "refused-messages", "conversations without messages"),
        ("/users/{id}", "refused-user", "users without details"),
    ],
)
def test_what_is_refused_must_be_in_a_summary(path, kind, names):
    item = "01842e85-e80d-4ccb-ad52-e74d5eee6a0d"
    request = Request.of("GET", "http://host/v2" + path.replace("{id}", item))
    refusals = Refusals()
    assert refusals.response(request) is None
    assert refusals.fits(kind, request)
    refusals.add(replace(draw(1).faults[0], kind=kind, choice=1), request)
    assert refusals.response(request).status == 403
    assert refusals.ids == {item}
    allowances = Allowances([], refusals, has_reports=True)
    assert list(allowances.violations({}, [], [], [])) == [f"{kind} is in no summary"]
    summary = f"Set aside in this run: 1 {names}."
    assert list(allowances.violations({}, [], [], [summary])) == []


def test_an_event_that_is_lost_must_have_its_row_in_the_rejected_rows_and_a_summary():
    rows, _ = odd_file("row-torn")
    allowances = Allowances(rows, Refusals(), has_reports=True)
    whole = [event_of(*each) for each in TRUTH.items()]
    assert list(allowances.violations(TRUTH, whole, [], [])) == []
    rest = [event for event in whole if key_of_event(event)[2] != CREATED[2]]
    assert len(list(allowances.violations(TRUTH, rest, [], []))) == 2
    entry = {"row": [CREATED[2], "i-1", CREATED[1].isoformat()[:9]]}
    summary = "Set aside in this run: 1 report rows rejected."
    assert list(allowances.violations(TRUTH, rest, [entry], [summary])) == []


@pytest.mark.parametrize("name", ["user_id", "channel_id", "status"])
def test_a_value_that_contradicts_the_truth_is_reported_with_late_rows_as_well(name):
    event = event_of(CREATED, TRUTH[CREATED])
    event["properties"] |= {"state_is_provisional": False, "conversation": {"id": CREATED[2]}}
    known = [event]
    assert list(contradictions(known, TRUTH, rows_are_late=True)) == []
    event["properties"] |= {name: "other", "conversation": {name: "other"}}
    [found] = contradictions(known, TRUTH, rows_are_late=True)
    assert name in found


def test_only_what_is_hit_may_lack_details_and_never_has_other_values():
    event = event_of(CREATED, TRUTH[CREATED])
    event["properties"] |= {"source": "web", "text": "a"}
    less = {**event, "properties": {**event["properties"], "source": None}}
    other = {**event, "properties": {**event["properties"], "text": "b"}}
    hit = {CREATED[2]}
    assert len(list(differences([less], [event], ()))) == 1
    assert list(differences([less], [event], hit)) == []
    assert len(list(differences([other], [event], hit))) == 1
