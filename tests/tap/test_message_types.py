"""Type of a message, decided from all its signs."""

import pytest

from tap_freshchat.activity.message_types import RowTypes, type_from_row

PLAIN = ("normal", "NORMAL", "text", "")


@pytest.mark.parametrize("plain", PLAIN)
@pytest.mark.parametrize(
    "detailed", ["PRIVATE_NOTE", "private note", "INTERNAL_NOTE", "Agent note", "private_reply"]
)
def test_a_note_under_any_name_is_private_whatever_the_other_column_says(plain, detailed):
    row = {"message_type": plain, "detailed_message_type": detailed}
    assert type_from_row(row).name == "private"
    assert (
        type_from_row({"message_type": detailed, "detailed_message_type": plain}).name == "private"
    )


@pytest.mark.parametrize(
    ("plain", "detailed", "name"),
    [
        ("normal", "NORMAL", "normal"),
        ("NORMAL", "", "normal"),
        ("", "NORMAL", "normal"),
        ("text", "NORMAL", "normal"),
        ("normal", "SURVEY", "normal"),
        ("", "SURVEY", "SURVEY"),
        ("normal", "STATUS_CHANGE_RESOLVED", "system"),
        ("private", "NORMAL", "private"),
        ("normal", "AWAY_MESSAGE", "normal"),
        ("AWAY_MESSAGE", "", "normal"),
        ("OFFLINE_MESSAGE", "text", "normal"),
        ("STATUS_CHANGE_ASSIGNED", "", "system"),
        ("", "Away message", "normal"),
        ("system", "AWAY_MESSAGE", "system"),
        ("", "", None),
        ("text", "image", None),
    ],
)
def test_the_type_is_the_one_that_the_signs_agree_on(plain, detailed, name):
    row = {"message_type": plain, "detailed_message_type": detailed}
    assert type_from_row(row).name == name


def test_a_contradiction_is_told_apart_from_an_agreement():
    assert type_from_row(
        {"message_type": "private", "detailed_message_type": "NORMAL"}
    ).contradicted
    assert not type_from_row({"message_type": "normal", "detailed_message_type": "X"}).contradicted


def test_a_type_that_was_decided_before_is_the_same_again():
    types = RowTypes()
    rows = [{"message_type": "NORMAL"}, {"message_type": "odd"}, {"detailed_message_type": "odd"}]
    first = [types.of(row) for row in rows]
    assert first == [types.of(row) for row in rows]
    assert [unknown for _, unknown in first] == [
        (),
        (("message_type", "odd"),),
        (("detailed_message_type", "odd"),),
    ]
