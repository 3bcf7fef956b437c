"""Items that a run sets aside: counted, logged once a kind, rows kept in a file."""

import json
import logging
import stat

import pytest

from tap_freshchat.errors import ReportError
from tap_freshchat.set_aside import SetAside


def test_the_first_item_of_each_kind_is_one_warning(tmp_path, caplog):
    aside = SetAside(tmp_path / "rows.jsonl")
    for kind in ("groups", "agents", "groups"):
        aside.item(kind, f"Freshchat refuses {kind}.")
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "Freshchat refuses groups. Counted as: groups." in caplog.text


def test_a_rejected_row_is_kept_for_the_owner_and_never_logged(tmp_path, caplog):
    aside = SetAside(tmp_path / "rows.jsonl")
    aside.row("CSAT-Score", "2026-01-01", 7, "has no time", {"comment": "my secret"})
    aside.row("CSAT-Score", "2026-01-01", 8, "has 2 columns", ["a", "\ud83d"])
    assert stat.S_IMODE(aside.path.stat().st_mode) == 0o600
    kept = [json.loads(line) for line in aside.path.read_text().splitlines()]
    assert [(row["report"], row["line"], row["reason"]) for row in kept] == [
        ("CSAT-Score", 7, "has no time"),
        ("CSAT-Score", 8, "has 2 columns"),
    ]
    assert kept[0]["row"] == {"comment": "my secret"}
    assert "line 7 has no time" in caplog.text
    assert "secret" not in caplog.text


def test_the_summary_counts_every_kind_and_is_silent_without_any(tmp_path, caplog):
    aside = SetAside(tmp_path / "rows.jsonl")
    aside.log_summary()
    assert not caplog.records
    aside.item("groups", "x.")
    aside.item("groups", "x.")
    aside.item("agents", "x.")
    aside.log_summary()
    assert "Set aside in this run: 1 agents; 2 groups." in caplog.text


def test_a_row_is_kept_once_and_another_on_the_same_line_of_another_file_as_well(tmp_path):
    aside = SetAside(tmp_path / "rows.jsonl")
    for cells in (["a"], ["a"], ["b"]):
        aside.row("CSAT-Score", "2026-01-01", 7, "has no time", cells)
    kept = [json.loads(line)["row"] for line in aside.path.read_text().splitlines()]
    assert kept == [["a"], ["b"]]
    assert aside.counts == {"report rows rejected": 2}


def test_a_row_that_cannot_be_kept_is_an_error_that_names_the_setting(tmp_path):
    aside = SetAside(tmp_path / "missing" / "rows.jsonl")
    with pytest.raises(ReportError, match="rejected_rows_path"):
        aside.row("CSAT-Score", "2026-01-01", 7, "has no time", ["a"])
