"""Summary of a run: the table and the line as a user sees them, and the totals."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from target_segment.run_stats import RunStats
from target_segment.run_summary import RunSummary, summary_line, summary_table

STATS = RunStats(
    sent=Counter({"onMessageCreate": 11204, "onConversationUpdate": 1105}),
    identities=Counter(
        {"anonymousId": 3004, "userId": 9299, "anonymousId from conversation_id": 6}
    ),
    skipped=Counter({("message_events", "left out by when: message_type"): 311}),
    dead_letters=Counter({("message_events", "over Segment's limit of 32000 bytes an event"): 2}),
    merged=3,
    requests=64,
    retries=2,
    body_bytes=30_100_000,
    sent_bytes=4_900,
)


TABLE = """\
target-segment: done
-----------------------------------------------------------------------------------
sent           events                                                        12,309
sent           onConversationUpdate                                           1,105
sent           onMessageCreate                                               11,204
identified by  userId                                                         9,299
identified by  anonymousId                                                    3,004
identified by  anonymousId from conversation_id                                   6
skipped        message_events: left out by when: message_type                   311
dead letters   message_events: over Segment's limit of 32000 bytes an event       2
merged         same message id in one request                                     3
requests       30.1 MB, 4.9 kB compressed, 2 of them retries                     64
seconds                                                                        71.3
kept in        dead_letters.jsonl
"""

NOTHING = """\
target-segment: failed
----------------------
written  events    0
seconds          0.0
"""


def test_the_table_has_three_aligned_columns():
    summary = RunSummary(
        outcome="done", seconds=71.26, output=None, dead_letters=Path("dead_letters.jsonl")
    )
    assert summary_table(STATS, summary) == TABLE


def test_the_table_of_a_run_without_events_says_so():
    summary = RunSummary(
        outcome="failed", seconds=0.04, output=Path("output/x.jsonl"), dead_letters=Path("d")
    )
    assert summary_table(RunStats(), summary) == NOTHING


def test_the_table_of_a_dry_run_names_its_file():
    summary = RunSummary(
        outcome="done", seconds=1, output=Path("output/x.jsonl"), dead_letters=Path("d")
    )
    assert "written to     output/x.jsonl\n" in summary_table(STATS, summary)


def test_no_line_of_the_table_needs_the_line_above_or_blanks_at_its_ends():
    summary = RunSummary(outcome="done", seconds=1, output=None, dead_letters=Path("d"))
    lines = summary_table(STATS, summary).splitlines()
    assert [line.strip() for line in lines] == lines


def test_one_line_has_the_main_counts():
    summary = RunSummary(outcome="done", seconds=71.26, output=None, dead_letters=Path("d"))
    assert summary_line(STATS, summary) == (
        "Run done: 12,309 events sent, 311 records skipped, 2 dead letters, 71.3 s"
    )


# As Meltano configures the plugins that have the capability structured-logging.
STRUCTURED = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "singer_sdk.logging.StructuredFormatter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stderr",
        }
    },
    "root": {"level": "INFO", "handlers": ["stderr"]},
}

SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"properties": {"id": {}, "user": {}}},
    "key_properties": ["id"],
}


def order(number, **fields):
    return {"type": "RECORD", "stream": "orders", "record": {"id": number, **fields}}


@pytest.fixture
def totals(settings, tmp_path):
    """Name a file of totals in the settings, and read it."""
    settings["summary_path"] = str(tmp_path / "new" / "summary.json")
    return lambda: json.loads(Path(settings["summary_path"]).read_text())


def test_the_totals_of_a_run_are_written_to_summary_path(run, settings, totals):
    settings["streams"] = {"orders": {"user_id": "user", "when": {"id": [1, 2, 3]}}}
    run(settings, SCHEMA, order(1, user="u"), order(2, user="v"), order(3), order(4, user="w"))
    written = totals()
    assert written.pop("seconds") >= 0
    assert written.pop("requests")["total"] == 1
    no_id = "neither userId nor anonymousId: Segment would return 200 and drop it"
    assert written == {
        "outcome": "done",
        "exit_code": 0,
        "events": {
            "total": 2,
            "by_name": {"Orders": 2},
            "by_stream": {"orders": 2},
            "identified_by": {"userId": 2},
        },
        "skipped": {"total": 1, "by_stream": {"orders": {"left out by when: id": 1}}},
        "dead_letters": {
            "total": 1,
            "by_stream": {"orders": {no_id: 1}},
            "path": settings["dead_letter_path"],
        },
        "warnings": {"total": 0, "by_stream": {}},
        "merged": 0,
        "dry_run": None,
    }


def test_the_totals_of_a_failed_run_and_of_a_dry_run_say_so(run, settings, totals):
    run(settings, SCHEMA, *[order(number) for number in range(10)])
    assert (totals()["outcome"], totals()["exit_code"]) == ("failed", 1)
    run({**settings, "dry_run": True}, SCHEMA, order(1, user="u"))
    assert totals()["outcome"] == "done"
    assert Path(totals()["dry_run"]["preview"]).exists()


def test_totals_that_cannot_be_written_are_an_error_that_names_the_setting(
    run, settings, tmp_path, segment
):
    (tmp_path / "file").write_text("")
    settings["summary_path"] = str(tmp_path / "file" / "summary.json")
    finished = run(settings, SCHEMA, order(1, user="u"))
    assert finished.status == 1
    assert "change summary_path" in finished.errors[0]
    assert len(segment.accepted) == 1


def test_the_summary_is_one_structured_line_of_the_log(run, settings, caplog):
    caplog.set_level("INFO")
    run(settings, SCHEMA, order(1, user="u"))
    [entry] = [each for each in caplog.records if hasattr(each, "run_summary")]
    assert entry.getMessage().startswith("Run done: 1 events sent")
    assert entry.run_summary["events"]["by_stream"] == {"orders": 1}


def test_under_structured_logging_every_line_is_json_also_the_table(tmp_path):
    config = {"dry_run": True, "preset": "none", "streams": {"orders": {"user_id": "user"}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "logging.json").write_text(json.dumps(STRUCTURED))
    finished = subprocess.run(
        [sys.executable, "-m", "target_segment", "--config", "config.json"],
        input="".join(json.dumps(each) + "\n" for each in (SCHEMA, order(1, user="u"))),
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "SINGER_SDK_LOG_CONFIG": "logging.json"},
        text=True,
    )
    lines = [json.loads(line) for line in finished.stderr.splitlines()]
    [summary] = [line for line in lines if "run_summary" in line["extra"]]
    assert summary["extra"]["run_summary"]["events"]["total"] == 1
    assert "target-segment: done" in [line["message"] for line in lines]
