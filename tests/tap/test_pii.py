"""Records without personal data."""

import json
from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap, truth
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.activity.conversation_state import ConversationState
from tap_freshchat.activity.message_history import MessageHistory, Snapshot
from tap_freshchat.activity.rest_inference import message_records
from tap_freshchat.payloads import events as payloads
from tap_freshchat.payloads.associations import EventContext
from tap_freshchat.pii import redact_pii
from tap_freshchat.tap import TapFreshchat

# In every text that a person may have written; in no other.
SECRET = "secret"
URL = "sandbox://?opened=2026-11-18&report_jobs_per_minute=60"
DAY = timedelta(days=1)


def private(record):
    """Return the redacted record of a stream that declares all its fields."""
    return redact_pii(record, record)


RECORD = {
    "id": "1",
    "user_id": "u",
    "user_reference_id": "site-7",
    "message_text": "my card is 4111",
    "actor": {"id": "u", "type": "user", "first_name": "Ada", "email": "ada@x.org", "phone": "+1"},
    "associations": {
        "user": {
            "id": "u",
            "reference_id": "site-7",
            "last_name": "Lovelace",
            "avatar": {"url": "https://x/ada.png"},
            "properties": [{"name": "cf_birthday", "value": "1815-12-10"}],
        },
        "group": {"id": "g", "name": "Billing"},
    },
    "message": {
        "status": "new",
        "properties": {"priority": "High"},
        "messages": [{"id": "m", "message_parts": [{"text": {"content": "my card is 4111"}}]}],
    },
}


def test_of_personal_data_only_ids_remain():
    text = str(private(RECORD))
    for personal in ("Ada", "Lovelace", "ada@x.org", "+1", "4111", "ada.png", "1815"):
        assert personal not in text


def test_data_that_is_not_personal_is_unchanged():
    record = private(RECORD)
    assert record["user_reference_id"] == "site-7"
    assert record["associations"]["group"]["name"] == "Billing"
    assert record["message"]["properties"] == {"priority": "High"}
    assert record["message"]["messages"][0]["id"] == "m"
    assert record.keys() == RECORD.keys()


def test_the_text_column_of_a_report_row_is_blanked():
    assert private({"message": "hello", "id": "1"}) == {"message": None, "id": "1"}


def test_an_unknown_list_or_object_is_blank_at_any_depth():
    unknown = {"nicknames": ["Ada"], "notes": {"first": "Ada"}, "pairs": [{"by": "Ada"}]}
    blank = dict.fromkeys(unknown)
    assert private(unknown) == blank
    assert private({"conversation": unknown}) == {"conversation": blank}
    assert private({"associations": {"user": unknown}}) == {"associations": {"user": blank}}


def test_the_properties_of_a_user_are_blank_even_without_a_reference_id():
    user = {"id": "u", "properties": [{"name": "cf_birthday", "value": "1815-12-10"}]}
    assert private(user) == {"id": "u", "properties": None}


def test_properties_beside_a_reference_id_are_personal_in_any_form():
    user = {"reference_id": None, "properties": {"cf_birthday": "1815-12-10"}}
    assert private(user) == {"reference_id": None, "properties": None}


def test_the_recipient_and_text_of_an_outbound_message_are_blank():
    record = {
        "to": [{"phone_number": "+1"}],
        "data": {
            "message_template": {
                "template_name": "parcel",
                "rich_template_data": {"body": {"params": [{"data": "Ada"}]}},
                "template_data": [{"data": "Ada"}],
            }
        },
    }
    text = str(private(record))
    assert "parcel" in text
    assert "+1" not in text
    assert "Ada" not in text


def test_unknown_columns_are_blank():
    assert private({"extra": {"mothers_name": "Ada"}}) == {"extra": None}


def test_a_field_that_no_schema_declares_is_left_out():
    assert redact_pii({"id": "1", "pet": "Rex"}, {"id": {}}) == {"id": "1"}


def test_only_the_documented_fields_of_a_message_are_unchanged():
    message = {
        "id": "m",
        "message_type": "normal",
        "msg_text": SECRET,
        "error_message": SECRET,
        "meta_data": {"isResolved": True, "subject": SECRET, "from": SECRET},
        "in_reply_to": {"message_id": "n", "text": SECRET},
        "message": {"subject": SECRET},
        "stepId": {"said": SECRET},
    }
    kept = {
        "id": "m",
        "message_type": "normal",
        "meta_data": {"isResolved": True},
        "in_reply_to": {"message_id": "n"},
        "stepId": None,
    }
    assert private({"message": {"messages": [message]}}) == {"message": {"messages": [kept]}}


