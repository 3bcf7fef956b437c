"""Records without personal data."""

from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.privacy import without_personal_data

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


def test_nothing_of_a_person_is_left_but_ids():
    text = str(without_personal_data(RECORD))
    for personal in ("Ada", "Lovelace", "ada@x.org", "+1", "4111", "ada.png", "1815"):
        assert personal not in text


def test_what_is_not_personal_stays():
    record = without_personal_data(RECORD)
    assert record["user_reference_id"] == "site-7"
    assert record["associations"]["group"]["name"] == "Billing"
    assert record["message"]["properties"] == {"priority": "High"}
    assert record["message"]["messages"][0]["id"] == "m"
    assert record.keys() == RECORD.keys()


def test_the_text_column_of_a_report_row_is_blanked():
    assert without_personal_data({"message": "hello", "id": "1"}) == {"message": None, "id": "1"}


def test_a_users_properties_are_blank_even_without_the_sites_own_id():
    user = {"id": "u", "properties": [{"name": "cf_birthday", "value": "1815-12-10"}]}
    assert without_personal_data(user) == {"id": "u", "properties": None}


def test_properties_beside_the_sites_own_id_are_a_persons_whatever_their_form():
    user = {"reference_id": None, "properties": {"cf_birthday": "1815-12-10"}}
    assert without_personal_data(user) == {"reference_id": None, "properties": None}


def test_to_whom_an_outbound_message_went_and_with_what_words_is_blank():
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
    text = str(without_personal_data(record))
    assert "parcel" in text
    assert "+1" not in text
    assert "Ada" not in text


def test_columns_that_nobody_knows_are_blank():
    assert without_personal_data({"extra": {"mothers_name": "Ada"}}) == {"extra": None}


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
def test_the_record_given_is_left_as_it_was(record):
    before = repr(record)
    without_personal_data(record)
    assert repr(record) == before
