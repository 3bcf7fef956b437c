"""Every attribute of Freshworks' product events that polling can have is in the records.

The lists follow Freshworks' own payloads, attribute by attribute: those that the REST API or a raw
report gives, and those that can be worked out from other rows. What is only pushed is absent.
"""

from typing import Any

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

pytestmark = pytest.mark.e2e

ACTOR = "id type first_name last_name email phone avatar.url"
USER = (
    "id first_name last_name email phone avatar.url created_time updated_time reference_id "
    "org_contact_id properties[].name properties[].value"
)
GROUP = "id name description routing_type agents[]"
CHANNEL = (
    "id name icon.url enabled public locale tags[] updated_time assign_to_group "
    "welcome_message.message_type welcome_message.message_source "
    "welcome_message.message_parts[].text.content"
)
AGENT = (
    "id first_name last_name email avatar.url groups[] social_profiles[].type social_profiles[].id"
)
CONVERSATION = (
    "conversation_id channel_id app_id user_id status created_time assigned_group_id "
    "assigned_org_group_id response_due_type org_contact_id properties.priority properties.cf_* "
    "source group_assigned_time first_group_assigned_time"
)
LATER = (
    "assigned_agent_id assigned_org_agent_id assigned_time first_agent_assigned_time "
    # Of the seven figures, those whose definition is published; the others have our own names.
    "reopened_time resolved_time statistics.first_response_time_chrs "
    "statistics.resolution_time_chrs statistics.first_group_assignment_time_chrs "
    "statistics.customer_wait_seconds statistics.time_to_first_agent_seconds "
    "statistics.time_to_resolution_seconds statistics.first_to_last_agent_seconds "
    "statistics.first_to_last_group_seconds"
)
MESSAGE = (
    "id conversation_id channel_id created_time actor_id message_type message_source user_id "
    "app_id interaction_id org_actor_id is_first_message is_agent_first_response "
    "message_parts[].text.content"
)
PARTS = (
    "message_parts[].image.url message_parts[].email.subject message_parts[].email.content "
    "message_parts[].file.url message_parts[].file.name message_parts[].file.content_type "
    "reply_parts[].collection.sub_parts[] "
    "meta_data.isResolved meta_data.isReopen actor_type org_contact_id"
)
ASSOCIATIONS = {
    "associations.user": USER,
    "associations.group": GROUP,
    "associations.channel": CHANNEL,
}
ATTRIBUTES = {
    ("agent_activity", "onAgentActivityCreate"): {
        "agent_activity": (
            "status prev_status availability_event_type status_change_timestamp "
            "prev_status_change_timestamp email custom_status_id"
        ),
        "actor": f"{ACTOR} login_status social_profiles[].type social_profiles[].id",
    },
    ("conversation_events", "onConversationCreate"): {
        "actor": f"{ACTOR} org_contact_id",
        **ASSOCIATIONS,
        "conversation": CONVERSATION.replace("group_assigned_time first_group_assigned_time", ""),
        "conversation.messages[]": MESSAGE.replace("org_actor_id", ""),
    },
    ("conversation_events", "onConversationUpdate"): {
        "actor": f"{ACTOR} org_actor_id",
        **ASSOCIATIONS,
        "associations.agent": AGENT,
        "associations.label_category": "name",
        "associations.label_subcategory": "name",
        "conversation": f"{CONVERSATION} {LATER}",
        "conversation.messages[]": "id interaction_id message_parts[].text.content",
        "changes.model_changes": "status[] assigned_agent_id[] assigned_group_id[]",
    },
    ("message_events", "onMessageCreate"): {
        "actor": f"{ACTOR} org_actor_id org_contact_id",
        **ASSOCIATIONS,
        "associations.agent": AGENT,
        "message": f"{CONVERSATION} {LATER}",
        "message.messages[]": f"{MESSAGE} {PARTS}",
    },
}


def paths_of(value, path=""):
    """Yield the path of each value; a list is `[]`."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from paths_of(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield f"{path}[]"
        for each in value:
            yield from paths_of(each, f"{path}[]")
    if value is not None:
        yield path


@pytest.fixture(scope="module")
def met():
    found: dict[str, Any] = {}
    for url in ("sandbox://", "sandbox://?seed=2"):
        run = run_tap(NOON, url=url)
        for stream, event in ATTRIBUTES:
            for record in run.records[stream]:
                if record["event"] == event:
                    found.setdefault(event, set()).update(paths_of(record))
    return found


@pytest.mark.parametrize(
    ("event", "path"),
    [
        (event, f"{place}.{name}")
        for (_, event), places in ATTRIBUTES.items()
        for place, names in places.items()
        for name in names.split()
    ],
)
def test_the_attribute_is_reported(met, event, path):
    if path.endswith("*"):
        assert any(each.startswith(path[:-1]) for each in met[event])
    else:
        assert path in met[event]


PUSHED_ONLY = (
    "emoji sub_entity actor_source resolution_due_type resolution_due_breached sla_policy_name "
    "label_category_id label_subcategory_id is_offline do_not_auto_resolve sla_breach "
    "is_agent_interim_first_response ext_entity_meta"
)


@pytest.mark.parametrize("name", PUSHED_ONLY.split())
def test_attributes_that_only_webhooks_have_are_absent(met, name):
    assert not [path for paths in met.values() for path in paths if name in path.split(".")]
