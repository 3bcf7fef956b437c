"""Who and what an event belongs to."""

import pytest

from tap_freshchat.activity.conversation_state import ConversationState
from tap_freshchat.payloads.associations import (
    AccountData,
    Customer,
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
ACCOUNT = AccountData(
    configuration={},
    agents={"a": AGENT},
    groups={"g": {"id": "g", "name": "Billing", "inner": 1}},
    channels={"ch": {"id": "ch", "name": "Web", "updated_time": "2026-11-22 10:55:22"}},
)
CUSTOMER = Customer.from_id("u", {"u": ADA})
STRANGER = Customer.from_id(None, {"u": ADA})


def test_a_customer_is_known_by_id_and_by_the_sites_own_id():
    assert (CUSTOMER.id, CUSTOMER.reference_id, CUSTOMER.user) == ("u", "site-7", ADA)
    assert Customer.from_id("u", {"u": ADA}, "told").reference_id == "site-7"
    assert (STRANGER.id, STRANGER.reference_id, STRANGER.user) == (None, None, {})


def test_a_customer_who_was_deleted_keeps_the_ids_that_the_event_reports():
    gone = Customer.from_id("gone", {"u": ADA}, "site-8")
    assert (gone.id, gone.reference_id, gone.user) == ("gone", "site-8", {})
    assert Customer.from_id("gone", {}, "").reference_id is None


def test_a_conversation_is_joined_with_all_that_its_ids_lead_to():
    conversation = {"assigned_agent_id": "a", "assigned_group_id": "g", "channel_id": "ch"}
    state = ConversationState(label_category="Orders", label_subcategory="Late")
    assert build_associations(conversation, ACCOUNT, CUSTOMER, state) == {
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
def test_what_an_id_does_not_lead_to_is_left_out(conversation):
    assert build_associations(conversation, ACCOUNT, STRANGER, ConversationState()) == {}


def test_an_agent_acts_with_what_the_list_of_agents_reports():
    assert build_actor("user", "a", ACCOUNT, CUSTOMER) == {
        "id": "a",
        "first_name": "Bo",
        "phone": "+1",
        "login_status": True,
        "social_profiles": [],
        "type": "agent",
    }


def test_the_customer_acts_as_a_user_with_the_organisations_id():
    assert build_actor("agent", "u", ACCOUNT, CUSTOMER) == {
        "id": "u",
        "first_name": "Ada",
        "email": "ada@example.org",
        "type": "user",
        "org_contact_id": "contact-1",
    }


def test_a_customer_without_an_organisation_has_no_id_of_it():
    gone = Customer.from_id("gone", {})
    assert build_actor("user", "gone", ACCOUNT, gone) == {"id": "gone", "type": "user"}


def test_an_actor_in_no_list_is_an_id_and_a_type():
    assert build_actor("bot", "b", ACCOUNT, CUSTOMER) == {"id": "b", "type": "bot"}
    assert build_actor("system", None, ACCOUNT, CUSTOMER) == {"id": None, "type": "system"}
    assert build_actor(None, "x", ACCOUNT, CUSTOMER) == {"id": "x", "type": None}
    assert build_actor(None, None, ACCOUNT, CUSTOMER) is None


def test_a_message_reports_the_organisations_ids_of_who_wrote_it():
    message = {"org_actor_id": "actor-2", "org_contact_id": "contact-2", "actor_id": "u"}
    assert build_actor("user", "u", ACCOUNT, CUSTOMER, message)["org_contact_id"] == "contact-2"
    assert build_actor("bot", "b", ACCOUNT, CUSTOMER, {**message, "org_contact_id": None}) == {
        "id": "b",
        "type": "bot",
        "org_actor_id": "actor-2",
    }


@pytest.mark.parametrize("value", ["soon", None, 5, ["2026-11-22"]])
def test_what_is_no_time_stays_as_it_is(value):
    assert normalise_time(value) == value
