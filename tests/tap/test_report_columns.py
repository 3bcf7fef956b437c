"""Report columns, found by their headers."""

import pytest

from tap_freshchat.errors import ReportError
from tap_freshchat.reports import catalog, columns


def names(report, *headers, extra=None):
    return columns.map_columns(report, headers, stream="conversation_events", extra=extra or {})


def test_headers_are_normalised():
    assert columns.normalise("  Conversation ID ") == "conversation_id"
    assert names(
        catalog.CONVERSATION_CREATED, "Conversation ID", "Created-At", "Any Thing (else)"
    ) == [
        "conversation_id",
        "created_at",
        "any_thing_else",
    ]


def test_a_known_alias_takes_the_fields_name():
    assert names(catalog.CONVERSATION_CREATED, "conversation_id", "created_time")[1] == "created_at"


def test_the_resolution_time_wins_over_another_time():
    found = names(catalog.CONVERSATION_RESOLVED, "conversation_id", "created_at", "resolved_at")
    assert found == ["conversation_id", "created_at_column", "created_at"]


def test_a_header_named_in_the_settings_wins():
    found = names(
        catalog.AVAILABILITY,
        *("Agent", "State Now", "When"),
        extra={"agent_id": ["Agent"], "status": ["state now"], "created_at": ["When"]},
    )
    assert found == ["agent_id", "status", "created_at"]


def test_a_report_without_a_required_column_is_an_error_with_its_columns_and_the_setting():
    with pytest.raises(ReportError) as error:
        names(catalog.AVAILABILITY, "agent_id", "Mode", "created_at")
    text = str(error.value)
    assert "Agent-Activity has no column for status" in text
    assert "agent_id, Mode, created_at" in text
    assert '{"conversation_events": {"status": ["<header>"]}}' in text


@pytest.mark.parametrize(
    "first_cell",
    ["ada@x.org", "2026-11-22 10:00:00.0", "17", "-1", '[{"text":{}}]', "0a1b2c3d-0a1b-x"],
)
def test_a_file_without_a_header_is_an_error_with_the_number_of_its_cells_and_no_content(
    first_cell,
):
    with pytest.raises(ReportError) as error:
        names(catalog.TRANSCRIPT, "My mother is Rose", first_cell, "Ada", "")
    text = str(error.value)
    assert "Its first line (4 cells) is a row, not a header." in text
    assert "report_columns" in text
    assert not any(cell in text for cell in (first_cell, "Rose", "Ada"))


def test_cells_that_do_not_look_like_headers_are_counted_and_not_quoted():
    with pytest.raises(ReportError) as error:
        names(catalog.AVAILABILITY, " Agent ", "Wie geht's? Mir gut!", "", "Mode (now)")
    assert "Its headers are: Agent, Mode (now) and 2 that are not shown." in str(error.value)
    with pytest.raises(ReportError, match="Its headers are: none and 1 that are not shown"):
        names(catalog.AVAILABILITY, "")


def test_an_unknown_report_keeps_its_headers():
    assert names("agent-performance", "Agent", "Messages Sent") == ["agent", "messages_sent"]