def test_custom_fields_of_a_conversation_are_left_out():
    record = {"conversation_id": "c", "properties": {"priority": "Low", "cf_order_email": "a@b"}}
    assert private(record) == {"conversation_id": "c", "properties": {"priority": "Low"}}


def test_members_of_a_group_are_ids_in_whichever_form_they_come():
    assert private({"agents": ["a", "b"]}) == {"agents": ["a", "b"]}
    assert private({"agents": [{"id": "a", "nick": "Ada"}]}) == {"agents": [{"id": "a"}]}


def test_the_failure_text_of_a_provider_is_removed_and_its_code_is_kept():
    reported = {"failure_code": 470, "failure_reason": "+15551234567 is not on WhatsApp"}
    assert private(reported) == {"failure_code": 470, "failure_reason": None}


def test_the_account_configuration_is_unchanged():
    record = {
        "choices": [{"id": 1, "value": "Late"}],
        "fields": [{"label": "Order", "choices": [{"value": "Lost"}]}],
        "icon": {"url": "https://x/icon.png"},
        "tags": ["vip"],
        "groupings": [{"key": "group", "value": "Billing"}],
        "agent_status": {"id": "7", "name": "Tea break"},
    }
    assert private(record) == record


def texts_in(value):
    """Yield every text of a record, at any depth."""
    if isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_in(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("source", ["reports", "rest"])
def test_no_name_or_text_of_a_person_is_in_any_stream(source):
    tap = TapFreshchat(config={"api_url": "sandbox://"}, validate_config=False)
    config = {
        "streams": tuple(
            name
            for name in tap.streams
            if source == "reports" or not name.startswith(("report_", "historical_metrics"))
        ),
        "url": URL,
        "activity_source": source,
        "report_jobs_per_minute": 60,
        "start_date": (NOON - DAY / 2).isoformat(),
    }
    personal = {each.text for each in truth(URL, NOON - 5 * DAY, NOON) if each.text}
    for record in [r for found in run_tap(NOON, **config).records.values() for r in found]:
        for tree in (record, *(record.get("associations") or {}).values(), record.get("actor")):
            names = ("first_name", "last_name", "email", "phone", "phone_number", "csat_response")
            personal |= {str((tree or {}).get(name) or "") for name in names}
    personal -= {""}
    assert len(personal) > 100
    run = run_tap(NOON, exclude_pii=True, **config)
    assert {name for name in config["streams"] if run.records[name]} >= {
        *("users", "agents", "conversations", "messages", "outbound_messages"),
        *("conversation_events", "message_events"),
    }
    for stream, records in run.records.items():
        for record in records:
            assert personal.isdisjoint(texts_in(record)), stream


# Names that a person's text may stand under, known ones and others; and what may lie around it.
NAMES = st.sampled_from(
    [
        *("meta_data", "properties", "subject", "from", "msg_text", "in_reply_to", "messages"),
        *("message_parts", "reply_parts", "text", "content", "email", "label", "agents", "user"),
        *("data", "value", "status_text", "agent", "first_name", "message", "conversation"),
        *("message_source", "stepId", "error_message", "tags_of", "cf_note", "language_used"),
    ]
)
TREES = st.recursive(
    st.just(f"my {SECRET}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
# Ids and the like are texts by right: only what is no text there can be held to be none.
HOSTILE = st.dictionaries(NAMES, TREES, max_size=8).map(
    lambda tree: {
        name: value
        for name, value in tree.items()
        if name not in {"message_source", "stepId"} or isinstance(value, (dict, list))
    }
)


@given(HOSTILE, HOSTILE, st.dictionaries(st.sampled_from(["cf_a", "subject"]), TREES))
def test_no_text_of_a_person_is_in_an_event_at_any_depth(said, of_user, fields):
    message = {**said, "id": "m", "created_time": "2026-11-22T11:00:00Z"}
    snapshot = Snapshot(
        conversation={"conversation_id": "c", "properties": {**fields, "priority": "Low"}},
        user_id="u",
        time=NOON,
        history=MessageHistory([message], complete=True),
    )
    user = {**of_user, "id": "u", "properties": [{"name": "x", "value": SECRET}]}
    [(row, moment)] = message_records(snapshot, None)
    record = payloads.message_event(
        row,
        moment,
        ConversationState(),
        EventContext(
            configuration={},
            agents={},
            groups={},
            channels={},
            user_id="u",
            user=user,
            snapshot=snapshot,
            source="rest",
        ),
    )
    assert SECRET in str(record)
    assert SECRET not in json.dumps(private(record))
    assert private(record)["message"]["messages"][0]["id"] == "m"


@given(
    st.recursive(
        st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["email", "message", "properties", "id", "message_parts"]), inner
            )
        ),
    )
)
def test_redaction_does_not_change_its_input(record):
    before = repr(record)
    private({"message": record})
    assert repr(record) == before
