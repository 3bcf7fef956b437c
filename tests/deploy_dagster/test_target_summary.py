"""Parser of the target's final table in a log."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from deploy.dagster.target_summary import TargetSummary, parse_summary
from target_segment import run_stats


def table(outcome="done", **counts):
    closing = run_stats.RunSummary(
        outcome=outcome, seconds=1234.5, output=None, dead_letters=Path("dead_letters.jsonl")
    )
    # As Meltano passes it on: without the blanks at either end of a line.
    lines = run_stats.summary_table(run_stats.RunStats(**counts), closing).splitlines()
    return [line.strip() for line in lines]


def test_every_count_of_the_targets_own_table_is_read():
    lines = table(
        sent=Counter({"onMessageCreate": 1500, "onConversationCreate": 7}),
        identities=Counter({"userId": 1000, "anonymousId": 507}),
        skipped=Counter({("message_events", "left out"): 3, ("users", "not an event"): 4}),
        dead_letters=Counter({("message_events", "no identity"): 2}),
        requests=5,
        retries=1,
    )
    assert parse_summary(["a line before", *lines]) == TargetSummary(
        outcome="done",
        events=1507,
        by_name={"onConversationCreate": 7, "onMessageCreate": 1500},
        skipped=7,
        dead_letters=2,
        seconds=1234.5,
    )


def test_a_run_without_events_has_none():
    assert parse_summary(table()).events == 0


def test_a_log_without_a_table_has_no_outcome():
    assert parse_summary(["skipped  something  3"]) == TargetSummary()
