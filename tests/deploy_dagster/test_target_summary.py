"""Reader of the totals that the target writes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from deploy.dagster.target_summary import TargetSummary, read_summary
from target_segment.run_stats import RunStats
from target_segment.run_summary import RunSummary, run_totals, write_totals


def test_every_count_of_the_targets_own_file_is_read(tmp_path):
    stats = RunStats(
        sent=Counter({"onMessageCreate": 1500, "onConversationCreate": 7}),
        identities=Counter({"userId": 1000, "anonymousId": 507}),
        skipped=Counter({("message_events", "left out"): 3, ("users", "not an event"): 4}),
        dead_letters=Counter({("message_events", "no identity"): 2}),
        requests=5,
        retries=1,
    )
    summary = RunSummary(
        outcome="done", seconds=1234.5, output=None, dead_letters=Path("dead_letters.jsonl")
    )
    write_totals(tmp_path / "summary.json", run_totals(stats, summary))
    assert read_summary(tmp_path / "summary.json") == TargetSummary(
        outcome="done",
        events=1507,
        by_name={"onConversationCreate": 7, "onMessageCreate": 1500},
        skipped=7,
        dead_letters=2,
        seconds=1234.5,
    )


def test_a_run_that_wrote_no_file_has_no_outcome(tmp_path):
    assert read_summary(tmp_path / "summary.json") == TargetSummary()
