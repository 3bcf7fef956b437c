"""Conditions of `when`: every form, beside the preset's, and as Meltano hands them on."""

from typing import Any

import pytest

from target_segment.errors import MappingError
from target_segment.json_codec import decode
from target_segment.mapping.conditions import compile_conditions

MONTHLY = {"plan": {"kind": "monthly"}, "test": False, "n": 5}
STAFF = {"plan": {"kind": "staff"}, "test": True, "n": 6}


def passes(record, when):
    return not any(
        (value(record) in values) is not_in
        for value, values, not_in, _, _ in compile_conditions(when, "streams.s.when")
    )


@pytest.mark.parametrize(
    "when",
    [
        {"plan.kind": "monthly"},
        {"plan.kind": ["monthly", "yearly"]},
        {"plan": {"kind": ["monthly", "yearly"]}},
        {"plan.kind": {"in": ["monthly"]}},
        {"plan.kind": {"not": "staff"}},
        {"plan": {"kind": {"not": ["staff", "trial"]}}},
        {"plan": {"kind": {"not": "staff", "exists": True}}},
        [{"path": "plan.kind", "in": ["monthly"]}],
        [{"path": "plan.kind", "in": "monthly"}],
        [{"path": "plan.kind", "not": ["staff"]}],
        [{"path": "n", "exists": True}, {"path": "plan.kind", "in": ["monthly"]}],
        {"test": False},
        {"test": "false"},
        {"n": 5},
        {"n": ["5", "7"]},
        {"n": decode("5.0")},
    ],
)
def test_each_form_of_a_condition_lets_the_same_records_pass(when):
    assert passes(MONTHLY, when)
    assert not passes(STAFF, when)


@pytest.mark.parametrize("yes", [True, "true"])
@pytest.mark.parametrize("no", [False, "false"])
def test_a_condition_can_ask_whether_a_path_has_a_value(yes, no):
    for empty in ({}, {"at": None}, {"at": ""}):
        assert passes(empty, {"at": {"exists": no}})
        assert not passes(empty, [{"path": "at", "exists": yes}])
    values: tuple[Any, ...] = (0, False, "x", [], {})
    for value in values:
        assert passes({"at": value}, {"at": {"exists": yes}})
        assert not passes({"at": value}, {"at": {"exists": no}})


def test_null_is_a_value_of_a_condition():
    assert passes({}, {"test": [False, None]})
    assert not passes({}, {"test": {"not": None}})


def test_a_text_is_also_compared_as_text():
    assert passes({"n": "5"}, {"n": "5"})
    assert not passes({"n": "5"}, {"n": 5})


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({}, "streams.s.when: is empty"),
        ([], "streams.s.when: is empty"),
        ("paid", "streams.s.when: must be {path: value}"),
        ({"plan": {}}, "streams.s.when.plan: is empty"),
        ({"plan": []}, "streams.s.when.plan: must have a value"),
        ({"plan": [{"kind": "x"}]}, "streams.s.when.plan: must have a value"),
        ({"plan": {"not": {"kind": "x"}}}, "streams.s.when.plan: must have a value"),
        ({"plan": {"not": []}}, "streams.s.when.plan: must have a value"),
        ({"plan": {"exists": "maybe"}}, "streams.s.when.plan.exists: must be true or false"),
        ({"plan": {"not": "x", "kind": "y"}}, "streams.s.when.plan: has not, kind; must be"),
        ([{"path": "plan"}], "streams.s.when: must be"),
        ([{"in": ["x"]}], "streams.s.when: must be"),
        ([{"path": "plan", "is": "x"}], "streams.s.when: must be"),
        ({"a..b": "x"}, "streams.s.when.a..b: 'a..b' is not a dotted path"),
    ],
)
def test_a_condition_of_no_known_form_is_an_error_that_names_setting_and_path(when, says):
    with pytest.raises(MappingError) as refusal:
        compile_conditions(when, "streams.s.when")
    assert str(refusal.value).startswith(says)
