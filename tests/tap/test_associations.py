"""Associations and actor of an event."""

import pytest

from tap_freshchat.activity.conversation_state import ConversationState
from tap_freshchat.payloads.associations import (
    EventContext,
    build_actor,
    build_associations,
    normalise_time,
)

ADA = {
    "id": "u",
    "first_name": "Ada",
    "email": "ada@example.org",
    "reference_id": "site-7",
    "created_time": "2026-11-22T10:55:22.220Z",
    "org_contact_id": "contact-1",
    "inner": "not documented",
}
AGENT = {
    "id": "a",
    "first_name": "Bo",
    "phone": "+1",
    "groups": ["g"],
    "login_status": True,
    "social_profiles": [],
}


def context(user_id, user, reference_id=None):
    return EventContext(
        configuration={},
        agents={"a": AGENT},
        groups={"g": {"id": "g", "name": "Billing", "inner": 1}},
        channels={"ch": {"id": "ch", "name": "Web", "updated_time": "2026-11-22 10:55:22"}},
        user_id=user_id,
        user=user,
        reference_id=reference_id,
        snapshot=None,
        source="report",
    )


CUSTOMER = context("u", ADA)
STRANGER = context(None, {})


def test_a_customer_is_identified_by_the_reference_id():
    assert CUSTOMER.user_reference_id == "site-7"
    assert context("u", ADA, "told").user_reference_id == "site-7"
    assert STRANGER.user_reference_id is None


def test_a_customer_who_was_deleted_keeps_the_ids_that_the_event_reports():
    assert context("gone", {}, "site-8").user_reference_id == "site-8"
    assert context("gone", {}, "").user_reference_id is None


def test_a_conversation_is_joined_with_the_objects_of_its_ids():
    conversation = {"assigned_agent_id": "a", "assigned_group_id": "g", "channel_id": "ch"}
    state = ConversationState(label_category="Orders", label_subcategory="Late")
    assert build_associations(conversation, CUSTOMER, state) == {
        "user": {
            "id": "u",
            "first_name": "Ada",
            "email": "ada@example.org",
            "created_time": "2026-11-22T10:55:22.220000+00:00",
            "reference_id": "site-7",
            "org_contact_id": "contact-1",
        },
        "agent": {"id": "a", "first_name": "Bo", "groups": ["g"], "social_profiles": []},
        "group": {"id": "g", "name": "Billing"},
        "channel": {
            "id": "ch",
            "name": "Web",
            "updated_time": "2026-11-22T10:55:22.000000+00:00",
        },
        "label_category": {"name": "Orders"},
        "label_subcategory": {"name": "Late"},
    }


@pytest.mark.parametrize(
    "conversation",
    [
        {},
        {"assigned_agent_id": None, "assigned_group_id": None, "channel_id": None},
        {"assigned_agent_id": "x", "assigned_group_id": "x", "channel_id": "x"},
    ],
)
def test_the_object_of_an_unknown_id_is_left_out(conversation):
    assert build_associations(conversation, STRANGER, ConversationState()) == {}


def test_an_acting_agent_has_the_values_of_the_agent_list():
    assert build_actor("user", "a", CUSTOMER) == {
        "id": "a",
        "first_name": "Bo",
        "phone": "+1",
        "login_status": True,
        "social_profiles": [],
        "type": "agent",
    }


def test_the_customer_acts_as_a_user_with_the_organisations_id():
    assert build_actor("agent", "u", CUSTOMER) == {
        "id": "u",
        "first_name": "Ada",
        "email": "ada@example.org",
        "type": "user",
        "org_contact_id": "contact-1",
    }


def test_a_customer_without_an_organisation_has_no_id_of_it():
    gone = context("gone", {})
    assert build_actor("user", "gone", gone) == {"id": "gone", "type": "user"}


def test_an_actor_in_no_list_is_an_id_and_a_type():
    assert build_actor("bot", "b", CUSTOMER) == {"id": "b", "type": "bot"}
    assert build_actor("system", None, CUSTOMER) == {"id": None, "type": "system"}
    assert build_actor(None, "x", CUSTOMER) == {"id": "x", "type": None}
    assert build_actor(None, None, CUSTOMER) is None


def test_a_message_reports_the_organisations_ids_of_who_wrote_it():
    message = {"org_actor_id": "actor-2", "org_contact_id": "contact-2", "actor_id": "u"}
    assert build_actor("user", "u", CUSTOMER, message)["org_contact_id"] == "contact-2"
    assert build_actor("bot", "b", CUSTOMER, {**message, "org_contact_id": None}) == {
        "id": "b",
        "type": "bot",
        "org_actor_id": "actor-2",
    }


@pytest.mark.parametrize("value", ["soon", None, 5, ["2026-11-22"]])
def test_an_invalid_time_is_unchanged(value):
    assert normalise_time(value) == value
